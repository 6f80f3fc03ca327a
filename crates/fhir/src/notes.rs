//! Quality notes: what a source sent that could not be kept.

/// Distinct notes kept for one search; further ones only count.
const MAX_NOTES: usize = 64;
/// Faults that are looked at in one page; a page of nothing but faults must not cost more than a good one.
const MAX_MET: u32 = 10_000;

/// What was wrong with a leaf that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// `null` where FHIR wants a value.
    Null,
    /// A string where something else is meant (also a number written as a string).
    String,
    /// A number where something else is meant.
    Number,
    /// A boolean where something else is meant.
    Boolean,
    /// An array where one value is meant.
    Array,
    /// An object where a primitive or an array is meant. A lone object in place of an array is kept as its only member.
    Object,
    /// The same key twice, or two types of one `value[x]`: the first stays.
    Duplicate,
    /// More list members than one resource may have here.
    TooMany,
    /// The entry has no resource, or one without a type.
    NoResource,
    /// The resource could not be read at all.
    Unreadable,
    /// A raw control character in a string, replaced by a space.
    ControlCharacter,
    /// Bytes that are not UTF-8, shown as U+FFFD.
    Encoding,
    /// A text that is no date or time, where one is meant.
    Time,
    /// An id longer than any that is kept: the resource can't be named again.
    TooLong,
    /// A resource without an id: it can't be named again.
    NoId,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Null,
        Self::String,
        Self::Number,
        Self::Boolean,
        Self::Array,
        Self::Object,
        Self::Duplicate,
        Self::TooMany,
        Self::NoResource,
        Self::Unreadable,
        Self::ControlCharacter,
        Self::Encoding,
        Self::Time,
        Self::TooLong,
        Self::NoId,
    ];

    /// As in JSON, and in message keys (`fault-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Duplicate => "duplicate",
            Self::TooMany => "too-many",
            Self::NoResource => "no-resource",
            Self::Unreadable => "unreadable",
            Self::ControlCharacter => "control-character",
            Self::Encoding => "encoding",
            Self::Time => "time",
            Self::TooLong => "too-long",
            Self::NoId => "no-id",
        }
    }
}

/// One kind of fault at one place, with the number of times it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityNote {
    /// FHIR path without indices: `Observation.component.valueQuantity`.
    pub path: String,
    /// What was wrong.
    pub fault: Fault,
    /// How often, up to some thousands.
    pub count: u32,
}

/// A bounded list of notes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    kept: Vec<QualityNote>,
    met: u32,
}

impl Notes {
    /// Counts a fault at `segments` joined by dots.
    pub(crate) fn add(&mut self, segments: &[&str], fault: Fault) {
        if self.met >= MAX_MET {
            return;
        }
        self.met += 1;
        let same = |note: &QualityNote| note.fault == fault && note.path.split('.').eq(segments.iter().copied());
        if let Some(note) = self.kept.iter_mut().find(|note| same(note)) {
            note.count = note.count.saturating_add(1);
        } else if self.kept.len() < MAX_NOTES {
            self.kept.push(QualityNote { path: segments.join("."), fault, count: 1 });
        }
    }

    /// The notes, oldest first.
    pub(crate) fn into_vec(self) -> Vec<QualityNote> {
        self.kept
    }
}
