//! What a document is, by its bytes: a hospital's word for it decides only among kinds of text.

use super::cda::Cda;
use super::characters::{characters, of_xml, plain, unpacked};
use super::sanitise;
use crate::compartment::Compartment;
use crate::{NoteContent, NoteEncoding};

/// Bytes of a text that are shown.
pub(crate) const LONGEST_TEXT: usize = 256 * 1024;
/// Bytes of a CDA document that are read.
pub(crate) const LONGEST_CDA: usize = 1024 * 1024;
/// Bytes of a PDF or picture that are passed on: in base64 they fit into the largest answer that is read of a source.
pub(crate) const LARGEST_FILE: usize = 11 * 1024 * 1024;
/// What it says itself to be another patient's.
pub(crate) const FOREIGN: &str = "why-foreign-dropped";
/// Sides of a picture, in pixels: a few kilobytes can unfold to gigabytes on the reader's machine.
const WIDEST: u32 = 16_384;
/// Bytes at the end of a file in which an archive's directory would lie.
const TAIL: usize = 66 * 1024;

/// A PDF or a picture whose bytes are what they should be, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Which.
    pub kind: FileKind,
    /// The whole file.
    pub bytes: Vec<u8>,
}

/// What files are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `application/pdf`
    Pdf,
    /// `image/png`
    Png,
    /// `image/jpeg`
    Jpeg,
}

impl FileKind {
    /// For `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// Of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// By the first bytes.
    fn of(bytes: &[u8]) -> Option<Self> {
        const SIGNS: [(&[u8], FileKind); 3] =
            [(b"%PDF-", FileKind::Pdf), (PNG, FileKind::Png), (b"\xff\xd8\xff", FileKind::Jpeg)];
        SIGNS.into_iter().find(|(sign, _)| bytes.starts_with(sign)).map(|(_, kind)| kind)
    }

    /// Is this one file from the first byte to the last?
    fn is_sound(self, bytes: &[u8]) -> bool {
        let whole = match self {
            Self::Pdf => is_pdf(bytes),
            Self::Png => is_png(bytes),
            Self::Jpeg => is_jpeg(bytes),
        };
        // The directory at an archive's end: programs that look for it there open what the reader does not see.
        let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
        whole && !tail.windows(4).any(|four| four == b"PK\x05\x06")
    }
}

/// What is to be shown of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    File(File),
    /// Text, HTML, or why there is nothing.
    Note(NoteContent),
    /// A clinical document, taken apart.
    Cda(Box<Cda>, NoteEncoding),
}

impl Content {
    /// What cannot be shown, and why.
    pub fn missing(why: &'static str) -> Self {
        Self::Note(NoteContent::Missing { why })
    }

    /// The document in this base64, as far as it is about this patient.
    pub fn unpack(data: &str, said: Option<&str>, whose: &Compartment) -> Self {
        Self::decode(data, said).of(|numbers| whose.contradicts(numbers))
    }

    /// Left out where it says itself that it is another patient's, whatever it hangs on and whatever it is said to be. Only
    /// then is opened what a clinical document is the envelope of: a file does not say whose it is.
    fn of(self, contradicts: impl Fn(&[(String, String)]) -> bool) -> Self {
        match self {
            Self::Cda(cda, _) if contradicts(&cda.patients) => Self::missing(FOREIGN),
            // As what it says to be, a text would be read: an envelope in an envelope is nothing that honest systems write.
            Self::Cda(cda, encoding) if cda.sections.is_empty() => match &cda.enclosed {
                Some(data) => Self::decode(data, Some("application/pdf")),
                None => Self::Cda(cda, encoding),
            },
            other => other,
        }
    }

    fn decode(data: &str, said: Option<&str>) -> Self {
        // Four characters of base64 are three bytes; what is far too long is not even unpacked.
        if data.len() / 4 * 3 > LARGEST_FILE + 3 {
            return Self::missing("note-too-large");
        }
        unpacked(data).map_or_else(|| Self::missing("why-garbage"), |bytes| Self::read(bytes, said))
    }

    /// The document that these bytes are. `said` is the hospital's MIME type for it.
    fn read(bytes: Vec<u8>, said: Option<&str>) -> Self {
        match FileKind::of(&bytes) {
            Some(_) if bytes.len() > LARGEST_FILE => Self::missing("note-too-large"),
            Some(kind) if kind.is_sound(&bytes) => Self::File(File { kind, bytes }),
            Some(_) => Self::missing("document-unsound"),
            None => text(&bytes, said),
        }
    }

    /// As a note: CDA is put into HTML, a file is named.
    pub fn into_note(self) -> NoteContent {
        match self {
            Self::Note(note) => note,
            Self::Cda(cda, encoding) => match cda.html() {
                Some(html) => NoteContent::Html { html, encoding },
                None => NoteContent::Missing { why: "note-too-large" },
            },
            Self::File(file) => NoteContent::Document { content_type: file.kind.content_type().to_owned() },
        }
    }

    /// For lists of documents, which only name files: their bytes are for whoever opens one.
    pub fn without_bytes(self) -> Self {
        match self {
            Self::File(_) => Self::Note(self.into_note()),
            other => other,
        }
    }

    /// Why it could not be had, where that is more than the document's own lack.
    pub fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Note(note) => note.failure(),
            _ => None,
        }
    }
}

/// The MIME type without its parameters.
pub(crate) fn mime(said: Option<&str>) -> String {
    said.unwrap_or("text/plain").split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// May XML be of this type?
pub(crate) fn is_xml(mime: &str) -> bool {
    mime == "text/xml" || mime == "application/xml" || mime.ends_with("+xml") && mime != "application/xhtml+xml"
}

fn text(bytes: &[u8], said: Option<&str>) -> Content {
    let mime = mime(said);
    // Who says nothing may mean anything; who says a picture or a program sent something else than that.
    let unknown = matches!(mime.as_str(), "application/octet-stream" | "application/binary" | "binary");
    let (xml, html) = (is_xml(&mime), matches!(mime.as_str(), "text/html" | "application/xhtml+xml"));
    // Rich text is a program for another reader.
    let written = mime.starts_with("text/") && mime != "text/rtf";
    let utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    match () {
        () if !(unknown || xml || html || written) => return Content::missing("document-kind"),
        () if bytes.is_empty() => return Content::Note(NoteContent::default()),
        () if bytes.len() > LONGEST_CDA || html && bytes.len() > LONGEST_TEXT => {
            return Content::missing("note-too-large");
        }
        () => {}
    }
    if xml || looks_like_xml(bytes) {
        let (text, encoding) = of_xml(bytes);
        match Cda::read(&text) {
            Some(cda) => return Content::Cda(Box::new(cda), encoding),
            None if xml || unknown && text.trim_start().starts_with("<?xml") => {
                return Content::missing("document-unsound");
            }
            None => {}
        }
    }
    match () {
        () if utf16 || unknown && bytes.contains(&0) => return Content::missing("document-kind"),
        () if bytes.len() > LONGEST_TEXT => return Content::missing("note-too-large"),
        () => {}
    }
    let (text, encoding) = characters(bytes, said);
    let text = plain(&text);
    // A clinical document that can't be read doesn't say whose it is.
    let unread = text.trim_start().starts_with('<') && text.contains("ClinicalDocument");
    let unsound = || NoteContent::Missing { why: "document-unsound" };
    Content::Note(match () {
        () if unknown && encoding != NoteEncoding::Sound => NoteContent::Missing { why: "document-kind" },
        () if text.trim().is_empty() => NoteContent::default(),
        () if unread => unsound(),
        () if html => sanitise(&text).map_or_else(unsound, |html| NoteContent::Html { html, encoding }),
        () => NoteContent::Text { text, encoding },
    })
}

/// Is it worth trying? Whatever else begins so fails at its first fault.
fn looks_like_xml(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    head.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// A PDF ends with its mark: what follows it belongs to another file.
fn is_pdf(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(2048)..];
    let end = tail.windows(5).rposition(|five| five == b"%%EOF");
    end.is_some_and(|at| tail[at + 5..].iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0))
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Pieces with their lengths, from `IHDR` to `IEND`, and nothing behind (<https://www.w3.org/TR/png/#5Chunk-layout>).
fn is_png(bytes: &[u8]) -> bool {
    let mut rest = &bytes[PNG.len()..];
    let mut first = true;
    loop {
        let Some((head, behind)) = rest.split_at_checked(8) else { return false };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = &head[4..8];
        let Some((piece, behind)) = behind.split_at_checked(length) else { return false };
        if first {
            let side =
                |at: usize| piece.get(at..at + 4).map(|side| u32::from_be_bytes([side[0], side[1], side[2], side[3]]));
            let fits = |side: Option<u32>| side.is_some_and(|side| (1..=WIDEST).contains(&side));
            if kind != b"IHDR" || !fits(side(0)) || !fits(side(4)) {
                return false;
            }
        }
        let Some((_, behind)) = behind.split_at_checked(4) else { return false };
        if kind == b"IEND" {
            return behind.is_empty();
        }
        (first, rest) = (false, behind);
    }
}

/// Segments with their lengths up to the picture itself, and its end mark at the end
/// (<https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, annex B).
fn is_jpeg(bytes: &[u8]) -> bool {
    let mut rest = &bytes[2..];
    let mut sized = false;
    loop {
        let [0xff, marker, behind @ ..] = rest else { return false };
        match marker {
            // Filling.
            0xff => rest = &rest[1..],
            0xda => break,
            0x01 | 0xd0..=0xd9 => return false,
            _ => {
                let [high, low, ..] = behind else { return false };
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some((segment, behind)) = behind.split_at_checked(length.max(2)) else { return false };
                if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
                    let side = |at: usize| segment.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
                    let fits = |side: Option<u16>| side.is_some_and(|side| (1..=WIDEST).contains(&u32::from(side)));
                    sized = fits(side(3)) && fits(side(5));
                    if !sized {
                        return false;
                    }
                }
                rest = behind;
            }
        }
    }
    // In the picture's own bytes `ff` is followed by `00` or a marker, so its end is found without unpacking it.
    let end = rest.windows(2).position(|two| two == b"\xff\xd9");
    sized && end.is_some_and(|at| rest[at + 2..].iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests;
