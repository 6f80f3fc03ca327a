//! Resources inside others (<https://hl7.org/fhir/R4/references.html#contained>), reduced to what they are called.

use super::{CodeableConcept, HumanName, Ingredient};
use crate::{
    lean::{Context, Slot, object},
    scan::Scan,
};

object! {
    /// A resource of whatever type inside another.
    pub struct Contained<'a> {
        /// As sent.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id inside the resource, without `#`.
        pub id: Option<&'a str> = "id",
        /// What it is.
        pub code: Option<CodeableConcept<'a>> = "code",
        /// Of a Medication: what is in it.
        pub ingredient: &'a [Ingredient<'a>] = "ingredient",
        /// What or who it is called.
        pub name: Option<ContainedName<'a>> = "name",
        /// Of documents and questionnaires: their title.
        pub title: Option<&'a str> = "title",
    }
}

/// `name`: a text of organisations and places, names of people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ContainedName<'a> {
    /// Of an organisation or place.
    Words(&'a str),
    /// Of a person.
    Person(&'a [HumanName<'a>]),
}

impl<'a> Slot<'a> for Option<ContainedName<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        *self = match scan.peek() {
            b'"' => Some(ContainedName::Words(scan.string(cx.arena()))),
            _ => {
                let mut names: &'a [HumanName<'a>] = &[];
                names.read(key, scan, cx).then_some(ContainedName::Person(names))
            }
        };
        self.is_some()
    }
}
