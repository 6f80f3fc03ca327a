//! Reading a clinician's encounters at the hospitals that know them, and keeping the relations they are evidence of.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use access::{
    Act, Domain, EncounterRelation, EncounterSeen, Event, KnownAs, Object, Outcome, PersonId, Practitioners,
    Recognition, StaffContext, SubjectId, SystemContext, audit::action,
};
use fhir::{Cause, DayPrefix, Limits, Outcome as Answered, Query, kinds, rows};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sources::Source;
use tokio::time::Instant;

use super::fan_out::{Answer, Ids, Tally, state};
use super::registered::Registered;
use super::{Charts, practitioners};
use crate::caring::{Attended, Lasts, attended};
use crate::{EhrError, SourceReport, SourceState};

/// A clinician has some dozens of patients in a month; a department under one name, hundreds.
const LIMITS: Limits = Limits { pages: 10, entries: 1_000 };
/// Who somebody is at a hospital is asked again after this: people leave, and numbers are corrected.
const RECOGNISED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Patients whom nobody has looked for yet are read one by one, together no longer than this.
const LOOKING: Duration = Duration::from_secs(20);
/// Relations that were not in an answer are looked at by themselves; more wait for the next time.
const LOOKED_AT: usize = 32;
/// Relations of one clinician that are compared with an answer.
pub(super) const MOST_RELATIONS: u64 = 2_000;

/// A member of staff as the directory describes them.
#[derive(Clone, Debug)]
pub struct Clinician {
    /// What the directory calls them; hospitals' names are compared with these.
    pub names: Vec<String>,
    /// Source id → `system|value` or the source's own id of the `Practitioner`.
    pub known_by: BTreeMap<String, String>,
}

/// `[relations]` of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct EncounterRules {
    /// How long after its end an encounter still makes a relation: letters, late results, questions.
    pub after: SignedDuration,
    /// No hospital is asked about one clinician more often.
    pub every: SignedDuration,
}

/// What one source said.
struct Asked {
    source: String,
    /// `None` when the source did not say who they are there; and was it asked now?
    recognition: Option<(Recognition, bool)>,
    attended: Vec<Attended>,
}

impl Charts {
    /// Who of the staff is who at the hospitals.
    pub fn practitioners(&self) -> Practitioners {
        Practitioners::new(self.inner.store.clone(), self.inner.audit.clone())
    }

    /// Asks the hospitals that were not asked for `rules.every` whom `staff` treats, and keeps what is evident. When
    /// somebody asks already, waits for what comes of it. A hospital that does not answer changes nothing.
    ///
    /// # Errors
    /// By policy, the database's, and the audit's.
    pub async fn read_encounters(
        &self,
        staff: &StaffContext,
        clinician: &Clinician,
        rules: EncounterRules,
        now: Timestamp,
    ) -> Result<(), EhrError> {
        self.may(staff, &Object::SECTION_RECORD, Act::ReadRecord)?;
        let turn = self.turn_of(staff.subject());
        let _turn = turn.lock().await;
        let practitioners = self.practitioners();
        let mut due: BTreeMap<String, String> = BTreeMap::new();
        for (source, token) in &clinician.known_by {
            let known = self.inner.catalogue.get(source).is_some();
            if known && practitioners.claim(staff.subject(), source, rules.every, now).await? {
                due.insert(source.clone(), token.clone());
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let system = SystemContext::new("encounters", Domain::Internal);
        let asked: Vec<&String> = due.keys().collect();
        let detail = json!({ "staff": staff.subject().as_str(), "sources": asked });
        let event = |outcome| Event::new(action::ENCOUNTERS_READ, "encounters", outcome);
        self.write_down(&system, event(Outcome::Intent).with(detail), now).await?;
        let (answers, mut reports) = self.ask_for_encounters(staff, clinician, &due, rules, now).await?;
        let reading =
            Reading { charts: self, system, staff: staff.subject(), rules, now, limit: Instant::now() + LOOKING };
        for asked in answers {
            let (Some(report), Some(token)) =
                (reports.iter_mut().find(|report| report.id == asked.source), due.get(&asked.source))
            else {
                continue;
            };
            reading.keep(asked, token, report).await?;
        }
        let mut told = serde_json::Map::new();
        for report in reports.iter().filter(|report| due.contains_key(&report.id)) {
            let answered = report.state == SourceState::Answered;
            let state = (report.state.as_str(), report.detail.as_deref());
            practitioners.settle(staff.subject(), &report.id, state, answered, now).await?;
            told.insert(report.id.clone(), json!(report.state));
        }
        let detail = json!({ "staff": staff.subject().as_str(), "sources": told });
        self.write_down(&reading.system, event(Outcome::Ok).with(detail), now).await
    }

    /// Who somebody is at `source`, asked now and kept nowhere: for those who set the directory up. `None` when there is no
    /// such source; the state of a source that did not say.
    pub async fn recognise(
        &self,
        source: &str,
        token: &str,
        clinician: &Clinician,
        now: Timestamp,
    ) -> Option<Result<Recognition, SourceState>> {
        let source = self.inner.catalogue.get(source)?;
        let deadline = Instant::now() + source.timeout;
        let found = practitioners::recognise(&source, token, clinician, deadline, now).await;
        Some(found.map_err(|report| state(report.outcome)))
    }

    /// One reading of each clinician at a time, in this process; others wait for it.
    fn turn_of(&self, staff: &SubjectId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(staff.clone()).or_default().clone()
    }

    async fn ask_for_encounters(
        &self,
        staff: &StaffContext,
        clinician: &Clinician,
        due: &BTreeMap<String, String>,
        rules: EncounterRules,
        now: Timestamp,
    ) -> Result<(Vec<Asked>, Vec<SourceReport>), EhrError> {
        let mut known: BTreeMap<String, KnownAs> = BTreeMap::new();
        for identity in self.practitioners().of(staff.subject()).await? {
            let fresh = now.duration_since(identity.checked_at) < RECOGNISED_FOR;
            if let Recognition::Known(who) = identity.recognition
                && fresh
                && due.get(&identity.source) == Some(&identity.token)
            {
                known.insert(identity.source, who);
            }
        }
        let (clinician, tokens) = (Arc::new(clinician.clone()), Arc::new(due.clone()));
        let wanted = |source: &Source| due.contains_key(&source.id).then(Ids::default);
        let asked = self.ask_each(wanted, now, move |source, _, deadline| {
            let (clinician, tokens, known) = (clinician.clone(), tokens.clone(), known.get(&source.id).cloned());
            async move {
                let token = tokens.get(&source.id).map(String::as_str).unwrap_or_default();
                ask(&source, token, known, &clinician, rules, (deadline, now)).await
            }
        });
        Ok(asked.await)
    }
}

/// Asks one source who they are, and for their encounters.
async fn ask(
    source: &Source,
    token: &str,
    known: Option<KnownAs>,
    clinician: &Clinician,
    rules: EncounterRules,
    (deadline, now): (Instant, Timestamp),
) -> Answer<Asked> {
    let mut tally = Tally::default();
    let mut asked = Asked { source: source.id.clone(), recognition: None, attended: Vec::new() };
    let (recognition, fresh) = match known {
        Some(known) => (Recognition::Known(known), false),
        None => match practitioners::recognise(source, token, clinician, deadline, now).await {
            Ok(recognition) => (recognition, true),
            Err(report) => {
                tally.add(&report);
                return Answer { data: asked, tally };
            }
        },
    };
    match recognition.known() {
        None => tally.says(SourceState::NotLinked, not_known(&recognition)),
        Some(_) if source.client.platform().no_encounters_of_staff.is_some() => {
            tally.says(SourceState::Unsupported, "why-encounters-of-staff");
        }
        Some(who) => asked.attended = encounters(source, who, rules, (deadline, now), &mut tally).await,
    }
    asked.recognition = Some((recognition, fresh));
    Answer { data: asked, tally }
}

/// What goes on or is planned, and what was lately. A status is never left out (FHIR: 1..1), so that filter can be believed;
/// a stay that goes on may have begun long ago, and servers differ in what a date then finds.
async fn encounters(
    source: &Source,
    who: &KnownAs,
    rules: EncounterRules,
    (deadline, now): (Instant, Timestamp),
    tally: &mut Tally,
) -> Vec<Attended> {
    let base = source.client.base().clone();
    let roles = who.roles.iter().map(|role| format!(",PractitionerRole/{role}"));
    let names: String = std::iter::once(format!("Practitioner/{}", who.practitioner)).chain(roles).collect();
    let since = (now - rules.after - SignedDuration::from_hours(24)).to_string();
    let day = since.get(..10).unwrap_or_default();
    let (date, lately) = source.client.platform().by_day("date", DayPrefix::NotBefore, day);
    let going_on = ("status".to_owned(), "planned,arrived,triaged,in-progress,onleave".to_owned());
    let mut found: BTreeMap<String, Attended> = BTreeMap::new();
    for (name, value) in [going_on, (date, lately)] {
        let mut dropped = 0;
        let mut take = |entry: fhir::Entry<'_, rows::Encounter<'_>>| {
            if entry.row.resource_type != Some("Encounter") {
                return;
            }
            match attended(&entry.row, who, &base, now, rules.after) {
                Some(one) => drop(found.insert(one.encounter.clone(), one)),
                // Somebody else's, or a patient's whom this hospital can't have: no evidence of anything.
                None => dropped += 1,
            }
        };
        let query = Query::new().with("participant", names.as_str()).with(name, value);
        let report = source.search::<kinds::Encounter>(&query, &LIMITS, deadline, now, &mut take).await;
        tally.add(&report);
        tally.dropped += dropped;
    }
    tally.entries = u32::try_from(found.len()).unwrap_or(u32::MAX);
    found.into_values().collect()
}

/// Why nobody is asked for, as a message key of the ledger.
pub(super) fn not_known(recognition: &Recognition) -> &'static str {
    match recognition {
        Recognition::Known(_) => "why-staff-known",
        Recognition::Unknown => "why-staff-unknown",
        Recognition::Ambiguous => "why-staff-ambiguous",
        Recognition::NameDiffers => "why-staff-name-differs",
        Recognition::Inactive => "why-staff-inactive",
        Recognition::Shared => "why-staff-shared",
    }
}

/// Keeping what the sources said of one clinician.
struct Reading<'r> {
    charts: &'r Charts,
    system: SystemContext,
    staff: &'r SubjectId,
    rules: EncounterRules,
    now: Timestamp,
    /// For looking at patients whom nobody has looked for yet.
    limit: Instant,
}

/// Whose an encounter's patient is.
enum Whose {
    Person(PersonId),
    /// The hospital has no such patient.
    Nobody,
    /// It has not said.
    Unsaid,
}

impl Reading<'_> {
    async fn keep(&self, asked: Asked, token: &str, report: &mut SourceReport) -> Result<(), EhrError> {
        let Some((mut recognition, fresh)) = asked.recognition else { return Ok(()) };
        let (practitioners, source) = (self.charts.practitioners(), asked.source.as_str());
        if fresh {
            let system = &self.system;
            let kept = practitioners.recognise(system, self.staff, source, token, recognition, self.now);
            recognition = kept.await?;
        }
        let all = self.charts.relations().encounters(self.staff, MOST_RELATIONS, self.now).await?;
        let standing: Vec<EncounterRelation> = all.into_iter().filter(|one| one.seen.source == source).collect();
        let Some(who) = recognition.known() else {
            // Whoever is not certainly known there has no encounters there either.
            for one in standing {
                self.write(EncounterSeen { until: self.now, ..one.seen }).await?;
            }
            (report.state, report.detail) = (SourceState::NotLinked, Some(not_known(&recognition).to_owned()));
            return Ok(());
        };
        let mut left = false;
        for one in &asked.attended {
            let before = standing.iter().find(|other| other.seen.encounter == one.encounter);
            left |= !self.take(source, who, one, before).await?;
        }
        // Whatever is missing in an answer, each of these is asked for by itself.
        if matches!(report.state, SourceState::Answered | SourceState::Partial) {
            let gone = |one: &&EncounterRelation| !asked.attended.iter().any(|it| it.encounter == one.seen.encounter);
            for one in standing.iter().filter(gone).take(LOOKED_AT) {
                self.look_at(source, who, one).await?;
            }
            if left {
                (report.state, report.detail) = (SourceState::Partial, Some(Cause::Timeout.key().to_owned()));
            }
        }
        Ok(())
    }

    /// Keeps one encounter; false when it could not be said whose patient it is.
    async fn take(
        &self,
        source: &str,
        who: &KnownAs,
        one: &Attended,
        before: Option<&EncounterRelation>,
    ) -> Result<bool, EhrError> {
        let until = match (one.lasts, before) {
            (Lasts::Until(until), _) => until,
            (Lasts::AsItStands, Some(before)) => before.seen.until,
            (Lasts::No, Some(_)) => self.now,
            (Lasts::AsItStands | Lasts::No, None) => return Ok(true),
        };
        let person = match (self.whose(source, one, before).await?, before) {
            (Whose::Person(person), _) => person,
            (Whose::Unsaid, Some(before)) if until <= self.now => before.seen.person,
            (Whose::Unsaid, _) => return Ok(false),
            (Whose::Nobody, Some(before)) => {
                self.write(EncounterSeen { until: self.now, ..before.seen.clone() }).await?;
                return Ok(true);
            }
            (Whose::Nobody, None) => return Ok(true),
        };
        self.write(EncounterSeen {
            source: source.to_owned(),
            encounter: one.encounter.clone(),
            patient: one.patient.clone(),
            person,
            practitioner: who.practitioner.clone(),
            status: one.status.to_owned(),
            class: one.class.as_str().to_owned(),
            place: one.place.clone(),
            started: one.started.clone(),
            until,
        })
        .await?;
        Ok(true)
    }

    /// The person whose record the hospital keeps under the patient's id: by the index alone, never by what an encounter
    /// says of them. A relation that stands with that very person needs no second look.
    async fn whose(&self, source: &str, one: &Attended, before: Option<&EncounterRelation>) -> Result<Whose, EhrError> {
        if let Some(before) = before.filter(|before| before.seen.patient == one.patient)
            && self.charts.inner.index.linked_to(source, &one.patient).await? == Some(before.seen.person)
        {
            return Ok(Whose::Person(before.seen.person));
        }
        let Some(hospital) = self.charts.inner.catalogue.get(source) else { return Ok(Whose::Unsaid) };
        let registered = self.charts.registered(&self.system, &hospital, &one.patient, self.now);
        Ok(match tokio::time::timeout_at(self.limit, registered).await {
            Ok(registered) => match registered? {
                Registered::Person(person) => Whose::Person(person),
                Registered::Nobody => Whose::Nobody,
                Registered::Silent => Whose::Unsaid,
            },
            Err(_) => Whose::Unsaid,
        })
    }

    /// A relation whose encounter did not come: it is asked for by itself. Gone, or no longer theirs, it ends.
    async fn look_at(&self, source: &str, who: &KnownAs, relation: &EncounterRelation) -> Result<(), EhrError> {
        let Some(hospital) = self.charts.inner.catalogue.get(source) else { return Ok(()) };
        let base = hospital.client.base().clone();
        let mut found = None;
        let mut take = |entry: fhir::Entry<'_, rows::Encounter<'_>>| {
            let same =
                entry.row.resource_type == Some("Encounter") && entry.row.id == Some(relation.seen.encounter.as_str());
            if same {
                found = attended(&entry.row, who, &base, self.now, self.rules.after);
            }
        };
        let deadline = self.limit.min(Instant::now() + hospital.timeout);
        let id = &relation.seen.encounter;
        let report = hospital.read::<kinds::Encounter>(id, deadline, self.now, &mut take).await;
        match (found, report.outcome) {
            (Some(one), _) => drop(self.take(source, who, &one, Some(relation)).await?),
            (None, Answered::Answered) => {
                self.write(EncounterSeen { until: self.now, ..relation.seen.clone() }).await?;
            }
            (None, _) => {}
        }
        Ok(())
    }

    async fn write(&self, seen: EncounterSeen) -> Result<(), EhrError> {
        self.charts.relations().keep_encounter(&self.system, self.staff, seen, self.now).await?;
        Ok(())
    }
}
