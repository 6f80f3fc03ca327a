//! A section that is a list of facts, whichever it is: the one table of them, for pages and JSON alike.

use access::PersonId;
use jiff::Timestamp;
use schemars::{JsonSchema as _, Schema, SchemaGenerator};

use crate::{
    ChargeFields, Charts, DischargeFields, EhrError, ExamReportFields, FrontPageFields, Held, LookedItem,
    MedicationFields, NursingFields, OrderFields, PersonalFields, PrescriptionFields, Reader, RecordQuery, Section,
    Sheet, SourceReport, SurgeryFields, json,
};

macro_rules! listings {
    ($($section:ident($fields:ident) = $read:ident,)+) => {
        /// What a section that is a list of facts holds, by section.
        #[derive(Clone, Debug)]
        pub enum Listing {
            $(
                #[doc = concat!("[`Section::", stringify!($section), "`]")]
                $section(Sheet<$fields>),
            )+
        }

        impl Charts {
            /// Reads a section that is a list of facts.
            ///
            /// # Errors
            /// As [`Charts::demographics`]; [`EhrError::NotFound`] for a section that is none.
            pub async fn listing(
                &self,
                reader: Reader<'_>,
                person: PersonId,
                section: Section,
                query: &RecordQuery,
                now: Timestamp,
            ) -> Result<Listing, EhrError> {
                match section {
                    $(Section::$section => self.$read(reader, person, query, now).await.map(Listing::$section),)+
                    _ => Err(EhrError::NotFound),
                }
            }
        }

        /// What each section's JSON looks like.
        pub(crate) fn schemas(generator: &mut SchemaGenerator) -> Vec<(Section, Schema)> {
            vec![$((Section::$section, json::Record::<&$fields>::json_schema(generator)),)+]
        }

        impl Listing {
            /// What became of the sources, and what is held.
            pub(crate) fn ledger(&self) -> (&[SourceReport], &[Held]) {
                match self {
                    $(Self::$section(sheet) => (&sheet.sources, &sheet.held),)+
                }
            }

            /// Its items and whether every linked source has answered, for [`Charts::fresh`].
            pub fn looked(&self) -> (Vec<LookedItem>, bool) {
                match self {
                    $(Self::$section(sheet) => (crate::fresh::looked(sheet), sheet.complete()),)+
                }
            }

            /// As `INTERFACE`'s JSON.
            pub(crate) fn to_json(&self, person: PersonId) -> Result<String, serde_json::Error> {
                match self {
                    $(Self::$section(sheet) => {
                        serde_json::to_string(&json::sheet(person, Section::$section, sheet))
                    })+
                }
            }
        }
    };
}

listings! {
    Orders(OrderFields) = orders,
    Prescriptions(PrescriptionFields) = prescriptions,
    Medications(MedicationFields) = medications,
    ExamReports(ExamReportFields) = exam_reports,
    Surgery(SurgeryFields) = surgery,
    Nursing(NursingFields) = nursing,
    Discharge(DischargeFields) = discharge,
    Charges(ChargeFields) = charges,
    FrontPage(FrontPageFields) = front_page,
    PersonalRecord(PersonalFields) = personal_record,
}
