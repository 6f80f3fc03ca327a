//! Which items of a list a reader wants to see: the same form on every list of a record.

use ehr::{Fact, SourceReport, SourceState};
use jiff::civil::Date;
use serde::Serialize;

use crate::{Scene, labs::push_encoded};

/// A choice of a filter.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// In the URL.
    pub value: String,
    /// In words.
    pub name: String,
    /// Chosen?
    pub chosen: bool,
}

/// The form over a list, and which part of the list a page shows. In templates its members are the list's own.
#[derive(Debug, Serialize)]
pub struct ListFrame {
    /// Where the filter form leads.
    pub action: String,
    /// First day.
    pub since: String,
    /// Last day.
    pub until: String,
    /// Hospitals.
    pub choices: Vec<Choice>,
    /// Do the filters narrow?
    pub narrows: bool,
    /// Items in all.
    pub total: usize,
    /// Items that pass the filters.
    pub found: usize,
    /// Newer ones that are not on this page.
    #[serde(skip)]
    pub skip: usize,
    /// The page of older ones.
    pub older_href: Option<String>,
    /// The page of newer ones.
    pub newer_href: Option<String>,
}

/// The linked hospitals, as a filter has them.
pub(crate) fn hospitals(reports: &[SourceReport], chosen: Option<&String>, scene: &Scene<'_>) -> Vec<Choice> {
    let linked = reports.iter().filter(|report| report.state != SourceState::NotLinked);
    let choice = |report: &SourceReport| Choice {
        value: report.id.clone(),
        name: scene.of(&report.name),
        chosen: chosen == Some(&report.id),
    };
    linked.map(choice).collect()
}

/// What the reader wants to see: kept in the URL. What is no date is left out, never an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilters {
    /// Not before this day.
    pub since: Option<Date>,
    /// Not after this day.
    pub until: Option<Date>,
    /// Source id.
    pub source: Option<String>,
    /// Newer ones skipped.
    pub skip: usize,
    /// Id of a fact that the page is to begin near: of a link into the list.
    pub at: Option<String>,
}

impl ListFilters {
    /// From decoded query pairs: `since`, `until`, `source`, `skip`.
    pub fn from_pairs<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Self {
        let mut filters = Self::default();
        for (name, value) in pairs {
            let value = value.trim();
            match name {
                "since" => filters.since = value.parse().ok(),
                "until" => filters.until = value.parse().ok(),
                "source" => filters.source = (!value.is_empty()).then(|| value.chars().take(100).collect()),
                "at" => filters.at = (!value.is_empty()).then(|| value.chars().take(400).collect()),
                "skip" => filters.skip = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        filters
    }

    pub(crate) fn narrows(&self) -> bool {
        self.since.is_some() || self.until.is_some() || self.source.is_some()
    }

    /// The query string that restores this view, `?` included; empty for the plain page.
    pub(crate) fn query(&self, skip: usize) -> String {
        let dates = [("since", self.since), ("until", self.until)];
        let mut pairs: Vec<(&str, String)> =
            dates.into_iter().filter_map(|(name, date)| Some((name, date?.to_string()))).collect();
        pairs.extend(self.source.clone().map(|source| ("source", source)));
        pairs.extend((skip > 0).then(|| ("skip", skip.to_string())));
        let mut query = String::new();
        for (name, value) in pairs {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            push_encoded(&mut query, &value);
        }
        query
    }

    pub(crate) fn fits(&self, fact: &Fact) -> bool {
        let of_source = self.source.as_ref().is_none_or(|source| fact.is_from(source));
        // What is undated is never filtered away by a date.
        let date = fact.time.as_ref().map(|time| time.date());
        let since = self.since.map(|since| since.to_string());
        let until = self.until.map(|until| until.to_string());
        let after = |date: &str| since.as_ref().is_none_or(|since| date >= &since[..date.len().min(since.len())]);
        let before = |date: &str| until.as_ref().is_none_or(|until| date <= until.as_str());
        of_source && date.is_none_or(|date| after(date) && before(date))
    }

    /// The frame of a list at `action` of which `facts` pass the filters; `most` stand on a page, and `query` restores a page
    /// by what it skips.
    pub(crate) fn frame<'f>(
        &self,
        facts: impl ExactSizeIterator<Item = &'f Fact>,
        (total, most): (usize, usize),
        (action, query): (&str, impl Fn(usize) -> String),
        (reports, scene): (&[SourceReport], &Scene<'_>),
    ) -> ListFrame {
        let (found, mut facts) = (facts.len(), facts);
        let place = self.at.as_ref().and_then(|at| facts.position(|fact| fact.id == *at));
        let skip = place.map_or_else(|| self.skip.min(found.saturating_sub(1)), |place| place / most * most);
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        ListFrame {
            action: action.to_owned(),
            since: day(self.since),
            until: day(self.until),
            choices: hospitals(reports, self.source.as_ref(), scene),
            narrows: self.narrows(),
            total,
            found,
            skip,
            older_href: (found > skip + most).then(|| format!("{action}{}", query(skip + most))),
            newer_href: (skip > 0).then(|| format!("{action}{}", query(skip.saturating_sub(most)))),
        }
    }

    /// The address of the same view, asked anew.
    pub(crate) fn retry_href(&self, path: &str) -> String {
        let query = self.query(self.skip);
        format!("{path}{query}{}refresh=true", if query.is_empty() { '?' } else { '&' })
    }
}
