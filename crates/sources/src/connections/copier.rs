//! Copying a whole connected record: a job that goes on where it was killed, and that one process does at a time.

mod cursor;
mod files;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use access::{AuditLog, Domain, Event, Outcome, PersonId, SystemContext, audit::Draft};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, OutboundError};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::Serialize;
use store::{
    Store, Tx,
    jobs::{self, Ended, Failure, Handler, JobError, NewJob, Run},
    to_millis,
};
use tokio::{sync::watch, time::Instant};
use url::Url;
use uuid::Uuid;

use cursor::Cursor;

use super::{
    ConnectError, CopyState,
    copy_page::{self, Resource},
    event,
    person::PatientSignIn,
    seal::{open_copy, seal_copy},
};
use crate::{
    Catalogue, Secrets, Source, Standing,
    entity::{
        connection::{Column, Entity, Model},
        copy,
    },
    probe::SECTIONS,
};

const KIND: &str = "connection-copy";
const ACCEPT: &str = "application/fhir+json, application/json;q=0.9";
/// For one page.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked for what patients want.
const LOOK: Duration = Duration::from_secs(1);
/// How often is looked for copies that have grown old.
const LOOK_FOR_OLD: Duration = Duration::from_secs(60);
/// A copy that is older is made anew.
const OLD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Copies that are taken up at once.
const AT_A_LOOK: u64 = 50;
/// Resources of one record.
const MOST: i64 = 50_000;
/// References that are followed.
const MOST_NAMED: usize = 500;
/// References that are followed between two looks at whether to go on.
const AT_ONCE: usize = 10;
const TRIES: i32 = 8;
/// Pages in a row that bring nothing, of one step.
const MOST_EMPTY: u32 = 50;
/// How often a step is begun again because a page was gone.
const MOST_ANEW: u32 = 3;

/// Makes copies of what patients have connected. Runs where jobs run.
#[derive(Clone)]
pub struct Copier {
    store: Store,
    audit: AuditLog,
    catalogue: Arc<Catalogue>,
    secrets: Secrets,
}

/// One question.
enum Plan {
    /// `Patient/[id]/$everything` (<https://hl7.org/fhir/R4/patient-operation-everything.html>).
    Everything,
    /// The patient: read, since a search for patients knows no patient to be of.
    Own,
    Type(&'static str),
    /// What the others name.
    Named,
    /// Files of documents.
    Files,
}

/// One copy that is being made.
struct Copying<'c> {
    copier: &'c Copier,
    run: &'c Run,
    row: Model,
    source: Source,
    cursor: Cursor,
    done: i64,
    /// Steps that were begun again because a page was gone.
    begun_anew: u32,
}

/// What became of a step.
enum Came {
    Forward,
    /// The patient has paused it, or there is no connection any more.
    Unwanted,
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        tracing::warn!(%error, "a connected record can't be copied");
        Self::passing("database")
    }
}

impl From<JobError> for ConnectError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}

impl Copier {
    /// Copies into `store`, remembered in `audit`, what `catalogue` knows, sealed by `secrets`.
    pub fn new(store: Store, audit: AuditLog, catalogue: Arc<Catalogue>, secrets: Secrets) -> Self {
        Self { store, audit, catalogue, secrets }
    }

    /// Makes jobs of what patients want, until told to stop. Their portal writes no jobs.
    pub async fn follow(self, mut stop: watch::Receiver<bool>) {
        let mut failing = false;
        let mut renewed: Option<Instant> = None;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let mut outcome = Ok(());
            if renewed.is_none_or(|at| at.elapsed() >= LOOK_FOR_OLD) {
                outcome = self.renew().await;
                renewed = Some(Instant::now());
            }
            let outcome = outcome.and(self.take_up().await);
            if let Err(error) = &outcome
                && !failing
            {
                tracing::error!(%error, "copies that patients want can't be looked for");
            }
            failing = outcome.is_err();
        }
    }

    /// Old copies are wanted anew, of hospitals that can be asked.
    async fn renew(&self) -> Result<(), ConnectError> {
        let before = to_millis((self.secrets.ambient.now)() - OLD);
        let done = Column::CopyState.eq(CopyState::Done.as_str()).and(Column::Why.is_null());
        let old = done.and(Column::CopiedAt.lt(before));
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(old.clone())
            .order_by_asc(Column::CopiedAt)
            .limit(AT_A_LOOK)
            .into_tuple()
            .all(self.store.reader())
            .await?;
        if ids.is_empty() {
            return Ok(());
        }
        let wanted = Entity::update_many()
            .col_expr(Column::CopyState, Expr::value(CopyState::Wanted.as_str()))
            .filter(Column::Id.is_in(ids).and(old));
        let written = self.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                wanted.exec(tx).await?;
                Ok(())
            })
        });
        written.await
    }

    async fn take_up(&self) -> Result<(), ConnectError> {
        let is_wanted = Column::CopyState.eq(CopyState::Wanted.as_str());
        let wanted = Entity::find().filter(is_wanted.clone()).limit(AT_A_LOOK).all(self.store.reader()).await?;
        for row in wanted {
            let id = row.id;
            let now = (self.secrets.ambient.now)();
            let take = Entity::update_many()
                .col_expr(Column::CopyState, Expr::value(CopyState::Running.as_str()))
                .filter(Column::Id.eq(id).and(is_wanted.clone()));
            // Before anything is read: whose record, and that it is the portal that reads it.
            let (draft, audit) = (self.draft(&row, Outcome::Intent, now), self.audit.clone());
            let written = self.store.write::<_, ConnectError, _>(move |tx| {
                Box::pin(async move {
                    if take.exec(tx).await?.rows_affected == 1 {
                        audit.append(tx, draft).await?;
                        let new =
                            NewJob { kind: KIND, key: id.to_string(), payload: serde_json::Value::Null, run_at: now };
                        jobs::enqueue(tx, new, now).await?;
                    }
                    Ok(())
                })
            });
            written.await?;
        }
        Ok(())
    }

    async fn copying<'c>(&'c self, run: &'c Run) -> Result<Option<Copying<'c>>, Failure> {
        let id: Uuid = run.key().parse().map_err(|_| Failure::lasting("unreadable"))?;
        let row = Entity::find_by_id(id).one(self.store.reader()).await?;
        let Some(row) = row.filter(|row| CopyState::of(row) == Some(CopyState::Running)) else { return Ok(None) };
        let source = self.catalogue.get(&row.source).filter(|source| source.is_personal());
        let source = source.filter(|source| source.standing == Standing::Asked);
        let source = source.ok_or(Failure::passing("source-not-asked"))?;
        let sign_in = Arc::new(PatientSignIn::new(&row, source.clone(), self.secrets.clone()));
        // Beside the connection and not with the job alone: one that was paused goes on with another job.
        let kept = match row.copy_cursor.as_deref().and_then(|cursor| serde_json::from_str(cursor).ok()) {
            Some(cursor) => Cursor::opened(cursor, &self.secrets, row.id).await,
            None => None,
        };
        // One that was finished is followed by another.
        let kept = kept.filter(|cursor: &Cursor| cursor.round > row.copy_round);
        let done = if kept.is_some() { row.copy_done } else { 0 };
        let cursor = kept.unwrap_or_else(|| Cursor::begin(row.copy_round + 1));
        Ok(Some(Copying { copier: self, run, source: source.asked_with(sign_in), row, cursor, done, begun_anew: 0 }))
    }

    fn draft(&self, row: &Model, outcome: Outcome, now: Timestamp) -> Draft {
        let event = Event { outcome, ..event("connection.copy", row) }.about(PersonId(row.person));
        AuditLog::draft(&SystemContext::new(KIND, Domain::Internal), now, event)
    }

    /// Tells the patient why it does not get on.
    async fn tell(&self, run: &Run, failure: &Failure) {
        let Ok(id) = run.key().parse::<Uuid>() else { return };
        let is_over = failure.is_final || run.attempt() >= TRIES;
        let state = if is_over { CopyState::Failed } else { CopyState::Running };
        let change = Entity::update_many()
            .col_expr(Column::CopyWhy, Expr::value(failure.code))
            .col_expr(Column::CopyState, Expr::value(state.as_str()))
            .filter(Column::Id.eq(id).and(Column::CopyState.eq(CopyState::Running.as_str())));
        let written = self.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                change.exec(tx).await?;
                Ok(())
            })
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "the state of a copy can't be written");
        }
    }
}

#[async_trait]
impl Handler for Copier {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn limit(&self) -> usize {
        2
    }

    fn most_attempts(&self) -> i32 {
        TRIES
    }

    async fn run(&self, run: &Run) -> Result<Ended, Failure> {
        let made = match self.copying(run).await {
            Ok(None) => return Ok(Ended::Done),
            Ok(Some(copying)) => copying.all().await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &made {
            self.tell(run, failure).await;
        }
        made
    }
}

impl Copying<'_> {
    async fn all(mut self) -> Result<Ended, Failure> {
        let plan = plan(&self.source);
        while let Some(step) = plan.get(self.cursor.step) {
            if self.run.interrupted() {
                return Ok(Ended::Interrupted);
            }
            let came = match step {
                Plan::Everything => {
                    let url = self.at(&["Patient", &self.row.patient, "$everything"], &[]);
                    self.page(url).await?
                }
                Plan::Own => self.own().await?,
                Plan::Type(kind) => {
                    let url = self.at(&[kind], &[("patient", &self.row.patient)]);
                    self.page(url).await?
                }
                Plan::Named => self.named().await?,
                Plan::Files => self.files().await?,
            };
            if matches!(came, Came::Unwanted) {
                return Ok(Ended::Done);
            }
        }
        self.finish().await?;
        Ok(Ended::Done)
    }

    /// One resource.
    fn one(&self, kind: &str, id: &str) -> Url {
        let mut url = self.source.client.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([kind, id]);
        }
        url
    }

    /// The first page of a list.
    fn at(&self, path: &[&str], params: &[(&str, &str)]) -> Url {
        let mut url = self.source.client.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut()
            .extend_pairs(params)
            .append_pair("_count", &self.source.client.platform().page_size.to_string());
        url
    }

    /// The next page of a step.
    async fn page(&mut self, first: Url) -> Result<Came, Failure> {
        let url = match &self.cursor.next {
            None => first,
            Some(next) => self.source.client.base().join(next).map_err(|_| Failure::passing("next-elsewhere"))?,
        };
        let answer = self.ask(&url).await?;
        let page = match answer.status {
            200 => copy_page::read(&answer.body).ok_or(Failure::passing("not-fhir"))?,
            // It does not have the type, or does not let the patient have it.
            400 | 403 | 404 | 405 | 422 | 501 if self.cursor.next.is_none() => copy_page::Page::default(),
            // A page's link lives for some minutes: the step begins anew.
            400..=499 if self.cursor.next.is_some() => {
                self.begun_anew += 1;
                (self.cursor.next, self.cursor.too_large) = (None, 0);
                let too_often = self.begun_anew > MOST_ANEW;
                return if too_often { Err(Failure::lasting("page-gone")) } else { Ok(Came::Forward) };
            }
            _ => return Err(Failure::passing("source-silent")),
        };
        // A server whose pages lead in a circle would be asked for ever, and nobody else's would.
        let empty = if page.resources.is_empty() { self.cursor.empty + 1 } else { 0 };
        if empty > MOST_EMPTY {
            return Err(Failure::lasting("endless-pages"));
        }
        let come = Cursor { too_large: self.cursor.too_large + page.too_large, empty, ..self.cursor.clone() };
        let cursor = match &page.next {
            Some(next) => {
                let next = url.join(next).map_err(|_| Failure::passing("next-elsewhere"))?;
                if !self.source.client.target().is_same_origin(&next) || next == url {
                    return Err(Failure::lasting("next-elsewhere"));
                }
                Cursor { next: Some(next.to_string()), ..come }
            }
            None => come.next_step(),
        };
        let total = page.total.filter(|_| self.cursor.step == 0 && matches!(plan(&self.source)[0], Plan::Everything));
        self.keep(page.resources, cursor, total).await
    }

    /// Reads the `Patient`.
    async fn own(&mut self) -> Result<Came, Failure> {
        let answer = self.ask(&self.one("Patient", &self.row.patient)).await?;
        if answer.status >= 500 {
            return Err(Failure::passing("source-silent"));
        }
        let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200);
        let own = text.and_then(|text| copy_page::resource(text, copy_page::LARGEST));
        let own = own.filter(|one| one.kind == "Patient" && one.id == self.row.patient);
        self.keep(own.into_iter().collect(), self.cursor.next_step(), None).await
    }

    /// Reads what is named and not there, a few at a time.
    async fn named(&mut self) -> Result<Came, Failure> {
        let missing = self.missing().await?;
        for some in missing.chunks(AT_ONCE) {
            if self.run.interrupted() {
                return Ok(Came::Forward);
            }
            let mut come = Vec::new();
            for (kind, id) in some {
                let answer = self.ask(&self.one(kind, id)).await?;
                let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200);
                let same = |one: &Resource| one.kind == *kind && one.id == *id;
                come.extend(text.and_then(|text| copy_page::resource(text, copy_page::LARGEST)).filter(same));
            }
            if matches!(self.keep(come, self.cursor.clone(), None).await?, Came::Unwanted) {
                return Ok(Came::Unwanted);
            }
        }
        self.cursor = self.cursor.next_step();
        Ok(Came::Forward)
    }

    /// What was copied in this round of `these`.
    fn rows(&self, these: Expr) -> Select<copy::Entity> {
        let own = copy::Column::Connection.eq(self.row.id).and(copy::Column::Round.eq(self.cursor.round));
        copy::Entity::find().filter(own.and(these))
    }

    /// Shows what was copied in this round of `these`, a few at a time: a record may be larger than what a process should hold.
    async fn each(&self, these: Expr, mut see: impl FnMut(&copy::Model, &[u8])) -> Result<(), Failure> {
        let mut after = Uuid::nil();
        loop {
            let rows = self.rows(these.clone().and(copy::Column::Id.gt(after)));
            let rows = rows.order_by_asc(copy::Column::Id).limit(AT_A_LOOK).all(self.copier.store.reader()).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            for row in &rows {
                see(row, &open_copy(&self.copier.secrets, row).await?);
            }
        }
    }

    async fn missing(&self) -> Result<Vec<(String, String)>, Failure> {
        let (mut named, mut there) = (BTreeSet::<(String, String)>::new(), BTreeSet::new());
        let see = |row: &copy::Model, json: &[u8]| {
            named.extend(copy_page::references(json));
            there.insert((row.kind.clone(), row.resource.clone()));
        };
        self.each(copy::Column::Kind.ne(copy_page::FILE), see).await?;
        Ok(named.difference(&there).take(MOST_NAMED).cloned().collect())
    }

    async fn ask(&self, url: &Url) -> Result<Answer, Failure> {
        heard(self.get(url).await)
    }

    async fn get(&self, url: &Url) -> Result<Answer, OutboundError> {
        self.source.client.target().get(url, ACCEPT, Instant::now() + PATIENCE).await
    }

    /// Keeps what came together with where to go on, if the connection is still there and the copy still wanted.
    async fn keep(&mut self, come: Vec<Resource>, cursor: Cursor, total: Option<u64>) -> Result<Came, Failure> {
        self.done += i64::try_from(come.len()).unwrap_or(i64::MAX);
        if self.done > MOST {
            return Err(Failure::lasting("too-large"));
        }
        let mut rows = Vec::with_capacity(come.len());
        for one in &come {
            let place = (self.row.id, one.kind.as_str(), one.id.as_str());
            let sealed = seal_copy(&self.copier.secrets, place, &one.json).await?;
            let (kind, resource) = (one.kind.clone(), one.id.clone());
            let id = Uuid::from_bytes(super::begin::random(&self.copier.secrets)?);
            rows.push(copy::Model { id, connection: self.row.id, kind, resource, round: cursor.round, sealed });
        }
        let mut progress = Entity::update_many().col_expr(Column::CopyDone, Expr::value(self.done));
        if let Some(total) = total {
            progress = progress.col_expr(Column::CopyTotal, Expr::value(i64::try_from(total).unwrap_or(i64::MAX)));
        }
        let progress = progress
            .col_expr(Column::CopyWhy, Expr::value(None::<String>))
            .col_expr(Column::CopyFiles, Expr::value(json(&cursor.files)?))
            .col_expr(Column::CopyCursor, Expr::value(json(&cursor.sealed(&self.copier.secrets, self.row.id).await?)?))
            .filter(still_wanted(self.row.id, cursor.round));
        let (run, text) = (self.run.clone(), cursor.step.to_string());
        let kept = self.copier.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                // Holds the row: a connection that ends meanwhile waits, and takes what was written with it.
                if progress.exec(tx).await?.rows_affected == 0 {
                    return Ok(false);
                }
                for row in rows {
                    put(tx, row).await?;
                }
                run.save(tx, &text).await?;
                Ok(true)
            })
        });
        if !kept.await? {
            return Ok(Came::Unwanted);
        }
        self.cursor = cursor;
        self.run.progress(self.done, total.and_then(|total| i64::try_from(total).ok()), None).await?;
        Ok(Came::Forward)
    }

    /// What the hospital has no more goes, and the copy is whole.
    async fn finish(self) -> Result<(), Failure> {
        let (id, round, now) = (self.row.id, self.cursor.round, self.run.now());
        let (draft, audit) = (self.copier.draft(&self.row, Outcome::Ok, now), self.copier.audit.clone());
        let done = Entity::update_many()
            .col_expr(Column::CopyState, Expr::value(CopyState::Done.as_str()))
            .col_expr(Column::CopyWhy, Expr::value(None::<String>))
            .col_expr(Column::CopyRound, Expr::value(round))
            .col_expr(Column::CopyFiles, Expr::value(json(&self.cursor.files)?))
            .col_expr(Column::CopyCursor, Expr::value(None::<String>))
            .col_expr(Column::CopiedAt, Expr::value(to_millis(now)))
            .filter(still_wanted(id, round));
        let old =
            copy::Entity::delete_many().filter(copy::Column::Connection.eq(id)).filter(copy::Column::Round.lt(round));
        let written = self.copier.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                if done.exec(tx).await?.rows_affected == 1 {
                    old.exec(tx).await?;
                    audit.append(tx, draft).await?;
                }
                Ok(())
            })
        });
        Ok(written.await?)
    }
}

fn json(what: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(what).map_err(ConnectError::from)?)
}

/// What an answer means for whoever asked.
fn heard(answer: Result<Answer, OutboundError>) -> Result<Answer, Failure> {
    let answer = answer.map_err(|error| match error {
        OutboundError::SignIn { why: "sign-in-again" | "connection-ended", .. } => Failure::lasting("sign-in-again"),
        OutboundError::SignIn { .. } => Failure::passing("no-token"),
        OutboundError::TooLarge { .. } => Failure::lasting("too-large"),
        OutboundError::Origin { .. } => Failure::lasting("next-elsewhere"),
        _ => Failure::passing("source-silent"),
    })?;
    match answer.status {
        401 => Err(Failure::passing("no-token")),
        429 | 503 => {
            let wait = answer.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
            let failure = Failure::passing("told-to-wait");
            Err(wait.map_or(failure.clone(), |wait| failure.after(wait)))
        }
        _ => Ok(answer),
    }
}

/// The patient has neither paused it nor thrown it away, as far as this round goes.
fn still_wanted(id: Uuid, round: i64) -> Expr {
    let runs = Column::CopyState.eq(CopyState::Running.as_str());
    Column::Id.eq(id).and(runs).and(Column::CopyRound.lt(round))
}

async fn put(tx: &Tx, row: copy::Model) -> Result<(), ConnectError> {
    let over = OnConflict::columns([copy::Column::Connection, copy::Column::Kind, copy::Column::Resource])
        .update_columns([copy::Column::Round, copy::Column::Sealed])
        .to_owned();
    copy::Entity::insert(row.into_active_model()).on_conflict(over).exec_without_returning(tx).await?;
    Ok(())
}

/// By the operation where the platform has it, otherwise by the types that records are read from.
fn plan(source: &Source) -> Vec<Plan> {
    let has_everything = source.client.platform().everything.as_ref().is_some_and(|fact| fact.value);
    if has_everything {
        return vec![Plan::Everything, Plan::Named, Plan::Files];
    }
    let mut kinds: Vec<&'static str> = SECTIONS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut plan = vec![Plan::Own];
    plan.extend(kinds.into_iter().map(Plan::Type));
    plan.extend([Plan::Named, Plan::Files]);
    plan
}
