//! 处方表单

use ehr::{ClinicalTime, Entry, NOTHING_DISPENSED, PrescriptionFields, Section};

use super::orders::{nameless, texts};
use crate::Scene;
use crate::facts::marks;
use crate::sheet::{Cell, Cells, Heading, Look, SheetView, Tag, status_tag};
use crate::usage;

/// Medicines by the form that they stand on.
pub struct PrescriptionsView;

impl SheetView for PrescriptionsView {
    type Fields = PrescriptionFields;
    const SECTION: Section = Section::Prescriptions;
    const COLUMNS: &'static [&'static str] =
        &["medicine-dose", "medicine-usage", "prescriptions-days", "prescriptions-dispensed"];

    fn row(entry: &Entry<PrescriptionFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let coded = !entry.fact.code.codings.is_empty();
        let sum = fields.quantity.clone().map(|sum| scene.with("in-all", &[("quantity", sum.into())]));
        Cells {
            title: nameless(&entry.fact.code.text, scene).filter(|_| !coded),
            sub: Some(scene.list(&fields.reasons)).filter(|sub| !sub.is_empty()),
            tag: status_tag("medicine-", &entry.fact.status, &["active", "completed"], scene),
            cells: vec![
                Cell::lines(usage::amounts(&fields.dose)),
                Cell::lines(usage::ways(&fields.dose, scene)),
                Cell::lines(fields.days.iter().cloned().chain(sum).collect()),
                Cell::lines(dispensed(fields, scene)),
            ],
            texts: texts(&fields.dose, fields.status_reason.as_ref(), &fields.notes, scene),
            ..Cells::default()
        }
    }

    fn group(entry: &Entry<PrescriptionFields>, _look: &Look<'_>) -> Option<String> {
        Some(entry.fields.group.clone())
    }

    fn heading(entries: &[&Entry<PrescriptionFields>], look: &Look<'_>) -> Option<Heading> {
        let scene = &look.scene;
        let first = entries.first()?;
        let written = entries.iter().filter_map(|entry| entry.fact.time.as_ref()).max();
        let prescribers = each_once(entries.iter().filter_map(|entry| entry.fields.prescriber.words()));
        let settings = each_once(entries.iter().filter_map(|entry| entry.fields.setting));
        let by = (!prescribers.is_empty())
            .then(|| scene.with("prescribed-by", &[("name", scene.list(&prescribers).into())]));
        let number = first.fields.number.as_deref().filter(|_| !scene.is_plain());
        let number = number.map(|number| scene.with("prescriptions-number", &[("number", number.into())]));
        let origins: Vec<ehr::Origin> = entries.iter().flat_map(|entry| entry.fact.origins.clone()).collect();
        let settings = settings.iter().map(|setting| scene.coded("orders-setting-", setting));
        Some(Heading {
            title: title(written, scene),
            about: by.into_iter().chain(settings).chain(number).collect(),
            tags: status(entries, scene).into_iter().chain([pharmacy(entries, scene)]).collect(),
            sources: marks(&origins, look.reports, scene),
        })
    }
}

fn title(written: Option<&ClinicalTime>, scene: &Scene<'_>) -> String {
    match written {
        Some(time) => scene.with("prescriptions-form", &[("date", scene.day(time).into())]),
        None => scene.text("prescriptions-form-undated"),
    }
}

fn each_once<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.iter().any(|known| known == text) {
            all.push(text.to_owned());
        }
    }
    all
}

/// What the whole form is, where all that stands on it is that.
fn status(entries: &[&Entry<PrescriptionFields>], scene: &Scene<'_>) -> Option<Tag> {
    let first = entries.first()?.fact.status.as_str();
    let same = entries.iter().all(|entry| entry.fact.status == first);
    status_tag("medicine-", first, &["active", "completed"], scene).filter(|_| same)
}

/// What the pharmacy made of the form: never "nothing" where it was not asked or has not answered in full.
fn pharmacy(entries: &[&Entry<PrescriptionFields>], scene: &Scene<'_>) -> Tag {
    let count =
        |wanted: Option<&str>| entries.iter().filter(|entry| entry.fields.dispensed.as_deref() == wanted).count();
    let (all, done) = (entries.len(), count(Some("completed")));
    let (key, tone) = match () {
        () if done == all => ("pharmacy-all", "ok"),
        () if done > 0 => ("pharmacy-part", "warn"),
        () if count(None) == all => ("pharmacy-unknown", ""),
        () if count(Some(NOTHING_DISPENSED)) == all => ("pharmacy-none", ""),
        () if count(None) > 0 => ("pharmacy-unknown", ""),
        () => ("pharmacy-see-below", "warn"),
    };
    Tag { text: scene.with(key, &[("done", done.into()), ("all", all.into())]), tone }
}

/// `已发药`, when, how much.
fn dispensed(fields: &PrescriptionFields, scene: &Scene<'_>) -> Vec<String> {
    let Some(state) = &fields.dispensed else { return vec![scene.text("pharmacy-not-known")] };
    let about =
        fields.dispensed_at.as_ref().map(|at| scene.minute(at)).into_iter().chain(fields.dispensed_quantity.clone());
    let times = fields.dispensed_times.map(|times| scene.with("pharmacy-times", &[("times", times.into())]));
    [scene.coded("dispense-", state)].into_iter().chain(about).chain(times).collect()
}
