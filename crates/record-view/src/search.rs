//! Patient search: who was found where, and who answered.

mod filters;
mod matched;

use std::collections::HashMap;

use access::{PersonId, RelationKind};
use ehr::{FoundPatient, PatientSearch};
use serde::Serialize;
use web::render::Arg;

pub use filters::{FilterForm, PeopleFilters};
pub use matched::Piece;

use crate::{
    Scene,
    scene::short_source_of,
    shell::{IdentifierView, identifiers, sex, years},
    sources::{Audience, Sources},
};

/// `patients.html`.
#[derive(Clone, Debug, Serialize)]
pub struct SearchPage {
    /// What is in the field (a resident ID masked).
    pub query: String,
    /// Why nothing was searched: `too-short`, `invalid`, `expired` (the search is no longer kept).
    pub problem: Option<String>,
    /// The answer, when there was a search.
    pub found: Option<Found>,
    /// A hospital's own system has sent the reader here without a patient.
    pub launched: bool,
}

/// The answer to a search.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// People, as far as the filters admit them.
    pub items: Vec<FoundRow>,
    /// All that were found.
    pub total: usize,
    /// What narrows the list, where there is enough to narrow.
    pub filters: Option<FilterForm>,
    /// The list without filters.
    pub all_href: String,
    /// `6 个结果`
    pub title: String,
    /// Who answered, in one line.
    pub summary: String,
    /// Every configured source.
    pub sources: Sources,
    /// What to say when nobody was found.
    pub none_text: String,
    /// There are more people than these.
    pub more: bool,
    /// Whose patients pinyin and initials find only where they were met before, in words.
    pub not_swept: Option<String>,
}

/// One person.
#[derive(Clone, Debug, Serialize)]
pub struct FoundRow {
    /// The record.
    pub href: String,
    /// As registered, with what was typed.
    pub name: Vec<Piece>,
    /// With tones, and with what was typed.
    pub pinyin: Vec<Piece>,
    /// In words.
    pub sex: String,
    /// In words.
    pub age: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Regional index number.
    pub number: String,
    /// The resident ID, else whatever there is.
    pub identifier: Option<IdentifierView>,
    /// All others, those of a kind together.
    pub others: Vec<OtherNumbers>,
    /// May the reader open the record as it is?
    pub relation: RelationView,
    /// Where known.
    pub sources: Vec<KnownAt>,
    /// Looks like another row.
    pub possible_duplicate: bool,
}

/// Numbers of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct OtherNumbers {
    /// In words.
    pub kind: String,
    /// Each as shown and as read aloud.
    pub numbers: Vec<IdentifierView>,
}

/// The reader's relation to a person.
#[derive(Clone, Debug, Serialize)]
pub struct RelationView {
    /// `ok` or `off`: class of the state.
    pub tone: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// In words.
    pub text: String,
}

/// What the list is drawn with, beside what was found.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Relations of the reader to people found.
    pub relations: HashMap<PersonId, RelationKind>,
    /// From the URL.
    pub filters: PeopleFilters,
}

/// A source that knows a person.
#[derive(Clone, Debug, Serialize)]
pub struct KnownAt {
    /// Name.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
}

/// The page before a search, or when the query can't be searched for (`too-short`, `invalid`, `expired`).
pub fn empty(query: &str, problem: Option<&str>) -> SearchPage {
    SearchPage { query: query.to_owned(), problem: problem.map(str::to_owned), found: None, launched: false }
}

/// The page of an answer. `retry_href` asks the sources again.
pub fn page(search: &PatientSearch, listing: &Listing, retry_href: &str, scene: &Scene<'_>) -> SearchPage {
    let sources = Sources::build(&search.sources, scene.now, retry_href, Audience::Searcher, scene);
    let answered = sources.items.iter().filter(|source| !source.silent).count();
    let counts = [("answered", Arg::from(answered)), ("all", Arg::from(sources.items.len()))];
    let (summary, none) = match sources.complete {
        true => ("search-complete", "search-none-complete"),
        false => ("search-incomplete", "search-none-incomplete"),
    };
    let admitted = search.items.iter().filter(|found| listing.filters.admits(found));
    let items: Vec<FoundRow> = admitted.map(|found| row(found, search, listing, scene)).collect();
    let count = [("count", Arg::from(search.items.len())), ("shown", Arg::from(items.len()))];
    let title = if listing.filters.narrows() { "search-count-narrowed" } else { "search-count" };
    SearchPage {
        launched: false,
        query: search.shown_query.clone(),
        problem: None,
        found: Some(Found {
            items,
            total: search.items.len(),
            filters: listing.filters.form(search, scene),
            all_href: format!("/patients?search={}", search.id),
            title: scene.with(title, &count),
            summary: scene.with(summary, &counts),
            none_text: scene.with(none, &counts),
            more: search.more,
            not_swept: not_swept(search, scene),
            sources,
        }),
    }
}

fn row(found: &FoundPatient, search: &PatientSearch, listing: &Listing, scene: &Scene<'_>) -> FoundRow {
    let known = |id: &String| {
        let (name, mark) = short_source_of(&search.sources, id, scene);
        KnownAt { name, mark }
    };
    // In the order of the catalogue, as everywhere.
    let mut sources: Vec<&String> = found.sources.iter().collect();
    sources.sort_by_key(|id| search.sources.iter().position(|report| report.id == **id));
    let mut numbers = identifiers(&found.identifiers, scene).into_iter();
    let identifier = numbers.next();
    FoundRow {
        href: format!("/patients/{}", found.person),
        name: matched::name(&found.name, &search.shown_query),
        pinyin: found.pinyin.as_deref().map(|read| matched::pinyin(read, &search.shown_query)).unwrap_or_default(),
        sex: sex(found.sex.as_deref(), scene),
        age: found.age.map(|age| years(age, scene)),
        birth_date: found.birth_date.clone(),
        number: found.number.clone(),
        identifier,
        others: by_kind(numbers),
        relation: relation(listing.relations.get(&found.person).copied(), scene),
        sources: sources.into_iter().map(known).collect(),
        possible_duplicate: found.possible_duplicate,
    }
}

fn not_swept(search: &PatientSearch, scene: &Scene<'_>) -> Option<String> {
    let names: Vec<String> = search.not_swept.iter().map(|id| short_source_of(&search.sources, id, scene).0).collect();
    (!names.is_empty()).then(|| scene.with("search-not-swept", &[("names", Arg::from(scene.list(&names)))]))
}

fn by_kind(numbers: impl Iterator<Item = IdentifierView>) -> Vec<OtherNumbers> {
    let mut kinds: Vec<OtherNumbers> = Vec::new();
    for one in numbers {
        match kinds.iter_mut().find(|of| of.kind == one.kind) {
            Some(of) => of.numbers.push(one),
            None => kinds.push(OtherNumbers { kind: one.kind.clone(), numbers: vec![one] }),
        }
    }
    kinds
}

fn relation(kind: Option<RelationKind>, scene: &Scene<'_>) -> RelationView {
    let (tone, icon, key) = match kind {
        Some(RelationKind::Care | RelationKind::Encounter) => ("ok", "circle-check", "relation-care"),
        Some(RelationKind::BreakGlass) => ("warn", "eye", "relation-break-glass"),
        None => ("off", "lock", "relation-none"),
    };
    RelationView { tone, icon, text: scene.text(key) }
}
