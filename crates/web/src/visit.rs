//! What is known about a request before a handler sees it.

use std::sync::{Arc, OnceLock};

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
    /// The nonce of the answer's content security policy: new on every answer.
    pub nonce: String,
    /// Path and query, without `lang` and `theme`: for the switches and for coming back after sign-in.
    pub path: String,
    /// The live session, if any.
    pub session: Option<Arc<Session>>,
    /// What CSRF tokens of this visitor are bound to: the session's secret, else the visitor cookie.
    pub csrf_binding: String,
    /// The client's network, as sign-ins are counted.
    pub network: String,
    /// The wider network round it, see [`crate::network::site`].
    pub site: String,
    /// The client's `User-Agent`.
    pub device: String,
    /// What the browser is known by from earlier sign-ins, as it says itself: for [`crate::throttle`].
    pub browser: Option<String>,
    /// What it will be known by; the shell sends it.
    pub(crate) remembered: OnceLock<String>,
}

impl Visit {
    /// A request of which nothing could be found out (the database is away): enough to draw an error page.
    pub(crate) fn unknown(request: RequestId, lang: Lang) -> Self {
        Self {
            request,
            now: Timestamp::UNIX_EPOCH,
            lang,
            theme: None,
            nonce: String::new(),
            path: "/".to_owned(),
            session: None,
            csrf_binding: String::new(),
            network: String::new(),
            site: String::new(),
            device: String::new(),
            browser: None,
            remembered: OnceLock::new(),
        }
    }

    pub(crate) fn remember_browser(&self, cookie: String) {
        // One sign-in per request.
        let _ = self.remembered.set(cookie);
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
