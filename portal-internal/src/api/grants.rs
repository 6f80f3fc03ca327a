//! `/api/v1/grants` and what belongs to it: who holds which role where, blocks of inheritance, members of staff groups.

use std::sync::Arc;

use access::{
    Change, Classify as _, Effect, Fault, Grant, Membership,
    policy::{Block, Entry},
};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uuid::Uuid;
use web::{Failure, Visit};

use super::failed;
use crate::{
    portal::Portal,
    roles::{self, Asked, Desk, Wrong},
    who::Staff,
};

/// Roles on objects.
pub struct GrantsApi;

/// Rules of one answer.
#[derive(Object)]
struct Grants {
    items: Vec<GrantView>,
}

/// Somebody holds a role on an object and all below it, or is denied it.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct GrantView {
    /// Of rules of the database; presets have none and can't be taken back.
    id: Option<String>,
    /// `u:…` a person, `g:…` a staff group, `d:…` a group of a directory.
    subject: String,
    /// A preset role.
    role: String,
    /// `kind:name`.
    object: String,
    /// `allow` or `deny`.
    effect: String,
    /// The object is not in the tree (any more): the rule waits without effect.
    orphaned: bool,
    /// Who made it.
    created_by: Option<String>,
    /// When.
    created_at: Option<String>,
}

/// A rule to be made.
#[derive(Object)]
struct NewGrant {
    /// A sign-in name, `g:…` or `d:organisation/dn`; `u:…` of somebody who was named before.
    #[oai(validator(max_length = 1100))]
    subject: String,
    /// A preset role.
    role: String,
    /// `kind:name`.
    #[oai(validator(max_length = 200))]
    object: String,
    /// `allow` unless said, or `deny`.
    effect: Option<String>,
}

/// Blocks of one answer.
#[derive(Object)]
struct Blocks {
    items: Vec<BlockView>,
}

/// A role is not inherited by an object.
#[derive(Object)]
struct BlockView {
    id: String,
    object: String,
    role: String,
    created_by: String,
    created_at: String,
}

/// A block to be set.
#[derive(Object)]
struct NewBlock {
    /// `kind:name`.
    #[oai(validator(max_length = 200))]
    object: String,
    /// A preset role; not `administrator` or `security-administrator`.
    role: String,
}

/// Members of one answer.
#[derive(Object)]
struct Members {
    items: Vec<MemberView>,
}

/// A person or a group of a directory is in a staff group.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct MemberView {
    /// Of rules of the database; what the configuration says has none.
    id: Option<String>,
    member: String,
    group: String,
}

/// A member to be taken in.
#[derive(Object)]
struct NewMember {
    /// As `subject` of a grant; no staff group.
    #[oai(validator(max_length = 1100))]
    member: String,
    /// A staff group, without `g:`.
    #[oai(validator(max_length = 32))]
    group: String,
}

#[derive(ApiResponse)]
enum Made {
    /// It holds, everywhere within a second.
    #[oai(status = 201)]
    Done(Json<Rule>),
}

/// A rule of the database.
#[derive(Object)]
struct Rule {
    id: String,
}

#[derive(ApiResponse)]
enum Ended {
    /// It holds no longer, anywhere within a second.
    #[oai(status = 204)]
    Done,
}

/// Why not, where a caller can do something about it.
fn told(wrong: Wrong) -> poem::Error {
    match wrong.key() {
        Some(key) => Failure::new(wrong.fault()).with_problem(key).into(),
        None => failed(wrong),
    }
}

fn asked(text: &str) -> Asked {
    Asked { who: text.to_owned(), ..Asked::default() }
}

fn view(grant: &Grant, entry: Option<&Entry<Grant>>, orphaned: bool) -> GrantView {
    GrantView {
        id: entry.map(|entry| entry.id.to_string()),
        subject: grant.subject.to_string(),
        role: grant.role.to_string(),
        object: grant.object.to_string(),
        effect: grant.effect.as_str().to_owned(),
        orphaned,
        created_by: entry.map(|entry| entry.by.to_string()),
        created_at: entry.map(|entry| entry.at.to_string()),
    }
}

/// Makes the change, and the id of the row that came of it.
async fn make(desk: &Desk<'_>, change: Change) -> poem::Result<Made> {
    desk.make(change.clone()).await.map_err(told)?;
    let ledger = desk.portal.policy.ledger();
    let id = match &change {
        Change::Grant(grant) => id_of(ledger.grants().await.map_err(failed)?, grant),
        Change::Block(block) => id_of(ledger.blocks().await.map_err(failed)?, block),
        Change::Join(member) => id_of(ledger.memberships().await.map_err(failed)?, member),
        Change::Revoke(_) | Change::Unblock(_) | Change::Leave(_) => None,
    };
    // Gone again already: somebody else was quick.
    let id = id.ok_or_else(|| Failure::new(Fault::Conflict))?;
    Ok(Made::Done(Json(Rule { id: id.to_string() })))
}

fn id_of<T: PartialEq>(entries: Vec<Entry<T>>, what: &T) -> Option<Uuid> {
    entries.into_iter().find(|entry| entry.what == *what).map(|entry| entry.id)
}

/// Ends the row of that id, if it is of the kind. Whether they may is the policy's to say, and to write down.
async fn end(desk: &Desk<'_>, id: &str, of_kind: fn(&Change) -> bool) -> poem::Result<Ended> {
    let not_found = || Failure::new(Fault::NotFound);
    let id: Uuid = id.parse().map_err(|_| not_found())?;
    let change = desk.portal.policy.ledger().end_of(id).await.map_err(failed)?;
    let change = change.filter(of_kind).ok_or_else(not_found)?;
    desk.make(change).await.map_err(told)?;
    Ok(Ended::Done)
}

#[OpenApi]
impl GrantsApi {
    /// Rules on objects that one administers, presets included.
    #[oai(path = "/grants", method = "get", operation_id = "grants")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        #[oai(validator(max_length = 200))] object: Query<Option<String>>,
        #[oai(validator(max_length = 1100))] subject: Query<Option<String>>,
    ) -> poem::Result<Json<Grants>> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        let (snapshot, kept) = (portal.policy.snapshot(), portal.policy.ledger().grants().await.map_err(failed)?);
        let wanted = |grant: &&Grant| {
            object.as_deref().is_none_or(|one| grant.object.as_str() == one)
                && subject.as_deref().is_none_or(|one| grant.subject.as_str() == one)
        };
        let rules = snapshot.rules().grants.iter().filter(|grant| grant.domain == portal.policy.domain());
        let live = rules.filter(wanted).filter(|grant| desk.administers(&grant.object).is_ok());
        let mut items: Vec<GrantView> =
            live.map(|grant| view(grant, kept.iter().find(|entry| entry.what == *grant), false)).collect();
        if desk.administers(&access::Object::SITE_INTERNAL).is_ok() {
            let gone = kept.iter().filter(|entry| !snapshot.knows(&entry.what.object) && wanted(&&entry.what));
            items.extend(gone.map(|entry| view(&entry.what, Some(entry), true)));
        }
        Ok(Json(Grants { items }))
    }

    /// Grant a role, or deny it. Never beyond what one holds; nobody changes their own.
    #[oai(path = "/grants", method = "post", operation_id = "grant_add")]
    async fn add(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        new: Json<NewGrant>,
    ) -> poem::Result<Made> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        let subject = desk.subject(&asked(&new.subject)).await.map_err(told)?;
        let effect = new.effect.as_deref().unwrap_or(Effect::Allow.as_str());
        make(&desk, roles::grant(subject, &new.object, &new.role, effect).map_err(told)?).await
    }

    /// Take a grant or a denial back.
    #[oai(path = "/grants/:rule", method = "delete", operation_id = "grant_end")]
    async fn end(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        rule: Path<String>,
    ) -> poem::Result<Ended> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        end(&desk, &rule, |change| matches!(change, Change::Revoke(_))).await
    }

    /// Roles that objects one administers do not inherit; the presets' own are not among them.
    #[oai(path = "/inheritance-blocks", method = "get", operation_id = "blocks")]
    async fn blocks(&self, portal: Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> poem::Result<Json<Blocks>> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        let kept = portal.policy.ledger().blocks().await.map_err(failed)?;
        let view = |entry: Entry<Block>| BlockView {
            id: entry.id.to_string(),
            object: entry.what.object.to_string(),
            role: entry.what.role.to_string(),
            created_by: entry.by.to_string(),
            created_at: entry.at.to_string(),
        };
        let theirs = kept.into_iter().filter(|entry| desk.administers(&entry.what.object).is_ok());
        Ok(Json(Blocks { items: theirs.map(view).collect() }))
    }

    /// Keep a role from being inherited by an object.
    #[oai(path = "/inheritance-blocks", method = "post", operation_id = "block_add")]
    async fn block(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        new: Json<NewBlock>,
    ) -> poem::Result<Made> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        make(&desk, roles::block(&new.object, &new.role).map_err(told)?).await
    }

    /// Let it be inherited again.
    #[oai(path = "/inheritance-blocks/:rule", method = "delete", operation_id = "block_end")]
    async fn unblock(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        rule: Path<String>,
    ) -> poem::Result<Ended> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        end(&desk, &rule, |change| matches!(change, Change::Unblock(_))).await
    }

    /// Members of staff groups, by the configuration and by administrators; of the whole portal's administrators alone.
    #[oai(path = "/staff-memberships", method = "get", operation_id = "memberships")]
    async fn members(&self, portal: Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> poem::Result<Json<Members>> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        desk.administers(&access::Object::SITE_INTERNAL)?;
        let kept = portal.policy.ledger().memberships().await.map_err(failed)?;
        let snapshot = portal.policy.snapshot();
        let view = |one: &Membership| MemberView {
            id: kept.iter().find(|entry| entry.what == *one).map(|entry| entry.id.to_string()),
            member: one.member.to_string(),
            group: one.group.as_str().trim_start_matches("g:").to_owned(),
        };
        Ok(Json(Members { items: snapshot.rules().memberships.iter().map(view).collect() }))
    }

    /// Take a person or a group of a directory into a staff group, by whoever could grant each of its roles.
    #[oai(path = "/staff-memberships", method = "post", operation_id = "membership_add")]
    async fn join(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        new: Json<NewMember>,
    ) -> poem::Result<Made> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        let member = desk.subject(&asked(&new.member)).await.map_err(told)?;
        make(&desk, roles::membership(member, &new.group).map_err(told)?).await
    }

    /// Take them out again.
    #[oai(path = "/staff-memberships/:rule", method = "delete", operation_id = "membership_end")]
    async fn leave(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        rule: Path<String>,
    ) -> poem::Result<Ended> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        end(&desk, &rule, |change| matches!(change, Change::Leave(_))).await
    }
}
