//! Forms of the hospitals' world, and tables of lines, below a row.

use serde::Serialize;

/// A form of the hospital's world, or a table of lines, below its row.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Form {
    /// Its name.
    pub title: String,
    /// Is it shown at once?
    pub open: bool,
    /// From top to bottom.
    pub parts: Vec<FormPart>,
}

/// A part of a [`Form`]: fields with their labels, or rows under columns.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormPart {
    /// Fields.
    pub pairs: Vec<Labelled>,
    /// Words of the columns.
    pub columns: Vec<String>,
    /// As many cells each as there are columns.
    pub rows: Vec<FormRow>,
}

/// A row of a [`FormPart`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormRow {
    /// As many as there are columns.
    pub cells: Vec<String>,
    /// Where it is explained, where that is not where the form is.
    pub href: Option<String>,
}

impl From<Vec<String>> for FormRow {
    fn from(cells: Vec<String>) -> Self {
        Self { cells, href: None }
    }
}

/// A text with what it is.
#[derive(Clone, Debug, Serialize)]
pub struct Labelled {
    /// What it is.
    pub label: String,
    /// The text; line breaks kept.
    pub text: String,
}
