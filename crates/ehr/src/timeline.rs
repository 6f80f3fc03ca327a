//! 就诊时间线: visits, procedures, reports, vaccinations and notes of all sources in one line, each with where it is read
//! in full.

use fhir::rows::{DiagnosticReport, Effective, Immunization, Procedure};

use crate::compartment::Compartment;
use crate::concept::Concept;
use crate::exam_reports::ExamReportFields;
use crate::joined::{Row, event_key};
use crate::outpatient::{NoteRow, Visit, VisitRows};
use crate::personal_record::PersonalFields;
use crate::sheet::{Fields, SheetRows};
use crate::succession::Links;
use crate::summary::is_laboratory_report;
use crate::surgery::SurgeryFields;
use crate::{ClinicalTime, Entry, Fact, Part, Section, VisitClass};

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MomentKind {
    /// 就诊与住院
    #[default]
    Visit,
    /// 手术与操作
    Procedure,
    /// 报告
    Report,
    /// 疫苗接种
    Immunization,
    /// 病历文书
    Note,
}

impl MomentKind {
    /// Every kind, in the order of the filter.
    pub const ALL: [Self; 5] = [Self::Visit, Self::Procedure, Self::Report, Self::Immunization, Self::Note];

    /// As in URLs and message keys (`moment-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Procedure => "procedure",
            Self::Report => "report",
            Self::Immunization => "immunization",
            Self::Note => "note",
        }
    }

    /// From a URL.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What the line says of a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// What happened.
    pub kind: MomentKind,
    /// Where it is read in full.
    pub section: Section,
    /// Id of the fact in that section that it is or hangs on.
    pub at: String,
    /// Of visits: what kind.
    pub class: VisitClass,
    /// Of visits: the source's own words for it.
    pub class_text: Option<String>,
    /// When it ended.
    pub ended: Option<ClinicalTime>,
    /// Hospital and department, as far as said.
    pub place: Vec<String>,
    /// Reasons, conclusions, doses: in the source's words.
    pub text: Vec<String>,
    /// What other originals of it may say differently, in a form that can be compared.
    pub stated: Vec<Option<String>>,
    /// Of notes: a newer one stands in its place.
    pub superseded: bool,
}

impl Default for Moment {
    fn default() -> Self {
        Self {
            kind: MomentKind::default(),
            section: Section::Outpatient,
            at: String::new(),
            class: VisitClass::default(),
            class_text: None,
            ended: None,
            place: Vec::new(),
            text: Vec::new(),
            stated: Vec::new(),
            superseded: false,
        }
    }
}

impl Fields for Moment {
    fn fill(&mut self, other: &Self) {
        crate::joined::fill(&mut self.class_text, &other.class_text);
        crate::joined::fill(&mut self.ended, &other.ended);
        crate::joined::add_new(&mut self.place, &other.place);
        crate::joined::add_new(&mut self.text, &other.text);
    }

    fn stated(&self) -> Vec<Option<String>> {
        self.stated.clone()
    }
}

/// Everything of one source, on its way. Facts are read as their own sections read them, so that they have the same ids.
#[derive(Debug)]
pub(crate) struct Moments {
    sheet: SheetRows<Moment>,
    visits: VisitRows,
    procedures: SheetRows<SurgeryFields>,
    reports: SheetRows<ExamReportFields>,
    vaccinations: SheetRows<PersonalFields>,
    notes: Vec<(NoteRow, Option<Section>)>,
    links: Links,
}

impl Moments {
    pub fn new(sheet: SheetRows<Moment>) -> Self {
        let (source, base) = (sheet.source.clone(), sheet.base.clone());
        Self {
            visits: VisitRows::new(source.clone(), base.clone()),
            procedures: SheetRows::new(source.clone(), base.clone()),
            reports: SheetRows::new(source.clone(), base.clone()),
            vaccinations: SheetRows::new(source, base),
            notes: Vec::new(),
            links: Links::default(),
            sheet,
        }
    }

    pub fn visit(&mut self, row: &fhir::rows::Encounter<'_>) {
        self.visits.add(row);
    }

    pub fn procedure(&mut self, row: &Procedure<'_>) {
        self.procedures.procedure(row);
    }

    pub fn vaccination(&mut self, row: &Immunization<'_>) {
        self.vaccinations.vaccination(row);
    }

    pub fn report(&mut self, row: &DiagnosticReport<'_>, whose: &Compartment) {
        if !is_laboratory_report(row) {
            self.reports.exam_report(row, whose);
            return;
        }
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" {
            return;
        }
        let concept = Concept::read(row.code.as_ref());
        let time = row.effective.and_then(Effective::start).or(row.issued).and_then(ClinicalTime::parse);
        let key = event_key(&concept, time.as_ref(), status);
        let fact = self.sheet.source.fact("DiagnosticReport", row.id, row.meta, &concept, time, status);
        let moment = Moment {
            kind: MomentKind::Report,
            section: Section::LabResults,
            text: row
                .conclusion
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect(),
            ..Moment::default()
        };
        self.sheet.push(Part::Reports, fact, key, concept.names, moment);
    }

    pub fn note(&mut self, row: &fhir::rows::DocumentReference<'_>, whose: &Compartment) {
        use crate::note_kind::{NoteKind, note_kind};
        let section = note_kind(row).map(|kind| match kind {
            NoteKind::Operation => Section::Surgery,
            NoteKind::Nursing => Section::Nursing,
        });
        self.links.document(row, whose.base());
        let local = |reference: &str| self.visits.local(reference, "Encounter");
        let read = NoteRow::read(row, &self.sheet.source, whose, local);
        self.notes.extend(read.map(|note| (note, section)));
    }

    /// Takes in what the other searches of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.sheet.take_in(other.sheet);
        self.procedures.take_in(other.procedures);
        self.reports.take_in(other.reports);
        self.vaccinations.take_in(other.vaccinations);
        self.notes.extend(other.notes);
        self.links.take_in(other.links);
    }

    /// One line of it all. `self` has the visits.
    pub fn put_together(self) -> SheetRows<Moment> {
        let Self { mut sheet, visits, procedures, reports, vaccinations, notes, links } = self;
        let told = links.told(&sheet.source.id);
        if visits.without_id > 0 {
            sheet.broken.push((Part::Encounters, visits.without_id));
        }
        for (mut note, section) in notes {
            told.tell(std::slice::from_mut(&mut note));
            let classes: Vec<VisitClass> = note.encounters.iter().filter_map(|id| visits.class_of(id)).collect();
            let stay = !classes.is_empty() && classes.iter().all(|class| class.section() == Section::Inpatient);
            let of_visit = if stay { Section::Inpatient } else { Section::Outpatient };
            let visit = note.encounters.first().filter(|_| section.is_none());
            let at = visit.map(|id| crate::joined::anchor(&sheet.source.id, "Encounter", id));
            push_note(&mut sheet, note, section.unwrap_or(of_visit), at);
        }
        sheet.rows.extend(visits.rows().into_iter().map(of_visit));
        for broken in [procedures.broken, reports.broken, vaccinations.broken] {
            sheet.broken.extend(broken);
        }
        sheet.rows.extend(procedures.rows.into_iter().map(|row| moment(row, of_procedure)));
        sheet.rows.extend(reports.rows.into_iter().map(|row| moment(row, of_report)));
        sheet.rows.extend(vaccinations.rows.into_iter().map(|row| moment(row, of_vaccination)));
        sheet
    }
}

fn push_note(sheet: &mut SheetRows<Moment>, row: NoteRow, section: Section, at: Option<String>) {
    let note = row.note;
    let fact = Fact {
        id: note.id.clone(),
        kind: "DocumentReference",
        code: crate::labs::Code { text: note.title, codings: Vec::new() },
        time: note.time,
        status: note.status.unwrap_or_default(),
        origins: vec![note.origin],
        conflict: Vec::new(),
    };
    let moment = Moment {
        kind: MomentKind::Note,
        at: at.unwrap_or(note.id),
        text: note.authors,
        section,
        superseded: note.succession.superseded,
        ..Moment::default()
    };
    sheet.push(Part::Notes, Some(fact), None, Vec::new(), moment);
}

fn of_visit(row: Row<Visit>) -> Row<Entry<Moment>> {
    let visit = row.item;
    let fields = Moment {
        kind: MomentKind::Visit,
        section: visit.class.section(),
        at: visit.fact.id.clone(),
        class: visit.class,
        class_text: visit.class_text,
        ended: visit.ended,
        place: visit.hospital.into_iter().chain(visit.department).collect(),
        text: visit.reasons,
        stated: Vec::new(),
        superseded: false,
    };
    Row { item: Entry { fact: visit.fact, fields }, order: row.order, key: row.key, names: row.names }
}

/// The same fact with what the line says of it.
fn moment<F: Fields>(row: Row<Entry<F>>, of: impl Fn(&F) -> Moment) -> Row<Entry<Moment>> {
    let Entry { fact, fields } = row.item;
    let fields = Moment { at: fact.id.clone(), stated: fields.stated(), ..of(&fields) };
    // Keys of sections may be alike: what is of two types is never one fact.
    let key = row.key.map(|key| format!("{}\u{1f}{key}", fact.kind));
    Row { item: Entry { fact, fields }, order: row.order, key, names: row.names }
}

fn of_procedure(fields: &SurgeryFields) -> Moment {
    let said = fields.reasons.iter().chain(&fields.body_site).chain(&fields.outcome).chain(&fields.performed_text);
    Moment {
        kind: MomentKind::Procedure,
        section: Section::Surgery,
        ended: fields.ended().cloned(),
        text: said.cloned().collect(),
        ..Moment::default()
    }
}

fn of_report(fields: &ExamReportFields) -> Moment {
    Moment {
        kind: MomentKind::Report,
        section: Section::ExamReports,
        text: fields.conclusion.iter().cloned().collect(),
        ..Moment::default()
    }
}

fn of_vaccination(fields: &PersonalFields) -> Moment {
    Moment {
        kind: MomentKind::Immunization,
        section: Section::PersonalRecord,
        text: fields.text.iter().chain(&fields.reason).cloned().collect(),
        ..Moment::default()
    }
}
