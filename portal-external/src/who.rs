//! Who makes a request.

use std::sync::Arc;

use access::{Fault, PatientContext, PersonId};
use accounts::Account;
use poem::{FromRequest, Request, RequestBody};
use web::{Failure, Visit, render::User, session::Session};

use crate::portal::Portal;

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

impl Patient {
    /// With what the person of the path has entrusted to them at this moment.
    async fn acting_for(self, request: &Request, visit: &Visit, person: PersonId) -> Result<Self, Failure> {
        let portal = request.data::<Arc<Portal>>().ok_or_else(|| Failure::new(Fault::Internal))?;
        let context = portal.family.in_force(self.context, person, visit.now).await?;
        if let Some(entrusted) = context.entrusted_by(person) {
            // One person per path.
            let _ = visit.acting_for.set(entrusted.name.clone());
        }
        Ok(Self { context, ..self })
    }
}

/// Whom a path is about: `/people/{id}/…`.
pub fn named(path: &str) -> Option<PersonId> {
    let after = path.split("/people/").nth(1)?;
    after.split('/').next()?.parse().ok()
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
        acting_for: None,
        person: account.person.map(|person| person.to_string()),
    })
}

impl<'a> FromRequest<'a> for Patient {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let patient = Self::of(visit)?;
        match named(request.uri().path()) {
            Some(person) => Ok(patient.acting_for(request, visit, person).await?),
            None => Ok(patient),
        }
    }
}
