//! What waits for a clinician in the records of those they treat. Each record is read like any other, by the same rules, with an
//! intent of its own; what could not be looked at is named, so that nothing found is never taken for nothing there.

use access::{Act, Object, PersonId, StaffContext, audit::GLANCE};
use futures_util::future::join_all;
use jiff::{Timestamp, civil::Date};
use reviews::ReviewKind;

use super::{Charts, Clinician, EncounterRules, MyPatient, Reader, RecordQuery};
use crate::labs::LabResult;
use crate::review::{OPEN_DAYS, OpenCritical, Reviewed, open_critical};
use crate::{EhrError, Gathered, Section, SourceReport, SourceState};

/// Records read for one look, those in hospital first: each costs every hospital that knows the patient a question.
pub const MOST_RECORDS: usize = 12;

/// What waits.
#[derive(Clone, Debug)]
pub struct WaitingResults {
    /// The records that were read, in the order of one's patients; those in which nothing waits too.
    pub records: Vec<WaitingRecord>,
    /// Names of those whose record could not be read.
    pub unread: Vec<String>,
    /// Patients whose records were not asked for: there are more than [`MOST_RECORDS`].
    pub unasked: usize,
    /// Hospitals that did not say whom the clinician treats there.
    pub unsure: Vec<SourceReport>,
    /// No hospital knows the clinician, and no list names them: whom they treat is not known at all.
    pub nowhere: bool,
    /// When this was put together.
    pub as_of: Timestamp,
}

/// One record.
#[derive(Clone, Debug)]
pub struct WaitingRecord {
    /// On every URL about them.
    pub person: PersonId,
    /// As registered.
    pub name: String,
    /// Regional index number: two of one name are told apart by it.
    pub number: String,
    /// Critical values that nobody acknowledged, as on the page of results.
    pub critical: OpenCritical,
    /// Results since the day asked for that nobody has looked at as they are now, newest first.
    pub unseen: Vec<LabResult>,
    /// One per configured source.
    pub sources: Vec<SourceReport>,
}

impl WaitingRecord {
    /// Sources that may have more.
    pub fn silent(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.iter().filter(|report| may_have_more(report))
    }
}

impl WaitingResults {
    /// Was every record of everybody whom the clinician treats read in full? Only then may it be said that nothing waits.
    pub fn complete(&self) -> bool {
        !self.nowhere
            && self.unread.is_empty()
            && self.unasked == 0
            && self.unsure.is_empty()
            && self.records.iter().all(|record| record.silent().next().is_none())
    }
}

fn may_have_more(report: &SourceReport) -> bool {
    !matches!(report.state, SourceState::Answered | SourceState::NotLinked)
}

impl Charts {
    /// Laboratory results that wait for `staff`: critical values of the last month that nobody acknowledged, and results since
    /// the day `since` that nobody has looked at. Takes as long as reading one record.
    ///
    /// # Errors
    /// As [`Charts::my_patients`]; [`EhrError::Forbidden`] for those who may not read results.
    pub async fn waiting_results(
        &self,
        staff: &StaffContext,
        (clinician, rules): (&Clinician, EncounterRules),
        since: Date,
        now: Timestamp,
    ) -> Result<WaitingResults, EhrError> {
        let results = Object::record(Section::LabResults.slug()).ok_or(EhrError::NotFound)?;
        self.may(staff, &results, Act::ReadRecord)?;
        let mine = self.my_patients(staff, clinician, rules, now).await?;
        // Beyond what is listed there are more, nobody counted how many.
        let unasked = mine.items.len().saturating_sub(MOST_RECORDS) + usize::from(mine.more);
        let nowhere = mine.items.is_empty() && mine.sources.iter().all(|report| report.state == SourceState::NotLinked);
        let unsure = mine.sources.iter().filter(|report| may_have_more(report)).cloned().collect();
        let read =
            join_all(mine.items.iter().take(MOST_RECORDS).map(|one| self.waiting_of(staff, one, since, now))).await;
        let mut waiting =
            WaitingResults { records: Vec::new(), unread: Vec::new(), unasked, unsure, nowhere, as_of: now };
        for (one, record) in mine.items.iter().zip(read) {
            match record {
                // Linked nowhere, nobody was asked.
                Ok(record) if record.sources.iter().all(|report| report.state == SourceState::NotLinked) => {
                    waiting.unread.push(one.name.clone());
                }
                Ok(record) => waiting.records.push(record),
                // Since the list was made the relation has ended: they are nobody's of theirs any more.
                Err(EhrError::BreakGlassRequired) => {}
                Err(error) => {
                    tracing::warn!(%error, "reading what waits in a record");
                    waiting.unread.push(one.name.clone());
                }
            }
        }
        Ok(waiting)
    }

    async fn waiting_of(
        &self,
        staff: &StaffContext,
        one: &MyPatient,
        since: Date,
        now: Timestamp,
    ) -> Result<WaitingRecord, EhrError> {
        let month = now.saturating_sub(jiff::SignedDuration::from_hours(24 * (OPEN_DAYS + 1)));
        let month = month.map_or(since, |at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
        let query = RecordQuery { since: Some(month.min(since)), ..RecordQuery::default() };
        let Gathered { items, sources, reviews, .. } =
            self.results_as(GLANCE, (Reader::Staff(staff), one.person), &query, now).await?;
        let recent = RecordQuery { since: Some(since), ..RecordQuery::default() };
        Ok(WaitingRecord {
            person: one.person,
            name: one.name.clone(),
            number: one.number.clone(),
            critical: open_critical(&items, &reviews, now),
            unseen: items
                .into_iter()
                .filter(|one| recent.includes(one.time.as_ref()) && is_unseen(one, &reviews))
                .collect(),
            sources,
        })
    }
}

/// A result of its own, not the heading of others, that nobody has looked at in its present version.
fn is_unseen(result: &LabResult, reviews: &Reviewed) -> bool {
    let heading = result.value.is_none() && !result.members.is_empty();
    let looked = reviews.get(&result.id).is_some_and(|review| review.standing(ReviewKind::Reviewed).is_some());
    !heading && !looked && result.status != "cancelled"
}
