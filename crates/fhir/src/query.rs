//! A search: its parameters and its bounds.

/// Parameters of one search. `_count` is added from the platform unless given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Name and value, not yet percent-encoded.
    pub params: Vec<(String, String)>,
    /// The same search without its filters, to be sent where filters can't be trusted. See
    /// [`crate::FilterTrust`].
    pub by_patient_only: Option<Vec<(String, String)>>,
    /// How far the filters are trusted here.
    pub trust: crate::FilterTrust,
}

impl Query {
    /// No parameters yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        if let Some(bare) = &mut self.by_patient_only {
            // Added by hand: not one of the filters that a server may leave unfilled, so it holds in both searches.
            bare.push((name.clone(), value.clone()));
        }
        self.params.push((name, value));
        self
    }
}

/// Bounds of one search (SECURITY: threat 15). Bytes of a page are bounded by the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pages read at most.
    pub pages: u32,
    /// Entries handed out at most.
    pub entries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pages: 50, entries: 10_000 }
    }
}
