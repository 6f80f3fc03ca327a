//! `POST …/record-search`

use access::PersonId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use super::record::{CodeJson, OriginJson, SourceJson, source};
use crate::{ItemReview, NotSearched, RecordHit, RecordSearch, Section, SourceState};

/// What was found in a record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordSearchJson<'a> {
    #[schemars(with = "String")]
    patient: PersonId,
    /// Everything was searched: only then does an empty list mean that the words are nowhere.
    complete: bool,
    /// Items that have all the words; there may be more than are given.
    found: usize,
    /// Sections with something in them.
    sections: Vec<FoundInJson>,
    /// By section, newest first.
    items: Vec<FoundItemJson<'a>>,
    sources: Vec<SourceJson<'a>>,
    not_searched: Vec<NotSearchedJson<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundInJson {
    section: &'static str,
    found: usize,
    /// So many of them are in `items`: the newest.
    given: usize,
}

/// An item as its section gives it, with the section.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundItemJson<'a> {
    section: &'static str,
    #[schemars(with = "String")]
    id: &'a Value,
    #[schemars(with = "String")]
    kind: &'a Value,
    #[schemars(with = "Option<CodeJson<'a>>")]
    code: &'a Value,
    #[schemars(with = "Option<String>")]
    time: &'a Value,
    #[schemars(with = "Option<String>")]
    status: &'a Value,
    /// As of the section.
    #[schemars(schema_with = "of_its_section")]
    fields: &'a Value,
    #[schemars(with = "Vec<OriginJson<'a>>")]
    origins: &'a Value,
    #[schemars(with = "Option<Vec<String>>")]
    conflict: &'a Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schemars(with = "Option<ItemReview>")]
    review: &'a Value,
}

fn of_its_section(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// Something that was not searched.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
enum NotSearchedJson<'a> {
    /// A section that the reader may not see.
    Section {
        /// Its slug.
        section: &'static str,
    },
    /// A hospital that has not answered for a section in full.
    Source {
        /// The section's slug.
        section: &'static str,
        /// The hospital.
        source: &'a str,
        /// What became of it.
        state: SourceState,
        /// Why, as a key.
        detail: Option<&'a str>,
    },
    /// The contents of files.
    Files {
        /// How many.
        count: usize,
    },
    /// Notes whose text did not come.
    Texts {
        /// How many.
        count: usize,
    },
    /// What is not shown to the reader yet.
    Held,
}

/// `POST …/record-search`
pub fn record_search(person: PersonId, of: &RecordSearch) -> RecordSearchJson<'_> {
    let given = |group: &crate::FoundIn| FoundInJson {
        section: group.section.slug(),
        found: group.total,
        given: group.hits.len(),
    };
    let items = of.groups.iter().flat_map(|group| group.hits.iter().map(|hit| item(group.section, hit)));
    RecordSearchJson {
        patient: person,
        complete: of.complete(),
        found: of.total(),
        sections: of.groups.iter().map(given).collect(),
        items: items.collect(),
        sources: of.sources.iter().map(source).collect(),
        not_searched: of.not_searched.iter().map(not_searched).collect(),
    }
}

fn item(section: Section, hit: &RecordHit) -> FoundItemJson<'_> {
    let of = |name: &str| &hit.item[name];
    FoundItemJson {
        section: section.slug(),
        id: of("id"),
        kind: of("kind"),
        code: of("code"),
        time: of("time"),
        status: of("status"),
        fields: of("fields"),
        origins: of("origins"),
        conflict: of("conflict"),
        review: of("review"),
    }
}

fn not_searched(of: &NotSearched) -> NotSearchedJson<'_> {
    match of {
        NotSearched::Section(section) => NotSearchedJson::Section { section: section.slug() },
        NotSearched::Source { section, source, state, detail, .. } => {
            NotSearchedJson::Source { section: section.slug(), source, state: *state, detail: detail.as_deref() }
        }
        NotSearched::Files(count) => NotSearchedJson::Files { count: *count },
        NotSearched::Texts(count) => NotSearchedJson::Texts { count: *count },
        NotSearched::Held => NotSearchedJson::Held,
    }
}
