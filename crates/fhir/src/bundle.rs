//! One page: a searchset Bundle read in one pass, each entry handed on as soon as it is read.

use serde::Deserializer;

use crate::lean::{Context, Object};

/// Reads a resource into a row.
pub trait ReadResource<'a>: Sized {
    #[doc(hidden)]
    fn read<'de: 'a, D: Deserializer<'de>>(from: D, cx: &mut Context<'a, '_>) -> Result<Option<Self>, D::Error>;
}

/// Reads an object
pub(crate) fn read_object<'a, 'de: 'a, T: Object<'a>, D: Deserializer<'de>>(
    from: D,
    cx: &mut Context<'a, '_>,
    resource_type: impl Fn(&T) -> Option<&'a str>,
) -> Result<Option<T>, D::Error> {
    let _ = (from, cx, resource_type);
    Ok(None)
}
