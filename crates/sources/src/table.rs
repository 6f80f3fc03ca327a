//! Reading one TOML table key by key, so that one mistake does not hide the next.

use toml::{Table, Value};

use crate::Problem;

/// A table, the place it stands at, and the mistakes found so far.
pub(crate) struct Fields<'t, 'p> {
    table: &'t Table,
    place: String,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Fields<'t, 'p> {
    /// Refuses keys that are not in `known`.
    pub(crate) fn new(table: &'t Table, place: String, known: &[&str], problems: &'p mut Vec<Problem>) -> Self {
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            let cure = format!("remove it; known keys are {}", known.join(", "));
            problems.push(Problem::new(format!("{place}.{key}"), "unknown key", cure));
        }
        Self { table, place, problems }
    }

    pub(crate) fn wrong(&mut self, key: &str, what: impl Into<String>, cure: impl Into<String>) {
        self.problems.push(Problem::new(format!("{}.{key}", self.place), what, cure));
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(crate) fn optional(&self, key: &str) -> Option<&'t Value> {
        self.table.get(key)
    }

    pub(crate) fn text(&mut self, key: &str, example: &str) -> Option<&'t str> {
        match self.table.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.wrong(key, "not a text", format!("write {key} = \"{example}\""));
                None
            }
            None => {
                self.wrong(key, "missing", format!("add {key} = \"{example}\""));
                None
            }
        }
    }

    pub(crate) fn optional_text(&mut self, key: &str, example: &str) -> Option<&'t str> {
        self.table.contains_key(key).then(|| self.text(key, example)).flatten()
    }

    pub(crate) fn boolean(&mut self, key: &str, absent: bool) -> bool {
        match self.table.get(key) {
            None => absent,
            Some(Value::Boolean(value)) => *value,
            Some(_) => {
                self.wrong(key, "neither true nor false", format!("write {key} = true, or false"));
                absent
            }
        }
    }

    pub(crate) fn number(&mut self, key: &str, absent: u64, least: u64, most: u64) -> u64 {
        let Some(value) = self.table.get(key) else { return absent };
        match value.as_integer().and_then(|number| u64::try_from(number).ok()) {
            Some(number) if (least..=most).contains(&number) => number,
            _ => {
                self.wrong(key, "out of bounds", format!("a whole number from {least} to {most}"));
                absent
            }
        }
    }

    /// Reads a table within this one.
    pub(crate) fn inner<T>(
        &mut self,
        key: &str,
        table: &'t Table,
        known: &[&str],
        read: impl FnOnce(&mut Fields<'t, '_>) -> Option<T>,
    ) -> Option<T> {
        let place = format!("{}.{key}", self.place);
        read(&mut Fields::new(table, place, known, self.problems))
    }

    pub(crate) fn table(&mut self, key: &str, example: &str) -> Option<&'t Table> {
        match self.table.get(key) {
            Some(Value::Table(table)) => Some(table),
            Some(_) => {
                self.wrong(key, "not a table", format!("write {key} = {example}"));
                None
            }
            None => {
                self.wrong(key, "missing", format!("add {key} = {example}"));
                None
            }
        }
    }
}
