//! What can go wrong on the way to a connection.

use access::{AccessError, AuditError, Classify, Fault};
use envelope::EnvelopeError;
use fhir::smart::TokenFault;
use store::StoreError;
use uuid::Uuid;

use crate::sign_in::Failed;

/// Who goes to a hospital's sign-in and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// A patient, who connects the hospital.
    Connection,
    /// A member of staff, whom the hospital's own system has sent here.
    Launch,
}

impl FlowKind {
    /// In the database, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Launch => "launch",
        }
    }

    /// From the database.
    pub(super) fn of(text: &str) -> Self {
        if text == Self::Launch.as_str() { Self::Launch } else { Self::Connection }
    }
}

/// Steps of a flow, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowStep {
    /// What the hospital's server says of its sign-in.
    Discover,
    /// The person is at the hospital's page.
    Authorize,
    /// They came back.
    Callback,
    /// What they brought is exchanged for a token.
    Token,
    /// Who signed in, where the hospital says so.
    Identity,
    /// Whose record it is.
    Patient,
}

impl FlowStep {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Discover, Self::Authorize, Self::Callback, Self::Token, Self::Identity, Self::Patient];

    /// In the database, figures, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Authorize => "authorize",
            Self::Callback => "callback",
            Self::Token => "token",
            Self::Identity => "identity",
            Self::Patient => "patient",
        }
    }

    /// From the database.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// A flow that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFault {
    /// What the person can read out, so that somebody finds the trace; absent where there is none.
    pub flow: Option<Uuid>,
    /// Id of the source, where it is known.
    pub source: Option<String>,
    /// How far it came.
    pub step: FlowStep,
    /// A key of words.
    pub why: &'static str,
    /// HTTP status of the hospital's refusal.
    pub status: Option<u16>,
    /// `error` of RFC 6749, where it is a word of that kind; empty otherwise.
    pub error: String,
    /// What the hospital says, in short. From outside, so never more than text.
    pub said: String,
}

impl FlowFault {
    pub(super) fn new(step: FlowStep, why: &'static str) -> Self {
        Self { flow: None, source: None, step, why, status: None, error: String::new(), said: String::new() }
    }

    pub(super) fn failed(step: FlowStep, failed: &Failed) -> Self {
        Self::new(step, failed.why())
    }

    pub(super) fn of_token(fault: TokenFault) -> Self {
        let told = |why| Self::new(FlowStep::Token, why);
        match fault {
            TokenFault::Outbound(_) => told("token-unreachable"),
            TokenFault::Refused { status, error, words } => {
                Self { status: Some(status), error, said: words, ..told("token-refused") }
            }
            TokenFault::NoToken => told("no-token"),
            TokenFault::Unsigned => told("no-key"),
        }
    }
}

/// Why a connection was not made, read or ended.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No such connection or hospital, or another's.
    #[error("no such connection")]
    NotFound,
    /// Too many were begun in a short time.
    #[error("too many were begun")]
    TooMany,
    /// The flow came to nothing.
    #[error("{}: {}", .0.step.as_str(), .0.why)]
    Flow(Box<FlowFault>),
    /// A secret can't be sealed or opened.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The policy.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The act could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that can't be written as JSON.
    #[error("a row can't be written: {0}")]
    Content(#[from] serde_json::Error),
}

impl From<sea_orm::DbErr> for ConnectError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(StoreError::Database(error))
    }
}

impl From<FlowFault> for ConnectError {
    fn from(fault: FlowFault) -> Self {
        Self::Flow(Box::new(fault))
    }
}

impl Classify for ConnectError {
    fn fault(&self) -> Fault {
        match self {
            Self::NotFound => Fault::NotFound,
            Self::TooMany => Fault::TooMany,
            Self::Flow(_) => Fault::Invalid,
            Self::Access(error) => error.fault(),
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
            Self::Envelope(_) | Self::Content(_) => Fault::Internal,
        }
    }
}
