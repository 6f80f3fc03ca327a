//! Platforms: what is peculiar about a vendor's server, as data (`config/platforms/*.toml`).

mod facts;

use serde::Deserialize;

pub use facts::{
    Audience, ClientAuthentication, Fact, Flow, HeaderRule, Pkce, RateLimit, Registration, ScopeSyntax, Smart,
};

use crate::Query;

/// Most entries a server is ever asked for in one page.
const MAX_PAGE_SIZE: u32 = 1_000;

/// A vendor's server as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// File name without `.toml`.
    pub id: String,
    /// For people.
    pub name: String,
    /// The vendor's public documentation.
    pub documentation: String,
    /// `_count` of searches, 1 to 1000.
    pub page_size: u32,
    /// Why this page size.
    pub page_size_why: String,
    /// Searches that differ from [`Query`]'s defaults.
    #[serde(default, rename = "query")]
    pub queries: Vec<QueryRule>,
    /// The server's own issue codes.
    #[serde(default, rename = "issue")]
    pub issues: Vec<IssueRule>,
    /// How dates of searches are written; absent: as days.
    pub dates: Option<DateRule>,
    /// That the server refuses searches that ask for what resources name; absent: it may give it.
    pub no_includes: Option<NoIncludes>,
    /// That the server is asked for encounters by their patient alone; absent: by who takes part in them too.
    pub no_encounters_of_staff: Option<NoEncountersOfStaff>,
    /// That the server loses connections; absent: a lost one is the answer.
    pub lost_connections: Option<LostConnections>,
    /// How a client is registered there; absent: not known, or there is nothing to register.
    pub registration: Option<Registration>,
    /// What is documented of signing in.
    #[serde(default)]
    pub smart: Smart,
    /// Whether `Patient/[id]/$everything` (<https://hl7.org/fhir/R4/patient-operation-everything.html>) is there.
    pub everything: Option<Fact<bool>>,
    /// How often it may be asked.
    pub rate_limit: Option<Fact<RateLimit>>,
    /// Headers that it wants.
    #[serde(default, rename = "header")]
    pub headers: Vec<HeaderRule>,
}

/// How a platform wants dates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateRule {
    /// The form.
    pub form: DateForm,
    /// Where the vendor says so.
    pub why: String,
}

/// What a date in a search looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateForm {
    /// `ge2026-01-31`
    #[default]
    Day,
    /// `ge2026-01-31T00:00:00Z`: a prefix and a time of day.
    Instant,
}

/// A server that is known to lose connections. What it lost is asked for again, if there is time: searches and reads change
/// nothing (RFC 9110, 9.2.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostConnections {
    /// How often a page is asked for again, 1 or 2.
    pub again: u8,
    /// What has been seen.
    pub why: String,
}

/// A server that refuses `_include` (<https://hl7.org/fhir/R4/search.html#revinclude>) instead of ignoring it: what resources
/// name is read one by one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoIncludes {
    /// What has been seen.
    pub why: String,
}

/// A server that has no search for the encounters that somebody takes part in
/// (<https://hl7.org/fhir/R4/encounter.html#search>): whom its staff treat is said by its lists alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoEncountersOfStaff {
    /// Where the vendor says so.
    pub why: String,
}

/// Which side of a day is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayPrefix {
    /// On that day or later.
    NotBefore,
    /// On that day or earlier.
    NotAfter,
}

/// How one section asks for one type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryRule {
    /// Section slug.
    pub section: String,
    /// FHIR type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the parameter that names the patient.
    #[serde(default = "patient_param")]
    pub patient: String,
    /// Filters beside the patient, `name=value`.
    #[serde(default)]
    pub filters: Vec<String>,
    /// How far they are trusted.
    #[serde(default)]
    pub trust: FilterTrust,
    /// Why it is asked so.
    pub why: String,
}

fn patient_param() -> String {
    "patient".to_owned()
}

/// May the answer to a filtered search be believed? (RECORD: filters narrow, they never prove absence.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterTrust {
    /// Not known: an empty answer is repeated by patient only, until the source has shown what it does, and any other is
    /// followed by a search for what has nothing that the filter looks at.
    #[default]
    Probe,
    /// Always, or the search by patient only is refused.
    Trusted,
    /// Never: ask by patient only from the start (`filters_unreliable`).
    Unreliable,
}

/// What one issue code means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueRule {
    /// `OperationOutcome.issue.details.coding.code`
    pub code: String,
    /// What follows from it.
    pub meaning: IssueMeaning,
    /// Where the vendor says so.
    pub why: String,
}

/// What follows from an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueMeaning {
    /// Said beside an empty answer: nothing is missing.
    NothingFound,
    /// The search itself is unknown to the server.
    NotSupported,
    /// A later page can no longer be had.
    SessionExpired,
    /// The record is not complete.
    Incomplete,
    /// Something is withheld until the reader breaks the glass at the source.
    BreakTheGlass,
    /// Said, but nothing follows from it.
    Harmless,
}

/// Why a platform file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// Not TOML, an unknown key, a missing key, a wrong type. Says where.
    #[error("{0}")]
    Syntax(String),
    /// A value out of its bounds.
    #[error("{path}: {what}")]
    Value {
        /// Where in the file.
        path: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Platform {
    /// Reads a platform file and checks every value.
    pub fn from_toml(text: &str) -> Result<Self, Vec<PlatformError>> {
        let platform: Self = toml::from_str(text).map_err(|error| vec![PlatformError::Syntax(error.to_string())])?;
        let problems = platform.problems();
        if problems.is_empty() { Ok(platform) } else { Err(problems) }
    }

    fn problems(&self) -> Vec<PlatformError> {
        let mut problems = Vec::new();
        let mut check = |good: bool, path: String, what| {
            if !good {
                problems.push(PlatformError::Value { path, what });
            }
        };
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        check(!self.id.is_empty() && self.id.chars().all(is_name), "id".to_owned(), "lower-case letters, digits, -");
        check(self.documentation.starts_with("https://"), "documentation".to_owned(), "an https address");
        check((1..=MAX_PAGE_SIZE).contains(&self.page_size), "page_size".to_owned(), "1 to 1000");
        for (index, rule) in self.queries.iter().enumerate() {
            let good =
                rule.filters.iter().all(|filter| filter.split_once('=').is_some_and(|(name, _)| !name.is_empty()));
            check(good, format!("query[{index}].filters"), "each as name=value");
            check(!rule.why.trim().is_empty(), format!("query[{index}].why"), "a quirk needs its reason");
            let once = !self.queries[..index].iter().any(|one| one.section == rule.section && one.kind == rule.kind);
            check(once, format!("query[{index}]"), "this section and type are there already");
        }
        for (index, rule) in self.issues.iter().enumerate() {
            check(!rule.why.trim().is_empty(), format!("issue[{index}].why"), "a quirk needs its reason");
            let once = !self.issues[..index].iter().any(|one| one.code == rule.code);
            check(once, format!("issue[{index}].code"), "this code is there already");
        }
        for (path, why) in [
            ("dates.why", self.dates.as_ref().map(|rule| &rule.why)),
            ("no_includes.why", self.no_includes.as_ref().map(|rule| &rule.why)),
            ("no_encounters_of_staff.why", self.no_encounters_of_staff.as_ref().map(|rule| &rule.why)),
            ("lost_connections.why", self.lost_connections.as_ref().map(|rule| &rule.why)),
        ] {
            check(why.is_none_or(|why| !why.trim().is_empty()), path.to_owned(), "a quirk needs its reason");
        }
        facts::check_server(self.everything.as_ref(), self.rate_limit.as_ref(), &mut check);
        facts::check_headers(&self.headers, &mut check);
        self.smart.check(&mut check);
        if let Some(registration) = &self.registration {
            registration.check(&mut check);
        }
        let again = self.lost_connections.as_ref().map(|rule| rule.again);
        check(again.is_none_or(|again| (1..=2).contains(&again)), "lost_connections.again".to_owned(), "1 or 2");
        problems
    }

    /// A filter by date: `name` not before (`ge`) or not after (`le`) the day `date`, written `YYYY-MM-DD`, as this server
    /// wants it. Servers know days of zones of their own and times of many: ask for a day more on each side, and look again
    /// at what comes.
    pub fn by_day(&self, name: &str, prefix: DayPrefix, date: &str) -> (String, String) {
        let (prefix, time) = match prefix {
            DayPrefix::NotBefore => ("ge", "T00:00:00Z"),
            DayPrefix::NotAfter => ("le", "T23:59:59Z"),
        };
        let time = match self.dates.as_ref().map(|rule| rule.form).unwrap_or_default() {
            DateForm::Day => "",
            DateForm::Instant => time,
        };
        (name.to_owned(), format!("{prefix}{date}{time}"))
    }

    /// The search for resources of type `kind` of one patient in one section.
    pub fn query(&self, section: &str, kind: &str, patient: &str) -> Query {
        let rule = self.queries.iter().find(|rule| rule.section == section && rule.kind == kind);
        let standard = STANDARD.iter().find(|(s, k, _)| *s == section && *k == kind).map(|(.., filter)| *filter);
        let patient_name = rule.map_or("patient", |rule| rule.patient.as_str());
        let filters: Vec<&str> = match rule {
            Some(rule) => rule.filters.iter().map(String::as_str).collect(),
            None => standard.into_iter().collect(),
        };
        let by_patient = vec![(patient_name.to_owned(), patient.to_owned())];
        let mut params = by_patient.clone();
        params.extend(
            filters.iter().filter_map(|filter| filter.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())),
        );
        let by_patient_only = (!filters.is_empty()).then_some(by_patient);
        Query { params, by_patient_only, trust: rule.map_or(FilterTrust::default(), |rule| rule.trust) }
    }

    /// What a search names whose resources are meant by: `patient` unless the platform's rule says another parameter
    /// (`context`: an encounter; `_id`: nothing but single resources can be had).
    pub fn asked_by(&self, section: &str, kind: &str) -> &str {
        let rule = self.queries.iter().find(|rule| rule.section == section && rule.kind == kind);
        rule.map_or("patient", |rule| rule.patient.as_str())
    }

    /// What an issue means: by the platform's own table, else by FHIR's issue types.
    pub fn meaning(&self, codes: &[String], issue_type: &str) -> Option<IssueMeaning> {
        let own = self.issues.iter().find(|rule| codes.contains(&rule.code)).map(|rule| rule.meaning);
        own.or(match issue_type {
            "not-supported" => Some(IssueMeaning::NotSupported),
            // What these say is: not everything is here (https://hl7.org/fhir/R4/valueset-issue-type.html).
            "incomplete" | "suppressed" | "too-costly" | "timeout" | "throttled" | "transient" => {
                Some(IssueMeaning::Incomplete)
            }
            _ => None,
        })
    }
}

/// RECORD's queries as FHIR means them: section, type, filter. A platform's own rule takes their place. Conditions are asked
/// for without a category, and so are reports and documents: hospitals that give it to some of them, or one of their own,
/// would keep the others back, and of these a person has hundreds at most. Of observations there are thousands: they are
/// asked for by category, and by having none. Medicines have no `intent=order`: servers compare codes, and an
/// `original-order` is an order too.
const STANDARD: [(&str, &str, &str); 3] = [
    ("lab-results", "Observation", "category=laboratory"),
    ("nursing", "Observation", "category=vital-signs,survey,exam"),
    ("personal-record", "Observation", "category=social-history"),
];
