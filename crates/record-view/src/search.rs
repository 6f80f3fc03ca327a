//! Patient search: who was found where, and who answered.

use ehr::{FoundPatient, PatientSearch};
use serde::Serialize;
use web::render::Arg;

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
}

/// The answer to a search.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// People.
    pub items: Vec<FoundRow>,
    /// `6 个结果`
    pub title: String,
    /// Who answered, in one line.
    pub summary: String,
    /// Every configured source.
    pub sources: Sources,
    /// What to say when nobody was found.
    pub none_text: String,
}

/// One person.
#[derive(Clone, Debug, Serialize)]
pub struct FoundRow {
    /// The record.
    pub href: String,
    /// As registered.
    pub name: String,
    /// With tones.
    pub pinyin: Option<String>,
    /// In words.
    pub sex: String,
    /// In words.
    pub age: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Regional index number.
    pub number: String,
    /// At least two where hospitals give two.
    pub identifiers: Vec<IdentifierView>,
    /// Where known.
    pub sources: Vec<KnownAt>,
    /// Looks like another row.
    pub possible_duplicate: bool,
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
    SearchPage { query: query.to_owned(), problem: problem.map(str::to_owned), found: None }
}

/// The page of an answer. `retry_href` asks the sources again.
pub fn page(search: &PatientSearch, retry_href: &str, scene: &Scene<'_>) -> SearchPage {
    let sources = Sources::build(&search.sources, scene.now, retry_href, Audience::Searcher, scene);
    let answered = sources.items.iter().filter(|source| !source.silent).count();
    let counts = [("answered", Arg::from(answered)), ("all", Arg::from(sources.items.len()))];
    let (summary, none) = match sources.complete {
        true => ("search-complete", "search-none-complete"),
        false => ("search-incomplete", "search-none-incomplete"),
    };
    SearchPage {
        query: search.shown_query.clone(),
        problem: None,
        found: Some(Found {
            items: search.items.iter().map(|found| row(found, search, scene)).collect(),
            title: scene.with("search-count", &[("count", Arg::from(search.items.len()))]),
            summary: scene.with(summary, &counts),
            none_text: scene.with(none, &counts),
            sources,
        }),
    }
}

fn row(found: &FoundPatient, search: &PatientSearch, scene: &Scene<'_>) -> FoundRow {
    let known = |id: &String| {
        let (name, mark) = short_source_of(&search.sources, id, scene);
        KnownAt { name, mark }
    };
    FoundRow {
        href: format!("/patients/{}", found.person),
        name: found.name.clone(),
        pinyin: found.pinyin.clone(),
        sex: sex(found.sex.as_deref(), scene),
        age: found.age.map(|age| years(age, scene)),
        birth_date: found.birth_date.clone(),
        number: found.number.clone(),
        identifiers: identifiers(&found.identifiers, scene),
        sources: found.sources.iter().map(known).collect(),
        possible_duplicate: found.possible_duplicate,
    }
}
