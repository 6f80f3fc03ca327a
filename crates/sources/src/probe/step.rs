//! What a test of a connection did, step by step. Words are made of codes by whoever shows it.

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As expected.
    Good,
    /// Not as expected; the hospital can be asked all the same.
    Warning,
    /// What depends on it does not work.
    Failed,
    /// Not tried, because of an earlier step.
    Skipped,
}

impl End {
    /// In JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What a step looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The host's name.
    Name,
    /// The connection, with TLS where the address says so.
    Connection,
    /// The server's clock.
    Clock,
    /// `.well-known/smart-configuration`
    Discovery,
    /// `metadata`
    Capability,
    /// What the platform file says against what the server says.
    Differences,
    /// What the portal signs in with, where it does.
    SignIn,
    /// The system that sends staff here, where one does.
    Launch,
    /// A patient.
    Patient,
    /// One type of one section.
    Section {
        /// Slug of the section.
        section: &'static str,
        /// FHIR type.
        kind: &'static str,
    },
}

impl Look {
    /// In JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connection => "connection",
            Self::Clock => "clock",
            Self::Discovery => "discovery",
            Self::Capability => "capability",
            Self::Differences => "differences",
            Self::SignIn => "sign-in",
            Self::Launch => "launch",
            Self::Patient => "patient",
            Self::Section { .. } => "section",
        }
    }
}

/// One step. Of a patient's data nothing is kept but types and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub look: Look,
    /// How it ended.
    pub end: End,
    /// In milliseconds.
    pub took_ms: u64,
    /// What came of it, a key of the words; says the cure as well, where there is one.
    pub code: &'static str,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// What the server said, in short: versions, names of types, codes of issues. From outside, so never more than text.
    pub answer: String,
}

/// The longest text of a server that is kept, in characters.
const LONGEST: usize = 300;

impl Step {
    pub(super) fn new(look: Look, end: End, code: &'static str) -> Self {
        Self { look, end, took_ms: 0, code, status: None, answer: String::new() }
    }

    pub(super) fn saying(mut self, answer: impl Into<String>) -> Self {
        let answer: String = answer.into();
        let plain = answer.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.answer = plain.take(LONGEST).collect::<String>().trim().to_owned();
        if answer.chars().count() > LONGEST {
            self.answer.push('…');
        }
        self
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn after(mut self, took: std::time::Duration) -> Self {
        self.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self
    }
}
