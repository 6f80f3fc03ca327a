//! Reading one table of the configuration without stopping at the first mistake.

use std::path::{Path, PathBuf};

use super::Problems;
use crate::keys;

/// A table being read. Dropping it without [`Section::finish`] would let unknown keys pass, so `finish` consumes it.
pub struct Section<'a> {
    path: String,
    table: Option<&'a toml::Table>,
    folder: &'a Path,
    asked: Vec<String>,
    problems: &'a mut Problems,
}

/// A type a key can be read as.
pub trait FromToml: Sized {
    /// For messages: "a text", "a whole number".
    const EXPECTED: &'static str;
    /// `None` when the value is of another type.
    fn from_toml(value: &toml::Value) -> Option<Self>;
}

impl FromToml for String {
    const EXPECTED: &'static str = "a text";
    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromToml for bool {
    const EXPECTED: &'static str = "true or false";
    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromToml for u32 {
    const EXPECTED: &'static str = "a whole number, 0 or more";
    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_integer().and_then(|number| number.try_into().ok())
    }
}

impl FromToml for f64 {
    const EXPECTED: &'static str = "a number";
    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_float().or_else(|| value.as_integer().map(|whole| whole as Self))
    }
}

impl FromToml for Vec<String> {
    const EXPECTED: &'static str = "a list of texts";
    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }
}

impl<'a> Section<'a> {
    pub(super) fn new(
        path: String,
        table: Option<&'a toml::Table>,
        folder: &'a Path,
        problems: &'a mut Problems,
    ) -> Self {
        Self { path, table, folder, asked: Vec::new(), problems }
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Records a mistake at `key` of this section.
    pub fn problem(&mut self, key: &str, what: impl Into<String>, cure: impl Into<String>) {
        let path = self.at(key);
        self.problems.add(path, what, cure);
    }

    /// Is the key there at all?
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// A key that may be missing.
    pub fn optional<T: FromToml>(&mut self, key: &str) -> Option<T> {
        self.asked.push(key.to_owned());
        let value = self.table?.get(key)?;
        let read = T::from_toml(value);
        if read.is_none() {
            self.problem(key, format!("must be {}", T::EXPECTED), format!("write {}", T::EXPECTED));
        }
        read
    }

    /// A key that must be there; `example` goes into the cure.
    pub fn required<T: FromToml>(&mut self, key: &str, example: &str) -> Option<T> {
        if self.has(key) {
            return self.optional(key);
        }
        self.asked.push(key.to_owned());
        self.problem(key, "is missing", format!("add {key} = {example}"));
        None
    }

    /// A path, relative to the configuration file's folder.
    pub fn file(&mut self, key: &str, example: &str) -> Option<PathBuf> {
        self.required::<String>(key, example).map(|text| self.folder.join(text))
    }

    /// A path that may be missing.
    pub fn optional_file(&mut self, key: &str) -> Option<PathBuf> {
        self.optional::<String>(key).map(|text| self.folder.join(text))
    }

    /// The folder relative paths start from.
    pub fn folder(&self) -> &'a Path {
        self.folder
    }

    /// Reads a table below this one.
    pub fn section<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        self.asked.push(key.to_owned());
        let value = self.table.and_then(|table| table.get(key));
        if value.is_some_and(|value| !value.is_table()) {
            self.problem(key, "must be a table", format!("write [{}]", self.at(key)));
        }
        let path = self.at(key);
        let table = value.and_then(toml::Value::as_table);
        let mut inner = Section::new(path, table, self.folder, self.problems);
        let read = read(&mut inner);
        inner.finish();
        read
    }

    /// The raw entries of `[[key]]` with their paths, for a crate that reads its own configuration type.
    pub fn entries(&mut self, key: &str) -> Vec<(String, toml::Value)> {
        self.asked.push(key.to_owned());
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.problem(key, "must be a list of tables", format!("write [[{}]]", self.at(key)));
            return Vec::new();
        };
        list.iter().enumerate().map(|(index, entry)| (format!("{}[{index}]", self.at(key)), entry.clone())).collect()
    }

    /// A key file of this section, read.
    pub fn key(&mut self, name: &str) -> Option<keys::Key> {
        let file = self.file(name, "\"secrets/NAME.key\"")?;
        match keys::read(&file) {
            Ok(key) => Some(key),
            Err(error) => {
                let what = format!("{}: {error}", file.display());
                self.problem(name, what, "make it with `check --create-keys`, or restore it");
                None
            }
        }
    }

    /// Makes the missing key files among `names` of `[keys]` below this section.
    pub(super) fn keys(&mut self, names: &[&str]) -> Vec<PathBuf> {
        let Some(table) = self.table.and_then(|table| table.get("keys")).and_then(toml::Value::as_table) else {
            return Vec::new();
        };
        let mut section = Section::new("keys".to_owned(), Some(table), self.folder, self.problems);
        let mut made = Vec::new();
        for name in names {
            let Some(path) = section.optional_file(name).filter(|path| !path.exists()) else { continue };
            match keys::create(&path) {
                Ok(()) => made.push(path),
                Err(error) => section.problem(name, error.to_string(), "make its folder writable"),
            }
        }
        made
    }

    /// Reports the keys nobody asked for.
    pub fn finish(&mut self) {
        let Some(table) = self.table else { return };
        for key in table.keys().filter(|key| !self.asked.contains(key)).cloned().collect::<Vec<_>>() {
            let known = if self.asked.is_empty() { "none".to_owned() } else { self.asked.join(", ") };
            self.problem(&key, "is not a known key", format!("remove it, or use one of: {known}"));
        }
    }
}
