//! Files that a record names (`Binary`): which of them are part of a copy, and what is left out.

use std::collections::BTreeSet;

use fhir::Reference;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::entity::connection::Model;

/// Types whose resources name files that are shown, or that a patient would look for.
pub(super) const NAMING: [&str; 6] =
    ["DocumentReference", "DiagnosticReport", "Media", "Communication", "Consent", "QuestionnaireResponse"];
/// Elements that are an `Attachment` (<https://hl7.org/fhir/R4/datatypes.html#attachment>), or several.
const ATTACHMENTS: [&str; 6] =
    ["attachment", "presentedForm", "content", "contentAttachment", "sourceAttachment", "valueAttachment"];
/// Of a file with what is round it, in bytes: what is longer is not read from a hospital either.
pub(super) const LARGEST: usize = 16 << 20;
/// Files of one copy.
const MOST: u64 = 1_000;
/// Bytes of all files of one copy, as they were sent.
const MOST_BYTES: u64 = 256 << 20;

/// Files of documents in a copy, and those that are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CopiedFiles {
    /// How many are in it.
    pub kept: u64,
    /// Their bytes, as the hospital sent them.
    pub bytes: u64,
    /// Named at another server: nobody signs in there.
    pub elsewhere: u64,
    /// Longer than what is kept of one resource.
    pub too_large: u64,
    /// The hospital does not give them, or gives something else.
    pub not_given: u64,
    /// Beyond what one copy holds.
    pub too_many: u64,
}

/// Why a file is not in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    TooLarge,
    NotGiven,
}

impl CopiedFiles {
    pub(super) fn of(row: &Model) -> Self {
        row.copy_files.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Is there place for one more of any length?
    pub(super) fn has_room(&self) -> bool {
        self.kept < MOST && self.bytes < MOST_BYTES
    }

    pub(super) fn keep(&mut self, bytes: usize) {
        self.kept += 1;
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    pub(super) fn leave(&mut self, why: LeftOut) {
        *match why {
            LeftOut::TooLarge => &mut self.too_large,
            LeftOut::NotGiven => &mut self.not_given,
        } += 1;
    }

    /// What is not in it, by reason: keys of words.
    pub fn left_out(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = [
            ("elsewhere", self.elsewhere),
            ("too-large", self.too_large),
            ("not-given", self.not_given),
            ("too-many", self.too_many),
        ];
        all.into_iter().filter(|(_, count)| *count > 0)
    }
}

/// Files that resources name.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Ids of `Binary` resources of the same server.
    pub here: BTreeSet<String>,
    /// Addresses anywhere else.
    pub elsewhere: BTreeSet<String>,
}

impl Named {
    /// Adds what a resource of the server at `base` names.
    pub fn add(&mut self, json: &[u8], base: &Url) {
        if let Ok(value) = serde_json::from_slice::<Value>(json) {
            self.walk(&value, base);
        }
    }

    fn walk(&mut self, value: &Value, base: &Url) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if ATTACHMENTS.contains(&name.as_str()) {
                        let alone = std::slice::from_ref(value);
                        value.as_array().map_or(alone, Vec::as_slice).iter().for_each(|one| self.take(one, base));
                    }
                    self.walk(value, base);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.walk(value, base)),
            _ => {}
        }
    }

    /// Of an attachment that does not hold the file itself. Read as the page that opens it reads it: what is not opened from the
    /// hospital needs no copy.
    fn take(&mut self, attachment: &Value, base: &Url) {
        let url = attachment["url"].as_str().filter(|_| attachment.get("data").is_none());
        match url.map(|url| Reference::parse(url, base)) {
            Some(Reference::Local { kind: "Binary", id, .. }) => self.here.extend([id.to_owned()]),
            Some(Reference::Contained(_)) | None => {}
            Some(_) => self.elsewhere.extend(url.map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(resource: &Value) -> (Vec<String>, Vec<String>) {
        let base = Url::parse("https://hospital.example/fhir").expect("an address");
        let mut named = Named::default();
        named.add(resource.to_string().as_bytes(), &base);
        (named.here.into_iter().collect(), named.elsewhere.into_iter().collect())
    }

    #[test]
    fn files_are_found_where_they_hang_and_asked_for_at_the_same_server_alone() {
        let at = |url: &str| json!({ "content": [{ "attachment": { "contentType": "application/pdf", "url": url } }] });
        for (url, here) in [
            ("Binary/b1", Some("b1")),
            ("https://hospital.example/fhir/Binary/b2", Some("b2")),
            ("https://hospital.example:443/fhir/Binary/b3", Some("b3")),
            ("https://hospital.example/files/b4.pdf", None),
            ("https://evil.example/fhir/Binary/b5", None),
            ("http://hospital.example/fhir/Binary/b6", None),
            ("https://hospital.example@evil.example/fhir/Binary/b7", None),
            ("//evil.example/Binary/b8", None),
            ("Binary/../Patient/b9", None),
            ("https://hospital.example/fhir/../evil/Binary/b10", None),
        ] {
            let (found, elsewhere) = named(&at(url));
            assert_eq!(found, here.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{url}");
            assert_eq!(elsewhere.len(), usize::from(here.is_none()), "{url}");
        }
        let many = json!({
            "presentedForm": [{ "url": "Binary/r1" }, { "data": "eA==", "url": "Binary/r2" }],
            "content": { "url": "Binary/m1" },
            "payload": [{ "contentAttachment": { "url": "Binary/c1" } }],
            "extension": [{ "url": "Binary/none" }],
        });
        assert_eq!(named(&many).0, ["c1", "m1", "r1"]);
    }

    #[test]
    fn what_is_left_out_is_counted_by_its_reason() {
        let mut files = CopiedFiles::default();
        assert!(files.has_room() && files.left_out().next().is_none());
        files.leave(LeftOut::TooLarge);
        files.leave(LeftOut::NotGiven);
        files.leave(LeftOut::NotGiven);
        assert_eq!(files.left_out().collect::<Vec<_>>(), [("too-large", 1), ("not-given", 2)]);
        files.keep(256 << 20);
        assert!(!files.has_room(), "by bytes");
        let many = CopiedFiles { kept: MOST, ..CopiedFiles::default() };
        assert!(!many.has_room(), "by number");
    }
}
