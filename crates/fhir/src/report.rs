//! What became of a search.

use crate::{IssueMeaning, QualityNote};

/// One entry of an answer, for the time of a callback.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a, R> {
    /// The resource.
    pub row: R,
    /// Why it is there.
    pub mode: Mode,
    /// Its address, as the server says it.
    pub full_url: Option<&'a str>,
}

/// `Bundle.entry.search.mode`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It matched (also when the server doesn't say).
    #[default]
    Match,
    /// It is referenced by a match.
    Include,
}

/// The truth about completeness (RECORD: rule 1), for one search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered in full.
    Answered,
    /// Something came, or may have come, but not everything.
    Partial(Cause),
    /// The server refuses: 401 or 403.
    Refused(u16),
    /// No answer that could be read.
    Unreachable(Cause),
    /// The server says that it has no such resource or search.
    Unsupported,
}

impl Outcome {
    /// Why it is not a full answer, as a message key of the record's words.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Answered => None,
            Self::Partial(cause) | Self::Unreachable(cause) => Some(cause.key()),
            Self::Refused(_) => Some("why-refused"),
            Self::Unsupported => Some("why-unsupported"),
        }
    }
}

/// Why an answer is missing or incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Not by the deadline.
    Timeout,
    /// Slower than the minimum rate.
    TooSlow,
    /// No connection.
    Connect,
    /// The connection broke off, or what came was not HTTP.
    Protocol,
    /// The portal could not sign in there.
    SignIn,
    /// An HTTP status that is no answer.
    Status(u16),
    /// Not FHIR JSON.
    Garbage,
    /// The JSON ends in the middle.
    Truncated,
    /// Bytes that are not UTF-8: texts may be damaged.
    Encoding,
    /// An entry could not be read.
    BrokenEntry,
    /// A `next` link that was followed before.
    Loop,
    /// More pages than [`crate::Limits::pages`].
    TooManyPages,
    /// More entries than [`crate::Limits::entries`].
    TooManyEntries,
    /// A page larger than allowed.
    TooLarge,
    /// A link that leaves the source's origin.
    Origin,
    /// The source's name resolves to an address that is refused.
    Address,
    /// A later page was refused or failed.
    NextFailed,
    /// Fewer entries than the server counts (`Bundle.total`), and no link to the others.
    FewerThanTotal,
    /// The server says so itself, in an OperationOutcome.
    Issue(IssueMeaning),
    /// Nothing was sent at all.
    NotAsked(NotAsked),
}

/// Why a source is not asked though it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotAsked {
    /// An administrator paused it.
    Paused,
    /// An administrator took it away.
    Removed,
    /// What is defined of it can't be used here.
    Unusable,
    /// It failed several times in a row: it is left alone for a while, then tried again.
    Resting,
    /// It asked for patience (`Retry-After`), for longer than there is time.
    ToldToWait,
    /// It wants the patient to sign in again: what was copied before is what there is.
    Copied,
}

impl NotAsked {
    /// Message key of the record's words.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Paused => "why-paused",
            Self::Removed => "why-removed",
            Self::Unusable => "why-unusable",
            Self::Resting => "why-resting",
            Self::ToldToWait => "why-told-to-wait",
            Self::Copied => "why-copied",
        }
    }

    /// Does this key say that nothing was sent?
    pub fn is_key(key: &str) -> bool {
        [Self::Paused, Self::Removed, Self::Unusable, Self::Resting, Self::ToldToWait, Self::Copied]
            .iter()
            .any(|one| one.key() == key)
    }
}

impl Cause {
    /// Message key of the record's words.
    pub fn key(self) -> &'static str {
        match self {
            Self::Timeout => "why-timeout",
            Self::TooSlow => "why-too-slow",
            Self::Connect => "why-connect",
            Self::Protocol => "why-protocol",
            Self::SignIn => "why-sign-in",
            Self::Status(_) => "why-status",
            Self::Garbage => "why-garbage",
            Self::Truncated => "why-truncated",
            Self::Encoding => "why-encoding",
            Self::BrokenEntry => "why-broken-entry",
            Self::Loop => "why-loop",
            Self::TooManyPages => "why-too-many-pages",
            Self::TooManyEntries => "why-too-many-entries",
            Self::TooLarge => "why-too-large",
            Self::Origin => "why-origin",
            Self::Address => "why-address",
            Self::NextFailed => "why-next-failed",
            Self::FewerThanTotal => "why-fewer-than-total",
            Self::Issue(IssueMeaning::SessionExpired) => "why-session-expired",
            Self::Issue(IssueMeaning::BreakTheGlass) => "why-break-the-glass",
            Self::Issue(_) => "why-issue",
            Self::NotAsked(why) => why.key(),
        }
    }
}

/// One issue of an OperationOutcome. The server's words are not kept: they are nobody's to read here, and may name a
/// patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// `fatal`, `error`, `warning`, `information`.
    pub severity: String,
    /// FHIR IssueType (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub code: String,
    /// The server's own codes, `details.coding.code`.
    pub details: Vec<String>,
    /// What the platform file, or FHIR itself, says it means.
    pub meaning: Option<IssueMeaning>,
}

/// What became of a search, and what it cost.
#[derive(Clone, Debug)]
pub struct SearchReport {
    /// The truth about completeness.
    pub outcome: Outcome,
    /// Searches sent: 2 when an empty filtered search was repeated by patient only.
    pub queries: u32,
    /// Pages read.
    pub pages: u32,
    /// Entries handed to the callback.
    pub entries: u32,
    /// Entries that could not be read.
    pub broken: u32,
    /// The answer is not narrowed by the query's filters: classify locally.
    pub unfiltered: bool,
    /// What was dropped inside entries.
    pub notes: Vec<QualityNote>,
    /// What the server said.
    pub issues: Vec<Issue>,
}

impl SearchReport {
    /// Of a search that was not sent.
    pub fn not_asked(why: NotAsked) -> Self {
        Self {
            outcome: Outcome::Unreachable(Cause::NotAsked(why)),
            queries: 0,
            pages: 0,
            entries: 0,
            broken: 0,
            unfiltered: false,
            notes: Vec::new(),
            issues: Vec::new(),
        }
    }
}
