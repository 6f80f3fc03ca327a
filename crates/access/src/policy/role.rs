//! Preset roles, the acts they allow, and the two ladders between them.

use std::fmt;

/// A preset role. Constants: what a role means is never edited, only who holds it where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// May see.
    User,
    /// May also arrange it for themselves.
    PrivilegedUser,
    /// May also change it for everybody.
    Editor,
    /// May also create and remove.
    Manager,
    /// May pass on what they hold.
    Delegator,
    /// May also say who holds roles.
    SecurityAdministrator,
    /// May do everything that the two ladders below allow.
    Administrator,
}

/// What somebody wants to do to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Act {
    /// See it.
    View,
    /// Arrange it for oneself.
    Personalize,
    /// Change it for everybody.
    Edit,
    /// Create and remove.
    Manage,
    /// Grant and revoke roles on it.
    Assign,
    /// Pass on a role one holds.
    Delegate,
    /// Change how it works.
    Administer,
    /// Read a patient's record; asked on objects of the record.
    ReadRecord,
    /// Look for patients; asked on objects of the record.
    SearchPatients,
    /// Read the audit log; asked on `page:audit`.
    ReadAudit,
    /// Say which records are one person's; asked on `page:index`.
    LinkPatients,
    /// Read a hospital's own JSON behind a value; asked on objects of the record, beside [`Act::ReadRecord`].
    ReadSourceJson,
    /// Say that one has looked at a result, with a note to the patient; asked on `record:reviews`.
    ReviewResult,
    /// Say that a critical value has reached one; asked on `record:reviews`.
    AcknowledgeCritical,
}

/// `(lower, higher)`: administrator > manager > editor > privileged user > user, and
/// administrator > security administrator > delegator.
pub const LADDER: [(Role, Role); 6] = [
    (Role::User, Role::PrivilegedUser),
    (Role::PrivilegedUser, Role::Editor),
    (Role::Editor, Role::Manager),
    (Role::Manager, Role::Administrator),
    (Role::Delegator, Role::SecurityAdministrator),
    (Role::SecurityAdministrator, Role::Administrator),
];

impl Role {
    /// All of them, least first within each ladder.
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::PrivilegedUser,
        Self::Editor,
        Self::Manager,
        Self::Delegator,
        Self::SecurityAdministrator,
        Self::Administrator,
    ];

    /// As in the database and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::PrivilegedUser => "privileged-user",
            Self::Editor => "editor",
            Self::Manager => "manager",
            Self::Delegator => "delegator",
            Self::SecurityAdministrator => "security-administrator",
            Self::Administrator => "administrator",
        }
    }

    /// From the database or configuration.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Is this role `other` or above it on a ladder?
    pub fn includes(self, other: Self) -> bool {
        self == other || LADDER.iter().any(|(lower, higher)| *lower == other && self.includes(*higher))
    }

    /// What a holder may do.
    pub(crate) fn allows(self) -> ActSet {
        Act::ALL.into_iter().filter(|act| self.includes(act.least_role())).collect()
    }

    /// What someone who is denied this role may not do: its own acts and all that need a higher role.
    pub(crate) fn takes_away(self) -> ActSet {
        Act::ALL.into_iter().filter(|act| act.least_role().includes(self)).collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::View,
        Self::Personalize,
        Self::Edit,
        Self::Manage,
        Self::Assign,
        Self::Delegate,
        Self::Administer,
        Self::ReadRecord,
        Self::SearchPatients,
        Self::ReadAudit,
        Self::LinkPatients,
        Self::ReadSourceJson,
        Self::ReviewResult,
        Self::AcknowledgeCritical,
    ];

    /// As in the audit log and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Personalize => "personalize",
            Self::Edit => "edit",
            Self::Manage => "manage",
            Self::Assign => "assign",
            Self::Delegate => "delegate",
            Self::Administer => "administer",
            Self::ReadRecord => "read-record",
            Self::SearchPatients => "search-patients",
            Self::ReadAudit => "read-audit",
            Self::LinkPatients => "link-patients",
            Self::ReadSourceJson => "read-source-json",
            Self::ReviewResult => "review-result",
            Self::AcknowledgeCritical => "acknowledge-critical",
        }
    }

    /// From the API.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }

    /// The least role that may do it; every higher role may too.
    pub const fn least_role(self) -> Role {
        match self {
            Self::View | Self::ReadRecord | Self::SearchPatients | Self::ReviewResult | Self::AcknowledgeCritical => {
                Role::User
            }
            Self::Personalize | Self::ReadSourceJson => Role::PrivilegedUser,
            Self::Edit | Self::LinkPatients => Role::Editor,
            Self::Manage => Role::Manager,
            Self::Delegate => Role::Delegator,
            Self::Assign | Self::ReadAudit => Role::SecurityAdministrator,
            Self::Administer => Role::Administrator,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ActSet(u16);

impl ActSet {
    pub(crate) const fn contains(self, act: Act) -> bool {
        self.0 >> (act as u8) & 1 == 1
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl FromIterator<Act> for ActSet {
    fn from_iter<I: IntoIterator<Item = Act>>(acts: I) -> Self {
        Self(acts.into_iter().fold(0, |bits, act| bits | 1 << (act as u8)))
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleSet(u8);

impl RoleSet {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self(0x7f);
    /// How many sets there are.
    pub(crate) const COUNT: usize = 128;

    /// These roles.
    pub const fn of(roles: &[Role]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < roles.len() {
            bits |= 1 << (roles[i] as u8);
            i += 1;
        }
        Self(bits)
    }

    /// Is `role` in it?
    pub const fn contains(self, role: Role) -> bool {
        self.0 >> (role as u8) & 1 == 1
    }

    /// Its roles, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn from_index(index: usize) -> Self {
        Self((index & 0x7f) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_roles_include_lower_ones_of_their_ladder_only() {
        assert!(Role::Administrator.includes(Role::User));
        assert!(Role::Administrator.includes(Role::Delegator));
        assert!(Role::Manager.includes(Role::Editor));
        assert!(!Role::Manager.includes(Role::Delegator));
        assert!(!Role::SecurityAdministrator.includes(Role::User));
        assert!(!Role::User.includes(Role::Editor));
    }

    #[test]
    fn denying_a_role_takes_away_what_lies_above_it() {
        let editor = Role::Editor.takes_away();
        for (act, taken) in [
            (Act::View, false),
            (Act::Personalize, false),
            (Act::Edit, true),
            (Act::Manage, true),
            (Act::Administer, true),
            (Act::Assign, false),
        ] {
            assert_eq!(editor.contains(act), taken, "{act}");
        }
    }

    #[test]
    fn names_come_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for act in Act::ALL {
            assert_eq!(Act::parse(act.as_str()), Some(act));
        }
    }
}
