//! Typed configuration: every mistake at once, with its path and a cure.
//!
//! A file is read into a TOML table, `PORTAL__SECTION__KEY` variables are laid over it, then each section is read
//! through [`Section`], which remembers the keys it was asked for and reports the rest as unknown.

mod sealing;
mod section;
mod shared;

use std::path::{Path, PathBuf};

pub use sealing::SealingSection;
pub use section::{FromToml, Section};
pub use shared::{
    DatabaseSection, IdentifiersSection, OpsSection, RecordSection, ServerSection, SourcesSection, TelemetrySection,
    TreatmentRelation,
};

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, e.g. `server.listen` or `directory[0].urls`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub cure: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}\n    cure: {}", self.path, self.what, self.cure)
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Remembers a mistake.
    pub fn add(&mut self, path: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Problem { path: path.into(), what: what.into(), cure: cure.into() });
    }

    /// None so far?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// A configuration file with the environment laid over it.
pub struct Document {
    table: toml::Table,
    folder: PathBuf,
}

impl Document {
    /// Reads `file`; `environment` is the process's (a parameter so that tests need not change it).
    ///
    /// # Errors
    /// One [`Problem`] when the file can't be read or is not TOML.
    pub fn read(file: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Problem> {
        let problem =
            |what: String, cure: &str| Problem { path: file.display().to_string(), what, cure: cure.to_owned() };
        let text = std::fs::read_to_string(file)
            .map_err(|error| problem(error.to_string(), "name a readable file with --config"))?;
        let mut table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| problem(error.message().to_owned(), "write valid TOML"))?;
        for (name, value) in environment {
            lay_over(&mut table, &name, &value);
        }
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { table, folder })
    }

    /// The whole file as a section.
    pub fn root<'a>(&'a self, problems: &'a mut Problems) -> Section<'a> {
        Section::new(String::new(), Some(&self.table), &self.folder, problems)
    }
}

/// Makes the key files that `[keys]` of `file` names under `names` and that are not there yet; returns those made.
///
/// # Errors
/// What stood in the way.
pub fn create_keys(file: &Path, names: &[&str]) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let document = Document::read(file, std::env::vars()).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let made = document.root(&mut problems).keys(names);
    if problems.is_empty() { Ok(made) } else { Err(problems.into_vec()) }
}

/// What keeps this process from writing `file`, which is named at `path` of the configuration. SQLite and the published
/// heads make files beside it, so its folder has to be writable too.
pub fn not_writable(path: &str, file: &Path) -> Option<Problem> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let trial = folder.join(format!(".portal-check-{}", std::process::id()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&trial);
    let tried = made.and_then(|_| std::fs::remove_file(&trial)).and_then(|()| match file.exists() {
        true => std::fs::OpenOptions::new().append(true).open(file).map(drop),
        false => Ok(()),
    });
    let error = tried.err()?;
    let what = format!("{} can't be written: {error}", file.display());
    let cure = format!("make {} a folder that this account may write", folder.display());
    Some(Problem { path: path.to_owned(), what, cure })
}

/// `PORTAL__SERVER__LISTEN=…` sets `server.listen`. A value that reads as TOML (number, bool, array) is one, else a text.
fn lay_over(table: &mut toml::Table, name: &str, value: &str) {
    let Some(path) = name.strip_prefix("PORTAL__") else { return };
    let mut keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
    let Some(last) = keys.pop() else { return };
    let mut inner = table;
    for key in keys {
        let entry = inner.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        match entry {
            toml::Value::Table(next) => inner = next,
            _ => return,
        }
    }
    let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut one| one.remove("v"));
    inner.insert(last, parsed.unwrap_or_else(|| toml::Value::String(value.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_is_laid_over_the_file() {
        let mut table: toml::Table = "[server]\nlisten = \"a\"".parse().expect("toml");
        lay_over(&mut table, "PORTAL__SERVER__LISTEN", "127.0.0.1:1");
        lay_over(&mut table, "PORTAL__DATABASE__MAX_CONNECTIONS", "7");
        lay_over(&mut table, "PORTAL__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]");
        lay_over(&mut table, "OTHER__SERVER__LISTEN", "no");
        assert_eq!(table["server"]["listen"].as_str(), Some("127.0.0.1:1"));
        assert_eq!(table["database"]["max_connections"].as_integer(), Some(7));
        assert_eq!(table["server"]["trusted_proxies"][0].as_str(), Some("10.0.0.0/8"));
    }
}
