//! Notices: a few lines at the top of the first pages, from one time until another.

use access::{Act, AuditLog, Context as _, Event, Object, Outcome, Policy, StaffContext};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::json;
use store::{Store, from_millis, to_millis};
use uuid::Uuid;

use crate::{Audience, ContentError, Problem, Reader, articles::Bilingual, entity::notice, text};

/// In characters.
pub const LONGEST_NOTICE: usize = 300;
/// On one page.
const MOST_CURRENT: u64 = 10;
/// On the desk.
const MOST_LISTED: u64 = 100;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something does not work, or has to be done.
    Warning,
}

impl Severity {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 2] = [Self::Info, Self::Warning];

    /// As in the database, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }

    /// From the database or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

/// A notice as readers are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its own.
    pub id: Uuid,
    /// In both languages.
    pub text: Bilingual,
    /// How much it matters.
    pub severity: Severity,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A notice to be shown.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// For whom.
    pub audience: Audience,
    /// How much it matters.
    pub severity: Severity,
    /// From then on.
    pub from: Timestamp,
    /// Not from then on.
    pub until: Timestamp,
}

/// A notice on the desk.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    /// Its own.
    pub id: Uuid,
    /// To be given back with the next change.
    pub rev: i64,
    /// What it says, to whom and when.
    pub notice: NewNotice,
    /// Who wrote it last.
    pub writer: String,
    /// When.
    pub written_at: Timestamp,
    /// Taken back before its time was over.
    pub withdrawn_at: Option<Timestamp>,
}

impl NewNotice {
    fn cleaned(mut self) -> Result<Self, ContentError> {
        (self.zh, self.en) = (text::line(&self.zh), text::line(&self.en));
        let mut problems = Vec::new();
        for (text, field) in [(&self.zh, "zh"), (&self.en, "en")] {
            match text.chars().count() {
                0 => problems.push(Problem { field, what: "missing" }),
                length if length > LONGEST_NOTICE => problems.push(Problem { field, what: "too-long" }),
                _ => {}
            }
        }
        if self.until <= self.from {
            problems.push(Problem { field: "until", what: "before" });
        }
        if problems.is_empty() { Ok(self) } else { Err(ContentError::Invalid(problems)) }
    }
}

/// The columns that readers are shown; the public portal's role may read no others.
#[derive(sea_orm::FromQueryResult)]
struct Shown {
    id: Uuid,
    zh: String,
    en: String,
    severity: String,
    from_at: i64,
    until_at: i64,
}

/// The notices of the region. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    store: Store,
    policy: Policy,
    audit: AuditLog,
}

impl Notices {
    /// Kept in `store`, remembered in `audit`.
    pub fn new(store: Store, policy: Policy, audit: AuditLog) -> Self {
        Self { store, policy, audit }
    }

    /// What `reader` has to be told at this moment: warnings first, then the newest.
    ///
    /// # Errors
    /// The policy's, for staff who may not see notices; the database's.
    pub async fn current(&self, reader: Reader<'_>, now: Timestamp) -> Result<Vec<Notice>, ContentError> {
        reader.admit(&self.policy, &Object::PAGE_NOTICES)?;
        let at = to_millis(now);
        let rows = notice::Entity::find()
            .select_only()
            .columns([
                notice::Column::Id,
                notice::Column::Zh,
                notice::Column::En,
                notice::Column::Severity,
                notice::Column::FromAt,
                notice::Column::UntilAt,
            ])
            .filter(notice::Column::Audience.is_in(reader.audiences()))
            .filter(notice::Column::WithdrawnAt.is_null())
            .filter(notice::Column::FromAt.lte(at))
            .filter(notice::Column::UntilAt.gt(at))
            // `warning` comes after `info`.
            .order_by_desc(notice::Column::Severity)
            .order_by_desc(notice::Column::FromAt)
            .limit(MOST_CURRENT)
            .into_model::<Shown>()
            .all(self.store.reader())
            .await?;
        let of = |row: Shown| {
            Ok(Notice {
                id: row.id,
                text: Bilingual::new(&row.zh, &row.en),
                severity: Severity::parse(&row.severity).ok_or(ContentError::Row("notice"))?,
                from: from_millis(row.from_at),
                until: from_millis(row.until_at),
            })
        };
        rows.into_iter().map(of).collect()
    }

    /// The newest notices, over or not, for whoever edits.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn desk(&self, ctx: &StaffContext) -> Result<Vec<NoticeRow>, ContentError> {
        self.policy.require(ctx, &Object::PAGE_NOTICES, Act::Edit)?;
        let rows = notice::Entity::find()
            .order_by_desc(notice::Column::FromAt)
            .limit(MOST_LISTED)
            .all(self.store.reader())
            .await?;
        rows.into_iter().map(row).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ContentError::NotFound`], the policy's, the database's.
    pub async fn one(&self, ctx: &StaffContext, id: Uuid) -> Result<NoticeRow, ContentError> {
        self.policy.require(ctx, &Object::PAGE_NOTICES, Act::Edit)?;
        row(notice::Entity::find_by_id(id).one(self.store.reader()).await?.ok_or(ContentError::NotFound)?)
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`ContentError::Invalid`] with every field that has to be put right.
    pub async fn add(&self, ctx: &StaffContext, new: NewNotice, now: Timestamp) -> Result<Uuid, ContentError> {
        self.policy.require(ctx, &Object::PAGE_NOTICES, Act::Edit)?;
        let new = new.cleaned()?;
        let actor = ctx.actor();
        let row = notice::Model {
            id: Uuid::now_v7(),
            zh: new.zh,
            en: new.en,
            audience: new.audience.as_str().to_owned(),
            severity: new.severity.as_str().to_owned(),
            from_at: to_millis(new.from),
            until_at: to_millis(new.until),
            rev: 1,
            written_by: actor.subject.to_string(),
            writer_name: actor.name.to_owned(),
            written_at: to_millis(now),
            withdrawn_at: None,
        };
        let id = row.id;
        let event = event("notice.add", &row);
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.audit.clone());
        let added = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                notice::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        added.await?;
        Ok(id)
    }

    /// Writes the one that has `rev` anew. One that was taken back is shown again.
    ///
    /// # Errors
    /// [`ContentError::StaleNotice`] with what stands now, when somebody was first; [`ContentError::Invalid`].
    pub async fn change(
        &self,
        ctx: &StaffContext,
        (id, rev): (Uuid, i64),
        new: NewNotice,
        now: Timestamp,
    ) -> Result<(), ContentError> {
        let new = new.cleaned()?;
        let by = ctx.subject().to_string();
        let name = ctx.name().to_owned();
        self.update(ctx, (id, rev), "notice.change", now, move |row| {
            (row.zh, row.en) = (new.zh, new.en);
            new.audience.as_str().clone_into(&mut row.audience);
            new.severity.as_str().clone_into(&mut row.severity);
            (row.from_at, row.until_at) = (to_millis(new.from), to_millis(new.until));
            (row.written_by, row.writer_name, row.written_at) = (by, name, to_millis(now));
            row.withdrawn_at = None;
        })
        .await
    }

    /// Takes the one that has `rev` back. It stays on the desk.
    ///
    /// # Errors
    /// As [`Notices::change`].
    pub async fn withdraw(
        &self,
        ctx: &StaffContext,
        (id, rev): (Uuid, i64),
        now: Timestamp,
    ) -> Result<(), ContentError> {
        let at = to_millis(now);
        self.update(ctx, (id, rev), "notice.withdraw", now, move |row| row.withdrawn_at = Some(at)).await
    }

    async fn update(
        &self,
        ctx: &StaffContext,
        (id, rev): (Uuid, i64),
        action: &'static str,
        now: Timestamp,
        edit: impl FnOnce(&mut notice::Model) + Send + 'static,
    ) -> Result<(), ContentError> {
        self.policy.require(ctx, &Object::PAGE_NOTICES, Act::Edit)?;
        let (ctx_now, audit) = (ctx.clone(), self.audit.clone());
        let updated = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                let mut row = notice::Entity::find_by_id(id).one(tx).await?.ok_or(ContentError::NotFound)?;
                if row.rev != rev {
                    return Ok(false);
                }
                edit(&mut row);
                row.rev += 1;
                let event = event(action, &row);
                let mut change = row.into_active_model().reset_all();
                change.id = sea_orm::ActiveValue::Unchanged(id);
                let done = notice::Entity::update_many()
                    .set(change)
                    .filter(notice::Column::Id.eq(id))
                    .filter(notice::Column::Rev.eq(rev))
                    .exec(tx)
                    .await?;
                if done.rows_affected == 0 {
                    return Ok(false);
                }
                audit.append(tx, AuditLog::draft(&ctx_now, now, event)).await?;
                Ok(true)
            })
        });
        if updated.await? { Ok(()) } else { Err(ContentError::StaleNotice(Box::new(self.one(ctx, id).await?))) }
    }
}

fn event(action: &'static str, row: &notice::Model) -> Event {
    Event::new(action, "notice", Outcome::Ok).on(row.id.to_string()).with(json!({
        "audience": row.audience,
        "severity": row.severity,
        "from": from_millis(row.from_at).to_string(),
        "until": from_millis(row.until_at).to_string(),
        "rev": row.rev,
    }))
}

fn row(row: notice::Model) -> Result<NoticeRow, ContentError> {
    Ok(NoticeRow {
        id: row.id,
        rev: row.rev,
        notice: NewNotice {
            audience: Audience::parse(&row.audience).ok_or(ContentError::Row("notice"))?,
            severity: Severity::parse(&row.severity).ok_or(ContentError::Row("notice"))?,
            zh: row.zh,
            en: row.en,
            from: from_millis(row.from_at),
            until: from_millis(row.until_at),
        },
        writer: row.writer_name,
        written_at: from_millis(row.written_at),
        withdrawn_at: row.withdrawn_at.map(from_millis),
    })
}
