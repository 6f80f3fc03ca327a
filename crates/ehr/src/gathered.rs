//! Partial results are values: what came, and the truth about every source (RECORD: rule 1).

use jiff::Timestamp;

/// Items of a section and what each linked or configured source said.
#[derive(Clone, Debug)]
pub struct Gathered<T> {
    /// What came, merged; the order in which sources answered never shows.
    pub items: Vec<T>,
    /// One per configured source, in configuration order.
    pub sources: Vec<SourceReport>,
    /// When this view was put together.
    pub as_of: Timestamp,
    /// What is there but not shown to this reader yet (release policy); always empty for staff.
    pub held: Vec<Held>,
    /// What clinicians have said of results.
    pub reviews: crate::Reviewed,
}

/// Results that exist and are not shown to the patient yet, counted by reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Held {
    /// Message key: `held-in-progress` (not final yet), `held-explained` (a person will explain it).
    pub reason_key: &'static str,
    /// How many results.
    pub count: usize,
}

impl<T> Gathered<T> {
    /// Has every linked source answered in full? Only then may a view say "none".
    pub fn complete(&self) -> bool {
        self.sources.iter().all(|source| matches!(source.state, SourceState::Answered | SourceState::NotLinked))
    }
}

/// What became of one source in one section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// Every query answered in full.
    Answered,
    /// A page, a type or a later link failed.
    Partial,
    /// 401 or 403.
    Refused,
    /// No answer in time, or none that could be read.
    Unreachable,
    /// The server says that it has no such resource or search.
    Unsupported,
    /// Our policy.
    Hidden,
    /// The patient has no identity there.
    NotLinked,
}

impl SourceState {
    /// From where it was kept.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::from(text)).ok()
    }

    /// As in JSON and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unsupported => "unsupported",
            Self::Hidden => "hidden",
            Self::NotLinked => "not-linked",
        }
    }
}

/// A text in both languages of the portal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Bilingual {
    /// 简体中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Bilingual {
    /// `lang` is `zh-CN` or `en`.
    pub fn get(&self, lang: &str) -> &str {
        if lang.starts_with("en") { &self.en } else { &self.zh }
    }
}

/// The ledger entry of one source.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SourceReport {
    /// The source's id in the catalogue.
    pub id: String,
    /// The hospital's name.
    pub name: Bilingual,
    /// Its short name, for rows and cards; the name where it has none.
    pub short_name: Bilingual,
    /// Its place in the catalogue, 0-based: decides the shape and colour that mark its rows.
    pub mark: usize,
    /// What became of it.
    pub state: SourceState,
    /// What became of each part of the section that was asked for by itself; empty where there are none.
    #[serde(default)]
    pub parts: Vec<crate::PartReport>,
    /// Why, as a message key of the record's words (`why-timeout`, `why-status`, …), never a server's own text.
    pub detail: Option<String>,
    /// Searches sent.
    pub queries: u32,
    /// Pages read.
    pub pages: u32,
    /// Entries accepted.
    pub entries: u32,
    /// Entries refused: another patient's, or not what was asked for.
    pub dropped: u32,
    /// When the source's data was read.
    pub retrieved_at: Option<Timestamp>,
    /// Age of the data in seconds (0 when read live).
    pub age_s: Option<u64>,
    /// How long we waited, in milliseconds.
    pub waited_ms: u64,
}

impl SourceReport {
    /// Was nothing sent at all: it is paused, it rests because it failed, it asked for patience? Then it is silent for a reason
    /// of ours.
    pub fn was_not_asked(&self) -> bool {
        self.state == SourceState::Unreachable
            && self.queries == 0
            && self.detail.as_deref().is_some_and(fhir::NotAsked::is_key)
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
pub struct Origin {
    /// Source id.
    pub source: String,
    /// `Type/id` at that source.
    pub resource: String,
    /// `meta.versionId`, when the server says one.
    pub version: Option<String>,
    /// When it was read.
    pub retrieved_at: Timestamp,
}

impl Origin {
    /// Where it is explained, below the person's pages (`lab-results/origins/city-first/Observation/123`). `None` for a name
    /// that can't be part of an address.
    pub fn path(&self, section: crate::Section) -> Option<String> {
        let (kind, id) = self.resource.split_once('/')?;
        let plain = [self.source.as_str(), kind, id].into_iter().all(crate::document::is_plain);
        plain.then(|| format!("{}/origins/{}/{kind}/{id}", section.slug(), self.source))
    }
}
