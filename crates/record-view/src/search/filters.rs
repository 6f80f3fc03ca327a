//! Which of the people found are listed. The URL restores it; nobody is asked again.

use ehr::{FoundPatient, PatientSearch};
use serde::Serialize;

use crate::Choice;

use crate::{Scene, scene::short_source_of};

/// More people than this are worth narrowing.
const WORTH: usize = 3;
/// Sexes to choose from, as FHIR writes them.
const SEXES: [&str; 2] = ["female", "male"];

/// From the URL of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleFilters {
    sex: Option<&'static str>,
    from: Option<i16>,
    until: Option<i16>,
    source: Option<String>,
}

/// The form (`found.filters` in templates).
#[derive(Clone, Debug, Serialize)]
pub struct FilterForm {
    /// The search that is narrowed.
    pub search: String,
    /// Sexes.
    pub sexes: Vec<Choice>,
    /// Born in or after.
    pub from: String,
    /// Born in or before.
    pub until: String,
    /// Hospitals.
    pub sources: Vec<Choice>,
    /// Is anything chosen?
    pub narrows: bool,
}

impl PeopleFilters {
    /// Reads decoded pairs; what makes no sense is no filter.
    pub fn from_pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Self {
        let mut filters = Self::default();
        let year = |text: &str| text.trim().parse::<i16>().ok().filter(|year| (1800..2200).contains(year));
        for (name, value) in pairs {
            match name {
                "sex" => filters.sex = SEXES.into_iter().find(|sex| *sex == value),
                "from" => filters.from = year(value),
                "until" => filters.until = year(value),
                "source" => filters.source = (!value.is_empty()).then(|| value.to_owned()),
                _ => {}
            }
        }
        filters
    }

    pub(super) fn narrows(&self) -> bool {
        *self != Self::default()
    }

    /// Who has no birth date, or no sex, is not hidden by a filter on it.
    pub(super) fn admits(&self, found: &FoundPatient) -> bool {
        let year = found.birth_date.as_deref().and_then(|date| date.get(..4)?.parse::<i16>().ok());
        let known = |sex: &str| SEXES.contains(&sex);
        self.sex.is_none_or(|sex| found.sex.as_deref().filter(|own| known(own)).is_none_or(|own| own == sex))
            && self.from.is_none_or(|from| year.is_none_or(|year| year >= from))
            && self.until.is_none_or(|until| year.is_none_or(|year| year <= until))
            && self.source.as_ref().is_none_or(|source| found.sources.contains(source))
    }

    /// The form, where it is of use.
    pub(super) fn form(&self, search: &PatientSearch, scene: &Scene<'_>) -> Option<FilterForm> {
        if search.items.len() <= WORTH && !self.narrows() {
            return None;
        }
        let sex = |sex: &str| Choice {
            value: sex.to_owned(),
            name: crate::shell::sex(Some(sex), scene),
            chosen: self.sex == Some(sex),
        };
        let source = |id: &str| Choice {
            value: id.to_owned(),
            name: short_source_of(&search.sources, id, scene).0,
            chosen: self.source.as_deref() == Some(id),
        };
        let year = |year: Option<i16>| year.map(|year| year.to_string()).unwrap_or_default();
        Some(FilterForm {
            search: search.id.to_string(),
            sexes: SEXES.into_iter().map(sex).collect(),
            from: year(self.from),
            until: year(self.until),
            sources: search.sources.iter().map(|report| source(&report.id)).collect(),
            narrows: self.narrows(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(sex: Option<&str>, born: Option<&str>, source: &str) -> FoundPatient {
        FoundPatient {
            person: access::PersonId(uuid::Uuid::from_u128(1)),
            number: String::new(),
            name: String::new(),
            pinyin: None,
            sex: sex.map(str::to_owned),
            birth_date: born.map(str::to_owned),
            age: None,
            identifiers: Vec::new(),
            sources: vec![source.to_owned()],
            possible_duplicate: false,
        }
    }

    #[test]
    fn filters_narrow_and_hide_nobody_for_what_is_not_known() {
        let check = |pairs: &[(&str, &str)], who: &FoundPatient, expect: bool| {
            assert_eq!(PeopleFilters::from_pairs(pairs.iter().copied()).admits(who), expect, "{pairs:?} {who:?}");
        };
        let known = person(Some("female"), Some("1964-03-18"), "one");
        check(&[], &known, true);
        check(&[("sex", "female"), ("from", "1964"), ("until", "1964"), ("source", "one")], &known, true);
        check(&[("sex", "male")], &known, false);
        check(&[("from", "1965")], &known, false);
        check(&[("until", "1963")], &known, false);
        check(&[("source", "two")], &known, false);
        check(&[("sex", "x"), ("from", "yesterday"), ("source", "")], &known, true);
        let unknown = person(Some("unknown"), None, "one");
        check(&[("sex", "male"), ("from", "1965"), ("until", "1963")], &unknown, true);
    }
}
