//! Whose resource is it? Everything a source sends is checked before anything else (RECORD: rule 3).

use fhir::rows::ResourceReference;
use patients::{Index, Person, ResidentId};
use url::Url;

/// One patient at one source: the ids they have there.
#[derive(Clone)]
pub(crate) struct Compartment {
    base: Url,
    ids: Vec<String>,
    person: Person,
    index: Index,
    resident_id_systems: Vec<String>,
}

impl Compartment {
    pub(crate) fn new(base: Url, ids: Vec<String>, person: Person, index: Index, systems: Vec<String>) -> Self {
        Self { base, ids, person, index, resident_id_systems: systems }
    }

    /// The server's base address, which its references are relative to.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Does the reference certainly mean this patient? Relative and absolute references to one of the ids do. A logical
    /// one does when it names the patient's own resident ID. Contained ones, those of a bundle and none at all prove
    /// nothing, and what is not proven is not shown.
    pub(crate) fn holds(&self, subject: Option<&ResourceReference<'_>>) -> bool {
        let Some(subject) = subject else { return false };
        if !access::Safeguard::Compartment.stands() {
            return true;
        }
        match subject.reference {
            Some(text) => self.is_own_id(text, subject),
            None => self.is_own_identifier(subject),
        }
    }

    /// Is the `Patient` that the source now has under one of these ids certainly somebody else? Records are corrected and
    /// ids reused: what hangs on them is then another person's.
    pub(crate) fn is_somebody_else(&self, source: &str, row: &fhir::rows::Patient<'_>) -> bool {
        let identity = crate::charts::identity(row, source, &self.base, &self.resident_id_systems);
        access::Safeguard::LinkContradiction.stands()
            && identity.is_some_and(|identity| self.index.is_somebody_else(&self.person, &identity))
    }

    /// Do the numbers that a document gives its patient (root and extension of HL7 v3) say that it is somebody else? Only a
    /// resident ID does: numbers of a hospital's own may be of any kind.
    pub(crate) fn contradicts(&self, numbers: &[(String, String)]) -> bool {
        let known =
            |root: &str| self.resident_id_systems.iter().any(|own| own.strip_prefix("urn:oid:").unwrap_or(own) == root);
        let stated = numbers.iter().filter(|(root, _)| known(root));
        let mut stated = stated.filter_map(|(_, number)| ResidentId::parse(number).ok()).peekable();
        let any = stated.peek().is_some();
        access::Safeguard::Compartment.stands()
            && any
            && !stated.any(|number| self.index.is_held_by(&self.person, &number))
    }

    fn is_own_id(&self, text: &str, subject: &ResourceReference<'_>) -> bool {
        // The usual form, without taking it apart.
        let plain = text.strip_prefix("Patient/").is_some_and(|id| self.ids.iter().any(|own| own == id));
        let type_agrees = subject.kind.is_none_or(|kind| kind == "Patient");
        type_agrees && (plain || self.ids.iter().any(|id| fhir::refers_to(subject, &self.base, "Patient", id)))
    }

    fn is_own_identifier(&self, subject: &ResourceReference<'_>) -> bool {
        if subject.kind.is_some_and(|kind| kind != "Patient") {
            return false;
        }
        let Some(identifier) = subject.identifier.get() else { return false };
        let known = identifier.system.is_some_and(|system| self.resident_id_systems.iter().any(|own| own == system));
        let number = identifier.value.filter(|_| known).and_then(|value| ResidentId::parse(value).ok());
        number.is_some_and(|number| self.index.is_held_by(&self.person, &number))
    }
}
