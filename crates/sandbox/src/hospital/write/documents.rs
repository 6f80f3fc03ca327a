//! Clinical notes: `DocumentReference`, and the `Binary` that holds the text.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{LOINC, Scribe, Subject, summaries::SUMMARY, without_nulls};
use crate::{
    SandboxError,
    clinical::Document,
    hospital::{
        platform::Summaries,
        records::{Key, Token},
    },
};

const NOTE_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

impl Scribe<'_> {
    pub(super) fn documents(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        let garbled = subject.person.is_garbled() && self.platform.old;
        for (index, document) in subject.chart.documents.iter().enumerate() {
            let Some(kind) = self.reference.care.note(&document.kind) else { continue };
            let (loinc, title) = (kind.loinc.clone(), kind.zh.clone());
            let id = self.next_id("doc");
            let said = (!self.platform.uncategorised)
                .then(|| json!([{ "coding": [{ "system": NOTE_CATEGORY, "code": "clinical-note" }] }]));
            let (content_type, bytes) = match index {
                0 if garbled => (PLAIN.to_owned(), self.reference.script.garbled.gbk()),
                1 if garbled => (HTML.to_owned(), self.reference.script.garbled.hostile_html.clone().into_bytes()),
                _ => self.attached(subject, document, &title),
            };
            let number = format!("D-{id}");
            if document.kind == SUMMARY && self.platform.summaries == Summaries::Composed {
                self.composition(subject, document, (&loinc, &title, &number))?;
            }
            let mut attachment = json!({
                "contentType": content_type,
                "language": "zh-CN",
                "title": title,
                "size": bytes.len(),
                "creation": self.time(document.at),
            });
            let data = STANDARD.encode(&bytes);
            let (member, value) = match self.platform.inline_notes {
                true => ("data", data),
                false => (
                    "url",
                    format!(
                        "Binary/{}",
                        self.binary(subject, &format!("DocumentReference/{id}"), &content_type, data)?
                    ),
                ),
            };
            if let Some(members) = attachment.as_object_mut() {
                members.insert(member.to_owned(), Value::String(value));
            }
            let related = self.operation_of(subject, document);
            let context = self.within(subject, document.encounter);
            let context = context.map(|within| without_nulls(json!({ "encounter": [within], "related": related })));
            let resource = json!({
                "resourceType": "DocumentReference",
                "id": id,
                "meta": self.meta(document.at),
                "masterIdentifier": { "system": self.hospital.record_system, "value": number },
                "status": "current",
                "docStatus": "final",
                "type": { "coding": [{ "system": LOINC, "code": loinc }], "text": title },
                "category": said,
                "subject": { "reference": subject.reference() },
                "date": self.time(document.at),
                "author": [{ "display": document.author }],
                "custodian": { "display": self.hospital.zh },
                "content": [{ "attachment": attachment }],
                "context": context,
            });
            let mut tokens = vec![Token::new(Key::Status, "", "current"), Token::new(Key::Kind, LOINC, &loinc)];
            if !self.platform.uncategorised {
                tokens.push(Token::new(Key::Category, NOTE_CATEGORY, "clinical-note"));
            }
            tokens.extend(subject.token_of(document.encounter));
            let time = Some((document.at, document.at + 1));
            self.store("DocumentReference", id, subject, time, tokens, resource)?;
        }
        Ok(())
    }

    /// The operation that a note of one is about.
    fn operation_of(&self, subject: &Subject<'_>, document: &Document) -> Option<Value> {
        let operations = subject.chart.procedures.iter().zip(&subject.procedures);
        let mut of = operations.filter(|(one, _)| one.encounter == document.encounter && one.end <= document.at);
        matches!(&*document.kind, "operation" | "intervention" | "anaesthesia").then_some(())?;
        of.next_back().map(|(_, id)| json!([{ "reference": format!("Procedure/{id}") }]))
    }

    /// A `Binary` (<https://hl7.org/fhir/R4/binary.html>) in the shadow of a document or report; its id.
    pub(super) fn binary(
        &mut self,
        subject: &Subject<'_>,
        owner: &str,
        content_type: &str,
        data: String,
    ) -> Result<String, SandboxError> {
        let id = self.next_id("bin");
        let resource = without_nulls(json!({
            "resourceType": "Binary",
            "id": id,
            "contentType": content_type,
            "securityContext": { "reference": owner },
            "data": data,
        }));
        self.store("Binary", id.clone(), subject, None, Vec::new(), resource)?;
        Ok(id)
    }

    /// A text in the hospital's own format, and which that is.
    pub(super) fn formatted(&self, text: &str) -> (String, Vec<u8>) {
        match self.platform.html_notes {
            true => (HTML.to_owned(), html(text).into_bytes()),
            false => (PLAIN.to_owned(), plain(text).into_bytes()),
        }
    }
}

/// Headings in brackets, tables as they stand.
pub(super) fn plain(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
        Some(title) => format!("【{title}】"),
        None => line.to_owned(),
    };
    let lines: Vec<String> = text.lines().filter(|line| !is_rule(line)).map(line).collect();
    lines.join("\n")
}

/// Headings, paragraphs and tables.
fn html(text: &str) -> String {
    let mut out = String::from("<div>");
    let mut table = false;
    for line in text.lines().filter(|line| !line.is_empty() && !is_rule(line)) {
        let row = line.starts_with('|');
        if row != table {
            out.push_str(if row { "<table>" } else { "</table>" });
            table = row;
        }
        let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let piece = match (escaped.strip_prefix("## "), escaped.strip_prefix("# ")) {
            _ if row => {
                let cells: Vec<&str> = escaped.trim_matches('|').split('|').map(str::trim).collect();
                format!("<tr><td>{}</td></tr>", cells.join("</td><td>"))
            }
            (Some(title), _) => format!("<h3>{title}</h3>"),
            (None, Some(title)) => format!("<h2>{title}</h2>"),
            (None, None) => format!("<p>{escaped}</p>"),
        };
        out.push_str(&piece);
    }
    out.push_str(if table { "</table></div>" } else { "</div>" });
    out
}

/// The line under a table's heading.
fn is_rule(line: &str) -> bool {
    line.starts_with("|--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_written_in_two_formats() {
        let text = "# T\n## A\nx < y\n| a | b |\n|---|---|\n| 1 | 2 |";
        assert_eq!(plain(text), "【T】\n【A】\nx < y\n| a | b |\n| 1 | 2 |");
        let table = "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>";
        assert_eq!(html(text), format!("<div><h2>T</h2><h3>A</h3><p>x &lt; y</p>{table}</div>"));
    }
}
