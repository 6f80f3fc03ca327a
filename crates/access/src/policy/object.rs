//! What the policy protects.

use std::{borrow::Cow, fmt};

use crate::Domain;

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
    /// The pages that administrators lay out on the intranet portal, all below this.
    pub const SECTION_PAGES: Self = Self::constant("section:pages");
    /// The same for the public portal; edited inside.
    pub const SECTION_PUBLIC_PAGES: Self = Self::constant("section:public-pages");
    /// The search for patients.
    pub const PAGE_PATIENT_SEARCH: Self = Self::constant("page:patient-search");
    /// The audit log.
    pub const PAGE_AUDIT: Self = Self::constant("page:audit");
    /// The regional patient index, as stewards keep it.
    pub const PAGE_INDEX: Self = Self::constant("page:index");
    /// What hospitals send that can't be read.
    pub const PAGE_DATA_QUALITY: Self = Self::constant("page:data-quality");
    /// What is done later, and what came of it.
    pub const PAGE_JOBS: Self = Self::constant("page:jobs");
    /// The hospitals that are asked, and how.
    pub const PAGE_SOURCES: Self = Self::constant("page:sources");
    /// Schedules, clinic sessions and who booked them.
    pub const PAGE_SCHEDULES: Self = Self::constant("page:schedules");
    /// Marks on results. Nobody makes them by reading records alone.
    pub const RECORD_REVIEWS: Self = Self::constant("record:reviews");
    /// Articles, notices and what is read of other sites.
    pub const SECTION_CONTENT: Self = Self::constant("section:content");
    /// Articles: whoever may edit writes them, whoever may manage them publishes what others wrote.
    pub const PAGE_ARTICLES: Self = Self::constant("page:articles");
    /// Notices on the first pages.
    pub const PAGE_NOTICES: Self = Self::constant("page:notices");
    /// The first page.
    pub const PAGE_HOME: Self = Self::constant("page:home");
    /// The description of the API.
    pub const API_DOCS: Self = Self::constant("api:docs");

    /// Whatever there is: asked where it is enough to hold something somewhere (`Policy::decide_somewhere`). No object of
    /// the tree.
    pub const ANYTHING: Self = Self::constant("any:object");

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

    /// A portal's root.
    pub const fn site(domain: Domain) -> Self {
        match domain {
            Domain::Internal => Self::SITE_INTERNAL,
            Domain::External => Self::SITE_EXTERNAL,
        }
    }

    const fn constant(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), hash: hash(name.as_bytes()) }
    }

    /// The object of one section of the record, by its slug. `None` for a section that does not exist.
    pub fn record(slug: &str) -> Option<Self> {
        Self::RECORD_SECTIONS.into_iter().find(|object| object.name.strip_prefix("record:") == Some(slug))
    }

    /// A page: `page:{id}`. `None` unless the id is lower-case letters, digits and `-`.
    pub fn of_page(page: &str) -> Option<Self> {
        Self::of(format_args!("page:{page}"), &[page])
    }

    /// A region of a page: `region:{page}/{node}`; ids as in [`Object::of_page`].
    pub fn of_region(page: &str, node: &str) -> Option<Self> {
        Self::of(format_args!("region:{page}/{node}"), &[page, node])
    }

    /// A widget as it stands on a page: `item:{page}/{node}`; ids as in [`Object::of_page`].
    pub fn of_item(page: &str, node: &str) -> Option<Self> {
        Self::of(format_args!("item:{page}/{node}"), &[page, node])
    }

    /// A kind of widget: `widget:{kind}`; ids as in [`Object::of_page`].
    pub fn of_widget(kind: &str) -> Option<Self> {
        Self::of(format_args!("widget:{kind}"), &[kind])
    }

    fn of(name: fmt::Arguments<'_>, ids: &[&str]) -> Option<Self> {
        let plain = |id: &&str| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let named = ids.iter().all(|id| !id.is_empty() && plain(id));
        named.then(|| Self::parse(&name.to_string())).flatten()
    }

    /// `site`, `section`, `page`, `region`, `item`, `widget`, …
    pub fn kind(&self) -> &str {
        self.name.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// The id of the page that this is.
    pub(crate) fn page(&self) -> Option<&str> {
        self.name.strip_prefix("page:")
    }

    /// Is it a region or an item of `page`?
    pub(crate) fn is_part_of(&self, page: &Self) -> bool {
        let name = self.name.strip_prefix("region:").or_else(|| self.name.strip_prefix("item:"));
        name.and_then(|name| name.split_once('/')).is_some_and(|(id, _)| page.page() == Some(id))
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
    fn objects_of_pages() {
        let page = Object::of_page("ward-3").unwrap();
        let item = Object::of_item("ward-3", "n7").unwrap();
        assert_eq!((page.as_str(), item.as_str()), ("page:ward-3", "item:ward-3/n7"));
        assert_eq!(Object::of_widget("feed").as_ref().map(Object::as_str), Some("widget:feed"));
        assert!(item.is_part_of(&page) && Object::of_region("ward-3", "a").unwrap().is_part_of(&page));
        assert!(!Object::of_item("ward-31", "n7").unwrap().is_part_of(&page) && !page.is_part_of(&page));
        for bad in ["", "Ward", "a/b", "a.b", "a:b", "病房"] {
            assert!(Object::of_page(bad).is_none() && Object::of_item("ward", bad).is_none(), "{bad:?}");
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
