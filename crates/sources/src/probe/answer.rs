//! What servers say, read without belief: whatever is absent or of another form is simply not there.

use serde_json::Value;

use super::{End, Step};

/// Issues of an answer that are told.
const MOST_ISSUES: usize = 3;
/// The longest body that is read, in bytes. CapabilityStatements of big servers have some megabytes.
const LARGEST: usize = 8 << 20;

/// A body as JSON.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    (text.len() <= LARGEST).then(|| serde_json::from_slice(text).ok()).flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Of a CapabilityStatement (<https://hl7.org/fhir/R4/capabilitystatement.html>).
#[derive(Debug)]
pub(super) struct Capability {
    pub version: String,
    software: String,
    description: String,
    kinds: Vec<String>,
    pub everything: bool,
    /// Token and authorize address of the extension `oauth-uris`.
    pub oauth: Option<String>,
}

impl Capability {
    pub fn of(body: &Value) -> Option<Self> {
        if body["resourceType"] != "CapabilityStatement" {
            return None;
        }
        let rest = list(&body["rest"]).find(|rest| rest["mode"] != "client").unwrap_or(&Value::Null);
        let named = |operations: &Value| list(operations).any(|one| one["name"] == "everything");
        let of_patients = list(&rest["resource"]).find(|one| one["type"] == "Patient").unwrap_or(&Value::Null);
        let software = [text(&body["software"]["name"]), text(&body["software"]["version"])];
        Some(Self {
            version: text(&body["fhirVersion"]),
            software: software.join(" ").trim().to_owned(),
            description: text(&body["implementation"]["description"]),
            kinds: list(&rest["resource"]).map(|one| text(&one["type"])).filter(|kind| !kind.is_empty()).collect(),
            everything: named(&of_patients["operation"]) || named(&rest["operation"]),
            oauth: oauth(&rest["security"]),
        })
    }

    pub fn has(&self, kind: &str) -> bool {
        self.kinds.iter().any(|own| own == kind)
    }

    pub fn describe(&self) -> String {
        let version = format!("FHIR {}", self.version);
        let kinds = format!("{} types", self.kinds.len());
        let told = [self.software.as_str(), &version, &kinds];
        told.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

fn oauth(security: &Value) -> Option<String> {
    let uris = list(&security["extension"]).find(|one| text(&one["url"]).ends_with("/oauth-uris"))?;
    let told: Vec<String> = list(&uris["extension"]).map(|one| text(&one["valueUri"])).collect();
    Some(told.join(" ")).filter(|told| !told.is_empty())
}

/// Of `.well-known/smart-configuration` (<https://hl7.org/fhir/smart-app-launch/conformance.html>).
#[derive(Debug)]
pub(super) struct Smart {
    token: String,
    challenges: Vec<String>,
    authentication: Vec<String>,
}

impl Smart {
    pub fn of(body: &Value) -> Option<Self> {
        let token = text(&body["token_endpoint"]);
        let texts = |value: &Value| list(value).map(text).collect();
        (!token.is_empty()).then(|| Self {
            token,
            challenges: texts(&body["code_challenge_methods_supported"]),
            authentication: texts(&body["token_endpoint_auth_methods_supported"]),
        })
    }

    pub fn describe(&self) -> String {
        let all = [vec![self.token.clone()], self.challenges.clone(), self.authentication.clone()].concat();
        all.join(" · ")
    }
}

/// Of a page of a search: numbers, and the first resource for its id.
pub(super) struct Page {
    pub first: Option<Value>,
    entries: usize,
    total: Option<u64>,
    warnings: String,
}

pub(super) fn bundle(body: &Value) -> Option<Page> {
    if body["resourceType"] != "Bundle" {
        return None;
    }
    let resources: Vec<&Value> = list(&body["entry"]).map(|entry| &entry["resource"]).collect();
    let (said, found): (Vec<&Value>, Vec<&Value>) =
        resources.into_iter().partition(|one| one["resourceType"] == "OperationOutcome");
    let warnings: Vec<String> = said.into_iter().flat_map(|one| codes(one, false)).take(MOST_ISSUES).collect();
    Some(Page {
        first: found.first().map(|one| (*one).clone()),
        entries: found.len(),
        total: body["total"].as_u64(),
        warnings: warnings.join("; "),
    })
}

impl Page {
    pub fn describe(&self, kind: &str) -> String {
        let count = self.total.map_or_else(|| format!("≥ {}", self.entries), |total| total.to_string());
        let told = [format!("{kind}: {count}"), self.warnings.clone()];
        told.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

/// Severity and code of each issue, with its words where nobody is spoken of.
fn codes(outcome: &Value, in_words: bool) -> Vec<String> {
    let told = |issue: &Value| {
        let details = list(&issue["details"]["coding"]).map(|coding| text(&coding["code"]));
        let words = [text(&issue["details"]["text"]), text(&issue["diagnostics"])];
        let all = [text(&issue["severity"]), text(&issue["code"])].into_iter().chain(details);
        let all = all.chain(words.into_iter().filter(|_| in_words));
        all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    list(&outcome["issue"]).map(told).collect()
}

/// What an OperationOutcome says; nothing where the body is none.
pub(super) fn issues(body: &[u8], in_words: bool) -> String {
    let outcome = read(body).filter(|body| body["resourceType"] == "OperationOutcome");
    let told = outcome.map(|outcome| codes(&outcome, in_words)).unwrap_or_default();
    told.into_iter().take(MOST_ISSUES).collect::<Vec<_>>().join("; ")
}

/// What a server says of itself, for the form that defines it.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// What was done.
    pub steps: Vec<Step>,
    /// Name of the software or of the institution, where it says one.
    pub name: String,
    /// It can be asked.
    pub good: bool,
    /// It has an address where tokens are given: it is no open server.
    pub signs_in: bool,
}

impl Discovered {
    pub(super) fn of(steps: Vec<Step>, capability: Option<&Capability>, smart: Option<&Smart>) -> Self {
        let name = capability.map(|one| if one.description.is_empty() { &one.software } else { &one.description });
        let oauth = capability.is_some_and(|capability| capability.oauth.is_some());
        Self {
            good: capability.is_some() && steps.iter().all(|step| step.end != End::Failed),
            name: name.map(|name| name.chars().take(crate::LONGEST_NAME).collect()).unwrap_or_default(),
            signs_in: smart.is_some() || oauth,
            steps,
        }
    }
}
