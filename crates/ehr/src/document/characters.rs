//! Bytes that say to be text.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::NoteEncoding;

/// Padding is often left out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What base64 holds, with white space between.
pub(crate) fn unpacked(data: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(packed).ok()
}

/// UTF-8; what says to be GB, or is no UTF-8 and fits it without a fault, as GB 18030.
pub(crate) fn characters(bytes: &[u8], content_type: Option<&str>) -> (String, NoteEncoding) {
    let said = content_type.unwrap_or_default().to_ascii_lowercase();
    let gb = ["gb18030", "gbk", "gb2312"].iter().any(|name| said.contains(name));
    match std::str::from_utf8(bytes) {
        Ok(text) if !gb || text.is_ascii() => return (text.to_owned(), NoteEncoding::Sound),
        _ => {}
    }
    let (text, _, faulty) = encoding_rs::GB18030.decode(bytes);
    match faulty {
        false if gb => (text.into_owned(), NoteEncoding::Sound),
        false => (text.into_owned(), NoteEncoding::Guessed),
        true => (String::from_utf8_lossy(bytes).into_owned(), NoteEncoding::Damaged),
    }
}

/// The characters of XML: its mark or its own first line says which they are (<https://www.w3.org/TR/xml/#charencoding>).
pub(crate) fn of_xml(bytes: &[u8]) -> (String, NoteEncoding) {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, faulty) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let marked = if faulty { NoteEncoding::Damaged } else { NoteEncoding::Sound };
        return (text.into_owned(), marked);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let declared = head.split_once("?>").filter(|(line, _)| line.trim_start().starts_with("<?xml"));
    characters(bytes, declared.map(|(line, _)| line))
}

/// Without what is no text: control characters, and those that turn a line round.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: &char| {
        !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
            && (!c.is_control() || matches!(c, '\n' | '\t'))
    };
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(shown).collect()
}
