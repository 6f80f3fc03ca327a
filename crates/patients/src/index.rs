//! The index: identities in, people out.

mod decide;
mod find;
mod matching;
mod observe;
mod own;
mod people;
mod plan;
mod queue;
mod sweeps;

use access::{PersonId, audit::AuditLog};
use jiff::Timestamp;
use store::Store;
use uuid::Uuid;

use crate::{Identifier, IndexKey};

pub use decide::Decision;
pub use find::{Found, Lookup};
pub use own::{Recognised, Unrecognised};
pub use queue::{Decided, Explained, Pair, PairRow, Queue, Side, Stewardship};
pub use sweeps::{SweepEnd, SweepState};

/// The regional patient index. Cheap to clone.
#[derive(Clone)]
pub struct Index {
    store: Store,
    key: IndexKey,
    audit: AuditLog,
    /// This process, for leases.
    process: Uuid,
}

/// A person of the region.
#[derive(Clone, Debug)]
pub struct Person {
    /// On every URL about them.
    pub id: PersonId,
    /// What people read out: `LZ 0048 2917 36`.
    pub number: String,
    /// As first registered.
    pub name: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// FHIR date, at its precision.
    pub birth_date: Option<String>,
    /// Of the identity that holds it by the strong key.
    pub resident_id_masked: Option<String>,
    /// Identities at sources, oldest link first.
    pub links: Vec<Link>,
    /// All ids under which they are known: a steward may have joined several people to this one.
    pub ids: Vec<PersonId>,
    pub(crate) resident_id_hash: Option<String>,
}

/// An identity at a source, and why it is believed to be this person's.
#[derive(Clone, Debug)]
pub struct Link {
    /// Source id.
    pub source: String,
    /// `Patient` id at that source.
    pub patient: String,
    /// How it came to be.
    pub how: LinkedBy,
    /// What speaks for it: `resident-id`, `birth-date`, `sex`, `name`, `replaced-by`; empty for the only identity of a
    /// person.
    pub evidence: Vec<String>,
    /// Since when.
    pub at: Timestamp,
    /// Other ids of the same patient at that source, by its own word (`Patient.link`).
    pub aliases: Vec<String>,
    /// Identifiers as last seen there, masked.
    pub identifiers: Vec<Identifier>,
    /// Whom the identity was linked to, as first registered.
    pub(crate) registered: Registered,
}

/// What an identity is compared with when it is seen again.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub resident_id_hash: Option<String>,
    pub name: String,
    pub birth_date: Option<String>,
}

/// How a link came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkedBy {
    /// The first identity of a person without a usable resident ID: it is the person.
    FirstSeen,
    /// Valid resident ID, birth date, sex and name agree.
    StrongKey,
    /// The source says that one record replaced the other.
    Merged,
    /// A steward decided.
    Steward,
    /// The person has signed in there themselves. In no row of the index: it is for their own eyes.
    Connected,
}

impl LinkedBy {
    /// As in the database, JSON and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstSeen => "first-seen",
            Self::StrongKey => "strong-key",
            Self::Merged => "merged",
            Self::Steward => "steward",
            Self::Connected => "connected",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "strong-key" => Self::StrongKey,
            "merged" => Self::Merged,
            "steward" => Self::Steward,
            _ => Self::FirstSeen,
        }
    }
}

impl Index {
    /// The index of a region: `key` is derived from the region's key.
    pub fn new(store: Store, key: IndexKey, audit: AuditLog) -> Self {
        Self { store, key, audit, process: Uuid::new_v4() }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn process(&self) -> Uuid {
        self.process
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}
