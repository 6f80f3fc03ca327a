//! The folder of platform files.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use fhir::Platform;

use crate::{Problem, file::is_name};

/// Every platform of the folder, by id.
#[derive(Clone, Debug, Default)]
pub struct Platforms {
    /// Absent where the file has mistakes: they are told once, and not again for each source that names it.
    by_id: BTreeMap<String, Option<Arc<Platform>>>,
}

/// What is wrong with a platform's name, and what to do; nothing where the mistakes of its file are told already.
type Wrong = Option<(&'static str, &'static str)>;

impl Platforms {
    /// Reads all files of `folder` that end in `.toml`, but for the catalogue of sources itself where it lies among them.
    pub(crate) fn read(folder: &Path, catalogue: &Path, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let cure = "set [sources] platforms to the folder of platform files";
                problems.push(Problem::new(folder.display().to_string(), format!("can't be read: {error}"), cure));
                return all;
            }
        };
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        let catalogue = catalogue.canonicalize().ok();
        let is_catalogue = |file: &Path| catalogue.is_some() && file.canonicalize().ok() == catalogue;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml") && !is_catalogue(file));
        files.sort();
        for file in files {
            let Some(id) = file.file_stem().and_then(|name| name.to_str()).filter(|id| is_name(id)) else { continue };
            match read(&file, id) {
                Ok(platform) => all.by_id.insert(id.to_owned(), Some(Arc::new(platform))),
                Err(found) => {
                    problems.extend(found);
                    all.by_id.insert(id.to_owned(), None)
                }
            };
        }
        all
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Arc<Platform>> {
        self.by_id.get(id)?.as_ref()
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Platform>> {
        self.by_id.values().flatten()
    }

    pub(crate) fn find(&self, id: &str) -> Result<&Arc<Platform>, Wrong> {
        match self.by_id.get(id) {
            Some(Some(platform)) => Ok(platform),
            Some(None) => Err(None),
            None if is_name(id) => Err(Some(("no such file", "name a file of the platforms folder, without .toml"))),
            None => Err(Some(("not a platform's name", "the name of a file in the platforms folder, without .toml"))),
        }
    }
}

/// One file, or its mistakes.
fn read(file: &Path, id: &str) -> Result<Platform, Vec<Problem>> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| vec![Problem::new(&shown, format!("can't be read: {error}"), "check its permissions")])?;
    let told = |error: fhir::PlatformError| Problem::new(&shown, error.to_string(), "mend the platform file");
    let platform = Platform::from_toml(&text).map_err(|errors| errors.into_iter().map(told).collect::<Vec<_>>())?;
    if platform.id == id {
        return Ok(platform);
    }
    let what = format!("says id = \"{}\"", platform.id);
    Err(vec![Problem::new(format!("{shown}: id"), what, "the id is the file's name")])
}
