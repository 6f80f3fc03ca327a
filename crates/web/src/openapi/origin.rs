//! The answer that says where a value comes from: what both portals' descriptions say of it.

use poem_openapi::Object;
use serde::Deserialize;

/// Where a value comes from, and why the reader sees it.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ExplainedOrigin {
    /// The section that shows it.
    section: String,
    /// What it says, as the section shows it.
    item: ExplainedItem,
    /// The original.
    origin: OriginName,
    /// Other originals that state the same and were put together with it.
    others: Vec<OriginName>,
    /// The search that brings such resources there, `…` in place of the patient; absent where they are read by id.
    asked: Option<String>,
    /// What became of its hospital in this section.
    source: Option<OriginLedger>,
    /// Why the reader sees it.
    because: OriginBecause,
    /// The hospital's own JSON, when it was asked for.
    json: Option<OriginalJson>,
}

/// What a section says where it names an original.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ExplainedItem {
    /// Id of the section's item.
    id: String,
    /// What it is about, as the source says it.
    text: Option<String>,
    /// Value with unit, of results.
    value: Option<String>,
    /// When, at its precision.
    time: Option<String>,
    /// Status as sent.
    status: Option<String>,
    /// How many other items contradict it.
    conflicts: u32,
}

/// A resource of a source.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct OriginName {
    /// Source id.
    source: String,
    /// `Type/id` there.
    resource: String,
    /// `meta.versionId`, when the server says one.
    version: Option<String>,
    /// When it was read.
    retrieved_at: String,
}

/// A row of a section's ledger.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct OriginLedger {
    /// `answered`, `partial`, …
    state: String,
    /// Why, as a message key.
    detail: Option<String>,
    /// Searches sent.
    queries: u32,
    /// Pages read.
    pages: u32,
    /// Entries taken.
    entries: u32,
    /// Entries refused.
    dropped: u32,
}

/// Why somebody sees something.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct OriginBecause {
    /// `care`, `break-glass`, `own-record`, `entrusted` or `no-treatment-relation-advisory`.
    relation: String,
    /// When a record that was opened in an emergency closes.
    until: Option<String>,
    /// The rules of the policy that let them read this section.
    rules: Vec<OriginRule>,
    /// Was it let through by the release policy?
    released: bool,
    /// May they read the hospital's own JSON?
    may_read_json: bool,
}

/// A rule of the policy.
#[derive(Debug, Deserialize, Object)]
pub struct OriginRule {
    /// `allow` or `deny`.
    effect: String,
    /// The preset role.
    role: String,
    /// From whom the reader is to whom the rule is about.
    members: Vec<String>,
    /// From the object of the rule to the section.
    path: Vec<String>,
}

/// The hospital's own JSON of a resource.
#[derive(Debug, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct OriginalJson {
    /// Indented, numbers of people covered.
    text: Option<String>,
    /// Was a number covered?
    masked: bool,
    /// Was something too long left out? `…` stands there.
    cut: bool,
    /// Why there is none, as a message key.
    missing: Option<String>,
}
