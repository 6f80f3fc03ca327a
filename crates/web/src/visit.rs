//! What is known about a request before a handler sees it.

use std::sync::Arc;

use access::RequestId;
use jiff::Timestamp;

use crate::{Lang, session::Session};

/// A request as handlers see it; the shell puts it into the request's extensions.
#[derive(Clone, Debug)]
pub struct Visit {
    /// On the answer, in the log, in the audit.
    pub request: RequestId,
    /// Whose clock everything below uses.
    pub now: Timestamp,
    /// Language of the answer.
    pub lang: Lang,
    /// `light` or `dark` when chosen, else the browser's preference counts.
    pub theme: Option<&'static str>,
    /// Path and query, without `lang`: for the language switch and for coming back after sign-in.
    pub path: String,
    /// The live session, if any.
    pub session: Option<Arc<Session>>,
    /// What CSRF tokens of this visitor are bound to: the session's secret, else the visitor cookie.
    pub csrf_binding: String,
    /// The client's network, as sign-ins are counted.
    pub network: String,
    /// The client's `User-Agent`.
    pub device: String,
}

impl Visit {
    /// A request of which nothing could be found out (the database is away): enough to draw an error page.
    pub(crate) fn unknown(request: RequestId, lang: Lang) -> Self {
        Self {
            request,
            now: Timestamp::UNIX_EPOCH,
            lang,
            theme: None,
            path: "/".to_owned(),
            session: None,
            csrf_binding: String::new(),
            network: String::new(),
            device: String::new(),
        }
    }

    /// Which visit a request is. Every request that passed the shell has one.
    ///
    /// # Errors
    /// A 500 when the shell was left out.
    pub fn of(request: &poem::Request) -> Result<&Arc<Self>, crate::Failure> {
        request.data::<Arc<Self>>().ok_or_else(|| crate::Failure::new(access::Fault::Internal))
    }
}

impl<'a> poem::FromRequest<'a> for &'a Visit {
    async fn from_request(request: &'a poem::Request, _body: &mut poem::RequestBody) -> poem::Result<Self> {
        Ok(Visit::of(request)?)
    }
}
