//! A clinician's patients.

use access::PersonId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::record::{IdentifierJson, SourceJson, identifier, source};
use crate::{MyPatient, MyPatients, MyRelation};

/// `GET /api/v1/my-patients`
#[derive(Debug, Serialize, JsonSchema)]
pub struct MyPatientsJson<'a> {
    /// Every hospital where the clinician is known answered in full.
    complete: bool,
    items: Vec<MyPatientJson<'a>>,
    sources: Vec<SourceJson<'a>>,
    /// There are more people than these.
    more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MyPatientJson<'a> {
    #[schemars(with = "String")]
    id: PersonId,
    number: &'a str,
    name: &'a str,
    sex: Option<&'a str>,
    birth_date: Option<&'a str>,
    identifiers: Vec<IdentifierJson<'a>>,
    /// `inpatient`, `visit` or `listed`.
    standing: &'static str,
    relations: Vec<MyRelationJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MyRelationJson<'a> {
    /// `encounter` or `care`.
    kind: &'static str,
    source: Option<&'a str>,
    /// `Encounter/…` at that source.
    encounter: Option<String>,
    class: Option<&'a str>,
    status: &'a str,
    place: Option<&'a str>,
    started: Option<&'a str>,
    until: Option<Timestamp>,
}

/// `GET /api/v1/my-patients`
pub fn my_patients(of: &MyPatients) -> MyPatientsJson<'_> {
    MyPatientsJson {
        complete: of.complete(),
        items: of.items.iter().map(patient).collect(),
        sources: of.sources.iter().map(source).collect(),
        more: of.more,
    }
}

fn patient(of: &MyPatient) -> MyPatientJson<'_> {
    MyPatientJson {
        id: of.person,
        number: &of.number,
        name: &of.name,
        sex: of.sex.as_deref(),
        birth_date: of.birth_date.as_deref(),
        identifiers: of.identifiers.iter().map(identifier).collect(),
        standing: of.standing.as_str(),
        relations: of.relations.iter().map(relation).collect(),
    }
}

fn relation(of: &MyRelation) -> MyRelationJson<'_> {
    MyRelationJson {
        kind: of.kind.as_str(),
        source: of.source.as_deref(),
        encounter: of.encounter.as_ref().map(|id| format!("Encounter/{id}")),
        class: of.class.as_deref(),
        status: &of.status,
        place: of.place.as_deref(),
        started: of.started.as_deref(),
        until: of.until,
    }
}
