//! Signing staff in and out, for the page and for the API.

use access::{
    Classify, Domain, Fault, SystemContext,
    audit::{AuditError, AuditLog, Event, Outcome, action},
};
use directory::{SignInError, StaffIdentity};
use store::StoreError;
use web::{
    Failure, Visit,
    session::{Epoch, NewSession},
    throttle::canonical,
};
use zeroize::Zeroizing;

use crate::{delivery, mine, portal::Portal, who::Staff};

/// What somebody typed.
pub struct Credentials {
    /// Sign-in name.
    pub username: String,
    /// Never logged, wiped after use.
    pub password: Zeroizing<String>,
    /// The directory's id, when there are several.
    pub organisation: Option<String>,
}

/// Why a session could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl Classify for SessionError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Audit(error) => error.fault(),
        }
    }
}

/// Checks the credentials with the directory and begins a session; returns the session cookie's value. A session the
/// browser already had ends.
///
/// # Errors
/// [`Fault::NotSignedIn`] whatever was wrong with the credentials, [`Fault::TooMany`] after too many failures,
/// [`Fault::Unavailable`] when the directory is away.
pub async fn sign_in(portal: &Portal, visit: &Visit, credentials: Credentials) -> Result<String, Failure> {
    let organisation = organisation(portal, credentials.organisation.as_deref());
    let attempt = portal.throttle.attempt(&canonical(organisation, &credentials.username), visit);
    let epoch = portal.sessions.epoch().await?;
    // Counted before it is checked: many at once are many.
    let wait = portal.throttle.begin(&attempt, visit.now).await?;
    if !wait.is_zero() {
        figure("delayed");
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        return Err(Failure::new(Fault::TooMany).with_retry_after(seconds));
    }
    let asked =
        portal.directory.sign_in(credentials.organisation.as_deref(), &credentials.username, &credentials.password);
    match asked.await {
        Ok(identity) => {
            figure("ok");
            portal.throttle.succeeded(&attempt).await?;
            portal.throttle.remember(&attempt, visit)?;
            begin(portal, visit, identity, epoch).await
        }
        Err(error) => {
            figure(error.outcome());
            match error {
                SignInError::Refused(_) => remember_refusal(portal, visit, error.outcome()).await?,
                // Nobody was asked, or nobody answered: no guess.
                SignInError::Organisation => {}
                _ => portal.throttle.withdraw(&attempt).await?,
            }
            Err(error.into())
        }
    }
}

fn figure(outcome: &'static str) {
    metrics::counter!("portal_signin_total", "method" => "ldap", "outcome" => outcome).increment(1);
}

/// The directory that is asked: the only one when nobody had to choose, so that naming it is no other account.
fn organisation<'a>(portal: &'a Portal, chosen: Option<&'a str>) -> Option<&'a str> {
    let mut all = portal.directory.organisations().map(|(id, _)| id);
    match (chosen.filter(|id| !id.is_empty()), all.next(), all.next()) {
        (None, Some(only), None) => Some(only),
        (chosen, _, _) => chosen,
    }
}

async fn begin(portal: &Portal, visit: &Visit, identity: StaffIdentity, epoch: Epoch) -> Result<String, Failure> {
    let context = identity.context(visit.request.clone());
    let new = NewSession {
        epoch,
        replaces: visit.session.as_ref().map(|session| session.id_hash.clone()),
        subject: identity.subject().to_string(),
        identity: serde_json::to_string(&identity).map_err(Failure::internal)?,
        network: visit.network.clone(),
        device: visit.device.clone(),
    };
    let (sessions, audit, now) = (portal.sessions.clone(), portal.audit.clone(), visit.now);
    let event = Event::new(action::SIGN_IN, "session", Outcome::Ok).with(serde_json::json!({"network": visit.network}));
    let row = AuditLog::draft(&context, now, event);
    let reached = delivery::remembered(portal, visit, &identity).await;
    let begun = portal
        .store
        .write::<_, SessionError, _>(move |tx| {
            Box::pin(async move {
                let cookie = sessions.begin(tx, new, now).await?;
                if let Some(reached) = reached {
                    reached.put(tx).await?;
                }
                audit.append(tx, row).await?;
                Ok(cookie)
            })
        })
        .await?;
    mine::read_later(portal, context, &identity, visit.now);
    Ok(begun)
}

/// A failed sign-in is in the audit log without the name that was typed: people type passwords into that field.
async fn remember_refusal(portal: &Portal, visit: &Visit, outcome: &'static str) -> Result<(), Failure> {
    let event = Event::new(action::SIGN_IN, "session", Outcome::Refused)
        .because(outcome)
        .with(serde_json::json!({"network": visit.network, "request": visit.request.0}));
    let row = AuditLog::draft(&SystemContext::new("portal-internal", Domain::Internal), visit.now, event);
    let audit = portal.audit.clone();
    let write = portal.store.write::<_, SessionError, _>(move |tx| {
        Box::pin(async move {
            audit.append(tx, row).await?;
            Ok(())
        })
    });
    Ok(write.await?)
}

/// Ends the visit's session.
///
/// # Errors
/// The database's; the session then lives on.
pub async fn sign_out(portal: &Portal, visit: &Visit) -> Result<(), Failure> {
    let Some(session) = &visit.session else { return Ok(()) };
    let staff = Staff::of(visit)?;
    let row = AuditLog::draft(&staff.context, visit.now, Event::new(action::SIGN_OUT, "session", Outcome::Ok));
    let (sessions, audit, now, id) =
        (portal.sessions.clone(), portal.audit.clone(), visit.now, session.id_hash.clone());
    let write = portal.store.write::<_, SessionError, _>(move |tx| {
        Box::pin(async move {
            sessions.end(tx, &id, now).await?;
            audit.append(tx, row).await?;
            Ok(())
        })
    });
    Ok(write.await?)
}
