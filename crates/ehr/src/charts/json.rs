//! A section as JSON, whichever it is: the one face that both portals' APIs show.

use access::PersonId;
use jiff::Timestamp;
use serde::Serialize;

use super::record_query::RecordQuery;
use super::{Charts, Reader};
use crate::{EhrError, Section, Sheet, json};

impl Charts {
    /// `GET …/record/{section}`: the record as `INTERFACE`'s JSON, written at once: a tree of ten thousand results would cost
    /// ten times its text.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn record_json(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<String, EhrError> {
        fn sheet<F: Serialize>(person: PersonId, section: Section, of: &Sheet<F>) -> Result<String, EhrError> {
            Ok(serde_json::to_string(&json::sheet(person, section, of))?)
        }
        match section {
            Section::Demographics => {
                let of = self.demographics(reader, person, now).await?;
                Ok(serde_json::to_string(&json::demographics(person, &of))?)
            }
            Section::Summary => {
                let of = self.summary_within(reader, person, query, now).await?;
                Ok(serde_json::to_string(&json::summary(person, &of))?)
            }
            Section::Outpatient => {
                let of = self.outpatient(reader, person, query, now).await?;
                Ok(serde_json::to_string(&json::visits(person, &of))?)
            }
            Section::Inpatient => {
                let of = self.inpatient(reader, person, query, now).await?;
                Ok(serde_json::to_string(&json::visits(person, &of))?)
            }
            Section::LabResults => {
                let of = self.lab_results(reader, person, query, now).await?;
                Ok(serde_json::to_string(&json::lab_results(person, &of))?)
            }
            Section::Orders => sheet(person, section, &self.orders(reader, person, query, now).await?),
            Section::Prescriptions => sheet(person, section, &self.prescriptions(reader, person, query, now).await?),
            Section::Medications => sheet(person, section, &self.medications(reader, person, query, now).await?),
            Section::ExamReports => sheet(person, section, &self.exam_reports(reader, person, query, now).await?),
            Section::Nursing => sheet(person, section, &self.nursing(reader, person, query, now).await?),
            Section::PersonalRecord => sheet(person, section, &self.personal_record(reader, person, query, now).await?),
            Section::Surgery => sheet(person, section, &self.surgery(reader, person, query, now).await?),
            Section::Discharge => sheet(person, section, &self.discharge(reader, person, query, now).await?),
            Section::Charges => sheet(person, section, &self.charges(reader, person, query, now).await?),
            Section::FrontPage => sheet(person, section, &self.front_page(reader, person, query, now).await?),
        }
    }
}
