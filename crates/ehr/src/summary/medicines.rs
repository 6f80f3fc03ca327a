//! Medicines: what the patient takes now as far as prescriptions say, with the doses before.

use std::collections::HashMap;

use fhir::rows::MedicationRequest;

use super::events::display;
use super::problems::quantity;
use super::{EarlierDose, Medicine};
use crate::concept::{first_words, share};
use crate::fact::silent;
use crate::joined::{Row, RowSource, add_new, conflict, event_key, fill, item, join, newest_first, time_key};
use crate::medication::{Book, Called, DoseForm, DoseWords};
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
    book: Book,
    pub without_id: u32,
}

#[derive(Debug)]
struct Request {
    row: Row<Medicine>,
    called: Called,
    /// When the source changed the resource last: by then it was stopped.
    changed: Option<ClinicalTime>,
    value: String,
}

impl MedicineRows {
    pub fn new(source: RowSource) -> Self {
        Self { source, rows: Vec::new(), book: Book::default(), without_id: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Medications that came along, or were read.
    pub fn book(&mut self) -> &mut Book {
        &mut self.book
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, base: &url::Url) -> Vec<String> {
        self.book.missing(self.rows.iter().filter_map(|request| request.called.elsewhere.as_deref()), base)
    }

    /// Is there a request whose medicine has no name, even so?
    pub fn has_nameless(&self, base: &url::Url) -> bool {
        let missing = self.missing(base);
        !missing.is_empty() && self.rows.iter().any(|request| request.called.is_nameless())
    }

    /// Takes a request that has been checked to be the patient's.
    pub fn add(&mut self, row: &MedicationRequest<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let called = Called::read(row.medication.as_ref(), row.medication_reference.as_ref(), row.contained);
        let time = row.authored_on.and_then(ClinicalTime::parse);
        let Some(fact) = self.source.fact("MedicationRequest", row.id, row.meta, &called.concept, time, status) else {
            self.without_id += 1;
            return;
        };
        let words = DoseWords::read(row.dosage_instruction);
        let dispense = row.dispense_request.get();
        let forbidden = row.do_not_perform == Some(true);
        let medicine = Medicine {
            current: !forbidden && is_current(status),
            route: words.route,
            supply: dispense.and_then(|dispense| dispense.expected_supply_duration).and_then(|of| quantity(&of)),
            prescriber: display(row.requester.as_ref()),
            reason: first_words(row.reason_code),
            intent: row.intent.map(str::to_owned),
            notes: row.note.iter().filter_map(|note| note.text).map(str::to_owned).collect(),
            since: fact.time.clone(),
            dose: words.dose,
            frequency: words.frequency,
            instruction: words.instruction,
            fact,
            ..Medicine::default()
        };
        let value = format!("{}|{}|{}", medicine.current, medicine.fact.status, dose_form(&medicine).key());
        let key = event_key(&called.concept, medicine.fact.time.as_ref(), &value);
        let row_of = Row { item: medicine, order: self.source.order, key, names: called.concept.names.clone() };
        let changed = row.meta.and_then(|meta| meta.last_updated).and_then(ClinicalTime::parse);
        self.rows.push(Request { row: row_of, called, changed, value });
    }

    /// Names what the Medications have said since.
    fn named(self, base: Option<&url::Url>) -> Vec<Request> {
        let Self { rows, book, .. } = self;
        let name = |mut request: Request| {
            if let Some(base) = base.filter(|_| request.called.elsewhere.is_some()) {
                book.name(&mut request.called, base);
                let concept = &request.called.concept;
                request.row.item.fact.code = concept.code.clone();
                request.row.key = event_key(concept, request.row.item.fact.time.as_ref(), &request.value);
                request.row.names.clone_from(&concept.names);
            }
            request
        };
        rows.into_iter().map(name).collect()
    }
}

/// Nothing said is current: a medicine is not hidden because its status is missing. Paused ones are shown with it.
pub(crate) fn is_current(status: &str) -> bool {
    !matches!(status, "stopped" | "completed" | "cancelled" | "draft" | "ended")
}

fn dose_form(of: &Medicine) -> DoseForm {
    DoseForm::new(of.dose.as_deref(), of.frequency.as_deref(), of.instruction.as_deref())
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
        head.dose_changed = known && !dose_form(head).agrees(&dose_form(earlier));
    }
    if earlier.fact.time.is_some() {
        head.since.clone_from(&earlier.fact.time);
    }
    head.earlier.push(EarlierDose {
        time: earlier.fact.time.clone(),
        text,
        dose: earlier.dose.clone(),
        frequency: earlier.frequency.clone(),
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
        (true, true) => !dose_form(a).agrees(&dose_form(b)),
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
