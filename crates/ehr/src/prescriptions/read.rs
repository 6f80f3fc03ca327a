//! Prescriptions of one source, as rows.

use fhir::rows::MedicationRequest;

use super::{Pharmacy, PrescriptionFields};
use crate::concept::{Concept, some_words, words};
use crate::medication::{Book, Called, DoseForm, DoseWords, Medicines, Tie, amount_of, local_id, remarks};
use crate::sheet::{Named, SheetRows};
use crate::{ClinicalTime, Fact, Part, orders};

/// Prescriptions on their way.
pub(crate) struct PrescriptionRows {
    rows: Medicines<PrescriptionFields>,
}

impl PrescriptionRows {
    pub fn new(sheet: SheetRows<PrescriptionFields>) -> Self {
        Self { rows: Medicines::new(sheet) }
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, book: &Book) -> Vec<String> {
        self.rows.missing(book)
    }

    /// Every prescription with its medicine's name and what the pharmacy made of it, and whether a name is missing.
    pub fn finish(self, book: &Book, pharmacy: &Pharmacy, whole: bool) -> (SheetRows<PrescriptionFields>, bool) {
        let (mut sheet, nameless) = self.rows.finish(book);
        for row in &mut sheet.rows {
            let request = row.item.fact.origins.first().and_then(|origin| origin.resource.split_once('/'));
            if let Some((_, request)) = request {
                pharmacy.tell(request, whole, &mut row.item.fields);
            }
        }
        (sheet, !nameless.is_empty())
    }

    /// Takes a request that has been checked to be the patient's. What is only planned or proposed is no prescription.
    pub fn add(&mut self, row: &MedicationRequest<'_>) {
        let status = row.status.unwrap_or_default();
        let planned = row.intent.is_some_and(|intent| !intent.ends_with("order"));
        if status == "entered-in-error" || planned || row.do_not_perform == Some(true) {
            return;
        }
        let sheet = &self.rows.sheet;
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let time = row.authored_on.and_then(ClinicalTime::parse);
        let fact = sheet.source.fact("MedicationRequest", row.id, row.meta, &called.concept, time, status);
        let dispense = row.dispense_request.get();
        let bounds = || row.dosage_instruction.iter().find_map(|one| one.timing?.repeat?.bounds_duration);
        let days = dispense.and_then(|dispense| dispense.expected_supply_duration).or_else(bounds);
        let prescriber = Named::read_with(row.requester.as_ref(), row.contained, &sheet.base);
        let (group, number) = form(row, fact.as_ref(), &prescriber, sheet);
        let fields = PrescriptionFields {
            group,
            number,
            dose: DoseWords::read(row.dosage_instruction),
            days: days.as_ref().and_then(amount_of),
            quantity: dispense.and_then(|dispense| dispense.quantity).as_ref().and_then(amount_of),
            prescriber,
            setting: orders::setting(row.category),
            reasons: row.reason_code.iter().map(words).filter(|words| !words.is_empty()).collect(),
            reason_codes: row.reason_code.iter().filter_map(|reason| Concept::read(Some(reason)).icd10).collect(),
            status_reason: some_words(row.status_reason.as_ref()),
            notes: remarks(row.note),
            ..PrescriptionFields::default()
        };
        let dose = DoseForm::of(&fields.dose);
        let tie = Tie {
            called,
            value: format!("{status}|{}", dose.key()),
            current: orders::is_lasting(row).then(|| crate::summary::is_current(status)),
            stopped: status == "stopped",
            changed: Tie::changed(row.meta),
            dose,
        };
        self.rows.push(Part::Prescriptions, fact, fields, tie);
    }
}

/// The form that it stands on, and its number. Without a number: what one prescriber wrote on one day of one visit. Where
/// too little is said for that, it stands alone.
fn form(
    row: &MedicationRequest<'_>,
    fact: Option<&Fact>,
    prescriber: &Named,
    sheet: &SheetRows<PrescriptionFields>,
) -> (String, Option<String>) {
    let source = sheet.source.id.as_str();
    let identifier = row.group_identifier.get();
    let number = identifier.and_then(|of| of.value).map(str::trim).filter(|value| !value.is_empty());
    if let Some(number) = number {
        let system = identifier.and_then(|of| of.system).map(str::trim).filter(|system| !system.is_empty());
        return (format!("{}|{number}", system.unwrap_or(source)), Some(number.to_owned()));
    }
    let encounter = local_id(row.encounter.as_ref(), "Encounter", &sheet.base);
    let day = fact.and_then(|fact| fact.time.as_ref()).map(|time| time.date().to_owned());
    let by = prescriber.words();
    if encounter.is_none() && (day.is_none() || by.is_none()) {
        return (fact.map(|fact| fact.id.clone()).unwrap_or_default(), None);
    }
    let said = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let parts = [source.to_owned(), said(encounter.as_deref()), said(day.as_deref()), said(by)];
    (parts.join("|"), None)
}
