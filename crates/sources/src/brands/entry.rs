//! One resource of a bundle, as far as it can be read: a wrong type is an absent value.

use serde_json::Value;
use url::Url;

use super::{Left, text::line};

/// Of a name, an alias, a city, in characters.
const LONGEST_TEXT: usize = 120;
/// Of an address, in bytes: as sources' own.
const LONGEST_ADDRESS: usize = 300;
/// Of an id or a reference, in bytes.
const LONGEST_REFERENCE: usize = 500;
/// Aliases, cities, postcodes of one organisation.
const MOST_TEXTS: usize = 8;
/// Endpoints of one organisation.
pub const MOST_LINKS: usize = 200;

const PORTAL: &str = "http://hl7.org/fhir/StructureDefinition/organization-portal";
const FHIR_VERSION: &str = "http://hl7.org/fhir/StructureDefinition/endpoint-fhir-version";

/// A brand (profile `user-access-brand`).
#[derive(Debug, Default)]
pub struct Organization {
    pub name: String,
    pub aliases: Vec<String>,
    pub cities: Vec<String>,
    pub postcodes: Vec<String>,
    pub portal: String,
    pub website: String,
    /// References of `endpoint` and of `portalEndpoint`.
    pub endpoints: Vec<String>,
    /// More than are kept.
    pub more_endpoints: bool,
    pub part_of: Option<String>,
}

/// A server (profile `user-access-endpoint`).
#[derive(Debug, Default)]
pub struct Endpoint {
    pub name: String,
    pub address: String,
    pub fhir_version: String,
    pub managing: Option<String>,
}

/// The elements of a list; one that is not in a list counts as a list of one.
pub fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    match of.get(name) {
        Some(Value::Array(all)) => all,
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    }
}

fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).map(|text| line(text, LONGEST_TEXT)).unwrap_or_default()
}

/// Texts, each once.
fn texts<'v>(all: impl Iterator<Item = Option<&'v Value>>) -> Vec<String> {
    let mut kept = Vec::new();
    for one in all.flatten().filter_map(Value::as_str).map(|one| line(one, LONGEST_TEXT)) {
        if kept.len() < MOST_TEXTS && !one.is_empty() && !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

/// An id, a full URL or a reference.
pub fn key(of: &Value, name: &str) -> Option<String> {
    let key = of.get(name)?.as_str()?.trim();
    (!key.is_empty() && key.len() <= LONGEST_REFERENCE).then(|| key.to_owned())
}

fn reference(of: &Value, name: &str) -> Option<String> {
    key(of.get(name)?, "reference")
}

/// Extensions of one kind.
fn extensions<'v>(of: &'v Value, url: &'v str) -> impl Iterator<Item = &'v Value> {
    list(of, "extension").iter().filter(move |one| one.get("url").and_then(Value::as_str) == Some(url))
}

impl Organization {
    /// From `resource`.
    ///
    /// # Errors
    /// Not in use, or without a name.
    pub fn read(resource: &Value) -> Result<Self, Left> {
        if resource.get("active") == Some(&Value::Bool(false)) {
            return Err(Left::Inactive);
        }
        let aliases = texts(list(resource, "alias").iter().map(Some));
        let mut read = Self { name: text(resource, "name"), ..Self::default() };
        if read.name.is_empty() {
            read.name = aliases.first().cloned().ok_or(Left::Nameless)?;
        }
        read.aliases = aliases.into_iter().filter(|alias| *alias != read.name).collect();
        let addresses = list(resource, "address");
        read.cities = texts(addresses.iter().map(|one| one.get("city")));
        read.postcodes = texts(addresses.iter().map(|one| one.get("postalCode")));
        read.part_of = reference(resource, "partOf");
        read.portals(resource);
        Ok(read)
    }

    fn portals(&mut self, resource: &Value) {
        let mut links: Vec<String> = Vec::new();
        let mut more = false;
        let mut link = |one: Option<String>| match one {
            Some(one) if links.len() < MOST_LINKS => links.push(one),
            Some(_) => more = true,
            None => {}
        };
        list(resource, "endpoint").iter().for_each(|one| link(key(one, "reference")));
        for portal in extensions(resource, PORTAL) {
            extensions(portal, "portalEndpoint").for_each(|one| link(reference(one, "valueReference")));
            let said = |url, value| extensions(portal, url).map(|one| text(one, value)).find(|text| !text.is_empty());
            if self.portal.is_empty() {
                self.portal = said("portalName", "valueString").unwrap_or_default();
            }
            if self.website.is_empty() {
                self.website = said("portalUrl", "valueUrl").unwrap_or_default();
            }
        }
        if self.website.is_empty() {
            let telecom = list(resource, "telecom").iter();
            let mut web = telecom.filter(|one| one.get("system").and_then(Value::as_str) == Some("url"));
            self.website = web.next().map(|one| text(one, "value")).unwrap_or_default();
        }
        (self.endpoints, self.more_endpoints) = (links, more);
    }
}

impl Endpoint {
    /// From `resource`.
    ///
    /// # Errors
    /// Not in use, not FHIR's REST, not R4, or at an address that no source can have.
    pub fn read(resource: &Value) -> Result<Self, Left> {
        // Absent is taken for active: published lists leave it out.
        if resource.get("status").is_some_and(|status| status.as_str() != Some("active")) {
            return Err(Left::Inactive);
        }
        if !is_rest(resource) {
            return Err(Left::Connection);
        }
        let mut versions = extensions(resource, FHIR_VERSION).map(|one| text(one, "valueCode"));
        let first = versions.next().unwrap_or_default();
        let fhir_version = match first.is_empty() || first.starts_with("4.") {
            true => first,
            false => versions.find(|one| one.starts_with("4.")).ok_or(Left::Version)?,
        };
        let address = resource.get("address").and_then(Value::as_str).and_then(address).ok_or(Left::Address)?;
        let (name, managing) = (text(resource, "name"), reference(resource, "managingOrganization"));
        Ok(Self { name, address, fhir_version, managing })
    }
}

/// `connectionType` is a Coding in R4, and a list of CodeableConcepts in R5.
fn is_rest(resource: &Value) -> bool {
    let rest = |one: &Value| one.get("code").and_then(Value::as_str) == Some("hl7-fhir-rest");
    let types = list(resource, "connectionType");
    types.iter().any(|one| rest(one) || list(one, "coding").iter().any(rest))
}

/// An address that a source can have, as it is written in URLs.
fn address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let good = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    Some(url.to_string()).filter(|url| good && url.len() <= LONGEST_ADDRESS)
}
