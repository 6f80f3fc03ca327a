//! Records that people bring along themselves: is it theirs?

use jiff::Timestamp;

use super::{Index, Link, LinkedBy, Person, Registered};
use crate::SourcePatient;

/// Why a record is believed to be a person's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// It holds their resident ID, with what belongs to it.
    ByNumber,
    /// It holds none. Name and birth date agree, and the sex does not contradict.
    ByNameAndBirthDate,
}

/// Why it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecognised {
    /// It is certainly somebody else's.
    SomebodyElse,
    /// It could be anybody's.
    Unproven,
}

impl Index {
    /// Is a record that `person` brings along theirs? Whoever may sign in somewhere for their mother has her record there: what
    /// speaks for nobody is nobody's.
    ///
    /// # Errors
    /// Whether it is somebody else's, or nobody can say.
    pub fn recognise(&self, person: &Person, identity: &SourcePatient) -> Result<Recognised, Unrecognised> {
        if self.is_somebody_else(person, identity) {
            return Err(Unrecognised::SomebodyElse);
        }
        if let Some(number) = &identity.resident_id {
            let held = self.is_held_by(person, number);
            return match identity.strong_key() {
                Some(_) if held => Ok(Recognised::ByNumber),
                // A number that the person is not known by, or one that the record around it contradicts.
                _ if held => Err(Unrecognised::Unproven),
                _ => Err(Unrecognised::SomebodyElse),
            };
        }
        let whole = |date: &&str| date.len() == "2000-01-01".len();
        let born = identity.birth_date.as_deref().filter(whole);
        let same_day = born.is_some() && born == person.birth_date.as_deref().filter(whole);
        let known = |sex: &&str| matches!(*sex, "male" | "female");
        let sexes = (identity.sex.as_deref().filter(known), person.sex.as_deref().filter(known));
        let sex_agrees = !matches!(sexes, (Some(one), Some(other)) if one != other);
        match same_day && sex_agrees && identity.is_called(&person.name) {
            true => Ok(Recognised::ByNameAndBirthDate),
            false => Err(Unrecognised::Unproven),
        }
    }
}

impl Person {
    /// With a record that they have brought along: patient `patient` of `source`, since `at`. It is compared with the person
    /// whenever it is read, as every linked one is.
    #[must_use]
    pub fn with_own(mut self, source: &str, patient: &str, at: Timestamp) -> Self {
        let registered = Registered {
            resident_id_hash: self.resident_id_hash.clone(),
            name: self.name.clone(),
            birth_date: self.birth_date.clone(),
        };
        self.links.push(Link {
            source: source.to_owned(),
            patient: patient.to_owned(),
            how: LinkedBy::Connected,
            evidence: Vec::new(),
            at,
            aliases: Vec::new(),
            identifiers: Vec::new(),
            registered,
        });
        self
    }
}
