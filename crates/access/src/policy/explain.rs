//! Why somebody may or may not: the rules that apply, each with its way from them to the object.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::{Act, Effect, Grant, Object, Role, Snapshot};
use crate::SubjectId;

/// One rule that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who the rule is about: they themselves or one of their groups.
    pub subject: SubjectId,
    /// What the rule gives or denies them.
    pub role: Role,
    /// Where the rule stands: the object or one above it.
    pub object: Object,
    /// Given or denied.
    pub effect: Effect,
    /// From whom they are themselves (first) through groups of groups to `subject` (last), by the shortest way.
    pub members: Vec<SubjectId>,
    /// From `object` (first) down the tree to what was asked about (last), by the shortest way on which the rule descends.
    pub path: Vec<Object>,
}

impl Step {
    /// Does the rule give the role, and not deny it?
    pub fn allows(&self) -> bool {
        self.effect == Effect::Allow
    }
}

/// A rule that reaches an object, whomever it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The rule.
    pub grant: Grant,
    /// From where it stands (first) down to the object (last), by the shortest way on which it descends.
    pub path: Vec<Object>,
}

impl Snapshot {
    /// Every rule that reaches `object`, in the order of the rules.
    pub fn standing(&self, object: &Object) -> Vec<Standing> {
        let grants = self.rules().grants.iter().filter(|grant| grant.domain == self.domain());
        grants.filter_map(|grant| Some(Standing { grant: grant.clone(), path: self.descent(grant, object)? })).collect()
    }

    fn descent(&self, grant: &Grant, object: &Object) -> Option<Vec<Object>> {
        let placements = self.rules().placements.iter();
        let descends = placements.filter(|one| grant.effect == Effect::Deny || !one.blocked.contains(grant.role));
        let path = way([&grant.object], object, descends.map(|one| (&one.parent, &one.object)))?;
        Some(path.into_iter().cloned().collect())
    }

    /// The rules that bear on `act` on `object` for somebody who is all of `subjects`, denials first. They may exactly if
    /// there are some and all of them allow: none at all means that nobody gave it to them.
    pub fn explain<'s>(
        &self,
        subjects: impl IntoIterator<Item = &'s SubjectId>,
        object: &Object,
        act: Act,
    ) -> Vec<Step> {
        let subjects: Vec<&SubjectId> = subjects.into_iter().collect();
        let grants = self.rules().grants.iter().filter(|grant| grant.domain == self.domain());
        let mut steps: Vec<Step> = grants.filter_map(|grant| self.step(&subjects, grant, object, act)).collect();
        steps.sort_by_key(|step| step.effect == Effect::Allow);
        steps
    }

    fn step(&self, subjects: &[&SubjectId], grant: &Grant, object: &Object, act: Act) -> Option<Step> {
        let applies = match grant.effect {
            Effect::Allow => grant.role.allows(),
            Effect::Deny => grant.role.takes_away(),
        };
        let memberships = self.rules().memberships.iter().map(|one| (&one.member, &one.group));
        let members = applies.contains(act).then(|| way(subjects.iter().copied(), &grant.subject, memberships))??;
        Some(Step {
            subject: grant.subject.clone(),
            role: grant.role,
            object: grant.object.clone(),
            effect: grant.effect,
            members: members.into_iter().cloned().collect(),
            path: self.descent(grant, object)?,
        })
    }
}

/// The shortest way from one of `starts` along `edges` to `end`, both ends included.
fn way<'t, T: Eq + Hash>(
    starts: impl IntoIterator<Item = &'t T>,
    end: &'t T,
    edges: impl Iterator<Item = (&'t T, &'t T)>,
) -> Option<Vec<&'t T>> {
    let mut onward: HashMap<&T, Vec<&T>> = HashMap::new();
    for (from, to) in edges {
        onward.entry(from).or_default().push(to);
    }
    let mut waiting: VecDeque<&T> = VecDeque::new();
    let mut before: HashMap<&T, Option<&T>> = HashMap::new();
    for start in starts {
        before.entry(start).or_insert(None);
        waiting.push_back(start);
    }
    while let Some(at) = waiting.pop_front() {
        if at == end {
            let mut way: Vec<&T> = std::iter::successors(Some(at), |at| before.get(at).copied().flatten()).collect();
            way.reverse();
            return Some(way);
        }
        for next in onward.get(at).into_iter().flatten() {
            if !before.contains_key(next) {
                before.insert(next, Some(at));
                waiting.push_back(next);
            }
        }
    }
    None
}
