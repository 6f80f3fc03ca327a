//! The sections that are lists of facts: their columns and words.

mod charges;
mod discharge;
mod exam_reports;
mod front_page;
mod medications;
mod nursing;
mod orders;
mod personal_record;
mod prescriptions;
mod surgery;

use ehr::{Banner, Listing};

use crate::sheet::{self, PatientSheetPage, SheetInput, SheetPage};
use crate::{ListFilters, Scene};

pub use charges::ChargesView;
pub use discharge::DischargeView;
pub use exam_reports::ExamReportsView;
pub use front_page::FrontPageView;
pub use medications::MedicationsView;
pub use nursing::NursingView;
pub use orders::OrdersView;
pub use personal_record::PersonalRecordView;
pub use prescriptions::PrescriptionsView;
pub use surgery::SurgeryView;

/// What the page of any of them is made from; as [`SheetInput`].
pub struct ListingInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered.
    pub listing: &'a Listing,
    /// From the URL.
    pub filters: &'a ListFilters,
    /// Who prints it; nobody on the patient's own portal.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

macro_rules! draw {
    ($page:ident, $input:ident, $($section:ident as $view:ident,)+) => {{
        let ListingInput { banner, listing, filters, reader, scene } = *$input;
        match listing {
            $(Listing::$section(sheet) => {
                sheet::$page::<$view>(&SheetInput { banner, sheet, filters, reader, scene })
            })+
        }
    }};
    ($page:ident, $input:ident) => {
        draw!(
            $page, $input,
            Orders as OrdersView,
            Prescriptions as PrescriptionsView,
            Medications as MedicationsView,
            ExamReports as ExamReportsView,
            Surgery as SurgeryView,
            Nursing as NursingView,
            Discharge as DischargeView,
            Charges as ChargesView,
            FrontPage as FrontPageView,
            PersonalRecord as PersonalRecordView,
        )
    };
}

/// The clinician's page.
pub fn page(input: &ListingInput<'_>) -> SheetPage {
    draw!(page, input)
}

/// The patient's page.
pub fn patient_page(input: &ListingInput<'_>) -> PatientSheetPage {
    draw!(patient_page, input)
}
