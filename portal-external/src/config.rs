//! The public portal's configuration file. It has no staff key and no directory, and refuses both as unknown keys.

use std::path::{Path, PathBuf};

use web::{
    config::{
        DatabaseSection, Document, IdentifiersSection, OpsSection, Problem, Problems, RecordSection, Section,
        ServerSection, SourcesSection, TelemetrySection,
    },
    keys,
};

/// Everything `serve` needs; made only when no mistake was found.
pub struct Config {
    /// `[server]`
    pub server: ServerSection,
    /// `[ops]`
    pub ops: OpsSection,
    /// `[database]`
    pub database: DatabaseSection,
    /// `[keys]`
    pub keys: Keys,
    /// `[telemetry]`
    pub telemetry: TelemetrySection,
    /// `[record]`
    pub record: RecordSection,
    /// `[identifiers]`
    pub identifiers: IdentifiersSection,
    /// `[sources]`
    pub sources: SourcesSection,
}

/// `[keys]`: root keys by domain.
pub struct Keys {
    /// Shared by both portals: the regional index.
    pub region: keys::Key,
    /// Patients' secrets, and the code of this portal's audit rows.
    pub patient: keys::Key,
}

impl Config {
    /// Reads `file` and the environment.
    ///
    /// # Errors
    /// Every mistake found, at once.
    pub fn load(file: &Path) -> Result<Self, Vec<Problem>> {
        let document = Document::read(file, std::env::vars()).map_err(|problem| vec![problem])?;
        let mut problems = Problems::default();
        let read = Self::read(&mut document.root(&mut problems));
        match read {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems.into_vec()),
        }
    }

    /// `[sources]` alone, so that `check` finds mistakes in the catalogue too when there are others.
    pub fn sources(file: &Path) -> Option<SourcesSection> {
        let document = Document::read(file, std::env::vars()).ok()?;
        SourcesSection::read(&mut document.root(&mut Problems::default()))
    }

    fn read(root: &mut Section<'_>) -> Option<Self> {
        let server = ServerSection::read(root);
        let ops = OpsSection::read(root);
        let database = DatabaseSection::read(root);
        let keys = Keys::read(root);
        let telemetry = TelemetrySection::read(root);
        let record = RecordSection::read(root);
        let identifiers = IdentifiersSection::read(root);
        let sources = SourcesSection::read(root);
        root.finish();
        Some(Self {
            server: server?,
            ops: ops?,
            database: database?,
            keys: keys?,
            telemetry,
            record: record?,
            identifiers: identifiers?,
            sources: sources?,
        })
    }

    /// Makes the key files that `file` names and that are not there yet; returns those made.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn create_keys(file: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
        web::config::create_keys(file, &["region_file", "patient_file"])
    }
}

impl Keys {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("keys", |section| {
            let region = section.key("region_file");
            let patient = section.key("patient_file");
            Some(Self { region: region?, patient: patient? })
        })
    }
}
