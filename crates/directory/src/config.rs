//! The `[[directory]]` section, and everything that can be wrong with it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::dn::{Dn, is_attribute_type};
use crate::filter::FilterTemplate;
use crate::server::{Server, ServerError};

/// One organisation's directory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryConfig {
    /// Part of every subject of this organisation (`u:ID/…`): small letters, digits, hyphens; never change it.
    pub id: String,
    /// For people.
    pub name: OrganisationName,
    /// `ldaps://host[:636]` or `ldap://host[:389]`, in order of preference.
    pub urls: Vec<String>,
    /// Protect `ldap://` by StartTLS.
    #[serde(default)]
    pub starttls: bool,
    /// Allow `ldap://` in the clear: passwords can be read on the way. Named in the log at every start.
    #[serde(default)]
    pub insecure: bool,
    /// PEM certificates to trust instead of the public authorities.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Where people are searched, with everything below.
    pub base_dn: String,
    /// The service account.
    pub bind_dn: String,
    /// Its password, one line.
    pub bind_password_file: PathBuf,
    /// RFC 4515, with `{uid}` in place of the user name.
    pub user_filter: String,
    /// Where groups are searched; without it only the entry's own `memberOf` counts.
    #[serde(default)]
    pub group_base_dn: Option<String>,
    /// Directory group → staff group.
    #[serde(default)]
    pub role: Vec<RoleRule>,
    /// Who a person is at a source.
    #[serde(default)]
    pub practitioner: Vec<PractitionerRule>,
    /// Names of attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// For everything a sign-in does at one server, in milliseconds: 100 to 3000. Several servers share half as long
    /// again.
    #[serde(default = "default_timeout")]
    pub timeout_ms: u64,
}

fn default_timeout() -> u64 {
    3_000
}

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationName {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Members of a directory group are in a staff group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The directory group's DN.
    pub group: String,
    /// The staff group: `clinician`, `nurse`, ….
    pub role: String,
}

/// An attribute holds a person's practitioner identifier at a source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PractitionerRule {
    /// Source id.
    pub source: String,
    /// Attribute of the person's entry.
    pub attribute: String,
    /// `Identifier.system` of that number at the source; without one the attribute holds the id of the `Practitioner`
    /// itself.
    #[serde(default)]
    pub system: Option<String>,
}

impl PractitionerRule {
    /// What the source is asked for: `system|value`, as FHIR searches write it, or its own id.
    pub(crate) fn token(&self, value: &str) -> String {
        match &self.system {
            Some(system) => format!("{system}|{value}"),
            None => value.to_owned(),
        }
    }
}

/// Which attributes of a person's entry mean what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attributes {
    /// Name for the screen; `cn` and then the user name stand in.
    pub display_name: String,
    /// An identity that survives renaming and is never given to another: `entryUUID` (RFC 4530), `nsUniqueId`
    /// (389 Directory Server), `objectGUID` (Active Directory).
    pub stable_id: String,
    /// Department; may be absent.
    pub department: String,
    /// E-mail address, for being told that a message waits; read only where it is named here.
    pub mail: Option<String>,
    /// Number of a mobile phone, for the same.
    pub mobile: Option<String>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            display_name: "displayName".to_owned(),
            stable_id: "entryUUID".to_owned(),
            department: "departmentNumber".to_owned(),
            mail: None,
            mobile: None,
        }
    }
}

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `directory[0].urls[1]`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub cure: String,
}

/// Collects mistakes under one prefix.
struct Findings<'a> {
    prefix: &'a str,
    found: Vec<Problem>,
}

impl Findings<'_> {
    fn add(&mut self, key: impl std::fmt::Display, what: impl Into<String>, cure: impl Into<String>) {
        self.found.push(Problem { path: format!("{}.{key}", self.prefix), what: what.into(), cure: cure.into() });
    }
}

/// Settings that have been checked: what [`crate::Directory`] works with.
pub(crate) struct Settings {
    pub(crate) id: String,
    pub(crate) name: OrganisationName,
    pub(crate) servers: Vec<Server>,
    pub(crate) base: Dn,
    pub(crate) base_dn: String,
    pub(crate) bind_dn: String,
    pub(crate) bind_password: Zeroizing<String>,
    pub(crate) user_filter: FilterTemplate,
    pub(crate) group_base_dn: Option<String>,
    pub(crate) roles: Vec<(Dn, String)>,
    pub(crate) practitioner: Vec<PractitionerRule>,
    pub(crate) attributes: Attributes,
    pub(crate) timeout: Duration,
}

impl DirectoryConfig {
    /// Sources that `[[directory.practitioner]]` names: whether there are such is the caller's to check.
    pub fn sources_named(&self) -> impl Iterator<Item = &str> {
        self.practitioner.iter().map(|rule| rule.source.as_str())
    }

    /// Every mistake, files included. `prefix` is the section's place, e.g. `directory[0]`.
    pub fn check(&self, prefix: &str) -> Vec<Problem> {
        self.settings(prefix).err().unwrap_or_default()
    }

    /// [`DirectoryConfig::check`] of every section, and ids used twice.
    pub fn check_all(configs: &[Self]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut ids = BTreeSet::new();
        for (place, config) in configs.iter().enumerate() {
            let prefix = format!("directory[{place}]");
            problems.extend(config.check(&prefix));
            if !ids.insert(config.id.as_str()) {
                let mut findings = Findings { prefix: &prefix, found: Vec::new() };
                findings.add("id", format!("{:?} is used twice", config.id), "give every directory an id of its own");
                problems.append(&mut findings.found);
            }
        }
        problems
    }

    /// The checked form, or every mistake.
    pub(crate) fn settings(&self, prefix: &str) -> Result<Settings, Vec<Problem>> {
        let mut findings = Findings { prefix, found: Vec::new() };
        self.check_words(&mut findings);
        let base = self.check_dn("base_dn", &self.base_dn, &mut findings);
        self.check_dn("bind_dn", &self.bind_dn, &mut findings);
        if let Some(group_base) = &self.group_base_dn {
            self.check_dn("group_base_dn", group_base, &mut findings);
        }
        let roles = self.check_roles(&mut findings);
        self.check_practitioner(&mut findings);
        let user_filter = match FilterTemplate::parse(&self.user_filter) {
            Ok(filter) => Some(filter),
            Err(error) => {
                findings.add("user_filter", error.to_string(), "write e.g. (&(objectClass=inetOrgPerson)(uid={uid}))");
                None
            }
        };
        let bind_password = self.check_password(&mut findings);
        let tls = self.check_authorities(&mut findings);
        let servers = self.check_urls(tls.as_ref(), &mut findings);
        match (base, user_filter, bind_password) {
            (Some(base), Some(user_filter), Some(bind_password)) if findings.found.is_empty() => Ok(Settings {
                id: self.id.clone(),
                name: self.name.clone(),
                servers,
                base,
                base_dn: self.base_dn.clone(),
                bind_dn: self.bind_dn.clone(),
                bind_password,
                user_filter,
                group_base_dn: self.group_base_dn.clone(),
                roles,
                practitioner: self.practitioner.clone(),
                attributes: self.attributes.clone(),
                timeout: Duration::from_millis(self.timeout_ms),
            }),
            _ => Err(findings.found),
        }
    }

    fn check_words(&self, findings: &mut Findings<'_>) {
        if !is_slug(&self.id) {
            let what = format!("{:?} is not a good id", self.id);
            findings.add("id", what, "use 1 to 32 small letters, digits and hyphens");
        }
        if self.name.zh.trim().is_empty() || self.name.en.trim().is_empty() {
            findings.add("name", "a language is empty", "write name = { zh = \"…\", en = \"…\" }");
        }
        if !(100..=3_000).contains(&self.timeout_ms) {
            let what = format!("{} is out of range", self.timeout_ms);
            findings.add("timeout_ms", what, "choose 100 to 3000 milliseconds");
        }
        let Attributes { display_name, stable_id, department, mail, mobile } = &self.attributes;
        let always = [("display_name", display_name), ("stable_id", stable_id), ("department", department)];
        let named =
            [("mail", mail), ("mobile", mobile)].into_iter().filter_map(|(key, name)| Some((key, name.as_ref()?)));
        for (key, name) in always.into_iter().chain(named) {
            if !is_attribute_type(name) {
                let what = format!("{name:?} is not an attribute name");
                findings.add(format!("attributes.{key}"), what, "write the attribute's name as in the schema");
            }
        }
    }

    fn check_dn(&self, key: &str, text: &str, findings: &mut Findings<'_>) -> Option<Dn> {
        let cure = "write a distinguished name like ou=people,dc=example,dc=org";
        match Dn::parse(text) {
            Ok(dn) if dn.is_empty() => findings.add(key, "is empty", cure),
            Ok(dn) => return Some(dn),
            Err(error) => findings.add(key, format!("{text:?} is not a DN: {error}"), cure),
        }
        None
    }

    fn check_roles(&self, findings: &mut Findings<'_>) -> Vec<(Dn, String)> {
        let mut rules: Vec<(Dn, String)> = Vec::new();
        for (place, rule) in self.role.iter().enumerate() {
            if !is_slug(&rule.role) {
                let what = format!("{:?} is not the name of a staff group", rule.role);
                findings.add(format!("role[{place}].role"), what, "name a staff group like clinician or nurse");
            }
            let Some(dn) = self.check_dn(&format!("role[{place}].group"), &rule.group, findings) else { continue };
            let mapped = (dn, rule.role.clone());
            if rules.contains(&mapped) {
                findings.add(format!("role[{place}]"), "the same group and role stand above", "delete one of the two");
            } else {
                rules.push(mapped);
            }
        }
        rules
    }

    fn check_practitioner(&self, findings: &mut Findings<'_>) {
        let mut sources = BTreeSet::new();
        for (place, rule) in self.practitioner.iter().enumerate() {
            if !is_attribute_type(&rule.attribute) {
                let what = format!("{:?} is not an attribute name", rule.attribute);
                let key = format!("practitioner[{place}].attribute");
                findings.add(key, what, "write the attribute's name as in the schema");
            }
            // A comma means "or" in a search, a bar ends the system: neither may be in one.
            let good = |system: &String| !system.trim().is_empty() && !system.contains(['|', ',', '\\', '$']);
            if let Some(system) = rule.system.as_ref().filter(|system| !good(system)) {
                let what = format!("{system:?} is not a system of identifiers");
                findings.add(format!("practitioner[{place}].system"), what, "write the URI that the source sends");
            }
            if rule.source.is_empty() || !sources.insert(rule.source.as_str()) {
                let what = format!("{:?} is empty or used twice", rule.source);
                findings.add(format!("practitioner[{place}].source"), what, "name each source once");
            }
        }
    }

    fn check_password(&self, findings: &mut Findings<'_>) -> Option<Zeroizing<String>> {
        let path = self.bind_password_file.as_path();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) => {
                let what = format!("{} can't be read: {error}", path.display());
                findings.add("bind_password_file", what, "create it, readable by this service alone");
                return None;
            }
        };
        let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        // An empty password would be an unauthenticated bind, which some servers let pass (RFC 4513 §5.1.2).
        if line.is_empty() || line.contains(['\n', '\0']) {
            let what = format!("{} is empty or has several lines", path.display());
            findings.add("bind_password_file", what, "write the password as the only line");
            return None;
        }
        Some(Zeroizing::new(line.to_owned()))
    }

    fn check_authorities(&self, findings: &mut Findings<'_>) -> Option<Arc<ClientConfig>> {
        let roots = match &self.ca_file {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(path) => match authorities(path) {
                Ok(roots) => roots,
                Err(error) => {
                    let what = format!("{} can't be used: {error}", path.display());
                    findings.add("ca_file", what, "give a PEM file with the certificates to trust");
                    return None;
                }
            },
        };
        match tls_config(roots) {
            Ok(config) => Some(config),
            Err(error) => {
                findings.add(
                    "ca_file",
                    format!("TLS can't be set up: {error}"),
                    "report this as a fault of the portal",
                );
                None
            }
        }
    }

    fn check_urls(&self, tls: Option<&Arc<ClientConfig>>, findings: &mut Findings<'_>) -> Vec<Server> {
        if self.urls.is_empty() {
            findings.add("urls", "no server", "write urls = [\"ldaps://ldap.example:636\"]");
        }
        if self.starttls && self.insecure {
            let cure = "delete insecure = true: StartTLS protects the connection";
            findings.add("insecure", "contradicts starttls = true", cure);
        }
        let mut servers: Vec<Server> = Vec::new();
        for (place, url) in self.urls.iter().enumerate() {
            let key = format!("urls[{place}]");
            match Server::parse(url, self.starttls, self.insecure, tls) {
                Ok(server) if servers.iter().any(|s| (&s.host, s.port) == (&server.host, server.port)) => {
                    findings.add(key, format!("{url:?} stands above"), "name each server once");
                }
                Ok(server) => servers.push(server),
                Err(ServerError::Form) => {
                    findings.add(key, format!("{url:?} is not a server's URL"), "write ldaps://HOST[:PORT]");
                }
                Err(ServerError::Scheme) => {
                    findings.add(key, format!("{url:?} is neither ldap:// nor ldaps://"), "write ldaps://HOST[:PORT]");
                }
                Err(ServerError::Authorities) => {}
                Err(ServerError::Unprotected) => findings.add(
                    key,
                    format!("{url:?} would send passwords in the clear"),
                    "write ldaps://, or starttls = true, or (for a test only) insecure = true",
                ),
            }
        }
        servers
    }
}

/// Small letters, digits and hyphens: what may be part of a policy subject.
fn is_slug(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn authorities(path: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| invalid(error.to_string()))? {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(invalid("no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn tls_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
