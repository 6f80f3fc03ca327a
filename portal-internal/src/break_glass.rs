//! Breaking the glass, for the page and for the API: one's own password again, then an hour of one patient's record.

use access::{Event, Fault, GlassReason, Outcome, PersonId, Relation, Safeguard, audit::AuditLog, audit::action};
use directory::SignInError;
use web::{Failure, Visit, throttle};

use crate::{portal::Portal, who::Staff};

/// Problem type when the password was not theirs.
pub const PASSWORD_REFUSED: &str = "password-refused";

/// Opens the record of `person` to `staff`, who have just proven once more that it is they.
///
/// # Errors
/// [`Fault::Forbidden`] `password-refused` for a wrong password, [`Fault::TooMany`] after too many (counted together
/// with failed sign-ins), [`Fault::Unavailable`] when the directory is away or it can't be written down,
/// [`Fault::NotFound`] when there is no such person.
pub async fn break_glass(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    person: PersonId,
    reason: &GlassReason,
    password: &str,
) -> Result<Relation, Failure> {
    if Safeguard::FreshSignIn.stands() {
        prove(portal, visit, staff, person, password).await?;
    }
    Ok(portal.charts.break_glass(&staff.context, person, reason, visit.now).await?)
}

/// Asks the directory whether this is the password of whoever is signed in.
async fn prove(portal: &Portal, visit: &Visit, staff: &Staff, person: PersonId, password: &str) -> Result<(), Failure> {
    let (organisation, username) = (staff.identity.organisation(), staff.identity.username());
    // Counted with this account's sign-ins.
    let attempt = portal.throttle.attempt(&throttle::canonical(Some(organisation), username), visit);
    let wait = portal.throttle.begin(&attempt, visit.now).await?;
    if !wait.is_zero() {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        return Err(Failure::new(Fault::TooMany).with_retry_after(seconds));
    }
    match portal.directory.sign_in(Some(organisation), username, password).await {
        Ok(proven) if proven.subject() == staff.identity.subject() => Ok(portal.throttle.succeeded(&attempt).await?),
        // Somebody else has the name by now, or the password is wrong: both are a guess.
        Ok(_) | Err(SignInError::Refused(_)) => {
            let event = Event::new(action::GLASS_BROKEN, "treatment-relation", Outcome::Refused);
            let row = AuditLog::draft(&staff.context, visit.now, event.about(person).because(PASSWORD_REFUSED));
            let audit = portal.audit.clone();
            let written = portal.store.write(move |tx| Box::pin(async move { audit.append(tx, row).await }));
            written.await?;
            Err(Failure::new(Fault::Forbidden).with_problem(PASSWORD_REFUSED))
        }
        Err(error) => {
            portal.throttle.withdraw(&attempt).await?;
            Err(error.into())
        }
    }
}
