//! Where a secret stands.

use std::fmt;

use crate::cipher::fields;

/// Whose root key a secret is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyDomain {
    /// Of staff: no key of it is ever on the public portal's host.
    Staff,
    /// Of patients.
    Patient,
    /// Of the region: both portals'.
    Region,
}

impl KeyDomain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Staff, Self::Patient, Self::Region];

    /// As in the database and in `[keys]`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Patient => "patient",
            Self::Region => "region",
        }
    }

    /// From the database.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.as_str() == text)
    }
}

impl fmt::Display for KeyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The place that a secret is sealed for, and can be opened at alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose root key.
    pub domain: KeyDomain,
    /// The kind of secret, with a key of its own: `record-search`.
    pub segment: &'static str,
    /// Which one, with everything that says whose it is: where somebody could write a row, its owner belongs in here.
    pub row: String,
}

/// What a part of an envelope is for: none opens as the other.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Dek,
    Secret,
}

impl Place {
    /// What is authenticated with what is sealed here: version of the form, part, domain, segment, row, version of the KEK.
    pub(crate) fn aad(&self, part: Part, version: i32) -> Vec<u8> {
        let part: &[u8] = match part {
            Part::Dek => b"dek",
            Part::Secret => b"secret",
        };
        let (domain, segment) = (self.domain.as_str().as_bytes(), self.segment.as_bytes());
        fields(&[b"portal-envelope-1", part, domain, segment, self.row.as_bytes(), &version.to_be_bytes()])
    }
}
