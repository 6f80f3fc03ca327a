//! Who makes a request.

use access::{Fault, PatientContext};
use accounts::Account;
use poem::{FromRequest, Request, RequestBody};
use web::{Failure, Visit, render::User, session::Session};

/// A signed-in patient.
pub struct Patient {
    /// What domain calls take.
    pub context: PatientContext,
    /// The account.
    pub account: Account,
}

impl Patient {
    /// Reads the visit's session.
    ///
    /// # Errors
    /// [`Fault::NotSignedIn`] without one.
    pub fn of(visit: &Visit) -> Result<Self, Failure> {
        let session = visit.session.as_deref().ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
        let account = account(session).ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
        Ok(Self { context: account.context(visit.request.clone()), account })
    }
}

/// `None` for a session an older program wrote in a form we no longer read: its owner signs in again.
pub fn account(session: &Session) -> Option<Account> {
    serde_json::from_str(&session.identity).ok()
}

/// As the shell of a page shows them.
pub fn describe(session: &Session) -> Option<User> {
    let account = account(session)?;
    Some(User {
        name: account.name,
        organisation: None,
        roles: Vec::new(),
        unread: 0,
        delegates: false,
        person: account.person.map(|person| person.to_string()),
    })
}

impl<'a> FromRequest<'a> for Patient {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(Visit::of(request)?)?)
    }
}
