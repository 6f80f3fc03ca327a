//! A section as JSON, whichever it is: the one face that both portals' APIs show.

use access::PersonId;
use jiff::Timestamp;

use super::record_query::RecordQuery;
use super::{Charts, Reader};
use crate::{EhrError, Section, json};

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
            list => Ok(self.listing(reader, person, list, query, now).await?.to_json(person)?),
        }
    }
}
