//! Reading JSON into rows that survive what hospitals send.
//!
//! serde's derived types fail a whole bundle for one string where a number was meant. Here a slot takes the value that
//! fits; any other is stepped over and noted, so only broken structure is an error. Values are written in place and borrow
//! from the body; lists and strings with escapes live in an arena that is emptied after each entry, so a row costs no
//! allocation of its own and no drop.

use bumpalo::Bump;

use crate::{
    notes::{Fault, Notes},
    rows::OutcomeIssue,
    scan::{Scan, is_number},
};

/// List members of one entry, all lists together: bounds the memory that `[{},{},…]` can ask for.
const MAX_MEMBERS: usize = 20_000;
/// Elements that say which patient a resource is about, and what in them says it.
const WHOSE: [&str; 5] = ["subject", "patient", "beneficiary", "reference", "identifier"];
/// Deepest path that is written into notes.
const MAX_PATH: usize = 12;

/// What is carried along while one entry is read.
pub struct Context<'a, 'n> {
    arena: &'a Bump,
    notes: &'n mut Notes,
    path: [&'static str; MAX_PATH],
    depth: usize,
    members: usize,
    /// Issues of the OperationOutcome that was just read.
    pub(crate) issues: &'a [OutcomeIssue<'a>],
}

impl<'a, 'n> Context<'a, 'n> {
    /// `root` is the first segment of the paths in notes.
    pub(crate) fn new(arena: &'a Bump, notes: &'n mut Notes, root: &'static str) -> Self {
        let mut path = [""; MAX_PATH];
        path[0] = root;
        Self { arena, notes, path, depth: 1, members: 0, issues: &[] }
    }

    pub(crate) fn arena(&self) -> &'a Bump {
        self.arena
    }

    #[cold]
    pub(crate) fn note(&mut self, key: &'static str, fault: Fault) {
        let mut segments = self.path;
        let depth = self.depth.min(MAX_PATH - 1);
        segments[depth] = key;
        let end = if key.is_empty() { depth } else { depth + 1 };
        self.notes.add(&segments[..end], fault);
    }

    /// Notes a text that is no time: whoever wants one drops it.
    #[inline]
    fn check_time(&mut self, key: &'static str, text: &str) {
        if crate::read_time(text.trim()).is_none() {
            self.note(key, Fault::Time);
        }
    }

    /// Reads a text that is to be a time; the caller has peeked its quote.
    pub(crate) fn time<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>) -> &'a str {
        let text = scan.string(self.arena);
        self.check_time(key, text);
        text
    }

    /// Notes the value that comes next and steps over it.
    #[cold]
    pub(crate) fn mismatch(&mut self, key: &'static str, scan: &mut Scan<'_>) -> bool {
        let fault = match scan.peek() {
            b'"' => Fault::String,
            b'{' => Fault::Object,
            b'[' => Fault::Array,
            _ => {
                let word = scan.word();
                self.note(key, fault_of(word));
                return false;
            }
        };
        self.note(key, fault);
        self.skip(scan);
        false
    }

    /// Steps over the next value.
    pub(crate) fn skip(&self, scan: &mut Scan<'_>) {
        // A row's own nesting: bundle, entry list, entry, and at most one object and one list a path segment.
        scan.skip_value(u32::try_from(3 + 2 * self.depth).unwrap_or(u32::MAX))
    }

    pub(crate) fn enter(&mut self, key: &'static str) {
        if self.depth < MAX_PATH {
            self.path[self.depth] = key;
        }
        self.depth += 1;
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}

fn fault_of(word: &str) -> Fault {
    match word {
        "null" => Fault::Null,
        "true" | "false" => Fault::Boolean,
        _ if is_number(word) => Fault::Number,
        _ => Fault::Unreadable,
    }
}

/// A place that one JSON value is written to.
pub(crate) trait Slot<'a> {
    /// Has something been written?
    fn is_set(&self) -> bool;

    /// Reads the next value, of whatever type. True when it fitted; else it has been noted.
    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool;

    /// Notes what has been written if it is a text that is no time.
    fn check_time(&self, _key: &'static str, _cx: &mut Context<'a, '_>) {}

    /// Makes what has been written say nothing, without making room for more.
    fn empty(&mut self, _arena: &'a Bump) {}

    /// Reads the value of `key`, unless there was one before. Of two that say whose a resource is neither counts
    /// (RECORD: rule 3): readers differ in which of the two they take.
    fn fill<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) {
        if self.is_set() {
            cx.note(key, Fault::Duplicate);
            if WHOSE.contains(&key) {
                self.empty(cx.arena);
            }
            return cx.skip(scan);
        }
        self.read(key, scan, cx);
    }
}

/// A JSON object with known keys. Implemented by [`object!`].
pub trait Object<'a>: Copy + Default {
    /// Reads the value of `key` into its field; false when the key is not known (and the value not yet read).
    fn field<'t: 'a>(&mut self, key: &str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool;
}

/// Reads all keys of an object; the caller has peeked its `{`.
pub(crate) fn fill_object<'a, 't: 'a, T: Object<'a>>(object: &mut T, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) {
    scan.enter();
    let mut first = true;
    while let Some(key) = scan.next_key(&mut first, cx.arena) {
        if !object.field(key, scan, cx) {
            cx.skip(scan);
        }
    }
}

/// Reads an object, wherever it is to be kept; the caller has peeked its `{`.
pub(crate) fn read_object<'a, 't: 'a, T: Object<'a>>(
    key: &'static str,
    scan: &mut Scan<'t>,
    cx: &mut Context<'a, '_>,
) -> T {
    cx.enter(key);
    let mut object = T::default();
    fill_object(&mut object, scan, cx);
    cx.leave();
    object
}

impl<'a> Slot<'a> for Option<&'a str> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    #[inline]
    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if scan.peek() != b'"' {
            return cx.mismatch(key, scan);
        }
        *self = Some(scan.string(cx.arena));
        true
    }

    fn check_time(&self, key: &'static str, cx: &mut Context<'a, '_>) {
        if let Some(text) = self {
            cx.check_time(key, text);
        }
    }

    fn empty(&mut self, _arena: &'a Bump) {
        *self = Some("");
    }
}

impl<'a> Slot<'a> for Option<bool> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if !matches!(scan.peek(), b't' | b'f') {
            return cx.mismatch(key, scan);
        }
        match scan.word() {
            "true" => *self = Some(true),
            "false" => *self = Some(false),
            word => cx.note(key, fault_of(word)),
        }
        self.is_some()
    }
}

impl<'a, T: Object<'a>> Slot<'a> for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if scan.peek() != b'{' {
            return cx.mismatch(key, scan);
        }
        cx.enter(key);
        fill_object(self.insert(T::default()), scan, cx);
        cx.leave();
        true
    }

    fn empty(&mut self, _arena: &'a Bump) {
        *self = Some(T::default());
    }
}

/// An object that is rare and large: kept beside the row, so that rows stay small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rare<'a, T>(Option<&'a T>);

impl<'a, T> Rare<'a, T> {
    /// The object, when it was sent.
    pub fn get(self) -> Option<&'a T> {
        self.0
    }
}

impl<T> Default for Rare<'_, T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'a, T: Object<'a>> Slot<'a> for Rare<'a, T> {
    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if scan.peek() != b'{' {
            return cx.mismatch(key, scan);
        }
        self.0 = Some(cx.arena.alloc(read_object::<T>(key, scan, cx)));
        true
    }

    fn empty(&mut self, arena: &'a Bump) {
        self.0 = Some(arena.alloc(T::default()));
    }
}

/// What may stand in a list: strings and objects.
pub(crate) trait Member<'a>: Copy + Default {
    /// What a lone member, in place of the list, begins with: kept where it can't be misread.
    const ALONE: u8;

    /// Reads one member in place. False when it did not fit; then it has been noted.
    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool;
}

impl<'a> Member<'a> for &'a str {
    const ALONE: u8 = b'[';

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if scan.peek() != b'"' {
            return cx.mismatch(key, scan);
        }
        *self = scan.string(cx.arena);
        true
    }
}

impl<'a, T: Object<'a>> Member<'a> for T {
    const ALONE: u8 = b'{';

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if scan.peek() != b'{' {
            return cx.mismatch(key, scan);
        }
        cx.enter(key);
        fill_object(self, scan, cx);
        cx.leave();
        true
    }
}

impl<'a, T: Member<'a>> Slot<'a> for &'a [T] {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        let opening = scan.peek();
        if opening == b'[' {
            *self = read_list(key, scan, cx);
            return true;
        }
        if opening != T::ALONE {
            return cx.mismatch(key, scan);
        }
        // One object where a list is meant is common and unambiguous: kept, and noted.
        cx.note(key, Fault::Object);
        let one = cx.arena.alloc_with(T::default);
        one.read(key, scan, cx);
        *self = std::slice::from_ref(one);
        true
    }
}

fn read_list<'a, 't: 'a, T: Member<'a>>(key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> &'a [T] {
    scan.enter();
    let mut start = true;
    // Most lists have one member, so the first is read where it stays.
    let first = cx.arena.alloc_with(T::default);
    if !next_member(first, &mut start, key, scan, cx) {
        return &[];
    }
    let mut next = T::default();
    if !next_member(&mut next, &mut start, key, scan, cx) {
        return std::slice::from_ref(first);
    }
    let mut members = bumpalo::vec![in cx.arena; *first, next];
    loop {
        next = T::default();
        if !next_member(&mut next, &mut start, key, scan, cx) {
            return members.into_bump_slice();
        }
        members.push(next);
    }
}

/// Reads the next member that fits; those that don't are noted. False at the end.
fn next_member<'a, 't: 'a, T: Member<'a>>(
    member: &mut T,
    start: &mut bool,
    key: &'static str,
    scan: &mut Scan<'t>,
    cx: &mut Context<'a, '_>,
) -> bool {
    while scan.next_member(start) {
        if cx.members >= MAX_MEMBERS {
            cx.note(key, Fault::TooMany);
            cx.skip(scan);
            continue;
        }
        cx.members += 1;
        if member.read(key, scan, cx) {
            return true;
        }
    }
    false
}

/// Declares a row: each field with the JSON key or keys that fill it.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<'a> {
            $( $(#[$field_meta:meta])* pub $field:ident: $type:ty = $($key:literal)|+, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl<'a> $crate::lean::Object<'a> for $name<'a> {
            fn field<'t: 'a>(
                &mut self,
                key: &str,
                scan: &mut $crate::scan::Scan<'t>,
                cx: &mut $crate::lean::Context<'a, '_>,
            ) -> bool {
                match key {
                    $($( $key => {
                        let first = const { $crate::time::is_time($key) } && !$crate::lean::Slot::is_set(&self.$field);
                        $crate::lean::Slot::fill(&mut self.$field, $key, scan, cx);
                        if first {
                            $crate::lean::Slot::check_time(&self.$field, $key, cx);
                        }
                    } )+)*
                    _ => return false,
                }
                true
            }
        }
    };
}
pub(crate) use object;
