//! Immunizations, procedures, devices and reports.

use fhir::rows::{self, DiagnosticReport, Effective, EventPerformer, ResourceReference};

use super::problems::dated;
use super::{Device, Immunization, Procedure, ReportLine};
use crate::concept::{Concept, first_words, has_code, some_words};
use crate::fact::silent;
use crate::joined::{
    Item, Row, RowSource, add_new, event_key, fill, item, join, mark_conflicts, newest_first, state_key, time_key,
};
use crate::{ClinicalTime, Part, PartList, SourceReport};

item!(Immunization, self, other, {
    fill(&mut self.when_text, &other.when_text);
    fill(&mut self.dose, &other.dose);
    fill(&mut self.lot, &other.lot);
    fill(&mut self.performer, &other.performer);
    fill(&mut self.reason, &other.reason);
});
item!(Procedure, self, other, {
    fill(&mut self.when_text, &other.when_text);
    fill(&mut self.ended, &other.ended);
    fill(&mut self.body_site, &other.body_site);
    fill(&mut self.reason, &other.reason);
    fill(&mut self.outcome, &other.outcome);
    add_new(&mut self.performers, &other.performers);
});
item!(Device, self, other, {
    fill(&mut self.manufacturer, &other.manufacturer);
    fill(&mut self.model, &other.model);
    fill(&mut self.expires, &other.expires);
    add_new(&mut self.notes, &other.notes);
});
item!(ReportLine, self, other, {
    fill(&mut self.conclusion, &other.conclusion);
    fill(&mut self.category, &other.category);
});

/// Rows of one source and one kind.
#[derive(Debug)]
pub(crate) struct EventRows<T> {
    source: RowSource,
    rows: Vec<Row<T>>,
    pub without_id: u32,
}

impl<T> EventRows<T> {
    pub fn new(source: RowSource) -> Self {
        Self { source, rows: Vec::new(), without_id: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn push(&mut self, item: Option<T>, key: Option<String>, names: Vec<String>) {
        match item {
            Some(item) => self.rows.push(Row { item, order: self.source.order, key, names }),
            None => self.without_id += 1,
        }
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `李明（主刀）`, or who it is without a part.
fn performers(all: &[EventPerformer<'_>]) -> Vec<String> {
    let mut named = Vec::new();
    for performer in all {
        let Some(name) = display(performer.actor.as_ref()) else { continue };
        let function = some_words(performer.function.as_ref());
        add_new(&mut named, &[function.map_or(name.clone(), |function| format!("{name} ({function})"))]);
    }
    named
}

/// The words of a reference.
pub(crate) fn display(reference: Option<&ResourceReference<'_>>) -> Option<String> {
    text(reference.and_then(|reference| reference.display))
}

impl EventRows<Immunization> {
    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &rows::Immunization<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.vaccine_code.as_ref());
        let (time, when_text) = dated(row.occurrence);
        let protocol = row.protocol_applied.first();
        let dose = protocol.and_then(|protocol| {
            protocol.dose_number.map(|number| number.text().to_owned()).or_else(|| text(protocol.dose_text))
        });
        let key =
            event_key(&concept, time.as_ref(), &format!("{}|{}", is_done(status), dose.as_deref().unwrap_or("-")));
        let fact = self.source.fact("Immunization", row.id, row.meta, &concept, time, status);
        let item = fact.map(|fact| Immunization {
            when_text,
            dose,
            lot: text(row.lot_number),
            performer: performers(row.performer).into_iter().next().or_else(|| display(row.location.as_ref())),
            reason: some_words(row.status_reason.as_ref()),
            fact,
        });
        self.push(item, key, concept.names);
    }
}

/// What was not done, or given up, did not happen.
fn is_done(status: &str) -> bool {
    !matches!(status, "not-done" | "stopped" | "cancelled" | "inactive")
}

impl EventRows<Procedure> {
    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &rows::Procedure<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let (time, when_text) = dated(row.performed);
        let ended = match row.performed {
            Some(rows::When::Period(period)) => period.end.and_then(ClinicalTime::parse),
            _ => None,
        };
        let body_site = first_words(row.body_site);
        let key = event_key(
            &concept,
            time.as_ref(),
            &format!("{}|{}", is_done(status), body_site.as_deref().map(patients::search_form).unwrap_or_default()),
        );
        let fact = self.source.fact("Procedure", row.id, row.meta, &concept, time, status);
        let item = fact.map(|fact| Procedure {
            when_text,
            ended,
            body_site,
            performers: performers(row.performer),
            reason: first_words(row.reason_code),
            outcome: some_words(row.outcome.as_ref()),
            fact,
        });
        self.push(item, key, concept.names);
    }
}

impl EventRows<Device> {
    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &rows::Device<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let mut concept = Concept::read(row.kind.as_ref());
        if concept.is_empty() {
            let name = row.device_name.iter().find_map(|name| text(name.name)).or_else(|| text(row.model_number));
            concept = name.map(|name| Concept::of_text(&name)).unwrap_or_default();
        }
        let made = row.manufacture_date.and_then(ClinicalTime::parse);
        let model = text(row.model_number);
        let value = format!("{}|{}", is_done(status), model.as_deref().map(patients::search_form).unwrap_or_default());
        // Without a day it was made on, two of a kind may be two devices: only one of a known make is one.
        let key = made.as_ref().and_then(|made| state_key(&concept, Some(made), &value));
        let fact = self.source.fact("Device", row.id, row.meta, &concept, made, status);
        let item = fact.map(|fact| Device {
            manufacturer: text(row.manufacturer),
            model,
            expires: row.expiration_date.and_then(ClinicalTime::parse),
            notes: row.note.iter().filter_map(|note| text(note.text)).collect(),
            fact,
        });
        self.push(item, key, concept.names);
    }
}

impl EventRows<ReportLine> {
    /// Takes a report that has been checked to be the patient's; laboratory ones are left out.
    pub fn add(&mut self, row: &DiagnosticReport<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" || is_laboratory_report(row) {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let time = row.effective.and_then(Effective::start).or(row.issued).and_then(ClinicalTime::parse);
        let conclusion = text(row.conclusion);
        let said = conclusion.as_deref().map(crate::concept::said_form).unwrap_or_default();
        let key = event_key(&concept, time.as_ref(), &format!("{}|{said}", is_done(status)));
        let fact = self.source.fact("DiagnosticReport", row.id, row.meta, &concept, time, status);
        let item = fact.map(|fact| ReportLine { conclusion, category: first_words(row.category), fact });
        self.push(item, key, concept.names);
    }
}

/// A laboratory's report with nothing to say beyond the results that it lists: those stand in the matrix. One that lists
/// none, or brings words or a document of its own, would else be nowhere.
pub(crate) fn is_laboratory_report(row: &DiagnosticReport<'_>) -> bool {
    let laboratory = row.category.is_empty() || has_code(row.category, "LAB") || has_code(row.category, "laboratory");
    let own_words = row.conclusion.is_some() || !row.conclusion_code.is_empty() || !row.presented_form.is_empty();
    laboratory && !row.result.is_empty() && !own_words
}

/// Done here and not done there, at the same time.
fn part<T: Item>(parts: Vec<EventRows<T>>, sources: &[SourceReport], of: Part, lasting: bool) -> PartList<T> {
    let mut rows = join(parts.into_iter().flat_map(|part| part.rows).collect());
    mark_conflicts(&mut rows, |one, other| {
        let (one, other) = (one.fact(), other.fact());
        let time = |of: &crate::Fact| of.time.as_ref().map(time_key);
        let same_time = lasting || (one.time.is_some() && time(one) == time(other));
        same_time && is_done(&one.status) && !is_done(&other.status)
    });
    let (mut items, mut past): (Vec<T>, Vec<T>) =
        rows.into_iter().map(|row| row.item).partition(|item| is_done(&item.fact().status));
    items.sort_by(|one, other| newest_first(one.fact(), other.fact()));
    past.sort_by(|one, other| newest_first(one.fact(), other.fact()));
    PartList { items, past, silent: silent(sources, of) }
}

pub(crate) fn join_immunizations(
    parts: Vec<EventRows<Immunization>>,
    sources: &[SourceReport],
) -> PartList<Immunization> {
    part(parts, sources, Part::Immunizations, false)
}

pub(crate) fn join_procedures(parts: Vec<EventRows<Procedure>>, sources: &[SourceReport]) -> PartList<Procedure> {
    part(parts, sources, Part::Procedures, false)
}

pub(crate) fn join_devices(parts: Vec<EventRows<Device>>, sources: &[SourceReport]) -> PartList<Device> {
    part(parts, sources, Part::Devices, true)
}

pub(crate) fn join_reports(parts: Vec<EventRows<ReportLine>>, sources: &[SourceReport]) -> PartList<ReportLine> {
    part(parts, sources, Part::Reports, false)
}
