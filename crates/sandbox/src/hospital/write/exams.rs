//! `DiagnosticReport` of examinations; the whole report is its `presentedForm`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Scribe, Subject, laboratory::REPORT_CATEGORY, pdf::pdf, summaries::PDF};
use crate::{
    SandboxError,
    hospital::{
        platform::Summaries,
        records::{Key, Token},
    },
};

/// Reports are written so long after the examination, seconds.
const WRITTEN_AFTER: i64 = 2700;

impl Scribe<'_> {
    pub(super) fn exams(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        for exam in &subject.chart.exams {
            let id = self.next_id("rep");
            let (content_type, bytes) = match self.platform.summaries {
                Summaries::Pdf => (PDF.to_owned(), pdf(&super::documents::plain(&exam.text))),
                _ => self.formatted(&exam.text),
            };
            let data = STANDARD.encode(&bytes);
            let mut form = json!({ "contentType": content_type, "language": "zh-CN", "title": exam.zh });
            let (member, value) = match self.platform.html_notes {
                // rendered for each read there, and fetched on demand
                true => (
                    "url",
                    format!("Binary/{}", self.binary(subject, &format!("DiagnosticReport/{id}"), &content_type, data)?),
                ),
                false => ("data", data),
            };
            if let Some(members) = form.as_object_mut() {
                members.insert(member.to_owned(), Value::String(value));
            }
            let mut forms = vec![form];
            if self.platform.summaries == Summaries::Composed {
                let data = STANDARD.encode(pdf(&super::documents::plain(&exam.text)));
                let url = self.binary(subject, &format!("DiagnosticReport/{id}"), PDF, data)?;
                forms.push(json!({ "contentType": PDF, "title": exam.zh, "url": format!("Binary/{url}") }));
            }
            let category = (!self.platform.uncategorised)
                .then(|| json!([{ "coding": [{ "system": REPORT_CATEGORY, "code": exam.category }] }]));
            let written = exam.at + WRITTEN_AFTER;
            let resource = json!({
                "resourceType": "DiagnosticReport",
                "id": id,
                "meta": self.meta(written),
                "status": "final",
                "category": category,
                "code": { "text": exam.zh },
                "subject": { "reference": subject.reference() },
                "encounter": self.within(subject, exam.encounter),
                "effectiveDateTime": self.time(exam.at),
                "issued": self.time(written),
                "performer": [{ "display": exam.author }],
                "conclusion": exam.conclusion,
                "presentedForm": forms,
            });
            let mut tokens = vec![Token::new(Key::Status, "", "final")];
            if !self.platform.uncategorised {
                tokens.push(Token::new(Key::Category, REPORT_CATEGORY, &exam.category));
            }
            tokens.extend(subject.token_of(exam.encounter));
            self.store("DiagnosticReport", id, subject, Some((exam.at, exam.at + 1)), tokens, resource)?;
        }
        Ok(())
    }
}
