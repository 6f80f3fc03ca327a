//! 检查结果(影像除外) of every linked source, merged.

use access::PersonId;
use fhir::{kinds, rows};
use jiff::Timestamp;

use super::checked::Asking;
use super::fan_out::Tally;
use super::record_query::RecordQuery;
use super::sheet::{SheetKind, count_part};
use super::{Charts, Reader};
use crate::concept::said_form;
use crate::exam_reports::is_reported;
use crate::joined::time_key;
use crate::review::{MarkBook, Reviewed};
use crate::sheet::SheetRows;
use crate::{EhrError, Entry, ExamReportFields, Part, Precision, Section, Sheet};

pub(super) struct ExamReports;

impl Charts {
    /// Reports of all linked sources that are no laboratory's, newest first. A patient gets what may be shown to them now;
    /// the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn exam_reports(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Sheet<ExamReportFields>, EhrError> {
        self.sheet::<ExamReports>(reader, person, query, now).await
    }
}

impl SheetKind for ExamReports {
    const SECTION: Section = Section::ExamReports;
    const PARTS: &'static [Part] = &[Part::Reports];
    type Fields = ExamReportFields;

    async fn ask(asking: &Asking<'_>, mut rows: SheetRows<ExamReportFields>) -> (SheetRows<ExamReportFields>, Tally) {
        let (mut tally, mut why) = (Tally::default(), None);
        let take = |row: &rows::DiagnosticReport<'_>| why = rows.exam_report(row, asking.whose).or(why);
        let found = asking.search::<kinds::DiagnosticReport>(Self::SECTION.slug(), &[], take, |_| {}).await;
        count_part(&mut tally, Part::Reports, &found);
        if let Some(why) = why {
            tally.lacks(Part::Reports, why);
        }
        (rows, tally)
    }

    fn reviewed(book: &MarkBook, entries: &[Entry<ExamReportFields>]) -> Reviewed {
        super::review::of_reports(book, entries)
    }

    /// At the same moment, one conclusion here and another there, or reported and given up. Of one day there may be two
    /// examinations.
    fn contradict(one: &Entry<ExamReportFields>, other: &Entry<ExamReportFields>) -> bool {
        let moment = |of: &Entry<ExamReportFields>| {
            of.fact.time.as_ref().filter(|time| time.precision() == Precision::Instant).map(time_key)
        };
        let conclusion = |of: &Entry<ExamReportFields>| of.fields.conclusion.as_deref().map(said_form);
        let differ = conclusion(one).zip(conclusion(other)).is_some_and(|(one, other)| one != other);
        let given_up = is_reported(&one.fact.status) && !is_reported(&other.fact.status);
        moment(one).is_some() && moment(one) == moment(other) && (differ || given_up)
    }

    fn part(_entry: &Entry<ExamReportFields>) -> Part {
        Part::Reports
    }

    fn said(entry: &Entry<ExamReportFields>) -> Vec<&str> {
        let fields = &entry.fields;
        let titles = fields.documents.iter().filter_map(|document| document.title.as_deref());
        let said = fields.conclusion.iter().chain(&fields.conclusion_codes).chain(&fields.category).map(String::as_str);
        said.chain(titles).collect()
    }
}
