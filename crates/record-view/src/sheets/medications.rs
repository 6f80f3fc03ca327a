//! 药品表单

use ehr::{Entry, MedicationEvent, MedicationFields, Section};

use super::orders::{nameless, span_words, texts};
use crate::Scene;
use crate::sheet::{Cell, Cells, Look, SheetView, Tag};
use crate::usage;

/// Medicines as handed out, given and stated.
pub struct MedicationsView;

impl SheetView for MedicationsView {
    type Fields = MedicationFields;
    const SECTION: Section = Section::Medications;
    const COLUMNS: &'static [&'static str] =
        &["medicine-dose", "medicine-usage", "medications-quantity", "medications-by"];

    fn row(entry: &Entry<MedicationFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let coded = !entry.fact.code.codings.is_empty();
        let ready = fields.prepared.as_ref().filter(|ready| entry.fact.time.as_ref() != Some(*ready));
        let ready = ready.map(|ready| scene.with("medications-prepared", &[("time", scene.minute(ready).into())]));
        let during = fields.period.as_ref().filter(|period| period.end.is_some());
        let sub: Vec<String> =
            during.map(|span| span_words(span, scene)).unwrap_or_default().into_iter().chain(ready).collect();
        let by = [&fields.by].into_iter().chain(&fields.also_by).filter_map(|by| by.words());
        Cells {
            title: nameless(&entry.fact.code.text, scene).filter(|_| !coded),
            sub: Some(scene.list(&sub)).filter(|sub| !sub.is_empty()),
            tag: Some(tag(entry, scene)),
            cells: vec![
                Cell::lines(usage::amounts(&fields.dose)),
                Cell::lines(usage::ways(&fields.dose, scene)),
                Cell::lines(fields.quantity.iter().chain(&fields.days).cloned().collect()),
                Cell::lines(by.map(|words| who(words, scene)).collect()),
            ],
            texts: texts(&fields.dose, fields.status_reason.as_ref(), &fields.notes, scene),
            ..Cells::default()
        }
    }
}

/// What happened.
fn tag(entry: &Entry<MedicationFields>, scene: &Scene<'_>) -> Tag {
    let status = entry.fact.status.as_str();
    let (text, usual) = match entry.fields.event {
        _ if status.is_empty() => (scene.text(&format!("event-of-{}", entry.fields.event.as_str())), true),
        MedicationEvent::Dispensed => (scene.coded("dispense-", status), status == "completed"),
        MedicationEvent::Administered => (scene.coded("given-", status), status == "completed"),
        MedicationEvent::Stated => (scene.coded("stated-", status), matches!(status, "active" | "completed")),
    };
    let tone = match entry.fields.event {
        _ if !usual => "warn",
        MedicationEvent::Dispensed => "brand",
        MedicationEvent::Administered => "ok",
        MedicationEvent::Stated => "",
    };
    Tag { text, tone }
}

/// A statement's source is often the patient, who is named by reference alone.
fn who(words: &str, scene: &Scene<'_>) -> String {
    match words.split_once('/') {
        Some(("Patient", _)) => scene.text("by-patient"),
        Some(("RelatedPerson", _)) => scene.text("by-relative"),
        _ => words.to_owned(),
    }
}
