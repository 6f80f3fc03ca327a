//! Which encounters make somebody the one who treats a patient, and until when.
//!
//! What a hospital sends is looked at again: only an encounter that names this practitioner among those who take part, and
//! a patient of this very hospital, is any evidence.

use access::KnownAs;
use fhir::Reference;
use fhir::rows::{CodeableConcept, Encounter, EncounterParticipant, Period, ResourceReference};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::concept::{has_code, some_words};
use crate::outpatient::classify;
use crate::{ClinicalTime, Precision, VisitClass};

/// Of relatives, interpreters and whoever is to be called: they treat nobody
/// (<https://terminology.hl7.org/CodeSystem-v3-ParticipationType.html>,
/// <https://hl7.org/fhir/R4/valueset-encounter-participant-type.html>).
const NOT_TREATING: [&str; 4] = ["ESC", "CALLBCK", "translator", "emergency"];
/// Hospitals forget to close visits to a clinic: one that began longer ago is over.
const OPEN_VISIT: SignedDuration = SignedDuration::from_hours(48);
/// A planned visit is prepared for in the days before it.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 7);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_PLACE: usize = 100;
/// FHIR ids have 64 characters at most; some servers' are longer.
const LONGEST_ID: usize = 200;
/// <https://hl7.org/fhir/R4/valueset-encounter-status.html>
const STATUSES: [&str; 9] =
    ["planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown"];

/// Until when an encounter makes a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// Until then, which is ahead.
    Until(Timestamp),
    /// It makes none, and one that it made ends now.
    No,
    /// It is over, and nobody says since when: a relation that stands goes on to its end, and none begins.
    AsItStands,
}

/// An encounter that somebody takes part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attended {
    pub encounter: String,
    /// Id of its patient at the same source.
    pub patient: String,
    pub status: &'static str,
    pub class: VisitClass,
    pub place: Option<String>,
    pub started: Option<String>,
    pub lasts: Lasts,
}

/// The encounter, if it is evidence that `who` treats a patient of the server at `base`.
pub(crate) fn attended(
    row: &Encounter<'_>,
    who: &KnownAs,
    base: &Url,
    now: Timestamp,
    after: SignedDuration,
) -> Option<Attended> {
    let encounter = row.id.filter(|id| is_id(id))?;
    let patient = local(row.subject.as_ref()?, base, "Patient")?;
    let parts: Vec<&EncounterParticipant<'_>> =
        row.participant.iter().filter(|one| treats(one.kind) && is_them(one, who, base)).collect();
    if parts.is_empty() {
        return None;
    }
    let status = STATUSES.into_iter().find(|known| row.status == Some(known)).unwrap_or("unknown");
    let (class, _) = classify::class(row);
    let period = row.period.unwrap_or_default();
    let started = period.start.and_then(ClinicalTime::parse);
    // They take part as long as the longest of their parts lasts; one without an end lasts as long as the encounter.
    let ends: Vec<Option<Timestamp>> = parts.iter().map(|part| end(part.period)).collect();
    let left = if ends.contains(&None) { None } else { ends.into_iter().flatten().max() };
    let times = Times { start: started.as_ref().and_then(begin), end: end(row.period), left };
    Some(Attended {
        encounter: encounter.to_owned(),
        patient: patient.to_owned(),
        status,
        class,
        place: place(row),
        started: started.map(|time| time.as_str().to_owned()),
        lasts: lasts(status, class, times, now, after),
    })
}

/// When an encounter began and ended, and when they left it.
#[derive(Clone, Copy)]
struct Times {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    left: Option<Timestamp>,
}

fn lasts(status: &str, class: VisitClass, times: Times, now: Timestamp, after: SignedDuration) -> Lasts {
    let Times { start, end, left } = times;
    // Nothing that a hospital writes opens a record for longer than an encounter that is going on this moment.
    let until = |end: Timestamp| match end.min(now) + after {
        until if until > now => Lasts::Until(until),
        _ => Lasts::No,
    };
    let left = left.filter(|left| *left <= now);
    match status {
        "planned" => match start {
            Some(start) if start > now - DAY && start <= now + AHEAD => Lasts::Until(a_day_after(start)),
            _ => Lasts::No,
        },
        "arrived" | "triaged" | "in-progress" | "onleave" => match (left, start) {
            (Some(left), _) => until(left),
            (None, _) if class == VisitClass::Inpatient => until(now),
            (None, Some(start)) if now.duration_since(start) <= OPEN_VISIT => until(now),
            (None, Some(start)) => until(a_day_after(start)),
            (None, None) => Lasts::No,
        },
        "finished" => match (end.into_iter().chain(left).min(), start) {
            (Some(end), _) => until(end),
            (None, Some(start)) if class != VisitClass::Inpatient => until(a_day_after(start)),
            (None, _) => Lasts::AsItStands,
        },
        _ => Lasts::No,
    }
}

fn treats(kind: &[CodeableConcept<'_>]) -> bool {
    kind.is_empty() || kind.iter().any(|one| !NOT_TREATING.iter().any(|not| has_code(std::slice::from_ref(one), not)))
}

fn is_them(part: &EncounterParticipant<'_>, who: &KnownAs, base: &Url) -> bool {
    let Some(individual) = &part.individual else { return false };
    let role = local(individual, base, "PractitionerRole");
    local(individual, base, "Practitioner") == Some(who.practitioner.as_str())
        || role.is_some_and(|role| who.roles.iter().any(|own| own == role))
}

/// The id that a reference certainly means on this server.
pub(crate) fn local<'r>(reference: &ResourceReference<'r>, base: &Url, wanted: &str) -> Option<&'r str> {
    if reference.kind.is_some_and(|said| said != wanted) {
        return None;
    }
    match Reference::parse(reference.reference?, base) {
        Reference::Local { kind, id, .. } if kind == wanted && id.len() <= LONGEST_ID => Some(id),
        _ => None,
    }
}

/// As FHIR has ids, with what servers use besides: it becomes part of an address.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn begin(time: &ClinicalTime) -> Option<Timestamp> {
    Timestamp::from_second(time.epoch_seconds()).ok()
}

/// The end of a period: of a day that is named whole, the end of that day.
fn end(period: Option<Period<'_>>) -> Option<Timestamp> {
    let time = ClinicalTime::parse(period?.end?)?;
    let begun = begin(&time)?;
    Some(if time.precision() == Precision::Day { a_day_after(begun) } else { begun })
}

/// Hospitals write the end of time for "no end".
fn a_day_after(time: Timestamp) -> Timestamp {
    time.checked_add(DAY).unwrap_or(time)
}

/// Ward and bed, else the department, in the hospital's words.
fn place(row: &Encounter<'_>) -> Option<String> {
    let here = row.location.iter().filter(|one| !matches!(one.status, Some("planned" | "reserved" | "completed")));
    let words: Vec<&str> = here.filter_map(|one| one.location?.display).map(str::trim).collect();
    let said = if words.is_empty() { some_words(row.service_type.as_ref())? } else { words.join(" ") };
    let said: String = said.chars().filter(|c| !c.is_control()).take(LONGEST_PLACE).collect();
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests;
