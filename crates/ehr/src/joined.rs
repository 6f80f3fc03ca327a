//! Rows of several sources become one list: the same fact once, with all its originals, whoever answered first.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use fhir::rows::Meta;
use jiff::Timestamp;

use crate::concept::Concept;
use crate::{ClinicalTime, Fact, Origin};

/// FHIR ids have 64 places; some servers take more. A longer one is nobody's.
const LONGEST_ID: usize = 256;
/// Rows about one thing are compared with one another up to so many.
pub(crate) const MOST_COMPARED: usize = 64;
/// Remarks, people or texts of one fact that each new one is compared with.
const MOST_LISTED: usize = 256;

/// What rows of a source have in common.
#[derive(Clone, Debug)]
pub(crate) struct RowSource {
    /// Source id.
    pub id: String,
    /// Place in the catalogue.
    pub order: usize,
    /// When its data was read.
    pub retrieved_at: Timestamp,
}

/// A row on its way into a list.
#[derive(Clone, Debug)]
pub(crate) struct Row<T> {
    pub item: T,
    /// Place of its source in the catalogue.
    pub order: usize,
    /// Rows of one key are the same fact; none is the same as no other.
    pub key: Option<String>,
    /// What it goes by, sorted.
    pub names: Vec<String>,
}

/// What has a [`Fact`].
pub(crate) trait Item: Clone {
    fn fact(&self) -> &Fact;
    fn fact_mut(&mut self) -> &mut Fact;
    /// Takes from the same fact of another original what this one leaves open.
    fn fill(&mut self, other: &Self);
}

macro_rules! item {
    ($name:ident, $self:ident, $other:ident, $fill:block) => {
        impl crate::joined::Item for $name {
            fn fact(&self) -> &crate::Fact {
                &self.fact
            }

            fn fact_mut(&mut self) -> &mut crate::Fact {
                &mut self.fact
            }

            fn fill(&mut $self, $other: &Self) $fill
        }
    };
}
pub(crate) use item;

impl RowSource {
    /// The fact that a resource states. `None` for one without an id that could be looked up again.
    pub fn fact(
        &self,
        kind: &'static str,
        id: Option<&str>,
        meta: Option<Meta<'_>>,
        concept: &Concept,
        time: Option<ClinicalTime>,
        status: &str,
    ) -> Option<Fact> {
        let id = id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)?;
        Some(Fact {
            id: anchor(&self.id, kind, id),
            kind,
            code: concept.code.clone(),
            time,
            status: status.to_owned(),
            origins: vec![self.origin(kind, id, meta)],
            conflict: Vec::new(),
        })
    }

    pub fn origin(&self, kind: &str, id: &str, meta: Option<Meta<'_>>) -> Origin {
        Origin {
            source: self.id.clone(),
            resource: format!("{kind}/{id}"),
            version: meta.and_then(|meta| meta.version_id).map(str::to_owned),
            retrieved_at: self.retrieved_at,
        }
    }
}

/// Usable in an attribute and a URL.
pub(crate) fn anchor(source: &str, kind: &str, id: &str) -> String {
    let plain = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    match plain {
        true => format!("{source}.{kind}.{id}"),
        false => format!("{source}.{kind}.x{:016x}", crate::labs::stable_hash(id.as_bytes())),
    }
}

/// A time as part of a key: only the same instant at the same precision is the same.
pub(crate) fn time_key(time: &ClinicalTime) -> String {
    format!("{}/{:?}", time.epoch_seconds(), time.precision())
}

/// `None` where a part is not known: what is undated is never the same as another.
pub(crate) fn event_key(concept: &Concept, time: Option<&ClinicalTime>, value: &str) -> Option<String> {
    Some(format!("{}\u{1f}{}\u{1f}{value}", concept.key.as_ref()?, time_key(time?)))
}

/// What lasts may be undated: then it is the same as what is undated elsewhere, and never as what is dated.
pub(crate) fn state_key(concept: &Concept, time: Option<&ClinicalTime>, value: &str) -> Option<String> {
    let time = time.map_or_else(|| "-".to_owned(), time_key);
    Some(format!("{}\u{1f}{time}\u{1f}{value}", concept.key.as_ref()?))
}

/// One row per fact. The first original in the order of the catalogue gives the words, the others fill gaps.
pub(crate) fn join<T: Item>(mut rows: Vec<Row<T>>) -> Vec<Row<T>> {
    rows.sort_by(|a, b| place(a).cmp(&place(b)));
    // The same original twice: pages overlap, and a source gives a merged patient's data under both ids.
    rows.dedup_by(|a, b| original(a) == original(b));
    let mut joined: Vec<Row<T>> = Vec::with_capacity(rows.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    for mut row in rows {
        let at = row.key.as_ref().and_then(|key| known.get(key)).copied();
        match at.and_then(|at| joined.get_mut(at)) {
            Some(same) => {
                same.item.fill(&row.item);
                absorb(same.item.fact_mut(), row.item.fact_mut());
                same.names.append(&mut row.names);
            }
            None => {
                if let Some(key) = &row.key {
                    known.insert(key.clone(), joined.len());
                }
                joined.push(row);
            }
        }
    }
    // Once at the end: a hospital may send thousands of originals of one fact.
    for row in joined.iter_mut().filter(|row| row.item.fact().origins.len() > 1) {
        row.names.sort();
        row.names.dedup();
        unique(&mut row.item.fact_mut().code.codings);
    }
    joined
}

/// Keeps each thing where it stands first, in time that grows with the list and not with its square.
pub(crate) fn unique<V: Clone + Eq + Hash>(list: &mut Vec<V>) {
    let mut known = HashSet::with_capacity(list.len());
    list.retain(|one| known.insert(one.clone()));
}

/// Source and resource that a row was read from.
fn original<T: Item>(row: &Row<T>) -> Option<(&str, &str)> {
    row.item.fact().origins.first().map(|origin| (origin.source.as_str(), origin.resource.as_str()))
}

/// Place of the source, its id, resource and version.
type Place<'r> = (usize, Option<(&'r str, &'r str, Option<&'r str>)>);

fn place<T: Item>(row: &Row<T>) -> Place<'_> {
    let first = row.item.fact().origins.first();
    (row.order, first.map(|origin| (origin.source.as_str(), origin.resource.as_str(), origin.version.as_deref())))
}

/// Takes from the same fact of another original; codings are made unique when all have been taken.
fn absorb(fact: &mut Fact, other: &mut Fact) {
    fact.origins.append(&mut other.origins);
    fact.code.codings.append(&mut other.code.codings);
    if fact.code.text.is_empty() {
        fact.code.text.clone_from(&other.code.text);
    }
    if fact.status.is_empty() {
        fact.status.clone_from(&other.status);
    }
    if fact.time.is_none() {
        fact.time.clone_from(&other.time);
    }
}

/// Marks rows about the same thing that contradict each other: both, each with the other's id.
pub(crate) fn mark_conflicts<T: Item>(rows: &mut [Row<T>], contradict: impl Fn(&T, &T) -> bool) {
    let mut about: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        for name in &row.names {
            about.entry(name).or_default().push(at);
        }
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for alike in about.into_values().filter(|alike| alike.len() > 1) {
        for (nth, one) in alike.iter().enumerate().take(MOST_COMPARED) {
            for other in alike.iter().skip(nth + 1).take(MOST_COMPARED) {
                if contradict(&rows[*one].item, &rows[*other].item) || contradict(&rows[*other].item, &rows[*one].item)
                {
                    pairs.push((*one, *other));
                }
            }
        }
    }
    for (one, other) in pairs {
        let (first, second) = (rows[one].item.fact().id.clone(), rows[other].item.fact().id.clone());
        conflict(rows[one].item.fact_mut(), &second);
        conflict(rows[other].item.fact_mut(), &first);
    }
}

/// Adds an id to a fact's contradictions.
pub(crate) fn conflict(fact: &mut Fact, with: &str) {
    if let Err(at) = fact.conflict.binary_search_by(|known| known.as_str().cmp(with)) {
        fact.conflict.insert(at, with.to_owned());
    }
}

/// Newest first, undated last, then by words: the same whoever answered first.
pub(crate) fn newest_first(one: &Fact, other: &Fact) -> std::cmp::Ordering {
    // `None` is less than any time.
    other.time.cmp(&one.time).then_with(|| (&one.code.text, &one.id).cmp(&(&other.code.text, &other.id)))
}

/// Fills an empty place.
pub(crate) fn fill<V: Clone>(place: &mut Option<V>, from: &Option<V>) {
    if place.is_none() {
        place.clone_from(from);
    }
}

/// Adds what is not there yet. Of a list that is longer than honest ones the beginning is looked through: the rest may hold
/// a thing twice, and misses none.
pub(crate) fn add_new<V: Clone + PartialEq>(place: &mut Vec<V>, from: &[V]) {
    for one in from {
        if !place.iter().take(MOST_LISTED).any(|known| known == one) {
            place.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use testbed::process::thread_cpu_ns;

    use super::*;
    use crate::labs::{Code, Coding};

    #[derive(Clone)]
    struct Said {
        fact: Fact,
        notes: Vec<String>,
    }

    impl Item for Said {
        fn fact(&self) -> &Fact {
            &self.fact
        }

        fn fact_mut(&mut self) -> &mut Fact {
            &mut self.fact
        }

        fn fill(&mut self, other: &Self) {
            add_new(&mut self.notes, &other.notes);
        }
    }

    /// Originals of one fact, each with a code and a name of its own.
    fn rows(count: usize) -> Vec<Row<Said>> {
        let source = RowSource { id: "h0".to_owned(), order: 0, retrieved_at: Timestamp::UNIX_EPOCH };
        let row = |nth: usize| {
            let own = |code: String| Coding { system: Some("urn:his".to_owned()), code };
            let codings = vec![own("shared".to_owned()), own(format!("c{nth:06}"))];
            let fact = Fact {
                code: Code { text: "高血压".to_owned(), codings },
                origins: vec![source.origin("Condition", &format!("o{nth:06}"), None)],
                ..Fact::default()
            };
            let item = Said { fact, notes: vec!["同前".to_owned()] };
            Row { item, order: 0, key: Some("one".to_owned()), names: vec![format!("n{nth:06}"), "hbp".to_owned()] }
        };
        (0..count).map(row).collect()
    }

    /// Processor time of one run: of as many as make the same number of rows, since it is counted in ticks.
    fn cost(count: usize) -> f64 {
        let runs = 64_000 / count;
        let once = |_| {
            let rows = rows(count);
            let before = thread_cpu_ns();
            let joined = join(rows);
            let took = thread_cpu_ns() - before;
            assert_eq!(joined.len(), 1);
            let fact = &joined[0].item.fact;
            assert_eq!((fact.origins.len(), fact.code.codings.len()), (count, count + 1));
            assert_eq!((joined[0].names.len(), joined[0].item.notes.len()), (count + 1, 1));
            took
        };
        (0..runs).map(once).sum::<u64>() as f64 / runs as f64
    }

    #[test]
    fn a_fact_of_thousands_of_originals_is_joined_in_time_that_grows_with_them() {
        // Sixteen times as many: linear is 16 and some noise of memory, quadratic is 256.
        let (few, many) = (cost(2_000), cost(32_000));
        let ratio = many / few;
        assert!(ratio < 64.0, "{ratio:.1} times as long for sixteen times as many");
    }

    #[test]
    fn the_same_original_twice_is_one() {
        let twice = rows(3).into_iter().chain(rows(2)).collect();
        assert_eq!(join(twice)[0].item.fact.origins.len(), 3);
    }
}
