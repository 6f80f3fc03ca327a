//! Lanes: gapless numbers for rows that must prove that none of them was taken away.
//!
//! A lane belongs to one process (its writer id is new at every start) and is held by one transaction at a time.
//! A number given out in a transaction that rolls back is given out again; after a commit whose outcome is unknown
//! the lane is retired and a new writer id begins, so a gap in a lane always means a missing row.

use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

/// A number of a lane, unique over all processes: `(writer, number)`, numbers of a writer begin at 1 and have no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The lane.
    pub writer: Uuid,
    /// The place in the lane.
    pub number: i64,
}

#[derive(Debug)]
pub(crate) struct Lane {
    writer: Uuid,
    last: AtomicI64,
}

impl Lane {
    pub(crate) fn new() -> Self {
        Self { writer: Uuid::now_v7(), last: AtomicI64::new(0) }
    }

    /// The next number. Only the transaction that holds the lane calls this.
    pub(crate) fn next(&self) -> Ticket {
        Ticket { writer: self.writer, number: self.last.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    /// Where to go back to when what follows is rolled back.
    pub(crate) fn mark(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    pub(crate) fn rewind(&self, mark: i64) {
        self.last.store(mark, Ordering::Relaxed);
    }
}
