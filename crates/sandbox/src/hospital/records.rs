//! A hospital's books: resources as serialised text with small indexes beside.

use std::collections::{BTreeMap, HashMap};

/// What a token parameter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Identifier,
    Category,
    Code,
    Status,
    Gender,
    Class,
    ClinicalStatus,
    Intent,
    /// `type`
    Kind,
    /// `use`
    Usage,
    /// The encounter it belongs to, as `Encounter/id`.
    Encounter,
    /// Who takes part, as `Practitioner/id`.
    Participant,
}

/// A value that a token search can find.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) key: Key,
    pub(crate) system: String,
    pub(crate) code: String,
}

impl Token {
    pub(crate) fn new(key: Key, system: impl Into<String>, code: impl Into<String>) -> Self {
        Self { key, system: system.into(), code: code.into() }
    }
}

/// Which names a string parameter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamePart {
    Any,
    Family,
    Given,
}

/// One resource.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) id: String,
    /// Id of the patient it is about; a patient's own id.
    pub(crate) patient: String,
    /// The clinical time as a half-open interval of seconds; `None` when undated.
    pub(crate) time: Option<(i64, i64)>,
    pub(crate) tokens: Vec<Token>,
    /// Lower-case names without spaces, of patients.
    pub(crate) names: Vec<(NamePart, String)>,
    pub(crate) json: String,
}

/// All resources of one type.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) resources: Vec<Stored>,
    by_id: HashMap<String, usize>,
    by_patient: HashMap<String, Vec<usize>>,
}

impl Shelf {
    /// Where the resource of this id stands.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Where the resources about this patient stand.
    pub(crate) fn about(&self, patient: &str) -> &[usize] {
        self.by_patient.get(patient).map_or(&[], Vec::as_slice)
    }
}

/// A hospital's resources by type.
#[derive(Debug, Default)]
pub(crate) struct Records {
    shelves: BTreeMap<&'static str, Shelf>,
    /// Patients about whom every answer carries this issue code.
    warned: HashMap<String, u32>,
    /// What stands where the books have [`FOREIGN`].
    foreign: Vec<u8>,
}

/// Stands in the text of a resource for bytes that are no UTF-8 (a character nobody else uses).
pub(crate) const FOREIGN: char = '\u{e000}';

impl Records {
    /// Files a resource.
    pub(crate) fn add(&mut self, kind: &'static str, stored: Stored) {
        let shelf = self.shelves.entry(kind).or_default();
        let position = shelf.resources.len();
        shelf.by_id.insert(stored.id.clone(), position);
        shelf.by_patient.entry(stored.patient.clone()).or_default().push(position);
        shelf.resources.push(stored);
    }

    /// Every answer about this patient is to carry this issue code.
    pub(crate) fn warn(&mut self, patient: &str, code: u32) {
        self.warned.insert(patient.to_owned(), code);
    }

    /// The issue code of answers about this patient.
    pub(crate) fn warning(&self, patient: &str) -> Option<u32> {
        self.warned.get(patient).copied()
    }

    /// Sets the bytes that stand for [`FOREIGN`].
    pub(crate) fn set_foreign(&mut self, bytes: Vec<u8>) {
        self.foreign = bytes;
    }

    /// A body as it goes out: with the foreign bytes in their places.
    pub(crate) fn bytes(&self, body: String) -> Vec<u8> {
        if self.foreign.is_empty() || !body.contains(FOREIGN) {
            return body.into_bytes();
        }
        let parts: Vec<&[u8]> = body.split(FOREIGN).map(str::as_bytes).collect();
        parts.join(self.foreign.as_slice())
    }

    /// The shelf of a type; `None` when the hospital has no such type.
    pub(crate) fn shelf(&self, kind: &str) -> Option<&Shelf> {
        self.shelves.get(kind)
    }

    /// Type names in alphabetical order.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.shelves.keys().copied()
    }

    /// Every resource's type and text folded into a hash (FNV-1a): two regions are equal when this is.
    pub(crate) fn fingerprint(&self, hash: u64) -> u64 {
        let fold = |hash: u64, text: &str| {
            text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        self.shelves.iter().fold(hash, |hash, (kind, shelf)| {
            shelf.resources.iter().fold(fold(hash, kind), |hash, stored| fold(hash, &stored.json))
        })
    }
}
