//! `onset[x]`, `abatement[x]`, `occurrence[x]`, `performed[x]`: a time in one of several shapes.

use super::{Period, Quantity, Range};
use crate::{
    lean::{Context, Slot, read_object},
    scan::Scan,
};

/// A time as sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When<'a> {
    /// `dateTime`, at its precision.
    DateTime(&'a str),
    /// From–to.
    Period(Period<'a>),
    /// The patient's age.
    Age(Quantity<'a>),
    /// Ages from–to.
    Range(&'a Range<'a>),
    /// Words.
    String(&'a str),
}

impl<'a> Slot<'a> for Option<When<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        let ends = |end: &str| key.ends_with(end);
        *self = match scan.peek() {
            b'"' if ends("DateTime") => Some(When::DateTime(cx.time(key, scan))),
            b'"' if ends("String") => Some(When::String(scan.string(cx.arena()))),
            b'{' if ends("Period") => Some(When::Period(read_object(key, scan, cx))),
            b'{' if ends("Age") => Some(When::Age(read_object(key, scan, cx))),
            b'{' if ends("Range") => Some(When::Range(cx.arena().alloc(read_object(key, scan, cx)))),
            _ => {
                cx.mismatch(key, scan);
                None
            }
        };
        self.is_some()
    }
}
