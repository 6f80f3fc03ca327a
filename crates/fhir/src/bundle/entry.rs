//! `Bundle.entry`, one at a time.

use bumpalo::Bump;

use super::{Found, ReadResource, Walk};
use crate::{
    Fault, Kind, Mode, Row,
    lean::{Context, Slot, object},
    scan::{Broken, Scan},
};

object! {
    /// `Bundle.entry.search`
    pub struct SearchElement<'a> {
        /// `match`, `include`, `outcome`.
        pub mode: Option<&'a str> = "mode",
    }
}

impl<K: Kind> Walk<'_, '_, K> {
    /// The array of entries.
    pub(super) fn entries(&mut self, scan: &mut Scan<'_>) {
        if scan.peek() != b'[' {
            return self.no_entries(scan);
        }
        scan.enter();
        let mut first = true;
        // Emptied after each entry.
        let mut arena = Bump::new();
        while scan.next_member(&mut first) {
            if self.page.entries >= self.limit {
                self.page.cut = true;
                scan.skip_value(2);
                continue;
            }
            self.entry(scan, &arena);
            arena.reset();
        }
    }

    fn no_entries(&mut self, scan: &mut Scan<'_>) {
        let arena = Bump::new();
        let mut cx = Context::new(&arena, &mut self.notes, "Bundle");
        // `"entry": null` is how some say that there is none.
        if scan.peek() != b'n' {
            self.page.broken += 1;
        }
        cx.mismatch("entry", scan);
    }

    /// One entry: read, then handed on.
    fn entry(&mut self, scan: &mut Scan<'_>, arena: &Bump) {
        let mut cx = Context::new(arena, &mut self.notes, K::TYPE);
        let (mut full_url, mut search) = (None::<&str>, None::<SearchElement<'_>>);
        let mut resource = None::<&K::Row<'_>>;
        if scan.peek() == b'{' {
            scan.enter();
            let mut first = true;
            while let Some(key) = scan.next_key(&mut first, arena) {
                match key {
                    "fullUrl" => full_url.fill("fullUrl", scan, &mut cx),
                    "search" => search.fill("search", scan, &mut cx),
                    "resource" if resource.is_none() => resource = ReadResource::read(scan, &mut cx),
                    _ => cx.skip(scan),
                }
            }
        } else {
            cx.skip(scan);
        }
        let issues = cx.issues;
        if scan.broken().is_some() {
            return;
        }
        let Some(row) = resource.filter(|row| row.resource_type().is_some()) else {
            self.notes.add(&["Bundle", "entry"], Fault::NoResource);
            self.page.broken += 1;
            self.page.matches += 1;
            return;
        };
        let mode = match search.and_then(|search| search.mode) {
            Some("include") => Mode::Include,
            _ => Mode::Match,
        };
        self.accept(Found { row, mode, full_url, issues });
    }

    /// A page that is one resource.
    pub(super) fn alone(&mut self, scan: &mut Scan<'_>) {
        let arena = Bump::new();
        let mut cx = Context::new(&arena, &mut self.notes, K::TYPE);
        let row = <K::Row<'_> as ReadResource<'_>>::read(scan, &mut cx);
        let issues = cx.issues;
        self.resource_type = row.and_then(Row::resource_type).map(str::to_owned);
        if scan.broken().is_some() {
            return;
        }
        let Some(row) = row else { return scan.fail(Broken::Syntax) };
        if row.resource_type() == Some(K::TYPE) || !issues.is_empty() {
            self.accept(Found { row, mode: Mode::Match, full_url: None, issues });
        }
    }
}
