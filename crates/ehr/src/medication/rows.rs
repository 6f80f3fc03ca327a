//! Entries of one source whose medicine may be named elsewhere, until all is known that they hang on.

use std::collections::HashMap;

use fhir::rows::{Meta, ResourceReference};

use super::{Book, Called, DoseForm, Standing, Word, last_words};
use crate::joined::event_key;
use crate::sheet::{Fields, SheetRows};
use crate::{ClinicalTime, Entry, Fact, Part};

/// What an entry of medicines is told when its medicine is known.
pub(crate) trait Medicated: Fields {
    /// The medicine's name, as the resource itself or its Medication says it.
    fn called(&mut self, name: Option<String>);

    /// It is its source's last word on the medicine.
    fn stand(&mut self, standing: Standing);
}

/// What an entry hangs on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tie {
    pub called: Called,
    /// What beside medicine and time makes it the same fact elsewhere.
    pub value: String,
    /// Is the medicine to be taken? Nothing is said of what was once given.
    pub current: Option<bool>,
    /// Was it stopped before its end?
    pub stopped: bool,
    /// When the source changed it last.
    pub changed: Option<ClinicalTime>,
    pub dose: DoseForm,
}

impl Tie {
    pub fn changed(meta: Option<Meta<'_>>) -> Option<ClinicalTime> {
        meta.and_then(|meta| meta.last_updated).and_then(ClinicalTime::parse)
    }
}

/// Entries of one source, each with what it hangs on.
#[derive(Debug)]
pub(crate) struct Medicines<F> {
    pub sheet: SheetRows<F>,
    /// One for each of the sheet's rows, in their order, with the part it was found in.
    ties: Vec<(Part, Tie)>,
}

impl<F: Medicated> Medicines<F> {
    pub fn new(sheet: SheetRows<F>) -> Self {
        Self { sheet, ties: Vec::new() }
    }

    /// Adds an entry; `None` for a resource without an id.
    pub fn push(&mut self, part: Part, fact: Option<Fact>, fields: F, tie: Tie) {
        if fact.is_some() {
            self.ties.push((part, tie));
        }
        self.sheet.push(part, fact, None, Vec::new(), fields);
    }

    /// Every entry with what it hangs on.
    pub fn each(&mut self, mut act: impl FnMut(&mut Entry<F>, &mut Tie)) {
        self.sheet.rows.iter_mut().zip(&mut self.ties).for_each(|(row, (_, tie))| act(&mut row.item, tie));
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.ties.extend(other.ties);
        self.sheet.take_in(other.sheet);
    }

    /// Ids of Medications that are named and have not come.
    pub fn missing(&self, book: &Book) -> Vec<String> {
        book.missing(self.ties.iter().filter_map(|(_, tie)| tie.called.elsewhere.as_deref()), &self.sheet.base)
    }

    /// Every entry with its medicine's name, and the parts in which one has none.
    pub fn finish(self, book: &Book) -> (SheetRows<F>, Vec<Part>) {
        let Self { mut sheet, mut ties } = self;
        let mut nameless: Vec<Part> = Vec::new();
        for (row, (part, tie)) in sheet.rows.iter_mut().zip(&mut ties) {
            book.name(&mut tie.called, &sheet.base);
            let concept = &tie.called.concept;
            if tie.called.is_nameless() && !nameless.contains(part) {
                nameless.push(*part);
            }
            row.item.fact.code = concept.code.clone();
            row.key = event_key(concept, row.item.fact.time.as_ref(), &tie.value);
            row.names.clone_from(&concept.names);
            let said = Some(concept.code.text.clone()).filter(|text| !text.is_empty());
            row.item.fields.called(tie.called.display.clone().or(said));
        }
        stand(&mut sheet, &ties);
        number(&mut sheet);
        (sheet, nameless)
    }
}

/// Tells each entry that is its source's last word.
fn stand<F: Medicated>(sheet: &mut SheetRows<F>, ties: &[(Part, Tie)]) {
    let taken: Vec<(usize, bool)> =
        ties.iter().enumerate().filter_map(|(at, (_, tie))| Some((at, tie.current?))).collect();
    let words: Vec<Word<'_>> = taken
        .iter()
        .map(|(at, current)| Word {
            names: &sheet.rows[*at].names,
            time: sheet.rows[*at].item.fact.time.as_ref(),
            current: *current,
            stopped: ties[*at].1.stopped,
            changed: ties[*at].1.changed.as_ref(),
            dose: ties[*at].1.dose.clone(),
        })
        .collect();
    let standings = last_words(&sheet.source.id, &words);
    for ((at, _), standing) in taken.into_iter().zip(standings) {
        if let Some(standing) = standing {
            sheet.rows[at].item.fields.stand(standing);
        }
    }
}

/// Two resources of one source that say the same are two facts (a tablet given twice on a day): only those of different
/// sources may be one. They are numbered in the order of their ids, whichever came first.
fn number<F: Medicated>(sheet: &mut SheetRows<F>) {
    let id = |at: &usize| sheet.rows[*at].item.fact.id.as_str();
    let mut order: Vec<usize> = (0..sheet.rows.len()).collect();
    order.sort_by(|one, other| id(one).cmp(id(other)));
    // Pages overlap: the same resource again is no second one.
    order.dedup_by(|one, other| id(one) == id(other));
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for at in order {
        if let Some(key) = &sheet.rows[at].key {
            let times = seen.entry(key.clone()).or_default();
            *times += 1;
            if *times > 1 {
                numbers.insert(sheet.rows[at].item.fact.id.clone(), *times);
            }
        }
    }
    for row in &mut sheet.rows {
        if let (Some(times), Some(key)) = (numbers.get(&row.item.fact.id), row.key.as_mut()) {
            key.push_str(&format!("\u{1f}{times}"));
        }
    }
}

/// Id of the encounter at the same server that a reference names.
pub(crate) fn local_id(reference: Option<&ResourceReference<'_>>, wanted: &str, base: &url::Url) -> Option<String> {
    match fhir::Reference::parse(reference?.reference?, base) {
        fhir::Reference::Local { kind, id, .. } if kind == wanted => Some(id.to_owned()),
        _ => None,
    }
}

/// Do they come from different sources alone?
pub(crate) fn apart(one: &Fact, other: &Fact) -> bool {
    !one.origins.iter().any(|origin| other.is_from(&origin.source))
}

/// Notes, as text.
pub(crate) fn remarks(notes: &[fhir::rows::Annotation<'_>]) -> Vec<String> {
    let texts = notes.iter().filter_map(|note| note.text).map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}
