//! The raw JSON of an entry, for those who need more of it than its row.

use std::marker::PhantomData;

use bumpalo::Bump;

use crate::{Kind, Row, bundle::ReadResource, lean::Context, scan::Scan};

/// A kind whose row also carries the resource's JSON text. Free of cost.
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

    fn subject(&self) -> Option<&crate::rows::ResourceReference<'a>> {
        self.row.subject()
    }

    fn is_classified(&self) -> bool {
        self.row.is_classified()
    }
}

impl<'a, R: Row<'a>> ReadResource<'a> for RawRow<'a, R> {
    fn read<'t: 'a>(scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> Option<&'a Self> {
        scan.peek();
        let start = scan.position();
        let row = R::read(scan, cx);
        let json = scan.between(start, scan.position());
        row.map(|row| &*cx.arena().alloc(Self { row: *row, json }))
    }
}

/// The JSON text of resource `kind/id` in a bundle, or of the resource that `body` itself is. `None` when it is not
/// there, or when the body can't be read up to it.
pub fn find_raw<'b>(body: &'b str, kind: &str, id: &str) -> Option<&'b str> {
    if head(body, kind, id)? {
        return Some(body.trim());
    }
    let arena = Bump::new();
    let mut scan = Scan::new(body);
    scan.enter();
    let mut first = true;
    while let Some(key) = scan.next_key(&mut first, &arena) {
        if key != "entry" || scan.peek() != b'[' {
            scan.skip_value(1);
            continue;
        }
        scan.enter();
        let mut start = true;
        while scan.next_member(&mut start) {
            let entry = value(&mut scan)?;
            if let Some(resource) = member(entry, "resource").filter(|text| head(text, kind, id) == Some(true)) {
                return Some(resource);
            }
        }
    }
    None
}

/// Is this resource `kind/id`? `None` when it is no object.
fn head(resource: &str, kind: &str, id: &str) -> Option<bool> {
    let arena = Bump::new();
    let mut scan = Scan::new(resource);
    if scan.peek() != b'{' {
        return None;
    }
    let is = |name: &str, expect: &str| {
        let mut text = Scan::new(member(resource, name)?);
        (text.peek() == b'"').then(|| text.string(&arena) == expect)
    };
    Some(is("resourceType", kind) == Some(true) && is("id", id) == Some(true))
}

/// The text of a member of an object.
fn member<'b>(object: &'b str, name: &str) -> Option<&'b str> {
    let arena = Bump::new();
    let mut scan = Scan::new(object);
    if scan.peek() != b'{' {
        return None;
    }
    scan.enter();
    let mut first = true;
    while let Some(key) = scan.next_key(&mut first, &arena) {
        let text = value(&mut scan)?;
        if key == name {
            return Some(text);
        }
    }
    None
}

/// The text of the next value.
fn value<'b>(scan: &mut Scan<'b>) -> Option<&'b str> {
    scan.peek();
    let start = scan.position();
    scan.skip_value(0);
    scan.broken().is_none().then(|| scan.between(start, scan.position()))
}
