//! The same policy in casbin: the written form, and the oracle that the snapshot is held against.

use std::{collections::HashSet, sync::Arc};

use casbin::{Adapter as _, CoreApi as _, DefaultModel, DefaultRoleManager, Enforcer, MemoryAdapter, Result};
use parking_lot::RwLock;

use super::{Act, Object, Role, Ruleset, role::LADDER};
use crate::{Domain, SubjectId};

/// The model, as it stands in `config/access/model.conf`.
pub const MODEL: &str = include_str!("../../../../config/access/model.conf");

/// How many groups, parents or roles in a row are followed: more than anybody has (casbin's own limit is ten).
const DEPTH: usize = 1 << 16;

/// A casbin enforcer that holds `rules`.
///
/// # Errors
/// casbin's, when a rule does not fit the model.
pub async fn enforcer(rules: &Ruleset) -> Result<Enforcer> {
    let mut adapter = MemoryAdapter::default();
    adapter.add_policies("p", "p", grants(rules)).await?;
    for (relation, rows) in relations(rules) {
        adapter.add_policies("g", relation, rows).await?;
    }
    let mut enforcer = Enforcer::new(DefaultModel::from_str(MODEL).await?, adapter).await?;
    enforcer.set_role_manager(Arc::new(RwLock::new(DefaultRoleManager::new(DEPTH))))?;
    Ok(enforcer)
}

/// Asks casbin. An error is a deny.
pub fn enforce(enforcer: &Enforcer, subject: &SubjectId, domain: Domain, object: &Object, act: Act) -> bool {
    let request = (subject.as_str(), domain.as_str(), object.as_str(), act_name(act));
    enforcer.enforce(request).unwrap_or(false)
}

fn grants(rules: &Ruleset) -> Vec<Vec<String>> {
    let row = |grant: &super::Grant| {
        vec![
            grant.subject.to_string(),
            grant.domain.as_str().to_owned(),
            role_name(grant.role),
            grant.object.to_string(),
            grant.effect.as_str().to_owned(),
        ]
    };
    unique(rules.grants.iter().map(row).collect())
}

fn relations(rules: &Ruleset) -> [(&'static str, Vec<Vec<String>>); 5] {
    let member = |m: &super::Membership| vec![m.member.to_string(), m.group.to_string()];
    let inherited = |p: &super::Placement| {
        let open = Role::ALL.into_iter().filter(|role| !p.blocked.contains(*role));
        open.map(|role| vec![p.object.to_string(), p.parent.to_string(), role_name(role)]).collect::<Vec<_>>()
    };
    let below = |p: &super::Placement| vec![p.object.to_string(), p.parent.to_string(), "tree".to_owned()];
    let act =
        |effect: &'static str| move |act: Act| vec![act_name(act), role_name(act.least_role()), effect.to_owned()];
    let up = |(lower, higher): &(Role, Role)| vec![role_name(*lower), role_name(*higher), "allow".to_owned()];
    let down = |(lower, higher): &(Role, Role)| vec![role_name(*higher), role_name(*lower), "deny".to_owned()];
    [
        ("g", unique(rules.memberships.iter().map(member).collect())),
        ("g2", unique(rules.placements.iter().flat_map(inherited).collect())),
        ("g3", Act::ALL.into_iter().map(act("allow")).chain(LADDER.iter().map(up)).collect()),
        ("g4", Act::ALL.into_iter().map(act("deny")).chain(LADDER.iter().map(down)).collect()),
        ("g5", unique(rules.placements.iter().map(below).collect())),
    ]
}

fn role_name(role: Role) -> String {
    format!("r:{role}")
}

fn act_name(act: Act) -> String {
    format!("a:{act}")
}

/// casbin's adapter takes all of a batch or, when one is there already, none of it.
fn unique(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut seen = HashSet::with_capacity(rows.len());
    rows.into_iter().filter(|row| seen.insert(row.clone())).collect()
}
