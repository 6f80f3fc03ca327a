//! What the body of an error says: an OperationOutcome in JSON, or in XML from servers that answer errors with it.

use crate::bundle::{PageIssue, read_issues};

/// An outcome longer than this is not read.
const MAX_XML: usize = 64 * 1024;
/// Issues read of an outcome.
const MAX_ISSUES: usize = 32;

/// The issues of an error's body; none when it is neither.
pub(super) fn read_fault(body: &[u8]) -> Vec<PageIssue> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'<') if text.len() <= MAX_XML => xml_issues(&String::from_utf8_lossy(text)),
        _ => read_issues(body),
    }
}

/// `<issue><severity value="error"/><code value="not-found"/>…` of an OperationOutcome
/// (<https://hl7.org/fhir/R4/operationoutcome.html>). Not an XML reader: two attributes are looked for by their names, no
/// entity is resolved, and a page of HTML has none of them.
fn xml_issues(xml: &str) -> Vec<PageIssue> {
    if !xml.contains("<OperationOutcome") || !xml.contains("http://hl7.org/fhir") {
        return Vec::new();
    }
    let issues = xml.split("<issue>").skip(1).take(MAX_ISSUES);
    let issue = |part: &str| {
        let part = part.split("</issue>").next().unwrap_or_default();
        // codes of the server's own stand within `details`
        let (before, details) = match (part.find("<details>"), part.find("</details>")) {
            (Some(from), Some(to)) if from < to => (format!("{}{}", &part[..from], &part[to..]), &part[from..to]),
            _ => (part.to_owned(), ""),
        };
        PageIssue {
            severity: value(&before, "<severity").unwrap_or_default(),
            code: value(&before, "<code").unwrap_or_default(),
            details: value(details, "<code").into_iter().collect(),
        }
    };
    issues.map(issue).collect()
}

/// The `value` of the first element of this name, when it is a code.
fn value(xml: &str, element: &str) -> Option<String> {
    let rest = xml.split_once(element)?.1.split_once('>')?.0;
    let quoted = rest.split_once("value=")?.1.trim_start();
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let code = quoted[1..].split(quote).next()?;
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (code.len() <= 64 && code.chars().all(is_code)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_in_both_formats_and_pages_of_html_in_none() {
        let issue = |severity: &str, code: &str, details: &[&str]| PageIssue {
            severity: severity.to_owned(),
            code: code.to_owned(),
            details: details.iter().map(|&code| code.to_owned()).collect(),
        };
        let xml = |inner: &str| {
            format!(
                "\u{feff}<?xml version='1.0'?>\n<OperationOutcome xmlns=\"http://hl7.org/fhir\">{inner}</OperationOutcome>"
            )
        };
        let check = |body: &str, expect: &[PageIssue]| assert_eq!(read_fault(body.as_bytes()), expect, "{body}");
        let error = "<issue><severity value=\"error\"/><code value=\"not-supported\"/></issue>";
        check(&xml(error), &[issue("error", "not-supported", &[])]);
        let own = "<issue>\n<severity  value='error' />\n<details><coding><code value=\"4113\"/></coding></details>\
            <code value=\"expired\"/></issue>";
        check(&xml(own), &[issue("error", "expired", &["4113"])]);
        check(&xml("<issue><severity value=\"&#x41;\"/></issue>"), &[issue("", "", &[])]);
        check("<html><body><h1>Internal Server Error</h1></body></html>", &[]);
        check("<OperationOutcome><issue><code value=\"not-found\"/></issue></OperationOutcome>", &[]);
        let json = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}"#;
        check(json, &[issue("error", "not-found", &[])]);
        check("", &[]);
    }
}
