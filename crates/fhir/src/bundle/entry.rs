//! `Bundle.entry`, one at a time.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Found, ReadResource, Resource, Walk};
use crate::{
    Fault, Kind, Mode, Row,
    lean::{Context, Fill, Key, Object, Slot, fill_object, object},
};

/// The array of entries.
pub(super) struct Entries<'w, 'e, 'c, K: Kind> {
    pub(super) walk: &'w mut Walk<'e, 'c, K>,
}

impl<'de, K: Kind> DeserializeSeed<'de> for Entries<'_, '_, '_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<K: Kind> Entries<'_, '_, '_, K> {
    fn not_a_list<E>(self, fault: Fault) -> Result<(), E> {
        self.walk.notes.add(&["Bundle", "entry"], fault);
        self.walk.page.broken += 1;
        Ok(())
    }
}

impl<'de, K: Kind> Visitor<'de> for Entries<'_, '_, '_, K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let walk = self.walk;
        loop {
            let skip = walk.seen < walk.done;
            if skip || walk.page.entries >= walk.limit {
                if seq.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(());
                }
                walk.page.cut |= !skip;
            } else if walk.one_by_one {
                let Some(json) = seq.next_element::<&'de RawValue>()? else { return Ok(()) };
                let mut from = serde_json::Deserializer::from_str(json.get());
                if (One { walk: &mut *walk }).deserialize(&mut from).is_err() {
                    walk.notes.add(&["Bundle", "entry"], Fault::Unreadable);
                    walk.page.broken += 1;
                }
            } else if seq.next_element_seed(One { walk: &mut *walk })?.is_none() {
                return Ok(());
            }
            walk.seen += 1;
            walk.arena.reset();
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.not_a_list(Fault::Object)
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.not_a_list(Fault::String)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.not_a_list(Fault::Boolean)
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.not_a_list(Fault::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.not_a_list(Fault::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.not_a_list(Fault::Number)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        // `"entry": null` is how some say that there is none.
        self.walk.notes.add(&["Bundle", "entry"], Fault::Null);
        Ok(())
    }
}

object! {
    /// `Bundle.entry.search`
    pub struct SearchElement<'a> {
        /// `match`, `include`, `outcome`.
        pub mode: Option<&'a str> = "mode",
    }
}

/// One entry: read, then handed on.
struct One<'w, 'e, 'c, K: Kind> {
    walk: &'w mut Walk<'e, 'c, K>,
}

impl<'de, K: Kind> DeserializeSeed<'de> for One<'_, '_, '_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let walk = self.walk;
        // The arena is lent out for this entry alone.
        let arena = std::mem::take(&mut walk.arena);
        let mut cx = Context::new(&arena, &mut walk.notes, K::TYPE);
        let mut entry = EntryElement::<K> { full_url: None, search: None, resource: None };
        let mut slot = EntrySlot { entry: &mut entry };
        Fill { slot: &mut slot, key: "", cx: &mut cx }.deserialize(from)?;
        let issues = cx.issues;
        match entry.resource.filter(|row| row.resource_type().is_some()) {
            Some(row) => {
                let mode = match entry.search.and_then(|search| search.mode) {
                    Some("include") => Mode::Include,
                    _ => Mode::Match,
                };
                walk.accept(Found { row, mode, full_url: entry.full_url, issues });
            }
            None => {
                walk.notes.add(&["Bundle", "entry"], Fault::NoResource);
                walk.page.broken += 1;
            }
        }
        walk.arena = arena;
        Ok(())
    }
}

/// The parts of an entry that matter.
struct EntryElement<'a, K: Kind> {
    full_url: Option<&'a str>,
    search: Option<SearchElement<'a>>,
    resource: Option<K::Row<'a>>,
}

/// An entry as a slot: anything but an object is noted.
struct EntrySlot<'s, 'a, K: Kind> {
    entry: &'s mut EntryElement<'a, K>,
}

impl<'a, K: Kind> Slot<'a> for EntrySlot<'_, 'a, K> {
    fn is_set(&self) -> bool {
        false
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        _key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        let entry = &mut *self.entry;
        while let Some(key) = map.next_key_seed(Key { arena: cx.arena() })? {
            match key {
                "fullUrl" => {
                    map.next_value_seed(Fill { slot: &mut entry.full_url, key: "fullUrl", cx: &mut *cx })?;
                }
                "search" => {
                    map.next_value_seed(Fill { slot: &mut entry.search, key: "search", cx: &mut *cx })?;
                }
                "resource" if entry.resource.is_none() => {
                    entry.resource = map.next_value_seed(ResourceSeed::<K::Row<'a>> { cx: &mut *cx, row: None })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }
}

/// Reads a resource by its row's own way.
struct ResourceSeed<'s, 'a, 'n, R> {
    cx: &'s mut Context<'a, 'n>,
    row: Option<R>,
}

impl<'de: 'a, 'a, R: ReadResource<'a>> DeserializeSeed<'de> for ResourceSeed<'_, 'a, '_, R> {
    type Value = Option<R>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<R>, D::Error> {
        let _ = self.row;
        R::read(from, self.cx)
    }
}

/// A resource as a slot.
pub(super) struct ResourceSlot<'s, 'a, T> {
    pub(super) resource: &'s mut Resource<'a, T>,
    pub(super) read: bool,
}

impl<'a, T: Object<'a>> Slot<'a> for ResourceSlot<'_, 'a, T> {
    fn is_set(&self) -> bool {
        false
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        _key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        fill_object(self.resource, map, cx)?;
        self.read = true;
        Ok(true)
    }
}

/// A page that is one resource.
pub(super) struct Alone<'w, 'e, 'c, K: Kind> {
    pub(super) walk: &'w mut Walk<'e, 'c, K>,
}

impl<'de, K: Kind> DeserializeSeed<'de> for Alone<'_, '_, '_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let walk = self.walk;
        let arena = std::mem::take(&mut walk.arena);
        let mut cx = Context::new(&arena, &mut walk.notes, K::TYPE);
        let row = <K::Row<'_> as ReadResource<'_>>::read(from, &mut cx)?;
        let issues = cx.issues;
        let Some(row) = row else { return Err(D::Error::custom("not a resource")) };
        walk.resource_type = row.resource_type().map(str::to_owned);
        if row.resource_type() == Some(K::TYPE) || !issues.is_empty() {
            walk.accept(Found { row, mode: Mode::Match, full_url: None, issues });
        }
        Ok(())
    }
}
