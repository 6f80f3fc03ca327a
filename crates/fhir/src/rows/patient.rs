//! Patient (<https://hl7.org/fhir/R4/patient.html>).

use super::{Address, CodeableConcept, ContactPoint, HumanName, Identifier, Meta, Period, ResourceReference};
use crate::{
    lean::{Context, Slot, object},
    scan::Scan,
};

object! {
    /// A person as one hospital registered them.
    pub struct Patient<'a> {
        /// As sent; other than `Patient` for other entries of the answer.
        pub resource_type: Option<&'a str> = "resourceType",
        /// Id at the source.
        pub id: Option<&'a str> = "id",
        /// Version and time.
        pub meta: Option<Meta<'a>> = "meta",
        /// Record numbers, resident ID, …
        pub identifier: &'a [Identifier<'a>] = "identifier",
        /// False: the registration is no longer in use.
        pub active: Option<bool> = "active",
        /// Names.
        pub name: &'a [HumanName<'a>] = "name",
        /// Telephones and the like.
        pub telecom: &'a [ContactPoint<'a>] = "telecom",
        /// `male`, `female`, `other`, `unknown`.
        pub gender: Option<&'a str> = "gender",
        /// `date`, at its precision.
        pub birth_date: Option<&'a str> = "birthDate",
        /// Death.
        pub deceased: Option<Deceased<'a>> = "deceasedBoolean" | "deceasedDateTime",
        /// Addresses.
        pub address: &'a [Address<'a>] = "address",
        /// Next of kin, guardians, …
        pub contact: &'a [Contact<'a>] = "contact",
        /// Registrations that are the same person.
        pub link: &'a [PatientLink<'a>] = "link",
        /// Who keeps the registration.
        pub managing_organization: Option<ResourceReference<'a>> = "managingOrganization",
    }
}

object! {
    /// `Patient.contact`
    pub struct Contact<'a> {
        /// What they are to the patient.
        pub relationship: &'a [CodeableConcept<'a>] = "relationship",
        /// Name.
        pub name: Option<HumanName<'a>> = "name",
        /// Telephones and the like.
        pub telecom: &'a [ContactPoint<'a>] = "telecom",
        /// Address.
        pub address: Option<Address<'a>> = "address",
        /// Administrative gender.
        pub gender: Option<&'a str> = "gender",
        /// When they may be called on.
        pub period: Option<Period<'a>> = "period",
    }
}

object! {
    /// `Patient.link`
    pub struct PatientLink<'a> {
        /// The other registration.
        pub other: Option<ResourceReference<'a>> = "other",
        /// `replaced-by`, `replaces`, `refer`, `seealso`.
        pub kind: Option<&'a str> = "type",
    }
}

/// `Patient.deceased[x]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deceased<'a> {
    /// Dead or not, without a time.
    Boolean(bool),
    /// `dateTime` of death.
    DateTime(&'a str),
}

impl<'a> Slot<'a> for Option<Deceased<'a>> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn read<'t: 'a>(&mut self, key: &'static str, scan: &mut Scan<'t>, cx: &mut Context<'a, '_>) -> bool {
        if key == "deceasedBoolean" {
            let mut value = None::<bool>;
            value.read(key, scan, cx);
            *self = value.map(Deceased::Boolean);
        } else {
            let mut text = None::<&str>;
            text.read(key, scan, cx);
            text.check_time(key, cx);
            *self = text.map(Deceased::DateTime);
        }
        self.is_some()
    }
}
