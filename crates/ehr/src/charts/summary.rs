//! 病历摘要 of every linked source, merged, and the allergies of the banner.

use access::{Outcome, PersonId};
use fhir::{kinds, rows};
use jiff::Timestamp;
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::checked::{Asking, Checked};
use super::demographics::states;
use super::fan_out::{Answer, Ids, Tally};
use super::labs::{any_is_somebody_else, ask_results};
use super::medicines::{INCLUDE_OF_REQUESTS, read_medications};
use super::review::of_results;
use super::{Charts, Reader, RecordQuery};
use crate::compartment::Compartment;
use crate::fact::silent;
use crate::labs::{LabRows, merge};
use crate::outpatient::{VisitRows, join_visits};
use crate::review::{MarkBook, OpenCritical, open_critical};
use crate::summary::{
    AllergyRows, EventRows, MedicineRows, ProblemRows, join_allergies, join_devices, join_immunizations,
    join_medicines, join_problems, join_procedures, join_reports, recent_results,
};
use crate::{
    Allergies, AllergyState, Banner, Device, EhrError, Immunization, Part, PartList, Procedure, ReportLine, Section,
    SourceReport, Summary, release,
};

/// Parts of the summary, each asked for by itself.
const PARTS: [Part; 9] = [
    Part::Allergies,
    Part::Problems,
    Part::Medicines,
    Part::Immunizations,
    Part::Procedures,
    Part::Devices,
    Part::Results,
    Part::Encounters,
    Part::Reports,
];
const SLUG: &str = "summary";

impl Charts {
    /// The summary of all linked sources. A patient gets what may be shown to them now; the rest is counted in `held`.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn summary(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Summary, EhrError> {
        self.summary_within(reader, person, &RecordQuery::default(), now).await
    }

    /// The summary of one source, or of what bears a time asked for. Allergies and what is undated stay, whatever the time.
    ///
    /// # Errors
    /// As [`Charts::demographics`].
    pub async fn summary_within(
        &self,
        reader: Reader<'_>,
        person: PersonId,
        query: &RecordQuery,
        now: Timestamp,
    ) -> Result<Summary, EhrError> {
        let allowed = self.open(reader, person, Section::Summary, now).await?;
        let read = self.begin(reader, &allowed, SLUG, query.for_audit(), now).await?;
        let book = self.mark_book(reader, &allowed, Section::LabResults).await?;
        let compartment = self.compartments(&allowed.person);
        let (answers, mut sources) = self
            .ask_each(query.wanted(self.ids_at(&allowed)), now, move |source, ids, deadline| {
                let whose = compartment(&source, &ids);
                async move { ask(&source, &ids, &whose, deadline, now).await }
            })
            .await;
        query.hide_others(&allowed.person, &mut sources);
        let mut summary = put_together(answers, sources, now, (reader, &book));
        if release::applies(reader) {
            release::hold_summary(&mut summary, now);
            query.blur(&mut summary.held);
        }
        summary.retain_times(|time| query.includes(time));
        if release::applies(reader) {
            summary.recount();
        }
        let hidden: usize = summary.held.iter().map(|held| held.count).sum();
        let detail = json!({ "items": items(&summary), "held": hidden, "sources": states(&summary.sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(summary)
    }

    /// Who the patient is, with what all linked sources say of allergies at this moment. A page asks for it beside its
    /// section (`tokio::join!`), so that both take as long as the slower one; the summary's page takes
    /// [`Charts::plain_banner`] and [`Banner::with_allergies`] instead and asks nobody twice.
    ///
    /// The allergies are a read of their own, audited as such. Whom the policy does not let see them gets the banner with
    /// [`AllergyState::NotPermitted`].
    ///
    /// # Errors
    /// As every read of a chart. A refusal is written down by the section beside it.
    pub async fn banner(&self, reader: Reader<'_>, person: PersonId, now: Timestamp) -> Result<Banner, EhrError> {
        let banner = self.plain_banner(reader, person, now).await?;
        let allowed = match self.authorize(reader, person, Section::Summary, now).await {
            Ok(allowed) => allowed,
            Err(EhrError::Forbidden | EhrError::NotFound) => {
                let allergies = Allergies { state: AllergyState::NotPermitted, ..Allergies::default() };
                return Ok(banner.with_allergies(&allergies));
            }
            Err(error) => return Err(error),
        };
        let read = self.begin(reader, &allowed, Part::Allergies.as_str(), json!({}), now).await?;
        let compartment = self.compartments(&allowed.person);
        let (answers, sources) = self
            .ask_each(self.ids_at(&allowed), now, move |source, ids, deadline| {
                let whose = compartment(&source, &ids);
                async move { ask_allergies(&source, &ids, &whose, deadline, now).await }
            })
            .await;
        let mut allergies = join_allergies(answers, &sources);
        if release::applies(reader) {
            release::hold_allergies(&mut allergies, now);
        }
        let detail = json!({ "state": allergies.state.as_str(), "sources": states(&sources) });
        read.finish(Outcome::Ok, detail, now).await?;
        Ok(banner.with_allergies(&allergies))
    }

    /// Whose resources a source's answers must be.
    pub(super) fn compartments(
        &self,
        person: &patients::Person,
    ) -> impl Fn(&Source, &Ids) -> Compartment + Send + Sync + use<> {
        let (person, index) = (person.clone(), self.inner.index.clone());
        let systems = self.inner.settings.resident_id_systems.clone();
        move |source, ids| {
            let systems = source.resident_ids(&systems);
            Compartment::new(source.client.base().clone(), ids.all(), person.clone(), index.clone(), systems)
        }
    }
}

impl Banner {
    /// With what a summary has asked already.
    pub fn with_allergies(self, allergies: &Allergies) -> Self {
        Self { allergies: allergies.clone(), ..self }
    }
}

/// What one source gave.
struct Gave {
    allergies: AllergyRows,
    problems: ProblemRows,
    medicines: MedicineRows,
    base: url::Url,
    immunizations: EventRows<Immunization>,
    procedures: EventRows<Procedure>,
    devices: EventRows<Device>,
    reports: EventRows<ReportLine>,
    visits: VisitRows,
    labs: LabRows,
}

impl Gave {
    fn nothing(asking: &Asking<'_>) -> Self {
        let rows = || asking.rows();
        let base = asking.source.client.base().clone();
        let origin = crate::labs::RowSource {
            id: asking.source.id.clone(),
            order: asking.source.mark,
            retrieved_at: asking.now,
        };
        Self {
            allergies: AllergyRows::new(rows()),
            problems: ProblemRows::new(rows()),
            medicines: MedicineRows::new(rows()),
            immunizations: EventRows::new(rows()),
            procedures: EventRows::new(rows()),
            devices: EventRows::new(rows()),
            reports: EventRows::new(rows()),
            visits: VisitRows::new(rows(), base.clone()),
            labs: LabRows::new(origin, asking.source.codes.clone()),
            base,
        }
    }

    fn entries(&self) -> u32 {
        let rows = [
            self.allergies.len(),
            self.problems.len(),
            self.medicines.len(),
            self.immunizations.len(),
            self.procedures.len(),
            self.devices.len(),
            self.reports.len(),
            self.visits.len(),
            self.labs.len(),
        ];
        u32::try_from(rows.iter().sum::<usize>()).unwrap_or(u32::MAX)
    }
}

async fn ask(source: &Source, ids: &Ids, whose: &Compartment, deadline: Instant, now: Timestamp) -> Answer<Gave> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let mut gave = Gave::nothing(&asking);
    let mut tally = Tally::default();
    let Gave { allergies, problems, medicines, immunizations, procedures, devices, reports, visits, base, .. } =
        &mut gave;
    let (
        another,
        labs,
        of_allergies,
        of_problems,
        of_medicines,
        of_shots,
        of_procedures,
        of_devices,
        of_visits,
        of_reports,
    ) = tokio::join!(
        any_is_somebody_else(source, ids, whose, deadline, now),
        ask_results(source, ids, whose, deadline, now),
        search_allergies(&asking, allergies),
        asking.search::<kinds::Condition>(SLUG, &[], |row: &rows::Condition<'_>| problems.add(row), |_| {}),
        search_medicines(&asking, medicines, base),
        asking.search::<kinds::Immunization>(SLUG, &[], |row: &rows::Immunization<'_>| immunizations.add(row), |_| {}),
        asking.search::<kinds::Procedure>(SLUG, &[], |row: &rows::Procedure<'_>| procedures.add(row), |_| {}),
        asking.search::<kinds::Device>(SLUG, &[], |row: &rows::Device<'_>| devices.add(row), |_| {}),
        asking.search::<kinds::Encounter>(SLUG, &[], |row: &rows::Encounter<'_>| visits.add(row), |_| {}),
        asking.search::<kinds::DiagnosticReport>(
            SLUG,
            &[],
            |row: &rows::DiagnosticReport<'_>| reports.add(row),
            |_| {}
        ),
    );
    count(&mut tally, Part::Allergies, &of_allergies, gave.allergies.without_id);
    count(&mut tally, Part::Problems, &of_problems, gave.problems.without_id);
    count(&mut tally, Part::Medicines, &of_medicines.0, gave.medicines.without_id);
    if let Some(why) = of_medicines.1 {
        tally.lacks(Part::Medicines, why);
    }
    count(&mut tally, Part::Immunizations, &of_shots, gave.immunizations.without_id);
    count(&mut tally, Part::Procedures, &of_procedures, gave.procedures.without_id);
    count(&mut tally, Part::Devices, &of_devices, gave.devices.without_id);
    count(&mut tally, Part::Encounters, &of_visits, gave.visits.without_id);
    count(&mut tally, Part::Reports, &of_reports, gave.reports.without_id);
    tally.take_in(Part::Results, labs.tally);
    gave.labs = labs.data;
    if another {
        // The link is older than what the hospital now says of this record: nothing of it is this person's.
        tally.disown(&PARTS, gave.entries());
        return Answer { data: Gave::nothing(&asking), tally };
    }
    tally.entries = gave.entries();
    Answer { data: gave, tally }
}

async fn ask_allergies(
    source: &Source,
    ids: &Ids,
    whose: &Compartment,
    deadline: Instant,
    now: Timestamp,
) -> Answer<AllergyRows> {
    let asking = Asking::new(source, ids, whose, deadline, now);
    let (mut rows, mut tally) = (AllergyRows::new(asking.rows()), Tally::default());
    let (another, checked) =
        tokio::join!(any_is_somebody_else(source, ids, whose, deadline, now), search_allergies(&asking, &mut rows),);
    count(&mut tally, Part::Allergies, &checked, rows.without_id);
    tally.entries = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    if another {
        tally.disown(&[Part::Allergies], tally.entries);
        rows = AllergyRows::new(asking.rows());
    }
    Answer { data: rows, tally }
}

async fn search_allergies(asking: &Asking<'_>, rows: &mut AllergyRows) -> Checked {
    let take = |row: &rows::AllergyIntolerance<'_>| rows.add(row);
    asking.search::<kinds::AllergyIntolerance>(SLUG, &[], take, |_| {}).await
}

/// Requests with the medications that they name: included ones, else read one by one. Why some have no name, if so.
async fn search_medicines(
    asking: &Asking<'_>,
    rows: &mut MedicineRows,
    base: &url::Url,
) -> (Checked, Option<&'static str>) {
    let rows = std::sync::Mutex::new(rows);
    let lock = || rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let take = |row: &rows::MedicationRequest<'_>| lock().add(row);
    let beside = |row: &rows::MedicationRequest<'_>| {
        lock().book().included(row.resource_type, row.id, row.code.as_ref(), row.ingredient);
    };
    let checked = asking.search::<kinds::MedicationRequest>(SLUG, &INCLUDE_OF_REQUESTS, take, beside).await;
    let missing = lock().missing(base);
    let add = |id: &str, row: &rows::Medication<'_>| lock().book().add(id, row.code.as_ref(), row.ingredient);
    let why = read_medications(asking, &missing, add).await;
    // A request with words for its medicine lacks nothing.
    (checked, why.filter(|_| lock().has_nameless(base)))
}

pub(super) fn count(tally: &mut Tally, part: Part, checked: &Checked, without_id: u32) {
    for (report, dropped) in &checked.reports {
        tally.add_part(part, report, *dropped);
    }
    if without_id > 0 {
        tally.lacks(part, "why-broken-entry");
    }
}

fn put_together(
    answers: Vec<Gave>,
    sources: Vec<SourceReport>,
    now: Timestamp,
    (reader, book): (Reader<'_>, &MarkBook),
) -> Summary {
    let (mut allergies, mut problems, mut medicines) = (Vec::new(), Vec::new(), Vec::new());
    let (mut shots, mut procedures, mut devices, mut reports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut visits, mut labs) = (Vec::new(), Vec::new());
    for gave in answers {
        allergies.push(gave.allergies);
        problems.push(gave.problems);
        medicines.push((gave.medicines, Some(gave.base)));
        shots.push(gave.immunizations);
        procedures.push(gave.procedures);
        devices.push(gave.devices);
        reports.push(gave.reports);
        visits.push(gave.visits);
        labs.push(gave.labs);
    }
    let mut results = merge(labs).results();
    let held = match release::applies(reader) {
        true => release::hold(&mut results, now),
        false => Vec::new(),
    };
    let critical = match reader {
        Reader::Staff(_) => open_critical(&results, &of_results(book, &results), now),
        Reader::Patient(_) => OpenCritical::default(),
    };
    let (visits, _) = join_visits(visits);
    let (past, visits) = visits.into_iter().partition(|visit| visit.fact.status == "cancelled");
    Summary {
        allergies: join_allergies(allergies, &sources),
        problems: join_problems(problems, &sources),
        medicines: join_medicines(medicines, &sources),
        immunizations: join_immunizations(shots, &sources),
        procedures: join_procedures(procedures, &sources),
        devices: join_devices(devices, &sources),
        results: PartList {
            items: recent_results(&results, now),
            past: Vec::new(),
            silent: silent(&sources, Part::Results),
        },
        encounters: PartList { items: visits, past, silent: silent(&sources, Part::Encounters) },
        reports: join_reports(reports, &sources),
        sources,
        as_of: now,
        held,
        critical,
    }
}

/// Rows shown, for the audit log.
fn items(summary: &Summary) -> usize {
    fn of<T>(part: &PartList<T>) -> usize {
        part.items.len() + part.past.len()
    }
    let allergies = &summary.allergies;
    allergies.items.len()
        + allergies.past.len()
        + allergies.none_known.len()
        + of(&summary.problems)
        + of(&summary.medicines)
        + of(&summary.immunizations)
        + of(&summary.procedures)
        + of(&summary.devices)
        + of(&summary.results)
        + of(&summary.encounters)
        + of(&summary.reports)
}
