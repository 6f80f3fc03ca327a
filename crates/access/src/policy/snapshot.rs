//! The policy compiled for one version and one domain: names interned, groups closed, the tree in order.
//!
//! A decision needs the table of the viewer: for every object the acts that are allowed. It is computed when somebody
//! with a new set of grants first comes (most people have none of their own and share the table of their groups) and
//! kept as long as the snapshot. A decision is then one probe for the object and one bit.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use super::{Act, Effect, Object, Role, RoleSet, Ruleset, role::ActSet};
use crate::{Domain, SubjectId};

/// Cells (viewer × object) kept at most; beyond it the tables are computed anew as people come.
const CELLS: usize = 16 << 20;

type SubjectNumber = u32;
type ObjectNumber = u32;

/// What a subject was given and denied on an object.
#[derive(Clone, Copy)]
struct Held {
    object: ObjectNumber,
    allowed: RoleSet,
    denied: RoleSet,
}

/// Allows descend unless blocked, denies always.
#[derive(Clone, Copy)]
struct Descent {
    parent: ObjectNumber,
    child: ObjectNumber,
    blocked: RoleSet,
}

type Table = Arc<[ActSet]>;

/// A compiled policy.
pub struct Snapshot {
    version: i64,
    domain: Domain,
    rules: Ruleset,
    objects: ObjectNames,
    subjects: HashMap<SubjectId, SubjectNumber>,
    /// By subject: itself and every group it is in, directly or through groups; in order.
    closures: Vec<Box<[SubjectNumber]>>,
    /// By subject.
    held: Vec<Box<[Held]>>,
    /// Parents first.
    descents: Vec<Descent>,
    cyclic: bool,
    /// By set of roles: what it allows, and what it takes away when denied.
    allows: Box<[ActSet; RoleSet::COUNT]>,
    takes_away: Box<[ActSet; RoleSet::COUNT]>,
    tables: RwLock<HashMap<Box<[SubjectNumber]>, Table>>,
}

impl Snapshot {
    /// Compiles `rules` for one domain.
    pub fn compile(rules: Ruleset, domain: Domain, version: i64) -> Self {
        let objects = ObjectNames::of(&rules);
        let mut subjects: HashMap<SubjectId, SubjectNumber> = HashMap::new();
        let mut number = |subject: &SubjectId| match subjects.get(subject) {
            Some(known) => *known,
            None => {
                let new = SubjectNumber::try_from(subjects.len()).unwrap_or(SubjectNumber::MAX);
                subjects.insert(subject.clone(), new);
                new
            }
        };
        let memberships: Vec<_> = rules.memberships.iter().map(|m| (number(&m.member), number(&m.group))).collect();
        let mut held: HashMap<(SubjectNumber, ObjectNumber), (RoleSet, RoleSet)> = HashMap::new();
        for grant in rules.grants.iter().filter(|grant| grant.domain == domain) {
            let Some(object) = objects.find(&grant.object) else { continue };
            let (allowed, denied) = held.entry((number(&grant.subject), object)).or_default();
            let set = if grant.effect == Effect::Allow { allowed } else { denied };
            *set = set.union(RoleSet::of(&[grant.role]));
        }
        let mut by_subject = vec![Vec::new(); subjects.len()];
        for ((subject, object), (allowed, denied)) in held {
            by_subject[subject as usize].push(Held { object, allowed, denied });
        }
        let (descents, cyclic) = descents(&rules, &objects);
        Self {
            version,
            domain,
            closures: closures(subjects.len(), &memberships),
            held: by_subject.into_iter().map(Vec::into_boxed_slice).collect(),
            descents,
            cyclic,
            allows: by_role_set(Role::allows),
            takes_away: by_role_set(Role::takes_away),
            tables: RwLock::default(),
            objects,
            subjects,
            rules,
        }
    }

    /// Of the database, when this was compiled.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Which portal's rules these are.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// What it was compiled from.
    pub fn rules(&self) -> &Ruleset {
        &self.rules
    }

    /// Does a rule or the tree name this object? What it does not name it can't be asked about: it is denied to everybody.
    pub fn knows(&self, object: &Object) -> bool {
        self.objects.find(object).is_some()
    }

    /// Every object, in no order.
    pub fn objects(&self) -> &[Object] {
        &self.objects.names
    }

    /// Is `subject` the same as `group`, or in it, directly or through other groups?
    pub fn is_in(&self, subject: &SubjectId, group: &SubjectId) -> bool {
        let number = |one| self.subjects.get(one).copied();
        let within = |from: SubjectNumber, to| self.closures[from as usize].contains(&to);
        subject == group || number(subject).zip(number(group)).is_some_and(|(from, to)| within(from, to))
    }

    /// Somebody who is all of `subjects` (themselves and their groups), ready for decisions.
    pub fn viewer<'s>(&self, subjects: impl IntoIterator<Item = &'s SubjectId>) -> Viewer<'_> {
        let mut key: Vec<SubjectNumber> = Vec::with_capacity(8);
        for subject in subjects {
            if let Some(number) = self.subjects.get(subject) {
                key.extend_from_slice(&self.closures[*number as usize]);
            }
        }
        // Who holds nothing does not tell two viewers apart.
        key.retain(|subject| !self.held[*subject as usize].is_empty());
        key.sort_unstable();
        key.dedup();
        Viewer { objects: &self.objects, table: self.table(key) }
    }

    fn table(&self, key: Vec<SubjectNumber>) -> Table {
        if let Some(known) = self.tables.read().unwrap_or_else(PoisonError::into_inner).get(key.as_slice()) {
            return known.clone();
        }
        let table = self.compute(&key);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if tables.len() * self.objects.len().max(1) > CELLS {
            tables.clear();
        }
        tables.entry(key.into_boxed_slice()).or_insert(table).clone()
    }

    fn compute(&self, subjects: &[SubjectNumber]) -> Table {
        let mut cells = vec![(RoleSet::NONE, RoleSet::NONE); self.objects.len()];
        for held in subjects.iter().flat_map(|subject| self.held[*subject as usize].iter()) {
            let (allowed, denied) = &mut cells[held.object as usize];
            *allowed = allowed.union(held.allowed);
            *denied = denied.union(held.denied);
        }
        self.descend(&mut cells);
        cells
            .into_iter()
            .map(|(allowed, denied)| self.allows[allowed.index()].without(self.takes_away[denied.index()]))
            .collect()
    }

    /// Carries allows and denies down the tree.
    fn descend(&self, cells: &mut [(RoleSet, RoleSet)]) {
        loop {
            let mut changed = false;
            for descent in &self.descents {
                let (allowed, denied) = cells[descent.parent as usize];
                let cell = &mut cells[descent.child as usize];
                let new = (cell.0.union(allowed.without(descent.blocked)), cell.1.union(denied));
                changed |= new != *cell;
                *cell = new;
            }
            // In a tree one round is enough, since parents come first.
            if !changed || !self.cyclic {
                return;
            }
        }
    }

    /// Every object that a rule on `object` touches, with the acts it gives (allow) or takes (deny) there.
    pub(crate) fn reach(&self, object: &Object, role: Role, effect: Effect) -> Vec<(ObjectNumber, ActSet)> {
        let mut cells = vec![(RoleSet::NONE, RoleSet::NONE); self.objects.len()];
        let Some(number) = self.objects.find(object) else { return Vec::new() };
        let set = RoleSet::of(&[role]);
        cells[number as usize] = match effect {
            Effect::Allow => (set, RoleSet::NONE),
            Effect::Deny => (RoleSet::NONE, set),
        };
        self.descend(&mut cells);
        let acts = cells
            .into_iter()
            .map(|(allowed, denied)| self.allows[allowed.index()].union(self.takes_away[denied.index()]));
        let numbered = acts.enumerate().filter_map(|(number, acts)| Some((ObjectNumber::try_from(number).ok()?, acts)));
        numbered.filter(|(_, acts)| *acts != ActSet::default()).collect()
    }
}

/// Somebody's decisions under one snapshot. Lives no longer than a request.
pub struct Viewer<'s> {
    objects: &'s ObjectNames,
    table: Table,
}

impl Viewer<'_> {
    /// May they?
    pub fn allows(&self, object: &Object, act: Act) -> bool {
        match self.objects.find(object) {
            Some(number) => self.table.get(number as usize).is_some_and(|acts| acts.contains(act)),
            None => false,
        }
    }

    /// May they do it to anything at all?
    pub fn allows_somewhere(&self, act: Act) -> bool {
        self.table.iter().any(|acts| acts.contains(act))
    }

    pub(crate) fn acts(&self, object: ObjectNumber) -> ActSet {
        self.table.get(object as usize).copied().unwrap_or_default()
    }
}

/// Open addressing by the hash that each [`Object`] carries.
struct ObjectNames {
    names: Vec<Object>,
    slots: Box<[Slot]>,
}

/// Part of the hash beside the number, so that a probe rarely looks at a name of another object.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    number: ObjectNumber,
}

const EMPTY: ObjectNumber = ObjectNumber::MAX;

impl ObjectNames {
    fn of(rules: &Ruleset) -> Self {
        let placed = rules.placements.iter().flat_map(|placement| [&placement.object, &placement.parent]);
        let granted = rules.grants.iter().map(|grant| &grant.object);
        let mut seen = HashSet::new();
        let names: Vec<Object> = placed.chain(granted).filter(|object| seen.insert(*object)).cloned().collect();
        let mut slots = vec![Slot { tag: 0, number: EMPTY }; (names.len() * 2).next_power_of_two().max(2)];
        for (number, name) in names.iter().enumerate() {
            let mut at = place(name.hash(), slots.len());
            while slots[at].number != EMPTY {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = Slot { tag: tag(name.hash()), number: ObjectNumber::try_from(number).unwrap_or(EMPTY) };
        }
        Self { names, slots: slots.into_boxed_slice() }
    }

    fn len(&self) -> usize {
        self.names.len()
    }

    fn find(&self, object: &Object) -> Option<ObjectNumber> {
        let mut at = place(object.hash(), self.slots.len());
        loop {
            let slot = self.slots[at];
            if slot.number == EMPTY {
                return None;
            }
            if slot.tag == tag(object.hash()) && self.names[slot.number as usize] == *object {
                return Some(slot.number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

const fn place(hash: u64, slots: usize) -> usize {
    hash as usize & (slots - 1)
}

const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn by_role_set(acts_of: fn(Role) -> ActSet) -> Box<[ActSet; RoleSet::COUNT]> {
    Box::new(std::array::from_fn(|index| {
        RoleSet::from_index(index).iter().map(acts_of).fold(ActSet::default(), ActSet::union)
    }))
}

/// Groups of groups, cycles included.
fn closures(subjects: usize, memberships: &[(SubjectNumber, SubjectNumber)]) -> Vec<Box<[SubjectNumber]>> {
    let mut groups = vec![Vec::new(); subjects];
    for (member, group) in memberships {
        groups[*member as usize].push(*group);
    }
    (0..subjects)
        .map(|subject| {
            let mut closed = vec![SubjectNumber::try_from(subject).unwrap_or(SubjectNumber::MAX)];
            let mut next = 0;
            while let Some(current) = closed.get(next).copied() {
                next += 1;
                for group in &groups[current as usize] {
                    if !closed.contains(group) {
                        closed.push(*group);
                    }
                }
            }
            closed.sort_unstable();
            closed.into_boxed_slice()
        })
        .collect()
}

/// The tree's edges with parents before their children (Kahn); edges of a cycle come last.
fn descents(rules: &Ruleset, objects: &ObjectNames) -> (Vec<Descent>, bool) {
    let edges: Vec<Descent> = rules
        .placements
        .iter()
        .filter_map(|placement| {
            let (parent, child) = (objects.find(&placement.parent)?, objects.find(&placement.object)?);
            Some(Descent { parent, child, blocked: placement.blocked })
        })
        .collect();
    let mut waiting_for = vec![0_u32; objects.len()];
    let mut below: Vec<Vec<Descent>> = vec![Vec::new(); objects.len()];
    for edge in &edges {
        waiting_for[edge.child as usize] += 1;
        below[edge.parent as usize].push(*edge);
    }
    let mut ready: VecDeque<usize> = (0..objects.len()).filter(|object| waiting_for[*object] == 0).collect();
    let mut ordered = Vec::with_capacity(edges.len());
    while let Some(parent) = ready.pop_front() {
        for edge in std::mem::take(&mut below[parent]) {
            ordered.push(edge);
            waiting_for[edge.child as usize] -= 1;
            if waiting_for[edge.child as usize] == 0 {
                ready.push_back(edge.child as usize);
            }
        }
    }
    let cyclic = ordered.len() < edges.len();
    ordered.extend(below.into_iter().flatten());
    (ordered, cyclic)
}
