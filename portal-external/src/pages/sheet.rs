//! `/people/{id}/record/{section}` of sections that are lists of facts.

use std::future::Future;

use access::{Fault, PersonId};
use ehr::{EhrError, Reader, RecordQuery, Section, Sheet};
use poem::{Request, Response};
use record_view::{
    outpatient::VisitFilters,
    sheet::{SheetInput, SheetView, patient_page},
    sheets::{
        ChargesView, DischargeView, ExamReportsView, FrontPageView, MedicationsView, NursingView, OrdersView,
        PersonalRecordView, PrescriptionsView, SurgeryView,
    },
};
use web::{Failure, Visit};

use super::{record::pairs, scene};
use crate::{portal::Portal, who::Patient};

/// The section of a person.
pub(super) async fn draw(
    portal: &Portal,
    visit: &Visit,
    patient: &Patient,
    (person, section): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Patient(&patient.context);
    let (charts, query, now) = (&portal.charts, &RecordQuery::default(), visit.now);
    let on = On { portal, visit, patient, person, request };
    match section {
        Section::Charges => on.page::<ChargesView>(charts.charges(reader, person, query, now)).await,
        Section::FrontPage => on.page::<FrontPageView>(charts.front_page(reader, person, query, now)).await,
        Section::Discharge => on.page::<DischargeView>(charts.discharge(reader, person, query, now)).await,
        Section::ExamReports => on.page::<ExamReportsView>(charts.exam_reports(reader, person, query, now)).await,
        Section::Orders => on.page::<OrdersView>(charts.orders(reader, person, query, now)).await,
        Section::Prescriptions => on.page::<PrescriptionsView>(charts.prescriptions(reader, person, query, now)).await,
        Section::Medications => on.page::<MedicationsView>(charts.medications(reader, person, query, now)).await,
        Section::Nursing => on.page::<NursingView>(charts.nursing(reader, person, query, now)).await,
        Section::PersonalRecord => {
            on.page::<PersonalRecordView>(charts.personal_record(reader, person, query, now)).await
        }
        Section::Surgery => on.page::<SurgeryView>(charts.surgery(reader, person, query, now)).await,
        _ => Err(Failure::new(Fault::NotFound)),
    }
}

/// What every section's page needs.
struct On<'a> {
    portal: &'a Portal,
    visit: &'a Visit,
    patient: &'a Patient,
    person: PersonId,
    request: &'a Request,
}

impl On<'_> {
    async fn page<V: SheetView>(
        &self,
        read: impl Future<Output = Result<Sheet<V::Fields>, EhrError>>,
    ) -> Result<Response, Failure> {
        let On { portal, visit, person, .. } = *self;
        let reader = Reader::Patient(&self.patient.context);
        // The section first: it writes a refusal down, the banner does not.
        let sheet = read.await?;
        let banner = portal.charts.plain_banner(reader, person, visit.now).await?;
        let pairs = pairs(self.request);
        let filters = VisitFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let page = patient_page::<V>(&SheetInput {
            banner: &banner,
            sheet: &sheet,
            filters: &filters,
            reader: "",
            scene: scene(portal, visit),
        });
        portal.pages.page(visit, "record/sheet.html", &page)
    }
}
