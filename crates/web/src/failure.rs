//! The one error type of both portals' HTTP: what the caller is told, and apart from it what the log is told.

use std::{error::Error, sync::Arc};

use access::{Classify, Fault};
use poem::{IntoResponse, Response, http::StatusCode};

/// A failed request. The public side is the fault and a problem type; the cause is for the log alone.
#[derive(Clone, Debug)]
pub struct Failure {
    fault: Fault,
    problem: Option<&'static str>,
    status: Option<StatusCode>,
    retry_after: Option<u32>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure without a cause worth logging.
    pub fn new(fault: Fault) -> Self {
        Self { fault, problem: None, status: None, retry_after: None, cause: None }
    }

    /// Our mistake: the cause is logged, the caller hears a fixed text.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..Self::new(Fault::Internal) }
    }

    /// A problem type more telling than the fault's (`second-factor-required`).
    pub fn with_problem(self, problem: &'static str) -> Self {
        Self { problem: Some(problem), ..self }
    }

    /// A status of HTTP's own that no fault stands for (405, 408, 413, 415).
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Seconds after which trying again makes sense.
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What a caller can act on.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// `Retry-After`, in seconds.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// For the log.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or(match self.fault {
            Fault::NotSignedIn => StatusCode::UNAUTHORIZED,
            Fault::Forbidden | Fault::BreakGlassRequired => StatusCode::FORBIDDEN,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Conflict => StatusCode::CONFLICT,
            Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }

    /// Problem type: the last part of `type` in `application/problem+json`, and a message key.
    pub fn problem(&self) -> &'static str {
        if let Some(problem) = self.problem {
            return problem;
        }
        match self.status() {
            StatusCode::METHOD_NOT_ALLOWED => return "method-not-allowed",
            StatusCode::PAYLOAD_TOO_LARGE => return "too-large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => return "unsupported-media-type",
            StatusCode::REQUEST_TIMEOUT => return "request-timeout",
            _ => {}
        }
        match self.fault {
            Fault::NotSignedIn => "not-signed-in",
            Fault::Forbidden => "forbidden",
            Fault::BreakGlassRequired => "break-glass-required",
            Fault::NotFound => "not-found",
            Fault::Invalid => "invalid",
            Fault::Conflict => "conflict",
            Fault::TooMany => "too-many",
            Fault::Unavailable => "unavailable",
            Fault::Internal => "internal",
        }
    }

    /// Reads poem's own errors (no route, wrong method, wrong content type, unreadable input) without their texts.
    pub fn from_poem(error: &poem::Error) -> Self {
        if let Some(failure) = error.data::<Self>() {
            return failure.clone();
        }
        let status = error.status();
        match status {
            StatusCode::NOT_FOUND => Self::new(Fault::NotFound),
            StatusCode::UNAUTHORIZED => Self::new(Fault::NotSignedIn),
            StatusCode::FORBIDDEN => Self::new(Fault::Forbidden),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(Fault::Invalid).with_status(status)
            }
            status if status.is_client_error() => Self::new(Fault::Invalid),
            _ => Self::internal(Opaque(error.to_string())),
        }
    }
}

/// The text of an error that is not ours to hold on to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Opaque(String);

impl<E: Classify> From<E> for Failure {
    fn from(error: E) -> Self {
        let fault = error.fault();
        let retry_after = matches!(fault, Fault::Unavailable).then_some(5);
        Self { retry_after, cause: Some(Arc::new(error)), ..Self::new(fault) }
    }
}

impl From<Failure> for poem::Error {
    fn from(failure: Failure) -> Self {
        let mut error = poem::Error::from_response(failure.status().into_response());
        error.set_error_message(failure.problem());
        error.set_data(failure);
        error
    }
}

impl IntoResponse for Failure {
    /// A bare answer that the shell replaces by a page or problem+json.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
