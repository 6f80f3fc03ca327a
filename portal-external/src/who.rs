//! Who makes a request.

use std::sync::Arc;

use access::{Fault, PatientContext, PersonId};
use accounts::Account;
use poem::{FromRequest, Request, RequestBody, http::Uri};
use url::form_urlencoded;
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
    /// With what this person has entrusted to them at this moment.
    ///
    /// # Errors
    /// The database's.
    pub async fn acting_for(self, portal: &Portal, visit: &Visit, person: PersonId) -> Result<Self, Failure> {
        let context = portal.family.in_force(self.context, person, visit.now).await?;
        if let Some(entrusted) = context.entrusted_by(person) {
            // One person per request.
            let _ = visit.acting_for.set(entrusted.name.clone());
        }
        Ok(Self { context, ..self })
    }
}

/// Whom an address is about: `/people/{id}/…`, `/booking/…?person={id}`.
pub fn named(uri: &Uri) -> Option<PersonId> {
    if uri.path().starts_with("/booking") {
        let query = uri.query()?.as_bytes();
        return form_urlencoded::parse(query).find(|(name, _)| name == "person")?.1.parse().ok();
    }
    let after = uri.path().split("/people/").nth(1)?;
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
        let Some(person) = named(request.uri()) else { return Ok(patient) };
        let portal = request.data::<Arc<Portal>>().ok_or_else(|| Failure::new(Fault::Internal))?;
        Ok(patient.acting_for(portal, visit, person).await?)
    }
}
