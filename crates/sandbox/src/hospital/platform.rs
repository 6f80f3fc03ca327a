//! How vendors' servers differ. A shape is data; the server has no branch on a vendor's name.

/// A vendor's shape (the portals have tables of their own for what they expect of it).
#[derive(Debug)]
pub(crate) struct Platform {
    /// Its name in INTERFACE terms: `plain`, `epic-like`, `cerner-like`, `legacy`, `athena-like`.
    pub(crate) name: &'static str,
    /// What `/metadata` says about the software.
    pub(crate) software: &'static str,
    /// Entries of a page when `_count` is absent.
    pub(crate) default_count: usize,
    /// The most entries of a page, whatever `_count` asks.
    pub(crate) max_count: usize,
    /// `_sort` works.
    pub(crate) sort: bool,
    /// `Patient/[id]/$everything` works.
    pub(crate) everything: bool,
    /// Bundles carry `total`.
    pub(crate) total: bool,
    /// Every search but that for patients needs `patient` or `subject`.
    pub(crate) needs_patient: bool,
    /// A search for patients needs at least one criterion (such a server can't be swept).
    pub(crate) needs_demographics: bool,
    /// `Observation` needs `category` or `code`.
    pub(crate) needs_category: bool,
    /// Warnings stand as OperationOutcome entries in answers that are otherwise good.
    pub(crate) outcome_entries: bool,
    /// Page links die after a while.
    pub(crate) links_expire: bool,
    /// Name of the opaque parameter in page links.
    pub(crate) page_parameter: &'static str,
    /// Instants are written in UTC, not with +08:00.
    pub(crate) utc: bool,
    /// Pinyin stands beside the written name.
    pub(crate) pinyin: bool,
    /// Logical ids are long and say nothing.
    pub(crate) opaque_ids: bool,
    /// `subject` is unknown: searches name the patient by `patient`.
    pub(crate) patient_only: bool,
    /// A date needs a prefix and a time of day.
    pub(crate) exact_dates: bool,
    /// `ChargeItem` is searched by `context` only, `Account` by `_id` only.
    pub(crate) charges_by_context: bool,
    /// More requests in a second than configured are answered with 429 and `Retry-After`.
    pub(crate) limited: bool,
    /// `Condition` and `DiagnosticReport` carry no category.
    pub(crate) uncategorised: bool,
    /// Errors are XML, what it can't digest is a page of HTML; bodies come in odd pieces; connections break now and then.
    pub(crate) old: bool,
    /// Notes are HTML rather than plain text.
    pub(crate) html_notes: bool,
    /// Notes stand in the DocumentReference itself rather than in a Binary.
    pub(crate) inline_notes: bool,
    /// What may be left out is left out; concepts are words without codes; people, places and medicines are named by
    /// reference alone.
    pub(crate) bare: bool,
    /// What was given and what is said to be taken carry their medicine in themselves (`contained`).
    pub(crate) contained_medicines: bool,
    /// Diets are a type of their own (`NutritionOrder`).
    pub(crate) diets: bool,
    /// What the summary of a stay is.
    pub(crate) summaries: Summaries,
    /// Where the state at admission (入院病情) of a diagnosis stands.
    pub(crate) admission_state: AdmissionState,
}

/// What the summary of a stay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summaries {
    /// A note as the others.
    Note,
    /// A `Composition`, and the PDF that was printed from it.
    Composed,
    /// A CDA document.
    Cda,
    /// A PDF and nothing else.
    Pdf,
}

/// Where the state at admission (入院病情) of a diagnosis stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdmissionState {
    /// `onAdmission` of the claim and of its settlement.
    OnBill,
    /// An extension of `Encounter.diagnosis`.
    OnEncounter,
    /// Nowhere.
    Nowhere,
}

impl Platform {
    /// Entries of a page of this type when `_count` is absent, and the most there can be.
    pub(crate) fn counts(&self, kind: &str) -> (usize, usize) {
        match kind {
            "Observation" | "Patient" => (self.default_count, self.max_count),
            _ if self.exact_dates => (self.default_count / 5, self.max_count / 2),
            _ => (self.default_count, self.max_count),
        }
    }
}

/// Everything works.
const PLAIN: Platform = Platform {
    name: "plain",
    software: "Open FHIR Server",
    default_count: 100,
    max_count: 1000,
    sort: true,
    everything: true,
    total: true,
    needs_patient: false,
    needs_demographics: false,
    needs_category: false,
    outcome_entries: false,
    links_expire: false,
    page_parameter: "_getpages",
    utc: false,
    pinyin: true,
    opaque_ids: false,
    patient_only: false,
    exact_dates: false,
    charges_by_context: false,
    limited: false,
    uncategorised: false,
    old: false,
    html_notes: false,
    inline_notes: false,
    bare: false,
    contained_medicines: false,
    diets: true,
    summaries: Summaries::Composed,
    admission_state: AdmissionState::OnBill,
};

/// As the vendor's public documentation describes: categories needed, small pages, expiring links, warnings in the answer.
const EPIC_LIKE: Platform = Platform {
    name: "epic-like",
    software: "Interconnect-like FHIR Server",
    default_count: 50,
    max_count: 100,
    sort: false,
    everything: false,
    total: false,
    needs_patient: true,
    needs_demographics: true,
    needs_category: true,
    outcome_entries: true,
    links_expire: true,
    page_parameter: "sessionID",
    utc: true,
    pinyin: false,
    opaque_ids: true,
    html_notes: true,
    diets: false,
    summaries: Summaries::Note,
    ..PLAIN
};

/// As the vendor's public documentation describes: `patient` everywhere, small pages, exact dates, a limit on requests.
const CERNER_LIKE: Platform = Platform {
    name: "cerner-like",
    software: "Millennium-like FHIR Server",
    default_count: 50,
    max_count: 200,
    sort: false,
    everything: false,
    total: false,
    needs_patient: true,
    needs_demographics: true,
    page_parameter: "-pageContext",
    utc: true,
    pinyin: false,
    patient_only: true,
    exact_dates: true,
    charges_by_context: true,
    limited: true,
    inline_notes: true,
    diets: false,
    summaries: Summaries::Note,
    ..PLAIN
};

/// A server of long ago behind a translating gateway.
const LEGACY: Platform = Platform {
    name: "legacy",
    software: "HIS Gateway 2.1",
    default_count: 20,
    max_count: 50,
    sort: false,
    everything: false,
    page_parameter: "page",
    pinyin: false,
    uncategorised: true,
    old: true,
    contained_medicines: true,
    summaries: Summaries::Cda,
    admission_state: AdmissionState::OnEncounter,
    ..PLAIN
};

/// As the vendor's public documentation describes: elements come "when they have been populated", in words rather than
/// codes; who and where stands in resources of its own.
const ATHENA_LIKE: Platform = Platform {
    name: "athena-like",
    software: "athenaPractice-like FHIR Server",
    default_count: 25,
    max_count: 100,
    sort: false,
    everything: false,
    needs_patient: true,
    needs_demographics: true,
    page_parameter: "cursor",
    utc: true,
    pinyin: false,
    inline_notes: true,
    bare: true,
    diets: false,
    summaries: Summaries::Pdf,
    admission_state: AdmissionState::Nowhere,
    ..PLAIN
};

/// The shape of this name.
pub(crate) fn named(name: &str) -> Option<&'static Platform> {
    [&PLAIN, &EPIC_LIKE, &CERNER_LIKE, &LEGACY, &ATHENA_LIKE].into_iter().find(|platform| platform.name == name)
}
