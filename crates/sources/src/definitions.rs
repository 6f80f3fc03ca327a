//! Defining hospitals: who may, what is written down, and what stands.

mod keys;
mod secret;

use std::sync::Arc;

use access::{Act, AuditLog, Event, Object, Outcome, Policy, StaffContext};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Unchanged, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};
use serde_json::json;
use store::{Store, Tx, from_millis, to_millis};

use secret::SecretSteps;

pub use secret::GivenSecrets;

use crate::{
    Catalogue, Definition, FieldProblem, Secrets, SourceError,
    entity::definition::{Column, Entity, Model},
    file::is_name,
    rows,
};

/// Pages beside those of sources: `/admin/sources/new`, …
const RESERVED: [&str; 3] = ["new", "keys", "brands"];

/// A definition as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// In JSON, metrics and links; for ever.
    pub id: String,
    /// What it says.
    pub definition: Definition,
    /// To be given back with the next change.
    pub rev: i64,
    /// Taken away since.
    pub removed_at: Option<Timestamp>,
    /// Who changed it last.
    pub changer: String,
    /// When.
    pub changed_at: Timestamp,
}

/// What administrators define. Cheap to clone.
#[derive(Clone)]
pub struct Definitions {
    store: Store,
    policy: Policy,
    audit: AuditLog,
    catalogue: Arc<Catalogue>,
    secrets: Secrets,
}

impl Definitions {
    /// Kept in `store`, remembered in `audit`, their secrets in `secrets`; `catalogue` sees what changes at once.
    pub fn new(store: Store, policy: Policy, audit: AuditLog, catalogue: Arc<Catalogue>, secrets: Secrets) -> Self {
        Self { store, policy, audit, catalogue, secrets }
    }

    /// All of them, removed ones too, in their order.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn list(&self, ctx: &StaffContext) -> Result<Vec<Defined>, SourceError> {
        self.require(ctx)?;
        let all = Entity::find().order_by_asc(Column::Place).all(self.store.reader()).await?;
        Ok(all.into_iter().map(defined).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`SourceError::Configured`] for an entry of the configuration, [`SourceError::NotFound`], the policy's, the database's.
    pub async fn one(&self, ctx: &StaffContext, id: &str) -> Result<Defined, SourceError> {
        self.require(ctx)?;
        let row = Entity::find_by_id(id).one(self.store.reader()).await?;
        row.map(defined).ok_or_else(|| self.absent(id))
    }

    /// What would have to be put right before `definition` could be written.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] with every field.
    pub fn check(&self, id: &str, definition: Definition) -> Result<Definition, SourceError> {
        let definition = definition.cleaned();
        let mut problems = definition.problems(id, &self.catalogue.maker);
        let launched = definition.launch.as_ref().map(|launch| launch.base(&definition.base_url));
        // Whoever is sent from there could be meant for either.
        let other =
            launched.is_some_and(|base| self.catalogue.iter().any(|one| one.id != id && one.is_launched_by(base)));
        problems.extend(other.then_some(FieldProblem { field: "launch_base_url", what: "launched" }));
        if problems.is_empty() { Ok(definition) } else { Err(SourceError::Invalid(problems)) }
    }

    /// The same for a new one, with its id.
    ///
    /// # Errors
    /// As [`Definitions::check`].
    pub fn check_new(&self, id: &str, definition: Definition) -> Result<Definition, SourceError> {
        let what = match is_name(id) {
            _ if RESERVED.contains(&id) => Some("taken"),
            false => Some(if id.is_empty() { "missing" } else { "malformed" }),
            true if self.catalogue.get(id).is_some() => Some("taken"),
            true if self.catalogue.named(id).is_some() => Some("removed"),
            true => None,
        };
        let problem = what.map(|what| FieldProblem { field: "id", what });
        match (problem, self.check(id, definition)) {
            (None, checked) => checked,
            (Some(problem), Err(SourceError::Invalid(more))) => {
                Err(SourceError::Invalid(std::iter::once(problem).chain(more).collect()))
            }
            (Some(problem), _) => Err(SourceError::Invalid(vec![problem])),
        }
    }

    /// Defines a new one. `secrets` are what its sign-ins need, where they need one.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] with every field that has to be put right; the policy's, the database's.
    pub async fn add(
        &self,
        ctx: &StaffContext,
        id: &str,
        definition: Definition,
        secrets: GivenSecrets<'_>,
        now: Timestamp,
    ) -> Result<Defined, SourceError> {
        self.require(ctx)?;
        let (definition, secrets) =
            self.with_secrets(id, self.check_new(id, definition.clone()), &definition, secrets).await?;
        let row = Model {
            id: id.to_owned(),
            place: 0,
            content: serde_json::to_string(&definition)?,
            rev: 1,
            removed_at: None,
            changed_by: ctx.subject().to_string(),
            changer_name: ctx.name().to_owned(),
            changed_at: to_millis(now),
        };
        let event = event("source.add", id, &definition, &secrets, 1);
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let taken = SourceError::Invalid(vec![FieldProblem { field: "id", what: "taken" }]);
        let added = self.store.write::<_, SourceError, _>(move |tx| {
            Box::pin(async move {
                rows::bump(tx).await?;
                if Entity::find_by_id(&row.id).one(tx).await?.is_some() {
                    return Err(taken);
                }
                let row = Model { place: next_place(tx).await?, ..row };
                Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
                secrets.write(tx).await?;
                audit.append(tx, draft).await?;
                Ok(row)
            })
        });
        let row = added.await?;
        self.changed().await;
        Ok(defined(row))
    }

    /// Writes the one that has `rev` anew. Of `secrets` that are absent those that it has stay, as long as they go where they went.
    ///
    /// # Errors
    /// [`SourceError::Stale`] with what stands now, when somebody was first; [`SourceError::Invalid`]; [`SourceError::Removed`].
    pub async fn change(
        &self,
        ctx: &StaffContext,
        (id, rev): (&str, i64),
        definition: Definition,
        secrets: GivenSecrets<'_>,
        now: Timestamp,
    ) -> Result<Defined, SourceError> {
        self.require(ctx)?;
        let before = self.one(ctx, id).await?;
        let (definition, secrets) =
            self.with_secrets(id, self.check(id, definition.clone()), &definition, secrets).await?;
        let action = action(&before.definition, &definition);
        let content = serde_json::to_string(&definition)?;
        let event = event(action, id, &definition, &secrets, rev + 1);
        let edit = move |row: &mut Model| match row.removed_at {
            Some(_) => Err(SourceError::Removed),
            None => {
                row.content = content;
                Ok(())
            }
        };
        self.update(ctx, (id, rev), (event, secrets), now, edit).await
    }

    /// Takes the one that has `rev` away, or brings it back. Its row stays, since patients are linked to it and its id names
    /// one server for ever.
    ///
    /// # Errors
    /// As [`Definitions::change`].
    pub async fn set_removed(
        &self,
        ctx: &StaffContext,
        (id, rev): (&str, i64),
        removed: bool,
        now: Timestamp,
    ) -> Result<Defined, SourceError> {
        self.require(ctx)?;
        let before = self.one(ctx, id).await?;
        let action = if removed { "source.remove" } else { "source.restore" };
        // Its secret stays with its row: whoever brings it back finds it as it was.
        let event = event(action, id, &before.definition, &SecretSteps::KEEP, rev + 1);
        let at = removed.then(|| to_millis(now));
        let edit = move |row: &mut Model| {
            row.removed_at = at;
            Ok(())
        };
        self.update(ctx, (id, rev), (event, SecretSteps::KEEP), now, edit).await
    }

    /// Writes down that a connection is tested, before it is.
    ///
    /// # Errors
    /// The policy's and the database's: then it must not be tested.
    pub async fn note_test(&self, ctx: &StaffContext, id: &str, now: Timestamp) -> Result<(), SourceError> {
        self.note(ctx, "source.test", id, now).await
    }

    /// Asks a source again at once, whatever this process has seen of it: its breaker is closed, and what it asked for with
    /// `Retry-After` is over. Written down before it is done.
    ///
    /// # Errors
    /// [`SourceError::NotFound`], the policy's, the database's.
    pub async fn try_now(&self, ctx: &StaffContext, id: &str, now: Timestamp) -> Result<(), SourceError> {
        self.require(ctx)?;
        let source = self.catalogue.get(id).ok_or(SourceError::NotFound)?;
        self.note(ctx, "source.try", id, now).await?;
        source.try_now();
        Ok(())
    }

    async fn note(
        &self,
        ctx: &StaffContext,
        action: &'static str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        self.require(ctx)?;
        let event = Event::new(action, "source", Outcome::Ok).on(id);
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        self.store
            .write::<_, SourceError, _>(move |tx| {
                Box::pin(async move {
                    audit.append(tx, draft).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn update(
        &self,
        ctx: &StaffContext,
        (id, rev): (&str, i64),
        (event, secrets): (Event, SecretSteps),
        now: Timestamp,
        edit: impl FnOnce(&mut Model) -> Result<(), SourceError> + Send + 'static,
    ) -> Result<Defined, SourceError> {
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let (by, name, key) = (ctx.subject().to_string(), ctx.name().to_owned(), id.to_owned());
        let absent = self.absent(id);
        let updated = self.store.write::<_, SourceError, _>(move |tx| {
            Box::pin(async move {
                // Other changes wait here, so that what is read below is what is changed.
                rows::bump(tx).await?;
                let mut row = Entity::find_by_id(&key).one(tx).await?.ok_or(absent)?;
                if row.rev != rev {
                    return Err(SourceError::Stale(Box::new(defined(row))));
                }
                edit(&mut row)?;
                row.rev += 1;
                (row.changed_by, row.changer_name, row.changed_at) = (by, name, to_millis(now));
                let mut change = row.clone().into_active_model().reset_all();
                // What is never changed, and may not be.
                (change.id, change.place) = (Unchanged(row.id.clone()), Unchanged(row.place));
                Entity::update_many().set(change).filter(Column::Id.eq(&row.id)).exec(tx).await?;
                secrets.write(tx).await?;
                audit.append(tx, draft).await?;
                Ok(row)
            })
        });
        let row = updated.await?;
        self.changed().await;
        Ok(defined(row))
    }

    fn require(&self, ctx: &StaffContext) -> Result<(), SourceError> {
        Ok(self.policy.require(ctx, &Object::PAGE_SOURCES, Act::Administer)?)
    }

    fn absent(&self, id: &str) -> SourceError {
        match self.catalogue.configured().iter().any(|source| source.id == id) {
            true => SourceError::Configured,
            false => SourceError::NotFound,
        }
    }

    /// This process need not wait to see it.
    async fn changed(&self) {
        if let Err(error) = self.catalogue.reload(&self.store).await {
            // It was committed: it is seen when the database can be read again.
            tracing::warn!(%error, "a change of a source is not seen yet");
        }
    }
}

async fn next_place(tx: &Tx) -> Result<i64, SourceError> {
    let last = Entity::find().order_by_desc(Column::Place).one(tx).await?;
    Ok(last.map_or(0, |row| row.place + 1))
}

fn action(old: &Definition, new: &Definition) -> &'static str {
    match (old, new) {
        (old, new) if *old == (Definition { paused: old.paused, ..new.clone() }) && old.paused != new.paused => {
            if new.paused { "source.pause" } else { "source.resume" }
        }
        (old, new) if old.environment != new.environment => "source.promote",
        _ => "source.change",
    }
}

fn event(action: &'static str, id: &str, definition: &Definition, secrets: &SecretSteps, rev: i64) -> Event {
    let (secret, launch_secret) = secrets.as_strs();
    let launch = definition.launch.as_ref().map(|launch| {
        json!({
            "base_url": launch.base(&definition.base_url),
            "client_id": launch.client_id,
            "token_url": launch.token_url,
            "secret": launch_secret,
        })
    });
    Event::new(action, "source", Outcome::Ok).on(id).with(json!({
        "base_url": definition.base_url,
        "auth": definition.auth.kind.as_str(),
        "client_id": definition.auth.client_id,
        "token_url": definition.auth.token_url,
        "secret": secret,
        "launch": launch,
        "platform": definition.platform,
        "environment": definition.environment.as_str(),
        "paused": definition.paused,
        "rev": rev,
    }))
}

fn defined(row: Model) -> Defined {
    Defined {
        definition: Definition::of(&row.content).unwrap_or_else(|| Definition::unreadable(&row.id)),
        id: row.id,
        rev: row.rev,
        removed_at: row.removed_at.map(from_millis),
        changer: row.changer_name,
        changed_at: from_millis(row.changed_at),
    }
}
