//! The policy's tables.

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait},
};
use store::{Tx, to_millis};
use uuid::Uuid;

use super::{Effect, Grant, Object, Placement, Role, RoleSet, Ruleset};
use crate::{
    AccessError, Domain, SubjectId,
    entity::{policy_object, policy_version, role_grant},
};

const ONLY: i32 = 1;

/// The version in the database now.
pub(crate) async fn version(db: &impl ConnectionTrait) -> Result<i64, AccessError> {
    let row = policy_version::Entity::find_by_id(ONLY).one(db).await?;
    row.map(|row| row.version).ok_or_else(|| AccessError::Unreadable("policy_version has no row".to_owned()))
}

/// Holds back every other change of the policy until the transaction ends.
pub(crate) async fn lock(tx: &Tx) -> Result<(), AccessError> {
    set_version(tx, Expr::col(policy_version::Column::Version)).await
}

/// Tells every process that the policy has changed.
pub(crate) async fn bump(tx: &Tx) -> Result<(), AccessError> {
    set_version(tx, Expr::col(policy_version::Column::Version).add(1)).await
}

async fn set_version(tx: &Tx, to: impl Into<sea_orm::sea_query::SimpleExpr>) -> Result<(), AccessError> {
    policy_version::Entity::update_many()
        .col_expr(policy_version::Column::Version, to.into())
        .filter(policy_version::Column::Id.eq(ONLY))
        .exec(tx)
        .await?;
    Ok(())
}

/// All rules of the database. One row that can't be understood makes the whole policy unreadable: it might be a denial.
pub(crate) async fn rules(db: &impl ConnectionTrait) -> Result<Ruleset, AccessError> {
    // Who gave it and when is not for every portal's role to read.
    let grants = role_grant::Entity::find().into_partial_model::<Row>().all(db).await?;
    let placements = policy_object::Entity::find().all(db).await?;
    Ok(Ruleset {
        grants: grants.iter().map(grant).collect::<Result<_, _>>()?,
        placements: placements.iter().map(placement).collect::<Result<_, _>>()?,
        memberships: Vec::new(),
    })
}

/// What the policy is made of.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "role_grant::Entity")]
struct Row {
    id: Uuid,
    subject: String,
    domain: String,
    role: String,
    object: String,
    effect: String,
}

fn grant(row: &Row) -> Result<Grant, AccessError> {
    let parsed = || {
        Some(Grant {
            subject: SubjectId::parse(&row.subject)?,
            domain: Domain::parse(&row.domain)?,
            role: Role::parse(&row.role)?,
            object: Object::parse(&row.object)?,
            effect: Effect::parse(&row.effect)?,
        })
    };
    parsed().ok_or_else(|| AccessError::Unreadable(format!("role_grant {}", row.id)))
}

fn placement(row: &policy_object::Model) -> Result<Placement, AccessError> {
    let parsed = || {
        let names = row.blocked_roles.split(',').filter(|name| !name.is_empty());
        let blocked = names.map(Role::parse).collect::<Option<Vec<Role>>>()?;
        Some(Placement {
            object: Object::parse(&row.id)?,
            parent: Object::parse(&row.parent)?,
            blocked: RoleSet::of(&blocked),
        })
    };
    parsed().ok_or_else(|| AccessError::Unreadable(format!("policy_object {}", row.id)))
}

/// The row of a grant, if it is there.
pub(crate) async fn find(tx: &Tx, grant: &Grant) -> Result<Option<role_grant::Model>, AccessError> {
    let row = role_grant::Entity::find()
        .filter(role_grant::Column::Subject.eq(grant.subject.as_str()))
        .filter(role_grant::Column::Domain.eq(grant.domain.as_str()))
        .filter(role_grant::Column::Role.eq(grant.role.as_str()))
        .filter(role_grant::Column::Object.eq(grant.object.as_str()))
        .filter(role_grant::Column::Effect.eq(grant.effect.as_str()))
        .one(tx)
        .await?;
    Ok(row)
}

/// Is there an administrator of `domain` in the database?
pub(crate) async fn has_administrator(tx: &Tx, domain: Domain) -> Result<bool, AccessError> {
    let row = role_grant::Entity::find()
        .filter(role_grant::Column::Domain.eq(domain.as_str()))
        .filter(role_grant::Column::Role.eq(Role::Administrator.as_str()))
        .filter(role_grant::Column::Effect.eq(Effect::Allow.as_str()))
        .one(tx)
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn insert(tx: &Tx, grant: &Grant, by: &SubjectId, now: Timestamp) -> Result<(), AccessError> {
    let row = role_grant::ActiveModel {
        id: Set(Uuid::now_v7()),
        subject: Set(grant.subject.to_string()),
        domain: Set(grant.domain.as_str().to_owned()),
        role: Set(grant.role.as_str().to_owned()),
        object: Set(grant.object.to_string()),
        effect: Set(grant.effect.as_str().to_owned()),
        created_by: Set(by.to_string()),
        created_at: Set(to_millis(now)),
    };
    role_grant::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &Tx, id: Uuid) -> Result<(), AccessError> {
    role_grant::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
