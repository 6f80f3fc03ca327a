//! Habits, vaccinations and questionnaires off the wire.

use fhir::rows::Value as RowValue;
use fhir::rows::{
    Answer, EventPerformer, Immunization, Observation, QuestionnaireResponse, ResourceReference, ResponseItem,
};

use super::{Answered, HabitPart, PersonalFields, PersonalKind};
use crate::concept::{Concept, some_words};
use crate::findings::is_social;
use crate::joined::event_key;
use crate::labs::{Measured, measured};
use crate::nursing::{effective, remarks, value_key};
use crate::sheet::{Named, SheetRows};
use crate::summary::dated;
use crate::surgery::is_done;
use crate::{ClinicalTime, Part};

/// Questions nested deeper stand at this depth: nobody could read them further in.
const DEEPEST: usize = 8;

impl SheetRows<PersonalFields> {
    /// Takes an observation that has been checked to be the patient's, if it is about habits and circumstances.
    pub fn habit(&mut self, row: &Observation<'_>, local: &sources::LocalCodes) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" || !is_social(row, local) {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let (time, _) = effective(row);
        let value = measured(row.value, &[], &[]).value;
        let (value, text) = match row.value {
            Some(RowValue::CodeableConcept(concept)) => (None, some_words(Some(&concept))),
            Some(RowValue::String(_) | RowValue::Boolean(_)) => (None, value.map(|value| value.text)),
            _ => (value, None),
        };
        let part = |part: &fhir::rows::Component<'_>| {
            let Measured { value, .. } = measured(part.value, &[], &[]);
            HabitPart { code: Concept::read(part.code.as_ref()).code, value }
        };
        let fields = PersonalFields {
            what: PersonalKind::SocialHistory,
            self_reported: !row.performer.is_empty() && row.performer.iter().all(|one| self.is_patient(one)),
            entered_by: self.others(row.performer.iter(), &[]),
            absent: some_words(row.data_absent_reason.as_ref()),
            components: row.component.iter().map(part).collect(),
            remarks: remarks(row.note),
            value,
            text,
            ..PersonalFields::default()
        };
        let key = event_key(&concept, time.as_ref(), &format!("{status}|{}", fields.habit_key()));
        let fact = self.source.fact("Observation", row.id, row.meta, &concept, time, status);
        self.push(Part::SocialHistory, fact, key, concept.names, fields);
    }

    /// Takes a vaccination that has been checked to be the patient's.
    pub fn vaccination(&mut self, row: &Immunization<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.vaccine_code.as_ref());
        let (time, text) = dated(row.occurrence);
        let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let dose = row.protocol_applied.first().and_then(|protocol| {
            protocol.dose_number.map(|number| number.text().to_owned()).or_else(|| said(protocol.dose_text))
        });
        let form = dose.as_deref().unwrap_or("-").to_owned();
        let key = event_key(&concept, time.as_ref(), &format!("{}|{form}", is_done(status)));
        let fact = self.source.fact("Immunization", row.id, row.meta, &concept, time, status);
        let actor = |performer: &EventPerformer<'_>| Named::read(performer.actor.as_ref(), &self.base);
        let mut by: Vec<Named> = row.performer.iter().map(actor).filter(|by| !by.is_empty()).collect();
        if by.is_empty() {
            by.extend(Some(Named::read(row.location.as_ref(), &self.base)).filter(|by| !by.is_empty()));
        }
        let fields = PersonalFields {
            what: PersonalKind::Immunization,
            // Told, and not seen: by the patient, or by those who brought them up.
            self_reported: crate::concept::has_code(row.report_origin.as_slice(), "recall"),
            entered_by: by,
            lot: said(row.lot_number),
            reason: some_words(row.status_reason.as_ref()),
            remarks: remarks(row.note),
            dose,
            text,
            ..PersonalFields::default()
        };
        self.push(Part::Immunizations, fact, key, concept.names, fields);
    }

    /// Takes answers that have been checked to be about the patient.
    pub fn response(&mut self, row: &QuestionnaireResponse<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let time = row.authored.and_then(ClinicalTime::parse);
        let questionnaire = self.questionnaire(row);
        let concept = row.questionnaire.map(|canonical| Concept::of_text(name_in(canonical))).unwrap_or_default();
        let said = [row.author.as_ref(), row.source.as_ref()];
        let answers = answers(row.item);
        let told: Vec<String> =
            answers.iter().map(|one| format!("{}={}", one.question, one.answers.join(","))).collect();
        let key = event_key(&concept, time.as_ref(), &format!("{status}|{}", told.join("|")));
        let fact = self.source.fact("QuestionnaireResponse", row.id, row.meta, &concept, time, status);
        let fields = PersonalFields {
            what: PersonalKind::Questionnaire,
            self_reported: said.iter().flatten().any(|one| self.is_patient(one)),
            entered_by: self.others(said.into_iter().flatten(), row.contained),
            questionnaire,
            answers,
            ..PersonalFields::default()
        };
        self.push(Part::Questionnaires, fact, key, concept.names, fields);
    }

    /// Name of the questions: what came along, else what the same server says of them.
    fn questionnaire(&self, row: &QuestionnaireResponse<'_>) -> Named {
        let Some(canonical) = row.questionnaire else { return Named::default() };
        let address = canonical.split('|').next().unwrap_or(canonical);
        let reference = ResourceReference { reference: Some(address), ..ResourceReference::default() };
        Named::read_with(Some(&reference), row.contained, &self.base)
    }

    /// Who it is from, patients aside: they are said by `self_reported`, each once.
    fn others<'r>(
        &self,
        all: impl Iterator<Item = &'r ResourceReference<'r>>,
        contained: &[fhir::rows::Contained<'_>],
    ) -> Vec<Named> {
        let others = all.filter(|one| !self.is_patient(one));
        let named = others.map(|one| Named::read_with(Some(one), contained, &self.base));
        let mut named: Vec<Named> = named.filter(|one| !one.is_empty()).collect();
        crate::joined::unique(&mut named);
        named
    }

    fn is_patient(&self, reference: &ResourceReference<'_>) -> bool {
        let said = reference.reference.map(|text| fhir::Reference::parse(text, &self.base));
        match said {
            Some(fhir::Reference::Local { kind, .. }) => kind == "Patient",
            _ => reference.kind == Some("Patient"),
        }
    }
}

impl PersonalFields {
    /// The same for the same habit, however it is written.
    pub(crate) fn habit_key(&self) -> String {
        let parts = self.components.iter().map(|part| format!("{}={}", part.code.text, value_key(part.value.as_ref())));
        let mut parts: Vec<String> = parts.collect();
        parts.sort();
        let text = self.text.as_deref().map(crate::concept::said_form).unwrap_or_default();
        format!("{}|{text}|{}", value_key(self.value.as_ref()), parts.join("|"))
    }
}

/// `http://…/Questionnaire/phq-9|1.0` → `phq-9`
fn name_in(canonical: &str) -> &str {
    let address = canonical.split('|').next().unwrap_or(canonical);
    address.trim_end_matches('/').rsplit(['/', ':', '#']).next().unwrap_or(address)
}

/// Groups, questions and what follows from answers as one list, in their order. Without recursion: hospitals nest as they
/// like.
fn answers(items: &[ResponseItem<'_>]) -> Vec<Answered> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, &ResponseItem<'_>)> = items.iter().rev().map(|item| (0, item)).collect();
    while let Some((depth, item)) = open.pop() {
        let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let given: Vec<String> = item.answer.iter().filter_map(answer).filter(|answer| !answer.is_empty()).collect();
        let inside = item.answer.iter().flat_map(|answer| answer.item).chain(item.item);
        let inside: Vec<(usize, &ResponseItem<'_>)> = inside.map(|item| ((depth + 1).min(DEEPEST), item)).collect();
        let question = said(item.text).or_else(|| said(item.link_id)).unwrap_or_default();
        if !question.is_empty() || !given.is_empty() {
            found.push(Answered { depth, question, answers: given });
        }
        open.extend(inside.into_iter().rev());
    }
    found
}

fn answer(row: &fhir::rows::ResponseAnswer<'_>) -> Option<String> {
    let said = row.value.map(|value| match value {
        Answer::Boolean(yes) => yes.to_string(),
        Answer::Number(number) => number.text().to_owned(),
        Answer::Words(text) => text.trim().to_owned(),
        Answer::Coding(coding) => coding.display.or(coding.code).unwrap_or_default().trim().to_owned(),
        Answer::Quantity(of) => {
            let number = of.value.map(|value| value.text()).unwrap_or_default();
            let text =
                format!("{}{number} {}", of.comparator.unwrap_or_default(), of.unit.or(of.code).unwrap_or_default());
            text.trim().to_owned()
        }
    });
    let document = || row.attachment.get().and_then(|of| of.title.or(of.url).or(of.content_type)).map(str::to_owned);
    let named = || row.reference.and_then(|of| of.display.or(of.reference)).map(str::to_owned);
    said.or_else(document).or_else(named)
}
