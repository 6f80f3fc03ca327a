//! Looking for patients: all hospitals at once, each identity into the index, people out.

use std::collections::{HashMap, HashSet};

use access::{Act, Context, Event, Object, Outcome, PersonId, StaffContext, audit::action};
use fhir::{Limits, Query, SearchReport, kinds, rows};
use jiff::Timestamp;
use patients::{Lookup, Person, ResidentId, SourcePatient, SweepEnd, bare_phone, names_agree, search_form};
use serde_json::json;
use sources::Source;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Charts, SearchQuery,
    demographics::states,
    fan_out::{Answer, Ids, Tally, is_nobodys},
    identifiers, patient,
};
use crate::{EhrError, FoundPatient, PatientSearch, SourceReport, SourceState};

/// A search is for a person, not for a list: what is further down nobody reads.
const LIMITS: Limits = Limits { pages: 4, entries: 200 };
/// People shown of one search. Whoever wants to see more says more.
const MOST_PEOPLE: usize = 100;
/// Both hospitals' entries at most; a row of the audit log stays small.
const SHOWN_IN_AUDIT: usize = 200;

impl Charts {
    /// Searches all hospitals by name, resident ID, record number, phone or index number, and the index by these and by
    /// pinyin, initials and the end of a phone number. What is found is kept for ten minutes under an id, so that no URL holds
    /// what was typed.
    ///
    /// # Errors
    /// [`EhrError::Query`] when no search can be made of `typed`, [`EhrError::Forbidden`] or [`EhrError::NotFound`] by
    /// policy, [`EhrError::Store`] and [`EhrError::Audit`] when it could not be written down. A silent hospital is no
    /// error.
    pub async fn search_patients(
        &self,
        staff: &StaffContext,
        typed: &str,
        now: Timestamp,
    ) -> Result<PatientSearch, EhrError> {
        self.may(staff, &Object::PAGE_PATIENT_SEARCH, Act::SearchPatients)?;
        let query = SearchQuery::read(typed)?;
        let kind = json!({ "by": query.kind() });
        let event = |outcome| Event::new(action::PATIENT_SEARCH, "patient-search", outcome);
        self.write_down(staff, event(Outcome::Intent).with(kind), now).await?;
        let (people, sources) = match &query {
            SearchQuery::Number(number) => (Vec::from_iter(self.inner.index.by_number(*number).await?), Vec::new()),
            _ => self.ask_hospitals(staff, &query, now).await?,
        };
        let (people, more) = self.with_known(people, &query).await?;
        let people = self.inner.index.people(&people).await?;
        let search = PatientSearch {
            id: Uuid::new_v4(),
            shown_query: query.shown(),
            items: found(&people, &query, now),
            sources,
            more,
            not_swept: self.not_listed().await?,
        };
        let results = serde_json::to_string(&search)?;
        self.inner.index.keep_search(staff.subject(), search.id, &search.shown_query, results, now).await?;
        let detail = json!({ "by": query.kind(), "found": search.items.len(), "shown": shown(&search), "sources": states(&search.sources) });
        self.write_down(staff, event(Outcome::Ok).on(search.id.to_string()).with(detail), now).await?;
        Ok(search)
    }

    /// A search made by the same person within the last ten minutes.
    ///
    /// # Errors
    /// [`EhrError::NotFound`] when there is none.
    pub async fn search_again(
        &self,
        staff: &StaffContext,
        id: Uuid,
        now: Timestamp,
    ) -> Result<PatientSearch, EhrError> {
        self.may(staff, &Object::PAGE_PATIENT_SEARCH, Act::SearchPatients)?;
        let kept = self.inner.index.kept_search(staff.subject(), id, now).await?.ok_or(EhrError::NotFound)?;
        let search: PatientSearch = serde_json::from_str(&kept.results)?;
        let detail = json!({ "found": search.items.len(), "shown": shown(&search) });
        let event = Event::new(action::PATIENT_SEARCH_SHOWN, "patient-search", Outcome::Ok).on(id.to_string());
        self.write_down(staff, event.with(detail), now).await?;
        Ok(search)
    }

    /// The person who holds a resident ID and bears this name: for accounts that are being proven. Asks the hospitals, so
    /// that people whom nobody has looked for yet are found. `None` when the number is not valid, nobody is known to
    /// hold it, or the name is another.
    ///
    /// # Errors
    /// The database's, and the audit's.
    pub async fn identify(
        &self,
        ctx: &dyn Context,
        resident_id: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<PersonId>, EhrError> {
        let Ok(number) = ResidentId::parse(resident_id) else { return Ok(None) };
        let event = |outcome| Event::new(action::PATIENT_IDENTIFY, "patient-search", outcome);
        self.write_down(ctx, event(Outcome::Intent), now).await?;
        let (_, sources) = self.ask_hospitals(ctx, &SearchQuery::ResidentId(number.clone()), now).await?;
        let mut identified = None;
        if let Some(holder) = self.inner.index.holder(&number).await? {
            let person = self.inner.index.person(holder).await?;
            identified = names_agree(&person.name, name).then_some(holder);
        }
        let mut ended = event(Outcome::Ok).with(json!({ "sources": states(&sources) }));
        ended.person = identified;
        self.write_down(ctx, ended, now).await?;
        Ok(identified)
    }

    /// Whom the hospitals found, and whom the index knows besides; are there more?
    async fn with_known(
        &self,
        mut people: Vec<PersonId>,
        query: &SearchQuery,
    ) -> Result<(Vec<PersonId>, bool), EhrError> {
        let lookup = match query {
            SearchQuery::Number(_) => return Ok((people, false)),
            SearchQuery::ResidentId(id) => Lookup::ResidentId(id),
            SearchQuery::RecordNumber(number) | SearchQuery::Phone(number) => Lookup::Number(number),
            SearchQuery::Name(name) => Lookup::Name(name),
        };
        let known = self.inner.index.find(&lookup, MOST_PEOPLE).await?;
        for person in known.people {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        let more = known.more || people.len() > MOST_PEOPLE;
        people.truncate(MOST_PEOPLE);
        Ok((people, more))
    }

    /// Ids of sources whose patients were never listed into the index in full.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_listed(&self) -> Result<Vec<String>, EhrError> {
        let swept = self.inner.index.sweeps().await?;
        let whole = |id: &str| swept.iter().any(|one| one.source == id && one.end == Some(SweepEnd::Finished));
        Ok(self.inner.catalogue.shared().map(|source| source.id.clone()).filter(|id| !whole(id)).collect())
    }

    async fn ask_hospitals(
        &self,
        ctx: &dyn Context,
        query: &SearchQuery,
        now: Timestamp,
    ) -> Result<(Vec<PersonId>, Vec<SourceReport>), EhrError> {
        let systems = self.inner.settings.resident_id_systems.clone();
        let asked = query.clone();
        let (answers, mut sources) = self
            .ask_each(
                |source| (!is_nobodys(source)).then(Ids::default),
                now,
                move |source, _, deadline| {
                    let (query, systems) = (asked.clone(), systems.clone());
                    async move { ask(&source, &query, &source.resident_ids(&systems), deadline, now).await }
                },
            )
            .await;
        let mut seen: Vec<SourcePatient> = Vec::new();
        let mut known = HashSet::new();
        for identity in answers.into_iter().flatten() {
            if known.insert((identity.source.clone(), identity.patient.clone())) {
                seen.push(identity);
            }
        }
        let people = self.inner.index.observe(ctx, &seen, now).await?;
        // Asked, and not there: in a search that is an answer.
        for source in &mut sources {
            if source.state == SourceState::NotLinked {
                source.state = SourceState::Unreachable;
            }
        }
        let mut once = HashSet::new();
        Ok((people.into_iter().filter(|person| once.insert(*person)).collect(), sources))
    }
}

/// Ids of the people a list shows, for the audit log; so many at most, the rest is in its count.
fn shown(search: &PatientSearch) -> Vec<String> {
    search.items.iter().take(SHOWN_IN_AUDIT).map(|item| item.person.to_string()).collect()
}

async fn ask(
    source: &Source,
    query: &SearchQuery,
    systems: &[String],
    deadline: Instant,
    now: Timestamp,
) -> Answer<Vec<SourcePatient>> {
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for question in questions(query, systems) {
        let report = one(source, &question, query, systems, deadline, now, &mut found).await;
        tally.add(&report);
    }
    if let (SearchQuery::Name(name), true) = (query, found.is_empty()) {
        // Servers compare with the beginning of each part of a name (FHIR search type `string`): one that keeps parts
        // alone doesn't find a whole name.
        for question in by_parts(name) {
            let report = one(source, &question, query, systems, deadline, now, &mut found).await;
            tally.add(&report);
        }
    }
    if let (SearchQuery::ResidentId(number), true) = (query, found.is_empty()) {
        // Old records may hold the number as it was before it had 18 places.
        for question in number.legacy().map(|old| by_identifier(systems, &old)).unwrap_or_default() {
            let report = one(source, &question, query, systems, deadline, now, &mut found).await;
            tally.add(&report);
        }
    }
    tally.entries = u32::try_from(found.len()).unwrap_or(u32::MAX);
    Answer { data: found, tally }
}

async fn one(
    source: &Source,
    question: &Query,
    query: &SearchQuery,
    systems: &[String],
    deadline: Instant,
    now: Timestamp,
    found: &mut Vec<SourcePatient>,
) -> SearchReport {
    let base = source.client.base().clone();
    let mut take = |entry: fhir::Entry<'_, rows::Patient<'_>>| {
        // Servers ignore parameters that they don't know: what was not asked for is not taken.
        if entry.row.resource_type == Some("Patient") && fits(&entry.row, query, systems) {
            found.extend(patient::identity(&entry.row, &source.id, &base, systems));
        }
    };
    source.search::<kinds::Patient>(question, &LIMITS, deadline, now, &mut take).await
}

fn questions(query: &SearchQuery, systems: &[String]) -> Vec<Query> {
    match query {
        SearchQuery::ResidentId(number) => by_identifier(systems, number.expose()),
        SearchQuery::RecordNumber(number) => vec![Query::new().with("identifier", number)],
        SearchQuery::Phone(number) => {
            vec![Query::new().with("phone", number), Query::new().with("identifier", number)]
        }
        SearchQuery::Name(name) => vec![Query::new().with("name", name)],
        SearchQuery::Number(_) => Vec::new(),
    }
}

/// `Wenona Cormier`: both words (repeated parameters mean and). 何一川: family 何, given 一川; 欧阳修: also family 欧阳.
fn by_parts(name: &str) -> Vec<Query> {
    let words: Vec<&str> = name.split_whitespace().collect();
    if words.len() > 1 {
        return vec![words.iter().fold(Query::new(), |query, word| query.with("name", *word))];
    }
    let letters: Vec<char> = name.chars().collect();
    if name.is_ascii() || !(2..=5).contains(&letters.len()) {
        return Vec::new();
    }
    let split = |at: usize| {
        let (family, given) = letters.split_at(at);
        Query::new().with("family", family.iter().collect::<String>()).with("given", given.iter().collect::<String>())
    };
    (1..letters.len().min(3)).map(split).collect()
}

fn by_identifier(systems: &[String], number: &str) -> Vec<Query> {
    let mut questions = Vec::with_capacity(systems.len());
    for system in systems {
        questions.push(Query::new().with("identifier", format!("{system}|{number}")));
    }
    questions
}

fn fits(row: &rows::Patient<'_>, query: &SearchQuery, systems: &[String]) -> bool {
    match query {
        SearchQuery::ResidentId(number) => row.identifier.iter().any(|identifier| {
            let ours = identifier.system.is_some_and(|system| systems.iter().any(|own| own == system));
            ours && identifier.value.and_then(|value| ResidentId::parse(value).ok()).as_ref() == Some(number)
        }),
        SearchQuery::RecordNumber(number) => row
            .identifier
            .iter()
            .any(|identifier| identifier.value.is_some_and(|value| value.eq_ignore_ascii_case(number))),
        SearchQuery::Phone(number) => {
            let theirs = patient::whole_phones(row.telecom).any(|phone| bare_phone(phone) == bare_phone(number));
            let record = |value: &str| value == number;
            theirs || row.identifier.iter().any(|identifier| identifier.value.is_some_and(record))
        }
        SearchQuery::Name(name) => row.name.iter().take(patient::MOST_NAMES).any(|of| bears(of, name)),
        SearchQuery::Number(_) => true,
    }
}

/// Is this the name that was typed, a part of it, or its sound? Compared to the length that a name may have.
fn bears(of: &rows::HumanName<'_>, typed: &str) -> bool {
    let form = |part: &str| search_form(&patient::shortened(part));
    let given = of.given.iter().take(patient::MOST_NAMES);
    let forms: Vec<String> = [of.text, of.family].into_iter().flatten().chain(given.copied()).map(form).collect();
    // Family and given names, without the text.
    let whole: String = forms[usize::from(of.text.is_some())..].concat();
    let has = |part: &str| forms.iter().chain([&whole]).any(|form| form.contains(part));
    has(&search_form(typed))
        || typed.split_whitespace().all(|word| has(&search_form(word)))
        || forms.iter().any(|form| patients::sounds_like(form, typed))
}

/// People as rows of the list: those who bear exactly the name first.
fn found(people: &[Person], query: &SearchQuery, now: Timestamp) -> Vec<FoundPatient> {
    let mut alike: HashMap<(String, Option<&str>, Option<&str>), usize> = HashMap::new();
    let key = |person: &Person| search_form(&person.name);
    for person in people {
        *alike.entry((key(person), person.sex.as_deref(), person.birth_date.as_deref())).or_default() += 1;
    }
    let mut items: Vec<FoundPatient> = people
        .iter()
        .map(|person| {
            let twins = alike.get(&(key(person), person.sex.as_deref(), person.birth_date.as_deref()));
            let mut sources: Vec<String> = Vec::new();
            for link in &person.links {
                if !sources.contains(&link.source) {
                    sources.push(link.source.clone());
                }
            }
            FoundPatient {
                person: person.id,
                number: person.number.clone(),
                name: person.name.clone(),
                pinyin: patients::pinyin(&person.name),
                sex: person.sex.clone(),
                birth_date: person.birth_date.clone(),
                age: crate::age::years(person.birth_date.as_deref(), now),
                identifiers: identifiers(person),
                sources,
                possible_duplicate: twins.is_some_and(|count| *count > 1),
            }
        })
        .collect();
    let exact = |item: &FoundPatient| matches!(query, SearchQuery::Name(name) if names_agree(&item.name, name));
    items.sort_by(|a, b| {
        (!exact(a), &a.name, &a.birth_date, &a.number).cmp(&(!exact(b), &b.name, &b.birth_date, &b.number))
    });
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_long_as_a_page_are_compared_by_their_beginning() {
        let named = |text| rows::HumanName { text: Some(text), ..Default::default() };
        let parts = ["玉兰"];
        let parted = rows::HumanName { family: Some("陈"), given: &parts, ..Default::default() };
        assert!(bears(&named("陈玉兰"), "chenyulan") && bears(&parted, "陈玉兰") && bears(&parted, "玉兰"));
        assert!(!bears(&named("陈玉兰"), "王"));
        let long = "行".repeat(300_000);
        let many = vec!["行"; 300_000];
        assert!(!bears(&named(&long), "chen"));
        assert!(!bears(&rows::HumanName { given: &many, ..Default::default() }, "chen"));
    }
}
