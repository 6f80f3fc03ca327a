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
    /// Path and query, without `lang` and `theme`: for the switches and for coming back after sign-in. Where the query is a
    /// secret, [another path](crate::shell::Shell::with_landings).
    pub path: String,
    /// The live session, if any.
    pub session: Option<Arc<Session>>,
    /// What CSRF tokens of this visitor are bound to: the session's secret, else the visitor cookie.
    pub csrf_binding: String,
    /// Does a person look at the answer, as far as anybody can tell? Not when a browser fetches it in advance, or asks
    /// whether it is there.
    pub is_look: bool,
    /// The client's network, as sign-ins are counted.
    pub network: String,
    /// The wider network round it, see [`crate::network::site`].
    pub site: String,
    /// The client's `User-Agent`.
    pub device: String,
    /// What the browser is known by from earlier sign-ins, as it says itself: for [`crate::throttle`].
    pub browser: Option<String>,
    /// How many messages whoever is signed in has not read; a portal says it before it draws a page.
    pub unread: OnceLock<u64>,
    /// For whom the request is made, where it is another person: their name. A portal says it before it draws a page.
    pub acting_for: OnceLock<String>,
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
            is_look: false,
            network: String::new(),
            site: String::new(),
            device: String::new(),
            browser: None,
            unread: OnceLock::new(),
            acting_for: OnceLock::new(),
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

/// Does a person look at what is asked for? Not when a browser fetches it in advance
/// (<https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header>; older ones say `Purpose` or `X-Moz`), nor
/// when it only asks whether it is there.
pub(crate) fn is_look(request: &poem::Request) -> bool {
    let advance = |name: &str| {
        let said = request.headers().get(name).and_then(|value| value.to_str().ok());
        said.is_some_and(|said| said.contains("prefetch") || said.contains("preview"))
    };
    request.method() == http::Method::GET && !["sec-purpose", "purpose", "x-moz"].into_iter().any(advance)
}

impl<'a> poem::FromRequest<'a> for &'a Visit {
    async fn from_request(request: &'a poem::Request, _body: &mut poem::RequestBody) -> poem::Result<Self> {
        Ok(Visit::of(request)?)
    }
}
