//! What somebody may do for another person who entrusted it to them.

use std::collections::BTreeSet;

use crate::PersonId;

/// What can be entrusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trust {
    /// Reading the record, as far as its sections are entrusted.
    View,
    /// Making and cancelling appointments.
    Book,
    /// Writing and reading messages.
    Message,
    /// Seeing who looked at the record.
    AccessLog,
}

impl Trust {
    /// All, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::View, Self::Book, Self::Message, Self::AccessLog];

    /// As in forms, the database, the audit log and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Book => "book",
            Self::Message => "message",
            Self::AccessLog => "access-log",
        }
    }

    /// From a form or the database.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Something that is done about a person. Whoever asks whether it may be done has to say what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Being told who they are, on top of a page: whoever may do anything for them.
    Face,
    /// Reading a section of their record, by its slug.
    Section(&'a str),
    /// Making and cancelling appointments.
    Book,
    /// Writing and reading messages.
    Message,
    /// Seeing who looked at their record.
    AccessLog,
    /// What is never entrusted: connecting hospitals, entrusting others.
    Oneself,
}

/// Sections of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sections {
    /// All that the person sees themselves.
    All,
    /// These, by slug.
    These(BTreeSet<String>),
}

impl Sections {
    /// Is this one among them?
    pub fn has(&self, slug: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(slugs) => slugs.contains(slug),
        }
    }
}

/// What one person has entrusted, and that is in force now. Made anew for each request, never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrusted {
    /// Whose it is.
    pub person: PersonId,
    /// As shown.
    pub name: String,
    /// What.
    pub trusts: BTreeSet<Trust>,
    /// Of their record; nothing without [`Trust::View`].
    pub sections: Sections,
}

impl Entrusted {
    /// May this be done for them?
    pub fn covers(&self, deed: Deed<'_>) -> bool {
        let has = |trust| self.trusts.contains(&trust);
        match deed {
            Deed::Face => !self.trusts.is_empty(),
            Deed::Section(slug) => has(Trust::View) && self.sections.has(slug),
            Deed::Book => has(Trust::Book),
            Deed::Message => has(Trust::Message),
            Deed::AccessLog => has(Trust::AccessLog),
            Deed::Oneself => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrusted(trusts: &[Trust], sections: Sections) -> Entrusted {
        let person = PersonId(uuid::Uuid::nil());
        Entrusted { person, name: String::new(), trusts: trusts.iter().copied().collect(), sections }
    }

    #[test]
    fn a_trust_covers_its_own_deeds_alone() {
        let labs = Sections::These(BTreeSet::from(["lab-results".to_owned()]));
        let one = entrusted(&[Trust::View], labs.clone());
        assert!(one.covers(Deed::Face) && one.covers(Deed::Section("lab-results")));
        for deed in [Deed::Section("charges"), Deed::Book, Deed::Message, Deed::AccessLog, Deed::Oneself] {
            assert!(!one.covers(deed), "{deed:?}");
        }
        let booking = entrusted(&[Trust::Book], Sections::All);
        assert!(booking.covers(Deed::Book) && !booking.covers(Deed::Section("lab-results")));
        let everything = entrusted(&Trust::ALL, Sections::All);
        assert!(everything.covers(Deed::Section("charges")) && !everything.covers(Deed::Oneself));
        assert!(!entrusted(&[], labs).covers(Deed::Face));
    }

    #[test]
    fn names_are_read_back() {
        assert!(Trust::ALL.iter().all(|one| Trust::parse(one.as_str()) == Some(*one)));
        assert_eq!(Trust::parse("oneself"), None);
    }
}
