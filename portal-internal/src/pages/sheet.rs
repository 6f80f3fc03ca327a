//! `/patients/{id}/{section}` of sections that are lists of facts.

use std::future::Future;

use access::{Fault, PersonId};
use ehr::{EhrError, Reader, RecordQuery, Section, Sheet};
use poem::{Request, Response};
use record_view::{
    outpatient::VisitFilters,
    sheet::{SheetInput, SheetView, page},
    sheets::{
        ChargesView, DischargeView, ExamReportsView, FrontPageView, MedicationsView, NursingView, OrdersView,
        PersonalRecordView, PrescriptionsView, SurgeryView,
    },
};
use web::{Failure, Visit};

use super::{record::pairs, scene};
use crate::{portal::Portal, who::Staff};

/// The section of a person.
pub(super) async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    (person, section): (PersonId, Section),
    request: &Request,
) -> Result<Response, Failure> {
    let reader = Reader::Staff(&staff.context);
    let (charts, query, now) = (&portal.charts, &RecordQuery::default(), visit.now);
    let on = On { portal, visit, staff, person, request };
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
    staff: &'a Staff,
    person: PersonId,
    request: &'a Request,
}

impl On<'_> {
    async fn page<V: SheetView>(
        &self,
        read: impl Future<Output = Result<Sheet<V::Fields>, EhrError>>,
    ) -> Result<Response, Failure> {
        let On { portal, visit, person, .. } = *self;
        let reader = Reader::Staff(&self.staff.context);
        let (sheet, banner) = tokio::join!(read, portal.charts.banner(reader, person, visit.now));
        // A refusal is the section's: it writes it down, the banner does not.
        let (sheet, banner) = (sheet?, banner?);
        let pairs = pairs(self.request);
        let filters = VisitFilters::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let page = page::<V>(&SheetInput {
            banner: &banner,
            sheet: &sheet,
            filters: &filters,
            reader: self.staff.identity.name(),
            scene: scene(portal, visit),
        });
        portal.pages.page(visit, "record/sheet.html", &page)
    }
}
