//! What stewards decide, and take back.
//!
//! Who is whom is a function of the decisions in force: people are joined in groups, the connected components of all pairs
//! that are linked, and each group goes by one of them. Taking a decision back regroups those concerned from what is left,
//! so that the order of decisions never matters and nothing of one that was taken back stays behind.

use std::collections::BTreeSet;

use access::{
    Act, Context, Object, Outcome, PersonId, Safeguard,
    audit::{AuditLog, Draft, Event},
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, Set,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use store::{Lease, Tx, to_millis};
use uuid::Uuid;

use super::{
    matching::{AT_ONCE, Identity, OPEN, SETTLED, concerning, due_again},
    queue::Stewardship,
};
use crate::{
    IndexError, IndexNumber, LONGEST_REASON, PairConflict, SHORTEST_REASON,
    entity::{
        contested, do_not_link, do_not_link_reason, identity_seen, link, match_candidate, match_decision, patient,
    },
};

/// What a steward says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// One person.
    Link,
    /// Two people: the pair is not shown again, and nothing joins them by itself.
    DoNotLink,
    /// As if the decision in force had not been made. Of a link that was made without a steward: the record leaves its
    /// person and is kept from them.
    Undo,
}

impl Decision {
    /// As in forms, JSON and message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::DoNotLink => "do-not-link",
            Self::Undo => "undo",
        }
    }

    /// From a form or the API.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Link, Self::DoNotLink, Self::Undo].into_iter().find(|decision| decision.as_str() == text)
    }
}

const SEPARATE: &str = "separate";

/// What taking a decision back needs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Detail {
    /// Pairs of the do-not-link list: person, source, patient at source.
    #[serde(default)]
    apart: Vec<(Uuid, String, String)>,
    /// The link that was made in the place of another one.
    #[serde(default)]
    new_link: Option<Uuid>,
}

/// What is decided about.
enum Pair {
    Candidate(match_candidate::Model),
    Link(link::Model),
}

/// A decision with all it needs to be carried out in a transaction.
struct Order {
    pair: Pair,
    decision: Decision,
    /// The decision in force when this one was made.
    before: Option<match_decision::Model>,
    people: (Uuid, Uuid),
    row: match_decision::Model,
    /// A person for a record that leaves its own.
    newcomer: patient::Model,
    drafts: Vec<Draft>,
    now: Timestamp,
}

impl Stewardship {
    /// Decides about a pair of the queue, or takes a decision back; with the id of a link, takes that link back.
    ///
    /// # Errors
    /// [`IndexError::Access`] for who may not, [`IndexError::NotFound`], [`IndexError::Reason`], [`IndexError::Conflict`],
    /// or the database's and the audit's: then nothing was changed.
    pub async fn decide(
        &self,
        ctx: &dyn Context,
        pair: Uuid,
        decision: Decision,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), IndexError> {
        self.may(ctx)?;
        let reason = reason.trim();
        if !(SHORTEST_REASON..=LONGEST_REASON).contains(&reason.chars().count()) || reason.contains('\0') {
            return Err(IndexError::Reason);
        }
        let order = self.order(ctx, pair, decision, reason, now).await?;
        let audit = self.index.audit.clone();
        self.index.store.write(move |tx| Box::pin(async move { carry_out(tx, order, audit).await })).await
    }

    pub(super) fn may(&self, ctx: &dyn Context) -> Result<(), IndexError> {
        if Safeguard::DomainPolicy.stands() {
            self.policy.require(ctx, &Object::PAGE_INDEX, Act::LinkPatients)?;
        }
        Ok(())
    }

    async fn order(
        &self,
        ctx: &dyn Context,
        id: Uuid,
        decision: Decision,
        reason: &str,
        now: Timestamp,
    ) -> Result<Order, IndexError> {
        let db = self.index.store.reader();
        let before = in_force(db, id).await?;
        let (pair, people) = match match_candidate::Entity::find_by_id(id).one(db).await? {
            Some(candidate) => {
                let a = base(db, &(candidate.source_a.clone(), candidate.patient_a.clone())).await?;
                let b = base(db, &(candidate.source_b.clone(), candidate.patient_b.clone())).await?;
                (Pair::Candidate(candidate), a.zip(b))
            }
            None => {
                let link = link::Entity::find_by_id(id).one(db).await?.ok_or(IndexError::NotFound)?;
                let person = link.person;
                (Pair::Link(link), Some((person, person)))
            }
        };
        // What was decided concerns those it was decided of, whoever has the records now.
        let decided = before.as_ref().filter(|_| decision == Decision::Undo).map(|row| (row.person_a, row.person_b));
        let people = decided.or(people).ok_or(IndexError::Conflict(PairConflict::Gone))?;
        let actor = ctx.actor();
        let row = match_decision::Model {
            id: Uuid::now_v7(),
            pair: id,
            kind: decision.as_str().to_owned(),
            person_a: people.0,
            person_b: people.1,
            detail: String::new(),
            reason: reason.to_owned(),
            decided_by: actor.subject.to_string(),
            decided_by_name: actor.name.to_owned(),
            decided_at: to_millis(now),
            undone_at: None,
            undone_by: None,
            undone_by_name: None,
            undo_reason: None,
        };
        let told = before.as_ref().filter(|_| decision == Decision::Undo).map_or(row.id, |before| before.id);
        // In the log of both people; the reason stays with the decision.
        let draft = |person: Uuid| {
            let event = Event::new("index.decide", "match-decision", Outcome::Ok)
                .on(told.to_string())
                .about(PersonId(person))
                .because(decision.as_str());
            AuditLog::draft(ctx, now, event)
        };
        let concerned: BTreeSet<Uuid> = [people.0, people.1].into();
        let drafts = concerned.into_iter().map(draft).collect();
        Ok(Order { pair, decision, before, people, row, newcomer: newcomer(now), drafts, now })
    }
}

/// Filled in when the record is known.
fn newcomer(now: Timestamp) -> patient::Model {
    patient::Model {
        id: Uuid::new_v4(),
        number: IndexNumber::from_random(Uuid::new_v4().as_u128()).to_string(),
        name: String::new(),
        sex: None,
        birth_date: None,
        resident_id_hash: None,
        resident_id_masked: None,
        created_at: to_millis(now),
        merged_into: None,
    }
}

async fn in_force<C: sea_orm::ConnectionTrait>(
    db: &C,
    pair: Uuid,
) -> Result<Option<match_decision::Model>, IndexError> {
    let decided = match_decision::Entity::find()
        .filter(match_decision::Column::Pair.eq(pair))
        .filter(match_decision::Column::UndoneAt.is_null());
    Ok(decided.one(db).await?)
}

/// The person an identity was linked to, before anybody joined that one to others.
async fn base<C: sea_orm::ConnectionTrait>(db: &C, identity: &Identity) -> Result<Option<Uuid>, IndexError> {
    let link = link::Entity::find()
        .filter(link::Column::Source.eq(&identity.0))
        .filter(link::Column::SourcePatient.eq(&identity.1))
        .filter(link::Column::UndoneAt.is_null());
    Ok(link.one(db).await?.map(|link| link.person))
}

async fn carry_out(tx: &Tx, order: Order, audit: AuditLog) -> Result<(), IndexError> {
    // One decision at a time: groups are made of all of them. The row is held until the transaction ends.
    let lock = Lease { name: "index-decisions", holder: "steward".to_owned(), ttl: SignedDuration::ZERO };
    lock.take(tx, order.now).await?;
    let found = in_force(tx, order.row.pair).await?;
    if found.as_ref().map(|row| row.id) != order.before.as_ref().map(|row| row.id) {
        return Err(IndexError::Conflict(PairConflict::Decided));
    }
    match (order.decision, &order.pair, &order.before) {
        (Decision::Undo, pair, Some(before)) => undo(tx, &order, pair, before).await?,
        (Decision::Undo, Pair::Link(link), None) => separate(tx, &order, link).await?,
        (_, _, Some(_)) => return Err(IndexError::Conflict(PairConflict::Decided)),
        (Decision::Link, Pair::Candidate(pair), None) => join(tx, &order, pair).await?,
        (Decision::DoNotLink, Pair::Candidate(pair), None) => keep_apart(tx, &order, pair).await?,
        (_, _, None) => return Err(IndexError::Conflict(PairConflict::NothingToUndo)),
    }
    for draft in order.drafts {
        audit.append(tx, draft).await?;
    }
    Ok(())
}

async fn join(tx: &Tx, order: &Order, pair: &match_candidate::Model) -> Result<(), IndexError> {
    let (ours, theirs) = two_groups(tx, order, pair).await?;
    let kept = do_not_link::Entity::find()
        .filter(do_not_link::Column::Person.is_in(ours.ids.iter().chain(&theirs.ids).copied()))
        .all(tx)
        .await?;
    let apart = kept.iter().any(|row| {
        let identity = (row.source.clone(), row.source_patient.clone());
        (ours.ids.contains(&row.person) && theirs.identities.contains(&identity))
            || (theirs.ids.contains(&row.person) && ours.identities.contains(&identity))
    });
    if apart {
        return Err(IndexError::Conflict(PairConflict::KeptApart));
    }
    remember(tx, order, "link", &Detail::default()).await?;
    regroup(tx, &[order.people.0, order.people.1]).await?;
    settle(tx, order, pair, &ours, &theirs).await?;
    settle_pairs(tx, &ours, &theirs).await?;
    state(tx, pair.id, "linked").await
}

async fn keep_apart(tx: &Tx, order: &Order, pair: &match_candidate::Model) -> Result<(), IndexError> {
    let (ours, theirs) = two_groups(tx, order, pair).await?;
    let (a, b) = order.people;
    let apart =
        vec![(a, pair.source_b.clone(), pair.patient_b.clone()), (b, pair.source_a.clone(), pair.patient_a.clone())];
    list_apart(tx, order, &apart).await?;
    remember(tx, order, "do-not-link", &Detail { apart, new_link: None }).await?;
    settle(tx, order, pair, &ours, &theirs).await?;
    settle_pairs(tx, &ours, &theirs).await?;
    state(tx, pair.id, "kept-apart").await
}

/// A record leaves a person it was linked to without a steward.
async fn separate(tx: &Tx, order: &Order, old: &link::Model) -> Result<(), IndexError> {
    let identity = (old.source.clone(), old.source_patient.clone());
    let others = link::Entity::find()
        .filter(link::Column::Person.eq(old.person))
        .filter(link::Column::UndoneAt.is_null())
        .filter(link::Column::Id.ne(old.id));
    let now = link::Entity::find_by_id(old.id).one(tx).await?;
    if now.is_none_or(|now| now.undone_at.is_some()) || others.one(tx).await?.is_none() {
        return Err(IndexError::Conflict(PairConflict::NothingToUndo));
    }
    let seen = identity_seen::Entity::find_by_id(identity.clone()).one(tx).await?.ok_or(IndexError::NotFound)?;
    let names: Vec<String> = serde_json::from_str(&seen.names)?;
    let person = patient::Model {
        name: names.into_iter().next().unwrap_or_default(),
        sex: seen.sex,
        birth_date: seen.birth_date,
        ..order.newcomer.clone()
    };
    let new = link::Model {
        id: Uuid::new_v4(),
        person: person.id,
        how: "steward".to_owned(),
        evidence: "[]".to_owned(),
        linked_by: order.row.decided_by.clone(),
        linked_at: to_millis(order.now),
        ..old.clone()
    };
    let apart = vec![(old.person, identity.0, identity.1)];
    let detail = Detail { apart: apart.clone(), new_link: Some(new.id) };
    end(tx, old.id, Some(to_millis(order.now))).await?;
    patient::Entity::insert(person.into_active_model()).exec_without_returning(tx).await?;
    link::Entity::insert(new.into_active_model()).exec_without_returning(tx).await?;
    list_apart(tx, order, &apart).await?;
    remember(tx, order, SEPARATE, &detail).await
}

async fn undo(tx: &Tx, order: &Order, pair: &Pair, before: &match_decision::Model) -> Result<(), IndexError> {
    let detail: Detail = serde_json::from_str(&before.detail)?;
    let undone = match_decision::ActiveModel {
        id: Set(before.id),
        undone_at: Set(Some(to_millis(order.now))),
        undone_by: Set(Some(order.row.decided_by.clone())),
        undone_by_name: Set(Some(order.row.decided_by_name.clone())),
        undo_reason: Set(Some(order.row.reason.clone())),
        ..Default::default()
    };
    undone.update(tx).await?;
    if let (Pair::Link(old), Some(new)) = (pair, detail.new_link) {
        let stands = link::Entity::find_by_id(new).one(tx).await?.is_some_and(|new| new.undone_at.is_none());
        if !stands {
            return Err(IndexError::Conflict(PairConflict::NothingToUndo));
        }
        end(tx, new, Some(to_millis(order.now))).await?;
        end(tx, old.id, None).await?;
    }
    strike(tx, before, detail.apart).await?;
    regroup(tx, &[before.person_a, before.person_b]).await?;
    let reopened = contested::Entity::update_many()
        .col_expr(contested::Column::SettledAt, Expr::value(Option::<i64>::None))
        .col_expr(contested::Column::SettledBy, Expr::value(Option::<String>::None))
        .col_expr(contested::Column::Decision, Expr::value(Option::<String>::None))
        .filter(contested::Column::Decision.eq(settlement(before)));
    reopened.exec(tx).await?;
    reopen_pairs(tx, order, &[before.person_a, before.person_b]).await?;
    state(tx, before.pair, OPEN).await
}

async fn end(tx: &Tx, link: Uuid, at: Option<i64>) -> Result<(), IndexError> {
    let end =
        link::Entity::update_many().col_expr(link::Column::UndoneAt, Expr::value(at)).filter(link::Column::Id.eq(link));
    end.exec(tx).await?;
    Ok(())
}

async fn state(tx: &Tx, pair: Uuid, state: &str) -> Result<(), IndexError> {
    let update = match_candidate::Entity::update_many()
        .col_expr(match_candidate::Column::State, Expr::value(state))
        .filter(match_candidate::Column::Id.eq(pair));
    update.exec(tx).await?;
    Ok(())
}

async fn remember(tx: &Tx, order: &Order, kind: &str, detail: &Detail) -> Result<(), IndexError> {
    let row = match_decision::Model {
        kind: kind.to_owned(),
        detail: serde_json::to_string(detail)?,
        person_b: if kind == SEPARATE { order.newcomer.id } else { order.people.1 },
        ..order.row.clone()
    };
    match_decision::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// All ids and identities of a person as they are now.
struct Group {
    ids: Vec<Uuid>,
    identities: BTreeSet<Identity>,
}

/// The people of a pair, who have to be two still, and those whom the decision was prepared for.
async fn two_groups(tx: &Tx, order: &Order, pair: &match_candidate::Model) -> Result<(Group, Group), IndexError> {
    let a = base(tx, &(pair.source_a.clone(), pair.patient_a.clone())).await?;
    let b = base(tx, &(pair.source_b.clone(), pair.patient_b.clone())).await?;
    if a.zip(b) != Some(order.people) {
        return Err(IndexError::Conflict(PairConflict::Gone));
    }
    let (ours, theirs) = (group(tx, order.people.0).await?, group(tx, order.people.1).await?);
    if ours.ids.contains(&order.people.1) {
        return Err(IndexError::Conflict(PairConflict::SamePerson));
    }
    Ok((ours, theirs))
}

async fn group(tx: &Tx, person: Uuid) -> Result<Group, IndexError> {
    let row = patient::Entity::find_by_id(person).one(tx).await?.ok_or(IndexError::NotFound)?;
    let root = row.merged_into.unwrap_or(row.id);
    let concerned = Condition::any().add(patient::Column::Id.eq(root)).add(patient::Column::MergedInto.eq(root));
    let ids: Vec<Uuid> = patient::Entity::find().filter(concerned).all(tx).await?.iter().map(|row| row.id).collect();
    let links = link::Entity::find()
        .filter(link::Column::Person.is_in(ids.clone()))
        .filter(link::Column::UndoneAt.is_null())
        .all(tx)
        .await?;
    let identities = links.into_iter().map(|link| (link.source, link.source_patient)).collect();
    Ok(Group { ids, identities })
}

/// Joins everybody whom linked pairs connect with one of these, and nobody else.
async fn regroup(tx: &Tx, people: &[Uuid]) -> Result<(), IndexError> {
    let mut done: BTreeSet<Uuid> = BTreeSet::new();
    for person in people {
        if done.contains(person) {
            continue;
        }
        let mut group = BTreeSet::from([*person]);
        let mut edge: Vec<Uuid> = vec![*person];
        while !edge.is_empty() {
            let reached = Condition::any()
                .add(match_decision::Column::PersonA.is_in(edge.clone()))
                .add(match_decision::Column::PersonB.is_in(edge));
            let linked = match_decision::Entity::find()
                .filter(reached)
                .filter(match_decision::Column::Kind.eq("link"))
                .filter(match_decision::Column::UndoneAt.is_null())
                .all(tx)
                .await?;
            edge =
                linked.iter().flat_map(|row| [row.person_a, row.person_b]).filter(|one| group.insert(*one)).collect();
        }
        let mut rows = patient::Entity::find().filter(patient::Column::Id.is_in(group.clone())).all(tx).await?;
        // Who holds a number, then who was known first.
        rows.sort_by_key(|row| (row.resident_id_hash.is_none(), row.created_at, row.id));
        let root = rows.first().map(|row| row.id);
        for row in &rows {
            let into = root.filter(|root| *root != row.id);
            if row.merged_into != into {
                let update = patient::Entity::update_many()
                    .col_expr(patient::Column::MergedInto, Expr::value(into))
                    .filter(patient::Column::Id.eq(row.id));
                update.exec(tx).await?;
            }
        }
        done.extend(group);
    }
    Ok(())
}

/// Puts pairs on the do-not-link list, those that are on it already left as they are.
async fn list_apart(tx: &Tx, order: &Order, apart: &[(Uuid, String, String)]) -> Result<(), IndexError> {
    for (person, source, patient) in apart {
        let key = (*person, source.clone(), patient.clone());
        if do_not_link::Entity::find_by_id(key).one(tx).await?.is_some() {
            continue;
        }
        let row = do_not_link_reason::Model {
            person: *person,
            source: source.clone(),
            source_patient: patient.clone(),
            decided_by: order.row.decided_by.clone(),
            decided_at: order.row.decided_at,
            reason: order.row.reason.clone(),
        };
        do_not_link_reason::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Takes pairs off the list that no other decision in force keeps there.
async fn strike(tx: &Tx, of: &match_decision::Model, apart: Vec<(Uuid, String, String)>) -> Result<(), IndexError> {
    for key in apart {
        let others = match_decision::Entity::find()
            .filter(
                Condition::any()
                    .add(match_decision::Column::PersonA.eq(key.0))
                    .add(match_decision::Column::PersonB.eq(key.0)),
            )
            .filter(match_decision::Column::UndoneAt.is_null())
            .filter(match_decision::Column::Id.ne(of.id))
            .all(tx)
            .await?;
        let mut kept = false;
        for other in others {
            let detail: Detail = serde_json::from_str(&other.detail)?;
            kept |= detail.apart.contains(&key);
        }
        if !kept {
            do_not_link::Entity::delete_by_id(key).exec(tx).await?;
        }
    }
    Ok(())
}

/// Other pairs of the same two people wait for nobody any more.
async fn settle_pairs(tx: &Tx, ours: &Group, theirs: &Group) -> Result<(), IndexError> {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        (ours.identities.iter().cloned().collect(), theirs.identities.iter().cloned().collect());
    for ours in ours.chunks(AT_ONCE) {
        for theirs in theirs.chunks(AT_ONCE) {
            let settled = match_candidate::Entity::update_many()
                .col_expr(match_candidate::Column::State, Expr::value(SETTLED))
                .filter(match_candidate::Column::State.eq(OPEN))
                .filter(concerning(ours))
                .filter(concerning(theirs));
            settled.exec(tx).await?;
        }
    }
    Ok(())
}

/// Pairs of these people wait again, and are looked for again: what one of them says may have changed meanwhile. Those that
/// another decision settled too are not shown, and go when they are looked for.
async fn reopen_pairs(tx: &Tx, order: &Order, people: &[Uuid]) -> Result<(), IndexError> {
    for person in people {
        let identities: Vec<Identity> = group(tx, *person).await?.identities.into_iter().collect();
        for some in identities.chunks(AT_ONCE) {
            let open = match_candidate::Entity::update_many()
                .col_expr(match_candidate::Column::State, Expr::value(OPEN))
                .filter(match_candidate::Column::State.eq(SETTLED))
                .filter(concerning(some));
            open.exec(tx).await?;
        }
        due_again(tx, &identities, order.now).await?;
    }
    Ok(())
}

/// How a contested number says which decision settled it.
fn settlement(decision: &match_decision::Model) -> String {
    format!("{} {}", decision.kind, decision.id)
}

/// The numbers that these two contested are settled with them.
async fn settle(
    tx: &Tx,
    order: &Order,
    pair: &match_candidate::Model,
    ours: &Group,
    theirs: &Group,
) -> Result<(), IndexError> {
    let either = Condition::any()
        .add(
            Condition::all()
                .add(contested::Column::Source.eq(&pair.source_a))
                .add(contested::Column::SourcePatient.eq(&pair.patient_a))
                .add(contested::Column::Holder.is_in(theirs.ids.clone())),
        )
        .add(
            Condition::all()
                .add(contested::Column::Source.eq(&pair.source_b))
                .add(contested::Column::SourcePatient.eq(&pair.patient_b))
                .add(contested::Column::Holder.is_in(ours.ids.clone())),
        );
    let settled = contested::Entity::update_many()
        .col_expr(contested::Column::SettledAt, Expr::value(to_millis(order.now)))
        .col_expr(contested::Column::SettledBy, Expr::value(order.row.decided_by.clone()))
        .col_expr(contested::Column::Decision, Expr::value(settlement(&order.row)))
        .filter(either)
        .filter(contested::Column::SettledAt.is_null());
    settled.exec(tx).await?;
    Ok(())
}
