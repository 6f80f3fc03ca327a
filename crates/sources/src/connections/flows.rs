//! What administrators see of flows: figures by hospital, and the trace of each, without whose it was.

use std::collections::BTreeMap;

use access::{Act, Object, Policy, StaffContext};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::ExprTrait as _,
};
use store::{Store, from_millis, to_millis};
use uuid::Uuid;

use super::{FlowKind, FlowStep, trace::Trace};
use crate::{
    SourceError,
    entity::{
        connection,
        flow::{Column, Entity, Model},
    },
};

/// Flows that figures are made of, the newest.
pub(super) const MOST: u64 = 50_000;

/// How a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowOutcome {
    /// The person is at the hospital's page.
    Open,
    /// The record is connected.
    Connected,
    /// It came to nothing.
    Failed,
    /// The person has not come back.
    Lapsed,
}

impl FlowOutcome {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Connected, Self::Failed, Self::Lapsed, Self::Open];

    /// In addresses, JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Connected => "connected",
            Self::Failed => "failed",
            Self::Lapsed => "lapsed",
        }
    }

    /// From an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    pub(super) fn of(outcome: Option<&str>, expires_at: i64, now: i64) -> Self {
        match outcome {
            Some("connected") => Self::Connected,
            Some(_) => Self::Failed,
            None if expires_at <= now => Self::Lapsed,
            None => Self::Open,
        }
    }
}

/// Which flows are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowFilter {
    /// Of this source.
    pub source: Option<String>,
    /// That stand so.
    pub outcome: Option<FlowOutcome>,
}

/// One flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTrace {
    /// What people read out.
    pub id: Uuid,
    /// Who goes there and back.
    pub kind: FlowKind,
    /// Id of the source; empty where somebody was sent here by a server that none is known to be.
    pub source: String,
    /// When the person left.
    pub begun_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The time between.
    pub took_ms: Option<i64>,
    /// How it stands.
    pub outcome: FlowOutcome,
    /// How far it came.
    pub step: FlowStep,
    /// Why it failed, a key of words.
    pub why: Option<String>,
    /// What the hospital calls it (RFC 6749), or which part of its `id_token` is wrong; may be empty.
    pub error: String,
    /// HTTP status of its refusal.
    pub status: Option<u16>,
    /// Its words, short. From outside: never more than text.
    pub said: String,
    /// Scopes that were asked for.
    pub asked: Vec<String>,
    /// Scopes that were granted.
    pub granted: Vec<String>,
    /// What the person was sent with; values that could be used are not there.
    pub request: Vec<(String, String)>,
    /// What they came back with, likewise.
    pub answer: Vec<(String, String)>,
    /// What came with the token of a launch, likewise.
    pub context: Vec<(String, String)>,
    /// They came back with what they were sent with.
    pub state_found: bool,
}

/// Figures of one hospital.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowFigures {
    /// Id of the source.
    pub source: String,
    /// Flows begun.
    pub started: u64,
    /// Of these: connected.
    pub connected: u64,
    /// Failed.
    pub failed: u64,
    /// Never came back.
    pub lapsed: u64,
    /// Still there.
    pub open: u64,
    /// Half of those that connected took no longer.
    pub median_ms: Option<i64>,
    /// Why they failed, the most frequent first.
    pub errors: Vec<(String, u64)>,
    /// Connections that there are now.
    pub connections: u64,
    /// Of these: those whose patient has to sign in there again.
    pub reconnect: u64,
}

/// Flows as staff see them. Cheap to clone.
#[derive(Clone)]
pub struct Flows {
    pub(super) store: Store,
    policy: Policy,
}

impl Flows {
    /// Of `store`, for whom `policy` lets administer sources.
    pub fn new(store: Store, policy: Policy) -> Self {
        Self { store, policy }
    }

    /// Figures of what was begun since, in the order of ids.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn figures(
        &self,
        ctx: &StaffContext,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<FlowFigures>, SourceError> {
        self.require(ctx)?;
        let rows: Vec<Begun> = Entity::find()
            .filter(Column::BegunAt.gte(to_millis(since)))
            .order_by_desc(Column::BegunAt)
            .limit(MOST)
            .into_partial_model()
            .all(self.store.reader())
            .await?;
        let mut figures: BTreeMap<String, Gathered> = BTreeMap::new();
        for row in rows {
            let outcome = FlowOutcome::of(row.outcome.as_deref(), row.expires_at, to_millis(now));
            figures.entry(row.source).or_default().add(outcome, row.why, row.finished_at.map(|at| at - row.begun_at));
        }
        for (source, why) in self.connections().await? {
            let of = &mut figures.entry(source).or_default().figures;
            of.connections += 1;
            of.reconnect += u64::from(why.is_some());
        }
        Ok(figures.into_iter().map(|(source, gathered)| gathered.closed(source)).collect())
    }

    /// The newest first, `most` of them.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn list(
        &self,
        ctx: &StaffContext,
        filter: &FlowFilter,
        most: u64,
        now: Timestamp,
    ) -> Result<Vec<FlowTrace>, SourceError> {
        self.require(ctx)?;
        let mut rows = Entity::find();
        if let Some(source) = &filter.source {
            rows = rows.filter(Column::Source.eq(source.as_str()));
        }
        let (open, over) = (Column::Outcome.is_null(), Column::ExpiresAt.lte(to_millis(now)));
        rows = match filter.outcome {
            None => rows,
            Some(FlowOutcome::Open) => rows.filter(open.and(over.not())),
            Some(FlowOutcome::Lapsed) => rows.filter(open.and(over)),
            Some(outcome) => rows.filter(Column::Outcome.eq(outcome.as_str())),
        };
        let rows = rows.order_by_desc(Column::BegunAt).order_by_desc(Column::Id).limit(most);
        let rows = rows.all(self.store.reader()).await?;
        Ok(rows.iter().map(|row| told(row, now)).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`SourceError::NotFound`]; the policy's and the database's.
    pub async fn one(&self, ctx: &StaffContext, id: Uuid, now: Timestamp) -> Result<FlowTrace, SourceError> {
        self.require(ctx)?;
        let row = Entity::find_by_id(id).one(self.store.reader()).await?;
        Ok(told(&row.ok_or(SourceError::NotFound)?, now))
    }

    pub(super) fn require(&self, ctx: &StaffContext) -> Result<(), SourceError> {
        Ok(self.policy.require(ctx, &Object::PAGE_SOURCES, Act::Administer)?)
    }

    /// Source and why a new sign-in is wanted, of each connection.
    async fn connections(&self) -> Result<Vec<(String, Option<String>)>, SourceError> {
        let rows = connection::Entity::find()
            .select_only()
            .columns([connection::Column::Source, connection::Column::Why])
            .into_tuple()
            .all(self.store.reader());
        Ok(rows.await?)
    }
}

/// What figures are made of.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Begun {
    source: String,
    outcome: Option<String>,
    why: Option<String>,
    begun_at: i64,
    expires_at: i64,
    finished_at: Option<i64>,
}

#[derive(Default)]
struct Gathered {
    figures: FlowFigures,
    errors: BTreeMap<String, u64>,
    took: Vec<i64>,
}

impl Gathered {
    fn add(&mut self, outcome: FlowOutcome, why: Option<String>, took: Option<i64>) {
        self.figures.started += 1;
        match outcome {
            FlowOutcome::Open => self.figures.open += 1,
            FlowOutcome::Lapsed => self.figures.lapsed += 1,
            FlowOutcome::Connected => {
                self.figures.connected += 1;
                self.took.extend(took);
            }
            FlowOutcome::Failed => {
                self.figures.failed += 1;
                *self.errors.entry(why.unwrap_or_default()).or_default() += 1;
            }
        }
    }

    fn closed(mut self, source: String) -> FlowFigures {
        self.took.sort_unstable();
        let median_ms = self.took.get(self.took.len() / 2).copied();
        let mut errors: Vec<(String, u64)> = self.errors.into_iter().collect();
        errors.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        FlowFigures { source, median_ms, errors, ..self.figures }
    }
}

fn told(row: &Model, now: Timestamp) -> FlowTrace {
    let trace = Trace::of(row);
    FlowTrace {
        id: row.id,
        kind: FlowKind::of(&row.kind),
        source: row.source.clone(),
        begun_at: from_millis(row.begun_at),
        finished_at: row.finished_at.map(from_millis),
        took_ms: row.finished_at.map(|at| at - row.begun_at),
        outcome: FlowOutcome::of(row.outcome.as_deref(), row.expires_at, to_millis(now)),
        step: FlowStep::parse(&row.step).unwrap_or(FlowStep::Discover),
        why: row.why.clone(),
        error: trace.error,
        status: trace.status,
        said: trace.said,
        asked: trace.asked,
        granted: trace.granted,
        request: trace.request,
        answer: trace.answer,
        context: trace.context,
        state_found: row.used_at.is_some(),
    }
}
