//! 出院小结: what a stay came to, as the hospital wrote it, with what it says of itself in fields.

mod passages;

use std::collections::HashMap;

use fhir::rows::{Composition, CompositionSection, DocumentReference, ResourceReference};
use schemars::JsonSchema;
use serde::Serialize;

use crate::compartment::Compartment;
use crate::concept::{Concept, has_code, said_form, some_words};
use crate::document::content::Content;
use crate::document::{DocumentLink, SafeHtml, cda::Passage, escape, is_had, sanitise};
use crate::joined::{add_new, event_key, fill};
use crate::outpatient::{Pending, Visit, attachments};
use crate::sheet::{Fields, Named, SheetRows};
use crate::succession::{Links, Succession};
use crate::{ClinicalTime, Fact, NoteContent, NoteEncoding, Origin, Part};

/// `fields` of a discharge summary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct DischargeFields {
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When the stay began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted: Option<ClinicalTime>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharged: Option<ClinicalTime>,
    /// 入院诊断, each as the source wrote it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admission_diagnoses: Vec<StayDiagnosis>,
    /// 出院诊断
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discharge_diagnoses: Vec<StayDiagnosis>,
    /// 诊疗经过
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// 出院医嘱: what is to be done now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Named>,
    /// The whole summary as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The whole summary as HTML, sanitised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<SafeHtml>,
    /// Why there are no words, or what happened to their characters, as a message key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'static str>,
    /// The document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentLink>,
    /// Which document it replaces, signs or adds to, and which it.
    #[serde(flatten)]
    pub succession: Succession,
}

/// A diagnosis of a stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct StayDiagnosis {
    /// As the source wrote it.
    pub text: String,
    /// The ICD-10 code, when one was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icd10: Option<String>,
    /// Where from, where that is not the item's own resource.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

impl Fields for DischargeFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.title, &other.title);
        fill(&mut self.admitted, &other.admitted);
        fill(&mut self.discharged, &other.discharged);
        if self.admission_diagnoses.is_empty() {
            self.admission_diagnoses.clone_from(&other.admission_diagnoses);
        }
        if self.discharge_diagnoses.is_empty() {
            self.discharge_diagnoses.clone_from(&other.discharge_diagnoses);
        }
        fill(&mut self.course, &other.course);
        fill(&mut self.plan, &other.plan);
        add_new(&mut self.authors, &other.authors);
        if self.text.is_none() && self.html.is_none() {
            (self.text, self.html) = (other.text.clone(), other.html.clone());
            self.remark = other.remark;
        }
        fill(&mut self.document, &other.document);
        self.succession.fill(&other.succession);
    }

    fn succession(&mut self) -> Option<&mut Succession> {
        Some(&mut self.succession)
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.authors.iter_mut().for_each(each);
    }

    fn running(&self) -> Vec<&str> {
        [&self.text, &self.course, &self.plan].into_iter().flatten().map(String::as_str).collect()
    }

    fn html(&self) -> Option<&SafeHtml> {
        self.html.as_ref()
    }

    fn icd10(&self) -> Vec<&str> {
        self.diagnoses().filter_map(|diagnosis| diagnosis.icd10.as_deref()).collect()
    }
}

impl DischargeFields {
    /// Of both kinds.
    pub(crate) fn diagnoses(&self) -> impl Iterator<Item = &StayDiagnosis> {
        self.admission_diagnoses.iter().chain(&self.discharge_diagnoses)
    }

    /// Takes the document's words, whole and in pieces.
    fn say(&mut self, content: Content) {
        let content = match content {
            Content::Cda(cda, encoding) => {
                self.take(&cda.sections);
                let authors = cda.authors.iter().map(|author| Named::of(Some(author.clone())));
                add_new(&mut self.authors, &authors.collect::<Vec<_>>());
                fill(&mut self.admitted, &cda.visit.0);
                fill(&mut self.discharged, &cda.visit.1);
                fill(&mut self.title, &cda.title);
                Content::Cda(cda, encoding).into_note()
            }
            other => other.into_note(),
        };
        match content {
            NoteContent::Text { text, encoding } => {
                self.take(&passages::of_text(&text));
                (self.text, self.remark) = (Some(text), encoding.key());
            }
            NoteContent::Html { html, encoding } => (self.html, self.remark) = (Some(html), encoding.key()),
            NoteContent::Document { .. } => {}
            NoteContent::Missing { why } => self.remark = Some(why),
        }
    }

    /// Puts titled pieces where they belong.
    fn take(&mut self, passages: &[Passage]) {
        for passage in passages {
            let words = passage.html.words();
            if words.is_empty() {
                continue;
            }
            let lines =
                || words.lines().map(|line| StayDiagnosis { text: line.to_owned(), ..StayDiagnosis::default() });
            match passages::about(passage) {
                Some(passages::About::Admission) => self.admission_diagnoses.extend(lines()),
                Some(passages::About::Discharge) => self.discharge_diagnoses.extend(lines()),
                Some(passages::About::Course) => passages::append(&mut self.course, &words),
                Some(passages::About::Plan) => passages::append(&mut self.plan, &words),
                None => {}
            }
        }
    }

    /// Takes what the stay's own record says, where the document leaves it open. Diagnoses that are still a question stand
    /// with the stay.
    fn take_stay(&mut self, stay: &Visit) {
        fill(&mut self.admitted, &stay.fact.time);
        fill(&mut self.discharged, &stay.ended);
        for (place, roles) in [
            (&mut self.admission_diagnoses, passages::ADMISSION_ROLES),
            (&mut self.discharge_diagnoses, passages::DISCHARGE_ROLES),
        ] {
            if !place.is_empty() {
                continue;
            }
            let of_role = stay.diagnoses.iter().filter(|one| {
                let role = one.role.as_deref().map(said_form).unwrap_or_default();
                roles.contains(&role.as_str()) && matches!(one.verification.as_str(), "" | "confirmed")
            });
            place.extend(of_role.map(|one| StayDiagnosis {
                text: one.code.text.clone(),
                icd10: one.icd10.clone(),
                origins: one.origins.clone(),
            }));
        }
    }
}

/// A summary on its way: its text may still have to be fetched, and its stay be looked for.
#[derive(Debug)]
pub(crate) struct Draft {
    fact: Option<Fact>,
    concept: Concept,
    fields: DischargeFields,
    encounters: Vec<String>,
    pub pending: Option<Pending>,
    /// Its words, as far as they are here.
    pub content: Option<Content>,
}

/// Drafts of one source.
#[derive(Debug)]
pub(crate) struct Drafts {
    rows: SheetRows<DischargeFields>,
    pub all: Vec<Draft>,
    links: Links,
}

impl Drafts {
    pub fn new(rows: SheetRows<DischargeFields>) -> Self {
        Self { rows, all: Vec::new(), links: Links::default() }
    }

    /// Takes a resource that has been checked to be the patient's, if it is a discharge summary.
    pub fn document(&mut self, row: &DocumentReference<'_>, whose: &Compartment) {
        self.links.document(row, &self.rows.base);
        let gone = [row.status, row.doc_status].contains(&Some("entered-in-error"));
        if gone || !is_discharge_document(row) {
            return;
        }
        let base = &self.rows.base;
        let concept = Concept::read(row.kind.as_ref());
        let status = row.doc_status.unwrap_or_default();
        let time = row.date.and_then(ClinicalTime::parse);
        let context = row.context.get().copied().unwrap_or_default();
        // The words, where a format has any; else the first that can be had at all.
        let mut forms: Vec<_> = attachments(row).collect();
        forms.sort_by_key(|(at, form)| (!is_had(form, base), passages::rank(form.content_type), *at));
        let best = forms.first();
        let origin = format!("DocumentReference/{}", row.id.unwrap_or_default());
        let document = best.map(|(at, form)| DocumentLink::read(form, base, (&self.rows.source.id, &origin, *at)));
        let (content, pending) = match best {
            None => (Some(Content::missing("note-empty")), None),
            Some((_, form)) => match (form.data, form.url.map(|url| fhir::Reference::parse(url, base))) {
                (Some(data), _) => (Some(Content::unpack(data, form.content_type, whose).without_bytes()), None),
                (None, Some(fhir::Reference::Local { kind: "Binary", id, .. })) => {
                    let content_type = form.content_type.map(str::to_owned);
                    (None, Some(Pending { binary: id.to_owned(), content_type }))
                }
                _ => (Some(Content::missing("note-elsewhere")), None),
            },
        };
        let fields = DischargeFields {
            title: best.and_then(|(_, form)| form.title).or(row.description).map(str::to_owned),
            admitted: context.period.and_then(|period| period.start).and_then(ClinicalTime::parse),
            discharged: context.period.and_then(|period| period.end).and_then(ClinicalTime::parse),
            authors: self.people(row.author, row.contained),
            document,
            succession: Succession { superseded: row.status == Some("superseded"), related: Vec::new() },
            ..DischargeFields::default()
        };
        let encounters = context.encounter.iter().filter_map(|one| self.encounter(Some(one))).collect();
        let fact = self.rows.source.fact("DocumentReference", row.id, row.meta, &concept, time, status);
        self.all.push(Draft { fact, concept, fields, encounters, pending, content });
    }

    /// As [`Drafts::document`].
    pub fn composition(&mut self, row: &Composition<'_>) {
        self.links.composition(row, &self.rows.base);
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" || !passages::is_discharge(row.kind.as_ref(), row.category) {
            return;
        }
        let concept = Concept::read(row.kind.as_ref());
        // All of them or none: a summary without one of its pieces says something else.
        let passages: Option<Vec<Vec<Passage>>> = row.section.iter().map(of_section).collect();
        let is_shown = passages.is_some();
        let passages: Vec<Passage> = passages.into_iter().flatten().flatten().collect();
        let mut html = String::new();
        for passage in &passages {
            if let Some(title) = &passage.title {
                html.push_str(&format!("<h5>{}</h5>", escape(title)));
            }
            html.push_str(passage.html.as_str());
        }
        let period = row.event.iter().find_map(|event| event.period);
        let mut fields = DischargeFields {
            title: row.title.map(str::to_owned),
            admitted: period.and_then(|period| period.start).and_then(ClinicalTime::parse),
            discharged: period.and_then(|period| period.end).and_then(ClinicalTime::parse),
            authors: self.people(row.author, row.contained),
            ..DischargeFields::default()
        };
        fields.take(&passages);
        let content = match sanitise(&html).filter(|_| is_shown) {
            None => NoteContent::Missing { why: "note-too-large" },
            Some(_) if html.is_empty() => NoteContent::default(),
            Some(html) => NoteContent::Html { html, encoding: NoteEncoding::Sound },
        };
        let time = row.date.and_then(ClinicalTime::parse);
        let fact = self.rows.source.fact("Composition", row.id, row.meta, &concept, time, status);
        let encounters = self.encounter(row.encounter.as_ref()).into_iter().collect();
        let content = Some(Content::Note(content));
        self.all.push(Draft { fact, concept, fields, encounters, pending: None, content });
    }

    /// Takes in what another search of the same source gave.
    pub fn take_in(&mut self, other: Self) {
        self.all.extend(other.all);
        self.links.take_in(other.links);
    }

    /// Newest first, each once.
    pub fn sort(&mut self) {
        let key = |draft: &Draft| draft.fact.as_ref().map(|fact| (fact.time.clone(), fact.id.clone()));
        self.all.sort_by_key(|draft| std::cmp::Reverse(key(draft)));
        self.all.dedup_by(|one, other| one.fact.is_some() && key(one) == key(other));
    }

    /// The rows, with what the stays say of themselves.
    pub fn finish(self, stays: &HashMap<String, Visit>) -> SheetRows<DischargeFields> {
        let mut rows = self.rows;
        let told = self.links.told(&rows.source.id);
        for draft in self.all {
            let mut fields = draft.fields;
            let origin = draft.fact.as_ref().and_then(|fact| fact.origins.first());
            fields.succession.fill(&origin.map(|origin| told.of(&origin.resource)).unwrap_or_default());
            fields.say(draft.content.unwrap_or_else(|| Content::missing("note-limit")));
            if let Some(stay) = draft.encounters.iter().find_map(|id| stays.get(id)) {
                fields.take_stay(stay);
            }
            // What says nothing here may say anything in its document: it is the same as no other.
            let said: Vec<String> =
                fields.running().into_iter().chain(fields.html().map(SafeHtml::as_str)).map(said_form).collect();
            let time = draft.fact.as_ref().and_then(|fact| fact.time.clone());
            let status = draft.fact.as_ref().map(|fact| fact.status.clone()).unwrap_or_default();
            // Two versions are two, also where they say the same.
            let version = fields.succession.superseded;
            let key = (!said.is_empty()).then(|| format!("{status}|{version}|{}", said.join("|")));
            let key = key.and_then(|value| event_key(&draft.concept, time.as_ref(), &value));
            rows.push(Part::DischargeSummaries, draft.fact, key, draft.concept.names, fields);
        }
        rows
    }

    fn people(&self, all: &[ResourceReference<'_>], contained: &[fhir::rows::Contained<'_>]) -> Vec<Named> {
        let named = all.iter().map(|one| Named::read_with(Some(one), contained, &self.rows.base));
        named.filter(|name| !name.is_empty()).collect()
    }

    fn encounter(&self, reference: Option<&ResourceReference<'_>>) -> Option<String> {
        match fhir::Reference::parse(reference?.reference?, &self.rows.base) {
            fhir::Reference::Local { kind: "Encounter", id, .. } => Some(id.to_owned()),
            _ => None,
        }
    }
}

/// Was it found by its kind? Asked of everything that comes: servers ignore filters that they don't know.
pub(crate) fn is_discharge_document(row: &DocumentReference<'_>) -> bool {
    passages::is_discharge(row.kind.as_ref(), row.category)
}

/// The pieces of a section; none where one is too long to be shown.
fn of_section(section: &CompositionSection<'_>) -> Option<Vec<Passage>> {
    let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let passage = |title: Option<&str>, code: Option<&fhir::rows::CodeableConcept<'_>>, div: Option<&str>| {
        Some(Passage {
            code: code.and_then(|code| code.coding.iter().find_map(|coding| coding.code)).map(str::to_owned),
            title: text(title).or_else(|| some_words(code)),
            html: sanitise(div.unwrap_or_default())?,
        })
    };
    let mut own = passage(section.title, section.code.as_ref(), section.text.get().and_then(|text| text.div))?;
    if let Some(why) = some_words(section.empty_reason.as_ref()).filter(|_| own.html.is_empty()) {
        own.html = SafeHtml::of_lines(&why);
    }
    let inner = section.section.iter();
    let inner = inner.map(|one| passage(one.title, one.code.as_ref(), one.text.get().and_then(|text| text.div)));
    let all: Option<Vec<Passage>> = std::iter::once(Some(own)).chain(inner).collect();
    Some(all?.into_iter().filter(|one| one.title.is_some() || !one.html.is_empty()).collect())
}

/// Codes that say it.
pub(crate) fn says(concept: Option<&fhir::rows::CodeableConcept<'_>>, code: &str) -> bool {
    concept.is_some_and(|concept| has_code(std::slice::from_ref(concept), code))
}
