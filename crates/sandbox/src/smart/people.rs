//! What the door remembers of people who agreed that a client reads their records.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fhir::smart::{Jwks, SigningKey};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::SandboxError;

/// How long a code is good for (RFC 6749 section 4.1.2: ten minutes at most).
const CODE_LIVES: SignedDuration = SignedDuration::from_secs(60);

/// The client that people may sign in for, and who they are.
#[derive(Clone, Debug)]
pub struct PeopleClient {
    /// Its id.
    pub client_id: String,
    /// Its secret; `None`: a public client.
    pub secret: Option<String>,
    /// Where answers may go, exactly.
    pub redirect_uris: Vec<String>,
    /// Who can sign in.
    pub patients: Vec<DoorPatient>,
}

/// Somebody who can sign in at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoorPatient {
    /// `Patient` id at the hospital behind.
    pub id: String,
    /// As written there.
    pub name: String,
    /// As registered there, if it is: what somebody may type to sign in.
    pub resident_id: Option<String>,
}

/// What one person has agreed to.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub(super) patient: String,
    /// Who opened the application for that patient; none where the patient signed in.
    pub(super) practitioner: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: String,
}

impl Consent {
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|one| one == scope)
    }
}

/// Who asks for records, by a token that is good.
pub(super) struct Visitor {
    family: u64,
    pub(super) consent: Consent,
    /// Addresses of further pages that they were told, without the base.
    pub(super) pages: HashSet<String>,
}

pub(super) struct People {
    pub(super) client: PeopleClient,
    pub(super) key: SigningKey,
    books: Mutex<Books>,
    numbers: AtomicU64,
    pub(super) authorizations: AtomicU64,
    pub(super) codes: AtomicU64,
    pub(super) refreshes: AtomicU64,
    pub(super) revocations: AtomicU64,
}

/// All that comes of one code is a family: it ends as a whole.
#[derive(Default)]
struct Books {
    codes: HashMap<String, Code>,
    families: HashMap<u64, Family>,
    access: HashMap<String, (u64, Timestamp)>,
    refresh: HashMap<String, (u64, State)>,
}

struct Code {
    consent: Consent,
    redirect_uri: String,
    challenge: String,
    until: Timestamp,
    /// What came of it.
    spent: Option<u64>,
}

struct Family {
    consent: Consent,
    pages: HashSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Rotated,
}

impl People {
    pub(super) fn new(client: PeopleClient) -> Result<Self, SandboxError> {
        let key = SigningKey::generate().map_err(|fault| SandboxError::SigningKey(fault.to_string()))?;
        let zero = || AtomicU64::new(0);
        Ok(Self {
            client,
            key,
            books: Mutex::default(),
            numbers: zero(),
            authorizations: zero(),
            codes: zero(),
            refreshes: zero(),
            revocations: zero(),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Words that nobody guesses: they hang on the door's private key.
    pub(super) fn fresh(&self) -> String {
        let hash = Sha256::new().chain_update(self.key.pkcs8()).chain_update(self.number().to_be_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    pub(super) fn keys(&self) -> Value {
        json!(Jwks { keys: vec![self.key.public().clone()] })
    }

    pub(super) fn give_code(&self, consent: Consent, redirect_uri: &str, challenge: &str) -> String {
        let code = self.fresh();
        let row = Code {
            consent,
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            until: Timestamp::now() + CODE_LIVES,
            spent: None,
        };
        self.books().codes.insert(code.clone(), row);
        self.codes.fetch_add(1, Ordering::Relaxed);
        code
    }

    /// The family of this code, which is spent by being shown. A second time ends the family.
    pub(super) fn take_code(&self, code: &str, redirect_uri: &str, verifier: &str) -> Result<u64, &'static str> {
        let number = self.number();
        let mut books = self.books();
        let row = books.codes.get_mut(code).ok_or("this code is not known")?;
        if let Some(family) = row.spent.replace(number) {
            books.end(|one, _| one == family);
            return Err("this code was used before: what it gave is taken back");
        }
        if row.until <= Timestamp::now() {
            return Err("this code is too old");
        }
        if row.redirect_uri != redirect_uri {
            return Err("redirect_uri is not that of the code");
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != row.challenge {
            return Err("code_verifier doesn't fit code_challenge");
        }
        let family = Family { consent: row.consent.clone(), pages: HashSet::new() };
        books.families.insert(number, family);
        Ok(number)
    }

    /// The family of this refresh token, which is good no more where it is `rotated`. One that was rotated before ends the
    /// family (RFC 9700 section 4.14).
    pub(super) fn take_refresh(&self, token: &str, rotated: bool) -> Result<u64, &'static str> {
        let mut books = self.books();
        let (family, state) = books.refresh.get_mut(token).ok_or("this refresh token is not known")?;
        let (family, was) = (*family, *state);
        if was == State::Rotated {
            books.end(|one, _| one == family);
            return Err("this refresh token was used before: all of its kin are taken back");
        }
        if rotated {
            *state = State::Rotated;
        }
        self.refreshes.fetch_add(1, Ordering::Relaxed);
        Ok(family)
    }

    pub(super) fn consent(&self, family: u64) -> Option<Consent> {
        self.books().families.get(&family).map(|family| family.consent.clone())
    }

    pub(super) fn give_access(&self, family: u64, until: Timestamp) -> String {
        let token = self.fresh();
        self.books().access.insert(token.clone(), (family, until));
        token
    }

    pub(super) fn give_refresh(&self, family: u64) -> String {
        let token = self.fresh();
        self.books().refresh.insert(token.clone(), (family, State::Good));
        token
    }

    /// Whoever bears this access token.
    pub(super) fn visitor(&self, token: &str) -> Option<Visitor> {
        let books = self.books();
        let (family, _) = books.access.get(token).filter(|(_, until)| *until > Timestamp::now())?;
        let Family { consent, pages } = books.families.get(family)?;
        Some(Visitor { family: *family, consent: consent.clone(), pages: pages.clone() })
    }

    /// The visitor was told of these further pages, and may ask for them.
    pub(super) fn remember(&self, visitor: &Visitor, pages: Vec<String>) {
        if let Some(family) = self.books().families.get_mut(&visitor.family) {
            family.pages.extend(pages);
        }
    }

    /// Ends the family of a token of either kind; unknown ones are no fault (RFC 7009 section 2.2).
    pub(super) fn give_back(&self, token: &str) {
        let mut books = self.books();
        let family =
            books.refresh.get(token).map(|(family, _)| *family).or(books.access.get(token).map(|(family, _)| *family));
        if let Some(family) = family.filter(|family| books.families.contains_key(family)) {
            books.end(|one, _| one == family);
            self.revocations.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Access tokens are good no more.
    pub(super) fn expire(&self) {
        self.books().access.clear();
    }

    /// Ends what these agreed to.
    pub(super) fn end(&self, whose: impl Fn(&Consent) -> bool) {
        self.books().end(|_, family| whose(&family.consent));
    }
}

impl Books {
    fn end(&mut self, which: impl Fn(u64, &Family) -> bool) {
        self.families.retain(|number, family| !which(*number, family));
        let families = &self.families;
        self.access.retain(|_, (family, _)| families.contains_key(family));
        self.refresh.retain(|_, (family, _)| families.contains_key(family));
    }
}
