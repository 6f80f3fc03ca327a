//! `Cargo.lock` against a dated copy of the RustSec database (`crates/xtask/data/`, CC0-1.0), without the network.
//!
//! Exceptions are in `.config/advisories.toml`, each with its reason; one that no longer applies is a failure too.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustsec::database::Query;
use rustsec::{Database, Lockfile};
use serde::Deserialize;

/// `.config/advisories.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    ignore: Vec<Ignored>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignored {
    id: String,
    reason: String,
}

/// Something in the lock file that the database knows.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    id: String,
    package: String,
    title: String,
    informational: bool,
}

/// Checks the lock file of the tree at `root`.
///
/// # Errors
/// Vulnerabilities, unsound or withdrawn packages that nobody excused; excuses that excuse nothing.
pub fn check(root: &Path) -> Result<()> {
    let settings: Settings = toml::from_str(&std::fs::read_to_string(root.join(".config/advisories.toml"))?)
        .context(".config/advisories.toml")?;
    let snapshot = newest_snapshot(&root.join("crates/xtask/data"))?;
    let folder = tempfile::tempdir()?;
    tar::Archive::new(xz2::read::XzDecoder::new(std::fs::File::open(&snapshot)?)).unpack(folder.path())?;
    let database = Database::open(folder.path()).context("reading the advisory database")?;
    let lockfile = Lockfile::load(root.join("Cargo.lock"))?;
    let findings = findings(&database, &lockfile);
    let problems = judge(&findings, &settings);
    println!(
        "{} packages against {} advisories ({}): {} finding(s), {} excused",
        lockfile.packages.len(),
        database.iter().len(),
        snapshot.file_name().unwrap_or_default().to_string_lossy(),
        findings.len(),
        settings.ignore.len(),
    );
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() { Ok(()) } else { bail!("{} advisory problem(s)", problems.len()) }
}

fn newest_snapshot(folder: &Path) -> Result<PathBuf> {
    let mut snapshots: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("advisory-db-")))
        .collect();
    snapshots.sort();
    snapshots.pop().with_context(|| format!("no advisory-db-*.tar.xz in {}", folder.display()))
}

fn findings(database: &Database, lockfile: &Lockfile) -> Vec<Finding> {
    // `crate_scope` alone would leave out the informational ones (unsound, unmaintained), which we want to know.
    let mut findings: Vec<Finding> = database
        .query_vulnerabilities(lockfile, &Query::crate_scope().informational(false))
        .into_iter()
        .map(|found| Finding {
            id: found.advisory.id.to_string(),
            package: format!("{} {}", found.package.name, found.package.version),
            title: found.advisory.title,
            informational: false,
        })
        .collect();
    for found in database.query_vulnerabilities(lockfile, &Query::crate_scope().informational(true)) {
        findings.push(Finding {
            id: found.advisory.id.to_string(),
            package: format!("{} {}", found.package.name, found.package.version),
            title: found.advisory.title,
            informational: true,
        });
    }
    findings
}

fn judge(findings: &[Finding], settings: &Settings) -> Vec<String> {
    let mut problems = Vec::new();
    for finding in findings {
        if !settings.ignore.iter().any(|ignored| ignored.id == finding.id) {
            let kind = if finding.informational { "notice" } else { "vulnerability" };
            problems.push(format!("{kind} {} in {}: {}", finding.id, finding.package, finding.title));
        }
    }
    for ignored in &settings.ignore {
        if ignored.reason.trim().is_empty() {
            problems.push(format!("{} is ignored without a reason", ignored.id));
        }
        if !findings.iter().any(|finding| finding.id == ignored.id) {
            problems.push(format!("{} is ignored, but nothing in Cargo.lock has it: remove the entry", ignored.id));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str) -> Finding {
        Finding { id: id.to_owned(), package: "a 1.0.0".to_owned(), title: "hole".to_owned(), informational: false }
    }

    fn settings(id: &str, reason: &str) -> Settings {
        Settings { ignore: vec![Ignored { id: id.to_owned(), reason: reason.to_owned() }] }
    }

    #[test]
    fn this_lock_file_is_clean() -> Result<()> {
        check(&crate::root())
    }

    #[test]
    fn a_vulnerable_package_is_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let entry = folder.path().join("crates/hole");
        std::fs::create_dir_all(&entry)?;
        let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"hole\"\ndate = \"2026-01-01\"\n\
                        [versions]\npatched = [\">= 1.2.0\"]\n```\n\n# A hole\n\nText.\n";
        std::fs::write(entry.join("RUSTSEC-2026-0001.md"), advisory)?;
        let database = Database::open(folder.path())?;
        let lock = |version: &str| -> Result<Lockfile> {
            Ok(format!(
                "version = 4\n\n[[package]]\nname = \"hole\"\nversion = \"{version}\"\n\
                 source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            )
            .parse()?)
        };
        assert_eq!(findings(&database, &lock("1.1.9")?).len(), 1);
        assert_eq!(findings(&database, &lock("1.2.0")?).len(), 0);
        Ok(())
    }

    #[test]
    fn an_unexcused_finding_fails() {
        assert_eq!(judge(&[finding("A")], &Settings { ignore: vec![] }).len(), 1);
        assert_eq!(judge(&[finding("A")], &settings("A", "not reachable")).len(), 0);
    }

    #[test]
    fn an_excuse_without_reason_or_finding_fails() {
        assert_eq!(judge(&[finding("A")], &settings("A", " ")).len(), 1);
        assert_eq!(judge(&[], &settings("A", "not reachable")).len(), 1);
    }
}
