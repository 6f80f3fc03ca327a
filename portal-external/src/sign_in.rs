//! Signing patients in and out, for the page and for the API.

use access::{
    Classify, Domain, Fault, SystemContext,
    audit::{AuditError, AuditLog, Event, Outcome, action},
};
use accounts::{Account, SignInError};
use store::StoreError;
use web::{
    Failure, Visit,
    session::{Epoch, NewSession},
    throttle::canonical,
};
use zeroize::Zeroizing;

use crate::{portal::Portal, who::Patient};

/// What somebody typed.
pub struct Credentials {
    /// Sign-in name.
    pub username: String,
    /// Never logged, wiped after use.
    pub password: Zeroizing<String>,
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

/// Checks the credentials and begins a session; returns the session cookie's value. A session the
/// browser already had ends.
///
/// # Errors
/// [`Fault::NotSignedIn`] whatever was wrong with the credentials, [`Fault::TooMany`] after too many failures,
/// [`Fault::Unavailable`] when too many sign in at once.
pub async fn sign_in(portal: &Portal, visit: &Visit, credentials: Credentials) -> Result<String, Failure> {
    let attempt = portal.throttle.attempt(&canonical(None, &credentials.username), visit);
    let epoch = portal.sessions.epoch().await?;
    // Counted before it is checked: many at once are many.
    let wait = portal.throttle.begin(&attempt, visit.now).await?;
    if !wait.is_zero() {
        figure("delayed");
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        return Err(Failure::new(Fault::TooMany).with_retry_after(seconds));
    }
    match portal.accounts.sign_in(&credentials.username, credentials.password).await {
        Ok(account) => {
            figure("ok");
            portal.throttle.succeeded(&attempt).await?;
            portal.throttle.remember(&attempt, visit)?;
            begin(portal, visit, account, epoch).await
        }
        Err(error) => {
            let outcome = match error {
                SignInError::Refused => "refused",
                SignInError::Password(_) | SignInError::Store(_) => "unavailable",
            };
            figure(outcome);
            match error {
                SignInError::Refused => remember_refusal(portal, visit, outcome).await?,
                // Nothing was checked: no guess, and overload does not write rows.
                SignInError::Password(_) | SignInError::Store(_) => portal.throttle.withdraw(&attempt).await?,
            }
            Err(error.into())
        }
    }
}

fn figure(outcome: &'static str) {
    metrics::counter!("portal_signin_total", "method" => "password", "outcome" => outcome).increment(1);
}

async fn begin(portal: &Portal, visit: &Visit, account: Account, epoch: Epoch) -> Result<String, Failure> {
    let context = account.context(visit.request.clone());
    let new = NewSession {
        epoch,
        replaces: visit.session.as_ref().map(|session| session.id_hash.clone()),
        subject: account.subject().to_string(),
        identity: serde_json::to_string(&account).map_err(Failure::internal)?,
        network: visit.network.clone(),
        device: visit.device.clone(),
    };
    let (sessions, audit, now) = (portal.sessions.clone(), portal.audit.clone(), visit.now);
    let event = Event::new(action::SIGN_IN, "session", Outcome::Ok).with(serde_json::json!({"network": visit.network}));
    let row = AuditLog::draft(&context, now, event);
    let begun = portal
        .store
        .write::<_, SessionError, _>(move |tx| {
            Box::pin(async move {
                let cookie = sessions.begin(tx, new, now).await?;
                audit.append(tx, row).await?;
                Ok(cookie)
            })
        })
        .await?;
    Ok(begun)
}

/// A failed sign-in is in the audit log without the name that was typed: people type passwords into that field.
async fn remember_refusal(portal: &Portal, visit: &Visit, outcome: &'static str) -> Result<(), Failure> {
    let event = Event::new(action::SIGN_IN, "session", Outcome::Refused)
        .because(outcome)
        .with(serde_json::json!({"network": visit.network, "request": visit.request.0}));
    let row = AuditLog::draft(&SystemContext::new("portal-external", Domain::External), visit.now, event);
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
    let patient = Patient::of(visit)?;
    let row = AuditLog::draft(&patient.context, visit.now, Event::new(action::SIGN_OUT, "session", Outcome::Ok));
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
