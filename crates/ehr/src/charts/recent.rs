//! Whose records a member of staff opened lately, by what the audit log says of them: no list of its own to keep.

use access::{Act, AuditLog, Event, Object, Outcome, PersonId, StaffContext, audit::action};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Charts, identifiers};
use crate::{EhrError, MaskedIdentifier};

/// After that, whoever wants to go on looks for the patient again.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Each is asked about like a record that is opened.
const MOST: u64 = 8;

/// Somebody whose record was opened lately, and may still be.
#[derive(Clone, Debug)]
pub struct RecentPatient {
    /// On every URL about them.
    pub person: PersonId,
    /// Regional index number.
    pub number: String,
    /// As registered.
    pub name: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Completed years.
    pub age: Option<i32>,
    /// Masked.
    pub identifiers: Vec<MaskedIdentifier>,
    /// When last.
    pub opened_at: Timestamp,
}

impl Charts {
    /// Whose records `staff` opened in the last seven days, the latest first. Only those that they may open just now: a
    /// relation that has ended takes the name away with it.
    ///
    /// # Errors
    /// By policy, the database's, and the audit's.
    pub async fn recent_patients(&self, staff: &StaffContext, now: Timestamp) -> Result<Vec<RecentPatient>, EhrError> {
        self.may(staff, &Object::SECTION_RECORD, Act::ReadRecord)?;
        let opened = AuditLog::opened_by(&self.inner.store, staff.subject(), now - LATELY, MOST).await?;
        let ids: Vec<PersonId> = opened.iter().map(|(person, _)| *person).collect();
        let mut items: Vec<RecentPatient> = Vec::new();
        for person in self.inner.index.people(&ids).await? {
            // Two who were joined since then are one.
            let last = opened.iter().filter(|(id, _)| person.ids.contains(id)).map(|(_, at)| *at).max();
            let Some(opened_at) = last.filter(|_| items.iter().all(|known| known.person != person.id)) else {
                continue;
            };
            match self.relation(staff, &person, now).await {
                Ok(_) => {}
                Err(EhrError::BreakGlassRequired) => continue,
                Err(error) => return Err(error),
            }
            items.push(RecentPatient {
                person: person.id,
                age: crate::age::years(person.birth_date.as_deref(), now),
                identifiers: identifiers(&person),
                number: person.number,
                name: person.name,
                sex: person.sex,
                birth_date: person.birth_date,
                opened_at,
            });
        }
        items.sort_by_key(|one| (std::cmp::Reverse(one.opened_at), one.person));
        if !items.is_empty() {
            let shown: Vec<String> = items.iter().map(|one| one.person.to_string()).collect();
            let event = Event::new(action::RECENT_PATIENTS_SHOWN, "recent-patients", Outcome::Ok);
            self.write_down(staff, event.with(json!({ "shown": shown })), now).await?;
        }
        Ok(items)
    }
}
