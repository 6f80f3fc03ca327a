//! The sections that both portals have.

use std::{net::SocketAddr, path::PathBuf};

use url::Url;

use super::Section;

/// `[server]`
#[derive(Clone, Debug)]
pub struct ServerSection {
    /// Where the portal listens.
    pub listen: SocketAddr,
    /// What people type; decides cookie rules and the origin that requests must come from.
    pub public_url: Url,
    /// Addresses or networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<crate::network::Network>,
}

/// `[ops]`
#[derive(Clone, Copy, Debug)]
pub struct OpsSection {
    /// Where health, readiness and metrics are served.
    pub listen: SocketAddr,
}

/// `[telemetry]`: where traces go. Left out, none are made.
#[derive(Clone, Debug)]
pub struct TelemetrySection {
    /// An OpenTelemetry collector's address for traces over HTTP: `http://127.0.0.1:4318/v1/traces`.
    pub otlp_url: Option<Url>,
    /// Share of requests that are traced, 0–1.
    pub sample: f64,
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct DatabaseSection {
    /// For `store::Store::open`.
    pub config: store::DatabaseConfig,
}

/// `record.treatment_relation`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreatmentRelation {
    /// Without a relation a clinician has to break the glass.
    Required,
    /// A read without a relation goes through, marked in the audit.
    Advisory,
}

/// `[record]`
#[derive(Clone, Copy, Debug)]
pub struct RecordSection {
    /// See [`TreatmentRelation`].
    pub treatment_relation: TreatmentRelation,
}

/// `[identifiers]`
#[derive(Clone, Debug)]
pub struct IdentifiersSection {
    /// `identifier.system` values that mean the resident ID number.
    pub resident_id: Vec<String>,
}

/// `[sources]`
#[derive(Clone, Debug)]
pub struct SourcesSection {
    /// The catalogue of hospitals.
    pub file: PathBuf,
    /// The folder of platform files; `platforms` beside the catalogue unless said otherwise.
    pub platforms: PathBuf,
    /// May hospitals that administrators define in the portal be on this machine itself?
    pub allow_loopback: bool,
}

impl ServerSection {
    /// Reads `[server]`.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("server", |section| {
            let listen = address(section, "\"127.0.0.1:8080\"");
            let public_url = public_url(section);
            let trusted = section.optional::<Vec<String>>("trusted_proxies").unwrap_or_default();
            let mut trusted_proxies = Vec::new();
            for (index, text) in trusted.iter().enumerate() {
                match text.parse() {
                    Ok(network) => trusted_proxies.push(network),
                    Err(_) => section.problem(
                        &format!("trusted_proxies[{index}]"),
                        format!("`{text}` is no address or network"),
                        "write an address (10.0.0.7) or a network (10.0.0.0/24)",
                    ),
                }
            }
            Some(Self { listen: listen?, public_url: public_url?, trusted_proxies })
        })
    }
}

impl OpsSection {
    /// Reads `[ops]`.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("ops", |section| Some(Self { listen: address(section, "\"127.0.0.1:9080\"")? }))
    }
}

impl TelemetrySection {
    /// Reads `[telemetry]`. Spans hold no health data, but they say who was busy when: http is for a collector on
    /// this machine or network, so no other scheme is needed.
    pub fn read(root: &mut Section<'_>) -> Self {
        root.section("telemetry", |section| {
            let text = section.optional::<String>("otlp_url");
            let otlp_url = text.as_ref().and_then(|text| Url::parse(text).ok()).filter(|url| url.scheme() == "http");
            if text.is_some() && otlp_url.is_none() {
                let cure = "write the collector's address, like \"http://127.0.0.1:4318/v1/traces\"";
                section.problem("otlp_url", "not an http address", cure);
            }
            let sample = section.optional::<f64>("sample").unwrap_or(1.0);
            if !(0.0..=1.0).contains(&sample) {
                section.problem("sample", format!("{sample} is no share"), "write a number from 0 to 1");
            }
            Self { otlp_url, sample: sample.clamp(0.0, 1.0) }
        })
    }
}

impl DatabaseSection {
    /// Reads `[database]`; the password file is read here, so that a missing one is reported with the rest.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("database", |section| {
            let url = section.required::<String>("url", "\"sqlite://data/portal.db\"");
            let max_connections = section.optional::<u32>("max_connections").unwrap_or(16).clamp(2, 256);
            let password = section.optional_file("password_file").map(|file| (std::fs::read_to_string(&file), file));
            let password = match password {
                None => None,
                Some((Ok(text), _)) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
                Some((Err(error), file)) => {
                    section.problem("password_file", error.to_string(), format!("make {} readable", file.display()));
                    None
                }
            };
            let mut config = store::DatabaseConfig::new(in_folder(&url?, section), password);
            config.max_connections = max_connections;
            if let Err(problem) = config.backend() {
                section.problem("url", problem.to_string(), "sqlite://PATH or postgres://USER@HOST:PORT/NAME");
                return None;
            }
            Some(Self { config })
        })
    }
}

impl DatabaseSection {
    /// What keeps this process from writing the database's file, where it has one.
    pub fn not_writable(&self) -> Option<super::Problem> {
        super::not_writable("database.url", self.config.sqlite_file()?)
    }
}

/// A relative SQLite path starts from the configuration's folder, like every other path in it.
fn in_folder(url: &str, section: &Section<'_>) -> String {
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() && !path.starts_with('/') => {
            format!("sqlite://{}", section.folder().join(path).display())
        }
        _ => url.to_owned(),
    }
}

impl RecordSection {
    /// Reads `[record]`.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("record", |section| {
            let text = section.optional::<String>("treatment_relation").unwrap_or_else(|| "required".to_owned());
            let treatment_relation = match text.as_str() {
                "required" => TreatmentRelation::Required,
                "advisory" => TreatmentRelation::Advisory,
                other => {
                    section.problem(
                        "treatment_relation",
                        format!("`{other}` is not known"),
                        "write \"required\" or \"advisory\"",
                    );
                    return None;
                }
            };
            Some(Self { treatment_relation })
        })
    }
}

impl IdentifiersSection {
    /// Reads `[identifiers]`.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("identifiers", |section| {
            let resident_id = section.required::<Vec<String>>("resident_id", "[\"urn:oid:2.16.156.10011.1.3\"]")?;
            if resident_id.iter().any(|system| system.trim().is_empty()) {
                section.problem("resident_id", "holds an empty system", "name FHIR identifier systems (URIs)");
            }
            Some(Self { resident_id })
        })
    }
}

impl SourcesSection {
    /// Reads `[sources]`.
    pub fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("sources", |section| {
            let file = section.file("file", "\"sources.toml\"");
            let platforms = section.optional_file("platforms");
            let allow_loopback = section.optional("allow_loopback").unwrap_or(false);
            let file = file?;
            let beside = file.parent().map(|folder| folder.join("platforms")).unwrap_or_default();
            Some(Self { platforms: platforms.unwrap_or(beside), file, allow_loopback })
        })
    }
}

fn address(section: &mut Section<'_>, example: &str) -> Option<SocketAddr> {
    let text = section.required::<String>("listen", example)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        section.problem("listen", format!("`{text}` is no address with a port"), format!("write e.g. {example}"));
    }
    parsed
}

fn public_url(section: &mut Section<'_>) -> Option<Url> {
    let text = section.required::<String>("public_url", "\"https://portal.example\"")?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else {
        section.problem(
            "public_url",
            format!("`{text}` is no http(s) address"),
            "write what people type, scheme included",
        );
        return None;
    };
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && !loopback {
        section.problem(
            "public_url",
            "http is only for loopback: sessions would travel in the clear",
            "serve https in front of the portal and write https://…",
        );
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        section.problem("public_url", "has a path", "write scheme, host and port alone");
    }
    Some(url)
}
