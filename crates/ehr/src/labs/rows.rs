//! Laboratory results of one source as they come off the wire: compact rows, texts in one arena.
//!
//! This is the hot path: a row is a few words, its texts are copied once, codes and units are looked up once each.
//! What a result needs for a page ([`super::LabResult`]) is made of it later, for what is shown.

use fhir::rows::{CodeableConcept, Component, Observation, ReferenceRange, Value};
use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::Timestamp;
use sources::LocalCodes;
use std::collections::HashMap;

use super::concept::{self, Concept};
use super::decimal;
use super::flags::{self, Comparator, Judgement};
use super::range::{self, Limits};
use crate::{Precision, clinical_time, labs::Flag};

/// A text in the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

/// `None` as an index.
pub(crate) const NONE: u32 = u32::MAX;
/// `None` as a unit.
const NO_UNIT: u16 = u16::MAX;
/// FHIR ids have 64 places; some servers take more. A longer one is nobody's.
const LONGEST_ID: usize = 1024;

/// Concepts of one quick hash that are looked through; further ones are found by all that their codes say.
const FEW: usize = 16;

/// What a source says about itself, for origins.
#[derive(Clone, Debug)]
pub struct RowSource {
    /// Source id.
    pub id: String,
    /// Place in the catalogue: of several originals the first source's is shown.
    pub order: usize,
    /// When its data was read.
    pub retrieved_at: Timestamp,
}

/// Results of one source.
#[derive(Debug)]
pub struct LabRows {
    pub(crate) source: RowSource,
    pub(crate) text: String,
    pub(crate) rows: Vec<LabRow>,
    /// Components, beside the rows they belong to.
    pub(crate) parts: Vec<LabRow>,
    pub(crate) concepts: Vec<Concept>,
    pub(crate) ranges: Vec<RangeText>,
    /// `(row, text)`
    pub(crate) notes: Vec<(u32, Span)>,
    /// `(row, reference)` of `hasMember`
    pub(crate) members: Vec<(u32, Span)>,
    /// Observation id → name of the report that lists it.
    pub(crate) reports: HashMap<String, Span>,
    index: HashTable<u32>,
    /// Concepts that share their quick hash with [`FEW`] others, by the hash of the whole code.
    crowded: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
    codes: LocalCodes,
    entered_in_error: u32,
    without_id: u32,
    left_out: u32,
}

/// A result as a few words: memory is what merging costs most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabRow {
    pub start: i64,
    /// The same for the same value: a number as a decimal, anything else as a fingerprint.
    pub value: u64,
    texts: Texts,
    pub concept: u32,
    pub range: u32,
    pub first_part: u32,
    pub parts: u16,
    pub unit: u16,
    pub status: Status,
    pub kind: ValueKind,
    pub comparator: Comparator,
    pub precision: Option<Precision>,
    pub judgement: Judgement,
}

/// Where a row's texts are: id, version, time, issued and value, one after another.
#[derive(Clone, Copy, Debug, Default)]
struct Texts {
    begin: u32,
    value: u32,
    id: u16,
    version: u16,
    time: u8,
    issued: u8,
}

/// A range as kept: verbatim and parsed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RangeText {
    pub text: Span,
    pub limits: Limits,
    /// What it was read from, when that was a single range: the next one is often the same.
    from: Option<RangeSent>,
}

/// A range as sent: words, low, high, and the unit of the value it stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RangeSent([Option<Span>; 4]);

/// `Observation.status`; what FHIR does not know is `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Status {
    Unknown,
    Registered,
    Preliminary,
    Cancelled,
    Final,
    Amended,
    Corrected,
}

impl Status {
    /// `None` for what never counts.
    fn read(status: Option<&str>) -> Option<Self> {
        Some(match status {
            Some("final") => Self::Final,
            Some("preliminary" | "partial") => Self::Preliminary,
            Some("registered") => Self::Registered,
            Some("amended") => Self::Amended,
            Some("corrected") => Self::Corrected,
            Some("cancelled") => Self::Cancelled,
            Some("entered-in-error") => return None,
            _ => Self::Unknown,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Registered => "registered",
            Self::Preliminary => "preliminary",
            Self::Cancelled => "cancelled",
            Self::Final => "final",
            Self::Amended => "amended",
            Self::Corrected => "corrected",
        }
    }

    /// Results of different classes are not the same fact: a preliminary value is not the final one.
    pub(crate) fn class(self) -> u8 {
        match self {
            Self::Final | Self::Amended | Self::Corrected => 0,
            Self::Unknown | Self::Registered | Self::Preliminary => 1,
            Self::Cancelled => 2,
        }
    }
}

/// What kind of value a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum ValueKind {
    Number,
    Text,
    /// No value, perhaps a reason.
    Absent,
    /// Only components.
    Parts,
    /// Only members: a panel's heading.
    Panel,
}

impl LabRows {
    /// No rows yet.
    pub fn new(source: RowSource, codes: LocalCodes) -> Self {
        Self {
            source,
            text: String::new(),
            rows: Vec::new(),
            parts: Vec::new(),
            concepts: Vec::new(),
            ranges: Vec::new(),
            notes: Vec::new(),
            members: Vec::new(),
            reports: HashMap::new(),
            index: HashTable::new(),
            crowded: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            codes,
            entered_in_error: 0,
            without_id: 0,
            left_out: 0,
        }
    }

    /// Results kept.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// None kept?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Results that were withdrawn by their source and never count.
    pub fn entered_in_error(&self) -> u32 {
        self.entered_in_error
    }

    /// Results that nobody could look up again, for they had no id: not kept.
    pub fn without_id(&self) -> u32 {
        self.without_id
    }

    /// Results and names of reports for which there was no room: not kept, so the source is not complete.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Takes a result. Whose it is and whether it is a laboratory's has been checked.
    pub fn add(&mut self, row: &Observation<'_>) {
        let Some(status) = Status::read(row.status) else {
            self.entered_in_error += 1;
            return;
        };
        let Some(id) = row.id.filter(|id| id.len() <= LONGEST_ID) else {
            self.without_id += 1;
            return;
        };
        if !self.has_room(row) {
            self.left_out += 1;
            return;
        }
        let at = index(self.rows.len());
        let specimen = row.specimen.and_then(|specimen| specimen.display);
        let concept = self.concept(&row.code.unwrap_or_default(), specimen);
        let mut kept = self.measured(concept, row.value, row.interpretation, row.reference_range);
        kept.status = status;
        let time = row.effective.and_then(fhir::rows::Effective::start).or(row.issued).map(str::trim);
        let time = time.and_then(|text| Some((text, clinical_time::read(text)?)));
        if let Some((_, (start, precision))) = time {
            (kept.start, kept.precision) = (start, Some(precision));
        }
        let version = row.meta.and_then(|meta| meta.version_id).unwrap_or_default();
        let time = time.map(|(text, _)| text).unwrap_or_default();
        kept.texts = self.texts(id, version, time, row.issued.unwrap_or_default());
        self.write_value(&mut kept, row.value, row.data_absent_reason);
        self.components(&mut kept, row.component, specimen);
        for member in row.has_member.iter().filter_map(|member| member.reference) {
            let member = self.keep(member);
            self.members.push((at, member));
            if kept.kind == ValueKind::Absent && kept.texts.value == 0 {
                kept.kind = ValueKind::Panel;
            }
        }
        for note in row.note.iter().filter_map(|note| note.text) {
            let note = self.keep(note);
            self.notes.push((at, note));
        }
        self.rows.push(kept);
    }

    /// Names the report that these observations belong to.
    pub fn report<'o>(&mut self, name: &str, observations: impl IntoIterator<Item = &'o str>) {
        if !self.has_room_for_report(name) {
            self.left_out += 1;
            return;
        }
        let name = self.keep(name);
        for id in observations {
            self.reports.entry(id.to_owned()).or_insert(name);
        }
    }

    fn components(&mut self, kept: &mut LabRow, components: &[Component<'_>], specimen: Option<&str>) {
        if components.is_empty() {
            return;
        }
        kept.first_part = index(self.parts.len());
        kept.parts = u16::try_from(components.len()).unwrap_or(u16::MAX);
        let mut print = 0u64;
        for component in &components[..usize::from(kept.parts)] {
            let concept = self.concept(&component.code.unwrap_or_default(), specimen);
            let mut part = self.measured(concept, component.value, component.interpretation, component.reference_range);
            part.texts.begin = index(self.text.len());
            self.write_value(&mut part, component.value, component.data_absent_reason);
            (part.start, part.precision, part.status) = (kept.start, kept.precision, kept.status);
            // The order of components says nothing: their prints are added up.
            print = print.wrapping_add(self.print_of_part(&part));
            self.parts.push(part);
        }
        if kept.kind == ValueKind::Absent {
            kept.kind = ValueKind::Parts;
        }
        kept.value = super::merge::print(&(kept.value, print));
    }

    fn print_of_part(&self, part: &LabRow) -> u64 {
        let concept = self.concepts.get(part.concept as usize);
        let unit = concept.and_then(|concept| concept.units.get(usize::from(part.unit))).map(|unit| unit.print);
        super::merge::print(&(concept.map(|concept| concept.print), unit, part.value, part.kind as u8))
    }

    /// What rows and components have in common.
    fn measured(
        &mut self,
        concept: u32,
        value: Option<Value<'_>>,
        interpretation: &[CodeableConcept<'_>],
        ranges: &[ReferenceRange<'_>],
    ) -> LabRow {
        let mut row = LabRow {
            start: 0,
            value: 0,
            texts: Texts::default(),
            concept,
            range: NONE,
            first_part: 0,
            parts: 0,
            unit: NO_UNIT,
            status: Status::Unknown,
            kind: ValueKind::Absent,
            comparator: Comparator::Equal,
            precision: None,
            judgement: Judgement::default(),
        };
        self.read_value(&mut row, value);
        if !ranges.is_empty() {
            row.range = self.range(concept, ranges, value.as_ref());
        }
        row.judgement = match flags::stated(interpretation) {
            Some(stated) => stated,
            None if ranges.is_empty() => Judgement::default(),
            None => {
                let limits = self.ranges.get(row.range as usize).map(|range| range.limits).unwrap_or_default();
                let number = value.and_then(number).and_then(fhir::rows::Number::value);
                let number = number.filter(|_| row.kind == ValueKind::Number).map(|number| (number, row.comparator));
                flags::derived(value.as_ref(), ranges, limits, number)
            }
        };
        row
    }

    /// Kind, unit and key of a value; its words are written later.
    fn read_value(&mut self, row: &mut LabRow, value: Option<Value<'_>>) {
        let Some(value) = value else { return };
        row.kind = ValueKind::Text;
        let mut comparator = Some(Comparator::Equal);
        if let Value::Quantity(quantity) = &value {
            if quantity.unit.is_some() || quantity.code.is_some() {
                row.unit = self.unit(row.concept, quantity.unit, quantity.code);
            }
            comparator = Comparator::read(quantity.comparator);
        }
        // A comparator that FHIR doesn't know stays before the number, in words.
        let key = number(value).and_then(|number| decimal::key(number.text()));
        if let (Some(comparator), Some(key)) = (comparator, key) {
            (row.kind, row.comparator, row.value) = (ValueKind::Number, comparator, key);
        }
    }

    /// The words of a value, behind the row's other texts; of a missing one the reason.
    fn write_value(&mut self, row: &mut LabRow, value: Option<Value<'_>>, absent: Option<CodeableConcept<'_>>) {
        let begin = self.text.len();
        match (row.kind, value) {
            (ValueKind::Number, Some(value)) => {
                self.text.push_str(number(value).map(|number| number.text()).unwrap_or_default());
            }
            (_, Some(value)) => super::words::value(&value, &mut self.text),
            (_, None) => {}
        }
        if self.text.len() == begin {
            row.kind = ValueKind::Absent;
            if let Some(reason) = absent {
                super::words::concept(&reason, &mut self.text);
            }
        }
        row.texts.value = index(self.text.len() - begin);
        if row.kind != ValueKind::Number {
            row.value = super::merge::print(&self.text.get(begin..).unwrap_or_default().trim());
        }
    }

    fn texts(&mut self, id: &str, version: &str, time: &str, issued: &str) -> Texts {
        let begin = index(self.text.len());
        self.text.reserve(id.len() + version.len() + time.len() + issued.len() + 16);
        let id = self.short(id, usize::from(u16::MAX));
        let version = self.short(version, usize::from(u16::MAX));
        let time = self.short(time, usize::from(u8::MAX));
        let issued = self.short(issued, usize::from(u8::MAX));
        let word = |len: usize| u16::try_from(len).unwrap_or(0);
        let byte = |len: usize| u8::try_from(len).unwrap_or(0);
        Texts { begin, value: 0, id: word(id), version: word(version), time: byte(time), issued: byte(issued) }
    }

    /// Versions and times are short; what is not is none.
    fn short(&mut self, text: &str, most: usize) -> usize {
        if text.len() > most {
            return 0;
        }
        self.text.push_str(text);
        text.len()
    }

    /// The concept of a code, made when it is met for the first time.
    fn concept(&mut self, code: &CodeableConcept<'_>, specimen: Option<&str>) -> u32 {
        let hash = concept::hash(&self.hasher, code, specimen);
        let Self { concepts, text, index: table, crowded, hasher, .. } = self;
        let is = |at: u32| concepts.get(at as usize).is_some_and(|one| one.is(code, specimen, text));
        let mut compared = 0;
        let quick = table.find(hash, |at| {
            compared += 1;
            is(*at)
        });
        if let Some(found) = quick {
            return *found;
        }
        let whole = (compared >= FEW).then(|| concept::hash_whole(hasher, code, specimen));
        if let Some((_, found)) = whole.and_then(|whole| crowded.find(whole, |(hash, at)| *hash == whole && is(*at))) {
            return *found;
        }
        let made = Concept::read(code, specimen, &self.codes, &mut self.text);
        let at = index(self.concepts.len());
        self.concepts.push(made);
        if let Some(whole) = whole {
            self.crowded.insert_unique(whole, (whole, at), |(hash, _)| *hash);
            return at;
        }
        let (concepts, hasher, text) = (&self.concepts, &self.hasher, &self.text);
        self.index.insert_unique(hash, at, |at| concepts.get(*at as usize).map_or(0, |one| one.hash(hasher, text)));
        at
    }

    fn unit(&mut self, concept: u32, unit: Option<&str>, code: Option<&str>) -> u16 {
        let Some(concept) = self.concepts.get_mut(concept as usize) else { return NO_UNIT };
        concept.unit(unit, code, &mut self.text)
    }

    fn range(&mut self, concept: u32, ranges: &[ReferenceRange<'_>], value: Option<&Value<'_>>) -> u32 {
        let unit = match value {
            Some(Value::Quantity(quantity)) => quantity.unit.or(quantity.code),
            _ => None,
        };
        let sent = sent(ranges, unit);
        // Laboratories print the same range again and again: it is read once.
        let last = self.concepts.get(concept as usize).map_or(NONE, |concept| concept.last_range);
        let known = self.ranges.get(last as usize).and_then(|range| range.from);
        if let (Some(known), Some(sent)) = (known, sent)
            && known.0.iter().zip(sent).all(|(known, sent)| known.map(|known| self.get(known)) == sent)
        {
            return last;
        }
        let limits = range::chosen(ranges).map(|chosen| range::limits(chosen, unit)).unwrap_or_default();
        let text = self.words(|out| range::write(ranges, out));
        let from = sent.map(|sent| RangeSent(sent.map(|text| text.map(|text| self.keep(text)))));
        let at = index(self.ranges.len());
        self.ranges.push(RangeText { text, limits, from });
        if let Some(concept) = self.concepts.get_mut(concept as usize) {
            concept.last_range = at;
        }
        at
    }

    pub(crate) fn get(&self, span: Span) -> &str {
        span.of(&self.text)
    }

    fn keep(&mut self, text: &str) -> Span {
        Span::keep(text, &mut self.text)
    }

    /// Id at the source.
    pub(crate) fn id(&self, row: &LabRow) -> &str {
        self.nth(row, 0)
    }

    pub(crate) fn version(&self, row: &LabRow) -> &str {
        self.nth(row, 1)
    }

    pub(crate) fn time_text(&self, row: &LabRow) -> &str {
        self.nth(row, 2)
    }

    pub(crate) fn issued(&self, row: &LabRow) -> &str {
        self.nth(row, 3)
    }

    /// The value in words, or the reason why there is none.
    pub(crate) fn value_text(&self, row: &LabRow) -> &str {
        self.nth(row, 4)
    }

    fn nth(&self, row: &LabRow, nth: usize) -> &str {
        let texts = &row.texts;
        let lens = [texts.id.into(), texts.version.into(), texts.time.into(), texts.issued.into(), texts.value];
        let begin = texts.begin + lens.iter().take(nth).sum::<u32>();
        Span { start: begin, len: lens.get(nth).copied().unwrap_or(0) }.of(&self.text)
    }

    fn words(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let begin = self.text.len();
        write(&mut self.text);
        Span { start: index(begin), len: index(self.text.len() - begin) }
    }
}

/// The number that a value is.
fn number(value: Value<'_>) -> Option<fhir::rows::Number<'_>> {
    match value {
        Value::Quantity(quantity) => quantity.value,
        Value::Integer(number) => Some(number),
        _ => None,
    }
}

/// A single plain range in four texts; limits in other units than the value's are left to the long way.
fn sent<'a>(ranges: &[ReferenceRange<'a>], unit: Option<&'a str>) -> Option<[Option<&'a str>; 4]> {
    let [only] = ranges else { return None };
    let plain = |limit: &Option<fhir::rows::Quantity<'a>>| {
        limit.is_none_or(|of| of.unit.or(of.code).is_none_or(|own| Some(own) == unit))
    };
    let is_plain = only.kind.is_none() && plain(&only.low) && plain(&only.high);
    is_plain.then_some([only.text, range::number_text(only.low), range::number_text(only.high), unit])
}

impl Span {
    pub(crate) fn keep(text: &str, arena: &mut String) -> Self {
        let start = index(arena.len());
        arena.push_str(text);
        Self { start, len: index(text.len()) }
    }

    pub(crate) fn of(self, arena: &str) -> &str {
        arena.get(self.start as usize..(self.start + self.len) as usize).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl LabRow {
    pub(crate) fn flag(&self) -> Option<Flag> {
        self.judgement.flag
    }
}

/// Bounded by the check in [`LabRows::add`].
pub(crate) fn index(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(NONE)
}
