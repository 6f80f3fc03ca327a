//! A JSON reader made for one purpose: taking a few values out of large texts, and stepping over everything else.
//!
//! Why not serde_json: the visitor calls between its parser and a lean row cost twice the parsing itself (3.0 times the
//! time of skipping the same bytes, against a limit of 1.4), and it gives up a page for one `NaN`, one raw tab in a note or
//! one half of a surrogate pair. This reader stops only where the structure is broken. It is held against serde_json by
//! the property tests, which must agree on everything that serde_json accepts.
//!
//! Nothing here recurses on the input; nesting deeper than [`MAX_DEPTH`] is refused (SECURITY: threat 15).

use bumpalo::{Bump, collections::String as ArenaString};

/// Deepest nesting that is read or stepped over.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Why a text can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It ends in the middle.
    Truncated,
    /// Its structure is not JSON's.
    Syntax,
    /// It is nested too deep.
    TooDeep,
}

/// A place in a text.
///
/// Errors stick: the first is kept in [`Self::broken`] and the scan stands at its end, where [`Self::peek`] says 0 and
/// every reading comes back empty. So values are returned in registers, and callers check once at the end.
#[derive(Debug)]
pub struct Scan<'t> {
    text: &'t str,
    at: usize,
    broken: Option<Broken>,
    /// A raw control character stood in a string that was read.
    pub(crate) controls: bool,
}

impl<'t> Scan<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, broken: None, controls: false }
    }

    /// Why the text could not be read on, if so.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.broken
    }

    #[cold]
    pub(crate) fn fail(&mut self, why: Broken) {
        self.broken.get_or_insert(why);
        self.at = self.text.len();
    }

    /// Bytes passed.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text between two positions.
    pub(crate) fn between(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The next byte that is not white space; it stays. Where there is none, the text is truncated, and 0.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u8 {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if *byte > b' ' => *byte,
            _ => self.peek_further(),
        }
    }

    #[inline(never)]
    fn peek_further(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                // No value begins so; not 0, which is the end.
                Some(0) => return b' ',
                Some(byte) => return *byte,
                None => {
                    self.fail(Broken::Truncated);
                    return 0;
                }
            }
        }
    }

    /// Nothing but white space is left?
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        if self.peek() == 0 { Ok(()) } else { Err(Broken::Syntax) }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) {
        if self.peek() == byte {
            self.at += 1;
        } else {
            self.fail(Broken::Syntax);
        }
    }

    /// Steps into an object or an array (the caller has peeked its bracket).
    #[inline(always)]
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// The next key of an object, its colon passed; `None` at the end. `first` starts true.
    #[inline(always)]
    pub(crate) fn next_key<'a>(&mut self, first: &mut bool, arena: &'a Bump) -> Option<&'a str>
    where
        't: 'a,
    {
        let mut byte = self.peek();
        if byte == b'}' {
            self.at += 1;
            return None;
        }
        if !*first {
            if byte != b',' {
                self.fail(Broken::Syntax);
                return None;
            }
            self.at += 1;
            byte = self.peek();
        }
        *first = false;
        if byte != b'"' {
            self.fail(Broken::Syntax);
            return None;
        }
        let key = self.string(arena);
        self.expect(b':');
        (self.broken.is_none()).then_some(key)
    }

    /// Is there another member of an array? `first` starts true, after [`Self::enter`].
    #[inline]
    pub(crate) fn next_member(&mut self, first: &mut bool) -> bool {
        let byte = self.peek();
        if byte == b']' {
            self.at += 1;
            return false;
        }
        if !*first {
            if byte != b',' {
                self.fail(Broken::Syntax);
                return false;
            }
            self.at += 1;
            // `[1,]` is no array.
            if self.peek() == b']' {
                self.fail(Broken::Syntax);
            }
        }
        *first = false;
        self.broken.is_none()
    }

    /// A string (the caller has peeked `"`). Borrowed from the text unless it holds escapes.
    #[inline]
    pub(crate) fn string<'a>(&mut self, arena: &'a Bump) -> &'a str
    where
        't: 'a,
    {
        let start = self.at + 1;
        let end = special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return self.text.get(start..end).unwrap_or_default();
        }
        self.copied_string(start, arena)
    }

    #[cold]
    #[inline(never)]
    fn copied_string<'a>(&mut self, start: usize, arena: &'a Bump) -> &'a str {
        let mut copy = ArenaString::new_in(arena);
        match self.copy_string(start, &mut copy) {
            Ok(after) => self.at = after,
            Err(why) => self.fail(why),
        }
        copy.into_bump_str()
    }

    fn copy_string(&mut self, start: usize, copy: &mut ArenaString<'_>) -> Result<usize, Broken> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            let stop = special(bytes, at);
            copy.push_str(self.text.get(at..stop).unwrap_or_default());
            at = stop + 1;
            match bytes.get(stop).ok_or(Broken::Truncated)? {
                b'"' => return Ok(at),
                b'\\' => at = self.escape(at, copy)?,
                _ => {
                    self.controls = true;
                    copy.push(' ');
                }
            }
        }
    }

    /// Reads what stands after a backslash; returns where to read on.
    fn escape(&self, at: usize, copy: &mut ArenaString<'_>) -> Result<usize, Broken> {
        let bytes = self.text.as_bytes();
        let plain = match *bytes.get(at).ok_or(Broken::Truncated)? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = unit(bytes, at + 1)?;
                if let 0xD800..=0xDBFF = first
                    && bytes.get(at + 5..at + 7) == Some(b"\\u")
                    && let Ok(second @ 0xDC00..=0xDFFF) = unit(bytes, at + 7)
                {
                    let whole = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    copy.push(char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER));
                    return Ok(at + 11);
                }
                // Half a pair is no character.
                copy.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(at + 5);
            }
            _ => return Err(Broken::Syntax),
        };
        copy.push(plain);
        Ok(at + 1)
    }

    #[inline]
    fn skip_string(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        loop {
            let stop = special(bytes, at);
            at = stop + 1;
            match bytes.get(stop) {
                Some(b'"') => break,
                Some(b'\\') => match skip_escape(bytes, at) {
                    Ok(after) => at = after,
                    Err(why) => return self.fail(why),
                },
                Some(_) => {}
                None => return self.fail(Broken::Truncated),
            }
        }
        self.at = at;
    }

    /// A number, `true`, `false`, `null`, or what some servers write in their place (`NaN`, `.5`, `None`).
    #[inline]
    pub(crate) fn word(&mut self) -> &'t str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| !WORD[usize::from(*byte)]).unwrap_or(rest.len());
        if length == 0 {
            self.fail(Broken::Syntax);
            return "";
        }
        self.at += length;
        self.between(start, start + length)
    }

    /// Steps over one value; `depth` is the nesting it stands in.
    pub(crate) fn skip_value(&mut self, depth: u32) {
        // One bit a level: is it an object?
        let mut objects = 0_u64;
        let mut level = 0;
        loop {
            match self.peek() {
                b'"' => self.skip_string(),
                open @ (b'{' | b'[') => {
                    let object = open == b'{';
                    self.at += 1;
                    if depth + level >= MAX_DEPTH {
                        return self.fail(Broken::TooDeep);
                    }
                    if self.peek() == if object { b'}' } else { b']' } {
                        self.at += 1;
                    } else {
                        objects = objects << 1 | u64::from(object);
                        level += 1;
                        if object {
                            self.skip_key();
                        }
                        continue;
                    }
                }
                _ => {
                    self.word();
                }
            }
            loop {
                if level == 0 || self.broken.is_some() {
                    return;
                }
                let object = objects & 1 == 1;
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        if object {
                            self.skip_key();
                        }
                        break;
                    }
                    b'}' if object => self.at += 1,
                    b']' if !object => self.at += 1,
                    _ => return self.fail(Broken::Syntax),
                }
                objects >>= 1;
                level -= 1;
            }
        }
    }

    #[inline]
    fn skip_key(&mut self) {
        if self.peek() != b'"' {
            return self.fail(Broken::Syntax);
        }
        self.skip_string();
        self.expect(b':');
    }
}

/// Bytes of words.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
        byte += 1;
    }
    table
};

/// Is this word a JSON number (RFC 8259, section 6)?
#[inline]
pub(crate) fn is_number(word: &str) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count, &text[count..])
    }
    let rest = word.as_bytes();
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let zero = rest.first() == Some(&b'0');
    let (count, mut rest) = digits(rest);
    if count == 0 || (zero && count > 1) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, after) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let (count, after) = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// Where the next quote, backslash or control character is, or the end; eight bytes at a time.
#[inline]
fn special(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    let mut rest = bytes.get(from..).unwrap_or_default();
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        // A byte is zero, or less than 0x20, where subtracting borrows from its high bit. Borrows only spoil bytes above
        // the first hit, and only the first is taken.
        let hits = (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let hits = hits & HIGH;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
        rest = after;
    }
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

fn skip_escape(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    match bytes.get(at).ok_or(Broken::Truncated)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => unit(bytes, at + 1).map(|_| at + 5),
        _ => Err(Broken::Syntax),
    }
}

/// Four hexadecimal digits.
fn unit(bytes: &[u8], at: usize) -> Result<u32, Broken> {
    let digits = bytes.get(at..at + 4).ok_or(Broken::Truncated)?;
    let mut value = 0;
    for digit in digits {
        value = value << 4 | char::from(*digit).to_digit(16).ok_or(Broken::Syntax)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_rfc() {
        let check = |word: &str, expect: bool| assert_eq!(is_number(word), expect, "{word}");
        for good in ["0", "-0", "5.40", "1e5", "1E+05", "1.2e-3", "120", "-7.0"] {
            check(good, true);
        }
        for bad in ["", "-", "05", ".5", "5.", "1e", "NaN", "+1", "1.2.3", "1e+", "0x1", "1_0", "--1"] {
            check(bad, false);
        }
    }

    #[test]
    fn strings_are_borrowed_or_mended() {
        let arena = Bump::new();
        let check = |json: &str, expect: Result<&str, Broken>| {
            let (mut read, mut skipped) = (Scan::new(json), Scan::new(json));
            let text = read.string(&arena);
            assert_eq!(read.broken().map_or(Ok(text), Err), expect, "{json}");
            skipped.skip_value(0);
            assert_eq!(skipped.broken(), expect.err(), "{json}");
        };
        check(r#""""#, Ok(""));
        check(r#""钾 5.40""#, Ok("钾 5.40"));
        check(r#""a\"b\\c\/\n\u94be""#, Ok("a\"b\\c/\n钾"));
        check(r#""\ud83d\ude00""#, Ok("😀"));
        check(r#""\ud83d!""#, Ok("\u{fffd}!"));
        check(r#""\ud83d\ud83d\ude00""#, Ok("\u{fffd}😀"));
        check(r#""\ude00""#, Ok("\u{fffd}"));
        check("\"a\tb\nc\"", Ok("a b c"));
        check(r#""0123456789abcdef""#, Ok("0123456789abcdef"));
        check(r#""open"#, Err(Broken::Truncated));
        check(r#""\u12"#, Err(Broken::Truncated));
        check(r#""\x""#, Err(Broken::Syntax));
        check(r#""\u12g4""#, Err(Broken::Syntax));
    }

    #[test]
    fn values_are_stepped_over_only_when_well_formed() {
        let check = |json: &str, expect: Result<(), Broken>| {
            let mut scan = Scan::new(json);
            scan.skip_value(0);
            assert_eq!(scan.end(), expect, "{json}");
        };
        check(r#" {"a":[1,{"b":null}],"c":{}} "#, Ok(()));
        check("[]", Ok(()));
        check("[[],[{}]]", Ok(()));
        check("NaN", Ok(()));
        check("[1,]", Err(Broken::Syntax));
        check("[1 2]", Err(Broken::Syntax));
        check(r#"{"a":1,}"#, Err(Broken::Syntax));
        check(r#"{"a" 1}"#, Err(Broken::Syntax));
        check("{1:2}", Err(Broken::Syntax));
        check("[1}", Err(Broken::Syntax));
        check("{]", Err(Broken::Syntax));
        check("[1", Err(Broken::Truncated));
        check(r#"{"a":"#, Err(Broken::Truncated));
        check("[] x", Err(Broken::Syntax));
        check(&format!("{}{}", "[".repeat(64), "]".repeat(64)), Ok(()));
        check(&format!("{}{}", "[".repeat(65), "]".repeat(65)), Err(Broken::TooDeep));
        check(&"{\"a\":".repeat(1_000_000), Err(Broken::TooDeep));
    }
}
