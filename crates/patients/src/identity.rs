//! What a hospital showed us of a patient, as far as the index needs it.

// not shown: parts of names as hospitals register them, only compared with.

use crate::ResidentId;

/// A patient at a source.
#[derive(Clone, Debug)]
pub struct SourcePatient {
    /// Source id in the catalogue.
    pub source: String,
    /// The `Patient` id there.
    pub patient: String,
    /// Names as written, official first.
    pub names: Vec<String>,
    /// FHIR administrative gender.
    pub sex: Option<String>,
    /// FHIR date, at its precision.
    pub birth_date: Option<String>,
    /// The resident ID, when the source gives a valid one under a configured system.
    pub resident_id: Option<ResidentId>,
    /// Identifiers as they may be shown.
    pub identifiers: Vec<Identifier>,
    /// Telephone numbers as written; weak evidence, and never shown whole.
    pub phones: Vec<String>,
    /// Addresses as written; weak evidence.
    pub addresses: Vec<String>,
    /// The record that this one was merged into at the source (`Patient.link` of type `replaced-by`).
    pub replaced_by: Option<String>,
    /// Records that were merged into this one (`Patient.link` of type `replaces`).
    pub replaces: Vec<String>,
}

/// An identifier as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identifier {
    /// FHIR system URI, as sent.
    pub system: Option<String>,
    /// `resident-id`, `record-number`, or `other`.
    pub kind: String,
    /// Masked; record numbers are shown whole, people are called up by them.
    pub shown: String,
}

/// Newborns are registered as "son of", "daughter of", "baby of" their mother: twins then share the name, and often a
/// number.
pub(crate) fn is_placeholder(name: &str) -> bool {
    const ENDINGS: [&str; 6] = ["之子", "之女", "之婴", "婴儿", "大双", "小双"];
    let bare = name.trim().trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "一二三四甲乙丙丁".contains(c));
    ENDINGS.iter().any(|ending| bare.ends_with(ending))
}

/// What makes a link by itself.
pub(crate) const STRONG_EVIDENCE: [&str; 4] = ["resident-id", "birth-date", "sex", "name"];

impl SourcePatient {
    /// The resident ID, if it may serve as a key: its birth date and sex agree with the record around it. Newborns and
    /// twins are often registered under the mother's or one another's number; there the date or sex usually differs.
    pub(crate) fn strong_key(&self) -> Option<&ResidentId> {
        let id = self.resident_id.as_ref()?;
        if self.names.iter().all(|name| is_placeholder(name)) {
            return None;
        }
        self.number_fits().then_some(id)
    }

    /// Do birth date and sex of the record agree with its resident ID?
    pub(crate) fn number_fits(&self) -> bool {
        self.resident_id.as_ref().is_some_and(|id| {
            let date = id.birth_date().to_string();
            self.birth_date.as_deref() == Some(date.as_str()) && self.sex.as_deref() == Some(id.sex())
        })
    }

    /// The name to call the patient by.
    pub(crate) fn name(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }

    /// Does one of the names agree with `name`?
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|own| crate::names_agree(own, name))
    }

    /// Is this certainly somebody else than the person it was linked to? Another valid number, or another name together
    /// with another birth date. A hospital that corrects or reuses a record makes it so; the link then no longer holds.
    pub(crate) fn contradicts(&self, strong: Option<&str>, held: Option<&str>, name: &str, born: Option<&str>) -> bool {
        let numbers_differ = strong.zip(held).is_some_and(|(own, theirs)| own != theirs);
        let births_differ = self.birth_date.as_deref().zip(born).is_some_and(|(own, theirs)| own != theirs);
        numbers_differ || (births_differ && !self.is_called(name))
    }

    /// Other ids of the same patient at the source.
    pub(crate) fn aliases(&self) -> Vec<String> {
        self.replaced_by.iter().chain(&self.replaces).cloned().collect()
    }
}

/// For tests that say what they are about.
#[cfg(test)]
pub(crate) fn nobody() -> SourcePatient {
    SourcePatient {
        source: "a".to_owned(),
        patient: "1".to_owned(),
        names: Vec::new(),
        sex: None,
        birth_date: None,
        resident_id: None,
        identifiers: Vec::new(),
        phones: Vec::new(),
        addresses: Vec::new(),
        replaced_by: None,
        replaces: Vec::new(),
    }
}
