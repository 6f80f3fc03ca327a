//! What a source sent that could not be kept, as far as this process has seen. It says which elements, never what stood in
//! them or whose they were.
//!
//! In memory, like [`crate::Health`]: a system that writes an element wrongly does so in every answer, so that the list is
//! whole again soon after a start, and no write hangs on a read.

use std::sync::{Mutex, PoisonError};

use fhir::{Fault, QualityNote};
use jiff::Timestamp;

/// Different notes that are kept of one source; of more it is only known that there were more. A system has faults by the
/// dozen; whoever makes them up must not fill the memory.
const MOST: usize = 256;

/// One kind of fault at one element of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// FHIR path without indices: `Observation.component.valueQuantity`.
    pub path: String,
    /// What was wrong.
    pub fault: Fault,
    /// How often, since this process started; the same resource counts each time it is read.
    pub count: u64,
    /// When it was met first.
    pub first: Timestamp,
    /// When it was met last.
    pub last: Timestamp,
}

/// All of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QualityNotes {
    /// By path, then fault.
    pub items: Vec<Quality>,
    /// There are more than are kept.
    pub more: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Notebook(Mutex<QualityNotes>);

impl Notebook {
    pub(crate) fn get(&self) -> QualityNotes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds what one answer brought. What is new is logged, once.
    pub(crate) fn add(&self, source: &str, notes: &[QualityNote], now: Timestamp) {
        if notes.is_empty() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes {
            let key =
                |one: &Quality| (one.path.as_str(), one.fault.as_str()).cmp(&(note.path.as_str(), note.fault.as_str()));
            match kept.items.binary_search_by(key) {
                Ok(at) => {
                    let known = &mut kept.items[at];
                    known.count += u64::from(note.count);
                    known.last = known.last.max(now);
                }
                Err(_) if kept.items.len() >= MOST => kept.more = true,
                Err(at) => {
                    let (path, fault) = (note.path.clone(), note.fault);
                    tracing::warn!(source, path, fault = fault.as_str(), "a source sends what can't be read");
                    kept.items.insert(at, Quality { path, fault, count: note.count.into(), first: now, last: now });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(path: &str, fault: Fault, count: u32) -> QualityNote {
        QualityNote { path: path.to_owned(), fault, count }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_same_fault_is_counted_and_another_stands_beside_it() {
        let book = Notebook::default();
        book.add("h", &[note("Observation.issued", Fault::Time, 2), note("Observation.code", Fault::Null, 1)], at(5));
        book.add("h", &[note("Observation.issued", Fault::Time, 3), note("Observation.issued", Fault::Null, 1)], at(9));
        let told: Vec<_> = book.get().items.into_iter().map(|one| (one.path, one.fault, one.count, one.last)).collect();
        let expect = |path: &str, fault, count, last| (path.to_owned(), fault, count, at(last));
        let all = [
            expect("Observation.code", Fault::Null, 1, 5),
            expect("Observation.issued", Fault::Null, 1, 9),
            expect("Observation.issued", Fault::Time, 5, 9),
        ];
        assert_eq!(told, all);
    }

    #[test]
    fn a_source_of_endless_faults_fills_no_memory() {
        let book = Notebook::default();
        for nth in 0..10 * MOST {
            book.add("h", &[note(&format!("Observation.e{nth}"), Fault::Null, 1)], at(5));
        }
        let told = book.get();
        assert!(told.items.len() == MOST && told.more, "{}", told.items.len());
    }
}
