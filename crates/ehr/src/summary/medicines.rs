//! Medicines: what the patient takes now as far as prescriptions say, with the doses before.

// not shown: units that hospitals write, only compared with.

use std::collections::HashMap;

use fhir::rows::{Dosage, MedicationRequest, TimingRepeat};

use super::events::display;
use super::problems::quantity;
use super::{EarlierDose, Medicine};
use crate::concept::{Concept, first_words, said_form, share, some_words};
use crate::fact::silent;
use crate::joined::{Row, RowSource, add_new, conflict, event_key, fill, item, join, newest_first, time_key};
use crate::{ClinicalTime, Part, PartList, SourceReport};

item!(Medicine, self, other, {
    fill(&mut self.instruction, &other.instruction);
    fill(&mut self.dose, &other.dose);
    fill(&mut self.route, &other.route);
    fill(&mut self.frequency, &other.frequency);
    fill(&mut self.supply, &other.supply);
    fill(&mut self.prescriber, &other.prescriber);
    fill(&mut self.reason, &other.reason);
    add_new(&mut self.notes, &other.notes);
});

/// Prescriptions of one source.
#[derive(Debug)]
pub(crate) struct MedicineRows {
    source: RowSource,
    rows: Vec<Request>,
    /// `Medication/id` → what it is: included ones, and those that were read afterwards.
    included: HashMap<String, Concept>,
    pub without_id: u32,
}

#[derive(Debug)]
struct Request {
    row: Row<Medicine>,
    /// Where the medicine is named, when the request does not say.
    elsewhere: Option<String>,
    /// When the source changed the resource last: by then it was stopped.
    changed: Option<ClinicalTime>,
    value: String,
}

impl MedicineRows {
    pub fn new(source: RowSource) -> Self {
        Self { source, rows: Vec::new(), included: HashMap::new(), without_id: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A Medication that came along or was read: `reference` as requests name it (`Medication/1`).
    pub fn medication(&mut self, id: &str, code: Option<&fhir::rows::CodeableConcept<'_>>) {
        self.included.insert(format!("Medication/{id}"), Concept::read(code));
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, base: &url::Url) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for reference in self.rows.iter().filter_map(|request| request.elsewhere.as_deref()) {
            if let fhir::Reference::Local { kind: "Medication", id, .. } = fhir::Reference::parse(reference, base)
                && !self.included.contains_key(&format!("Medication/{id}"))
                && !missing.iter().any(|known| known == id)
            {
                missing.push(id.to_owned());
            }
        }
        missing
    }

    /// Is there a request whose medicine has no name, even so?
    pub fn has_nameless(&self, base: &url::Url) -> bool {
        let missing = self.missing(base);
        !missing.is_empty() && self.rows.iter().any(|request| request.row.item.fact.code.text.is_empty())
    }

    /// Takes a request that has been checked to be the patient's.
    pub fn add(&mut self, row: &MedicationRequest<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let (concept, elsewhere) = medicine(row);
        let time = row.authored_on.and_then(ClinicalTime::parse);
        let Some(fact) = self.source.fact("MedicationRequest", row.id, row.meta, &concept, time, status) else {
            self.without_id += 1;
            return;
        };
        let (dose, frequency) = (dose(row.dosage_instruction), frequency(row.dosage_instruction));
        let instruction = instruction(row.dosage_instruction);
        let dispense = row.dispense_request.get();
        let forbidden = row.do_not_perform == Some(true);
        let medicine = Medicine {
            current: !forbidden && is_current(status),
            route: row.dosage_instruction.iter().find_map(|dosage| some_words(dosage.route.as_ref())),
            supply: dispense.and_then(|dispense| dispense.expected_supply_duration).and_then(|of| quantity(&of)),
            prescriber: display(row.requester.as_ref()),
            reason: first_words(row.reason_code),
            intent: row.intent.map(str::to_owned),
            notes: row.note.iter().filter_map(|note| note.text).map(str::to_owned).collect(),
            since: fact.time.clone(),
            dose,
            frequency,
            instruction,
            fact,
            ..Medicine::default()
        };
        let value = format!("{}|{}|{}", medicine.current, medicine.fact.status, dose_form(&medicine));
        let key = event_key(&concept, medicine.fact.time.as_ref(), &value);
        let row_of = Row { item: medicine, order: self.source.order, key, names: concept.names };
        let changed = row.meta.and_then(|meta| meta.last_updated).and_then(ClinicalTime::parse);
        self.rows.push(Request { row: row_of, elsewhere, changed, value });
    }

    /// Names what the Medications have said since.
    fn named(self, base: Option<&url::Url>) -> Vec<Request> {
        let included = self.included;
        let name = |mut request: Request| {
            let id = request.elsewhere.as_deref().and_then(|reference| match base {
                Some(base) => match fhir::Reference::parse(reference, base) {
                    fhir::Reference::Local { kind: "Medication", id, .. } => Some(format!("Medication/{id}")),
                    _ => None,
                },
                None => Some(reference.to_owned()),
            });
            if let Some(concept) = id.and_then(|id| included.get(&id)).filter(|concept| !concept.is_empty()) {
                request.row.item.fact.code = concept.code.clone();
                request.row.key = event_key(concept, request.row.item.fact.time.as_ref(), &request.value);
                request.row.names.clone_from(&concept.names);
            }
            request
        };
        self.rows.into_iter().map(name).collect()
    }
}

/// What is prescribed, and where it is named if not here.
fn medicine(row: &MedicationRequest<'_>) -> (Concept, Option<String>) {
    let own = Concept::read(row.medication.as_ref());
    let Some(reference) = row.medication_reference.filter(|_| own.is_empty()) else { return (own, None) };
    let contained = reference.reference.and_then(|text| text.strip_prefix('#')).and_then(|id| {
        let inside = row.contained.iter().find(|inside| inside.id == Some(id))?;
        Some(Concept::read(inside.code.as_ref())).filter(|concept| !concept.is_empty())
    });
    if let Some(contained) = contained {
        return (contained, None);
    }
    let words = display(Some(&reference)).map(|words| Concept::of_text(&words)).unwrap_or_default();
    (words, reference.reference.map(str::to_owned))
}

/// Nothing said is current: a medicine is not hidden because its status is missing. Paused ones are shown with it.
fn is_current(status: &str) -> bool {
    !matches!(status, "stopped" | "completed" | "cancelled" | "draft" | "ended")
}

/// `80 mg`
fn dose(all: &[Dosage<'_>]) -> Option<String> {
    all.iter().find_map(|dosage| {
        let mut amounts = dosage.dose_and_rate.iter().filter_map(|rate| {
            rate.dose_quantity.as_ref().and_then(quantity).or_else(|| {
                let range = rate.dose_range?;
                Some(format!("{}–{}", range.low.as_ref().and_then(quantity)?, range.high.as_ref().and_then(quantity)?))
            })
        });
        amounts.next().or_else(|| dosage.dose_quantity.as_ref().and_then(quantity))
    })
}

/// The words for it, else how often in what period: `2 / 1 d`.
fn frequency(all: &[Dosage<'_>]) -> Option<String> {
    let timing = all.iter().find_map(|dosage| dosage.timing)?;
    some_words(timing.code.as_ref()).or_else(|| timing.repeat.as_ref().and_then(repeat))
}

fn repeat(of: &TimingRepeat<'_>) -> Option<String> {
    let period = format!("{} {}", of.period?.text(), of.period_unit?);
    let times = of.frequency.map_or("1", |number| number.text());
    let most = of.frequency_max.map(|number| format!("–{}", number.text())).unwrap_or_default();
    let when = if of.when.is_empty() { String::new() } else { format!(" {}", of.when.join(" ")) };
    Some(format!("{times}{most} / {period}{when}"))
}

fn instruction(all: &[Dosage<'_>]) -> Option<String> {
    let texts = all.iter().filter_map(|dosage| dosage.text.or(dosage.patient_instruction)).map(str::trim);
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// What makes two doses the same, however they are spaced: amount and frequency, else the whole instruction.
fn dose_form(of: &Medicine) -> String {
    let (dose, frequency) = (of.dose.as_deref().map(amount_form), of.frequency.as_deref().map(said_form));
    let said = [dose, frequency].into_iter().flatten().collect::<Vec<_>>().join("|");
    match said.is_empty() {
        true => of.instruction.as_deref().map(said_form).unwrap_or_default(),
        false => said,
    }
}

/// `80.0 mg` and `80毫克` are `80 mg`, `0.5 g` is `500 mg`; anything else is what it says.
fn amount_form(text: &str) -> String {
    let form = said_form(text);
    let digits = form.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(form.len());
    let (number, unit) = form.split_at(digits);
    let in_mg = match unit {
        "g" | "克" => 1_000.0,
        "mg" | "毫克" => 1.0,
        "ug" | "\u{3bc}g" | "mcg" | "微克" => 0.001,
        _ => 0.0,
    };
    match number.parse::<f64>() {
        Ok(number) if in_mg > 0.0 => format!("{:.6}mg", number * in_mg),
        Ok(number) => format!("{number}{unit}"),
        Err(_) => form,
    }
}

fn dose_text(of: &Medicine) -> String {
    let parts = [of.dose.as_deref(), of.frequency.as_deref()];
    let said = parts.iter().flatten().copied().collect::<Vec<_>>().join(" · ");
    if said.is_empty() { of.instruction.clone().unwrap_or_default() } else { said }
}

/// A fact with what is needed to compare it.
struct Line {
    row: Row<Medicine>,
    changed: Option<ClinicalTime>,
}

/// All sources' medicines as one view. Of one medicine at one source the newest current prescription is a row, with the
/// earlier ones folded into it; what is undated is a row of its own; different sources' rows stand beside each other.
pub(crate) fn join_medicines(
    parts: Vec<(MedicineRows, Option<url::Url>)>,
    sources: &[SourceReport],
) -> PartList<Medicine> {
    let requests: Vec<Request> = parts.into_iter().flat_map(|(part, base)| part.named(base.as_ref())).collect();
    let mut changed: HashMap<String, ClinicalTime> = HashMap::new();
    for request in &requests {
        if let Some(time) = &request.changed {
            changed.insert(request.row.item.fact.id.clone(), time.clone());
        }
    }
    let rows = join(requests.into_iter().map(|request| request.row).collect());
    let mut lines: Vec<Line> =
        rows.into_iter().map(|row| Line { changed: changed.get(&row.item.fact.id).cloned(), row }).collect();
    lines.sort_by(|one, other| newest_first(&one.row.item.fact, &other.row.item.fact));
    let mut rows = fold(lines);
    mark(&mut rows);
    let (items, past) = rows.into_iter().map(|line| line.row.item).partition(|medicine| medicine.current);
    PartList { items, past, silent: silent(sources, Part::Medicines) }
}

/// Puts earlier prescriptions of a medicine at a source under the newest one. `lines` are newest first.
fn fold(lines: Vec<Line>) -> Vec<Line> {
    let mut heads: Vec<Line> = Vec::new();
    // Name of a medicine → heads that bear it.
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for line in lines {
        let medicine = &line.row.item;
        let mut alike: Vec<usize> =
            line.row.names.iter().filter_map(|name| by_name.get(name)).flatten().copied().collect();
        alike.sort_unstable();
        alike.dedup();
        let head = alike.into_iter().find(|at| is_earlier(medicine, &heads[*at].row.item));
        match head {
            Some(at) => take_in(&mut heads[at].row.item, medicine),
            None => {
                for name in &line.row.names {
                    by_name.entry(name.clone()).or_default().push(heads.len());
                }
                heads.push(line);
            }
        }
    }
    heads
}

/// Is it an earlier prescription of what `head` stands for? All its sources must be the head's; a current one is never
/// put under one that has ended.
fn is_earlier(medicine: &Medicine, head: &Medicine) -> bool {
    let dated = medicine.fact.time.is_some() && head.fact.time > medicine.fact.time;
    let same = medicine.fact.origins.iter().all(|origin| head.fact.is_from(&origin.source));
    dated && same && (head.current || !medicine.current)
}

fn take_in(head: &mut Medicine, earlier: &Medicine) {
    let last = head.earlier.last().map_or_else(|| dose_text(head), |last| last.text.clone());
    let text = dose_text(earlier);
    if head.current && head.earlier.is_empty() {
        let known = !last.is_empty() && !text.is_empty();
        head.dose_changed = known && dose_form(head) != dose_form(earlier);
    }
    if earlier.fact.time.is_some() {
        head.since.clone_from(&earlier.fact.time);
    }
    head.earlier.push(EarlierDose {
        time: earlier.fact.time.clone(),
        text,
        status: earlier.fact.status.clone(),
        origins: earlier.fact.origins.clone(),
    });
}

/// Two current doses; current here and stopped there.
fn mark(lines: &mut [Line]) {
    let mut about: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        for name in &line.row.names {
            about.entry(name).or_default().push(at);
        }
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for alike in about.into_values() {
        for (nth, one) in alike.iter().enumerate() {
            let others = alike.iter().skip(nth + 1).filter(|other| contradict(&lines[*one], &lines[**other]));
            pairs.extend(others.map(|other| (*one, *other)));
        }
    }
    for (one, other) in pairs {
        let (first, second) = (lines[one].row.item.fact.id.clone(), lines[other].row.item.fact.id.clone());
        conflict(&mut lines[one].row.item.fact, &second);
        conflict(&mut lines[other].row.item.fact, &first);
    }
}

fn contradict(one: &Line, other: &Line) -> bool {
    let (a, b) = (&one.row.item, &other.row.item);
    if !share(&one.row.names, &other.row.names) {
        return false;
    }
    match (a.current, b.current) {
        (true, true) => dose_form(a) != dose_form(b),
        (true, false) => was_stopped_after(other, a),
        (false, true) => was_stopped_after(one, b),
        (false, false) => false,
    }
}

/// Stopping is dated by nothing in a request. What its source has not touched since before the other was written was
/// stopped before; anything else may contradict it.
fn was_stopped_after(stopped: &Line, current: &Medicine) -> bool {
    let known_before = stopped
        .changed
        .as_ref()
        .zip(current.fact.time.as_ref())
        .is_some_and(|(changed, written)| changed < written && time_key(changed) != time_key(written));
    stopped.row.item.fact.status == "stopped" && !known_before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dose_however_it_is_written() {
        let same = |one: &str, other: &str| amount_form(one) == amount_form(other);
        assert!(
            same("80 mg", "80.0 毫克") && same("0.5 g", "500mg") && same("50 µg", "0.05 mg") && same("1 片", "1.0片")
        );
        assert!(
            !same("80 mg", "40 mg")
                && !same("1 片", "1 mg")
                && !same("5 mg", "5 g")
                && !same("0.5 g", "5 g")
                && !same("半片", "1片")
        );
    }
}
