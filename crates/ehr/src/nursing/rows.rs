//! Findings, care plans and nursing notes off the wire.

use fhir::rows::{
    Annotation, CareActivity, CarePlan, DocumentReference, Effective, Observation, ResourceReference, Value as RowValue,
};

use super::{Activity, FindingPart, NursingFields, NursingKind};
use crate::compartment::Compartment;
use crate::concept::{Concept, said_form, some_words, words};
use crate::findings::{Finding, finding};
use crate::joined::{RowSource, anchor, event_key, unique};
use crate::labs::{Measured, Value, measured};
use crate::note_kind::{NoteKind, note_kind};
use crate::outpatient::{NoteRow, visit_id};
use crate::sheet::{Named, SheetRows, Span};
use crate::succession::Links;
use crate::{ClinicalTime, Fact, Part};

/// Systolic and diastolic pressure (LOINC): shown as one value.
const PRESSURES: [&str; 2] = ["8480-6", "8462-4"];

/// Nursing notes of one source, on their way.
#[derive(Debug, Default)]
pub(crate) struct NursingNotes {
    notes: Vec<NoteRow>,
    links: Links,
}

impl NursingNotes {
    /// Takes a document that has been checked to be the patient's, if it is nursing's.
    pub fn document(&mut self, row: &DocumentReference<'_>, source: &RowSource, whose: &Compartment) {
        self.links.document(row, whose.base());
        if note_kind(row) == Some(NoteKind::Nursing) {
            self.notes.extend(NoteRow::read(row, source, whose, |reference| visit_id(reference, whose.base())));
        }
    }

    /// All of them, each told of the others.
    pub fn told(mut self, source: &str) -> Vec<NoteRow> {
        self.links.told(source).tell(&mut self.notes);
        self.notes
    }
}

/// Results of one class are one fact; a preliminary one is not the final one.
fn class(status: &str) -> u8 {
    match status {
        "final" | "amended" | "corrected" => 0,
        "cancelled" => 2,
        _ => 1,
    }
}

/// The same for the same value, however it is written: 36.50 ℃ and 36.5 Cel.
pub(crate) fn value_key(value: Option<&Value>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let number = value.number.map_or_else(|| said_form(&value.text), |number| number.to_string());
    let unit = value.ucum.map(str::to_owned).or_else(|| value.unit.as_deref().map(said_form)).unwrap_or_default();
    format!("{}{number} {unit}", value.comparator.as_deref().unwrap_or_default())
}

/// Texts of remarks.
pub(crate) fn remarks(notes: &[Annotation<'_>]) -> Vec<String> {
    let texts = notes.iter().filter_map(|note| note.text).map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}

/// When an observation was true: its first instant, and until when.
pub(crate) fn effective(row: &Observation<'_>) -> (Option<ClinicalTime>, Option<Span>) {
    let time = row.effective.and_then(Effective::start).or(row.issued).and_then(ClinicalTime::parse);
    let period = match row.effective {
        Some(Effective::Period(period)) => Span::read(Some(period)).filter(|span| span.end.is_some()),
        _ => None,
    };
    (time, period)
}

impl SheetRows<NursingFields> {
    /// Takes an observation that has been checked to be the patient's, if it is nursing's.
    pub fn observation(&mut self, row: &Observation<'_>, local: &sources::LocalCodes) {
        let what = match finding(row, local) {
            Some(Finding::VitalSign) => NursingKind::VitalSign,
            Some(Finding::Assessment) => NursingKind::Assessment,
            Some(Finding::Social) | None => return,
        };
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let (time, period) = effective(row);
        let Measured { value, range, flag } = measured(row.value, row.interpretation, row.reference_range);
        let components: Vec<FindingPart> = row.component.iter().map(part).collect();
        let value = value.or_else(|| pressure(&components));
        let (value, text) = in_words(value, row.value);
        let named = |reference: &ResourceReference<'_>| Named::read(Some(reference), &self.base);
        let how = [some_words(row.body_site.as_ref()), some_words(row.method.as_ref())].into_iter().flatten();
        let fields = NursingFields {
            what,
            value,
            range,
            flag,
            text,
            absent: some_words(row.data_absent_reason.as_ref()),
            components,
            members: self.members(row.has_member),
            period,
            by: row.performer.iter().map(named).filter(|by| !by.is_empty()).collect(),
            how: how.collect(),
            remarks: remarks(row.note),
            ..NursingFields::default()
        };
        let until = fields.period.as_ref().and_then(|span| span.end.as_ref()).map(crate::joined::time_key);
        let said = format!("{}|{}|{}", class(status), fields.said_key(), until.unwrap_or_default());
        let key = event_key(&concept, time.as_ref(), &said);
        let fact = self.source.fact("Observation", row.id, row.meta, &concept, time, status);
        self.push(Part::Findings, fact, key, concept.names, fields);
    }

    fn members(&self, references: &[ResourceReference<'_>]) -> Vec<String> {
        let id = |reference: &ResourceReference<'_>| match fhir::Reference::parse(reference.reference?, &self.base) {
            fhir::Reference::Local { kind: "Observation", id, .. } => Some(anchor(&self.source.id, "Observation", id)),
            _ => None,
        };
        references.iter().filter_map(id).collect()
    }

    /// Takes a care plan that has been checked to be the patient's.
    pub fn care_plan(&mut self, row: &CarePlan<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let title = text(row.title).or_else(|| crate::concept::first_words(row.category));
        let concept = title.as_deref().map(Concept::of_text).unwrap_or_default();
        let period = Span::read(row.period);
        let began = period.as_ref().and_then(|period| period.start.clone());
        let time = began.or_else(|| row.created.and_then(ClinicalTime::parse));
        let description = text(row.description);
        let said = description.as_deref().map(said_form).unwrap_or_default();
        let key = event_key(&concept, time.as_ref(), &format!("{status}|{said}"));
        let fact = self.source.fact("CarePlan", row.id, row.meta, &concept, time, status);
        let named = |reference: &ResourceReference<'_>| Named::read_with(Some(reference), row.contained, &self.base);
        let said_of = |references: &[ResourceReference<'_>]| -> Vec<String> {
            references.iter().map(named).filter_map(|named| named.words().map(str::to_owned)).collect()
        };
        let fields = NursingFields {
            what: NursingKind::Plan,
            text: description,
            period: period.filter(|period| period.end.is_some()),
            by: row.author.iter().chain(row.contributor).map(named).filter(|by| !by.is_empty()).collect(),
            about: said_of(row.addresses),
            goals: said_of(row.goal),
            activities: row.activity.iter().filter_map(|one| activity(one, named)).collect(),
            remarks: remarks(row.note),
            ..NursingFields::default()
        };
        self.push(Part::CarePlans, fact, key, concept.names, fields);
    }

    /// Takes a nursing note whose text has been fetched.
    pub fn nursing_note(&mut self, row: NoteRow) {
        let note = row.note;
        let fact = Fact {
            id: note.id.clone(),
            kind: "DocumentReference",
            code: crate::labs::Code { text: note.title.clone(), codings: Vec::new() },
            time: note.time.clone(),
            status: note.status.clone().unwrap_or_default(),
            origins: vec![note.origin.clone()],
            conflict: Vec::new(),
        };
        let fields = NursingFields { what: NursingKind::Note, notes: vec![note], ..NursingFields::default() };
        self.push(Part::Notes, Some(fact), None, Vec::new(), fields);
    }
}

fn part(row: &fhir::rows::Component<'_>) -> FindingPart {
    let Measured { value, range, flag } = measured(row.value, row.interpretation, row.reference_range);
    let code = Concept::read(row.code.as_ref()).code;
    FindingPart { code, value, range, flag, absent: some_words(row.data_absent_reason.as_ref()) }
}

/// `128/77 mmHg` of two components in one unit.
fn pressure(components: &[FindingPart]) -> Option<Value> {
    let of = |wanted: &str| {
        let named = |part: &&FindingPart| part.code.codings.iter().any(|coding| coding.code == wanted);
        let mut found = components.iter().filter(named);
        let value = found.next()?.value.as_ref()?;
        found.next().is_none().then_some(value)
    };
    let (high, low) = (of(PRESSURES[0])?, of(PRESSURES[1])?);
    let same = if high.ucum.is_some() { high.ucum == low.ucum } else { high.unit == low.unit };
    let text = |value: &Value| format!("{}{}", value.comparator.as_deref().unwrap_or_default(), value.text);
    same.then(|| Value {
        text: format!("{}/{}", text(high), text(low)),
        number: None,
        comparator: None,
        ..high.clone()
    })
}

/// Words are no value: a finding.
fn in_words(value: Option<Value>, row: Option<RowValue<'_>>) -> (Option<Value>, Option<String>) {
    match row {
        Some(RowValue::CodeableConcept(concept)) => (None, some_words(Some(&concept))),
        Some(RowValue::String(_)) => (None, value.map(|value| value.text)),
        _ => (value, None),
    }
}

fn activity(row: &CareActivity<'_>, named: impl Fn(&ResourceReference<'_>) -> Named) -> Option<Activity> {
    let detail = row.detail.get();
    let said = detail.into_iter().flat_map(|detail| {
        [some_words(detail.code.as_ref()), detail.description.map(str::to_owned), detail.scheduled.map(str::to_owned)]
    });
    let order = row.reference.as_ref().map(named).and_then(|named| named.words().map(str::to_owned));
    let texts = said.flatten().chain(order).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut texts: Vec<String> = texts.collect();
    unique(&mut texts);
    let mut progress = remarks(row.progress);
    progress.extend(row.outcome.iter().map(words).filter(|words| !words.is_empty()));
    let activity = Activity {
        text: texts.join(" · "),
        status: detail.and_then(|detail| match detail.do_not_perform {
            Some(true) => Some("do-not-perform".to_owned()),
            _ => detail.status.map(str::to_owned),
        }),
        progress,
    };
    (activity != Activity::default()).then_some(activity)
}
