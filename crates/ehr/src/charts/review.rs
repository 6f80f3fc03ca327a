//! Marking a result: it is read again from its hospitals at that moment, so that a mark is about what is there and is this
//! person's, whatever a form says.

use access::{Act, Object, PersonId, StaffContext, audit::action};
use jiff::Timestamp;
use reviews::{NewReview, ReviewKind, ReviewNote, Reviews};
use uuid::Uuid;

use super::authorize::Allowed;
use super::{Charts, Reader, RecordQuery};
use crate::labs::LabResult;
use crate::review::{ItemReview, Mark, MarkBook, MayMark, Reviewed, originals, seen};
use crate::{EhrError, Entry, ExamReportFields, Gathered, Origin, Section, SourceReport};

/// Sections whose items can be marked.
const SECTIONS: [Section; 2] = [Section::LabResults, Section::ExamReports];

/// Which item is to be marked, as which it was seen.
#[derive(Clone, Debug)]
pub struct Markable<'a> {
    /// The section that shows it.
    pub section: Section,
    /// Its id there.
    pub item: &'a str,
    /// [`Reviewable::seen`] of the page that was looked at.
    pub seen: &'a str,
}

/// An item with all that is known about looking at it.
#[derive(Clone, Debug)]
pub struct Reviewable {
    /// The section that shows it.
    pub section: Section,
    /// What it is.
    pub item: ReviewedItem,
    /// Changes with every change at its hospitals.
    pub seen: String,
    /// What clinicians have said of it.
    pub review: ItemReview,
    /// What the reader may say of it.
    pub may: MayMark,
    /// Marks that the reader may withdraw.
    pub own: Vec<Uuid>,
    /// One per configured source, in configuration order.
    pub sources: Vec<SourceReport>,
    /// When it was read.
    pub as_of: Timestamp,
}

/// An item with what clinicians have said of it.
#[derive(Clone, Debug)]
pub struct Marked {
    /// The section that shows it.
    pub section: Section,
    /// Its id there.
    pub item: String,
    /// Changes with every change at its hospitals.
    pub seen: String,
    /// What they have said.
    pub review: ItemReview,
}

/// A result or a report.
#[derive(Clone, Debug)]
pub enum ReviewedItem {
    /// Of a laboratory.
    Result(Box<LabResult>),
    /// Of another examination.
    Report(Box<Entry<ExamReportFields>>),
}

impl ReviewedItem {
    /// Where it comes from.
    pub fn origins(&self) -> &[Origin] {
        match self {
            Self::Result(result) => &result.origins,
            Self::Report(entry) => &entry.fact.origins,
        }
    }

    /// Its id in its section.
    pub fn id(&self) -> &str {
        match self {
            Self::Result(result) => &result.id,
            Self::Report(entry) => &entry.fact.id,
        }
    }

    fn print(&self) -> String {
        match self {
            Self::Result(result) => result.print(),
            Self::Report(entry) => entry.fields.print(&entry.fact.status),
        }
    }
}

impl Charts {
    pub(super) fn reviews(&self) -> Reviews {
        Reviews::new(self.inner.store.clone(), self.inner.audit.clone())
    }

    /// Marks of a person in `section`, for whoever reads that section.
    pub(super) async fn mark_book(
        &self,
        reader: Reader<'_>,
        allowed: &Allowed,
        section: Section,
    ) -> Result<MarkBook, EhrError> {
        let all = self.reviews().of(&allowed.person.ids).await?;
        let may = match reader {
            Reader::Patient(_) => MayMark::default(),
            Reader::Staff(staff) => self.may_say(staff),
        };
        Ok(MarkBook::new(all, section, matches!(reader, Reader::Patient(_))).with(may))
    }

    fn may_say(&self, staff: &StaffContext) -> MayMark {
        let may = |act| self.may(staff, &Object::RECORD_REVIEWS, act).is_ok();
        MayMark { review: may(Act::ReviewResult), acknowledge: may(Act::AcknowledgeCritical) }
    }

    /// One result or report, read now, with its marks.
    ///
    /// # Errors
    /// As [`Charts::demographics`]; [`EhrError::Forbidden`] for those who mark nothing, [`EhrError::NotFound`] when the
    /// section has no such item, [`EhrError::Silent`] when it may be at a hospital that did not answer.
    pub async fn reviewable(
        &self,
        staff: &StaffContext,
        person: PersonId,
        (section, item): (Section, &str),
        now: Timestamp,
    ) -> Result<Reviewable, EhrError> {
        let allowed = self.may_mark(staff, person, section, ReviewKind::Reviewed, now).await?;
        self.read_reviewable(staff, &allowed, (section, item), now).await
    }

    async fn may_mark(
        &self,
        staff: &StaffContext,
        person: PersonId,
        section: Section,
        kind: ReviewKind,
        now: Timestamp,
    ) -> Result<Allowed, EhrError> {
        if !SECTIONS.contains(&section) {
            return Err(EhrError::NotFound);
        }
        let allowed = self.open(Reader::Staff(staff), person, section, now).await?;
        let (act, action) = match kind {
            ReviewKind::Reviewed => (Act::ReviewResult, action::RESULT_REVIEWED),
            ReviewKind::Acknowledged => (Act::AcknowledgeCritical, action::CRITICAL_ACKNOWLEDGED),
        };
        if let Err(error) = self.may(staff, &Object::RECORD_REVIEWS, act) {
            self.refused(staff, action, person, section.slug(), &error, now).await?;
            return Err(error);
        }
        Ok(allowed)
    }

    async fn read_reviewable(
        &self,
        staff: &StaffContext,
        allowed: &Allowed,
        (section, item): (Section, &str),
        now: Timestamp,
    ) -> Result<Reviewable, EhrError> {
        if !SECTIONS.contains(&section) {
            return Err(EhrError::NotFound);
        }
        let (reader, person, everything) = (Reader::Staff(staff), allowed.person.id, RecordQuery::default());
        let (found, mut reviews, sources, complete) = if section == Section::LabResults {
            let Gathered { items, sources, reviews, .. } = self.lab_results(reader, person, &everything, now).await?;
            let complete = is_complete(&sources);
            let found = items.into_iter().find(|one| one.id == item);
            (found.map(|one| ReviewedItem::Result(Box::new(one))), reviews, sources, complete)
        } else {
            let sheet = self.exam_reports(reader, person, &everything, now).await?;
            let complete = sheet.complete();
            let found = sheet.entries.into_iter().find(|one| one.fact.id == item);
            (found.map(|one| ReviewedItem::Report(Box::new(one))), sheet.reviews, sheet.sources, complete)
        };
        let Some(found) = found else {
            return Err(if complete { EhrError::NotFound } else { EhrError::Silent });
        };
        let own = self.reviews().made_by(staff, &allowed.person.ids).await?;
        let seen = seen(found.origins(), &found.print());
        let review = reviews.take(item).unwrap_or_default();
        let may = reviews.may();
        Ok(Reviewable { section, item: found, seen, review, may, own, sources, as_of: now })
    }

    /// Results and reports that somebody has marked or that are critical, read now; or the one asked for, marked or not. And
    /// whether every linked source answered in full.
    ///
    /// # Errors
    /// As [`Charts::demographics`]; [`EhrError::NotFound`] and [`EhrError::Silent`] as [`Charts::reviewable`].
    pub async fn marked(
        &self,
        staff: &StaffContext,
        person: PersonId,
        only: Option<(Section, &str)>,
        now: Timestamp,
    ) -> Result<(Vec<Marked>, bool), EhrError> {
        if let Some((section, item)) = only {
            let allowed = self.open(Reader::Staff(staff), person, section, now).await?;
            let found = self.read_reviewable(staff, &allowed, (section, item), now).await?;
            let item = found.item.id().to_owned();
            let complete = is_complete(&found.sources);
            return Ok((vec![Marked { section, item, seen: found.seen, review: found.review }], complete));
        }
        let (reader, everything) = (Reader::Staff(staff), RecordQuery::default());
        let (labs, reports) = tokio::join!(
            self.lab_results(reader, person, &everything, now),
            self.exam_reports(reader, person, &everything, now),
        );
        let (labs, reports) = (labs?, reports?);
        let of_result =
            |one: &LabResult| marked(Section::LabResults, &labs.reviews, (&one.id, &one.origins), one.print());
        let of_report = |one: &Entry<ExamReportFields>| {
            let print = one.fields.print(&one.fact.status);
            marked(Section::ExamReports, &reports.reviews, (&one.fact.id, &one.fact.origins), print)
        };
        let mut all: Vec<Marked> = labs.items.iter().filter_map(of_result).collect();
        all.extend(reports.entries.iter().filter_map(of_report));
        Ok((all, labs.complete() && reports.complete()))
    }

    /// Marks an item as reviewed, with a note to the patient if there is one, or acknowledges a critical value.
    ///
    /// # Errors
    /// As [`Charts::reviewable`]; [`EhrError::Changed`] when the item is no longer what was looked at,
    /// [`EhrError::NotCritical`] when there is nothing to acknowledge.
    pub async fn review(
        &self,
        staff: &StaffContext,
        person: PersonId,
        of: &Markable<'_>,
        (kind, note): (ReviewKind, Option<ReviewNote>),
        now: Timestamp,
    ) -> Result<Mark, EhrError> {
        let allowed = self.may_mark(staff, person, of.section, kind, now).await?;
        let found = self.read_reviewable(staff, &allowed, (of.section, of.item), now).await?;
        if found.seen != of.seen {
            return Err(EhrError::Changed);
        }
        if kind == ReviewKind::Acknowledged && !found.review.critical {
            return Err(EhrError::NotCritical);
        }
        let new = NewReview {
            person: allowed.person.id,
            section: of.section.slug(),
            kind,
            originals: originals(found.item.origins()),
            print: found.item.print(),
            note,
        };
        let kept = self.reviews().add(staff, new, now).await?;
        // It is about what was read a moment ago.
        Ok(Mark::new(kept, true))
    }

    /// Takes back a mark of one's own.
    ///
    /// # Errors
    /// As [`Charts::reviewable`]; [`EhrError::NotFound`] also for another's mark.
    pub async fn withdraw_review(
        &self,
        staff: &StaffContext,
        person: PersonId,
        mark: Uuid,
        now: Timestamp,
    ) -> Result<(), EhrError> {
        let allowed = self.open_any(Reader::Staff(staff), person, &SECTIONS, now).await?;
        Ok(self.reviews().withdraw(staff, &allowed.person.ids, mark, now).await?)
    }
}

fn is_complete(sources: &[SourceReport]) -> bool {
    use crate::SourceState::{Answered, NotLinked};
    sources.iter().all(|source| matches!(source.state, Answered | NotLinked))
}

fn marked(section: Section, reviews: &Reviewed, (id, origins): (&str, &[Origin]), print: String) -> Option<Marked> {
    let review = reviews.get(id)?.clone();
    Some(Marked { section, item: id.to_owned(), seen: seen(origins, &print), review })
}

/// Marks of results, and which of them are critical.
pub(super) fn of_results(book: &MarkBook, results: &[LabResult]) -> Reviewed {
    let mut reviewed = Reviewed::new(book.may);
    for one in results {
        let review = ItemReview { critical: one.is_critical(), marks: book.of(&one.origins, || one.print()) };
        reviewed.add(&one.id, review);
    }
    reviewed
}

/// Marks of reports. A report is critical by nobody's code.
pub(super) fn of_reports(book: &MarkBook, entries: &[Entry<ExamReportFields>]) -> Reviewed {
    let mut reviewed = Reviewed::new(book.may);
    for one in entries {
        let marks = book.of(&one.fact.origins, || one.fields.print(&one.fact.status));
        reviewed.add(&one.fact.id, ItemReview { critical: false, marks });
    }
    reviewed
}
