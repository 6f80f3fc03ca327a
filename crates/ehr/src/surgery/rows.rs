//! Procedures, notes and ASA classes of one source, and which belongs to which.

use fhir::rows::{DocumentReference, EventPerformer, Observation, Procedure, ResourceReference, Value, When};

use super::{SurgeryFields, TeamMember, anaesthesia, is_done};
use crate::compartment::Compartment;
use crate::concept::{Concept, first_words, said_form, some_words, words};
use crate::joined::event_key;
use crate::note_kind::{NoteKind, note_kind};
use crate::outpatient::{NoteRow, visit_id};
use crate::sheet::{Named, SheetRows, Span};
use crate::succession::Links;
use crate::summary::dated;
use crate::{ClinicalTime, Entry, Note, Part};

/// What of one source a section of operations is made of.
#[derive(Debug)]
pub(crate) struct Operations {
    sheet: SheetRows<SurgeryFields>,
    /// One for each of the sheet's procedures, in their order.
    ties: Vec<Ties>,
    notes: Vec<(NoteRow, Ties)>,
    /// ASA classes that were observed.
    classes: Vec<(Entry<SurgeryFields>, Concept, Ties)>,
    links: Links,
}

/// What a resource hangs on: ids at the same source.
#[derive(Clone, Debug, Default)]
struct Ties {
    id: String,
    encounters: Vec<String>,
    /// Procedures that it is a part of or is about.
    procedures: Vec<String>,
    /// Documents that it names.
    documents: Vec<String>,
    /// It is an anaesthesia, not an operation.
    anaesthesia: bool,
    done: bool,
}

impl Operations {
    pub fn new(sheet: SheetRows<SurgeryFields>) -> Self {
        Self { sheet, ties: Vec::new(), notes: Vec::new(), classes: Vec::new(), links: Links::default() }
    }

    /// Takes a procedure that has been checked to be the patient's.
    pub fn procedure(&mut self, row: &Procedure<'_>) {
        let before = self.sheet.rows.len();
        self.sheet.procedure(row);
        if self.sheet.rows.len() > before {
            let concept = row.code.unwrap_or_default();
            self.ties.push(Ties {
                id: row.id.unwrap_or_default().to_owned(),
                encounters: self.local(row.encounter.as_slice(), "Encounter"),
                procedures: self.local(row.part_of, "Procedure"),
                documents: self.local(row.report, "DocumentReference"),
                anaesthesia: anaesthesia::is_anaesthesia(&concept)
                    || row.category.as_ref().is_some_and(anaesthesia::is_anaesthesia),
                done: is_done(row.status.unwrap_or_default()),
            });
        }
    }

    /// Takes a document that has been checked to be the patient's, if it is an operation's or an anaesthesia's.
    pub fn document(&mut self, row: &DocumentReference<'_>, whose: &Compartment) {
        self.links.document(row, whose.base());
        if note_kind(row) != Some(NoteKind::Operation) {
            return;
        }
        let ties = Ties {
            id: row.id.unwrap_or_default().to_owned(),
            encounters: row.context.get().map(|context| self.local(context.encounter, "Encounter")).unwrap_or_default(),
            procedures: row.context.get().map(|context| self.local(context.related, "Procedure")).unwrap_or_default(),
            ..Ties::default()
        };
        let read = NoteRow::read(row, &self.sheet.source, whose, |reference| visit_id(reference, whose.base()));
        self.notes.extend(read.map(|note| (note, ties)));
    }

    /// Takes an observation that has been checked to be the patient's, if it is of the ASA class.
    pub fn observation(&mut self, row: &Observation<'_>) {
        let status = row.status.unwrap_or_default();
        if !anaesthesia::is_asa_observation(row) || matches!(status, "entered-in-error" | "cancelled") {
            return;
        }
        let said = match row.value {
            Some(Value::CodeableConcept(concept)) => some_words(Some(&concept)),
            value => crate::labs::measured(value, &[], &[]).value.map(|value| value.text),
        };
        let concept = Concept::read(row.code.as_ref());
        let time = row.effective.and_then(fhir::rows::Effective::start).or(row.issued).and_then(ClinicalTime::parse);
        let Some(fact) = self.sheet.source.fact("Observation", row.id, row.meta, &concept, time, status) else {
            return self.sheet.push(Part::Findings, None, None, Vec::new(), SurgeryFields::default());
        };
        let ties = Ties {
            encounters: self.local(row.encounter.as_slice(), "Encounter"),
            procedures: self.local(row.part_of, "Procedure"),
            ..Ties::default()
        };
        self.classes.push((
            Entry { fact, fields: SurgeryFields { asa: said, ..SurgeryFields::default() } },
            concept,
            ties,
        ));
    }

    /// Takes in what the other searches of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.sheet.take_in(other.sheet);
        self.ties.extend(other.ties);
        self.notes.extend(other.notes);
        self.classes.extend(other.classes);
        self.links.take_in(other.links);
    }

    /// The notes, whose texts may still have to be fetched: they come back in [`Operations::put_together`].
    pub fn notes(&mut self) -> Vec<NoteRow> {
        let mut notes: Vec<NoteRow> = self.notes.iter().map(|(note, _)| note.clone()).collect();
        std::mem::take(&mut self.links).told(&self.sheet.source.id).tell(&mut notes);
        notes
    }

    /// One sheet: what belongs to one operation hangs on it, everything else stands by itself.
    pub fn put_together(mut self, notes: Vec<NoteRow>) -> SheetRows<SurgeryFields> {
        self.name_anaesthesia();
        for (entry, concept, ties) in std::mem::take(&mut self.classes) {
            let place = self.operation_of(&ties).filter(|at| {
                let own = self.sheet.rows[*at].item.fields.asa.as_deref().map(anaesthesia::grade);
                own.is_none() || own == entry.fields.asa.as_deref().map(anaesthesia::grade)
            });
            match place {
                Some(at) => {
                    let own = &mut self.sheet.rows[at].item;
                    crate::joined::fill(&mut own.fields.asa, &entry.fields.asa);
                    own.fact.origins.extend(entry.fact.origins);
                }
                None => {
                    let said = entry.fields.asa.as_deref().map(anaesthesia::grade).unwrap_or_default();
                    let key = event_key(&concept, entry.fact.time.as_ref(), &said);
                    self.sheet.push(Part::Findings, Some(entry.fact), key, concept.names, entry.fields);
                }
            }
        }
        let ties: Vec<(String, Ties)> =
            std::mem::take(&mut self.notes).into_iter().map(|(row, ties)| (row.note.id, ties)).collect();
        for NoteRow { note, .. } in notes {
            let ties = ties.iter().find(|(id, _)| *id == note.id).map(|(_, ties)| ties.clone()).unwrap_or_default();
            match self.operation_of(&ties) {
                Some(at) => crate::joined::add_new(&mut self.sheet.rows[at].item.fields.notes, &[note]),
                None => self.by_itself(note),
            }
        }
        self.sheet
    }

    /// The operation that something belongs to: the one it names or that names it, else the only one of its visit.
    fn operation_of(&self, of: &Ties) -> Option<usize> {
        let named =
            |tie: &Ties| of.procedures.contains(&tie.id) || (!of.id.is_empty() && tie.documents.contains(&of.id));
        if let Some(at) = self.ties.iter().position(named) {
            return Some(at);
        }
        let mut same = self.ties.iter().enumerate().filter(|(_, tie)| {
            tie.done && !tie.anaesthesia && tie.encounters.iter().any(|one| of.encounters.contains(one))
        });
        let (at, tie) = same.next()?;
        // Of two operations of one stay nobody says which: it stands by itself.
        same.all(|(_, other)| other.id == tie.id).then_some(at)
    }

    /// An anaesthesia that is a procedure of its own names how the operation was done that it is a part of.
    fn name_anaesthesia(&mut self) {
        let of = |(at, tie): (usize, &Ties)| {
            let operation = self.ties.iter().position(|other| tie.procedures.contains(&other.id))?;
            (tie.anaesthesia && tie.done).then(|| (operation, self.sheet.rows[at].item.fact.code.text.clone()))
        };
        let named: Vec<(usize, String)> = self.ties.iter().enumerate().filter_map(of).collect();
        for (operation, method) in named {
            crate::joined::add_new(&mut self.sheet.rows[operation].item.fields.anaesthesia, &[method]);
        }
    }

    fn by_itself(&mut self, note: Note) {
        let code = crate::labs::Code { text: note.title.clone(), codings: Vec::new() };
        let fact = crate::Fact {
            id: note.id.clone(),
            kind: "DocumentReference",
            code,
            time: note.time.clone(),
            status: note.status.clone().unwrap_or_default(),
            origins: vec![note.origin.clone()],
            conflict: Vec::new(),
        };
        let fields = SurgeryFields { notes: vec![note], ..SurgeryFields::default() };
        self.sheet.push(Part::Notes, Some(fact), None, Vec::new(), fields);
    }

    fn local(&self, references: &[ResourceReference<'_>], wanted: &str) -> Vec<String> {
        let id =
            |reference: &ResourceReference<'_>| match fhir::Reference::parse(reference.reference?, &self.sheet.base) {
                fhir::Reference::Local { kind, id, .. } if kind == wanted => Some(id.to_owned()),
                _ => None,
            };
        references.iter().filter_map(id).collect()
    }
}

impl SheetRows<SurgeryFields> {
    /// Takes a resource that has been checked to be the patient's.
    pub fn procedure(&mut self, row: &Procedure<'_>) {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let (time, performed_text) = dated(row.performed);
        let body_site = first_words(row.body_site);
        let site = body_site.as_deref().map(said_form).unwrap_or_default();
        let key = event_key(&concept, time.as_ref(), &format!("{}|{site}", is_done(status)));
        let fact = self.source.fact("Procedure", row.id, row.meta, &concept, time, status);
        let fields = self.fields(row, performed_text, body_site);
        self.push(Part::Procedures, fact, key, concept.names, fields);
    }

    fn fields(&self, row: &Procedure<'_>, performed_text: Option<String>, body_site: Option<String>) -> SurgeryFields {
        let member = |performer: &EventPerformer<'_>| TeamMember {
            name: Named::read_with(performer.actor.as_ref(), row.contained, &self.base),
            function: some_words(performer.function.as_ref()),
        };
        let all = |concepts: &[fhir::rows::CodeableConcept<'_>]| -> Vec<String> {
            concepts.iter().map(words).filter(|words| !words.is_empty()).collect()
        };
        let remarks = row.note.iter().filter_map(|note| note.text).map(str::trim);
        SurgeryFields {
            performed: match row.performed {
                Some(When::Period(period)) => Span::read(Some(period)),
                Some(When::DateTime(text)) => {
                    ClinicalTime::parse(text).map(|start| Span { start: Some(start), end: None })
                }
                _ => None,
            },
            performed_text,
            team: row.performer.iter().map(member).filter(|member| !member.name.is_empty()).collect(),
            anaesthesia: anaesthesia::methods(row),
            asa: anaesthesia::asa(row),
            reasons: all(row.reason_code),
            body_site,
            location: Named::read_with(row.location.as_ref(), row.contained, &self.base),
            category: some_words(row.category.as_ref()),
            outcome: some_words(row.outcome.as_ref()),
            complications: all(row.complication),
            status_reason: some_words(row.status_reason.as_ref()),
            used: row.used_code.iter().filter(|used| !anaesthesia::is_anaesthesia(used)).map(words).collect(),
            remarks: remarks
                .filter(|text| !text.is_empty() && !anaesthesia::is_method(text))
                .map(str::to_owned)
                .collect(),
            notes: Vec::new(),
        }
    }
}
