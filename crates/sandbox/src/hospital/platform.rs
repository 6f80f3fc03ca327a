//! How vendors' servers differ. A shape is data; the server has no branch on a vendor's name.

/// A vendor's shape (the portals have tables of their own for what they expect of it).
#[derive(Debug)]
pub(crate) struct Platform {
    /// Its name in INTERFACE terms: `plain`, `epic-like`.
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
};

/// The shape of this name.
pub(crate) fn named(name: &str) -> Option<&'static Platform> {
    [&PLAIN, &EPIC_LIKE].into_iter().find(|platform| platform.name == name)
}
