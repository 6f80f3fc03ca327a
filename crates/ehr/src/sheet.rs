//! Sections that are lists of facts: orders, prescriptions, operations, charges and the like.
//!
//! A section says how its rows are read and what contradicts what; asking, merging, holding back and the truth about
//! sources are the same for all ([`crate::Charts`]).

use std::collections::HashMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::document::SafeHtml;
use crate::joined::{Item, MOST_COMPARED, Row, RowSource, fill};
use crate::succession::Succession;
use crate::{ClinicalTime, Fact, Held, Note, Part, Silent, SourceReport, SourceState};

/// A section as a list of facts of all linked sources.
#[derive(Clone, Debug)]
pub struct Sheet<F> {
    /// What came, merged, in the order of the section.
    pub entries: Vec<Entry<F>>,
    /// Linked sources that have not answered every part in full, by part. Only where there are none may a view say "none".
    pub silent: Vec<(Part, Silent)>,
    /// One per configured source, in configuration order.
    pub sources: Vec<SourceReport>,
    /// When this view was put together.
    pub as_of: Timestamp,
    /// What is there but not shown to this reader yet (release policy); always empty for staff.
    pub held: Vec<Held>,
    /// What clinicians have said of reports.
    pub reviews: crate::Reviewed,
}

impl<F> Sheet<F> {
    /// Has every linked source answered in full?
    pub fn complete(&self) -> bool {
        self.sources.iter().all(|source| matches!(source.state, SourceState::Answered | SourceState::NotLinked))
    }
}

/// One fact with what its section shows of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry<F> {
    /// What, when, where from.
    pub fact: Fact,
    /// The fields of the section, as in JSON.
    pub fields: F,
}

/// What a section shows of a fact.
pub(crate) trait Fields: Clone + Send + 'static {
    /// Takes from the same fact of another original what this one leaves open.
    fn fill(&mut self, other: &Self);

    /// Every place that names another resource, so that its words can be fetched.
    fn named(&mut self, _each: &mut dyn FnMut(&mut Named)) {}

    /// What originals of one fact may say differently (an outcome, a grade), each in a form that can be compared; nothing
    /// where nothing was said. Originals that differ are not joined: they stand side by side.
    fn stated(&self) -> Vec<Option<String>> {
        Vec::new()
    }

    /// Notes that hang on the fact: the release policy decides on each by itself.
    fn notes(&mut self) -> Option<&mut Vec<Note>> {
        None
    }

    /// Originals of what hangs on the fact.
    fn hanging(&self) -> Vec<&crate::Origin> {
        Vec::new()
    }

    /// Where it stands among its versions, where the section shows that of itself and not of a note.
    fn succession(&mut self) -> Option<&mut Succession> {
        None
    }

    /// Keeps those diagnoses that hang on the fact of which `stays` says so by how certain they are.
    fn retain_diagnoses(&mut self, _stays: &mut dyn FnMut(&str) -> bool) {}

    /// Running text, in which only those words of the release policy count that say so.
    fn running(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Running text as HTML: of it the words count, since a tag may stand in the middle of one.
    fn html(&self) -> Option<&SafeHtml> {
        None
    }

    /// ICD-10 codes of diagnoses, beside the fact's own code.
    fn icd10(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl<F: Fields> Item for Entry<F> {
    fn fact(&self) -> &Fact {
        &self.fact
    }

    fn fact_mut(&mut self) -> &mut Fact {
        &mut self.fact
    }

    fn fill(&mut self, other: &Self) {
        self.fields.fill(&other.fields);
    }
}

/// Gives originals of one key keys of their own where they contradict each other. One that is silent on what the others
/// differ in goes with the first of them in the order of the catalogue.
pub(crate) fn tell_apart<F: Fields>(rows: &mut [Row<Entry<F>>]) {
    rows.sort_by(|one, other| place(one).cmp(&place(other)));
    let mut alike: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(key) = &row.key {
            alike.entry(key.clone()).or_default().push(at);
        }
    }
    for same in alike.into_values().filter(|same| same.len() > 1) {
        let mut versions: Vec<Vec<Option<String>>> = Vec::new();
        for at in same {
            let stated = rows[at].item.fields.stated();
            let agrees = |version: &Vec<Option<String>>| {
                version.iter().zip(&stated).all(|(one, other)| one.is_none() || other.is_none() || one == other)
            };
            let nth = versions.iter().take(MOST_COMPARED).position(agrees).unwrap_or(versions.len());
            match versions.get_mut(nth) {
                Some(version) => version.iter_mut().zip(&stated).for_each(|(place, said)| fill(place, said)),
                None => versions.push(stated),
            }
            if let Some(key) = &mut rows[at].key {
                key.push_str(&format!("\u{1f}{nth}"));
            }
        }
    }
}

/// Does each say something that the other contradicts?
pub(crate) fn differ<F: Fields>(one: &F, other: &F) -> bool {
    let (one, other) = (one.stated(), other.stated());
    one.iter().zip(&other).any(|(one, other)| one.is_some() && other.is_some() && one != other)
}

type Place<'r> = (usize, Option<(&'r str, Option<&'r str>)>);

fn place<F: Fields>(row: &Row<Entry<F>>) -> Place<'_> {
    let first = row.item.fact().origins.first();
    (row.order, first.map(|origin| (origin.resource.as_str(), origin.version.as_deref())))
}

/// Words for who or what a reference names. In JSON they are a text; nothing said is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Named {
    /// The reference's own display, the words of what it points to, or the reference as sent.
    words: Option<String>,
    /// `(type, id)` at the same source: words still to be fetched.
    pending: Option<(String, String)>,
}

impl Named {
    /// What a reference says by itself.
    pub(crate) fn read(reference: Option<&fhir::rows::ResourceReference<'_>>, base: &url::Url) -> Self {
        let Some(reference) = reference else { return Self::default() };
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(display) = text(reference.display) {
            return Self { words: Some(display), pending: None };
        }
        let Some(said) = text(reference.reference) else {
            let logical = reference.identifier.get().and_then(|identifier| text(identifier.value));
            return Self { words: logical, pending: None };
        };
        match fhir::Reference::parse(&said, base) {
            fhir::Reference::Local { kind, id, .. } => {
                let pending = Some((kind.to_owned(), id.to_owned()));
                Self { words: Some(format!("{kind}/{id}")), pending }
            }
            _ => Self { words: None, pending: None },
        }
    }

    /// What a reference says by itself, or what it names inside its own resource says.
    pub(crate) fn read_with(
        reference: Option<&fhir::rows::ResourceReference<'_>>,
        contained: &[fhir::rows::Contained<'_>],
        base: &url::Url,
    ) -> Self {
        let inside = reference.and_then(|reference| reference.reference).and_then(|text| text.strip_prefix('#'));
        let own = Self::read(reference, base);
        match inside.filter(|_| own.is_empty()) {
            Some(id) => Self::of(contained.iter().find(|one| one.id == Some(id)).and_then(contained_words)),
            None => own,
        }
    }

    /// Words alone.
    pub fn of(words: Option<String>) -> Self {
        Self { words, pending: None }
    }

    /// What to show; none where nothing was said.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    pub(crate) fn pending(&self) -> Option<&(String, String)> {
        self.pending.as_ref()
    }

    pub(crate) fn resolve(&mut self, words: &str) {
        *self = Self::of(Some(words.to_owned()));
    }

    /// Takes another original's words where this one has none, or only a reference.
    pub(crate) fn fill(&mut self, other: &Self) {
        if self.words.is_none() || self.pending.is_some() && other.pending.is_none() && other.words.is_some() {
            self.clone_from(other);
        }
    }

    /// Nothing said?
    pub fn is_empty(&self) -> bool {
        self.words.is_none()
    }
}

/// What a resource inside another is called.
fn contained_words(one: &fhir::rows::Contained<'_>) -> Option<String> {
    let name = match one.name {
        Some(fhir::rows::ContainedName::Words(words)) => Some(words.to_owned()),
        Some(fhir::rows::ContainedName::Person(names)) => full_name(names),
        None => one.title.map(str::to_owned),
    };
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.or_else(|| crate::concept::some_words(one.code.as_ref()))
}

/// The name in use, as one text.
pub(crate) fn full_name(names: &[fhir::rows::HumanName<'_>]) -> Option<String> {
    let name = names.iter().find(|name| name.usage != Some("old")).or(names.first())?;
    patients::whole_name(name.text, name.family, name.given)
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words.serialize(serializer)
    }
}

/// A time in JSON: as sent.
impl Serialize for ClinicalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// From–to, as sent; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Span {
    /// Beginning.
    pub start: Option<ClinicalTime>,
    /// End.
    pub end: Option<ClinicalTime>,
}

impl Span {
    /// `None` where neither end can be read.
    pub(crate) fn read(period: Option<fhir::rows::Period<'_>>) -> Option<Self> {
        let period = period?;
        let span =
            Self { start: period.start.and_then(ClinicalTime::parse), end: period.end.and_then(ClinicalTime::parse) };
        (span != Self::default()).then_some(span)
    }

    /// Fills ends that are open.
    pub(crate) fn fill(place: &mut Option<Self>, from: &Option<Self>) {
        match (place.as_mut(), from) {
            (Some(own), Some(other)) => {
                fill(&mut own.start, &other.start);
                fill(&mut own.end, &other.end);
            }
            _ => fill(place, from),
        }
    }
}

/// Entries of one source on their way.
#[derive(Debug)]
pub(crate) struct SheetRows<F> {
    pub source: RowSource,
    /// The server's base address, which its references are relative to.
    pub base: url::Url,
    pub rows: Vec<Row<Entry<F>>>,
    /// Resources without an id that could be looked up again, by part: broken, and counted as such.
    pub broken: Vec<(Part, u32)>,
}

impl<F: Fields> SheetRows<F> {
    pub fn new(source: RowSource, base: url::Url) -> Self {
        Self { source, base, rows: Vec::new(), broken: Vec::new() }
    }

    /// An empty list of the same source: each of several searches that run at once fills one of its own.
    pub fn another(&self) -> Self {
        Self::new(self.source.clone(), self.base.clone())
    }

    /// Adds a fact; `None` for a resource without an id. Rows of one `key` are the same fact, rows that share one of
    /// `names` are about the same thing and may contradict each other.
    pub fn push(&mut self, part: Part, fact: Option<Fact>, key: Option<String>, names: Vec<String>, fields: F) {
        match fact {
            Some(fact) => {
                self.rows.push(Row { item: Entry { fact, fields }, order: self.source.order, key, names });
            }
            None => match self.broken.iter_mut().find(|(own, _)| *own == part) {
                Some((_, count)) => *count += 1,
                None => self.broken.push((part, 1)),
            },
        }
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.broken.extend(other.broken);
    }
}

/// Linked sources that have not answered `parts` in full.
pub(crate) fn silent_parts(sources: &[SourceReport], parts: &[Part]) -> Vec<(Part, Silent)> {
    let of = |part: Part| crate::fact::silent(sources, part).into_iter().map(move |silent| (part, silent));
    parts.iter().copied().flat_map(of).collect()
}
