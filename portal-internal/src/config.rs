//! The intranet portal's configuration file.

mod delivery;

use std::path::{Path, PathBuf};

use content::{FeedSettings, Overdue};
use directory::DirectoryConfig;
use ehr::EncounterRules;
use envelope::KeyDomain;
use jiff::SignedDuration;
use web::{
    config::{
        DatabaseSection, Document, IdentifiersSection, OpsSection, Problem, Problems, RecordSection, SealingSection,
        Section, ServerSection, SourcesSection, TelemetrySection,
    },
    keys,
};

pub use delivery::{DeliverySection, MailSection};

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
    /// `[[directory]]`
    pub directories: Vec<DirectoryConfig>,
    /// `[sources]`
    pub sources: SourcesSection,
    /// `[content]`
    pub content: ContentSection,
    /// `[audit]`
    pub audit: AuditSection,
    /// `[index]`
    pub index: IndexSection,
    /// `[relations]`
    pub relations: EncounterRules,
    /// `[mail]` and `[sms]`
    pub delivery: DeliverySection,
}

/// `[keys]`: root keys by domain.
pub struct Keys {
    /// Shared by both portals: the regional index.
    pub region: keys::Key,
    /// Patients' secrets; here, what the public portal's audit rows are checked with.
    pub patient: keys::Key,
    /// Staff secrets, and the code of this portal's audit rows; never on the external portal's machine.
    pub staff: keys::Key,
    /// What secrets in the database are sealed under.
    pub sealing: SealingSection,
}

/// `[audit]`
pub struct AuditSection {
    /// Where heads of the audit chain are published, outside the database.
    pub heads_file: PathBuf,
}

/// `[index]`
pub struct IndexSection {
    /// How often sources with `sweep = true` are listed; never without.
    pub sweep_every: Option<SignedDuration>,
}

/// The key files a configuration names, for `check --create-keys`.
const KEY_FILES: [&str; 6] =
    ["region_file", "patient_file", "staff_file", "region_root_file", "patient_root_file", "staff_root_file"];

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

    /// Sources that `[[directory.practitioner]]` names and that are not in the catalogue.
    pub fn unknown_sources(file: &Path, is_known: impl Fn(&str) -> bool) -> Vec<Problem> {
        let Ok(document) = Document::read(file, std::env::vars()) else { return Vec::new() };
        let directories = directories(&mut document.root(&mut Problems::default()));
        let named = directories.iter().enumerate().flat_map(|(nth, one)| one.sources_named().map(move |id| (nth, id)));
        let unknown = named.filter(|(_, id)| !is_known(id)).map(|(nth, id)| Problem {
            path: format!("directory[{nth}].practitioner"),
            what: format!("no source `{id}` in the catalogue"),
            cure: "name a source of sources.toml, or one that was defined in the portal, by its id".to_owned(),
        });
        unknown.collect()
    }

    fn read(root: &mut Section<'_>) -> Option<Self> {
        let server = ServerSection::read(root);
        let ops = OpsSection::read(root);
        let database = DatabaseSection::read(root);
        let keys = Keys::read(root);
        let telemetry = TelemetrySection::read(root);
        let record = RecordSection::read(root);
        let identifiers = IdentifiersSection::read(root);
        let directories = directories(root);
        let sources = SourcesSection::read(root);
        let content = ContentSection::read(root);
        let audit = AuditSection::read(root);
        let index = IndexSection::read(root);
        let relations = encounter_rules(root);
        let delivery = DeliverySection::read(root, server.as_ref(), &directories);
        root.finish();
        Some(Self {
            server: server?,
            ops: ops?,
            database: database?,
            keys: keys?,
            telemetry,
            record: record?,
            identifiers: identifiers?,
            directories,
            sources: sources?,
            content: content?,
            audit,
            index: index?,
            relations: relations?,
            delivery,
        })
    }

    /// Makes the key files that `file` names and that are not there yet; returns those made.
    ///
    /// # Errors
    /// What stood in the way.
    pub fn create_keys(file: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
        web::config::create_keys(file, &KEY_FILES)
    }
}

/// `[content]` and `[[feed]]`
pub struct ContentSection {
    /// What happens to an article whose review-by date has passed.
    pub overdue: Overdue,
    /// What is read of other sites.
    pub feeds: Vec<FeedSettings>,
}

impl ContentSection {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        let feeds = feeds(root);
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
            Some(Self { overdue, feeds })
        })
    }
}

fn feeds(root: &mut Section<'_>) -> Vec<FeedSettings> {
    const MOST_MINUTES: i32 = 24 * 60;
    let mut feeds: Vec<FeedSettings> = Vec::new();
    for (path, entry) in root.entries("feed") {
        match entry.try_into::<FeedSettings>() {
            Ok(feed) => {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                if feed.id.is_empty() || feed.id.len() > 64 || !feed.id.bytes().all(plain) {
                    root.problem(
                        &format!("{path}.id"),
                        "is not an id",
                        "lower-case letters, digits and `-`, at most 64",
                    );
                }
                if feeds.iter().any(|other| other.id == feed.id) {
                    root.problem(&format!("{path}.id"), "is another feed's too", "give each feed an id of its own");
                }
                if !matches!(feed.url.scheme(), "http" | "https") || !feed.url.username().is_empty() {
                    root.problem(
                        &format!("{path}.url"),
                        "is no place on the web",
                        "http:// or https://, without a name in it",
                    );
                }
                if !(1..=MOST_MINUTES).contains(&feed.refresh_minutes) {
                    root.problem(
                        &format!("{path}.refresh_minutes"),
                        "is not between 1 and 1440",
                        "minutes; 15 unless said",
                    );
                }
                feeds.push(feed);
            }
            Err(error) => root.problem(
                &path,
                error.message().to_owned(),
                "see config/internal.toml, where every key is explained",
            ),
        }
    }
    feeds
}

impl Keys {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        root.section("keys", |section| {
            let region = section.key("region_file");
            let staff = section.key("staff_file");
            let patient = section.key("patient_file");
            let domains = [
                (KeyDomain::Staff, staff.as_ref()),
                (KeyDomain::Patient, patient.as_ref()),
                (KeyDomain::Region, region.as_ref()),
            ];
            let sealing = SealingSection::read(section, &domains);
            Some(Self { region: region?, patient: patient?, staff: staff?, sealing: sealing? })
        })
    }
}

impl AuditSection {
    fn read(root: &mut Section<'_>) -> Self {
        root.section("audit", |section| {
            let heads_file = section.optional_file("heads_file");
            Self { heads_file: heads_file.unwrap_or_else(|| section.folder().join("audit-heads.jsonl")) }
        })
    }
}

impl IndexSection {
    fn read(root: &mut Section<'_>) -> Option<Self> {
        const LONGEST: u32 = 31 * 24;
        root.section("index", |section| {
            let hours: u32 = section.optional("sweep_every_hours").unwrap_or(24);
            if hours > LONGEST {
                section.problem("sweep_every_hours", "is not between 0 and 744", "hours; 0 for never, 24 unless said");
                return None;
            }
            Some(Self { sweep_every: (hours > 0).then(|| SignedDuration::from_hours(i64::from(hours))) })
        })
    }
}

/// `[relations]`
fn encounter_rules(root: &mut Section<'_>) -> Option<EncounterRules> {
    const MOST_DAYS: u32 = 366;
    const MOST_MINUTES: u32 = 24 * 60;
    root.section("relations", |section| {
        let days: u32 = section.optional("encounter_days").unwrap_or(30);
        let minutes: u32 = section.optional("refresh_minutes").unwrap_or(10);
        if days > MOST_DAYS {
            section.problem("encounter_days", "is not between 0 and 366", "days after an encounter; 30 unless said");
        }
        if !(1..=MOST_MINUTES).contains(&minutes) {
            section.problem("refresh_minutes", "is not between 1 and 1440", "minutes; 10 unless said");
        }
        let good = days <= MOST_DAYS && (1..=MOST_MINUTES).contains(&minutes);
        good.then(|| EncounterRules {
            after: SignedDuration::from_hours(24 * i64::from(days)),
            every: SignedDuration::from_mins(i64::from(minutes)),
        })
    })
}

fn directories(root: &mut Section<'_>) -> Vec<DirectoryConfig> {
    let folder = root.folder();
    let mut configs = Vec::new();
    let entries = root.entries("directory");
    if entries.is_empty() {
        root.problem("directory", "is missing", "add a [[directory]] section: nobody can sign in without one");
    }
    for (path, entry) in entries {
        match entry.try_into::<DirectoryConfig>() {
            Ok(mut config) => {
                config.bind_password_file = folder.join(&config.bind_password_file);
                config.ca_file = config.ca_file.map(|file| folder.join(file));
                configs.push(config);
            }
            Err(error) => root.problem(
                &path,
                error.message().to_owned(),
                "see config/internal.toml, where every key is explained",
            ),
        }
    }
    for problem in DirectoryConfig::check_all(&configs) {
        root.problem(&problem.path, problem.what, problem.cure);
    }
    configs
}
