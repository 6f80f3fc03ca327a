//! Orders of one source, as rows.

use std::collections::HashMap;

use fhir::rows::{
    CodeableConcept, DosageTiming, Encounter, MedicationRequest, NutritionOrder, Period, ServiceRequest, When,
};

use super::{OrderDuration, OrderFields, said, stands};
use crate::concept::{Concept, first_words, said_form, some_words, words};
use crate::medication::{Book, Called, DoseForm, DoseWords, Medicines, Tie, amount_of, local_id, rate_of, remarks};
use crate::sheet::{Named, SheetRows, Span};
use crate::succession::Links;
use crate::{ClinicalTime, Part, VisitClass};

/// Orders on their way.
pub(crate) struct OrderRows {
    rows: Medicines<OrderFields>,
    links: Links,
}

impl OrderRows {
    pub fn new(sheet: SheetRows<OrderFields>) -> Self {
        Self { rows: Medicines::new(sheet), links: Links::default() }
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.rows.take_in(other.rows);
        self.links.take_in(other.links);
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, book: &Book) -> Vec<String> {
        self.rows.missing(book)
    }

    /// Every order with its medicine's name and its visit's class, and the parts in which a name is missing.
    pub fn finish(mut self, book: &Book, visits: &HashMap<String, VisitClass>) -> (SheetRows<OrderFields>, Vec<Part>) {
        let told = self.links.told(&self.rows.sheet.source.id);
        self.rows.each(|entry, tie| {
            let resource = entry.fact.origins.first().map(|origin| origin.resource.as_str()).unwrap_or_default();
            entry.fields.succession = told.of(resource);
            // What is replaced here is not the same as what stands there.
            if entry.fields.succession.superseded {
                tie.value.push_str("|replaced");
            }
        });
        let (mut sheet, nameless) = self.rows.finish(book);
        for row in &mut sheet.rows {
            let fields = &mut row.item.fields;
            let class = fields.encounter.as_ref().and_then(|id| visits.get(id)).copied();
            let known = class.filter(|class| *class != VisitClass::Unknown).map(VisitClass::as_str);
            fields.setting = fields.setting.or(known);
        }
        // What has no name in a search for services or diets is not a missing answer: there is nothing to fetch.
        let nameless = nameless.into_iter().filter(|part| *part == Part::MedicationOrders).collect();
        (sheet, nameless)
    }

    /// Takes a request that has been checked to be the patient's.
    pub fn service(&mut self, row: &ServiceRequest<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        self.links.order(row, &sheet.base);
        let concept = Concept::read(row.code.as_ref());
        let period = period(row.occurrence, row.timing.as_ref());
        let time = row.authored_on.and_then(ClinicalTime::parse).or_else(|| period.as_ref()?.start.clone());
        let mut fields = OrderFields {
            duration: said::duration(row.category),
            setting: said::setting(row.category),
            category: said::category(row.category),
            details: some_of(row.order_detail),
            dose: DoseWords {
                frequency: frequency(row.timing.as_ref(), row.as_needed),
                instruction: row.patient_instruction.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
                ..DoseWords::default()
            },
            quantity: row.quantity.as_ref().and_then(amount_of).or_else(|| rate_of(row.quantity_ratio.as_ref(), None)),
            orderer: Named::read_with(row.requester.as_ref(), row.contained, &sheet.base),
            period,
            body_site: first_words(row.body_site),
            do_not_perform: row.do_not_perform == Some(true),
            encounter: local_id(row.encounter.as_ref(), "Encounter", &sheet.base),
            ..common(row.intent, row.priority, row.reason_code)
        };
        take_remarks(&mut fields, remarks(row.note));
        let once = row.timing.as_ref().is_some_and(said::is_once).then_some(OrderDuration::OneOff);
        fields.duration = fields.duration.or(once);
        let about: Vec<String> = fields.details.iter().chain(&fields.body_site).map(|text| said_form(text)).collect();
        let value = format!("{}|{}|{}", stands(status), fields.do_not_perform, about.join("|"));
        let fact = sheet.source.fact("ServiceRequest", row.id, row.meta, &concept, time, status);
        let tie = Tie { called: Called { concept, ..Called::default() }, value, ..Tie::default() };
        self.rows.push(Part::ServiceOrders, fact, fields, tie);
    }

    /// Takes a request that has been checked to be the patient's.
    pub fn medication(&mut self, row: &MedicationRequest<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let bounds = row.dosage_instruction.iter().filter_map(|one| one.timing?.repeat?.bounds_period).next();
        let period = Span::read(bounds);
        let time = row.authored_on.and_then(ClinicalTime::parse).or_else(|| period.as_ref()?.start.clone());
        let course = said::duration_of_course(row.course_of_therapy.as_ref(), row.dosage_instruction);
        let dispense = row.dispense_request.get();
        let mut fields = OrderFields {
            duration: said::duration(row.category),
            setting: said::setting(row.category),
            category: said::category(row.category),
            dose: DoseWords::read(row.dosage_instruction),
            quantity: dispense.and_then(|dispense| dispense.quantity).as_ref().and_then(amount_of),
            orderer: Named::read_with(row.requester.as_ref(), row.contained, &sheet.base),
            period,
            do_not_perform: row.do_not_perform == Some(true),
            status_reason: some_words(row.status_reason.as_ref()),
            encounter: local_id(row.encounter.as_ref(), "Encounter", &sheet.base),
            ..common(row.intent, row.priority, row.reason_code)
        };
        take_remarks(&mut fields, remarks(row.note));
        fields.duration = fields.duration.or(course);
        let dose = DoseForm::of(&fields.dose);
        let value = format!("{status}|{}|{}", fields.do_not_perform, dose.key());
        let fact = sheet.source.fact("MedicationRequest", row.id, row.meta, &called.concept, time, status);
        let binding = fields.intent.is_none() && !fields.do_not_perform;
        let lasting = binding && fields.duration != Some(OrderDuration::OneOff);
        let tie = Tie {
            called,
            value,
            current: lasting.then(|| crate::summary::is_current(status)),
            stopped: status == "stopped",
            changed: Tie::changed(row.meta),
            dose,
        };
        self.rows.push(Part::MedicationOrders, fact, fields, tie);
    }

    /// Takes an order that has been checked to be the patient's.
    pub fn nutrition(&mut self, row: &NutritionOrder<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let sheet = &self.rows.sheet;
        let (concept, details) = diet(row);
        let schedule = schedule(row);
        let period = period(None, schedule);
        let time = row.date_time.and_then(ClinicalTime::parse).or_else(|| period.as_ref()?.start.clone());
        let supplement = row.supplement.iter().find_map(|one| one.quantity.as_ref().and_then(amount_of));
        let tube = row.enteral_formula.as_ref().and_then(|tube| tube.administration.first());
        let rate = tube.and_then(|tube| rate_of(tube.rate_ratio.as_ref(), tube.rate_quantity.as_ref()));
        let amount = tube.and_then(|tube| tube.quantity.as_ref().and_then(amount_of)).or(supplement);
        let dose: Vec<String> = [amount, rate].into_iter().flatten().collect();
        let mut fields = OrderFields {
            details,
            dose: DoseWords {
                dose: (!dose.is_empty()).then(|| dose.join(", ")),
                route: row.enteral_formula.as_ref().and_then(|tube| some_words(tube.route.as_ref())),
                frequency: frequency(schedule, None),
                instruction: instruction(row),
                ..DoseWords::default()
            },
            quantity: row.enteral_formula.as_ref().and_then(|tube| tube.max_volume.as_ref().and_then(amount_of)),
            orderer: Named::read_with(row.orderer.as_ref(), row.contained, &sheet.base),
            period,
            encounter: local_id(row.encounter.as_ref(), "Encounter", &sheet.base),
            ..common(row.intent, None, &[])
        };
        take_remarks(&mut fields, remarks(row.note));
        let about: Vec<String> = fields.details.iter().map(|text| said_form(text)).collect();
        let value = format!("{}|{}|{}", stands(status), DoseForm::of(&fields.dose).key(), about.join("|"));
        let fact = sheet.source.fact("NutritionOrder", row.id, row.meta, &concept, time, status);
        let tie = Tie { called: Called { concept, ..Called::default() }, value, ..Tie::default() };
        self.rows.push(Part::NutritionOrders, fact, fields, tie);
    }
}

/// Class of a visit by its id: orders name visits, not wards.
pub(crate) fn add_visit(visits: &mut HashMap<String, VisitClass>, row: &Encounter<'_>) {
    if let Some(id) = row.id {
        visits.insert(id.to_owned(), crate::outpatient::class_of(row).0);
    }
}

/// What all orders say alike.
fn common(intent: Option<&str>, priority: Option<&str>, reasons: &[CodeableConcept<'_>]) -> OrderFields {
    // Orders that follow from an order are orders.
    let is_order = |intent: &&str| !intent.ends_with("order");
    OrderFields {
        intent: intent.filter(is_order).map(str::to_owned),
        priority: priority.filter(|priority| *priority != "routine").map(str::to_owned),
        reasons: some_of(reasons),
        reason_codes: reasons.iter().filter_map(|reason| Concept::read(Some(reason)).icd10).collect(),
        ..OrderFields::default()
    }
}

/// A remark that says nothing but how long the order holds is no remark.
fn take_remarks(fields: &mut OrderFields, remarks: Vec<String>) {
    for remark in remarks {
        match said::duration_alone(&remark) {
            Some(duration) if fields.duration.is_none() => fields.duration = Some(duration),
            Some(duration) if fields.duration == Some(duration) => {}
            _ => fields.notes.push(remark),
        }
    }
}

fn some_of(concepts: &[CodeableConcept<'_>]) -> Vec<String> {
    concepts.iter().map(words).filter(|words| !words.is_empty()).collect()
}

fn period(occurrence: Option<When<'_>>, timing: Option<&DosageTiming<'_>>) -> Option<Span> {
    let bounds = timing.and_then(|timing| timing.repeat?.bounds_period);
    match occurrence {
        Some(When::DateTime(start)) => Span::read(Some(Period { start: Some(start), end: None })),
        Some(When::Period(period)) => Span::read(Some(period)),
        _ => Span::read(bounds),
    }
}

fn frequency(timing: Option<&DosageTiming<'_>>, as_needed: Option<bool>) -> Option<String> {
    let dosage = fhir::rows::Dosage { timing: timing.copied(), as_needed, ..fhir::rows::Dosage::default() };
    DoseWords::read(std::slice::from_ref(&dosage)).frequency
}

/// What is to be eaten, and what more is said of it.
fn diet(row: &NutritionOrder<'_>) -> (Concept, Vec<String>) {
    let oral = row.oral_diet.map(|diet| diet.kind).unwrap_or_default();
    let product = |kind: Option<&CodeableConcept<'_>>, name: Option<&str>| {
        some_words(kind).or_else(|| name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned))
    };
    let supplements = row.supplement.iter().filter_map(|one| product(one.kind.as_ref(), one.product_name));
    let tube = row.enteral_formula.as_ref().and_then(|tube| product(tube.base_formula.as_ref(), tube.product_name));
    let mut all: Vec<String> = some_of(oral).into_iter().chain(supplements).chain(tube).collect();
    let left_out = some_of(row.exclude_food);
    match (oral, all.len()) {
        ([only], 1) => (Concept::read(Some(only)), left_out),
        (_, 0) => (Concept::default(), left_out),
        _ => {
            all.dedup();
            (Concept::of_text(&all.join(" + ")), left_out)
        }
    }
}

fn schedule<'r>(row: &'r NutritionOrder<'_>) -> Option<&'r DosageTiming<'r>> {
    let oral = row.oral_diet.as_ref().and_then(|diet| diet.schedule.first());
    let supplement = || row.supplement.iter().find_map(|one| one.schedule.first());
    oral.or_else(supplement).or_else(|| row.enteral_formula.as_ref()?.administration.first()?.schedule.as_ref())
}

fn instruction(row: &NutritionOrder<'_>) -> Option<String> {
    let oral = row.oral_diet.as_ref().and_then(|diet| diet.instruction);
    let tube = row.enteral_formula.as_ref().and_then(|tube| tube.instruction);
    let all = oral.into_iter().chain(row.supplement.iter().filter_map(|one| one.instruction)).chain(tube);
    let all: Vec<&str> = all.map(str::trim).filter(|text| !text.is_empty()).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}
