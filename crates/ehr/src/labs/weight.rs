//! What a result would cost to keep: a hospital may send results that are no results (SECURITY: threat 15).

use fhir::rows::{CodeableConcept, Component, Observation, Value};

use super::LabRows;

/// Longest text of one result, all texts of it together, in bytes: a long comment on a culture has some thousand.
const HEAVIEST: usize = 256 << 10;
/// Most text of one source in bytes; ten thousand results have two million.
const MOST_TEXT: usize = 8 << 20;
/// Most components, members, notes and names of reports of one source; ten thousand results of panels have some ten
/// thousand.
const MOST_PARTS: usize = 100_000;

impl LabRows {
    /// Is there room for this result beside what is kept?
    pub(super) fn has_room(&self, row: &Observation<'_>) -> bool {
        let parts = self.parts.len() + self.members.len() + self.notes.len() + self.reports.len();
        let more = row.component.len() + row.has_member.len() + row.note.len();
        let text = of(row);
        text <= HEAVIEST && self.text.len() + text <= MOST_TEXT && parts + more <= MOST_PARTS
    }

    /// Is there room for the name of a report and the results it lists?
    pub(super) fn has_room_for_report(&self, name: &str) -> bool {
        name.len() <= HEAVIEST && self.text.len() + name.len() <= MOST_TEXT && self.reports.len() < MOST_PARTS
    }
}

/// Bytes of the texts that would be kept.
fn of(row: &Observation<'_>) -> usize {
    let notes = row.note.iter().filter_map(|note| note.text).map(str::len).sum::<usize>();
    let members = row.has_member.iter().filter_map(|member| member.reference).map(str::len).sum::<usize>();
    let specimen = row.specimen.and_then(|specimen| specimen.display).map_or(0, str::len);
    let own = value(row.value) + concept(row.code.as_ref()) + concept(row.data_absent_reason.as_ref());
    let ranges = row.reference_range.iter().filter_map(|range| range.text).map(str::len).sum::<usize>();
    notes + members + specimen + own + ranges + row.component.iter().map(component).sum::<usize>()
}

fn component(of: &Component<'_>) -> usize {
    let ranges = of.reference_range.iter().filter_map(|range| range.text).map(str::len).sum::<usize>();
    value(of.value) + concept(of.code.as_ref()) + concept(of.data_absent_reason.as_ref()) + ranges
}

fn concept(of: Option<&CodeableConcept<'_>>) -> usize {
    let text = |text: Option<&str>| text.map_or(0, str::len);
    of.map_or(0, |of| {
        let codings = of.coding.iter().map(|coding| text(coding.system) + text(coding.code) + text(coding.display));
        text(of.text) + codings.sum::<usize>()
    })
}

fn value(of: Option<Value<'_>>) -> usize {
    let text = |text: Option<&str>| text.map_or(0, str::len);
    match of {
        Some(Value::String(own) | Value::Time(own) | Value::DateTime(own)) => own.len(),
        Some(Value::CodeableConcept(own)) => concept(Some(&own)),
        Some(Value::Quantity(own)) => {
            own.value.map_or(0, |number| number.text().len()) + text(own.unit) + text(own.code)
        }
        Some(Value::Integer(own)) => own.text().len(),
        // Some words and numbers; of a curve only that it is one.
        Some(_) | None => 64,
    }
}
