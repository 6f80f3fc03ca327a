//! The rows behind the policy, with who made them when: for those who administer it, and nobody else.

use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set, sea_query::OnConflict};
use store::{Store, from_millis, to_millis};
use uuid::Uuid;

use super::{Block, Change, Grant, Membership, load};
use crate::{
    AccessError, Domain, SubjectId,
    entity::{policy_block, policy_subject, role_grant, staff_membership},
};

/// A row: a grant, a block or a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// Stable as long as the row is there.
    pub id: Uuid,
    /// What it says.
    pub what: T,
    /// Who made it.
    pub by: SubjectId,
    /// When.
    pub at: Timestamp,
}

/// What a person is called, as the directory said when they were last named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub subject: SubjectId,
    /// Sign-in name.
    pub username: String,
    /// Name for the screen.
    pub name: String,
    /// The directory's id.
    pub organisation: String,
    /// Department, if the directory said one.
    pub department: Option<String>,
}

/// Reads the rows of one portal's policy. What may be shown to whom is decided by whoever shows it.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    domain: Domain,
}

impl Ledger {
    pub(crate) fn new(store: Store, domain: Domain) -> Self {
        Self { store, domain }
    }

    /// Grants and denials, oldest first; also those on objects that went away.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn grants(&self) -> Result<Vec<Entry<Grant>>, AccessError> {
        let of_portal = role_grant::Entity::find().filter(role_grant::Column::Domain.eq(self.domain.as_str()));
        let rows = of_portal.order_by_asc(role_grant::Column::Id).all(self.store.reader()).await?;
        rows.into_iter().map(|row| grant(&row)).collect()
    }

    /// Blocks of inheritance, oldest first.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn blocks(&self) -> Result<Vec<Entry<Block>>, AccessError> {
        let of_portal = policy_block::Entity::find().filter(policy_block::Column::Domain.eq(self.domain.as_str()));
        let rows = of_portal.order_by_asc(policy_block::Column::Id).all(self.store.reader()).await?;
        rows.into_iter().map(|row| block(&row)).collect()
    }

    /// Members of staff groups beside those that the directory says, oldest first.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn memberships(&self) -> Result<Vec<Entry<Membership>>, AccessError> {
        let all = staff_membership::Entity::find().order_by_asc(staff_membership::Column::Id);
        let rows = all.all(self.store.reader()).await?;
        rows.into_iter().map(|row| membership(&row)).collect()
    }

    /// The change that ends the row of that id; none when it is gone.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn end_of(&self, id: Uuid) -> Result<Option<Change>, AccessError> {
        let db = self.store.reader();
        if let Some(row) = role_grant::Entity::find_by_id(id).one(db).await? {
            return Ok(Some(Change::Revoke(grant(&row)?.what)));
        }
        if let Some(row) = policy_block::Entity::find_by_id(id).one(db).await? {
            return Ok(Some(Change::Unblock(block(&row)?.what)));
        }
        let row = staff_membership::Entity::find_by_id(id).one(db).await?;
        row.map(|row| Ok(Change::Leave(membership(&row)?.what))).transpose()
    }

    /// What people named in rules are called.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn people(&self) -> Result<Vec<Known>, AccessError> {
        let rows = policy_subject::Entity::find().all(self.store.reader()).await?;
        let known = |row: policy_subject::Model| {
            let unreadable = || AccessError::Unreadable(format!("policy_subject {}", row.subject));
            Ok(Known {
                subject: SubjectId::parse(&row.subject).ok_or_else(unreadable)?,
                username: row.username,
                name: row.name,
                organisation: row.organisation,
                department: row.department,
            })
        };
        rows.into_iter().map(known).collect()
    }

    /// Keeps what the directory calls somebody, so that rules about them can be read by people.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn remember(&self, known: Known, now: Timestamp) -> Result<(), AccessError> {
        self.store.write(move |tx| Box::pin(async move { write_known(tx, known, now).await })).await
    }
}

async fn write_known(db: &impl ConnectionTrait, known: Known, now: Timestamp) -> Result<(), AccessError> {
    use policy_subject::Column::{Department, Name, Organisation, SeenAt, Subject, Username};
    let row = policy_subject::ActiveModel {
        subject: Set(known.subject.to_string()),
        username: Set(known.username),
        name: Set(known.name),
        organisation: Set(known.organisation),
        department: Set(known.department),
        seen_at: Set(to_millis(now)),
    };
    let anew =
        OnConflict::column(Subject).update_columns([Username, Name, Organisation, Department, SeenAt]).to_owned();
    policy_subject::Entity::insert(row).on_conflict(anew).exec_without_returning(db).await?;
    Ok(())
}

fn entry<T>(id: Uuid, what: Option<T>, (by, at): (&str, i64), table: &str) -> Result<Entry<T>, AccessError> {
    let unreadable = || AccessError::Unreadable(format!("{table} {id}"));
    let (what, by) = what.zip(SubjectId::parse(by)).ok_or_else(unreadable)?;
    Ok(Entry { id, what, by, at: from_millis(at) })
}

fn grant(row: &role_grant::Model) -> Result<Entry<Grant>, AccessError> {
    let parsed = load::parse_grant([&row.subject, &row.domain, &row.role, &row.object, &row.effect]);
    entry(row.id, parsed, (&row.created_by, row.created_at), "role_grant")
}

fn block(row: &policy_block::Model) -> Result<Entry<Block>, AccessError> {
    let parsed = load::parse_block([&row.object, &row.domain, &row.role]);
    entry(row.id, parsed, (&row.created_by, row.created_at), "policy_block")
}

fn membership(row: &staff_membership::Model) -> Result<Entry<Membership>, AccessError> {
    entry(row.id, load::membership(row).ok(), (&row.created_by, row.created_at), "staff_membership")
}
