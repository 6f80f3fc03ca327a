//! Who of the staff treats whom: what a hospital would export of its departments' lists.

use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;

use crate::{
    clinical::Chart,
    clock::{DAY, Today},
    people::Person,
    reference::{Reference, script::StaffScript},
};

/// An encounter keeps somebody on their department's list for so long.
const REMEMBERED_DAYS: i64 = 365;
/// A list is good for so long; the next one says it again.
const LIST_DAYS: i64 = 90;

/// A member of staff has a patient on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Treatment {
    /// `uid` in the directory.
    pub staff: String,
    /// Hospital whose patient it is.
    pub hospital: String,
    /// `Patient` id there.
    pub patient: String,
    /// `encounter`: the department saw them within a year. `list`: put on the list by hand.
    pub how: &'static str,
    /// Last day.
    pub until: Date,
}

/// Everybody's list, in the order of the script's staff and the people.
pub(crate) fn of(reference: &Reference, people: &[Person], charts: &[Vec<Chart>], today: Today) -> Vec<Treatment> {
    let until = today.date().saturating_add(LIST_DAYS.days());
    let mut all = Vec::new();
    for staff in reference.script.staff.iter().filter(|staff| sees_patients(staff)) {
        for (person, charts) in people.iter().zip(charts) {
            let known = person.registrations.iter().zip(charts);
            let seen = known.filter(|(at, chart)| {
                let here = reference.script.hospitals.get(at.hospital);
                let own = here.is_some_and(|hospital| staff.works_at(hospital));
                own && saw(staff, chart, today)
            });
            let mut rows: Vec<_> = seen.map(|(at, _)| (at, "encounter")).collect();
            if rows.is_empty() && person.listed_by.contains(&staff.uid) {
                rows.extend(person.registrations.first().map(|at| (at, "list")));
            }
            all.extend(rows.into_iter().filter_map(|(at, how)| {
                Some(Treatment {
                    staff: staff.uid.clone(),
                    hospital: reference.script.hospitals.get(at.hospital)?.id.clone(),
                    patient: at.patient_id.clone(),
                    how,
                    until,
                })
            }));
        }
    }
    all
}

fn sees_patients(staff: &StaffScript) -> bool {
    staff.groups.iter().any(|group| matches!(group.as_str(), "physicians" | "nurses"))
}

fn saw(staff: &StaffScript, chart: &Chart, today: Today) -> bool {
    let since = today.midnight() - REMEMBERED_DAYS * DAY;
    chart.encounters.iter().any(|one| one.department == staff.department && (one.open || one.end >= since))
}
