//! Words looked for in the whole of one person's record: one act, over every section that the reader may see.

use std::collections::{BTreeSet, HashMap, HashSet};

use access::{Outcome, PersonId};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use uuid::Uuid;

use super::demographics::states;
use super::fan_out::{is_nobodys, unasked};
use super::{Charts, Reader, RecordQuery};
use crate::labs::{LabResult, MatrixWindow, matrix};
use crate::record_search::{FoundText, MOST_HITS, Texts};
use crate::{
    ClinicalTime, EhrError, FoundIn, Held, NotSearched, Origin, Part, PartReport, RecordHit, RecordSearch, RecordWords,
    Section, SourceReport, SourceState, json,
};

/// What the audit log calls it: with the sections read, and never with the words.
const NAME: &str = "record-search";

/// A section as its reader is shown it.
struct Told {
    json: String,
    sources: Vec<SourceReport>,
    held: bool,
    /// Of results: the row of the matrix in which each stands.
    rows: HashMap<String, String>,
}

impl Charts {
    /// Looks for `words` in every section that the reader may see, as they see it: what is held back from a patient is not
    /// there to be found, nor to be counted. A silent hospital is no error; it is named in
    /// [`RecordSearch::not_searched`].
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn search_record(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        words: RecordWords,
        now: Timestamp,
    ) -> Result<RecordSearch, EhrError> {
        let allowed = self.open_any(reader, person, &Section::ALL, now).await?;
        let (sections, hidden) = self.sections_of(reader, person)?;
        let slugs = sections.iter().map(|section| section.slug()).collect::<Vec<_>>();
        let read = self.begin(reader, &allowed, NAME, json!({ "sections": slugs }), now).await?;
        let within = Self { within_act: true, ..self.clone() };
        let told = join_all(sections.iter().map(|section| within.told(reader, person, *section, now))).await;
        let told: Result<Vec<Told>, EhrError> = told.into_iter().collect();
        let found = told.and_then(|told| self.put_together(words, sections.into_iter().zip(told), hidden, now));
        match &found {
            Ok(found) => {
                let detail = json!({ "items": found.total(), "sources": states(&found.sources) });
                read.finish(Outcome::Ok, detail, now).await?;
            }
            Err(_) => read.finish(Outcome::Failed, json!({}), now).await?,
        }
        found
    }

    /// Keeps `words` under an id for half an hour, for this reader and this person: an address must not hold them.
    ///
    /// # Errors
    /// As [`Charts::demographics`]: whose record may not be read is not searched.
    pub async fn keep_record_words(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        words: &RecordWords,
        now: Timestamp,
    ) -> Result<Uuid, EhrError> {
        self.open_any(reader, person, &Section::ALL, now).await?;
        Ok(self.record_searches().keep(reader.context(), person, words.as_str(), now).await?)
    }

    /// The words kept under `id`; `None` when half an hour has passed, or they are another reader's or person's.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn kept_record_words(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<RecordWords>, EhrError> {
        self.open_any(reader, person, &Section::ALL, now).await?;
        let kept = self.record_searches().kept(reader.context(), person, id, now).await?;
        Ok(kept.and_then(|words| RecordWords::read(&words).ok()))
    }

    pub(super) fn record_searches(&self) -> reviews::RecordSearches {
        self.inner.searches.clone()
    }

    /// Sections that the policy and what is entrusted let the reader see, and those that they do not.
    pub(super) fn sections_of(
        &self,
        reader: Reader<'_>,
        person: PersonId,
    ) -> Result<(Vec<Section>, Vec<Section>), EhrError> {
        let (mut seen, mut hidden) = (Vec::new(), Vec::new());
        for section in Section::ALL {
            match self.may_see(reader, person, section) {
                Ok(()) => seen.push(section),
                Err(EhrError::Forbidden | EhrError::NotFound) => hidden.push(section),
                Err(error) => return Err(error),
            }
        }
        Ok((seen, hidden))
    }

    async fn told(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        section: Section,
        now: Timestamp,
    ) -> Result<Told, EhrError> {
        let everything = RecordQuery::default();
        let told = |json: String, sources: Vec<SourceReport>, held: &[Held]| Told {
            json,
            sources,
            held: !held.is_empty(),
            rows: HashMap::new(),
        };
        Ok(match section {
            Section::Demographics => {
                let of = self.demographics(reader, person, now).await?;
                told(serde_json::to_string(&json::demographics(person, &of))?, of.sources, &of.held)
            }
            Section::Summary => {
                let of = self.summary(reader, person, now).await?;
                told(serde_json::to_string(&json::summary(person, &of))?, of.sources, &of.held)
            }
            Section::Outpatient | Section::Inpatient => {
                let of = match section {
                    Section::Inpatient => self.inpatient(reader, person, &everything, now).await?,
                    _ => self.outpatient(reader, person, &everything, now).await?,
                };
                told(serde_json::to_string(&json::visits(person, &of))?, of.sources, &of.held)
            }
            Section::LabResults => {
                let of = self.lab_results(reader, person, &everything, now).await?;
                let rows = rows(&of.items);
                let json = serde_json::to_string(&json::lab_results(person, &of))?;
                Told { rows, ..told(json, of.sources, &of.held) }
            }
            list => {
                let of = self.listing(reader, person, list, &everything, now).await?;
                let (sources, held) = of.ledger();
                told(of.to_json(person)?, sources.to_vec(), held)
            }
        })
    }

    fn put_together(
        &self,
        words: RecordWords,
        told: impl Iterator<Item = (Section, Told)>,
        hidden: Vec<Section>,
        now: Timestamp,
    ) -> Result<RecordSearch, EhrError> {
        let mut not_searched: Vec<NotSearched> = hidden.into_iter().map(NotSearched::Section).collect();
        let (mut groups, mut ledgers, mut held) = (Vec::new(), Vec::new(), false);
        let (mut files, mut unread) = (BTreeSet::new(), BTreeSet::new());
        for (section, told) in told {
            let items: Items<'_> = serde_json::from_str(&told.json)?;
            let mut hits = Vec::new();
            for item in &items.items {
                let item: Value = serde_json::from_str(item.get())?;
                let mut texts = Texts::default();
                texts.of(&item);
                if let Some(found) = words.find(&texts) {
                    hits.push(hit(item, found, &told.rows));
                }
                files.extend(texts.files);
                unread.extend(texts.unread);
            }
            not_searched.extend(told.sources.iter().filter_map(|report| silence(section, report)));
            held |= told.held;
            ledgers.push((section, told.sources));
            groups.push((section, hits));
        }
        not_searched.extend(held.then_some(NotSearched::Held));
        not_searched.extend((!files.is_empty()).then_some(NotSearched::Files(files.len())));
        not_searched.extend((!unread.is_empty()).then_some(NotSearched::Texts(unread.len())));
        let sources =
            self.inner.catalogue.all().map(|source| (merged(unasked(&source), &ledgers), is_nobodys(&source)));
        let told = |report: &SourceReport| report.state != SourceState::NotLinked;
        let sources = sources.filter(|(report, is_nobodys)| !is_nobodys || told(report));
        let sources = sources.map(|(report, _)| report).collect();
        Ok(RecordSearch { words, groups: arranged(groups), not_searched, sources, as_of: now })
    }
}

/// What is read again of a section's JSON.
#[derive(Deserialize)]
struct Items<'j> {
    #[serde(borrow)]
    items: Vec<&'j RawValue>,
}

/// The rows of the results' matrix, by result.
fn rows(results: &[LabResult]) -> HashMap<String, String> {
    let matrix = matrix(results, &MatrixWindow::default());
    let rows = matrix.panels.iter().flat_map(|panel| &panel.rows);
    rows.flat_map(|row| row.cells.iter().flatten().map(|one| (one.id.clone(), row.key.clone()))).collect()
}

fn hit(item: Value, found: Vec<FoundText>, rows: &HashMap<String, String>) -> RecordHit {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let fields = &item["fields"];
    let title = text(&item["code"]["text"])
        .or_else(|| text(&fields["title"]))
        .or_else(|| text(&fields["names"][0]))
        .or_else(|| text(&fields["notes"][0]["title"]));
    let (own, found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|one| title.as_deref().is_some_and(|title| title == one.as_str()));
    let title = own.into_iter().next().or_else(|| title.as_deref().map(FoundText::plain));
    let id = text(&item["id"]).unwrap_or_default();
    RecordHit {
        kind: text(&item["kind"]).unwrap_or_default(),
        title,
        time: item["time"].as_str().and_then(ClinicalTime::parse),
        origins: item["origins"].as_array().into_iter().flatten().filter_map(origin).collect(),
        found,
        place: rows.get(&id).cloned().or_else(|| text(&fields["part"])),
        id,
        item,
    }
}

fn origin(told: &Value) -> Option<Origin> {
    Some(Origin {
        source: told["source"].as_str()?.to_owned(),
        resource: told["resource"].as_str()?.to_owned(),
        version: told["version"].as_str().map(str::to_owned),
        retrieved_at: told["retrieved_at"].as_str()?.parse().ok()?,
    })
}

/// A section that a hospital has not answered in full.
fn silence(section: Section, report: &SourceReport) -> Option<NotSearched> {
    let open = !matches!(report.state, SourceState::Answered | SourceState::NotLinked);
    open.then(|| NotSearched::Source {
        section,
        source: report.id.clone(),
        name: report.short_name.clone(),
        state: report.state,
        detail: report.detail.clone(),
    })
}

/// Newest first. The summary repeats what other sections show: of it only what stands in none of them.
fn arranged(groups: Vec<(Section, Vec<RecordHit>)>) -> Vec<FoundIn> {
    let key = |origin: &Origin| (origin.source.clone(), origin.resource.clone());
    let elsewhere = groups.iter().filter(|(section, _)| *section != Section::Summary);
    let elsewhere: HashSet<(String, String)> =
        elsewhere.flat_map(|(_, hits)| hits).flat_map(|hit| &hit.origins).map(key).collect();
    let arrange = |(section, mut hits): (Section, Vec<RecordHit>)| {
        if section == Section::Summary {
            hits.retain(|hit| !hit.origins.iter().all(|origin| elsewhere.contains(&key(origin))));
        }
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.time.as_ref().map(ClinicalTime::epoch_seconds)));
        let total = hits.len();
        hits.truncate(MOST_HITS);
        (total > 0).then_some(FoundIn { section, total, hits })
    };
    groups.into_iter().filter_map(arrange).collect()
}

/// What became of one source over all sections.
fn merged(source: SourceReport, ledgers: &[(Section, Vec<SourceReport>)]) -> SourceReport {
    let mut whole = source;
    let mut told = true;
    let of_source = |(section, ledger): &(Section, Vec<SourceReport>)| {
        Some((*section, ledger.iter().find(|report| report.id == whole.id)?.clone()))
    };
    for (nth, (section, report)) in ledgers.iter().filter_map(of_source).collect::<Vec<_>>().into_iter().enumerate() {
        whole.state = if nth == 0 { report.state } else { joined(whole.state, report.state) };
        let open = !matches!(report.state, SourceState::Answered | SourceState::NotLinked);
        if open && report.state != SourceState::Unsupported {
            whole.detail = whole.detail.take().or_else(|| report.detail.clone());
        }
        let mut parts = report.parts;
        if section == Section::LabResults && open && parts.is_empty() {
            parts.push(PartReport { part: Part::Results, state: report.state, detail: report.detail });
        }
        told &= !open || parts.iter().any(|part| part.state != SourceState::Answered);
        parts.into_iter().for_each(|part| worse(&mut whole.parts, part));
        whole.queries += report.queries;
        whole.pages += report.pages;
        whole.entries += report.entries;
        whole.dropped += report.dropped;
        whole.retrieved_at = whole.retrieved_at.or(report.retrieved_at);
        whole.age_s = whole.age_s.max(report.age_s);
        whole.waited_ms = whole.waited_ms.max(report.waited_ms);
    }
    if !told {
        // Parts that fail are named only where they are all that fails.
        whole.parts.clear();
    }
    whole.parts.sort_by_key(|part| part.part);
    whole
}

fn joined(one: SourceState, other: SourceState) -> SourceState {
    let gave = |state| matches!(state, SourceState::Answered | SourceState::Partial);
    match (gave(one), gave(other)) {
        _ if one == other => one,
        (false, false) => SourceState::Unreachable,
        _ => SourceState::Partial,
    }
}

fn worse(parts: &mut Vec<PartReport>, new: PartReport) {
    // What one section could not have and another got is open.
    let rank = |state: SourceState| match state {
        SourceState::Answered => 0,
        SourceState::Unsupported => 1,
        _ => 2,
    };
    match parts.iter_mut().find(|own| own.part == new.part) {
        Some(own) if rank(new.state) > rank(own.state) => *own = new,
        Some(_) => {}
        None => parts.push(new),
    }
}
