//! One page: a searchset Bundle read in one pass, each entry handed on as soon as it is read.
//!
//! A page is first read as it is. Only when its JSON is broken is it read again, mended (raw control characters, halves
//! of surrogate pairs) and entry by entry, so that one bad entry never takes others along. What can't be read is
//! counted; what came before a break stays.

mod entry;
mod mend;

use std::{fmt, marker::PhantomData};

use bumpalo::Bump;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::{
    Cause, Entry, Fault, Kind, Mode, QualityNote, Row,
    lean::{Context, Fill, Key, Object, object},
    notes::Notes,
    rows::OutcomeIssue,
};

use entry::Entries;

/// Longest piece of a server's own code that is kept.
const MAX_CODE: usize = 64;
/// Issues kept of one page.
const MAX_ISSUES: usize = 32;

/// What one page held, beside the entries that went to the callback.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Entries handed to the callback.
    pub entries: u32,
    /// Entries that could not be read.
    pub broken: u32,
    /// Among the entries of the asked type: some without what filters look at ([`Row::is_classified`]).
    pub unclassified: u32,
    /// There were more entries than asked for.
    pub cut: bool,
    /// `Bundle.link` with relation `next`, as sent.
    pub next: Option<String>,
    /// `Bundle.link` with relation `self`, as sent: what the server understood.
    pub self_link: Option<String>,
    /// Issues of OperationOutcome entries, or of the OperationOutcome that the page itself is.
    pub issues: Vec<PageIssue>,
    /// What was dropped inside entries.
    pub notes: Vec<QualityNote>,
    /// What is wrong with the page as a whole: `Garbage`, `Truncated`, `Encoding` or `BrokenEntry`.
    pub fault: Option<Cause>,
    /// `resourceType` of the page itself.
    pub resource_type: Option<String>,
}

/// An issue as the server sent it, without its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageIssue {
    /// `fatal`, `error`, `warning`, `information`.
    pub severity: String,
    /// IssueType.
    pub code: String,
    /// `details.coding.code`
    pub details: Vec<String>,
}

impl PageIssue {
    fn new(issue: &OutcomeIssue<'_>) -> Self {
        let short = |text: Option<&str>| text.unwrap_or_default().chars().take(MAX_CODE).collect::<String>();
        let codings = issue.details.map_or(&[][..], |details| details.coding);
        Self {
            severity: short(issue.severity),
            code: short(issue.code),
            details: codings.iter().take(4).filter(|c| c.code.is_some()).map(|c| short(c.code)).collect(),
        }
    }
}

/// Hands on entries of a searchset.
pub type Each<'e, K> = dyn for<'a> FnMut(Entry<'a, <K as Kind>::Row<'a>>) + Send + 'e;

/// Reads a searchset page; at most `limit` entries go to `each`.
pub fn read_page<K: Kind>(body: &[u8], limit: u32, each: &mut Each<'_, K>) -> Page {
    let mut walk = Walk::<K>::new(limit, each);
    let mut fault = None;
    let lossy;
    // One check for the whole page makes every later string free (`from_slice` would check each).
    let text = match simdutf8::basic::from_utf8(body) {
        Ok(text) => text,
        Err(_) => {
            walk.notes.add(&["Bundle"], Fault::Encoding);
            fault = Some(Cause::Encoding);
            lossy = String::from_utf8_lossy(body);
            &lossy
        }
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut outcome = walk.read(text);
    if outcome.is_err_and(|error| error != Cause::Truncated) {
        let mended = mend::mend(text);
        if mended.controls {
            walk.notes.add(&["Bundle"], Fault::ControlCharacter);
        }
        walk.one_by_one = true;
        outcome = walk.read(&mended.text);
    }
    let bundle = walk.resource_type.as_deref() == Some("Bundle");
    let own_outcome = walk.resource_type.as_deref() == Some("OperationOutcome");
    if let Err(cause) = outcome {
        fault = Some(if bundle || walk.page.entries > 0 { cause } else { Cause::Garbage });
    } else if !bundle && !own_outcome {
        fault = Some(Cause::Garbage);
    } else if walk.page.broken > 0 {
        fault = fault.or(Some(Cause::BrokenEntry));
    }
    walk.finish(fault)
}

/// Reads one resource, the answer to a read; it goes to `each` when it is of the asked type.
pub fn read_resource<K: Kind>(body: &[u8], each: &mut Each<'_, K>) -> Page {
    let mut walk = Walk::<K>::new(1, each);
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        walk.notes.add(&[K::TYPE], Fault::Encoding);
        return walk.finish(Some(Cause::Garbage));
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut outcome = walk.read_alone(text);
    if outcome.is_err_and(|error| error != Cause::Truncated) {
        outcome = walk.read_alone(&mend::mend(text).text);
    }
    let fault = match outcome {
        Err(cause) => Some(cause),
        Ok(()) if walk.page.entries == 0 && walk.page.issues.is_empty() => Some(Cause::Garbage),
        Ok(()) => None,
    };
    walk.finish(fault)
}

/// The issues of an error's body, when it is a FHIR OperationOutcome in JSON.
pub fn read_issues(body: &[u8]) -> Vec<PageIssue> {
    let page = read_page::<crate::kinds::Patient>(body, 0, &mut |_: Entry<'_, crate::rows::Patient<'_>>| {});
    let outcome = page.resource_type.as_deref() == Some("OperationOutcome");
    if outcome { page.issues } else { Vec::new() }
}

/// The state of reading one page.
struct Walk<'e, 'c, K: Kind> {
    each: &'c mut Each<'e, K>,
    limit: u32,
    page: Page,
    notes: Notes,
    /// Emptied after each entry.
    arena: Bump,
    /// Entries passed so far in this reading.
    seen: u32,
    /// Entries that an earlier reading of the same page has dealt with.
    done: u32,
    /// Second reading: each entry is cut out first, then read on its own.
    one_by_one: bool,
    resource_type: Option<String>,
    kind: PhantomData<K>,
}

impl<'e, 'c, K: Kind> Walk<'e, 'c, K> {
    fn new(limit: u32, each: &'c mut Each<'e, K>) -> Self {
        Self {
            each,
            limit,
            page: Page::default(),
            notes: Notes::default(),
            arena: Bump::new(),
            seen: 0,
            done: 0,
            one_by_one: false,
            resource_type: None,
            kind: PhantomData,
        }
    }

    fn read(&mut self, text: &str) -> Result<(), Cause> {
        self.done = self.seen;
        self.seen = 0;
        let mut from = serde_json::Deserializer::from_str(text);
        let read = BundleSeed { walk: self }.deserialize(&mut from).and_then(|()| from.end());
        read.map_err(|error| cause_of(&error))
    }

    fn read_alone(&mut self, text: &str) -> Result<(), Cause> {
        let mut from = serde_json::Deserializer::from_str(text);
        let read = entry::Alone { walk: self }.deserialize(&mut from).and_then(|()| from.end());
        read.map_err(|error| cause_of(&error))
    }

    /// Hands an entry on, or keeps it as an issue.
    fn accept(&mut self, found: Found<'_, '_, K>) {
        let Found { row, mode, full_url, issues } = found;
        if !issues.is_empty() || row.resource_type() == Some("OperationOutcome") {
            add_issues(&mut self.page.issues, issues);
            return;
        }
        if row.resource_type() == Some(K::TYPE) && !row.is_classified() {
            self.page.unclassified += 1;
        }
        self.page.entries += 1;
        (self.each)(Entry { row, mode, full_url });
    }

    fn finish(mut self, fault: Option<Cause>) -> Page {
        self.page.fault = fault;
        self.page.resource_type = self.resource_type;
        self.page.notes = self.notes.into_vec();
        self.page
    }
}

/// A resource that was read, with what stood round it.
struct Found<'a, 'i, K: Kind> {
    row: K::Row<'a>,
    mode: Mode,
    full_url: Option<&'a str>,
    issues: &'i [OutcomeIssue<'a>],
}

fn add_issues(kept: &mut Vec<PageIssue>, issues: &[OutcomeIssue<'_>]) {
    let free = MAX_ISSUES.saturating_sub(kept.len());
    kept.extend(issues.iter().take(free).map(PageIssue::new));
}

fn cause_of(error: &serde_json::Error) -> Cause {
    if error.is_eof() { Cause::Truncated } else { Cause::Garbage }
}

object! {
    /// `Bundle.link`
    pub struct BundleLink<'a> {
        /// `self`, `next`, …
        pub relation: Option<&'a str> = "relation",
        /// An address.
        pub url: Option<&'a str> = "url",
    }
}

/// The page as a whole.
struct BundleSeed<'w, 'e, 'c, K: Kind> {
    walk: &'w mut Walk<'e, 'c, K>,
}

impl<'de, K: Kind> DeserializeSeed<'de> for BundleSeed<'_, '_, '_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, K: Kind> Visitor<'de> for BundleSeed<'_, '_, '_, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let walk = self.walk;
        let arena = Bump::new();
        while let Some(key) = map.next_key_seed(Key { arena: &arena })? {
            match key {
                "entry" => map.next_value_seed(Entries { walk: &mut *walk })?,
                "resourceType" => {
                    let mut cx = Context::new(&arena, &mut walk.notes, "Bundle");
                    let mut slot = None;
                    map.next_value_seed(Fill { slot: &mut slot, key: "resourceType", cx: &mut cx })?;
                    walk.resource_type = walk.resource_type.take().or(slot.map(str::to_owned));
                }
                "link" => {
                    let mut cx = Context::new(&arena, &mut walk.notes, "Bundle");
                    let mut links: &[BundleLink<'_>] = &[];
                    map.next_value_seed(Fill { slot: &mut links, key: "link", cx: &mut cx })?;
                    let url = |relation: &str| {
                        let link = links.iter().find(|link| link.relation == Some(relation));
                        link.and_then(|link| link.url).map(str::to_owned)
                    };
                    walk.page.next = walk.page.next.take().or_else(|| url("next"));
                    walk.page.self_link = walk.page.self_link.take().or_else(|| url("self"));
                }
                "issue" => {
                    let mut cx = Context::new(&arena, &mut walk.notes, "OperationOutcome");
                    let mut issues: &[OutcomeIssue<'_>] = &[];
                    map.next_value_seed(Fill { slot: &mut issues, key: "issue", cx: &mut cx })?;
                    add_issues(&mut walk.page.issues, issues);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a resource into a row. Only this crate's rows can be read.
pub trait ReadResource<'a>: Sized {
    #[doc(hidden)]
    fn read<'de: 'a, D: Deserializer<'de>>(from: D, cx: &mut Context<'a, '_>) -> Result<Option<Self>, D::Error>;
}

/// Reads a resource of any type into the row of the asked one. An OperationOutcome leaves its issues in the context.
pub(crate) fn read_object<'a, 'de: 'a, T: Object<'a>, D: Deserializer<'de>>(
    from: D,
    cx: &mut Context<'a, '_>,
    resource_type: impl Fn(&T) -> Option<&'a str>,
) -> Result<Option<T>, D::Error> {
    let mut resource = Resource { row: T::default(), issues: &[] };
    let mut slot = entry::ResourceSlot { resource: &mut resource, read: false };
    Fill { slot: &mut slot, key: "", cx: &mut *cx }.deserialize(from)?;
    if !slot.read {
        return Ok(None);
    }
    if resource_type(&resource.row) == Some("OperationOutcome") {
        cx.issues = resource.issues;
    }
    Ok(Some(resource.row))
}

/// A row, and `issue` in case it turns out to be an OperationOutcome.
#[derive(Clone, Copy, Default)]
struct Resource<'a, T> {
    row: T,
    issues: &'a [OutcomeIssue<'a>],
}

impl<'a, T: Object<'a>> Object<'a> for Resource<'a, T> {
    fn field<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        if self.row.field(key, map, cx)? {
            return Ok(true);
        }
        // None of the rows has an element of this name.
        if key == "issue" {
            map.next_value_seed(Fill { slot: &mut self.issues, key: "issue", cx })?;
            return Ok(true);
        }
        Ok(false)
    }
}

/// Texts that this module reads itself: for tests and benches that have no server.
pub fn rows_of<K: Kind>(body: &str, mut each: impl for<'a> FnMut(K::Row<'a>) + Send) -> Page {
    read_page::<K>(body.as_bytes(), u32::MAX, &mut |entry: Entry<'_, K::Row<'_>>| each(entry.row))
}
