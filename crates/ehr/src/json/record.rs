//! Shapes and how they are filled. Absent means "not said"; every text is as the source wrote it.

use access::PersonId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    AllergyState, Fact, FoundPatient, Gathered, Held, ItemReview, Link, MaskedIdentifier, Origin, PartReport,
    PatientSearch, Registration, Reviewed, Section, SourceReport, SourceState, labs,
    labs::{Code, LabResult},
};

/// A section of a record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Record<'a, F> {
    #[schemars(with = "String")]
    patient: PersonId,
    section: &'static str,
    /// Every linked source answered in full.
    complete: bool,
    /// Of the summary: what is known of allergies, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    allergies: Option<AllergyState>,
    items: Vec<Item<'a, F>>,
    sources: Vec<SourceJson<'a>>,
    /// What is there but not shown to this reader yet.
    #[serde(skip_serializing_if = "<[Held]>::is_empty")]
    held: &'a [Held],
}

/// An item of a section.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Item-{F}")]
pub struct Item<'a, F> {
    id: String,
    kind: &'static str,
    code: Option<CodeJson<'a>>,
    time: Option<&'a str>,
    status: Option<&'a str>,
    fields: F,
    origins: Vec<OriginJson<'a>>,
    conflict: Option<&'a [String]>,
    /// What clinicians have said of it in this portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<&'a ItemReview>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CodeJson<'a> {
    text: &'a str,
    codings: Vec<CodingJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CodingJson<'a> {
    system: Option<&'a str>,
    code: &'a str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OriginJson<'a> {
    source: &'a str,
    resource: &'a str,
    version: Option<&'a str>,
    retrieved_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SourceJson<'a> {
    id: &'a str,
    state: SourceState,
    /// Why not all came, as a key: `why-timeout`, `why-status`, … Where nothing was sent at all: `why-paused`, `why-removed`,
    /// `why-unusable`, `why-resting` (it failed lately and is tried again soon), `why-told-to-wait` (it asked for patience).
    detail: Option<&'a str>,
    queries: u32,
    pages: u32,
    entries: u32,
    dropped: u32,
    retrieved_at: Option<Timestamp>,
    age_s: Option<u64>,
    /// Parts that were asked for by themselves.
    #[serde(skip_serializing_if = "<[PartReport]>::is_empty")]
    parts: &'a [PartReport],
}

/// `fields` of a laboratory result.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ValueJson<'a>>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specimen: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    members: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<ComponentJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ComponentJson<'a> {
    code: CodeJson<'a>,
    fields: LabFields<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ValueJson<'a> {
    text: &'a str,
    number: Option<f64>,
    comparator: Option<&'a str>,
    unit: Option<&'a str>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RangeJson<'a> {
    text: &'a str,
    low: Option<f64>,
    high: Option<f64>,
}

/// `fields` of a registration.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemographicsFields<'a> {
    names: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sex: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deceased: Option<&'a str>,
    identifiers: Vec<IdentifierJson<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    phones: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    addresses: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    contacts: &'a [String],
    active: bool,
}

/// Shorthand for a section of registrations.
pub type Demographics<'a> = Record<'a, DemographicsFields<'a>>;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IdentifierJson<'a> {
    system: Option<&'a str>,
    masked: &'a str,
}

/// Identities of a person at sources.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Links<'a> {
    links: Vec<LinkJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LinkJson<'a> {
    source: &'a str,
    patient: &'a str,
    how: &'a str,
    evidence: &'a [String],
    at: Timestamp,
}

/// What a search found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Patients<'a> {
    items: Vec<PatientJson<'a>>,
    sources: Vec<SourceJson<'a>>,
    /// There are more people than these.
    more: bool,
    /// Sources whose patients the index does not have in full.
    not_swept: &'a [String],
}

#[derive(Debug, Serialize, JsonSchema)]
struct PatientJson<'a> {
    #[schemars(with = "String")]
    id: PersonId,
    number: &'a str,
    name: &'a str,
    sex: Option<&'a str>,
    birth_date: Option<&'a str>,
    identifiers: Vec<IdentifierJson<'a>>,
    sources: &'a [String],
    possible_duplicate: bool,
}

/// `GET …/record/lab-results`
pub fn lab_results(person: PersonId, gathered: &Gathered<LabResult>) -> Record<'_, LabFields<'_>> {
    record(
        person,
        Section::LabResults,
        gathered,
        gathered.items.iter().map(|one| lab_item(one).reviewed(&gathered.reviews)).collect(),
    )
}

/// `GET …/record/demographics`
pub fn demographics(person: PersonId, gathered: &Gathered<Registration>) -> Demographics<'_> {
    record(person, Section::Demographics, gathered, gathered.items.iter().map(registration_item).collect())
}

/// `GET …/links`
pub fn links(links: &[Link]) -> Links<'_> {
    Links { links: links.iter().map(link).collect() }
}

/// `POST /api/v1/patient-searches`
pub fn patient_search(search: &PatientSearch) -> Patients<'_> {
    Patients {
        items: search.items.iter().map(patient).collect(),
        sources: search.sources.iter().map(source).collect(),
        more: search.more,
        not_swept: &search.not_swept,
    }
}

fn lab_item(result: &LabResult) -> Item<'_, LabFields<'_>> {
    Item {
        id: result.id.clone(),
        kind: "Observation",
        code: Some(code(&result.code)),
        time: result.time.as_ref().map(crate::ClinicalTime::as_str),
        status: Some(&result.status),
        fields: lab_fields(result),
        origins: result.origins.iter().map(origin).collect(),
        conflict: (!result.conflict.is_empty()).then_some(result.conflict.as_slice()),
        review: None,
    }
}

fn registration_item(of: &Registration) -> Item<'_, DemographicsFields<'_>> {
    Item {
        id: format!("{}.{}", of.origin.source, of.origin.resource.trim_start_matches("Patient/")),
        kind: "Patient",
        code: None,
        time: None,
        status: None,
        fields: DemographicsFields {
            names: &of.names,
            sex: of.sex.as_deref(),
            birth_date: of.birth_date.as_deref(),
            deceased: of.deceased.as_deref(),
            identifiers: of.identifiers.iter().map(identifier).collect(),
            phones: &of.phones,
            addresses: &of.addresses,
            contacts: &of.contacts,
            active: !of.inactive,
        },
        origins: vec![origin(&of.origin)],
        conflict: None,
        review: None,
    }
}

fn link(link: &Link) -> LinkJson<'_> {
    LinkJson { source: &link.source, patient: &link.patient, how: &link.how, evidence: &link.evidence, at: link.at }
}

fn patient(found: &FoundPatient) -> PatientJson<'_> {
    PatientJson {
        id: found.person,
        number: &found.number,
        name: &found.name,
        sex: found.sex.as_deref(),
        birth_date: found.birth_date.as_deref(),
        identifiers: found.identifiers.iter().map(identifier).collect(),
        sources: &found.sources,
        possible_duplicate: found.possible_duplicate,
    }
}

fn record<'a, T, F>(
    person: PersonId,
    section: Section,
    gathered: &'a Gathered<T>,
    items: Vec<Item<'a, F>>,
) -> Record<'a, F> {
    Record::new(person, section, items, (&gathered.sources, &gathered.held))
}

impl<'a, F> Record<'a, F> {
    /// `told`: what became of the sources, and what is held.
    pub(super) fn new(
        person: PersonId,
        section: Section,
        items: Vec<Item<'a, F>>,
        told: (&'a [SourceReport], &'a [Held]),
    ) -> Self {
        let (sources, held) = told;
        let complete =
            sources.iter().all(|source| matches!(source.state, SourceState::Answered | SourceState::NotLinked));
        let sources = sources.iter().map(source).collect();
        Self { patient: person, section: section.slug(), complete, allergies: None, items, sources, held }
    }

    pub(super) fn with_allergies(self, state: AllergyState) -> Self {
        Self { allergies: Some(state), ..self }
    }
}

/// An item that is a fact.
pub(super) fn fact_item<F>(fact: &Fact, fields: F) -> Item<'_, F> {
    Item {
        id: fact.id.clone(),
        kind: fact.kind,
        code: (!fact.code.text.is_empty() || !fact.code.codings.is_empty()).then(|| code(&fact.code)),
        time: fact.time.as_ref().map(crate::ClinicalTime::as_str),
        status: Some(fact.status.as_str()).filter(|status| !status.is_empty()),
        fields,
        origins: fact.origins.iter().map(origin).collect(),
        conflict: (!fact.conflict.is_empty()).then_some(fact.conflict.as_slice()),
        review: None,
    }
}

impl<'a, F> Item<'a, F> {
    /// A document that is an item by itself.
    pub(super) fn of_note(id: &str, time: Option<&'a str>, from: &'a Origin, fields: F) -> Self {
        let origins = vec![origin(from)];
        Self {
            id: id.to_owned(),
            kind: "DocumentReference",
            code: None,
            time,
            status: None,
            fields,
            origins,
            conflict: None,
            review: None,
        }
    }

    /// With what clinicians have said of it.
    pub(super) fn reviewed(self, reviews: &'a Reviewed) -> Self {
        Self { review: reviews.get(&self.id), ..self }
    }
}

/// A laboratory result as an item of another section.
pub(super) fn result_item<'a, F>(result: &'a LabResult, fields: impl Fn(LabFields<'a>) -> F) -> Item<'a, F> {
    let Item { id, kind, code, time, status, fields: own, origins, conflict, review } = lab_item(result);
    Item { id, kind, code, time, status, fields: fields(own), origins, conflict, review }
}

fn lab_fields(result: &LabResult) -> LabFields<'_> {
    LabFields {
        value: result.value.as_ref().map(value),
        absent: result.absent.as_deref(),
        range: result.range.as_ref().map(range),
        flag: result.flag.map(labs::Flag::code),
        specimen: result.specimen.as_deref(),
        report: result.report.as_deref(),
        group: result.group,
        issued: result.issued.as_ref().map(crate::ClinicalTime::as_str),
        notes: &result.notes,
        members: &result.members,
        components: result.components.iter().map(component).collect(),
    }
}

fn component(part: &LabResult) -> ComponentJson<'_> {
    ComponentJson { code: code(&part.code), fields: lab_fields(part) }
}

fn value(value: &labs::Value) -> ValueJson<'_> {
    ValueJson {
        text: &value.text,
        number: value.number,
        comparator: value.comparator.as_deref(),
        unit: value.unit.as_deref(),
    }
}

fn range(range: &labs::Range) -> RangeJson<'_> {
    RangeJson { text: &range.text, low: range.low, high: range.high }
}

pub(super) fn code(code: &Code) -> CodeJson<'_> {
    let codings = code.codings.iter();
    CodeJson {
        text: &code.text,
        codings: codings.map(|coding| CodingJson { system: coding.system.as_deref(), code: &coding.code }).collect(),
    }
}

pub(super) fn origin(origin: &Origin) -> OriginJson<'_> {
    OriginJson {
        source: &origin.source,
        resource: &origin.resource,
        version: origin.version.as_deref(),
        retrieved_at: origin.retrieved_at,
    }
}

pub(super) fn identifier(identifier: &MaskedIdentifier) -> IdentifierJson<'_> {
    IdentifierJson { system: identifier.system.as_deref(), masked: &identifier.masked }
}

pub(super) fn source(report: &SourceReport) -> SourceJson<'_> {
    SourceJson {
        id: &report.id,
        state: report.state,
        detail: report.detail.as_deref(),
        queries: report.queries,
        pages: report.pages,
        entries: report.entries,
        dropped: report.dropped,
        retrieved_at: report.retrieved_at,
        age_s: report.age_s,
        parts: &report.parts,
    }
}
