//! The same policy in casbin: the written form, and the oracle that the snapshot is held against.

use std::sync::Arc;

use casbin::{
    CoreApi, DefaultModel, DefaultRoleManager, Enforcer, MemoryAdapter, MgmtApi, Result,
};

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
    let model = DefaultModel::from_str(MODEL).await?;
    let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
    enforcer.enable_auto_save(false);
    enforcer.enable_auto_build_role_links(false);
    enforcer.add_named_policies("p", grants(rules)).await?;
    for (relation, rows) in relations(rules) {
        if !rows.is_empty() {
            enforcer.add_named_grouping_policies(relation, rows).await?;
        }
    }
    enforcer.enable_auto_build_role_links(true);
    let manager = DefaultRoleManager::new(DEPTH);
    enforcer.set_role_manager(Arc::new(parking(manager)))?;
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
