//! What a handler is, and what it has while it works.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Clock, JobError, claim::Claim, hold};
use crate::{Store, StoreError, Tx};

/// Does the jobs of one kind. It is run again from its cursor after a failure, a kill or a lost lease: what it does outside
/// the database it does so that twice is once (an idempotency key), what it does inside it commits with [`Run::save`].
#[async_trait::async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The kind, in lower-case letters and `-`; also a message key (`job-kind-…`).
    fn kind(&self) -> &'static str;

    /// How many of them at a time in one process.
    fn limit(&self) -> usize {
        1
    }

    /// How often one is done by itself, on multiples of it; `None` for those that are asked for.
    fn every(&self) -> Option<SignedDuration> {
        None
    }

    /// After so many attempts without coming forward it has failed.
    fn most_attempts(&self) -> i32 {
        12
    }

    /// Does it. A handler that takes long looks at [`Run::interrupted`] between its steps.
    async fn run(&self, run: &Run) -> Result<Ended, Failure>;
}

/// How a handler left its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it is done.
    Done,
    /// It was asked to stop ([`Run::interrupted`]); its cursor says where to go on.
    Interrupted,
}

/// Why it did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A code (`source-silent`): also a message key (`job-error-…`). Never a text.
    pub code: &'static str,
    /// Trying again makes no sense.
    pub is_final: bool,
    /// What the other side said of when to come back (`Retry-After`).
    pub after: Option<SignedDuration>,
}

impl Failure {
    /// Trying again may help.
    pub const fn passing(code: &'static str) -> Self {
        Self { code, is_final: false, after: None }
    }

    /// It can't work.
    pub const fn lasting(code: &'static str) -> Self {
        Self { code, is_final: true, after: None }
    }

    /// Not before this long.
    #[must_use]
    pub const fn after(self, wait: SignedDuration) -> Self {
        Self { after: Some(wait), ..self }
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::passing(if matches!(error, JobError::Lost) { "lease-lost" } else { "database" })
    }
}

impl From<StoreError> for Failure {
    fn from(_: StoreError) -> Self {
        Self::passing("database")
    }
}

impl From<sea_orm::DbErr> for Failure {
    fn from(_: sea_orm::DbErr) -> Self {
        Self::passing("database")
    }
}

/// A job while it is run. Cheap to clone.
#[derive(Clone)]
pub struct Run {
    pub(super) claim: Arc<Claim>,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) interrupted: watch::Receiver<bool>,
}

impl Run {
    /// The job.
    pub fn id(&self) -> Uuid {
        self.claim.row.id
    }

    /// What it is about.
    pub fn key(&self) -> &str {
        &self.claim.row.key
    }

    /// What it was asked for with.
    pub fn payload(&self) -> Value {
        serde_json::from_str(&self.claim.row.payload).unwrap_or_default()
    }

    /// Where an earlier attempt came to.
    pub fn cursor(&self) -> Option<&str> {
        self.claim.row.cursor.as_deref()
    }

    /// How often it was begun since it last came forward; 1 the first time.
    pub fn attempt(&self) -> i32 {
        self.claim.row.attempt
    }

    /// The time by the runner's clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Is it to stop at the next good place? Somebody cancelled or paused it, or the process goes down.
    pub fn interrupted(&self) -> bool {
        *self.interrupted.borrow()
    }

    /// Returns when [`Run::interrupted`] is so.
    pub async fn until_interrupted(&self) {
        // The sender lives as long as the run.
        let _ = self.interrupted.clone().wait_for(|stop| *stop).await;
    }

    /// Says how far it is, for whoever looks; `note` is a message key (`job-note-…`).
    ///
    /// # Errors
    /// [`JobError::Lost`]; the database's.
    pub async fn progress(&self, done: i64, total: Option<i64>, note: Option<&'static str>) -> Result<(), JobError> {
        let (claim, now) = (self.claim.clone(), self.now());
        let written = self.store.write(move |tx| {
            Box::pin(async move {
                let mut row = hold(tx, claim.row.id, Some(&claim.holder), now).await?.into_active_model();
                (row.done, row.total, row.note) = (Set(Some(done)), Set(total), Set(note.map(str::to_owned)));
                row.update(tx).await?;
                Ok(())
            })
        });
        written.await
    }

    /// Remembers where to go on, in the transaction of the work up to there: both are kept or neither, and neither once the
    /// lease is somebody else's. Who comes forward has not failed: attempts are counted anew.
    ///
    /// # Errors
    /// [`JobError::Lost`]: the transaction must not be committed. The database's.
    pub async fn save(&self, tx: &Tx, cursor: &str) -> Result<(), JobError> {
        let mut row = hold(tx, self.id(), Some(&self.claim.holder), self.now()).await?.into_active_model();
        row.cursor = Set(Some(cursor.to_owned()));
        row.attempt = Set(1);
        row.update(tx).await?;
        Ok(())
    }
}
