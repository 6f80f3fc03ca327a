//! One page: a searchset Bundle read in one pass, each entry handed on as soon as it is read.
//!
//! A page's structure has to be JSON; everything inside may be a mess. What can't be used is counted; what came before a
//! break stays.

mod entry;

use std::marker::PhantomData;

use bumpalo::Bump;

use crate::{
    Cause, Entry, Fault, Kind, Mode, QualityNote, Row,
    lean::{Context, Object, Slot, fill_object, object},
    notes::Notes,
    rows::OutcomeIssue,
    scan::{Broken, Scan},
};

/// Longest piece of a server's own code that is kept.
const MAX_CODE: usize = 64;
/// Pieces of a page that are replaced by a character of three bytes.
const MAX_REPLACED: usize = 65_536;
/// Issues kept of one page.
const MAX_ISSUES: usize = 32;

/// What one page held, beside the entries that went to the callback.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Entries handed to the callback.
    pub entries: u32,
    /// Entries that could not be read.
    pub broken: u32,
    /// Entries that the server may have counted in `total`: all but those that others refer to (`search.mode` `include`).
    pub matches: u32,
    /// `Bundle.total`: how many matches there are on all pages, where the server says it.
    pub total: Option<u32>,
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
    read::<K>(body, limit, each, Shape::Searchset)
}

/// Reads one resource, the answer to a read; it goes to `each` when it is of the asked type.
pub fn read_resource<K: Kind>(body: &[u8], each: &mut Each<'_, K>) -> Page {
    read::<K>(body, 1, each, Shape::Resource)
}

/// What a page is expected to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Searchset,
    Resource,
}

fn read<K: Kind>(body: &[u8], limit: u32, each: &mut Each<'_, K>, shape: Shape) -> Page {
    let mut walk = Walk::<K>::new(limit, each);
    let lossy;
    // One check for the whole page makes every later string free.
    let (text, damaged) = match simdutf8::basic::from_utf8(body) {
        Ok(text) => (text, false),
        Err(_) => {
            walk.notes.add(&["Bundle"], Fault::Encoding);
            lossy = readable(body);
            (lossy.as_str(), true)
        }
    };
    let mut scan = Scan::new(text.trim_start_matches('\u{feff}'));
    match shape {
        Shape::Searchset => walk.bundle(&mut scan),
        Shape::Resource => walk.alone(&mut scan),
    }
    if scan.controls {
        walk.notes.add(&["Bundle"], Fault::ControlCharacter);
    }
    let known = match walk.resource_type.as_deref() {
        Some("OperationOutcome") => true,
        Some("Bundle") => shape == Shape::Searchset,
        Some(kind) => shape == Shape::Resource && kind == K::TYPE,
        None => false,
    };
    let fault = match scan.end() {
        // Something that was never FHIR does not become so by ending early.
        Err(Broken::Truncated) if known || walk.page.entries > 0 => Some(Cause::Truncated),
        Err(_) => Some(Cause::Garbage),
        Ok(()) if !known => Some(Cause::Garbage),
        Ok(()) if damaged => Some(Cause::Encoding),
        Ok(()) if walk.page.broken > 0 => Some(Cause::BrokenEntry),
        Ok(()) => None,
    };
    walk.finish(fault)
}

/// Texts as far as they are UTF-8, U+FFFD for what is not; after the first [`MAX_REPLACED`] pieces a question mark, so that
/// a body of nothing else does not grow to three times its size.
fn readable(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len() + 2 * MAX_REPLACED);
    for (nth, chunk) in body.utf8_chunks().enumerate() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(if nth < MAX_REPLACED { char::REPLACEMENT_CHARACTER } else { '?' });
        }
    }
    text
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
    resource_type: Option<String>,
    kind: PhantomData<K>,
}

impl<'e, 'c, K: Kind> Walk<'e, 'c, K> {
    fn new(limit: u32, each: &'c mut Each<'e, K>) -> Self {
        Self { each, limit, page: Page::default(), notes: Notes::default(), resource_type: None, kind: PhantomData }
    }

    /// The page as a whole.
    fn bundle(&mut self, scan: &mut Scan<'_>) {
        if scan.peek() != b'{' {
            return scan.fail(Broken::Syntax);
        }
        scan.enter();
        let arena = Bump::new();
        let mut first = true;
        while let Some(key) = scan.next_key(&mut first, &arena) {
            let root = if key == "issue" { "OperationOutcome" } else { "Bundle" };
            let mut cx = Context::new(&arena, &mut self.notes, root);
            match key {
                "entry" => self.entries(scan),
                "resourceType" => {
                    let mut kind = None;
                    kind.fill("resourceType", scan, &mut cx);
                    self.resource_type = self.resource_type.take().or(kind.map(str::to_owned));
                }
                "link" => {
                    let mut links: &[BundleLink<'_>] = &[];
                    links.fill("link", scan, &mut cx);
                    let url = |relation: &str| {
                        let link = links.iter().find(|link| link.relation == Some(relation));
                        link.and_then(|link| link.url).map(str::to_owned)
                    };
                    self.page.next = self.page.next.take().or_else(|| url("next"));
                    self.page.self_link = self.page.self_link.take().or_else(|| url("self"));
                }
                "issue" => {
                    let mut issues: &[OutcomeIssue<'_>] = &[];
                    issues.fill("issue", scan, &mut cx);
                    add_issues(&mut self.page.issues, issues);
                }
                // What is no number says nothing.
                "total" if !matches!(scan.peek(), b'"' | b'{' | b'[') => {
                    self.page.total = self.page.total.or(scan.word().parse().ok());
                }
                _ => scan.skip_value(1),
            }
        }
    }

    /// Hands an entry on, or keeps it as an issue.
    fn accept(&mut self, found: Found<'_, '_, K>) {
        let Found { row, mode, full_url, issues } = found;
        self.page.matches += u32::from(mode == Mode::Match);
        if !issues.is_empty() || row.resource_type() == Some("OperationOutcome") {
            add_issues(&mut self.page.issues, issues);
            return;
        }
        if row.resource_type() == Some(K::TYPE) && !row.is_classified() {
            self.page.unclassified += 1;
        }
        self.page.entries += 1;
        (self.each)(Entry { row: *row, mode, full_url });
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
    row: &'a K::Row<'a>,
    mode: Mode,
    full_url: Option<&'a str>,
    issues: &'i [OutcomeIssue<'a>],
}

fn add_issues(kept: &mut Vec<PageIssue>, issues: &[OutcomeIssue<'_>]) {
    let free = MAX_ISSUES.saturating_sub(kept.len());
    kept.extend(issues.iter().take(free).map(PageIssue::new));
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

/// Reads a resource into a row. Only this crate's rows can be read.
pub trait ReadResource<'a>: Sized {
    #[doc(hidden)]
    fn read<'t: 'a>(scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> Option<&'a Self>;
}

/// Reads a resource of any type into the row of the asked one. An OperationOutcome leaves its issues in the context.
pub(crate) fn read_resource_object<'a, 't: 'a, T: Object<'a>>(
    scan: &mut Scan<'t>,
    cx: &mut Context<'a, '_>,
    resource_type: impl Fn(&T) -> Option<&'a str>,
) -> Option<&'a T> {
    if scan.peek() != b'{' {
        cx.mismatch("", scan);
        return None;
    }
    // Read where it stays: a row is large enough for copies to count.
    let resource = cx.arena().alloc_with(Resource::<T>::default);
    fill_object(resource, scan, cx);
    if resource_type(&resource.row) == Some("OperationOutcome") {
        cx.issues = resource.issues;
    }
    Some(&resource.row)
}

/// A row, and `issue` in case it turns out to be an OperationOutcome.
#[derive(Clone, Copy, Default)]
struct Resource<'a, T> {
    row: T,
    issues: &'a [OutcomeIssue<'a>],
}

impl<'a, T: Object<'a>> Object<'a> for Resource<'a, T> {
    fn field<'t: 'a>(&mut self, key: &str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if self.row.field(key, scan, cx) {
            return true;
        }
        // None of the rows has an element of this name.
        if key == "issue" {
            self.issues.fill("issue", scan, cx);
            return true;
        }
        false
    }
}

/// Texts that this module reads itself: for tests and benches that have no server.
pub fn rows_of<K: Kind>(body: &str, mut each: impl for<'a> FnMut(K::Row<'a>) + Send) -> Page {
    read_page::<K>(body.as_bytes(), u32::MAX, &mut |entry: Entry<'_, K::Row<'_>>| each(entry.row))
}
