//! How an error of any crate is classified for the outside.

/// What a caller can act on; `web` turns it into a page or `application/problem+json` with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 401: who are you?
    NotSignedIn,
    /// 403: you may know that it exists, but not do this.
    Forbidden,
    /// 403 `break-glass-required`: a patient without a treatment relation.
    BreakGlassRequired,
    /// 404: it is not there, or you may not know that it is.
    NotFound,
    /// 422: the input can't be understood or accepted.
    Invalid,
    /// 409: somebody else was first, or it is not in the state for this.
    Conflict,
    /// 429: too often.
    TooMany,
    /// 503: something we need is away; trying again may help.
    Unavailable,
    /// 500: our mistake. The cause goes to the log, never to the caller.
    Internal,
}

/// Implemented by the one error enum of each crate.
pub trait Classify: std::error::Error + Send + Sync + 'static {
    /// What a caller can do about it.
    fn fault(&self) -> Fault;
}

impl Classify for store::jobs::JobError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::NotFound => Fault::NotFound,
            Self::Not(_) | Self::Open | Self::Lost => Fault::Conflict,
            Self::Unreadable(_) => Fault::Internal,
        }
    }
}

impl Classify for store::StoreError {
    fn fault(&self) -> Fault {
        if self.is_outage() { Fault::Unavailable } else { Fault::Internal }
    }
}
