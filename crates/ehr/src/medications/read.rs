//! What was handed out, given and stated at one source, as rows.

use fhir::rows::{Contained, EventPerformer, MedicationAdministration, MedicationDispense, MedicationStatement, When};

use super::{MedicationEvent, MedicationFields};
use crate::concept::{first_words, said_form, some_words};
use crate::medication::{Book, Called, DoseForm, DoseWords, Medicines, Tie, amount_of, rate_of, remarks};
use crate::sheet::{Named, SheetRows, Span};
use crate::summary::dated;
use crate::{ClinicalTime, Part};

/// Events of medicines on their way.
pub(crate) struct MedicationRows {
    rows: Medicines<MedicationFields>,
}

impl MedicationRows {
    pub fn new(sheet: SheetRows<MedicationFields>) -> Self {
        Self { rows: Medicines::new(sheet) }
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.rows.take_in(other.rows);
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, book: &Book) -> Vec<String> {
        self.rows.missing(book)
    }

    /// Every event with its medicine's name, and the parts in which one is missing.
    pub fn finish(self, book: &Book) -> (SheetRows<MedicationFields>, Vec<Part>) {
        self.rows.finish(book)
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn dispense(&mut self, row: &MedicationDispense<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let prepared = row.when_prepared.and_then(ClinicalTime::parse);
        let time = row.when_handed_over.and_then(ClinicalTime::parse).or_else(|| prepared.clone());
        let (by, also_by) = performers(row.performer, row.contained, &sheet.base);
        let fields = MedicationFields {
            event: MedicationEvent::Dispensed,
            dose: DoseWords::read(row.dosage_instruction),
            quantity: row.quantity.as_ref().and_then(amount_of),
            days: row.days_supply.as_ref().and_then(amount_of),
            by,
            also_by,
            prepared,
            status_reason: some_words(row.status_reason.as_ref()),
            notes: remarks(row.note),
            ..MedicationFields::default()
        };
        let fact = sheet.source.fact("MedicationDispense", row.id, row.meta, &called.concept, time, status);
        let tie = tie(called, status, &fields);
        self.rows.push(Part::Dispenses, fact, fields, tie);
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn administration(&mut self, row: &MedicationAdministration<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let (time, _) = dated(row.effective);
        let (by, also_by) = performers(row.performer, row.contained, &sheet.base);
        let given = row.dosage.unwrap_or_default();
        let amount = given.dose.as_ref().and_then(amount_of);
        let rate = rate_of(given.rate_ratio.as_ref(), given.rate_quantity.as_ref());
        let dose: Vec<String> = [amount, rate].into_iter().flatten().collect();
        let fields = MedicationFields {
            event: MedicationEvent::Administered,
            dose: DoseWords {
                dose: (!dose.is_empty()).then(|| dose.join(", ")),
                route: some_words(given.route.as_ref()),
                instruction: given.text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
                ..DoseWords::default()
            },
            by,
            also_by,
            period: span(row.effective),
            status_reason: first_words(row.status_reason),
            notes: remarks(row.note),
            ..MedicationFields::default()
        };
        let fact = sheet.source.fact("MedicationAdministration", row.id, row.meta, &called.concept, time, status);
        let tie = tie(called, status, &fields);
        self.rows.push(Part::Administrations, fact, fields, tie);
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn statement(&mut self, row: &MedicationStatement<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let (time, _) = dated(row.effective);
        let fields = MedicationFields {
            event: MedicationEvent::Stated,
            dose: DoseWords::read(row.dosage),
            by: Named::read_with(row.information_source.as_ref(), row.contained, &sheet.base),
            period: span(row.effective),
            status_reason: first_words(row.status_reason),
            notes: remarks(row.note),
            ..MedicationFields::default()
        };
        let time = time.or_else(|| row.date_asserted.and_then(ClinicalTime::parse));
        let fact = sheet.source.fact("MedicationStatement", row.id, row.meta, &called.concept, time, status);
        let current = !matches!(status, "completed" | "stopped" | "not-taken");
        let tie = Tie {
            current: Some(current),
            stopped: matches!(status, "stopped" | "not-taken"),
            changed: Tie::changed(row.meta),
            ..tie(called, status, &fields)
        };
        self.rows.push(Part::Statements, fact, fields, tie);
    }
}

fn tie(called: Called, status: &str, fields: &MedicationFields) -> Tie {
    let dose = DoseForm::of(&fields.dose);
    let quantity = DoseForm::new(fields.quantity.as_deref(), None, None);
    let route = fields.dose.route.as_deref().map(said_form).unwrap_or_default();
    let value = format!("{}|{status}|{}|{route}|{}", fields.event.as_str(), dose.key(), quantity.key());
    Tie { called, value, dose, ..Tie::default() }
}

/// A period; a moment is told by the entry's own time.
fn span(when: Option<When<'_>>) -> Option<Span> {
    match when {
        Some(When::Period(period)) => Span::read(Some(period)),
        _ => None,
    }
}

/// The first, and the others.
fn performers(all: &[EventPerformer<'_>], contained: &[Contained<'_>], base: &url::Url) -> (Named, Vec<Named>) {
    let named = all.iter().map(|one| Named::read_with(one.actor.as_ref(), contained, base));
    let mut named = named.filter(|named| !named.is_empty());
    (named.next().unwrap_or_default(), named.collect())
}
