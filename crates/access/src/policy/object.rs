//! What the policy protects.

use std::{borrow::Cow, fmt};

/// An object of the policy: `kind:name`, e.g. `page:audit`. Its hash is computed when it is made, so that a decision
/// needs none.
#[derive(Clone, Debug)]
pub struct Object {
    name: Cow<'static, str>,
    hash: u64,
}

/// The longest name that is accepted, in bytes.
const LONGEST: usize = 200;

impl Object {
    /// The intranet portal.
    pub const SITE_INTERNAL: Self = Self::constant("site:internal");
    /// The public portal.
    pub const SITE_EXTERNAL: Self = Self::constant("site:external");
    /// The aggregated record. Nothing that lets people read is inherited from a site.
    pub const SECTION_RECORD: Self = Self::constant("section:record");
    /// Administration.
    pub const SECTION_ADMIN: Self = Self::constant("section:admin");
    /// The search for patients.
    pub const PAGE_PATIENT_SEARCH: Self = Self::constant("page:patient-search");
    /// The audit log.
    pub const PAGE_AUDIT: Self = Self::constant("page:audit");
    /// The regional patient index, as stewards keep it.
    pub const PAGE_INDEX: Self = Self::constant("page:index");
    /// What hospitals send that can't be read.
    pub const PAGE_DATA_QUALITY: Self = Self::constant("page:data-quality");
    /// Marks on results. Nobody makes them by reading records alone.
    pub const RECORD_REVIEWS: Self = Self::constant("record:reviews");
    /// The first page.
    pub const PAGE_HOME: Self = Self::constant("page:home");
    /// The description of the API.
    pub const API_DOCS: Self = Self::constant("api:docs");

    /// The sections of the record, each an object below [`Object::SECTION_RECORD`].
    pub const RECORD_SECTIONS: [Self; 15] = [
        Self::constant("record:demographics"),
        Self::constant("record:summary"),
        Self::constant("record:outpatient"),
        Self::constant("record:inpatient"),
        Self::constant("record:orders"),
        Self::constant("record:prescriptions"),
        Self::constant("record:medications"),
        Self::constant("record:lab-results"),
        Self::constant("record:exam-reports"),
        Self::constant("record:surgery"),
        Self::constant("record:nursing"),
        Self::constant("record:discharge"),
        Self::constant("record:charges"),
        Self::constant("record:front-page"),
        Self::constant("record:personal-record"),
    ];

    const fn constant(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), hash: hash(name.as_bytes()) }
    }

    /// The object of one section of the record, by its slug. `None` for a section that does not exist.
    pub fn record(slug: &str) -> Option<Self> {
        Self::RECORD_SECTIONS.into_iter().find(|object| object.name.strip_prefix("record:") == Some(slug))
    }

    /// From the database or the API: lower-case letters, digits, `-`, `.`, `_` and `/` behind a kind of letters.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let well_formed = text.len() <= LONGEST
            && kind.len() > 1
            && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._/".contains(&b));
        well_formed.then(|| Self { name: Cow::Owned(text.to_owned()), hash: hash(text.as_bytes()) })
    }

    /// As in the database.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Object {}

impl std::hash::Hash for Object {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// FNV-1a, 64 bits: names come from code and administrators, not from the network.
const fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    // The low bits choose the place in a table: mix the high ones in.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, good) in [
            ("page:audit", true),
            ("page:a/b.c_d-1", true),
            ("u:somebody", false),
            ("page:", false),
            ("page", false),
            ("page:Audit", false),
            ("page:x y", false),
            ("page:x,y", false),
        ] {
            assert_eq!(Object::parse(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_parsed_name_is_the_constant() {
        assert_eq!(Object::parse("page:audit"), Some(Object::PAGE_AUDIT));
        assert_eq!(Object::parse("page:audit").map(|o| o.hash()), Some(Object::PAGE_AUDIT.hash()));
        assert_eq!(Object::record("lab-results").as_ref().map(Object::as_str), Some("record:lab-results"));
        assert_eq!(Object::record("nonsense"), None);
    }
}
