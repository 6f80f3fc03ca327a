//! A hospital's own code table: which analyte of the laboratory catalogue its codes mean.

use std::{collections::HashMap, path::Path};

use crate::Problem;

/// Local codes of one source: system URI and code → id of an analyte. What is not in it stays as the source wrote it.
#[derive(Clone, Debug, Default)]
pub struct LocalCodes {
    systems: HashMap<String, HashMap<String, String>>,
}

impl LocalCodes {
    /// The analyte that a coding means.
    pub fn analyte(&self, system: &str, code: &str) -> Option<&str> {
        self.systems.get(system)?.get(code).map(String::as_str)
    }

    /// Adds one code.
    pub fn insert(&mut self, system: &str, code: &str, analyte: &str) {
        self.systems.entry(system.to_owned()).or_default().insert(code.to_owned(), analyte.to_owned());
    }

    /// All analytes that are named, for a check that they exist.
    pub fn analytes(&self) -> impl Iterator<Item = &str> {
        self.systems.values().flat_map(|codes| codes.values().map(String::as_str))
    }

    /// Reads a CSV file with the columns `local_code` and `analyte`; with `table`, only rows whose column `system` is
    /// that. Rows without an analyte are left out: unmapped on purpose.
    pub(crate) fn read(&mut self, system: &str, file: &Path, table: Option<&str>, place: &str) -> Result<(), Problem> {
        let wrong = |what: String| {
            Problem::new(
                place,
                what,
                "a CSV file in UTF-8 with the columns local_code and analyte, and system if table is set",
            )
        };
        let mut reader = csv::Reader::from_path(file)
            .map_err(|error| wrong(format!("{} can't be read: {error}", file.display())))?;
        let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
        let column = |name: &str| headers.iter().position(|header| header.trim() == name);
        let (Some(code), Some(analyte)) = (column("local_code"), column("analyte")) else {
            return Err(wrong(format!("{} lacks a column", file.display())));
        };
        let of = column("system");
        let mut found = false;
        for row in reader.records() {
            let row = row.map_err(|error| wrong(error.to_string()))?;
            let is_ours = table.is_none_or(|table| of.and_then(|of| row.get(of)) == Some(table));
            found |= is_ours;
            if let (true, Some(code), Some(analyte)) =
                (is_ours, row.get(code), row.get(analyte).filter(|id| !id.is_empty()))
            {
                self.insert(system, code, analyte);
            }
        }
        if found { Ok(()) } else { Err(wrong(format!("{} has no row of this table", file.display()))) }
    }
}
