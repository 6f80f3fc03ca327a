//! Whom a clinician treats: by the encounters that hospitals told of, and by departments' lists. What is shown was kept when
//! the hospitals were last asked ([`Charts::read_encounters`]), so that it is there at once, and when none of them answers.

use std::collections::{BTreeMap, HashMap};

use access::{
    Act, EncounterRelation, Event, Object, Outcome, PersonId, Reading, Recognition, RelationKind, StaffContext,
    audit::action,
};
use jiff::{SignedDuration, Timestamp};
use patients::Person;
use serde_json::json;

use super::authorize::is_registration;
use super::demographics::states;
use super::encounters::{Clinician, EncounterRules, MOST_RELATIONS, not_known};
use super::fan_out::unasked;
use super::{Charts, identifiers};
use crate::{EhrError, MaskedIdentifier, SourceReport, SourceState};

/// People of one list; whoever has more looks for them by name.
const MOST_PEOPLE: usize = 300;
/// A row of the audit log stays small.
const SHOWN_IN_AUDIT: usize = 200;

/// How a patient stands with a clinician just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In hospital.
    Inpatient,
    /// Seen lately, here just now, or to come.
    Visit,
    /// On a department's list.
    Listed,
}

impl Standing {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Inpatient, Self::Visit, Self::Listed];

    /// As in JSON and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inpatient => "inpatient",
            Self::Visit => "visit",
            Self::Listed => "listed",
        }
    }
}

/// Why a record is open, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MyRelation {
    /// Encounter or care.
    pub kind: RelationKind,
    /// Hospital that told of it; none of lists.
    pub source: Option<String>,
    /// Id of the `Encounter` there.
    pub encounter: Option<String>,
    /// FHIR status of the encounter, or the key of the list (`list`, `referral`, …).
    pub status: String,
    /// `inpatient`, `outpatient`, `emergency` or `unknown`; none of lists.
    pub class: Option<String>,
    /// Ward and bed, or department, as the hospital writes it; none where the reader may not see it.
    pub place: Option<String>,
    /// When the encounter began, as the hospital wrote it.
    pub started: Option<String>,
    /// Until when; none for care that nobody has ended.
    pub until: Option<Timestamp>,
}

/// Somebody the clinician treats.
#[derive(Clone, Debug)]
pub struct MyPatient {
    /// On every URL about them.
    pub person: PersonId,
    /// Regional index number.
    pub number: String,
    /// As registered.
    pub name: String,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Completed years.
    pub age: Option<i32>,
    /// Masked.
    pub identifiers: Vec<MaskedIdentifier>,
    /// By the first of the relations.
    pub standing: Standing,
    /// Those that count most first.
    pub relations: Vec<MyRelation>,
}

/// A clinician's patients.
#[derive(Clone, Debug)]
pub struct MyPatients {
    /// Inpatients, then visits, newest first, then who is on a list.
    pub items: Vec<MyPatient>,
    /// There are more.
    pub more: bool,
    /// One per configured source. [`SourceState::NotLinked`]: the clinician is not known there.
    pub sources: Vec<SourceReport>,
    /// Sources that are being asked, or are to be asked again.
    pub due: usize,
    /// When this was put together.
    pub as_of: Timestamp,
}

impl MyPatients {
    /// Has every hospital where the clinician is known answered in full? Only then may it be said that there is nobody.
    pub fn complete(&self) -> bool {
        let told = |one: &SourceReport| matches!(one.state, SourceState::Answered | SourceState::NotLinked);
        self.sources.iter().all(told)
    }
}

impl Charts {
    /// Whom `staff` treats, as it was known last: no hospital is asked.
    ///
    /// # Errors
    /// By policy, the database's, and the audit's.
    pub async fn my_patients(
        &self,
        staff: &StaffContext,
        clinician: &Clinician,
        rules: EncounterRules,
        now: Timestamp,
    ) -> Result<MyPatients, EhrError> {
        self.may(staff, &Object::SECTION_RECORD, Act::ReadRecord)?;
        let (relations, subject) = (self.relations(), staff.subject());
        let encounters = relations.encounters(subject, MOST_RELATIONS, now).await?;
        let listed = relations.listed(subject, MOST_RELATIONS, now).await?;
        let mut ids: Vec<PersonId> = Vec::new();
        for id in encounters.iter().map(|one| one.seen.person).chain(listed.iter().map(|(person, ..)| *person)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let more = ids.len() > MOST_PEOPLE;
        ids.truncate(MOST_PEOPLE);
        let mut of: BTreeMap<PersonId, (Person, Vec<MyRelation>)> = BTreeMap::new();
        let mut whose: HashMap<PersonId, PersonId> = HashMap::new();
        for person in self.inner.index.people(&ids).await? {
            whose.extend(person.ids.iter().map(|id| (*id, person.id)));
            of.entry(person.id).or_insert((person, Vec::new()));
        }
        let places = self.may_see_places(staff);
        for one in encounters {
            let Some((person, all)) = whose.get(&one.seen.person).and_then(|id| of.get_mut(id)) else { continue };
            if is_registration(person, &one.seen.source, &one.seen.patient) {
                all.push(by_encounter(one, &places));
            }
        }
        for (person, how, relation) in listed {
            let Some((_, all)) = whose.get(&person).and_then(|id| of.get_mut(id)) else { continue };
            all.push(by_list(how, relation.until));
        }
        let people = of.into_values().filter(|(_, all)| !all.is_empty());
        let mut items: Vec<MyPatient> = people.map(|(person, all)| my_patient(person, all, now)).collect();
        items.sort_by(|one, other| order(one, other, self));
        let (sources, due) = self.asked_about(staff, clinician, rules, now).await?;
        let shown: Vec<String> = items.iter().take(SHOWN_IN_AUDIT).map(|item| item.person.to_string()).collect();
        let detail = json!({ "found": items.len(), "shown": shown, "sources": states(&sources) });
        let event = Event::new(action::MY_PATIENTS_SHOWN, "my-patients", Outcome::Ok).with(detail);
        self.write_down(staff, event, now).await?;
        Ok(MyPatients { items, more, sources, due, as_of: now })
    }

    /// Where a patient is stands in sections of its own.
    fn may_see_places(&self, staff: &StaffContext) -> impl Fn(&str) -> bool + use<> {
        let may = |slug| Object::record(slug).is_some_and(|of| self.may(staff, &of, Act::ReadRecord).is_ok());
        let (inpatient, outpatient) = (may("inpatient"), may("outpatient"));
        move |class| if class == "inpatient" { inpatient } else { outpatient }
    }

    /// What is known of each source without asking it, and how many are to be asked.
    async fn asked_about(
        &self,
        staff: &StaffContext,
        clinician: &Clinician,
        rules: EncounterRules,
        now: Timestamp,
    ) -> Result<(Vec<SourceReport>, usize), EhrError> {
        let practitioners = self.practitioners();
        let readings = practitioners.readings(staff.subject(), now).await?;
        let identities = practitioners.of(staff.subject()).await?;
        let (mut reports, mut due) = (Vec::new(), 0);
        for source in self.inner.catalogue.shared() {
            let mut report = unasked(&source);
            if clinician.known_by.contains_key(&source.id) {
                let reading = readings.iter().find(|reading| reading.source == source.id);
                let waits = reading.is_none_or(|one| one.waiting || now.duration_since(one.asked_at) >= rules.every);
                due += usize::from(waits);
                let identity = identities.iter().find(|one| one.source == source.id);
                tell(&mut report, reading, identity.map(|one| &one.recognition), now);
            } else {
                report.detail = Some("why-staff-no-number".to_owned());
            }
            reports.push(report);
        }
        Ok((reports, due))
    }
}

fn tell(report: &mut SourceReport, reading: Option<&Reading>, recognition: Option<&Recognition>, now: Timestamp) {
    let said = reading.and_then(|reading| reading.state.clone());
    let Some((state, detail)) = said else {
        // Not asked yet, which is no answer.
        (report.state, report.detail) = (SourceState::Unreachable, Some("why-asking".to_owned()));
        return;
    };
    report.state = SourceState::parse(&state).unwrap_or(SourceState::Unreachable);
    report.detail = detail;
    if let (SourceState::NotLinked, Some(recognition)) = (report.state, recognition) {
        report.detail = Some(not_known(recognition).to_owned());
    }
    report.retrieved_at = reading.and_then(|reading| reading.answered_at);
    let age = report.retrieved_at.map(|at| now.duration_since(at).max(SignedDuration::ZERO).as_secs());
    report.age_s = age.and_then(|age| u64::try_from(age).ok());
}

fn by_encounter(one: EncounterRelation, may_see_place: &impl Fn(&str) -> bool) -> MyRelation {
    let seen = one.seen;
    let open = may_see_place(&seen.class);
    MyRelation {
        kind: RelationKind::Encounter,
        source: Some(seen.source),
        encounter: Some(seen.encounter),
        status: seen.status,
        place: seen.place.filter(|_| open),
        class: Some(seen.class),
        started: seen.started,
        until: Some(seen.until),
    }
}

fn by_list(how: String, until: Option<Timestamp>) -> MyRelation {
    MyRelation {
        kind: RelationKind::Care,
        source: None,
        encounter: None,
        status: how,
        class: None,
        place: None,
        started: None,
        until,
    }
}

impl MyRelation {
    /// How the patient stands by this relation.
    pub fn standing(&self) -> Standing {
        let here = matches!(self.status.as_str(), "arrived" | "triaged" | "in-progress" | "onleave");
        match (self.kind, self.class.as_deref()) {
            (RelationKind::Encounter, Some("inpatient")) if here => Standing::Inpatient,
            (RelationKind::Encounter, _) => Standing::Visit,
            _ => Standing::Listed,
        }
    }

    /// Seconds of the Unix epoch.
    fn began(&self) -> Option<i64> {
        Some(crate::ClinicalTime::parse(self.started.as_deref()?)?.epoch_seconds())
    }
}

fn my_patient(person: Person, mut relations: Vec<MyRelation>, now: Timestamp) -> MyPatient {
    let newest = |one: &MyRelation| std::cmp::Reverse(one.began());
    relations.sort_by_key(|one| (one.standing(), newest(one), one.source.clone(), one.encounter.clone()));
    MyPatient {
        person: person.id,
        age: crate::age::years(person.birth_date.as_deref(), now),
        identifiers: identifiers(&person),
        standing: relations.first().map_or(Standing::Listed, MyRelation::standing),
        number: person.number,
        name: person.name,
        sex: person.sex,
        birth_date: person.birth_date,
        relations,
    }
}

/// Inpatients as one walks through the wards; visits newest first; lists by name.
fn order(one: &MyPatient, other: &MyPatient, charts: &Charts) -> std::cmp::Ordering {
    let first = |of: &MyPatient| of.relations.first().cloned();
    let place = |of: &MyPatient| {
        let relation = first(of)?;
        let mark = charts.inner.catalogue.named(relation.source.as_deref()?)?.mark;
        Some((mark, relation.place))
    };
    let seconds = |of: &MyPatient| first(of).and_then(|relation| relation.began());
    let within = match one.standing {
        Standing::Inpatient => place(one).cmp(&place(other)),
        Standing::Visit => seconds(other).cmp(&seconds(one)),
        Standing::Listed => std::cmp::Ordering::Equal,
    };
    let name = |of: &MyPatient| (of.name.clone(), of.number.clone());
    one.standing.cmp(&other.standing).then(within).then_with(|| name(one).cmp(&name(other)))
}
