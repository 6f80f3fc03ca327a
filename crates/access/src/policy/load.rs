//! The policy's tables.

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait},
};
use store::{Tx, to_millis};
use uuid::Uuid;

use super::{Block, Change, Effect, Grant, Membership, Object, Placement, Role, RoleSet, Ruleset, change::Kept};
use crate::{
    AccessError, Domain, SubjectId,
    entity::{policy_block, policy_object, policy_version, role_grant, staff_membership},
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

/// All rules of the database that `domain` knows. One row that can't be understood makes the whole policy unreadable: it
/// might be a denial.
pub(crate) async fn kept(db: &impl ConnectionTrait, domain: Domain) -> Result<Kept, AccessError> {
    // Who gave it and when is not for every portal's role to read.
    let grants = role_grant::Entity::find().into_partial_model::<Row>().all(db).await?;
    let placements = policy_object::Entity::find().all(db).await?;
    let blocks = policy_block::Entity::find().into_partial_model::<BlockRow>().all(db).await?;
    // Staff are the intranet's alone.
    let memberships = match domain {
        Domain::Internal => staff_membership::Entity::find().all(db).await?,
        Domain::External => Vec::new(),
    };
    let rules = Ruleset {
        grants: grants.iter().map(Row::grant).collect::<Result<_, _>>()?,
        placements: placements.iter().map(placement).collect::<Result<_, _>>()?,
        memberships: memberships.iter().map(membership).collect::<Result<_, _>>()?,
    };
    Ok(Kept { rules, blocks: blocks.iter().map(BlockRow::block).collect::<Result<_, _>>()? })
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

impl Row {
    fn grant(&self) -> Result<Grant, AccessError> {
        let parsed = parse_grant([&self.subject, &self.domain, &self.role, &self.object, &self.effect]);
        parsed.ok_or_else(|| AccessError::Unreadable(format!("role_grant {}", self.id)))
    }
}

/// Subject, domain, role, object, effect.
pub(crate) fn parse_grant([subject, domain, role, object, effect]: [&str; 5]) -> Option<Grant> {
    Some(Grant {
        subject: SubjectId::parse(subject)?,
        domain: Domain::parse(domain)?,
        role: Role::parse(role)?,
        object: Object::parse(object)?,
        effect: Effect::parse(effect)?,
    })
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "policy_block::Entity")]
struct BlockRow {
    id: Uuid,
    object: String,
    domain: String,
    role: String,
}

impl BlockRow {
    fn block(&self) -> Result<Block, AccessError> {
        let parsed = parse_block([&self.object, &self.domain, &self.role]);
        parsed.ok_or_else(|| AccessError::Unreadable(format!("policy_block {}", self.id)))
    }
}

/// Object, domain, role.
pub(crate) fn parse_block([object, domain, role]: [&str; 3]) -> Option<Block> {
    Some(Block { object: Object::parse(object)?, domain: Domain::parse(domain)?, role: Role::parse(role)? })
}

pub(crate) fn membership(row: &staff_membership::Model) -> Result<Membership, AccessError> {
    let parsed =
        || Some(Membership { member: SubjectId::parse(&row.member)?, group: SubjectId::parse(&row.staff_group)? });
    parsed().ok_or_else(|| AccessError::Unreadable(format!("staff_membership {}", row.id)))
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

/// Who made the grant, if it is there.
pub(crate) async fn granted_by(tx: &Tx, grant: &Grant) -> Result<Option<String>, AccessError> {
    Ok(role_grant::Entity::find().filter(this_grant(grant)).one(tx).await?.map(|row| row.created_by))
}

/// Is there an administrator of all of `domain` in the database?
pub(crate) async fn has_administrator(tx: &Tx, domain: Domain) -> Result<bool, AccessError> {
    let row = role_grant::Entity::find()
        .filter(role_grant::Column::Domain.eq(domain.as_str()))
        .filter(role_grant::Column::Role.eq(Role::Administrator.as_str()))
        .filter(role_grant::Column::Object.eq(Object::site(domain).as_str()))
        .filter(role_grant::Column::Effect.eq(Effect::Allow.as_str()))
        .one(tx)
        .await?;
    Ok(row.is_some())
}

fn this_grant(grant: &Grant) -> Condition {
    Condition::all()
        .add(role_grant::Column::Subject.eq(grant.subject.as_str()))
        .add(role_grant::Column::Domain.eq(grant.domain.as_str()))
        .add(role_grant::Column::Role.eq(grant.role.as_str()))
        .add(role_grant::Column::Object.eq(grant.object.as_str()))
        .add(role_grant::Column::Effect.eq(grant.effect.as_str()))
}

/// Writes `change` down, which [`Kept::is_done`] said is none yet.
pub(crate) async fn write(tx: &Tx, change: &Change, by: &SubjectId, now: Timestamp) -> Result<(), AccessError> {
    match change {
        Change::Grant(grant) => {
            role_grant::Entity::insert(new_grant(grant, by, now)).exec_without_returning(tx).await?;
        }
        Change::Revoke(grant) => {
            role_grant::Entity::delete_many().filter(this_grant(grant)).exec(tx).await?;
        }
        Change::Block(block) => {
            let row = policy_block::ActiveModel {
                id: Set(Uuid::now_v7()),
                object: Set(block.object.to_string()),
                domain: Set(block.domain.as_str().to_owned()),
                role: Set(block.role.as_str().to_owned()),
                created_by: Set(by.to_string()),
                created_at: Set(to_millis(now)),
            };
            policy_block::Entity::insert(row).exec_without_returning(tx).await?;
        }
        Change::Unblock(block) => {
            let this = Condition::all()
                .add(policy_block::Column::Object.eq(block.object.as_str()))
                .add(policy_block::Column::Domain.eq(block.domain.as_str()))
                .add(policy_block::Column::Role.eq(block.role.as_str()));
            policy_block::Entity::delete_many().filter(this).exec(tx).await?;
        }
        Change::Join(membership) => {
            let row = staff_membership::ActiveModel {
                id: Set(Uuid::now_v7()),
                member: Set(membership.member.to_string()),
                staff_group: Set(membership.group.to_string()),
                created_by: Set(by.to_string()),
                created_at: Set(to_millis(now)),
            };
            staff_membership::Entity::insert(row).exec_without_returning(tx).await?;
        }
        Change::Leave(membership) => {
            let this = Condition::all()
                .add(staff_membership::Column::Member.eq(membership.member.as_str()))
                .add(staff_membership::Column::StaffGroup.eq(membership.group.as_str()));
            staff_membership::Entity::delete_many().filter(this).exec(tx).await?;
        }
    }
    Ok(())
}

fn new_grant(grant: &Grant, by: &SubjectId, now: Timestamp) -> role_grant::ActiveModel {
    role_grant::ActiveModel {
        id: Set(Uuid::now_v7()),
        subject: Set(grant.subject.to_string()),
        domain: Set(grant.domain.as_str().to_owned()),
        role: Set(grant.role.as_str().to_owned()),
        object: Set(grant.object.to_string()),
        effect: Set(grant.effect.as_str().to_owned()),
        created_by: Set(by.to_string()),
        created_at: Set(to_millis(now)),
    }
}
