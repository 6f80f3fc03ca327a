//! A front page from its parts: the stay, its diagnoses, operations and bills, and the page that the hospital signed.

use std::collections::HashMap;

use fhir::rows::{DocumentReference, Encounter, Extension, Procedure, Value};

use super::{AdmissionState, FrontDiagnosis, FrontOperation, FrontPageFields, FrontTotals};
use crate::charges::{AdmissionDiagnosis, Bill, ChargeTotals};
use crate::compartment::Compartment;
use crate::concept::{Concept, said_form, some_words};
use crate::joined::time_key;
use crate::outpatient::{NoteRow, NoteVisit};
use crate::sheet::{Named, SheetRows};
use crate::succession::Links;
use crate::summary::dated;
use crate::{Entry, Note, Part, Visit, VisitClass, VisitDiagnosis};

// not shown: words that hospitals write, only compared with.
const PAGE: &str = "病案首页";
const SURGEON: [&str; 4] = ["术者", "主刀", "surgeon", "主操作"];
/// Roles of diagnoses (<https://terminology.hl7.org/CodeSystem-diagnosis-role.html>): at discharge, and those that say
/// nothing of it.
const AT_DISCHARGE: [&str; 4] = ["dd", "出院诊断", "discharge", "dischargediagnosis"];
const NOT_OF_THE_PAGE: [&str; 9] = [
    "ad",
    "入院诊断",
    "admission",
    "admissiondiagnosis",
    "cc",
    "chiefcomplaint",
    "pre-op",
    "pre-opdiagnosis",
    "billing",
];

/// What comes with another diagnosis is never the main one, whatever its rank.
const BESIDE: [&str; 6] = ["cm", "comorbiditydiagnosis", "comorbidity", "合并症", "并发症", "其他诊断"];

/// What of one source front pages are made of, beside stays and bills.
#[derive(Debug)]
pub(crate) struct FrontPages {
    pub sheet: SheetRows<FrontPageFields>,
    /// Visit id → what was done.
    operations: HashMap<String, Vec<FrontOperation>>,
    /// `(visit id, condition id)` → 入院病情.
    states: HashMap<(String, String), String>,
    /// Signed pages.
    pub notes: Vec<NoteRow>,
    /// What all documents say of one another.
    pub links: Links,
    /// Conditions that stays name.
    pub named: Vec<String>,
}

/// Is it the page itself?
fn is_front_page(row: &DocumentReference<'_>) -> bool {
    let kind = row.kind.unwrap_or_default();
    let titles = row.content.iter().filter_map(|content| content.attachment?.title);
    let displays = kind.coding.iter().filter_map(|coding| coding.display);
    let mut texts = kind.text.into_iter().chain(displays).chain(titles).chain(row.description);
    texts.any(|text| said_form(text).contains(PAGE))
}

impl FrontPages {
    pub fn new(sheet: SheetRows<FrontPageFields>) -> Self {
        let (operations, states) = (HashMap::new(), HashMap::new());
        Self { sheet, operations, states, notes: Vec::new(), links: Links::default(), named: Vec::new() }
    }

    /// Takes of a visit what the visits' own rows don't keep.
    pub fn visit(&mut self, row: &Encounter<'_>) {
        let Some(id) = row.id else { return };
        for diagnosis in row.diagnosis {
            let reference = diagnosis.condition.and_then(|condition| condition.reference);
            let Some(condition) = reference.and_then(|text| self.local(text, "Condition")) else { continue };
            if let Some(state) = diagnosis.extension.iter().find_map(state_of) {
                self.states.insert((id.to_owned(), condition.clone()), state);
            }
            self.named.push(condition);
        }
    }

    /// Takes a procedure that has been checked to be the patient's.
    pub fn procedure(&mut self, row: &Procedure<'_>) {
        let status = row.status.unwrap_or_default();
        let visit = row.encounter.and_then(|encounter| self.local(encounter.reference?, "Encounter"));
        let Some(visit) = visit.filter(|_| status != "entered-in-error" && crate::surgery::is_done(status)) else {
            return;
        };
        let concept = Concept::read(row.code.as_ref());
        let is_surgeon = |function: Option<&fhir::rows::CodeableConcept<'_>>| {
            some_words(function).is_some_and(|words| SURGEON.iter().any(|one| said_form(&words).contains(one)))
        };
        let surgeon = row.performer.iter().find(|one| is_surgeon(one.function.as_ref())).or(row.performer.first());
        let code = concept.code.codings.first().map(|coding| coding.code.clone());
        self.operations.entry(visit).or_default().push(FrontOperation {
            name: concept.code.text,
            code,
            time: dated(row.performed).0,
            surgeon: Named::read_with(surgeon.and_then(|one| one.actor.as_ref()), row.contained, &self.sheet.base),
            anaesthesia: crate::surgery::methods(row),
        });
    }

    /// Takes a document that has been checked to be the patient's, if it is a front page.
    pub fn document(&mut self, row: &DocumentReference<'_>, whose: &Compartment) {
        self.links.document(row, whose.base());
        if is_front_page(row) {
            let encounter = |reference: &str| self.local(reference, "Encounter");
            let read = NoteRow::read(row, &self.sheet.source, whose, encounter);
            self.notes.extend(read);
        }
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.states.extend(other.states);
        self.notes.extend(other.notes);
        self.links.take_in(other.links);
        self.named.extend(other.named);
        for (visit, operations) in other.operations {
            self.operations.entry(visit).or_default().extend(operations);
        }
    }

    /// One page for each stay.
    pub fn put_together(mut self, visits: HashMap<String, Visit>, bills: Vec<Bill>) -> SheetRows<FrontPageFields> {
        let mut stays: Vec<(String, Visit)> =
            visits.into_iter().filter(|(_, visit)| visit.class == VisitClass::Inpatient).collect();
        stays.sort_by(|one, other| one.0.cmp(&other.0));
        for (id, visit) in stays {
            let name = format!("Encounter/{id}");
            let own: Vec<&Bill> = bills.iter().filter(|bill| bill.encounters.contains(&name)).collect();
            let said = own.iter().find(|bill| !bill.diagnoses.is_empty()).map(|bill| bill.diagnoses.as_slice());
            let (main_diagnosis, other_diagnoses) = self.diagnoses(&id, &visit, said.unwrap_or_default());
            let mut operations = self.operations.remove(&id).unwrap_or_default();
            operations.sort_by(|one, other| (&one.time, &one.name).cmp(&(&other.time, &other.name)));
            let known = if visit.is_over() { NoteVisit::Over } else { NoteVisit::Open };
            let own_notes = self.notes.iter().filter(|note| note.encounters.contains(&id));
            let notes: Vec<Note> = own_notes.map(|note| Note { visit: known, ..note.note.clone() }).collect();
            let fields = FrontPageFields {
                composed: !notes.iter().any(is_signed),
                hospital: visit.hospital.clone(),
                department: visit.department.clone(),
                location: visit.location.clone(),
                admitted: visit.fact.time.clone(),
                discharged: visit.ended.clone(),
                admitted_from: visit.admitted_from.clone(),
                attending: visit.attending.clone(),
                admission_state: main_diagnosis.as_ref().and_then(|main| main.admission_state.clone()),
                main_diagnosis,
                other_diagnoses,
                operations,
                discharge_mode: visit.disposition.clone(),
                totals: totals(&name, &own),
                notes,
            };
            let at = visit.hospital.as_deref().map(patients::search_form);
            let name = at.zip(visit.fact.time.as_ref()).map(|(at, time)| format!("{at}|{}", time_key(time)));
            // Over here and going on there is not one page, but two that contradict each other.
            let key = name.as_ref().map(|name| format!("{name}|{}", is_finished(&visit.fact.status)));
            let names = name.into_iter().collect();
            let mut fact = visit.fact;
            for bill in &own {
                fact.origins
                    .extend(bill.fact.origins.iter().filter(|one| !one.resource.starts_with("ChargeItem/")).cloned());
            }
            self.sheet.push(Part::Stays, Some(fact), key, names, fields);
        }
        self.sheet
    }

    fn diagnoses(
        &self,
        visit_id: &str,
        visit: &Visit,
        billed: &[AdmissionDiagnosis],
    ) -> (Option<FrontDiagnosis>, Vec<FrontDiagnosis>) {
        let role = |one: &VisitDiagnosis| said_form(one.role.as_deref().unwrap_or_default());
        let of_page = visit
            .diagnoses
            .iter()
            .filter(|one| one.verification != "refuted" && !NOT_OF_THE_PAGE.contains(&role(one).as_str()));
        let mut all: Vec<(&VisitDiagnosis, bool)> =
            of_page.map(|one| (one, AT_DISCHARGE.contains(&role(one).as_str()))).collect();
        all.sort_by_key(|(one, at_discharge)| (!at_discharge, one.rank.unwrap_or(i64::MAX)));
        // Which is the main one is said by its rank, or by being the only one at discharge.
        let first = all.iter().position(|(one, _)| !BESIDE.contains(&role(one).as_str()));
        let ranked = first.is_some_and(|at| all[at].0.rank == Some(1));
        let alone = all.iter().filter(|(_, at_discharge)| *at_discharge).count() == 1 || all.len() == 1;
        let mut pages: Vec<(FrontDiagnosis, bool)> = Vec::new();
        for (at, (one, _)) in all.iter().enumerate() {
            let state = self.state(visit_id, one).or_else(|| billed_state(one, billed));
            let own = front(one.code.text.clone(), one.icd10.clone(), &one.verification, state);
            let page = FrontDiagnosis { origins: one.origins.clone(), ..own };
            pages.push((page, first == Some(at) && (ranked || alone)));
        }
        let has_main = pages.iter().any(|(_, main)| *main);
        for one in billed.iter().filter(|one| !one.concept.is_empty()) {
            let page = front(one.concept.code.text.clone(), one.concept.icd10.clone(), "", one.state.clone());
            let principal = one.principal && !has_main;
            match pages.iter_mut().find(|(known, _)| same(known, &page)) {
                Some((_, main)) => *main |= principal,
                None => pages.push((page, principal)),
            }
        }
        let main = pages.iter().position(|(_, main)| *main).map(|at| pages.remove(at).0);
        (main, pages.into_iter().map(|(page, _)| page).collect())
    }

    fn state(&self, visit: &str, one: &VisitDiagnosis) -> Option<String> {
        let of = |resource: &str| {
            let condition = resource.strip_prefix("Condition/")?;
            self.states.get(&(visit.to_owned(), condition.to_owned())).cloned()
        };
        one.origins.iter().find_map(|origin| of(&origin.resource))
    }

    fn local(&self, reference: &str, wanted: &str) -> Option<String> {
        match fhir::Reference::parse(reference, &self.sheet.base) {
            fhir::Reference::Local { kind, id, .. } if kind == wanted => Some(id.to_owned()),
            _ => None,
        }
    }
}

fn front(text: String, icd10: Option<String>, verification: &str, state: Option<String>) -> FrontDiagnosis {
    let admission = state.as_deref().and_then(AdmissionState::read);
    let verification = verification.to_owned();
    FrontDiagnosis { text, icd10, verification, admission_state: state, admission, origins: Vec::new() }
}

fn same(one: &FrontDiagnosis, other: &FrontDiagnosis) -> bool {
    match (&one.icd10, &other.icd10) {
        (Some(one), Some(other)) => one == other,
        _ => said_form(&one.text) == said_form(&other.text),
    }
}

/// What the bill says of the same diagnosis.
fn billed_state(one: &VisitDiagnosis, billed: &[AdmissionDiagnosis]) -> Option<String> {
    let named = |of: &AdmissionDiagnosis| {
        let condition =
            of.condition.as_ref().is_some_and(|name| one.origins.iter().any(|origin| origin.resource == *name));
        let code = one.icd10.is_some() && one.icd10 == of.concept.icd10;
        condition
            || code
            || (!one.code.text.is_empty() && said_form(&one.code.text) == said_form(&of.concept.code.text))
    };
    billed.iter().find(|of| named(of)).and_then(|of| of.state.clone())
}

/// 入院病情 as an extension: by its name, or by being one of the form's words.
fn state_of(extension: &Extension<'_>) -> Option<String> {
    let said = match extension.value {
        Some(Value::CodeableConcept(concept)) => some_words(Some(&concept)),
        Some(Value::String(text)) => Some(text.trim().to_owned()),
        _ => extension.coding.and_then(|coding| coding.display.or(coding.code)).or(extension.code).map(str::to_owned),
    }?;
    let name = said_form(extension.url.unwrap_or_default().rsplit(['/', ':']).next().unwrap_or_default());
    let about = name.contains("admission") || name.contains("ryby") || name.contains("rybq");
    (about && !said.is_empty()).then_some(said)
}

/// Bills of this stay alone: what is also about other visits can't be told apart.
fn totals(name: &str, own: &[&Bill]) -> Option<FrontTotals> {
    if own.iter().any(|bill| bill.encounters.iter().any(|one| one != name)) {
        return None;
    }
    let entries: Vec<Entry<crate::ChargeFields>> =
        own.iter().map(|bill| Entry { fact: bill.fact.clone(), fields: bill.fields.clone() }).collect();
    match ChargeTotals::of(&entries).as_slice() {
        [one] if one.without_total == 0 && one.bills > 0 => Some(FrontTotals {
            total: one.total,
            currency: one.currency.clone(),
            by_class: one.by_class.clone(),
            counted: one.counted.keys().copied().collect(),
        }),
        _ => None,
    }
}

/// A stay is settled when the hospital says that it is over, and not before.
pub(crate) fn is_finished(status: &str) -> bool {
    status == "finished"
}

/// Drafts are no pages yet.
fn is_signed(note: &Note) -> bool {
    !note.succession.superseded && !matches!(note.status.as_deref(), Some("preliminary" | "draft" | "in-progress"))
}
