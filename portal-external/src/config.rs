//! The public portal's configuration file. It has no staff key and no directory, and refuses both as unknown keys.

use std::path::{Path, PathBuf};

use content::Overdue;
use envelope::KeyDomain;
use web::{
    config::{
        DatabaseSection, Document, IdentifiersSection, OpsSection, Problem, Problems, RecordSection, SealingSection,
        Section, ServerSection, SourcesSection, TelemetrySection,
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
    /// `[content]`
    pub content: ContentSection,
    /// `[family]`
    pub family: FamilySection,
}

/// `[keys]`: root keys by domain.
pub struct Keys {
    /// Shared by both portals: the regional index.
    pub region: keys::Key,
    /// Patients' secrets, and the code of this portal's audit rows.
    pub patient: keys::Key,
    /// What secrets in the database are sealed under.
    pub sealing: SealingSection,
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
        let content = ContentSection::read(root);
        let family = FamilySection::read(root);
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
            content: content?,
            family: family?,
        })
    }

    /// Makes the key files that `file` names and that are not there yet; returns those made.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn create_keys(file: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
        web::config::create_keys(file, &["region_file", "patient_file", "region_root_file", "patient_root_file"])
    }
}

/// `[content]`
pub struct ContentSection {
    /// What happens to an article whose review-by date has passed.
    pub overdue: Overdue,
}

impl ContentSection {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("content", |section| {
            let overdue: Option<String> = section.optional("overdue");
            let overdue = match overdue.as_deref() {
                None | Some("mark") => Overdue::Mark,
                Some("hide") => Overdue::Hide,
                Some(_) => {
                    section.problem("overdue", "is neither `mark` nor `hide`", "`mark` unless said");
                    return None;
                }
            };
            Some(Self { overdue })
        })
    }
}

/// `[family]`
pub struct FamilySection {
    /// In years: what somebody younger has entrusted ends on that birthday, and they are asked anew.
    pub own_say_age: i16,
}

impl FamilySection {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("family", |section| {
            let age: Option<u32> = section.optional("own_say_age");
            match i16::try_from(age.unwrap_or(14)) {
                Ok(own_say_age) if (1..=25).contains(&own_say_age) => Some(Self { own_say_age }),
                _ => {
                    section.problem("own_say_age", "is not between 1 and 25", "14 unless said");
                    None
                }
            }
        })
    }
}

impl Keys {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("keys", |section| {
            let region = section.key("region_file");
            let patient = section.key("patient_file");
            let domains = [(KeyDomain::Patient, patient.as_ref()), (KeyDomain::Region, region.as_ref())];
            let sealing = SealingSection::read(section, &domains);
            Some(Self { region: region?, patient: patient?, sealing: sealing? })
        })
    }
}
