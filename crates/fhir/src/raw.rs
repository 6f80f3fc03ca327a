//! The raw JSON of an entry, for those who need more of it than its row.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{Kind, Row, bundle::ReadResource, lean::Context};

/// A kind whose row also carries the resource's JSON text. Costs a second pass over each entry.
#[derive(Clone, Copy, Debug)]
pub struct Raw<K>(PhantomData<K>);

impl<K: Kind> Kind for Raw<K> {
    const TYPE: &'static str = K::TYPE;
    type Row<'a> = RawRow<'a, K::Row<'a>>;
}

/// A row and the text it was read from.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a, R> {
    /// The row.
    pub row: R,
    /// The resource as sent.
    pub json: &'a str,
}

impl<'a, R: Row<'a>> Row<'a> for RawRow<'a, R> {
    fn resource_type(&self) -> Option<&'a str> {
        self.row.resource_type()
    }

    fn id(&self) -> Option<&'a str> {
        self.row.id()
    }

    fn is_classified(&self) -> bool {
        self.row.is_classified()
    }
}

impl<'a, R: Row<'a>> ReadResource<'a> for RawRow<'a, R> {
    fn read<'de: 'a, D: Deserializer<'de>>(from: D, cx: &mut Context<'a, '_>) -> Result<Option<Self>, D::Error> {
        let json: &'a str = <&'de RawValue as Deserialize>::deserialize(from)?.get();
        let row = R::read(&mut serde_json::Deserializer::from_str(json), cx).map_err(serde::de::Error::custom)?;
        Ok(row.map(|row| Self { row, json }))
    }
}

/// Deepest nesting of raw JSON that is handed out: who reads it may recurse (SECURITY: threat 15).
const MAX_DEPTH: usize = 64;

/// The JSON text of resource `kind/id` in a bundle, or of the resource that `body` itself is. `None` when it is not
/// there, or nested deeper than 64.
pub fn find_raw<'b>(body: &'b str, kind: &str, id: &str) -> Option<&'b str> {
    let whole: Head<'b> = serde_json::from_str(body).ok()?;
    let found = if whole.names(kind, id) {
        body.trim()
    } else {
        let entries: Vec<&'b RawValue> = serde_json::from_str(whole.entry?.get()).ok()?;
        let resources = entries.iter().filter_map(|entry| serde_json::from_str::<Slot<'b>>(entry.get()).ok()?.resource);
        let mut found = resources.map(RawValue::get).filter(|resource| {
            serde_json::from_str::<Head<'_>>(resource).is_ok_and(|head| head.names(kind, id))
        });
        found.next()?
    };
    (depth(found) <= MAX_DEPTH).then_some(found)
}

#[derive(Deserialize)]
struct Slot<'b> {
    #[serde(borrow)]
    resource: Option<&'b RawValue>,
}

/// What a resource says it is, every other leaf untouched.
#[derive(Deserialize)]
struct Head<'b> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<&'b RawValue>,
    #[serde(borrow)]
    id: Option<&'b RawValue>,
    #[serde(borrow)]
    entry: Option<&'b RawValue>,
}

impl Head<'_> {
    fn names(&self, kind: &str, id: &str) -> bool {
        let is = |raw: Option<&RawValue>, expect: &str| {
            raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok()).is_some_and(|text| text == expect)
        };
        is(self.resource_type, kind) && is(self.id, id)
    }
}

/// Depth of nesting of well-formed JSON.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
