//! What administrators change, and the policy that comes of it.

use std::collections::{HashMap, HashSet};

use super::{Grant, Membership, Object, Role, RoleSet, Ruleset};
use crate::Domain;

/// `role` allows nothing on `object` and below merely because it is held above, for anybody. Denials come down all the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Where.
    pub object: Object,
    /// In which portal.
    pub domain: Domain,
    /// Which role; only roles that [`Block::holds_back`] names.
    pub role: Role,
}

impl Block {
    /// Can inheritance of `role` be blocked at all? Not that of the two who administer: a part of the tree that they can't
    /// reach from above would be out of reach for good once its own administrators have left.
    pub fn holds_back(role: Role) -> bool {
        !matches!(role, Role::Administrator | Role::SecurityAdministrator)
    }
}

/// A change of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new grant or denial.
    Grant(Grant),
    /// The end of one.
    Revoke(Grant),
    /// A role is no longer inherited by an object.
    Block(Block),
    /// It is again.
    Unblock(Block),
    /// A person or a group of the directory comes into a staff group.
    Join(Membership),
    /// They leave it. What the directory itself says stays.
    Leave(Membership),
}

/// All rules of the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) rules: Ruleset,
    pub(crate) blocks: Vec<Block>,
}

impl Kept {
    /// Is what `change` makes there, or what it ends gone, already?
    pub(crate) fn is_done(&self, change: &Change) -> bool {
        match change {
            Change::Grant(grant) => self.rules.grants.contains(grant),
            Change::Revoke(grant) => !self.rules.grants.contains(grant),
            Change::Block(block) => self.blocks.contains(block),
            Change::Unblock(block) => !self.blocks.contains(block),
            Change::Join(membership) => self.rules.memberships.contains(membership),
            Change::Leave(membership) => !self.rules.memberships.contains(membership),
        }
    }

    /// As they are after `change`.
    pub(crate) fn after(&self, change: &Change) -> Self {
        let mut kept = self.clone();
        match change.clone() {
            Change::Grant(grant) => kept.rules.grants.push(grant),
            Change::Revoke(grant) => kept.rules.grants.retain(|one| *one != grant),
            Change::Block(block) => kept.blocks.push(block),
            Change::Unblock(block) => kept.blocks.retain(|one| *one != block),
            Change::Join(membership) => kept.rules.memberships.push(membership),
            Change::Leave(membership) => kept.rules.memberships.retain(|one| *one != membership),
        }
        kept
    }

    /// The policy of `domain`: `presets` and these, blocks written into the placements they are about, without grants on
    /// objects that are not in the tree (any more).
    pub(crate) fn beside(self, presets: &Ruleset, domain: Domain) -> Ruleset {
        let mut rules = presets.clone().and(self.rules);
        let mut blocked: HashMap<&Object, RoleSet> = HashMap::new();
        for block in self.blocks.iter().filter(|block| block.domain == domain && Block::holds_back(block.role)) {
            let roles = blocked.entry(&block.object).or_default();
            *roles = roles.union(RoleSet::of(&[block.role]));
        }
        for placement in &mut rules.placements {
            let roles = blocked.get(&placement.object).copied().unwrap_or_default();
            placement.blocked = placement.blocked.union(roles);
        }
        let placed: HashSet<&Object> = rules.placements.iter().flat_map(|one| [&one.object, &one.parent]).collect();
        rules.grants.retain(|grant| placed.contains(&grant.object));
        rules
    }
}
