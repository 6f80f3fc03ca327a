//! The policy as data: who holds which role where, the tree of objects, groups within groups; and the presets.

use super::{Object, Role, RoleSet};
use crate::{Domain, SubjectId};

/// Does a rule give or take?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The subject holds the role.
    Allow,
    /// The subject may do nothing that needs this role or a higher one. Wins over every allow.
    Deny,
}

impl Effect {
    /// As in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// From the database.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "allow" => Some(Self::Allow),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }
}

/// A subject holds (or is denied) a role on an object and all below it, in one domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// A person, a group or a component.
    pub subject: SubjectId,
    /// Which portal.
    pub domain: Domain,
    /// Which role.
    pub role: Role,
    /// Where.
    pub object: Object,
    /// Given or denied.
    pub effect: Effect,
}

impl Grant {
    /// `subject` holds `role` on `object`.
    pub fn allow(subject: SubjectId, domain: Domain, role: Role, object: Object) -> Self {
        Self { subject, domain, role, object, effect: Effect::Allow }
    }

    /// `subject` is denied `role` and everything above it on `object`.
    pub fn deny(subject: SubjectId, domain: Domain, role: Role, object: Object) -> Self {
        Self { subject, domain, role, object, effect: Effect::Deny }
    }
}

/// An object lies below a parent. Roles in `blocked` are not inherited from it; denies always are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The object.
    pub object: Object,
    /// One of its parents.
    pub parent: Object,
    /// Roles that allow nothing here merely because they are held on the parent.
    pub blocked: RoleSet,
}

/// A group or person is in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub member: SubjectId,
    /// In what.
    pub group: SubjectId,
}

/// A whole policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// Who holds what.
    pub grants: Vec<Grant>,
    /// The tree.
    pub placements: Vec<Placement>,
    /// Groups within groups. The groups of a signed-in person come with their context.
    pub memberships: Vec<Membership>,
}

/// Everybody is a user of the site; administration is for those who hold one of the upper roles.
const ALL_BUT_ADMINISTERING: RoleSet = RoleSet::of(&[Role::User, Role::PrivilegedUser, Role::Editor, Role::Manager]);

impl Ruleset {
    /// What every installation begins with.
    pub fn presets() -> Self {
        Self { grants: preset_grants(), placements: preset_placements(), memberships: Vec::new() }
    }

    /// This policy and another one beside it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.grants.extend(other.grants);
        self.placements.extend(other.placements);
        self.memberships.extend(other.memberships);
        self
    }
}

fn preset_grants() -> Vec<Grant> {
    use Domain::{External, Internal};
    let staff = |group: &str, role, object| Grant::allow(SubjectId::group(group), Internal, role, object);
    vec![
        // Whoever treats a patient may see all of the record, so also the hospital's own words for a value they doubt. Others
        // read what the portal makes of it.
        staff("clinician", Role::PrivilegedUser, Object::SECTION_RECORD),
        staff("clinician", Role::User, Object::RECORD_REVIEWS),
        staff("nurse", Role::User, Object::SECTION_RECORD),
        staff("researcher", Role::User, Object::SITE_INTERNAL),
        staff("teacher", Role::User, Object::SITE_INTERNAL),
        staff("manager", Role::User, Object::SITE_INTERNAL),
        // Whoever decides which records are one person's, and administers nothing else.
        staff("data-steward", Role::Editor, Object::PAGE_INDEX),
        // Whoever says who holds roles, and reads the audit log; of roles they hold few themselves, so they give few.
        staff("security-administrator", Role::SecurityAdministrator, Object::SITE_INTERNAL),
        // Who plans clinics and receives those who booked.
        staff("manager", Role::Manager, Object::PAGE_SCHEDULES),
        // Who writes for patients and staff, and who publishes what others wrote.
        staff("content-editor", Role::Editor, Object::SECTION_CONTENT),
        staff("content-manager", Role::Manager, Object::SECTION_CONTENT),
        staff("administrator", Role::Administrator, Object::SECTION_ADMIN),
        staff("administrator", Role::Manager, Object::SITE_INTERNAL),
        staff("administrator", Role::Manager, Object::SECTION_PUBLIC_PAGES),
        Grant::allow(SubjectId::everyone(), Internal, Role::User, Object::SITE_INTERNAL),
        // Everybody arranges for themselves what is not locked.
        Grant::allow(SubjectId::everyone(), Internal, Role::PrivilegedUser, Object::SECTION_PAGES),
        Grant::allow(SubjectId::patients(), External, Role::PrivilegedUser, Object::SECTION_PUBLIC_PAGES),
        Grant::allow(SubjectId::patients(), External, Role::User, Object::SITE_EXTERNAL),
        Grant::allow(SubjectId::patients(), External, Role::User, Object::SECTION_RECORD),
    ]
}

fn preset_placements() -> Vec<Placement> {
    let place = |object, parent, blocked| Placement { object, parent, blocked };
    let mut placements = vec![
        // Nobody reads records, or lets others read them, by being something on the site. Denials do come down.
        place(Object::SECTION_RECORD, Object::SITE_INTERNAL, RoleSet::ALL),
        place(Object::SECTION_RECORD, Object::SITE_EXTERNAL, RoleSet::ALL),
        place(Object::SECTION_ADMIN, Object::SITE_INTERNAL, ALL_BUT_ADMINISTERING),
        place(Object::PAGE_AUDIT, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::PAGE_INDEX, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::PAGE_DATA_QUALITY, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::PAGE_JOBS, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::PAGE_SOURCES, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::PAGE_SCHEDULES, Object::SECTION_ADMIN, RoleSet::NONE),
        place(Object::SECTION_CONTENT, Object::SITE_INTERNAL, RoleSet::NONE),
        place(Object::PAGE_ARTICLES, Object::SECTION_CONTENT, RoleSet::NONE),
        place(Object::PAGE_NOTICES, Object::SECTION_CONTENT, RoleSet::NONE),
        place(Object::SECTION_PAGES, Object::SITE_INTERNAL, RoleSet::NONE),
        place(Object::SECTION_PUBLIC_PAGES, Object::SITE_EXTERNAL, RoleSet::NONE),
        place(Object::PAGE_HOME, Object::SITE_INTERNAL, RoleSet::NONE),
        place(Object::PAGE_HOME, Object::SITE_EXTERNAL, RoleSet::NONE),
        place(Object::API_DOCS, Object::SITE_INTERNAL, RoleSet::NONE),
        place(Object::PAGE_PATIENT_SEARCH, Object::SECTION_RECORD, RoleSet::NONE),
        // Nurses and patients read; clinicians answer for having looked.
        place(Object::RECORD_REVIEWS, Object::SECTION_RECORD, RoleSet::ALL),
    ];
    let sections = Object::RECORD_SECTIONS.into_iter();
    placements.extend(sections.map(|section| place(section, Object::SECTION_RECORD, RoleSet::NONE)));
    placements
}
