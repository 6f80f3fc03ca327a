//! Signing in at a hospital: what every request to it carries, and how it is had.

mod backend;
mod people;
mod proof;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use outbound::{Authorizer, OutboundError};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};
use zeroize::Zeroizing;

use crate::{Auth, AuthKind, Secrets};

pub(crate) use backend::{TokenHome, discover};

/// After a refusal that asking again will not change, nobody asks again for so long: a page asks fifteen times.
const REFUSED: Duration = Duration::from_secs(30);
/// The same after what may pass.
const PASSING: Duration = Duration::from_secs(2);
/// A token that was given a moment ago and is refused is not what is wrong.
const FRESH: Duration = Duration::from_secs(3);

/// Where the secret of a sign-in stands.
#[derive(Debug)]
pub(crate) enum SecretAt {
    /// There is none.
    Nowhere,
    /// In a file of the configuration.
    File(PathBuf),
    /// In the database, sealed, under this key.
    Sealed(String),
}

/// What came of the last sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedIn {
    /// When; `None`: nobody has tried yet.
    pub at: Option<Timestamp>,
    /// Why it failed, a key of words; `None` where it did not.
    pub why: Option<&'static str>,
    /// Where tokens are given.
    pub endpoint: Option<String>,
    /// HTTP status of a refusal.
    pub status: Option<u16>,
    /// What the server said: `error` and `error_description`, in short. From outside, so never more than text.
    pub said: String,
    /// What the token is for, where the server says so.
    pub scopes: Option<String>,
    /// How long the token lives, in seconds.
    pub lives_s: Option<u64>,
    /// What was asked for is not granted in full.
    pub narrower: bool,
}

/// A sign-in at one source.
pub(crate) struct SignIn {
    pub(crate) id: String,
    pub(crate) auth: Auth,
    pub(crate) binding: String,
    pub(crate) secret: SecretAt,
    /// Set once the database is there.
    pub(crate) secrets: Arc<OnceLock<Secrets>>,
    /// Where tokens are asked for; none where none are.
    pub(crate) home: Option<TokenHome>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Not tried again before.
    failed: Option<(Instant, &'static str)>,
    last: SignedIn,
}

/// What is sent.
struct Held {
    header: Zeroizing<String>,
    since: Instant,
    until: Option<Instant>,
}

/// Why there is nothing to send.
pub(crate) struct Failed {
    why: &'static str,
    lasting: bool,
}

impl Failed {
    /// A key of words.
    pub(crate) const fn why(&self) -> &'static str {
        self.why
    }

    fn lasting(why: &'static str) -> Self {
        Self { why, lasting: true }
    }

    fn passing(why: &'static str) -> Self {
        Self { why, lasting: false }
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn({} {})", self.id, self.auth.kind.as_str())
    }
}

impl SignIn {
    pub(crate) fn new(
        id: &str,
        auth: Auth,
        binding: String,
        secret: SecretAt,
        secrets: Arc<OnceLock<Secrets>>,
        home: Option<TokenHome>,
    ) -> Self {
        Self { id: id.to_owned(), auth, binding, secret, secrets, home, state: Mutex::default() }
    }

    /// What came of the last sign-in, as far as this process has seen. `None` while one is going on.
    pub(crate) fn last(&self) -> Option<SignedIn> {
        self.state.try_lock().ok().map(|state| state.last.clone())
    }

    /// Signs in anew, whatever is held.
    pub(crate) async fn try_now(&self, deadline: Instant) -> SignedIn {
        let Ok(mut state) = timeout_at(deadline, self.state.lock()).await else {
            return SignedIn { why: Some("token-unreachable"), ..SignedIn::default() };
        };
        *state = State::default();
        drop(self.make(&mut state, deadline).await);
        state.last.clone()
    }

    async fn make(&self, state: &mut State, deadline: Instant) -> Result<Zeroizing<String>, &'static str> {
        let made = match self.auth.kind {
            AuthKind::None => Err(Failed::lasting("no-secret")),
            AuthKind::Basic => self.secret().await.map(|secret| {
                let pair = Zeroizing::new(format!("{}:{}", self.auth.client_id, secret.as_str()));
                self.held(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
            }),
            AuthKind::Bearer => {
                self.secret().await.map(|secret| self.held(Zeroizing::new(format!("Bearer {}", secret.as_str()))))
            }
            AuthKind::SmartBackend => self.token(&mut state.last, deadline).await,
            AuthKind::SmartPatient => Err(Failed::lasting("nobody-connected")),
        };
        let now = self.secrets.get().map(|secrets| (secrets.ambient.now)());
        state.last.at = now.or(state.last.at);
        match made {
            Ok(held) => {
                let header = held.header.clone();
                (state.held, state.failed, state.last.why) = (Some(held), None, None);
                Ok(header)
            }
            Err(Failed { why, lasting }) => {
                let wait = if lasting { REFUSED } else { PASSING };
                state.failed = Some((Instant::now() + wait, why));
                state.last.why = Some(why);
                tracing::warn!(source = self.id, why, "no sign-in at a hospital");
                Err(why)
            }
        }
    }

    fn held(&self, header: Zeroizing<String>) -> Held {
        Held { header, since: Instant::now(), until: None }
    }

    /// The secret itself.
    async fn secret(&self) -> Result<Zeroizing<String>, Failed> {
        match &self.secret {
            SecretAt::Nowhere => Err(Failed::lasting("no-secret")),
            SecretAt::File(file) => {
                let text = tokio::fs::read_to_string(file).await.map(Zeroizing::new);
                let text = text.map_err(|_| Failed::lasting("secret-unreadable"))?;
                Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
            SecretAt::Sealed(key) => {
                let secrets = self.secrets.get().ok_or(Failed::passing("no-secret"))?;
                match secrets.open(key, &self.binding).await {
                    Ok(Some(secret)) => Ok(secret),
                    Ok(None) => Err(Failed::lasting("no-secret")),
                    Err(error) => {
                        tracing::error!(source = self.id, %error, "the secret of a hospital can't be opened");
                        Err(Failed::passing("secret-unreadable"))
                    }
                }
            }
        }
    }
}

#[async_trait]
impl Authorizer for SignIn {
    async fn authorization(&self, deadline: Instant) -> Result<Zeroizing<String>, OutboundError> {
        let fault = |why| OutboundError::SignIn { target: self.id.clone(), why };
        // The question itself needs time, and where there is no token the reader is told why instead of that time was up.
        let begun = Instant::now();
        let deadline = begun + deadline.saturating_duration_since(begun) * 3 / 4;
        // One signs in, the others wait for what it gets.
        let mut state = timeout_at(deadline, self.state.lock()).await.map_err(|_| fault("token-unreachable"))?;
        let now = Instant::now();
        if let Some(held) = state.held.as_ref().filter(|held| held.until.is_none_or(|until| now < until)) {
            return Ok(held.header.clone());
        }
        if let Some((_, why)) = state.failed.filter(|(until, _)| now < *until) {
            return Err(fault(why));
        }
        self.make(&mut state, deadline).await.map_err(fault)
    }

    async fn refused(&self, used: &str) -> bool {
        let mut state = self.state.lock().await;
        match &state.held {
            // Somebody has signed in anew meanwhile.
            Some(held) if held.header.as_str() != used => true,
            Some(held) => {
                let stale = self.auth.kind == AuthKind::SmartBackend && held.since.elapsed() >= FRESH;
                let gone = stale || self.auth.kind != AuthKind::SmartBackend;
                if gone {
                    // A password may have been changed: the next request reads it anew.
                    state.held = None;
                }
                stale
            }
            None => true,
        }
    }
}
