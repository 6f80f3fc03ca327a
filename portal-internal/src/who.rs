//! Who makes a request.

use access::{Act, Fault, Policy, RequestId, StaffContext};
use directory::StaffIdentity;
use poem::{FromRequest, Request, RequestBody};
use web::{Failure, Visit, render::User, session::Session};

/// A signed-in member of staff.
pub struct Staff {
    /// What domain calls take.
    pub context: StaffContext,
    /// What the directory said at sign-in.
    pub identity: StaffIdentity,
}

impl Staff {
    /// Reads the visit's session.
    ///
    /// # Errors
    /// [`Fault::NotSignedIn`] without one.
    pub fn of(visit: &Visit) -> Result<Self, Failure> {
        let session = visit.session.as_deref().ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
        let identity = identity(session).ok_or_else(|| Failure::new(Fault::NotSignedIn))?;
        Ok(Self { context: identity.context(visit.request.clone()), identity })
    }
}

/// `None` for a session an older program wrote in a form we no longer read: its owner signs in again.
pub fn identity(session: &Session) -> Option<StaffIdentity> {
    serde_json::from_str(&session.identity).ok()
}

/// As the shell of a page shows them.
pub fn describe(session: &Session, policy: &Policy) -> Option<User> {
    let identity = identity(session)?;
    let context = identity.context(RequestId(String::new()));
    Some(User {
        unread: 0,
        delegates: policy.decide_somewhere(&context, Act::Delegate),
        acting_for: None,
        name: identity.name().to_owned(),
        organisation: identity.department().map(str::to_owned),
        roles: identity.groups().to_vec(),
        person: None,
    })
}

impl<'a> FromRequest<'a> for Staff {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(Visit::of(request)?)?)
    }
}
