//! 检查结果(影像除外): reports that are no laboratory's, with their conclusions, texts and documents.

use fhir::rows::{Attachment, DiagnosticReport, Effective, ResourceReference};
use schemars::JsonSchema;
use serde::Serialize;

use crate::compartment::Compartment;
use crate::concept::{Concept, first_words, said_form, words};
use crate::document::content::{Content, is_xml, mime};
use crate::document::{DocumentLink, SafeHtml, sanitise};
use crate::joined::{add_new, event_key, fill};
use crate::sheet::{Fields, Named, SheetRows};
use crate::summary::is_laboratory_report;
use crate::{ClinicalTime, NoteContent, Part};

/// `fields` of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ExamReportFields {
    /// What kind of examination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What it comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// The same in codes, as words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conclusion_codes: Vec<String>,
    /// The report's own words, where they came along as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The report's own words, where they came along as HTML: sanitised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<SafeHtml>,
    /// What happened to their characters, or why there are no words, as a message key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// The report as documents: fetched when somebody opens them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentLink>,
    /// Pictures and studies that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageLink>,
    /// Who reports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub performer: Vec<Named>,
    /// Who interpreted it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interpreter: Vec<Named>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<ClinicalTime>,
}

/// Pictures at the source, for a viewer of images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ImageLink {
    /// `ImagingStudy/id` or `Media/id` at the report's own source.
    pub resource: String,
    /// What it shows, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Fields for ExamReportFields {
    fn fill(&mut self, other: &Self) {
        fill(&mut self.category, &other.category);
        fill(&mut self.conclusion, &other.conclusion);
        add_new(&mut self.conclusion_codes, &other.conclusion_codes);
        let is_said = |of: &Self| of.text.is_some() || of.html.is_some();
        if !is_said(self) && is_said(other) {
            (self.text, self.html) = (other.text.clone(), other.html.clone());
            self.encoding = other.encoding;
        }
        add_new(&mut self.documents, &other.documents);
        add_new(&mut self.images, &other.images);
        add_new(&mut self.performer, &other.performer);
        add_new(&mut self.interpreter, &other.interpreter);
        fill(&mut self.issued, &other.issued);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.performer.iter_mut().chain(&mut self.interpreter).for_each(each);
    }

    fn running(&self) -> Vec<&str> {
        self.text.as_deref().into_iter().collect()
    }

    fn html(&self) -> Option<&SafeHtml> {
        self.html.as_ref()
    }
}

impl ExamReportFields {
    /// What the report says, in a form that can be compared where a server has no versions.
    pub(crate) fn print(&self, status: &str) -> String {
        let words = self.conclusion.iter().chain(&self.conclusion_codes).map(String::as_str);
        let said: Vec<&str> = std::iter::once(status).chain(words).chain(self.running()).collect();
        format!("{:016x}", crate::labs::stable_hash(said.join("\u{1f}").as_bytes()))
    }
}

/// What was given up was not reported.
pub(crate) fn is_reported(status: &str) -> bool {
    status != "cancelled"
}

impl SheetRows<ExamReportFields> {
    /// Takes a report that has been checked to be the patient's; laboratory ones are left out. Why words of it could not be
    /// had, if so.
    pub fn exam_report(&mut self, row: &DiagnosticReport<'_>, whose: &Compartment) -> Option<&'static str> {
        let status = row.status.unwrap_or_default();
        if status == "entered-in-error" || is_laboratory_report(row) {
            return None;
        }
        let concept = Concept::read(row.code.as_ref());
        let time = row.effective.and_then(Effective::start).or(row.issued).and_then(ClinicalTime::parse);
        let fact = self.source.fact("DiagnosticReport", row.id, row.meta, &concept, time, status);
        let mut fields = self.said(row);
        let (words, why) = words_along(row, &fields, whose);
        match words {
            Some(NoteContent::Text { text, encoding }) => {
                (fields.text, fields.encoding) = (Some(text), encoding.key());
            }
            Some(NoteContent::Html { html, encoding }) => {
                (fields.html, fields.encoding) = (Some(html), encoding.key());
            }
            Some(NoteContent::Missing { why }) => fields.encoding = Some(why),
            _ => fields.encoding = why,
        }
        // What says nothing here may say anything in its document: it is the same as no other.
        let html = fields.html().map(SafeHtml::as_str);
        let said = fields.conclusion.as_deref().into_iter().chain(fields.running()).chain(html);
        let said: Vec<String> = said.map(said_form).collect();
        let key = (!said.is_empty()).then(|| format!("{status}|{}", said.join("|")));
        let key = key.and_then(|value| event_key(&concept, fact.as_ref()?.time.as_ref(), &value));
        self.push(Part::Reports, fact, key, concept.names, fields);
        why
    }

    fn said(&self, row: &DiagnosticReport<'_>) -> ExamReportFields {
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let origin = format!("DiagnosticReport/{}", row.id.unwrap_or_default());
        let forms = row.presented_form.iter().enumerate();
        let link =
            |(at, form): (usize, &Attachment<'_>)| DocumentLink::read(form, &self.base, (&self.source.id, &origin, at));
        let people = |all: &[ResourceReference<'_>]| -> Vec<Named> {
            let named = all.iter().map(|one| Named::read_with(Some(one), row.contained, &self.base));
            named.filter(|name| !name.is_empty()).collect()
        };
        let studies = row.imaging_study.iter().map(|study| (study.display, Some(study)));
        let pictures = row.media.iter().map(|media| (media.comment, media.link.as_ref()));
        let image = |(comment, link): (Option<&str>, Option<&ResourceReference<'_>>)| {
            let said = link?.reference?;
            match fhir::Reference::parse(said, &self.base) {
                fhir::Reference::Local { kind, id, .. } => {
                    Some(ImageLink { resource: format!("{kind}/{id}"), comment: text(comment) })
                }
                _ => None,
            }
        };
        ExamReportFields {
            category: first_words(row.category),
            conclusion: text(row.conclusion),
            conclusion_codes: row.conclusion_code.iter().map(words).filter(|words| !words.is_empty()).collect(),
            documents: forms.map(link).collect(),
            images: studies.chain(pictures).filter_map(image).collect(),
            performer: people(row.performer),
            interpreter: people(row.results_interpreter),
            issued: row.issued.and_then(ClinicalTime::parse),
            ..ExamReportFields::default()
        }
    }
}

/// The words that came along, and why some could not be had, if so.
fn words_along(
    row: &DiagnosticReport<'_>,
    fields: &ExamReportFields,
    whose: &Compartment,
) -> (Option<NoteContent>, Option<&'static str>) {
    let inline = row.presented_form.iter().filter(|form| is_written(form));
    let notes = inline.filter_map(|form| Some(Content::unpack(form.data?, form.content_type, whose).into_note()));
    let (mut words, mut why) = (None, None);
    for note in notes {
        why = why.or(note.failure());
        if words.is_none() && matches!(note, NoteContent::Text { .. } | NoteContent::Html { .. }) {
            words = Some(note);
        }
    }
    (words.or_else(|| narrative(row, fields)), why)
}

/// Is it words, by its own account?
fn is_written(form: &Attachment<'_>) -> bool {
    let mime = mime(form.content_type);
    (mime.starts_with("text/") && mime != "text/rtf") || is_xml(&mime) || mime == "application/xhtml+xml"
}

/// The resource's own words, where nothing else says anything.
fn narrative(row: &DiagnosticReport<'_>, fields: &ExamReportFields) -> Option<NoteContent> {
    let div = row.text.get().and_then(|narrative| narrative.div)?;
    if fields.conclusion.is_some() || !fields.documents.is_empty() {
        return None;
    }
    match sanitise(div) {
        Some(html) if html.is_empty() => None,
        Some(html) => Some(NoteContent::Html { html, encoding: Default::default() }),
        None => Some(NoteContent::Missing { why: "document-unsound" }),
    }
}
