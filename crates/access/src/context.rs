//! Who acts. A context is proof that somebody signed in; every operation on people's data takes one.

use std::fmt;

use uuid::Uuid;

use crate::{Deed, Entrusted};

/// A person or component in the policy and in the audit log, prefixed by kind so that no name can be mistaken for a
/// role or group: `u:region/8f3c…` (staff), `p:…` (patient account), `s:portal-internal` (component), `g:…` (staff group),
/// `d:region/cn=…` (group of a directory).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct SubjectId(String);

impl SubjectId {
    /// A member of staff: `organisation` is the directory's id, `stable` an identity that survives renaming.
    pub fn staff(organisation: &str, stable: &str) -> Self {
        Self(format!("u:{organisation}/{stable}"))
    }

    /// A staff group (clinician, nurse, …) of the configuration.
    pub fn group(name: &str) -> Self {
        Self(format!("g:{name}"))
    }

    /// A group of a directory: `name` is its distinguished name in the form that compares.
    pub fn directory_group(organisation: &str, name: &str) -> Self {
        Self(format!("d:{organisation}/{name}"))
    }

    /// A patient's account.
    pub fn account(id: Uuid) -> Self {
        Self(format!("p:{id}"))
    }

    /// A component of ours that acts by itself.
    pub fn component(name: &str) -> Self {
        Self(format!("s:{name}"))
    }

    /// The group that every signed-in member of staff is in.
    pub fn everyone() -> Self {
        Self::group("everyone")
    }

    /// The group that every patient's account is in.
    pub fn patients() -> Self {
        Self::group("patients")
    }

    /// From the database: `None` unless it begins with one of the five prefixes and has something behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        (matches!(kind, "u" | "g" | "d" | "p" | "s") && !rest.is_empty()).then(|| Self(text.to_owned()))
    }

    /// `u`, `g`, `d`, `p` or `s`.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }

    /// As kept in the database, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A patient of the region (the regional index's id), on every URL about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for PersonId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// The request an act belongs to; on every answer as `X-Request-Id` and in every log line and audit row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub String);

/// Which side of the house: the `dom` of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Domain {
    /// The intranet portal.
    Internal,
    /// The public portal.
    External,
}

impl Domain {
    /// As written in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }

    /// From the database.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "internal" => Some(Self::Internal),
            "external" => Some(Self::External),
            _ => None,
        }
    }
}

/// Who acts, as the audit log and the policy see it.
#[derive(Clone, Debug)]
pub struct Actor<'a> {
    /// The one who acts.
    pub subject: &'a SubjectId,
    /// Their name as people read it, kept in the audit row because directories forget.
    pub name: &'a str,
    /// Groups of the configuration that the subject is in, as policy subjects (`g:clinician`).
    pub groups: &'a [SubjectId],
    /// Groups of the directory (`d:region/cn=…`): grants may name them. Not in the audit row.
    pub directory_groups: &'a [SubjectId],
    /// Which portal.
    pub domain: Domain,
    /// The request, if there is one.
    pub request: Option<&'a RequestId>,
}

/// Implemented by the three contexts and nothing else.
pub trait Context: Send + Sync {
    /// Who acts.
    fn actor(&self) -> Actor<'_>;
}

/// A signed-in member of staff. Built only by `directory` and staff OpenID Connect sign-in (a test scans for it).
#[derive(Clone, Debug)]
pub struct StaffContext {
    subject: SubjectId,
    name: String,
    organisation: String,
    groups: Vec<SubjectId>,
    directory_groups: Vec<SubjectId>,
    request: RequestId,
}

impl StaffContext {
    /// For `directory` and staff OpenID Connect sign-in alone: `groups` are staff groups of the configuration.
    pub fn establish(
        subject: SubjectId,
        name: String,
        organisation: String,
        groups: Vec<SubjectId>,
        request: RequestId,
    ) -> Self {
        Self { subject, name, organisation, groups, directory_groups: Vec::new(), request }
    }

    /// The same, in these groups of the directory.
    #[must_use]
    pub fn in_directory_groups(self, directory_groups: Vec<SubjectId>) -> Self {
        Self { directory_groups, ..self }
    }

    /// Who.
    pub fn subject(&self) -> &SubjectId {
        &self.subject
    }

    /// Name for the screen.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory that vouches for them.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Staff groups, as policy subjects.
    pub fn groups(&self) -> &[SubjectId] {
        &self.groups
    }
}

impl Context for StaffContext {
    fn actor(&self) -> Actor<'_> {
        Actor {
            subject: &self.subject,
            name: &self.name,
            groups: &self.groups,
            directory_groups: &self.directory_groups,
            domain: Domain::Internal,
            request: Some(&self.request),
        }
    }
}

/// A signed-in patient. Built by `accounts` alone.
#[derive(Clone, Debug)]
pub struct PatientContext {
    subject: SubjectId,
    name: String,
    own: Option<PersonId>,
    entrusted: Vec<Entrusted>,
    request: RequestId,
}

impl PatientContext {
    /// For `accounts` alone: `own` is the regional patient this account was proven to be, if any.
    pub fn establish(subject: SubjectId, name: String, own: Option<PersonId>, request: RequestId) -> Self {
        Self { subject, name, own, entrusted: Vec::new(), request }
    }

    /// The same, with what others have entrusted to the account. For `accounts` alone, which reads it for each request.
    #[must_use]
    pub fn entrusted_with(self, entrusted: Vec<Entrusted>) -> Self {
        Self { entrusted, ..self }
    }

    /// The account.
    pub fn subject(&self) -> &SubjectId {
        &self.subject
    }

    /// Name for the screen.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The regional patient this account was proven to be.
    pub fn own(&self) -> Option<PersonId> {
        self.own
    }

    /// What `person` has entrusted to this account.
    pub fn entrusted_by(&self, person: PersonId) -> Option<&Entrusted> {
        self.entrusted.iter().find(|one| one.person == person)
    }

    /// May this account do this for `person`? Everything for oneself, what is entrusted for another.
    pub fn may_act_for(&self, person: PersonId, deed: Deed<'_>) -> bool {
        let entrusted = || self.entrusted_by(person).is_some_and(|one| one.covers(deed));
        self.own == Some(person) || entrusted() || !crate::Safeguard::OwnRecord.stands()
    }
}

impl Context for PatientContext {
    fn actor(&self) -> Actor<'_> {
        Actor {
            subject: &self.subject,
            name: &self.name,
            groups: &[],
            directory_groups: &[],
            domain: Domain::External,
            request: Some(&self.request),
        }
    }
}

/// The portal acting by itself: the sealer, commands, start-up. The name says which part.
#[derive(Clone, Debug)]
pub struct SystemContext {
    subject: SubjectId,
    domain: Domain,
}

impl SystemContext {
    /// `component` is e.g. `bootstrap-admin`.
    pub fn new(component: &str, domain: Domain) -> Self {
        Self { subject: SubjectId::component(component), domain }
    }
}

impl Context for SystemContext {
    fn actor(&self) -> Actor<'_> {
        Actor {
            subject: &self.subject,
            name: "",
            groups: &[],
            directory_groups: &[],
            domain: self.domain,
            request: None,
        }
    }
}
