//! A clinician's own patients: asked for at sign-in and on the desk, never in the way of either.

use std::sync::Arc;
use std::time::Duration;

use access::{Act, Object, PersonId, StaffContext};
use directory::StaffIdentity;
use ehr::{Clinician, EhrError, EncounterRules, MyPatients, WaitingResults};
use jiff::{SignedDuration, Timestamp, civil::Date};
use sources::{Callback, ConnectError};
use tokio::sync::Semaphore;
use web::Failure;

use crate::{portal::Portal, who::Staff};

/// Readings that sign-ins have begun, at a time. In the morning a whole hospital signs in at once, and hospitals are to
/// answer those who read a record.
const AT_ONCE: usize = 16;
/// Whose turn has not come by then is read for when they open the desk.
const TURN: Duration = Duration::from_secs(30);
/// Nobody waits longer for a page.
const LONGEST: Duration = Duration::from_secs(9);
/// Somebody asks for it: still not more often than this.
const AGAIN: SignedDuration = SignedDuration::from_secs(15);

/// Reading whom staff treat.
pub struct Mine {
    rules: EncounterRules,
    turns: Arc<Semaphore>,
}

/// How a list of patients is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// As it is known; hospitals are asked meanwhile.
    AtOnce,
    /// With what hospitals say that are due, or are being asked.
    WithDue,
    /// With what all of them say now.
    Refreshed,
}

impl Mine {
    /// By these rules.
    pub fn new(rules: EncounterRules) -> Self {
        Self { rules, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

fn clinician(identity: &StaffIdentity) -> Clinician {
    Clinician { names: identity.names().to_vec(), known_by: identity.practitioner().clone() }
}

/// Asks the hospitals that are due, in the background: whatever comes of it, nobody waits.
pub fn read_later(portal: &Portal, context: StaffContext, identity: &StaffIdentity, now: Timestamp) {
    if !portal.policy.decide(&context, &Object::SECTION_RECORD, Act::ReadRecord) || identity.practitioner().is_empty() {
        return;
    }
    let (charts, clinician) = (portal.charts.clone(), clinician(identity));
    let (rules, turns) = (portal.mine.rules, portal.mine.turns.clone());
    tokio::spawn(async move {
        let Ok(Ok(_turn)) = tokio::time::timeout(TURN, turns.acquire()).await else { return };
        if let Err(error) = charts.read_encounters(&context, &clinician, rules, now).await {
            tracing::warn!(%error, "reading whom somebody treats");
        }
    });
}

/// Laboratory results that wait in the records of those whom they treat, since a day.
///
/// # Errors
/// As [`ehr::Charts::waiting_results`].
pub async fn waiting(portal: &Portal, staff: &Staff, since: Date, now: Timestamp) -> Result<WaitingResults, EhrError> {
    let clinician = clinician(&staff.identity);
    portal.charts.waiting_results(&staff.context, (&clinician, portal.mine.rules), since, now).await
}

/// The person whose record a hospital's own system has sent them here for.
///
/// # Errors
/// As [`ehr::Charts::launch`].
pub async fn launched(
    portal: &Portal,
    staff: &Staff,
    session: &str,
    callback: &Callback,
    now: Timestamp,
) -> Result<Option<PersonId>, ConnectError> {
    let clinician = clinician(&staff.identity);
    portal.charts.launch((&staff.context, &clinician), &portal.launches, session, callback, now).await
}

/// Whom they treat; `None` for staff who may not read records.
///
/// # Errors
/// The database's, and the audit's.
pub async fn patients(
    portal: &Portal,
    staff: &Staff,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Option<MyPatients>, Failure> {
    if !portal.policy.decide(&staff.context, &Object::SECTION_RECORD, Act::ReadRecord) {
        return Ok(None);
    }
    let (rules, clinician) = (portal.mine.rules, clinician(&staff.identity));
    let every = if wanted == Wanted::Refreshed { AGAIN.min(rules.every) } else { rules.every };
    // What is due is due before it is asked for: the page says so, and asks again when it has been drawn.
    let known = portal.charts.my_patients(&staff.context, &clinician, rules, now);
    if wanted == Wanted::AtOnce {
        let known = known.await?;
        read_later(portal, staff.context.clone(), &staff.identity, now);
        return Ok(Some(known));
    }
    let (charts, context, who) = (portal.charts.clone(), staff.context.clone(), clinician.clone());
    let rules_now = EncounterRules { every, ..rules };
    // A task of its own: whoever leaves, or has waited long enough, does not break off what hospitals are answering.
    let reading = tokio::spawn(async move { charts.read_encounters(&context, &who, rules_now, now).await });
    if let Ok(read) = tokio::time::timeout(LONGEST, reading).await {
        read.map_err(Failure::internal)??;
    }
    Ok(Some(known.await?))
}
