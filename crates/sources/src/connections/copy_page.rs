//! A page of a hospital's answer as single resources, each as it was sent.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Of a resource, in bytes. One that holds a longer document inside is not copied: it is read anew with every list of its type.
pub(super) const LARGEST: usize = 2 << 20;
/// Of an id (<https://hl7.org/fhir/R4/datatypes.html#id>).
const LONGEST_ID: usize = 64;
/// The type of files.
pub(super) const FILE: &str = "Binary";
/// Types that records name and that belong to no patient: they are read one by one where a page does not bring them.
pub(super) const NAMED: [&str; 6] =
    ["Medication", "Practitioner", "PractitionerRole", "Organization", "Location", "Specimen"];

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub kind: String,
    pub id: String,
    pub json: String,
}

/// What came on a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub resources: Vec<Resource>,
    /// `link` of relation `next`, as it stands there.
    pub next: Option<String>,
    pub total: Option<u64>,
    /// Resources that are longer than what is kept of one.
    pub too_large: u64,
}

#[derive(Deserialize)]
struct Bundle<'b> {
    #[serde(rename = "resourceType")]
    kind: &'b str,
    #[serde(borrow, default)]
    entry: Vec<Entry<'b>>,
    #[serde(default)]
    link: Vec<Link>,
    total: Option<u64>,
}

#[derive(Deserialize)]
struct Entry<'b> {
    #[serde(borrow)]
    resource: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    relation: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "resourceType")]
    kind: String,
    id: String,
}

/// Reads a searchset. `None`: it is none.
pub(super) fn read(body: &[u8]) -> Option<Page> {
    let bundle: Bundle<'_> = serde_json::from_slice(body).ok().filter(|bundle: &Bundle<'_>| bundle.kind == "Bundle")?;
    let next = bundle.link.into_iter().find(|link| link.relation == "next").map(|link| link.url);
    let all = || bundle.entry.iter().filter_map(|entry| Some(entry.resource?.get()));
    let resources = all().filter_map(|json| resource(json, LARGEST)).collect();
    // Files are asked for one by one, where there is more room for each.
    let is_left = |json: &&str| json.len() > LARGEST && resource(json, json.len()).is_some_and(|one| one.kind != FILE);
    let too_large = u64::try_from(all().filter(is_left).count()).unwrap_or(u64::MAX);
    Some(Page { resources, next, total: bundle.total, too_large })
}

/// Reads one resource of at most `most` bytes. `None`: it is none that can be kept.
pub(super) fn resource(json: &str, most: usize) -> Option<Resource> {
    let named: Named = serde_json::from_str(json).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let id = (1..=LONGEST_ID).contains(&named.id.len()) && named.id.chars().all(plain);
    let kind = named.kind != "OperationOutcome" && named.kind.len() <= 64 && named.kind.chars().all(plain);
    (id && kind && json.len() <= most).then(|| Resource { kind: named.kind, id: named.id, json: json.to_owned() })
}

/// What a resource names of [`NAMED`], relative references alone: what lies elsewhere is not fetched.
pub(super) fn references(json: &[u8]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    if let Ok(value) = serde_json::from_slice(json) {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &serde_json::Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        serde_json::Value::Object(fields) => {
            if let Some((kind, id)) = fields.get("reference").and_then(|text| text.as_str()?.split_once('/')) {
                let plain =
                    id.len() <= LONGEST_ID && id.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
                if NAMED.contains(&kind) && plain && !id.is_empty() {
                    found.insert((kind.to_owned(), id.to_owned()));
                }
            }
            fields.values().for_each(|value| collect(value, found));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart_without_being_changed() {
        let body = r#"{"resourceType":"Bundle","total":3,"link":[{"relation":"self","url":"a"},{"relation":"next","url":"b"}],
            "entry":[{"resource":{"resourceType":"Observation","id":"1","valueQuantity":{"value":5.40}}},
                     {"resource":{"resourceType":"Observation","id":"../2"}},{"search":{}},
                     {"resource":{"resourceType":"OperationOutcome","id":"x"}},{"resource":{"resourceType":"Patient"}}]}"#;
        let page = read(body.as_bytes()).expect("a bundle");
        assert_eq!((page.next.as_deref(), page.total, page.resources.len()), (Some("b"), Some(3), 1));
        assert!(page.resources[0].json.contains("5.40"), "numbers keep their text");
        assert_eq!(page.too_large, 0);
        let long = |kind: &str| {
            let text = "x".repeat(LARGEST);
            format!(r#"{{"resource":{{"resourceType":"{kind}","id":"1","text":"{text}"}}}}"#)
        };
        let body = format!(r#"{{"resourceType":"Bundle","entry":[{},{}]}}"#, long("DocumentReference"), long(FILE));
        let page = read(body.as_bytes()).expect("a bundle");
        assert_eq!((page.resources.len(), page.too_large), (0, 1), "a file is asked for alone");
        for none in ["", "[]", r#"{"resourceType":"Patient"}"#] {
            assert!(read(none.as_bytes()).is_none(), "{none}");
        }
    }

    #[test]
    fn what_is_named_is_found_at_any_depth_and_nothing_elsewhere() {
        let json = br#"{"a":[{"medicationReference":{"reference":"Medication/m1"}}],"b":{"reference":"Patient/p"},
            "c":{"reference":"https://evil.example/Medication/m2"},"d":{"reference":"Location/../x"}}"#;
        assert_eq!(references(json), BTreeSet::from([("Medication".to_owned(), "m1".to_owned())]));
    }
}
