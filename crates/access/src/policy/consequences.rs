//! What a change would give and take: named to whoever makes it, before they do.

use std::collections::BTreeSet;

use super::{Act, Change, Object, Snapshot};
use crate::SubjectId;

/// What somebody gains and loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// A person or group that the rules name.
    pub subject: SubjectId,
    /// What they may do then and may not now, by object.
    pub gained: Vec<(Object, Vec<Act>)>,
    /// What they may do now and may not then.
    pub lost: Vec<(Object, Vec<Act>)>,
}

/// Of whoever the change is about; a block is about everybody whom a rule names.
pub(crate) fn between(now: &Snapshot, then: &Snapshot, change: &Change) -> Vec<Consequence> {
    let subjects: BTreeSet<&SubjectId> = match change {
        Change::Grant(grant) | Change::Revoke(grant) => BTreeSet::from([&grant.subject]),
        Change::Join(membership) | Change::Leave(membership) => BTreeSet::from([&membership.member]),
        Change::Block(_) | Change::Unblock(_) => now.rules().grants.iter().map(|grant| &grant.subject).collect(),
    };
    let one = |subject: &SubjectId| {
        let gained = more(then, now, subject);
        let lost = more(now, then, subject);
        let any = !gained.is_empty() || !lost.is_empty();
        any.then(|| Consequence { subject: subject.clone(), gained, lost })
    };
    subjects.into_iter().filter_map(one).collect()
}

/// What `subject` may do by one policy and may not by the other.
fn more(by: &Snapshot, than: &Snapshot, subject: &SubjectId) -> Vec<(Object, Vec<Act>)> {
    let everyone = SubjectId::everyone();
    // A staff group is not in the group of all staff, though its people are.
    let subjects: &[&SubjectId] = if subject.kind() == "p" { &[subject] } else { &[subject, &everyone] };
    let (viewer, other) = (by.viewer(subjects.iter().copied()), than.viewer(subjects.iter().copied()));
    let mut more: Vec<(Object, Vec<Act>)> = Vec::new();
    for object in by.objects() {
        let acts = Act::ALL.into_iter().filter(|act| viewer.allows(object, *act) && !other.allows(object, *act));
        let acts: Vec<Act> = acts.collect();
        if !acts.is_empty() {
            more.push((object.clone(), acts));
        }
    }
    more.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    more
}
