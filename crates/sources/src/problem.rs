//! A mistake in the configuration, for the person who can mend it.

use std::fmt;

/// Where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File and place in it: `config/sources.toml: source[1].base_url`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub cure: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into(), cure: cure.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.path, self.what, self.cure)
    }
}
