//! The runner of one process: takes what is due, fairly between kinds, and lets nobody's job run twice at a time.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value;
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::Instant,
};
use uuid::Uuid;

use super::{
    Ended, Failure, Handler, JobError, Line, NewJob, Run, State,
    claim::{self, Claim},
    figures, hold, insert, leave, next_of,
};
use crate::{Store, entity::job};

/// How often is told how much there is to do.
const TELL: Duration = Duration::from_secs(15);

/// What time it is: the portal gives the machine's, tests drive their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Something between 0 and 1, for the jitter.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// `Chance` of 64 random bits.
pub fn jitter_of(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// How long things take; the default is what portals use.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Whoever is silent for so long has lost the job.
    pub lease: SignedDuration,
    /// How often the lease is renewed, and how soon a cancelled job hears of it.
    pub heartbeat: Duration,
    /// How often a runner without work looks for some.
    pub poll: Duration,
    /// How long jobs may take to come to a good place when the process goes down.
    pub grace: Duration,
    /// Jobs of all kinds at a time.
    pub slots: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: SignedDuration::from_secs(30),
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_millis(500),
            grace: Duration::from_secs(8),
            slots: 4,
        }
    }
}

/// Runs the jobs of the kinds it has handlers for. Others wait for a process that knows them.
pub struct Runner {
    inner: Arc<Inner>,
    handlers: Vec<Arc<dyn Handler>>,
}

struct Inner {
    store: Store,
    clock: Clock,
    chance: Chance,
    timing: Timing,
    /// Who this process is, in front of each holder's number.
    process: String,
    claims: AtomicU64,
}

/// What runs: which handler each task is of.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    of: Vec<(Id, usize)>,
    /// The handler that is asked first.
    next: usize,
    /// When was told last how much there is to do.
    told: Option<Instant>,
}

impl Running {
    fn busy(&self, handler: usize) -> usize {
        self.of.iter().filter(|(_, of)| *of == handler).count()
    }

    fn ended(&mut self, task: Id) {
        self.of.retain(|(id, _)| *id != task);
    }
}

impl Runner {
    /// Without handlers.
    pub fn new(store: Store, clock: Clock, chance: Chance, timing: Timing) -> Self {
        let process = Uuid::now_v7().to_string();
        let inner = Inner { store, clock, chance, timing, process, claims: AtomicU64::new(0) };
        Self { inner: Arc::new(inner), handlers: Vec::new() }
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, handler: impl Handler) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// Runs until `stop` says true (or its sender is gone); then what runs is asked to stop and given back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (interrupt, interrupted) = watch::channel(false);
        let mut running = Running::default();
        let mut failing = false;
        loop {
            let filled = self.fill(&mut running, &interrupted).await;
            match &filled {
                Err(error) if !failing => tracing::error!(%error, "jobs can't be taken"),
                Ok(()) if failing => tracing::info!("jobs are taken again"),
                _ => {}
            }
            failing = filled.is_err();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = running.tasks.join_next_with_id(), if !running.tasks.is_empty() => {
                    running.ended(ended.map_or_else(|error| error.id(), |(id, ())| id));
                }
                () = tokio::time::sleep(self.inner.timing.poll) => {}
            }
        }
        interrupt.send_replace(true);
        let quiet = async { while running.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.inner.timing.grace, quiet).await.is_err() {
            running.tasks.shutdown().await;
        }
        if let Err(error) = self.inner.give_back().await {
            tracing::warn!(%error, "jobs were not given back: they go on when their leases end");
        }
    }

    /// Begins what is due, as far as there is room.
    async fn fill(&self, running: &mut Running, interrupted: &watch::Receiver<bool>) -> Result<(), JobError> {
        for handler in &self.handlers {
            self.inner.plan(handler.as_ref()).await?;
        }
        if running.told.is_none_or(|told| told.elapsed() >= TELL) {
            for handler in &self.handlers {
                figures::tell(
                    handler.kind(),
                    figures::pending(self.inner.store.reader(), handler.kind(), self.inner.now()).await?,
                );
            }
            running.told = Some(Instant::now());
        }
        while running.tasks.len() < self.inner.timing.slots {
            let Some((index, claim)) = self.take(running).await? else { return Ok(()) };
            let (inner, handler) = (self.inner.clone(), self.handlers[index].clone());
            let task = running.tasks.spawn(carry_out(inner, handler, claim, interrupted.clone()));
            running.of.push((task.id(), index));
        }
        Ok(())
    }

    /// One job of the first kind that has any, beginning behind the kind that had its turn last.
    async fn take(&self, running: &mut Running) -> Result<Option<(usize, Claim)>, JobError> {
        let kinds = self.handlers.len();
        for index in (0..kinds).map(|n| (running.next + n) % kinds) {
            let handler = &self.handlers[index];
            if running.busy(index) >= handler.limit() {
                continue;
            }
            if let Some(claim) = self.inner.take(handler.as_ref()).await? {
                running.next = (index + 1) % kinds;
                return Ok(Some((index, claim)));
            }
        }
        Ok(None)
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Sees to it that a job of a kind that happens by itself is there for its next time.
    async fn plan(&self, handler: &dyn Handler) -> Result<(), JobError> {
        let Some(every) = handler.every() else { return Ok(()) };
        let (kind, now) = (handler.kind(), self.now());
        if claim::is_open(self.store.reader(), kind).await? {
            return Ok(());
        }
        let next = NewJob { kind, key: "every".to_owned(), payload: Value::Null, run_at: next_of(every, now) };
        self.store.write(move |tx| Box::pin(async move { insert(tx, &next, now).await.map(drop) })).await
    }

    /// A job of this kind, if one is due.
    async fn take(&self, handler: &dyn Handler) -> Result<Option<Claim>, JobError> {
        let (kind, most, lease) = (handler.kind(), handler.most_attempts(), self.timing.lease);
        let now = self.now();
        while let Some(id) = claim::candidate(self.store.reader(), kind, now).await? {
            let holder = format!("{}/{}", self.process, self.claims.fetch_add(1, Ordering::Relaxed));
            let taken = self.store.write(move |tx| Box::pin(claim::take(tx, id, holder, lease, most, now)));
            if let Some(claim) = taken.await? {
                return Ok(Some(claim));
            }
        }
        Ok(None)
    }

    /// Renews the lease until it is lost; passes on what was asked.
    async fn keep(&self, claim: &Claim, ask: &watch::Sender<bool>) {
        let (id, lease) = (claim.row.id, self.timing.lease);
        let mut until = self.now() + lease;
        loop {
            tokio::time::sleep(self.timing.heartbeat).await;
            let (holder, now) = (claim.holder.clone(), self.now());
            let renewed =
                self.store.write(move |tx| Box::pin(async move { claim::renew(tx, id, &holder, lease, now).await }));
            match renewed.await {
                Ok(asked) => {
                    until = now + lease;
                    if asked.is_some() {
                        ask.send_replace(true);
                    }
                }
                Err(JobError::Lost | JobError::NotFound) => return,
                // Until the lease is over nobody else takes it.
                Err(_) if self.now() < until => {}
                Err(_) => return,
            }
        }
    }

    async fn settle(&self, claim: Claim, ended: Result<Ended, Failure>, most_attempts: i32) {
        let (chance, now, id) = ((self.chance)(), self.now(), claim.row.id);
        let written = self.store.write(move |tx| {
            Box::pin(async move { claim::settle(tx, &claim, &ended, most_attempts, chance, now).await })
        });
        match written.await {
            Ok(()) => {}
            Err(JobError::Lost) => tracing::warn!(job = %id, "somebody else holds this job by now"),
            // It is run again when its lease ends.
            Err(error) => tracing::error!(job = %id, %error, "how a job ended can't be written down"),
        }
    }

    /// What this process still holds (it was cut off) waits for another.
    async fn give_back(&self) -> Result<(), JobError> {
        let (process, now) = (format!("{}/", self.process), self.now());
        let back = self.store.write(move |tx| {
            Box::pin(async move {
                let held = job::Entity::find()
                    .filter(job::Column::State.eq(State::Running.as_str()))
                    .filter(job::Column::Holder.starts_with(&process));
                for row in held.all(tx).await? {
                    // Not the ask with it: whoever takes it next hears it.
                    let (asked, holder) = (row.asked.clone(), row.holder.clone());
                    let row = match hold(tx, row.id, holder.as_deref(), now).await {
                        Ok(row) if asked.is_none() && row.asked.is_none() => row,
                        Ok(_) | Err(JobError::Lost) => continue,
                        Err(error) => return Err(error),
                    };
                    let attempt = row.attempt - 1;
                    let line = Line { what: "interrupted", attempt, error: None, by: None };
                    leave(tx, row, State::Waiting, now, now, line).await?;
                }
                Ok(())
            })
        });
        back.await
    }
}

/// One job from its claim to what is written of its end.
async fn carry_out(inner: Arc<Inner>, handler: Arc<dyn Handler>, claim: Claim, stop: watch::Receiver<bool>) {
    let (ask, interrupted) = watch::channel(false);
    let run =
        Run { claim: Arc::new(claim.clone()), store: inner.store.clone(), clock: inner.clock.clone(), interrupted };
    let kind = handler.kind();
    let going_down = async {
        let mut stop = stop;
        let _ = stop.wait_for(|stop| *stop).await;
        ask.send_replace(true);
        std::future::pending::<Infallible>().await
    };
    let worked = AssertUnwindSafe(handler.run(&run)).catch_unwind();
    let ended = tokio::select! {
        ended = worked => ended.unwrap_or(Err(Failure::passing("panicked"))),
        never = going_down => match never {},
        () = inner.keep(&claim, &ask) => {
            tracing::warn!(job = %claim.row.id, kind, "a job's lease is lost: it goes on elsewhere");
            return;
        }
    };
    if let Err(failure) = &ended {
        tracing::warn!(job = %claim.row.id, kind, code = failure.code, attempt = claim.row.attempt, "a job did not work");
    }
    inner.settle(claim, ended, handler.most_attempts()).await;
}
