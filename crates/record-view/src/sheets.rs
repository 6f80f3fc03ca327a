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
pub(crate) use surgery::minute;
