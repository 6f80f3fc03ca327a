//! Results of all sources become one list: the same fact once, with all its originals; nothing lost, nothing ranked away.
//!
//! The same fact is: the same thing measured, the same clinical time at the same precision, the same value in the same
//! unit, both settled or both not. Undated results and headings of panels are never the same as another. Which source
//! answered first never shows: of several originals the one of the first source in the catalogue is shown, with gaps
//! filled from the next, and the gravest flag of all.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash};
use std::sync::OnceLock;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::flags::Comparator;
use super::rows::{LabRow, LabRows, NONE, Status, ValueKind, index};
use crate::Precision;

/// A fingerprint, the same for equal things within this process. Of 64 bits under a random key: among the ten thousand
/// results of a patient two different ones share it once in 10¹¹ patients.
pub(crate) fn print(of: &impl Hash) -> u64 {
    static HASHER: OnceLock<DefaultHashBuilder> = OnceLock::new();
    HASHER.get_or_init(DefaultHashBuilder::default).hash_one(of)
}

/// What makes two results the same fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fact {
    concept: u64,
    unit: u64,
    value: u64,
    start: i64,
    precision: Precision,
    kind: ValueKind,
    comparator: Comparator,
    class: u8,
}

/// Originals of one fact that are looked through one by one; of more they are looked up. A fact has a handful of originals,
/// but a hospital may send one result ten thousand times.
const FEW: usize = 16;

/// What is looked up while rows are placed.
struct Known {
    /// Fingerprint and first original of each fact: rows are looked at again only when the fingerprints agree.
    facts: HashTable<(u64, u32)>,
    /// Of facts with many originals, by the first of them: the fingerprints of all their originals.
    crowds: HashMap<u32, HashSet<u64>>,
}

/// A row of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowRef {
    pub source: u32,
    pub row: u32,
}

/// Merged results, still compact. [`MergedLabs::results`] makes what a page shows.
#[derive(Debug)]
pub struct MergedLabs {
    pub(crate) sources: Vec<LabRows>,
    /// All rows that are not repetitions, with the next original of the same fact, if any.
    originals: Vec<(RowRef, u32)>,
    /// First original of each fact.
    facts: Vec<u32>,
    repeated: u32,
}

/// Merges what the sources gave.
pub fn merge(mut sources: Vec<LabRows>) -> MergedLabs {
    sources.sort_by(|a, b| (a.source.order, &a.source.id).cmp(&(b.source.order, &b.source.id)));
    let rows = sources.iter().map(LabRows::len).sum();
    let mut merged =
        MergedLabs { sources, originals: Vec::with_capacity(rows), facts: Vec::with_capacity(rows), repeated: 0 };
    let mut known = Known { facts: HashTable::with_capacity(rows), crowds: HashMap::new() };
    for source in 0..merged.sources.len() {
        let source = index(source);
        for row in 0..merged.rows_of(source).len() {
            merged.place(RowRef { source, row: index(row) }, &mut known);
        }
    }
    merged
}

impl MergedLabs {
    /// Facts: what a page shows as one result each.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Nothing at all?
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Originals that stand behind the facts.
    pub fn originals(&self) -> usize {
        self.originals.len()
    }

    /// The same original again: pages overlap, and a source gives a merged patient's results under both ids.
    pub fn repeated(&self) -> u32 {
        self.repeated
    }

    fn rows_of(&self, source: u32) -> &[LabRow] {
        self.sources.get(source as usize).map(|source| source.rows.as_slice()).unwrap_or_default()
    }

    pub(crate) fn row(&self, at: RowRef) -> Option<(&LabRows, &LabRow)> {
        let source = self.sources.get(at.source as usize)?;
        Some((source, source.rows.get(at.row as usize)?))
    }

    /// Originals of each fact, in the order of the catalogue.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Vec<RowRef>> {
        self.facts.iter().map(|first| {
            let mut originals = Vec::with_capacity(1);
            originals.extend(self.chain(*first));
            originals.sort_by(|a, b| self.place_of(*a).cmp(&self.place_of(*b)));
            originals
        })
    }

    fn place_of(&self, at: RowRef) -> (u32, &str) {
        (at.source, self.row(at).map(|(source, row)| source.id(row)).unwrap_or_default())
    }

    fn place(&mut self, at: RowRef, known: &mut Known) {
        let Some((source, row)) = self.row(at) else { return };
        let hash = match fact(source, row) {
            Some(fact) => print(&fact),
            None => print(&(at.source, source.id(row))),
        };
        let same = |(print, first): &(u64, u32)| *print == hash && self.is_same(at, *first);
        let found = known.facts.find(hash, same).map(|(_, first)| *first);
        let new = index(self.originals.len());
        match found {
            None => {
                self.originals.push((at, NONE));
                self.facts.push(new);
                known.facts.insert_unique(hash, (hash, new), |(hash, _)| *hash);
            }
            Some(first) if self.is_repetition(at, first, &mut known.crowds) => self.repeated += 1,
            Some(first) => {
                let next = self.originals.get(first as usize).map_or(NONE, |(_, next)| *next);
                self.originals.push((at, next));
                if let Some(head) = self.originals.get_mut(first as usize) {
                    head.1 = new;
                }
            }
        }
    }

    /// Is the row the same fact as the originals that begin at `first`?
    fn is_same(&self, at: RowRef, first: u32) -> bool {
        let Some((other, _)) = self.originals.get(first as usize) else { return false };
        let (Some((source, row)), Some((other_source, other_row))) = (self.row(at), self.row(*other)) else {
            return false;
        };
        match (fact(source, row), fact(other_source, other_row)) {
            (Some(one), Some(two)) => one == two,
            (None, None) => at.source == other.source && source.id(row) == other_source.id(other_row),
            _ => false,
        }
    }

    /// Is the same original there already? What is not is about to be.
    fn is_repetition(&self, at: RowRef, first: u32, crowds: &mut HashMap<u32, HashSet<u64>>) -> bool {
        let own = self.place_of(at);
        let mut originals = self.chain(first);
        let few = originals.by_ref().take(FEW).any(|other| other.source == at.source && self.place_of(other) == own);
        if few || originals.next().is_none() {
            return few;
        }
        let all = || self.chain(first).map(|other| print(&self.place_of(other))).collect();
        !crowds.entry(first).or_insert_with(all).insert(print(&own))
    }

    /// The originals that begin at `first`.
    fn chain(&self, first: u32) -> impl Iterator<Item = RowRef> {
        let mut at = first;
        std::iter::from_fn(move || {
            let (row, next) = self.originals.get(at as usize)?;
            at = *next;
            Some(*row)
        })
    }
}

/// `None` for what is never the same as another.
fn fact(source: &LabRows, row: &LabRow) -> Option<Fact> {
    if row.kind == ValueKind::Panel {
        return None;
    }
    let concept = source.concepts.get(row.concept as usize)?;
    let unit = concept.units.get(usize::from(row.unit)).map_or(0, |unit| unit.print);
    Some(Fact {
        concept: concept.print,
        unit,
        value: row.value,
        start: row.start,
        precision: row.precision?,
        kind: row.kind,
        comparator: row.comparator,
        class: row.status.class(),
    })
}

/// The status shown for originals of one class: the latest stage that any of them has reached.
pub(crate) fn latest(statuses: impl Iterator<Item = Status>) -> Status {
    statuses.max().unwrap_or(Status::Unknown)
}
