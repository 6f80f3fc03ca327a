//! The grammar of LDAP messages (RFC 4511 §4, BER by X.690), as far as ldap3 relies on it: what passes here can't make
//! ldap3 panic or recurse deeply.

use crate::guard::Violation;

/// Most levels of nesting; a search entry with controls has six.
pub(crate) const MAX_DEPTH: usize = 32;

/// One BER element.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

const CONSTRUCTED: u8 = 0x20;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
const CONTROLS: u8 = 0xa0;
/// Active Directory puts the name of a Notice of Disconnection here, outside the operation.
const MISPLACED_NAME: u8 = 0x8a;

/// Operations, by their tag (RFC 4511 §4.2 and following).
pub(crate) mod operation {
    pub(crate) const BIND_REQUEST: u8 = 0x60;
    pub(crate) const BIND_RESPONSE: u8 = 0x61;
    pub(crate) const SEARCH_REQUEST: u8 = 0x63;
    pub(crate) const SEARCH_ENTRY: u8 = 0x64;
    pub(crate) const SEARCH_DONE: u8 = 0x65;
    pub(crate) const SEARCH_REFERENCE: u8 = 0x73;
    pub(crate) const EXTENDED_REQUEST: u8 = 0x77;
    pub(crate) const EXTENDED_RESPONSE: u8 = 0x78;
    pub(crate) const INTERMEDIATE: u8 = 0x79;
}

impl<'a> Element<'a> {
    fn is_constructed(self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    fn number(self) -> u8 {
        self.tag & 0x1f
    }

    fn elements(self) -> Elements<'a> {
        Elements { rest: self.content }
    }
}

struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    fn next(&mut self) -> Result<Option<Element<'a>>, Violation> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let cut = Violation::Grammar("an element is cut off");
        let (start, length) = header(self.rest)?.ok_or_else(|| cut.clone())?;
        let end = start.checked_add(length).ok_or(Violation::Length)?;
        let content = self.rest.get(start..end).ok_or(cut)?;
        let tag = self.rest[0];
        self.rest = &self.rest[end..];
        Ok(Some(Element { tag, content }))
    }

    fn expect(&mut self, what: &'static str) -> Result<Element<'a>, Violation> {
        self.next()?.ok_or(Violation::Grammar(what))
    }
}

/// Length of the header and of the content of the element at the start of `bytes`; `None` if the header is not
/// complete. Definite lengths only (RFC 4511 §5.1), tag numbers below 31 only (LDAP has no others).
pub(crate) fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, Violation> {
    let Some(&tag) = bytes.first() else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Violation::Tag);
    }
    let Some(&first) = bytes.get(1) else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some((2, usize::from(first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 8 {
        return Err(Violation::Length);
    }
    let Some(octets) = bytes.get(2..2 + count) else { return Ok(None) };
    let length = octets.iter().fold(0_u64, |length, &octet| length << 8 | u64::from(octet));
    usize::try_from(length).map(|length| Some((2 + count, length))).map_err(|_| Violation::Length)
}

/// Walks the whole frame without recursion: every element is whole, nesting is at most [`MAX_DEPTH`]. Answers the
/// number of elements.
pub(crate) fn walk(frame: &[u8]) -> Result<usize, Violation> {
    let mut open: Vec<Elements<'_>> = vec![Elements { rest: frame }];
    let mut count = 0;
    while let Some(level) = open.last_mut() {
        match level.next()? {
            None => {
                open.pop();
            }
            Some(element) => {
                count += 1;
                if element.is_constructed() {
                    if open.len() > MAX_DEPTH {
                        return Err(Violation::Depth);
                    }
                    open.push(element.elements());
                }
            }
        }
    }
    Ok(count)
}

/// A message: its id and the tag of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) id: u32,
    pub(crate) operation: u8,
}

/// Id and operation of a message of our own.
pub(crate) fn request(frame: &[u8]) -> Result<Envelope, Violation> {
    let (id, operation, _) = envelope(frame)?;
    Ok(Envelope { id, operation: operation.tag })
}

/// Checks a whole message of the server; [`walk`] has passed.
pub(crate) fn reply(frame: &[u8]) -> Result<Envelope, Violation> {
    let (id, operation, mut rest) = envelope(frame)?;
    match operation.tag {
        operation::BIND_RESPONSE | operation::SEARCH_DONE | operation::EXTENDED_RESPONSE => {
            result(operation).map(|_| ())?;
        }
        operation::SEARCH_ENTRY => entry(operation)?,
        operation::SEARCH_REFERENCE | operation::INTERMEDIATE => {}
        _ => return Err(Violation::Grammar("not an operation a server sends")),
    }
    match rest.next()? {
        None => {}
        Some(Element { tag: MISPLACED_NAME, .. }) if id == 0 => {}
        Some(element @ Element { tag: CONTROLS, .. }) => controls(element)?,
        Some(_) => return Err(Violation::Grammar("an unknown element follows the operation")),
    }
    if rest.next()?.is_some() {
        return Err(Violation::Grammar("something follows the controls"));
    }
    Ok(Envelope { id, operation: operation.tag })
}

/// Result code of a complete answer, which [`reply`] has passed.
pub(crate) fn result_code(frame: &[u8]) -> Result<u32, Violation> {
    let (_, operation, _) = envelope(frame)?;
    result(operation)
}

fn envelope(frame: &[u8]) -> Result<(u32, Element<'_>, Elements<'_>), Violation> {
    let mut outer = Elements { rest: frame };
    let message = outer.expect("no message")?;
    if message.tag != SEQUENCE {
        return Err(Violation::Grammar("the message is not a sequence"));
    }
    let mut parts = message.elements();
    let id = parts.expect("no message id")?;
    if id.tag != INTEGER {
        return Err(Violation::Grammar("the message id is not an integer"));
    }
    let id = small_number(id.content)?;
    let operation = parts.expect("no operation")?;
    Ok((id, operation, parts))
}

/// At most four octets and not negative (RFC 4511 §4.1.1: 0 to 2³¹−1).
fn small_number(content: &[u8]) -> Result<u32, Violation> {
    match content {
        [first, ..] if content.len() <= 4 && first & 0x80 == 0 => {
            Ok(content.iter().fold(0, |number, &octet| number << 8 | u32::from(octet)))
        }
        _ => Err(Violation::Grammar("a number is out of range")),
    }
}

/// LDAPResult with what bind and extended answers append (RFC 4511 §4.1.9, §4.2.2, §4.12).
fn result(operation: Element<'_>) -> Result<u32, Violation> {
    let mut parts = operation.elements();
    let code = parts.expect("no result code")?;
    if code.tag != ENUMERATED {
        return Err(Violation::Grammar("the result code is not an enumeration"));
    }
    let code = small_number(code.content)?;
    text(parts.expect("no matched DN")?)?;
    text(parts.expect("no diagnostic message")?)?;
    while let Some(part) = parts.next()? {
        match part.number() {
            3 if part.is_constructed() => {
                let mut referrals = part.elements();
                while let Some(referral) = referrals.next()? {
                    text(referral)?;
                }
            }
            3 => return Err(Violation::Grammar("referrals are not a sequence")),
            7 | 11 => octets(part)?,
            10 => utf8(part)?,
            _ => {}
        }
    }
    Ok(code)
}

/// SearchResultEntry (RFC 4511 §4.5.2).
fn entry(operation: Element<'_>) -> Result<(), Violation> {
    let mut parts = operation.elements();
    text(parts.expect("no name of the entry")?)?;
    let attributes = parts.expect("no attributes")?;
    if attributes.tag != SEQUENCE {
        return Err(Violation::Grammar("the attributes are not a sequence"));
    }
    let mut attributes = attributes.elements();
    while let Some(attribute) = attributes.next()? {
        if !attribute.is_constructed() {
            return Err(Violation::Grammar("an attribute is not a sequence"));
        }
        let mut attribute = attribute.elements();
        text(attribute.expect("no attribute type")?)?;
        let values = attribute.expect("no attribute values")?;
        if !values.is_constructed() {
            return Err(Violation::Grammar("the values are not a set"));
        }
        let mut values = values.elements();
        while let Some(value) = values.next()? {
            octets(value)?;
        }
    }
    Ok(())
}

/// Controls (RFC 4511 §4.1.11).
fn controls(element: Element<'_>) -> Result<(), Violation> {
    let mut controls = element.elements();
    while let Some(control) = controls.next()? {
        if !control.is_constructed() {
            return Err(Violation::Grammar("a control is not a sequence"));
        }
        let mut parts = control.elements();
        text(parts.expect("no control type")?)?;
        let mut part = parts.next()?;
        if let Some(Element { tag: 0x01, content }) = part {
            if content.len() != 1 {
                return Err(Violation::Grammar("the criticality is not a boolean"));
            }
            part = parts.next()?;
        }
        match part {
            None => {}
            Some(Element { tag: OCTET_STRING, .. }) if parts.next()?.is_none() => {}
            Some(_) => return Err(Violation::Grammar("the control value is not an octet string")),
        }
    }
    Ok(())
}

fn octets(element: Element<'_>) -> Result<(), Violation> {
    if element.is_constructed() { Err(Violation::Grammar("a string is not primitive")) } else { Ok(()) }
}

fn utf8(element: Element<'_>) -> Result<(), Violation> {
    octets(element)?;
    std::str::from_utf8(element.content).map(|_| ()).map_err(|_| Violation::Grammar("a string is not UTF-8"))
}

fn text(element: Element<'_>) -> Result<(), Violation> {
    if element.tag != OCTET_STRING {
        return Err(Violation::Grammar("not a string"));
    }
    utf8(element)
}
