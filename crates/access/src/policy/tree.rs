//! Where pages and what stands on them lie in the policy's tree. The crate that keeps pages tells it here, in its own
//! transaction, so that a page is never there without its place or the other way round.
//!
//! Who may create, move or remove a page is decided by the caller; nothing here gives anybody a role. Grants and blocks
//! are rows of their own: those on an object that went away have no effect and are there again when it comes back.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Set};
use store::Tx;

use super::{Object, Placement, RoleSet, Ruleset, load};
use crate::{AccessError, entity::policy_object};

/// An object and one of its parents, as in the database.
type Edge = (String, String);

/// Puts `object` (a page, a section) below `parent` and nowhere else, or moves it there. What is below it comes along.
/// Every process sees it within a second; [`super::Policy::reload`] after the commit shows it at once in this one.
///
/// # Errors
/// [`AccessError::Misplaced`] for an object of the presets, or one that would lie below itself.
pub async fn place(tx: &Tx, object: &Object, parent: &Object) -> Result<(), AccessError> {
    load::lock(tx).await?;
    let before = edges(tx).await?;
    if is_preset(object) || object == parent || below(&before, object.as_str()).contains(parent.as_str()) {
        return Err(AccessError::Misplaced(object.to_string()));
    }
    let wanted = BTreeSet::from([(object.to_string(), parent.to_string())]);
    let there = before.into_iter().filter(|(child, _)| child == object.as_str()).collect();
    replace(tx, &there, &wanted).await
}

/// Makes `placements` all that stands on the page `root`: regions and items of that page, each below the page or another
/// of them. What was below and is not named any more is no object any longer.
///
/// # Errors
/// [`AccessError::Misplaced`] when `root` is no page, or for a placement that is not of this page, is named twice, hangs on
/// nothing, or brings blocks along: only administrators block ([`super::Change::Block`]).
pub async fn set_children(tx: &Tx, root: &Object, placements: &[Placement]) -> Result<(), AccessError> {
    check(root, placements)?;
    load::lock(tx).await?;
    let before = edges(tx).await?;
    // Pages below this one are no parts of it, and stay.
    let part = |child: &String| Object::parse(child).is_some_and(|child| child.is_part_of(root));
    let there: BTreeSet<Edge> = before.into_iter().filter(|(child, _)| part(child)).collect();
    let wanted = placements.iter().map(|one| (one.object.to_string(), one.parent.to_string())).collect();
    replace(tx, &there, &wanted).await
}

/// Takes `object` and all that is below it out of the tree.
///
/// # Errors
/// [`AccessError::Misplaced`] for an object of the presets.
pub async fn remove(tx: &Tx, object: &Object) -> Result<(), AccessError> {
    if is_preset(object) {
        return Err(AccessError::Misplaced(object.to_string()));
    }
    load::lock(tx).await?;
    let before = edges(tx).await?;
    let mut under = below(&before, object.as_str());
    under.insert(object.to_string());
    let there = before.into_iter().filter(|(child, _)| under.contains(child)).collect();
    replace(tx, &there, &BTreeSet::new()).await
}

fn is_preset(object: &Object) -> bool {
    Ruleset::presets().placements.iter().any(|one| one.object == *object || one.parent == *object)
}

/// Everything hangs on the page in the end: a parent that nobody placed, or a ring, would give or take what nobody sees.
fn check(root: &Object, placements: &[Placement]) -> Result<(), AccessError> {
    let misplaced = |object: &Object| AccessError::Misplaced(object.to_string());
    let parents: HashMap<&Object, &Object> = placements.iter().map(|one| (&one.object, &one.parent)).collect();
    if root.page().is_none() || parents.len() < placements.len() {
        return Err(misplaced(root));
    }
    for one in placements {
        let mut way = std::iter::successors(Some(&one.object), |at| parents.get(*at).copied());
        let hangs = way.by_ref().take(placements.len() + 1).any(|at| at == root);
        if one.blocked != RoleSet::NONE || !one.object.is_part_of(root) || !hangs {
            return Err(misplaced(&one.object));
        }
    }
    Ok(())
}

async fn edges(tx: &Tx) -> Result<BTreeSet<Edge>, AccessError> {
    let rows = policy_object::Entity::find().all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.parent)).collect())
}

/// All objects below `root`, without it.
fn below(edges: &BTreeSet<Edge>, root: &str) -> BTreeSet<String> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for (child, parent) in edges {
        children.entry(parent).or_default().push(child);
    }
    let (mut found, mut waiting) = (BTreeSet::new(), vec![root]);
    while let Some(at) = waiting.pop() {
        for child in children.get(at).into_iter().flatten() {
            if found.insert((*child).to_owned()) {
                waiting.push(child);
            }
        }
    }
    found
}

async fn replace(tx: &Tx, there: &BTreeSet<Edge>, wanted: &BTreeSet<Edge>) -> Result<(), AccessError> {
    use policy_object::Column::{Id, Parent};
    for (object, parent) in there.difference(wanted) {
        let this = Condition::all().add(Id.eq(object)).add(Parent.eq(parent));
        policy_object::Entity::delete_many().filter(this).exec(tx).await?;
    }
    for (object, parent) in wanted.difference(there) {
        let row = policy_object::ActiveModel {
            id: Set(object.clone()),
            parent: Set(parent.clone()),
            blocked_roles: Set(String::new()),
        };
        policy_object::Entity::insert(row).exec_without_returning(tx).await?;
    }
    if there == wanted { Ok(()) } else { load::bump(tx).await }
}
