//! Searchset bundles and their opaque page links (<https://hl7.org/fhir/R4/http.html#paging>).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{outcome::outcome, platform::Platform, records::Records, search::Query};

/// Part of the record is withheld.
pub(crate) const BREAK_THE_GLASS: u32 = 4130;

/// A place in the answer of a search, as carried by a page link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Bookmark {
    kind: String,
    params: Vec<(String, String)>,
    pub(crate) offset: usize,
    /// Milliseconds of the Unix epoch.
    pub(crate) issued: i64,
}

impl Bookmark {
    /// Reads the opaque text of a link; `None` when it is not one of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// The search it belongs to.
    pub(crate) fn query(&self) -> Query {
        Query { kind: self.kind.clone(), params: self.params.clone() }
    }
}

/// What a page shows.
pub(crate) struct Page<'a> {
    pub(crate) records: &'a Records,
    pub(crate) platform: &'a Platform,
    /// The server's base, for links and full URLs.
    pub(crate) base: &'a str,
    pub(crate) query: &'a Query,
    /// Type and position of everything found, in order.
    pub(crate) found: &'a [(&'static str, usize)],
    pub(crate) offset: usize,
    /// Milliseconds of the Unix epoch.
    pub(crate) now: i64,
}

impl Page<'_> {
    /// The bundle as JSON. Resources are copied in as they stand in the books.
    pub(crate) fn write(&self) -> String {
        let count = self.count();
        let end = (self.offset + count).min(self.found.len());
        let mut entries: Vec<String> =
            self.found.get(self.offset..end).unwrap_or_default().iter().filter_map(|at| self.entry(*at)).collect();
        if self.platform.outcome_entries && self.found.is_empty() {
            let nothing = outcome("warning", "processing", "Resource request returns no results.", Some(4101));
            entries.push(json!({ "resource": nothing, "search": { "mode": "outcome" } }).to_string());
        }
        if let Some((code, text)) = self.warning() {
            let warning = outcome("warning", "processing", text, Some(code));
            entries.push(json!({ "resource": warning, "search": { "mode": "outcome" } }).to_string());
        }
        let mut links = vec![json!({ "relation": "self", "url": self.url(self.offset) })];
        if end < self.found.len() && count > 0 {
            links.push(json!({ "relation": "next", "url": self.url(end) }));
        }
        let mut head = json!({ "resourceType": "Bundle", "type": "searchset", "link": links });
        if let (true, Some(members)) = (self.platform.total || count == 0, head.as_object_mut()) {
            members.insert("total".to_owned(), json!(self.found.len()));
        }
        let mut text = head.to_string();
        text.pop();
        if !entries.is_empty() {
            text.push_str(",\"entry\":[");
            text.push_str(&entries.join(","));
            text.push(']');
        }
        text.push('}');
        text
    }

    /// What the vendor says beside every answer about some patients.
    fn warning(&self) -> Option<(u32, &'static str)> {
        let code = self.records.warning(self.query.patient()?)?;
        Some(match code {
            BREAK_THE_GLASS => (code, "This response contains data that is restricted; break the glass to see it."),
            _ => (code, "The record may be incomplete."),
        })
    }

    fn count(&self) -> usize {
        if self.query.get("_summary") == Some("count") {
            return 0;
        }
        let asked = self.query.get("_count").and_then(|count| count.parse().ok());
        let (usual, most) = self.platform.counts(&self.query.kind);
        asked.unwrap_or(usual).min(most)
    }

    fn entry(&self, (kind, at): (&'static str, usize)) -> Option<String> {
        let stored = self.records.shelf(kind)?.resources.get(at)?;
        let full_url = Value::from(format!("{}/{kind}/{}", self.base, stored.id));
        Some(format!("{{\"fullUrl\":{full_url},\"resource\":{},\"search\":{{\"mode\":\"match\"}}}}", stored.json))
    }

    /// The first page is named by its search, every other by an opaque link.
    fn url(&self, offset: usize) -> String {
        if offset == 0 {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&self.query.params);
            return format!("{}/{}?{}", self.base, self.query.kind, query.finish());
        }
        let bookmark =
            Bookmark { kind: self.query.kind.clone(), params: self.query.params.clone(), offset, issued: self.now };
        let opaque = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&bookmark).unwrap_or_default());
        format!("{}?{}={opaque}", self.base, self.platform.page_parameter)
    }
}

/// The answer to a link that died: an otherwise good bundle that only carries the issue.
pub(crate) fn expired() -> String {
    let issue = outcome("error", "expired", "The session ID has expired; repeat the search.", Some(4113));
    json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{ "resource": issue, "search": { "mode": "outcome" } }],
    })
    .to_string()
}
