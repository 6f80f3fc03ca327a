//! Front-end files that are not ours, against the lock files beside them (`static/LOCK.toml`).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    #[serde(default)]
    file: Vec<Vendored>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendored {
    path: String,
    name: String,
    version: String,
    licence: String,
    #[expect(dead_code, reason = "for people; named here so that an unknown key is still refused")]
    homepage: Option<String>,
    sha256: String,
}

/// Folders with files that browsers get.
const FOLDERS: [&str; 4] =
    ["crates/web/static", "crates/record-view/static", "portal-internal/static", "portal-external/static"];

/// Compares every file of every lock file.
///
/// # Errors
/// A digest differs, a file is missing, or a minified or licence file stands in no lock file.
pub fn check(root: &Path) -> Result<()> {
    let mut problems = Vec::new();
    let mut count = 0;
    for folder in FOLDERS.map(|folder| root.join(folder)).iter().filter(|folder| folder.is_dir()) {
        let file = folder.join("LOCK.toml");
        let lock = match std::fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).with_context(|| file.display().to_string())?,
            Err(_) => Lock { file: Vec::new() },
        };
        count += lock.file.len();
        problems.extend(compare(folder, &lock)?);
    }
    println!("{count} vendored front-end files");
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() { Ok(()) } else { bail!("{} front-end problem(s)", problems.len()) }
}

fn compare(folder: &Path, lock: &Lock) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for vendored in &lock.file {
        let said = [&vendored.name, &vendored.version, &vendored.licence];
        if said.iter().any(|text| text.trim().is_empty()) {
            problems.push(format!("{}: name, version and licence must be said", vendored.path));
        }
        match std::fs::read(folder.join(&vendored.path)) {
            Err(error) => problems.push(format!("{}: {error}", vendored.path)),
            Ok(bytes) if digest(&bytes) != vendored.sha256 => {
                problems.push(format!(
                    "{}: is {}, the lock file says {}",
                    vendored.path,
                    digest(&bytes),
                    vendored.sha256
                ));
            }
            Ok(_) => {}
        }
    }
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?.display().to_string();
        let foreign = [".min.js", ".min.css", ".LICENSE.txt", ".woff2"].iter().any(|ending| path.ends_with(ending));
        if foreign && !lock.file.iter().any(|vendored| vendored.path == path) {
            problems.push(format!("{path}: stands in no lock file"));
        }
    }
    Ok(problems)
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(sha256: &str) -> Lock {
        let file = Vendored {
            path: "htmx.min.js".to_owned(),
            name: "htmx".to_owned(),
            version: "4".to_owned(),
            licence: "0BSD".to_owned(),
            homepage: None,
            sha256: sha256.to_owned(),
        };
        Lock { file: vec![file] }
    }

    #[test]
    fn a_changed_or_unlisted_file_is_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("htmx.min.js"), "script")?;
        assert_eq!(compare(folder.path(), &lock(&digest(b"script")))?.len(), 0);
        assert_eq!(compare(folder.path(), &lock(&digest(b"other")))?.len(), 1);
        assert_eq!(compare(folder.path(), &Lock { file: vec![] })?.len(), 1);
        Ok(())
    }

    #[test]
    fn our_files_are_as_locked() -> Result<()> {
        check(&crate::root())
    }
}
