//! Reading JSON into rows that survive what hospitals send.
//!
//! serde's derived types fail a whole bundle for one string where a number was meant. Here every value is read by one
//! visitor that takes any JSON: what fits is written into its slot, what doesn't is skipped and noted. So only broken
//! JSON is an error. Values are written in place and borrow from the body; lists and strings with escapes live in an
//! arena that is emptied after each entry, so a row costs no allocation and no drop.
//!
//! Depth: rows are finite types and everything unknown is skipped by serde_json without recursion, so no nesting can
//! exhaust the stack.

use std::fmt;

use bumpalo::Bump;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    notes::{Fault, Notes},
    rows::OutcomeIssue,
};

/// List members of one entry, all lists together: bounds the memory that `[{},{},…]` can ask for.
const MAX_MEMBERS: usize = 20_000;
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

    #[cold]
    fn note(&mut self, key: &'static str, fault: Fault) {
        let mut segments = self.path;
        let depth = self.depth.min(MAX_PATH - 1);
        segments[depth] = key;
        let end = if key.is_empty() { depth } else { depth + 1 };
        self.notes.add(&segments[..end], fault);
    }

    pub(crate) fn arena(&self) -> &'a Bump {
        self.arena
    }

    /// Puts an object beside the row.
    pub(crate) fn keep<T: Copy>(&self, object: T) -> &'a T {
        self.arena.alloc(object)
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

/// A place that one JSON value is written to. Every method says whether it took the value.
pub(crate) trait Slot<'a> {
    /// Reads the value through this deserialiser method; raw for numbers, any for the rest.
    const RAW: bool = false;

    /// Has something been written?
    fn is_set(&self) -> bool;

    fn raw(&mut self, _json: &'a str) -> bool {
        false
    }

    fn text(&mut self, _key: &'static str, _text: &'a str) -> bool {
        false
    }

    fn boolean(&mut self, _value: bool) -> bool {
        false
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        _key: &'static str,
        map: &mut A,
        _cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        drain_map(map)?;
        Ok(false)
    }

    fn seq<'de: 'a, A: SeqAccess<'de>>(
        &mut self,
        _key: &'static str,
        seq: &mut A,
        _cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        drain_seq(seq)?;
        Ok(false)
    }

    /// Some slots are read differently by key (`value[x]`).
    fn raw_for(_key: &'static str) -> bool {
        Self::RAW
    }
}

/// A JSON object with known keys. Implemented by [`object!`].
pub trait Object<'a>: Copy + Default {
    /// Reads the value of `key` into its field; false when the key is not known (and the value not yet read).
    fn field<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error>;
}

/// Reads all keys of an object.
pub(crate) fn fill_object<'a, 'de: 'a, T: Object<'a>, A: MapAccess<'de>>(
    object: &mut T,
    map: &mut A,
    cx: &mut Context<'a, '_>,
) -> Result<(), A::Error> {
    while let Some(key) = map.next_key_seed(Key { arena: cx.arena })? {
        if !object.field(key, map, cx)? {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// The seed that fills a slot. `Ok(true)` when the value fitted.
pub(crate) struct Fill<'s, 'a, 'n, S> {
    pub(crate) slot: &'s mut S,
    pub(crate) key: &'static str,
    pub(crate) cx: &'s mut Context<'a, 'n>,
}

impl<'de: 'a, 'a, S: Slot<'a>> DeserializeSeed<'de> for Fill<'_, 'a, '_, S> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        if self.slot.is_set() {
            from.deserialize_ignored_any(IgnoredAny)?;
            self.cx.note(self.key, Fault::Duplicate);
            return Ok(false);
        }
        if !S::raw_for(self.key) {
            return from.deserialize_any(self);
        }
        let json = <&'de RawValue as serde::Deserialize>::deserialize(from)?.get();
        let taken = self.slot.raw(json);
        if !taken {
            self.cx.note(self.key, fault_of(json));
        }
        Ok(taken)
    }
}

fn fault_of(json: &str) -> Fault {
    match json.as_bytes().first() {
        Some(b'"') => Fault::String,
        Some(b'{') => Fault::Object,
        Some(b'[') => Fault::Array,
        Some(b't' | b'f') => Fault::Boolean,
        Some(b'n') => Fault::Null,
        _ => Fault::Number,
    }
}

impl<'a, S: Slot<'a>> Fill<'_, 'a, '_, S> {
    fn done<E>(self, taken: bool, fault: Fault) -> Result<bool, E> {
        if !taken {
            self.cx.note(self.key, fault);
        }
        Ok(taken)
    }
}

impl<'de: 'a, 'a, S: Slot<'a>> Visitor<'de> for Fill<'_, 'a, '_, S> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<bool, E> {
        let taken = self.slot.text(self.key, text);
        self.done(taken, Fault::String)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        let text: &'a str = self.cx.arena.alloc_str(text);
        let taken = self.slot.text(self.key, text);
        self.done(taken, Fault::String)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        let taken = self.slot.boolean(value);
        self.done(taken, Fault::Boolean)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        self.done(false, Fault::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        self.done(false, Fault::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        self.done(false, Fault::Number)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.done(false, Fault::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let taken = self.slot.map(self.key, &mut map, self.cx)?;
        self.done(taken, Fault::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let taken = self.slot.seq(self.key, &mut seq, self.cx)?;
        self.done(taken, Fault::Array)
    }
}

/// A key of an object; only one with escapes is copied.
pub(crate) struct Key<'a> {
    pub(crate) arena: &'a Bump,
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = &'a str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'a str, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Key<'a> {
    type Value = &'a str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<&'a str, E> {
        Ok(key)
    }

    fn visit_str<E>(self, key: &str) -> Result<&'a str, E> {
        Ok(self.arena.alloc_str(key))
    }
}

fn drain_map<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_seq<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'a> Slot<'a> for Option<&'a str> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn text(&mut self, _key: &'static str, text: &'a str) -> bool {
        *self = Some(text);
        true
    }
}

impl<'a> Slot<'a> for Option<bool> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn boolean(&mut self, value: bool) -> bool {
        *self = Some(value);
        true
    }
}

impl<'a, T: Object<'a>> Slot<'a> for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        cx.enter(key);
        fill_object(self.insert(T::default()), map, cx)?;
        cx.leave();
        Ok(true)
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

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        cx.enter(key);
        let mut object = T::default();
        fill_object(&mut object, map, cx)?;
        cx.leave();
        self.0 = Some(cx.arena.alloc(object));
        Ok(true)
    }
}

/// What may stand in a list: strings and objects.
pub(crate) trait Member<'a>: Copy {
    /// A slot for one member.
    type One: Slot<'a> + Default;

    fn get(one: Self::One) -> Option<Self>;
}

impl<'a> Member<'a> for &'a str {
    type One = Option<&'a str>;

    fn get(one: Self::One) -> Option<Self> {
        one
    }
}

impl<'a, T: Object<'a>> Member<'a> for T {
    type One = Option<T>;

    fn get(one: Self::One) -> Option<Self> {
        one
    }
}

impl<'a, T: Member<'a>> Slot<'a> for &'a [T] {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn map<'de: 'a, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        // One object where a list is meant is common and unambiguous: kept, and noted.
        let mut one = T::One::default();
        if one.map(key, map, cx)? {
            cx.note(key, Fault::Object);
        }
        let kept = T::get(one);
        if let Some(member) = kept {
            *self = std::slice::from_ref(cx.arena.alloc(member));
        }
        Ok(kept.is_some())
    }

    fn seq<'de: 'a, A: SeqAccess<'de>>(
        &mut self,
        key: &'static str,
        seq: &mut A,
        cx: &mut Context<'a, '_>,
    ) -> Result<bool, A::Error> {
        let Some(first) = next_member::<T, A>(key, seq, cx)? else { return Ok(true) };
        let Some(second) = next_member::<T, A>(key, seq, cx)? else {
            *self = std::slice::from_ref(cx.arena.alloc(first));
            return Ok(true);
        };
        let mut members = bumpalo::vec![in cx.arena; first, second];
        while let Some(member) = next_member::<T, A>(key, seq, cx)? {
            members.push(member);
        }
        *self = members.into_bump_slice();
        Ok(true)
    }
}

/// The next member that fits; those that don't are noted.
fn next_member<'a, 'de: 'a, T: Member<'a>, A: SeqAccess<'de>>(
    key: &'static str,
    seq: &mut A,
    cx: &mut Context<'a, '_>,
) -> Result<Option<T>, A::Error> {
    loop {
        if cx.members >= MAX_MEMBERS {
            while seq.next_element::<IgnoredAny>()?.is_some() {
                cx.note(key, Fault::TooMany);
            }
            return Ok(None);
        }
        let mut one = T::One::default();
        if seq.next_element_seed(Fill { slot: &mut one, key, cx: &mut *cx })?.is_none() {
            return Ok(None);
        }
        cx.members += 1;
        if let Some(member) = T::get(one) {
            return Ok(Some(member));
        }
    }
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
            fn field<'de: 'a, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
                cx: &mut $crate::lean::Context<'a, '_>,
            ) -> Result<bool, A::Error> {
                match key {
                    $($( $key => {
                        map.next_value_seed($crate::lean::Fill { slot: &mut self.$field, key: $key, cx })?;
                    } )+)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}
pub(crate) use object;
