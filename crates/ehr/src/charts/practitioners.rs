//! Who a member of staff is at a hospital: by the number that the directory has of them, and the name that goes with it.

use access::{KnownAs, Recognition};
use fhir::{Limits, Outcome, Query, SearchReport, kinds, rows};
use jiff::Timestamp;
use patients::names_agree;
use sources::Source;
use tokio::time::Instant;

use super::{Clinician, patient};
use crate::caring::{is_id, local};

/// One number has one bearer; whoever sends more has said enough.
const LIMITS: Limits = Limits { pages: 2, entries: 20 };
/// What somebody does at one hospital.
const MOST_ROLES: usize = 20;

/// A practitioner that bears the number, as far as it has to be known.
struct Bearer {
    id: String,
    named: bool,
    active: bool,
}

/// Asks who `clinician` is at `source`. `Err` when it can't be said: the source did not answer in full.
pub(super) async fn recognise(
    source: &Source,
    token: &str,
    clinician: &Clinician,
    deadline: Instant,
    now: Timestamp,
) -> Result<Recognition, SearchReport> {
    let mut bearers: Vec<Bearer> = Vec::new();
    let number = token.split_once('|');
    let mut take = |entry: fhir::Entry<'_, rows::Practitioner<'_>>| {
        if let Some(one) = bearer(&entry.row, token, clinician).filter(|one| !bearers.iter().any(|b| b.id == one.id)) {
            bearers.push(one);
        }
    };
    let report = match number {
        Some(_) => {
            let query = Query::new().with("identifier", token);
            source.search::<kinds::Practitioner>(&query, &LIMITS, deadline, now, &mut take).await
        }
        None => source.read::<kinds::Practitioner>(token, deadline, now, &mut take).await,
    };
    // What was cut off may have named a second one.
    if report.outcome != Outcome::Answered {
        return Err(report);
    }
    let Some(only) = bearers.pop() else { return Ok(Recognition::Unknown) };
    if !bearers.is_empty() {
        return Ok(Recognition::Ambiguous);
    }
    match (only.named, only.active) {
        (false, _) => Ok(Recognition::NameDiffers),
        (true, false) => Ok(Recognition::Inactive),
        (true, true) => {
            let roles = roles(source, &only.id, deadline, now).await;
            Ok(Recognition::Known(KnownAs { practitioner: only.id, roles }))
        }
    }
}

/// The practitioner, if they bear the number.
fn bearer(row: &rows::Practitioner<'_>, token: &str, clinician: &Clinician) -> Option<Bearer> {
    // A server that ignores the number, or answers with somebody else, has not said who bears it.
    let bears = match token.split_once('|') {
        Some((system, value)) => row.identifier.iter().any(|one| {
            one.usage != Some("old") && one.system == Some(system) && one.value.map(str::trim) == Some(value)
        }),
        None => row.id == Some(token),
    };
    let id = row.id.filter(|id| is_id(id) && row.resource_type == Some("Practitioner") && bears)?;
    let names = patient::names(row.name);
    let named = names.iter().any(|name| clinician.names.iter().any(|own| names_agree(own, name)));
    Some(Bearer { id: id.to_owned(), named, active: row.active != Some(false) })
}

/// Is the practitioner `id` of `source` certainly `clinician`, whom the directory knows there by `token`? By the same rule, of
/// somebody whom the source names itself. `Err` is a key of words.
pub(super) async fn is_them(
    source: &Source,
    (id, token): (&str, &str),
    clinician: &Clinician,
    deadline: Instant,
    now: Timestamp,
) -> Result<(), &'static str> {
    let mut read = false;
    let mut found: Option<Bearer> = None;
    let mut take = |entry: fhir::Entry<'_, rows::Practitioner<'_>>| {
        let is_asked_for = entry.row.resource_type == Some("Practitioner") && entry.row.id == Some(id);
        read |= is_asked_for;
        found = found.take().or_else(|| bearer(&entry.row, token, clinician).filter(|_| is_asked_for));
    };
    let report = source.read::<kinds::Practitioner>(id, deadline, now, &mut take).await;
    match found {
        _ if !read || report.outcome != Outcome::Answered => Err("practitioner-unreadable"),
        Some(Bearer { named: true, active: true, .. }) => Ok(()),
        Some(Bearer { named: true, active: false, .. }) => Err("practitioner-inactive"),
        Some(_) | None => Err("another-practitioner"),
    }
}

/// The practitioner whose role `id` is at `source`, if it says so.
pub(super) async fn in_role(source: &Source, id: &str, deadline: Instant, now: Timestamp) -> Option<String> {
    let base = source.client.base().clone();
    let mut found: Option<String> = None;
    let mut take = |entry: fhir::Entry<'_, rows::PractitionerRole<'_>>| {
        let row = &entry.row;
        let is_asked_for = row.resource_type == Some("PractitionerRole") && row.id == Some(id);
        let who = row.practitioner.as_ref().and_then(|who| local(who, &base, "Practitioner"));
        found = found.take().or_else(|| who.filter(|_| is_asked_for && row.active != Some(false)).map(str::to_owned));
    };
    source.read::<kinds::PractitionerRole>(id, deadline, now, &mut take).await;
    found
}

/// Ids of their roles. Most servers name the practitioner in encounters, and many have no roles at all: none is no fault.
async fn roles(source: &Source, practitioner: &str, deadline: Instant, now: Timestamp) -> Vec<String> {
    let mut roles: Vec<String> = Vec::new();
    let base = source.client.base().clone();
    let mut take = |entry: fhir::Entry<'_, rows::PractitionerRole<'_>>| {
        let row = &entry.row;
        let own = row.practitioner.as_ref().and_then(|who| local(who, &base, "Practitioner")) == Some(practitioner);
        let id = row.id.filter(|id| own && is_id(id) && row.active != Some(false));
        let id = id.filter(|_| row.resource_type == Some("PractitionerRole") && roles.len() < MOST_ROLES);
        roles.extend(id.filter(|id| !roles.iter().any(|known| known == id)).map(str::to_owned));
    };
    let query = Query::new().with("practitioner", format!("Practitioner/{practitioner}"));
    source.search::<kinds::PractitionerRole>(&query, &LIMITS, deadline, now, &mut take).await;
    roles
}
