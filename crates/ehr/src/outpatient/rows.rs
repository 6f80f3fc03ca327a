//! Visits of one source, and how several sources' become one list.

use std::collections::HashMap;

use fhir::rows::{Condition, Encounter};
use url::Url;

use super::places::{self, Places};
use super::{Note, NoteRow, NoteVisit, Visit, VisitClass, VisitDiagnosis, classify};
use crate::ClinicalTime;
use crate::concept::{Concept, has_code, some_words, status_code, words};
use crate::joined::{Row, RowSource, add_new, event_key, fill, item, join, newest_first};
use crate::sheet::Named;
use crate::summary::{dated, is_problem};

item!(Visit, self, other, {
    fill(&mut self.class_text, &other.class_text);
    fill(&mut self.ended, &other.ended);
    fill(&mut self.hospital, &other.hospital);
    fill(&mut self.department, &other.department);
    fill(&mut self.location, &other.location);
    fill(&mut self.admitted_from, &other.admitted_from);
    fill(&mut self.disposition, &other.disposition);
    add_new(&mut self.places, &other.places);
    add_new(&mut self.attending, &other.attending);
    add_new(&mut self.clinicians, &other.clinicians);
    add_new(&mut self.reasons, &other.reasons);
    for diagnosis in &other.diagnoses {
        add_diagnosis(&mut self.diagnoses, diagnosis.clone());
    }
    add_new(&mut self.notes, &other.notes);
});

/// Visits, diagnoses and notes of one source.
#[derive(Debug)]
pub(crate) struct VisitRows {
    source: RowSource,
    base: Url,
    visits: Vec<Read>,
    /// Diagnoses that were read, by the id of their condition; with the visit that they name.
    conditions: Vec<Diagnosed>,
    notes: Vec<NoteRow>,
    /// Were the words of other resources asked for? Where they were not, what only refers to one says nothing.
    pub names_asked: bool,
    pub without_id: u32,
}

#[derive(Debug)]
struct Diagnosed {
    id: String,
    /// The visit that it names.
    encounter: Option<String>,
    diagnosis: VisitDiagnosis,
    /// What it is by itself, for one of no visit that came; none for a problem, which stands in the summary.
    alone: Option<Row<Visit>>,
}

#[derive(Debug)]
struct Read {
    id: String,
    row: Row<Visit>,
    /// Conditions that the visit names, with their part in it.
    diagnoses: Vec<(String, Option<String>, Option<i64>)>,
    /// People; true for those who answer for the patient.
    people: Vec<(Named, bool)>,
    places: Places,
}

impl VisitRows {
    pub fn new(source: RowSource, base: Url) -> Self {
        Self {
            source,
            base,
            visits: Vec::new(),
            conditions: Vec::new(),
            notes: Vec::new(),
            names_asked: false,
            without_id: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.visits.len()
    }

    pub fn source(&self) -> &RowSource {
        &self.source
    }

    pub fn notes_mut(&mut self) -> &mut Vec<NoteRow> {
        &mut self.notes
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &Encounter<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = row.kind.iter().map(|kind| Concept::read(Some(kind))).find(|concept| !concept.is_empty());
        let concept = concept.unwrap_or_default();
        let (class, class_text) = classify::class(row);
        let period = row.period.unwrap_or_default();
        let time = period.start.and_then(ClinicalTime::parse);
        let Some(fact) = self.source.fact("Encounter", row.id, row.meta, &concept, time, status) else {
            self.without_id += 1;
            return;
        };
        let hospital = display(row.service_provider.and_then(|provider| provider.display));
        let people = row.participant.iter().filter(|one| !is_of_the_patient(one.kind)).map(|one| {
            (Named::read_with(one.individual.as_ref(), row.contained, &self.base), has_code(one.kind, "ATND"))
        });
        let stay = row.hospitalization.get().copied().unwrap_or_default();
        let visit = Visit {
            class,
            class_text,
            ended: period.end.and_then(ClinicalTime::parse),
            department: some_words(row.service_type.as_ref()),
            admitted_from: some_words(stay.admit_source.as_ref()),
            disposition: some_words(stay.discharge_disposition.as_ref()),
            reasons: once(row.reason_code.iter().map(words).filter(|words| !words.is_empty())),
            hospital,
            fact,
            ..Visit::default()
        };
        // The same visit is one at the same hospital, and a hospital nobody names is only its own source's.
        let at = visit.hospital.as_deref().map(patients::search_form);
        let named = if concept.key.is_some() { concept } else { Concept::of_text(class.as_str()) };
        let key =
            at.and_then(|at| event_key(&named, visit.fact.time.as_ref(), &format!("{}|{status}|{at}", class.as_str())));
        let diagnoses = row.diagnosis.iter().filter_map(|one| {
            let id = self.local(one.condition?.reference?, "Condition")?;
            Some((id, some_words(one.usage.as_ref()), one.rank.and_then(|rank| rank.integer())))
        });
        let (diagnoses, people, places) = (diagnoses.collect(), people.collect(), Places::read(row, &self.base));
        let id = row.id.unwrap_or_default().to_owned();
        let row = Row { item: visit, order: self.source.order, key, names: named.names };
        self.visits.push(Read { id, row, diagnoses, people, places });
    }

    /// Takes a condition that has been checked to be the patient's: it counts where a visit names it, or it a visit.
    pub fn condition(&mut self, row: &Condition<'_>) {
        let verification = status_code(row.verification_status.as_ref());
        let (Some(id), false) = (row.id, verification == "entered-in-error") else { return };
        let concept = Concept::read(row.code.as_ref());
        let encounter = row.encounter.and_then(|encounter| encounter.reference);
        let encounter = encounter.and_then(|reference| self.local(reference, "Encounter"));
        let diagnosis = VisitDiagnosis {
            code: concept.code.clone(),
            icd10: concept.icd10.clone(),
            status: status_code(row.clinical_status.as_ref()),
            verification,
            origins: vec![self.source.origin("Condition", id, row.meta)],
            ..VisitDiagnosis::default()
        };
        let alone = if is_problem(row) { None } else { self.alone(row, &concept, &diagnosis) };
        self.conditions.push(Diagnosed { id: id.to_owned(), encounter, diagnosis, alone });
    }

    /// A diagnosis as a visit of which nothing else is known.
    fn alone(&self, row: &Condition<'_>, concept: &Concept, diagnosis: &VisitDiagnosis) -> Option<Row<Visit>> {
        let time = dated(row.onset).0.or_else(|| row.recorded_date.and_then(ClinicalTime::parse));
        let value = format!("{}|{}", diagnosis.status, diagnosis.verification);
        let key = event_key(concept, time.as_ref(), &value);
        let fact = self.source.fact("Condition", row.id, row.meta, concept, time, "")?;
        let item = Visit { diagnoses: vec![diagnosis.clone()], fact, ..Visit::default() };
        Some(Row { item, order: self.source.order, key, names: concept.names.clone() })
    }

    /// Conditions that were taken beside.
    pub fn take_conditions(&mut self, other: Self) {
        self.conditions.extend(other.conditions);
    }

    /// The id that a reference of this source means.
    pub fn local(&self, reference: &str, wanted: &str) -> Option<String> {
        match fhir::Reference::parse(reference, &self.base) {
            fhir::Reference::Local { kind, id, .. } if kind == wanted => Some(id.to_owned()),
            _ => None,
        }
    }

    /// Every place that names another resource, so that its words can be fetched.
    pub fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        for visit in &mut self.visits {
            visit.people.iter_mut().for_each(|(person, _)| each(person));
            visit.places.named(each);
        }
    }

    /// What kind of visit has this id here?
    pub fn class_of(&self, id: &str) -> Option<VisitClass> {
        self.visits.iter().find(|visit| visit.id == id).map(|visit| visit.row.item.class)
    }

    /// What is known of the visits with these ids here.
    pub fn known_of(&self, ids: &[String]) -> NoteVisit {
        let visits = self.visits.iter().filter(|visit| ids.contains(&visit.id));
        let over: Vec<bool> = visits.map(|visit| visit.row.item.is_over()).collect();
        match over.as_slice() {
            [] => NoteVisit::Unknown,
            all if all.contains(&false) => NoteVisit::Open,
            _ => NoteVisit::Over,
        }
    }

    /// Visits with what hangs on them, by their ids at the source.
    pub fn by_id(self) -> HashMap<String, Visit> {
        let ids: Vec<String> = self.visits.iter().map(|visit| visit.id.clone()).collect();
        let (visits, _) = self.put_together();
        ids.into_iter().zip(visits.into_iter().map(|row| row.item)).collect()
    }

    /// Visits with what hangs on them.
    pub fn rows(self) -> Vec<Row<Visit>> {
        self.put_together().0
    }

    /// Visits with what hangs on them, and notes that name no visit.
    fn put_together(self) -> (Vec<Row<Visit>>, Vec<Note>) {
        let place: HashMap<String, usize> =
            self.visits.iter().enumerate().map(|(at, visit)| (visit.id.clone(), at)).collect();
        let mut visits = self.visits;
        visits.iter_mut().for_each(|visit| visit.settle(self.names_asked));
        let mut conditions = self.conditions;
        conditions.sort_by(|a, b| a.id.cmp(&b.id));
        conditions.dedup_by(|a, b| a.id == b.id);
        let mut alone = Vec::new();
        for Diagnosed { id, encounter, diagnosis, alone: by_itself } in conditions {
            let naming = visits.iter().enumerate().filter_map(|(at, visit)| {
                visit.diagnoses.iter().find(|(named, ..)| *named == id).map(|(_, role, rank)| (at, role.clone(), *rank))
            });
            let mut wanted: Vec<(usize, Option<String>, Option<i64>)> = naming.collect();
            if let Some(at) = encounter.and_then(|encounter| place.get(&encounter).copied())
                && !wanted.iter().any(|(known, ..)| *known == at)
            {
                wanted.push((at, None, None));
            }
            if wanted.is_empty() {
                alone.extend(by_itself);
            }
            for (at, role, rank) in wanted {
                let diagnosis = VisitDiagnosis { role, rank, ..diagnosis.clone() };
                add_diagnosis(&mut visits[at].row.item.diagnoses, diagnosis);
            }
        }
        let mut notes = self.notes;
        notes.sort_by(|a, b| (&a.note.time, &a.note.id).cmp(&(&b.note.time, &b.note.id)));
        notes.dedup_by(|a, b| a.note.id == b.note.id);
        let mut loose = Vec::new();
        for note in notes {
            let named: Vec<usize> = note.encounters.iter().filter_map(|id| place.get(id).copied()).collect();
            for at in &named {
                let visit = &mut visits[*at].row.item;
                let known = if visit.is_over() { NoteVisit::Over } else { NoteVisit::Open };
                visit.notes.push(Note { visit: known, ..note.note.clone() });
            }
            // A note that names a visit which did not come still exists.
            if named.is_empty() {
                loose.push(note.note);
            }
        }
        (visits.into_iter().map(|visit| visit.row).chain(alone).collect(), loose)
    }
}

impl Read {
    /// People and places in words.
    fn settle(&mut self, asked: bool) {
        let visit = &mut self.row.item;
        for (person, attends) in &self.people {
            let known = asked || person.pending().is_none();
            let Some(name) = person.words().filter(|_| known).map(str::to_owned) else { continue };
            if *attends {
                add_new(&mut visit.attending, std::slice::from_ref(&name));
            }
            add_new(&mut visit.clinicians, &[name]);
        }
        visit.places = self.places.settled(asked);
        visit.location = places::latest(&visit.places);
    }
}

/// Relatives and the patient take part too, and treat nobody
/// (<https://terminology.hl7.org/CodeSystem-v3-ParticipationType.html>).
fn is_of_the_patient(kind: &[fhir::rows::CodeableConcept<'_>]) -> bool {
    ["ESC", "translator", "emergency"].iter().any(|other| has_code(kind, other))
}

fn display(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    for one in all {
        add_new(&mut kept, &[one]);
    }
    kept
}

/// The same diagnosis of the same standing once, with all its originals.
fn add_diagnosis(all: &mut Vec<VisitDiagnosis>, new: VisitDiagnosis) {
    let same = |known: &&mut VisitDiagnosis| {
        let code = |of: &VisitDiagnosis| of.icd10.clone().unwrap_or_else(|| patients::search_form(&of.code.text));
        (code(known), &known.verification, &known.role) == (code(&new), &new.verification, &new.role)
            && known.status == new.status
    };
    match all.iter_mut().find(same) {
        Some(known) => add_new(&mut known.origins, &new.origins),
        None => all.push(new),
    }
    let rank = |of: &VisitDiagnosis| (of.rank.unwrap_or(i64::MAX), of.code.text.clone());
    all.sort_by_key(rank);
}

/// All sources' visits, newest first and undated last, and the notes that belong to none.
pub(crate) fn join_visits(parts: Vec<VisitRows>) -> (Vec<Visit>, Vec<Note>) {
    let (mut rows, mut loose) = (Vec::new(), Vec::new());
    for part in parts {
        let (visits, notes) = part.put_together();
        rows.extend(visits);
        loose.extend(notes);
    }
    let mut visits: Vec<Visit> = join(rows).into_iter().map(|row| row.item).collect();
    visits.sort_by(|one, other| newest_first(&one.fact, &other.fact));
    loose.sort_by(|one: &Note, other: &Note| other.time.cmp(&one.time).then_with(|| one.id.cmp(&other.id)));
    (visits, loose)
}
