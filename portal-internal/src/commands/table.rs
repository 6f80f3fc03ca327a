//! Lists as CSV files: the first line names the columns.

use std::{io::Read, sync::Arc};

/// A list, line by line, each with its number in the file and its fields or what is wrong with it. Nothing that stands in a
/// line is told.
pub(super) struct Table<R> {
    lines: csv::StringRecordsIntoIter<R>,
    columns: Arc<[String]>,
    ended: bool,
}

/// The fields of a line.
pub(super) struct Row {
    columns: Arc<[String]>,
    fields: csv::StringRecord,
}

impl Row {
    /// By column; `None` when it is empty.
    pub fn get(&self, column: &str) -> Option<&str> {
        let place = self.columns.iter().position(|own| own == column)?;
        self.fields.get(place).filter(|field| !field.is_empty())
    }
}

impl<R: Read> Table<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is no CSV, or names a column that is not among `known`, or one twice.
    pub fn new(reader: R, known: &[&str]) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(reader);
        let headers = reader.headers().map_err(|_| "no CSV in UTF-8".to_owned())?;
        // Spreadsheets begin a file in UTF-8 with a mark.
        let columns: Arc<[String]> =
            headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        if let Some(unknown) = columns.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("unknown column `{unknown}`; there are {}", known.join(", ")));
        }
        if let Some((_, twice)) = columns.iter().enumerate().find(|(nth, name)| columns[..*nth].contains(name)) {
            return Err(format!("column `{twice}` is there twice"));
        }
        Ok(Self { lines: reader.into_records(), columns, ended: false })
    }

    /// Is there such a column?
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own == column)
    }
}

impl<R: Read> Iterator for Table<R> {
    type Item = (u64, Result<Row, String>);

    fn next(&mut self) -> Option<Self::Item> {
        let line = (!self.ended).then(|| self.lines.next())??;
        let position = match &line {
            Ok(fields) => fields.position(),
            Err(error) => error.position(),
        };
        let number = position.map_or_else(|| self.lines.reader().position().line(), csv::Position::line);
        // A file that breaks off says so once.
        self.ended = line.as_ref().is_err_and(csv::Error::is_io_error);
        let fields = match line {
            Ok(fields) if fields.len() == self.columns.len() => Ok(Row { columns: self.columns.clone(), fields }),
            Ok(fields) => Err(format!("{} fields instead of {}", fields.len(), self.columns.len())),
            Err(error) if error.is_io_error() => Err("can't be read".to_owned()),
            Err(_) => Err("no line of CSV in UTF-8".to_owned()),
        };
        Some((number, fields))
    }
}
