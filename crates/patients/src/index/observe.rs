//! Identities that hospitals showed us become people of the region.
//!
//! What is to be written is planned from what can be read, then written in one short transaction. The unique indexes
//! (an identity has one person, a resident ID one holder) refuse a plan that another replica has overtaken; it is then
//! made anew.

use std::collections::BTreeSet;

use access::{
    Context, PersonId,
    audit::{AuditLog, Draft, Event, Outcome},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _, SqlErr,
    sea_query::{Expr, OnConflict},
};
use store::{StoreError, Tx, to_millis};
use uuid::Uuid;

use super::{
    Index,
    matching::{AT_ONCE, Identity, among},
    plan::{Known, Plan},
};
use crate::{
    IndexError, SourcePatient,
    entity::{contested, identity_seen, identity_term, identity_trait, link, patient},
};

/// How often a plan is made anew when another replica took the same identity, resident ID or number first.
const TRIES: usize = 3;

impl Index {
    /// Finds or makes the person behind each identity, in the same order. An identity that was seen before keeps its
    /// person; a new one joins a person by the source's own merge or by the strong key, or becomes a person of its own.
    ///
    /// # Errors
    /// [`IndexError::Store`] or [`IndexError::Audit`]: then nothing was changed.
    pub async fn observe(
        &self,
        ctx: &dyn Context,
        seen: &[SourcePatient],
        now: Timestamp,
    ) -> Result<Vec<PersonId>, IndexError> {
        self.take_in(ctx, seen, false, now).await
    }

    /// As [`Self::observe`], of what a list says. Of a record that is known it only fills what is absent, and never ends a
    /// link: what the hospital said itself is the stronger word. For the intranet portal.
    ///
    /// # Errors
    /// As [`Self::observe`].
    pub async fn import(
        &self,
        ctx: &dyn Context,
        listed: &[SourcePatient],
        now: Timestamp,
    ) -> Result<Vec<PersonId>, IndexError> {
        self.take_in(ctx, listed, true, now).await
    }

    async fn take_in(
        &self,
        ctx: &dyn Context,
        seen: &[SourcePatient],
        listed: bool,
        now: Timestamp,
    ) -> Result<Vec<PersonId>, IndexError> {
        let mut tries = 1;
        loop {
            let known = Known::load(&self.store, &self.key, seen, listed).await?;
            let mut plan = known.plan(&self.key, seen, ctx.actor().subject.as_str(), now)?;
            self.forget_known_contests(&mut plan).await?;
            let people = plan.people.clone();
            if plan.is_empty() {
                return Ok(people);
            }
            let undone = plan.undone.iter().map(|undone| unlinked(ctx, undone, now));
            let contested = plan.contested.iter().map(|one| contest(ctx, one, now));
            let drafts = undone.chain(plan.links.iter().map(|link| draft(ctx, link, now))).chain(contested).collect();
            let audit = self.audit.clone();
            let written =
                self.store.write(move |tx| Box::pin(async move { carry_out(tx, plan, audit, drafts, now).await }));
            match written.await {
                Ok(()) => return Ok(people),
                Err(error) if tries < TRIES && was_overtaken(&error) => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// What a steward was told already is not told again; a search of known people stays a read.
    async fn forget_known_contests(&self, plan: &mut Plan) -> Result<(), IndexError> {
        if plan.contested.is_empty() {
            return Ok(());
        }
        use contested::Column;
        let of: Vec<Identity> =
            plan.contested.iter().map(|one| (one.source.clone(), one.source_patient.clone())).collect();
        let mut told: Vec<(String, String, Uuid)> = Vec::new();
        for some in of.chunks(AT_ONCE) {
            let known = contested::Entity::find()
                .select_only()
                .columns([Column::Source, Column::SourcePatient, Column::Holder])
                .filter(among(some, Column::Source, Column::SourcePatient))
                .into_tuple::<(String, String, Uuid)>();
            told.extend(known.all(self.store.reader()).await?);
        }
        plan.contested.retain(|one| {
            !told.iter().any(|(source, patient, holder)| {
                (source, patient, holder) == (&one.source, &one.source_patient, &one.holder)
            })
        });
        Ok(())
    }
}

/// Two people have one number; which, a steward reads in the table.
fn contest(ctx: &dyn Context, one: &contested::Model, now: Timestamp) -> Draft {
    let event = Event::new("index.contest", "patient-link", Outcome::Refused)
        .on(format!("{}/Patient/{}", one.source, one.source_patient))
        .about(PersonId(one.holder))
        .because("resident-id-held");
    AuditLog::draft(ctx, now, event)
}

/// Who was linked to what, and why; names and numbers stay out of the log.
fn draft(ctx: &dyn Context, link: &link::Model, now: Timestamp) -> Draft {
    let event = Event::new("index.link", "patient-link", Outcome::Ok)
        .on(format!("{}/Patient/{}", link.source, link.source_patient))
        .about(PersonId(link.person))
        .because(link.how.clone());
    AuditLog::draft(ctx, now, event)
}

/// A hospital's record has become another person's.
fn unlinked(ctx: &dyn Context, (source, patient, person): &(String, String, Uuid), now: Timestamp) -> Draft {
    let event = Event::new("index.unlink", "patient-link", Outcome::Ok)
        .on(format!("{source}/Patient/{patient}"))
        .about(PersonId(*person))
        .because("contradicts-record");
    AuditLog::draft(ctx, now, event)
}

async fn carry_out(tx: &Tx, plan: Plan, audit: AuditLog, drafts: Vec<Draft>, now: Timestamp) -> Result<(), IndexError> {
    for person in plan.new_people {
        patient::Entity::insert(person.into_active_model()).exec_without_returning(tx).await?;
    }
    for claim in plan.claims {
        let claimed = patient::Entity::update_many()
            .col_expr(patient::Column::ResidentIdHash, Expr::value(claim.hash))
            .col_expr(patient::Column::ResidentIdMasked, Expr::value(claim.masked))
            .filter(patient::Column::Id.eq(claim.person))
            .filter(patient::Column::ResidentIdHash.is_null());
        claimed.exec(tx).await?;
    }
    for (source, patient, _) in plan.undone {
        let undo = link::Entity::update_many()
            .col_expr(link::Column::UndoneAt, Expr::value(to_millis(now)))
            .filter(link::Column::Source.eq(source))
            .filter(link::Column::SourcePatient.eq(patient))
            .filter(link::Column::UndoneAt.is_null());
        undo.exec(tx).await?;
    }
    for link in plan.links {
        link::Entity::insert(link.into_active_model()).exec_without_returning(tx).await?;
    }
    for seen in plan.seen {
        remember(tx, seen).await?;
    }
    for (traits, terms) in plan.traits {
        describe(tx, traits, terms).await?;
    }
    for contested in plan.contested {
        contested::Entity::insert(contested.into_active_model()).exec_without_returning(tx).await?;
    }
    for draft in drafts {
        audit.append(tx, draft).await?;
    }
    Ok(())
}

/// What the source says now takes the place of what it said before.
async fn remember<C: ConnectionTrait>(db: &C, seen: identity_seen::Model) -> Result<(), IndexError> {
    use identity_seen::Column;
    let newest = [Column::Names, Column::Sex, Column::BirthDate, Column::Identifiers, Column::Aliases, Column::SeenAt];
    let same = OnConflict::columns([Column::Source, Column::SourcePatient]).update_columns(newest).to_owned();
    identity_seen::Entity::insert(seen.into_active_model()).on_conflict(same).exec_without_returning(db).await?;
    Ok(())
}

/// Rows of one statement: below the number of values that every database takes.
const ROWS: usize = 200;

/// Taken away and put anew: the public portal's role may not read what stands there. Whoever does the same at once is
/// refused by the key, and plans anew.
pub(super) async fn describe<C: ConnectionTrait>(
    db: &C,
    traits: identity_trait::Model,
    terms: BTreeSet<Vec<u8>>,
) -> Result<(), IndexError> {
    let (source, patient) = (traits.source.clone(), traits.source_patient.clone());
    let of_terms = Condition::all()
        .add(identity_term::Column::Source.eq(&source))
        .add(identity_term::Column::SourcePatient.eq(&patient));
    identity_term::Entity::delete_many().filter(of_terms).exec(db).await?;
    let of_traits = Condition::all()
        .add(identity_trait::Column::Source.eq(&source))
        .add(identity_trait::Column::SourcePatient.eq(&patient));
    identity_trait::Entity::delete_many().filter(of_traits).exec(db).await?;
    identity_trait::Entity::insert(traits.into_active_model()).exec_without_returning(db).await?;
    let row = |term: Vec<u8>| identity_term::Model { term, source: source.clone(), source_patient: patient.clone() };
    let rows: Vec<_> = terms.into_iter().map(|term| row(term).into_active_model()).collect();
    for rows in rows.chunks(ROWS) {
        identity_term::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

fn was_overtaken(error: &IndexError) -> bool {
    let IndexError::Store(StoreError::Database(error)) = error else { return false };
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
