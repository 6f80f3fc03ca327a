//! Discharge summaries in the forms they come in: a `Composition` with the PDF printed from it, a CDA document, a PDF alone.

use serde_json::{Value, json};

use super::{LOINC, Scribe, Subject, pdf::pdf};
use crate::{
    SandboxError,
    clinical::Document,
    hospital::{
        platform::Summaries,
        records::{Key, Token},
    },
};

/// The kind of note that is a summary.
pub(super) const SUMMARY: &str = "discharge-summary";
pub(super) const PDF: &str = "application/pdf";
/// Of HL7 v3 documents (RFC 3023 names; CDA R2 has no type of its own).
const CDA: &str = "text/xml";

impl Scribe<'_> {
    /// What a document's attachment is here: content type and bytes.
    pub(super) fn attached(&self, subject: &Subject<'_>, document: &Document, title: &str) -> (String, Vec<u8>) {
        match self.platform.summaries {
            _ if document.kind != SUMMARY => self.formatted(&document.text),
            Summaries::Note => self.formatted(&document.text),
            Summaries::Composed | Summaries::Pdf => (PDF.to_owned(), pdf(&super::documents::plain(&document.text))),
            Summaries::Cda => (CDA.to_owned(), self.cda(subject, document, title).into_bytes()),
        }
    }

    /// The summary as a `Composition`. `number` is the document's own, whatever form it is kept in.
    pub(super) fn composition(
        &mut self,
        subject: &Subject<'_>,
        document: &Document,
        (loinc, title, number): (&str, &str, &str),
    ) -> Result<(), SandboxError> {
        let id = self.next_id("comp");
        let sections: Vec<Value> = sections(&document.text)
            .into_iter()
            .map(|(title, text)| {
                let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{}</p></div>", escaped(&text));
                json!({ "title": title, "text": { "status": "additional", "div": div.replace('\n', "<br/>") } })
            })
            .collect();
        let resource = json!({
            "resourceType": "Composition",
            "id": id,
            "meta": self.meta(document.at),
            "identifier": { "system": self.hospital.record_system, "value": number },
            "status": "final",
            "type": { "coding": [{ "system": LOINC, "code": loinc }], "text": title },
            "subject": { "reference": subject.reference() },
            "encounter": self.within(subject, document.encounter),
            "date": self.time(document.at),
            "author": [{ "display": document.author }],
            "title": title,
            "attester": [{ "mode": "professional", "time": self.time(document.at), "party": { "display": document.author } }],
            "custodian": { "display": self.hospital.zh },
            "section": sections,
        });
        let mut tokens = vec![Token::new(Key::Status, "", "final"), Token::new(Key::Kind, LOINC, loinc)];
        tokens.extend(subject.token_of(document.encounter));
        self.store("Composition", id, subject, Some((document.at, document.at + 1)), tokens, resource)
    }

    /// CDA R2 (<https://www.hl7.org/implement/standards/product_brief.cfm?product_id=7>): header and sections of text.
    fn cda(&self, subject: &Subject<'_>, document: &Document, title: &str) -> String {
        let at = crate::clock::minute(document.at).replace(['-', ':', ' '], "");
        let (person, registration) = (subject.person, subject.registration);
        let born = person.born.to_string().replace('-', "");
        let sex = if person.sex == "female" { "F" } else { "M" };
        let body: String = sections(&document.text)
            .into_iter()
            .map(|(title, text)| {
                let lines: Vec<String> =
                    text.lines().map(|line| format!("<paragraph>{}</paragraph>", escaped(line))).collect();
                format!(
                    "<component><section><title>{}</title><text>{}</text></section></component>\n",
                    escaped(&title),
                    lines.concat()
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\">\n\
             <typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/>\n\
             <code code=\"18842-5\" codeSystem=\"2.16.840.1.113883.6.1\" displayName=\"{title}\"/>\n<title>{title}</title>\n\
             <effectiveTime value=\"{at}+0800\"/>\n<languageCode code=\"zh-CN\"/>\n\
             <recordTarget><patientRole><id extension=\"{}\"/><patient><name>{}</name>\
             <administrativeGenderCode code=\"{sex}\"/><birthTime value=\"{born}\"/></patient></patientRole></recordTarget>\n\
             <author><time value=\"{at}+0800\"/><assignedAuthor><assignedPerson><name>{}</name></assignedPerson>\
             </assignedAuthor></author>\n<component><structuredBody>\n{body}</structuredBody></component>\n</ClinicalDocument>\n",
            registration.record_number,
            escaped(&registration.han),
            escaped(&document.author),
        )
    }
}

/// Headings of a filled template with what stands under them.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("## "), all.last_mut()) {
            (Some(title), _) => all.push((title.to_owned(), String::new())),
            (None, Some((_, under))) if !line.is_empty() => {
                if !under.is_empty() {
                    under.push('\n');
                }
                under.push_str(line);
            }
            _ => {}
        }
    }
    all
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn sections_are_what_stands_under_a_heading() {
        let text = "# T\n\n## A\nx\n\ny\n## B\nz";
        let expected = [("A".to_owned(), "x\ny".to_owned()), ("B".to_owned(), "z".to_owned())];
        assert_eq!(sections(text), expected);
    }
}
