//! Opening a chart: authorize, write down the intent, ask every linked source at once, write down the outcome.

mod authorize;
mod charges;
mod checked;
mod connect;
mod demographics;
mod discharge;
mod document;
mod encounters;
mod exam_reports;
mod fan_out;
mod front_page;
mod json;
mod labs;
mod launch;
mod looks;
mod medications;
mod medicines;
mod mine;
mod note_texts;
mod nursing;
mod orders;
mod origin;
mod outpatient;
mod patient;
mod personal_record;
mod practitioners;
mod prescriptions;
mod query;
mod recent;
mod record_query;
mod record_search;
mod registered;
mod review;
mod search;
mod sheet;
mod summary;
mod surgery;
mod sweep;
mod ties;
mod timeline;
mod waiting;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use access::{AuditLog, PatientContext, PersonId, Policy, StaffContext, SubjectId};
use envelope::Envelope;
use jiff::Timestamp;
use patients::Index;
use reviews::RecordSearches;
use sources::{Catalogue, Connections};
use store::Store;

pub use document::{DocumentAddress, OpenedDocument};
pub use encounters::{Clinician, EncounterRules};
pub use mine::{MyPatient, MyPatients, MyRelation, Standing};
pub use origin::{Because, ExplainedItem, ExplainedOrigin, OriginAddress, SourceJson};
pub(crate) use patient::identity;
pub use patient::{NoPatient, patient_of_json};
pub use query::SearchQuery;
pub use recent::RecentPatient;
pub use record_query::RecordQuery;
pub use registered::Registered;
pub use review::{Markable, Marked, Reviewable, ReviewedItem};
pub use sweep::Swept;
pub use ties::Ties;
pub use waiting::{MOST_RECORDS, WaitingRecord, WaitingResults};

use crate::{Banner, EhrError, Link, MaskedIdentifier};

/// The charts of the region. Cheap to clone.
#[derive(Clone)]
pub struct Charts {
    inner: Arc<Inner>,
    /// What patients connect themselves, where they read.
    connections: Option<Connections>,
    /// Reads are part of an act whose intent is written down already, with the sections that it reads.
    within_act: bool,
}

pub(crate) struct Inner {
    store: Store,
    policy: Policy,
    audit: AuditLog,
    index: Index,
    catalogue: Arc<Catalogue>,
    settings: RecordSettings,
    searches: RecordSearches,
    /// Whose encounters are being read.
    turns: Mutex<HashMap<SubjectId, Arc<tokio::sync::Mutex<()>>>>,
}

/// `[record]` and `[identifiers]` of the configuration.
#[derive(Clone, Debug)]
pub struct RecordSettings {
    /// Must staff have a treatment relation?
    pub treatment_relation: TreatmentRelation,
    /// Systems of `Patient.identifier` that are the resident ID.
    pub resident_id_systems: Vec<String>,
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self {
            treatment_relation: TreatmentRelation::Required,
            resident_id_systems: vec!["urn:oid:2.16.156.10011.1.3".to_owned()],
        }
    }
}

/// What a clinician needs to open a chart, beside the right to read charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreatmentRelation {
    /// A relation to the patient: without one, a chart asks to break the glass.
    Required,
    /// None: a read without one is marked in the audit.
    Advisory,
}

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// A member of staff, by policy.
    Staff(&'a StaffContext),
    /// A patient, about themselves or those entrusted to them.
    Patient(&'a PatientContext),
}

impl Charts {
    /// Puts together what a portal's charts need.
    pub fn new(
        store: Store,
        policy: Policy,
        audit: AuditLog,
        index: Index,
        catalogue: Arc<Catalogue>,
        settings: RecordSettings,
        envelope: Envelope,
    ) -> Self {
        let searches = RecordSearches::new(store.clone(), envelope);
        let turns = Mutex::default();
        let inner = Inner { store, policy, audit, index, catalogue, settings, searches, turns };
        Self { inner: Arc::new(inner), connections: None, within_act: false }
    }

    /// With the hospitals that patients have connected: in their own portal.
    #[must_use]
    pub fn with_connections(self, connections: Connections) -> Self {
        Self { connections: Some(connections), ..self }
    }

    /// What patients connect themselves, where this is their portal.
    pub fn connections(&self) -> Option<&Connections> {
        self.connections.as_ref()
    }

    /// The hospitals asked, for the home page's state of sources.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// Who the patient is, from the index alone: quick, and without allergies ([`crate::AllergyState::Asking`]). Reading
    /// it is part of reading the page it stands on, so it is authorized here and audited there.
    ///
    /// # Errors
    /// As every read of a chart.
    pub async fn plain_banner(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Banner, EhrError> {
        let allowed = self.authorize_face(reader, person, now).await?;
        Ok(Banner { glass_until: allowed.glass_until, ..self.face(allowed.person, now) })
    }

    fn face(&self, person: patients::Person, now: Timestamp) -> Banner {
        let age = crate::age::years(person.birth_date.as_deref(), now);
        let identifiers = identifiers(&person);
        Banner {
            person: person.id,
            age,
            identifiers,
            links: person.links.iter().map(link).collect(),
            number: person.number,
            name: person.name,
            sex: person.sex,
            birth_date: person.birth_date,
            allergies: crate::Allergies::default(),
            glass_until: None,
        }
    }

    /// Identities of a person at sources, with their evidence.
    ///
    /// # Errors
    /// As every read of a chart.
    pub async fn links(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Vec<Link>, EhrError> {
        let allowed = self.open(reader, person, crate::Section::Demographics, now).await?;
        let links = allowed.person.links.iter().map(link).collect::<Vec<_>>();
        let read = self.begin(reader, &allowed, "links", serde_json::json!({}), now).await?;
        read.finish(access::Outcome::Ok, serde_json::json!({ "links": links.len() }), now).await?;
        Ok(links)
    }
}

fn link(link: &patients::Link) -> Link {
    Link {
        source: link.source.clone(),
        patient: format!("Patient/{}", link.patient),
        how: link.how.as_str().to_owned(),
        evidence: link.evidence.clone(),
        at: link.at,
    }
}

/// Masked identifiers of all identities, resident ID first, each once.
fn identifiers(person: &patients::Person) -> Vec<MaskedIdentifier> {
    let mut all: Vec<MaskedIdentifier> = Vec::new();
    for identifier in person.links.iter().flat_map(|link| &link.identifiers) {
        let shown = MaskedIdentifier {
            system: identifier.system.clone(),
            kind: identifier.kind.clone(),
            masked: identifier.shown.clone(),
        };
        if !all.contains(&shown) {
            all.push(shown);
        }
    }
    all.sort_by_key(|identifier| match identifier.kind.as_str() {
        "resident-id" => 0,
        "record-number" => 1,
        _ => 2,
    });
    all
}
