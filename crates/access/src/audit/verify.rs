//! Checks the log: every row's code, the numbers of every lane, the chain, and the heads published outside.
//!
//! Reads in batches; memory grows with lanes and problems, not with rows. May run beside a portal at work:
//! what is appended meanwhile is left to the next time. What it can't find is the removal of the newest rows of a lane
//! before the sealer has seen them (at most a second's worth).

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query},
};
use store::{Reader, Store, from_millis};
use uuid::Uuid;

use super::{
    AuditError, AuditKeys, EventId, Head,
    heads::{Heads, Line},
    mac,
};
use crate::{
    Domain,
    entity::{audit_event, audit_seal, audit_writer},
};

const BATCH: u64 = 1000;
/// Problems told one by one; beyond it they are only counted.
const TOLD: usize = 100_000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A row's code does not fit its columns: it was changed, moved, or not written by us.
    RowChanged,
    /// A row is gone: its number is missing in the lane, or its seal has no row.
    RowMissing,
    /// Rows of a lane that is not listed.
    LaneUnknown,
    /// The lane's high-water mark and the chain tell different stories.
    LaneMark,
    /// A row of the intranet portal under the key that the public portal's host has too, after the intranet portal had
    /// got a key of its own: a forged row, or an old program that was left running.
    SharedKey,
    /// A row that the sealer has passed has no seal, or rows of a lane were sealed out of order.
    SealOrder,
    /// A position of the chain is missing.
    SealMissing,
    /// A seal's hash does not follow from the one before and its row.
    ChainBroken,
    /// The chain is not the one that was published.
    HeadChanged,
    /// The chain ends before a published head.
    Truncated,
    /// A line of the heads file can't be read, or is out of order.
    HeadsUnreadable,
    /// There is no heads file, although rows are sealed.
    HeadsMissing,
}

/// Something wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// The lane, if it is about one.
    pub writer: Option<Uuid>,
    /// The row's number in the lane.
    pub number: Option<i64>,
    /// The place in the chain.
    pub position: Option<i64>,
}

/// What was checked, and what was found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct VerifyReport {
    /// When.
    pub at: Timestamp,
    /// Rows read.
    pub rows: u64,
    /// Seals read: rows that the chain covers.
    pub sealed: u64,
    /// Rows that are not sealed yet.
    pub unsealed_tail: u64,
    /// Of the oldest of them: more than some seconds ago means that no sealer runs.
    pub oldest_unsealed: Option<Timestamp>,
    /// Published heads that were compared.
    pub heads: u64,
    /// How many problems there are.
    pub problem_count: u64,
    /// The first 100,000 of them.
    pub problems: Vec<Problem>,
}

impl VerifyReport {
    /// Nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problem_count == 0
    }

    fn tell(&mut self, kind: ProblemKind, row: Option<EventId>, position: Option<i64>) {
        self.problem_count += 1;
        if self.problems.len() < TOLD {
            let (writer, number) = (row.map(|row| row.writer), row.map(|row| row.number));
            self.problems.push(Problem { kind, writer, number, position });
        }
    }
}

/// What is known of a lane.
#[derive(Default)]
struct Lane {
    /// The last row's number.
    last: i64,
    /// Up to where the chain covers it.
    sealed: i64,
}

struct Check<'a> {
    db: &'a Reader,
    keys: &'a AuditKeys,
    lanes: BTreeMap<Uuid, Lane>,
    report: VerifyReport,
}

/// Checks the whole log against its keys and the file of published heads.
///
/// # Errors
/// [`AuditError`] when the log or the file can't be read; what is wrong in them is in the report.
pub async fn verify(
    store: &Store,
    keys: &AuditKeys,
    heads_file: &Path,
    now: Timestamp,
) -> Result<VerifyReport, AuditError> {
    let report = VerifyReport {
        at: now,
        rows: 0,
        sealed: 0,
        unsealed_tail: 0,
        oldest_unsealed: None,
        heads: 0,
        problem_count: 0,
        problems: Vec::new(),
    };
    let mut check = Check { db: store.reader(), keys, lanes: BTreeMap::new(), report };
    // In this order a sealer at work makes nothing look wrong: heads come after seals, seals and marks after rows.
    let heads = Heads::open(heads_file).await?;
    let marks = check.marks().await?;
    let end = check.last_position().await?;
    check.rows().await?;
    check.chain(end, heads).await?;
    check.marks_fit(&marks).await?;
    check.tail().await?;
    Ok(check.report)
}

impl Check<'_> {
    async fn marks(&self) -> Result<BTreeMap<Uuid, i64>, DbErr> {
        let lanes = audit_writer::Entity::find().all(self.db).await?;
        Ok(lanes.into_iter().map(|lane| (lane.writer, lane.sealed)).collect())
    }

    async fn last_position(&self) -> Result<i64, DbErr> {
        let last = audit_seal::Entity::find().order_by_desc(audit_seal::Column::Position).one(self.db).await?;
        Ok(last.map_or(0, |seal| seal.position))
    }

    /// Lane after lane.
    async fn rows(&mut self) -> Result<(), DbErr> {
        let mut after = None;
        while let Some(writer) = self.next_lane(after).await? {
            let lane = self.lane_rows(writer).await?;
            self.lanes.insert(writer, lane);
            after = Some(writer);
        }
        Ok(())
    }

    async fn next_lane(&self, after: Option<Uuid>) -> Result<Option<Uuid>, DbErr> {
        let mut rows = audit_event::Entity::find().select_only().column(audit_event::Column::Writer);
        if let Some(after) = after {
            rows = rows.filter(audit_event::Column::Writer.gt(after));
        }
        rows.order_by_asc(audit_event::Column::Writer).limit(1).into_tuple().one(self.db).await
    }

    async fn lane_rows(&mut self, writer: Uuid) -> Result<Lane, DbErr> {
        let mut lane = Lane::default();
        let mut after = i64::MIN;
        loop {
            let rows = audit_event::Entity::find()
                .filter(audit_event::Column::Writer.eq(writer))
                .filter(audit_event::Column::Number.gt(after))
                .order_by_asc(audit_event::Column::Number)
                .limit(BATCH)
                .all(self.db)
                .await?;
            let Some(last) = rows.last() else { return Ok(lane) };
            after = last.number;
            for row in &rows {
                self.report.rows += 1;
                let id = EventId { writer, number: row.number };
                if !self.keys.fit(row) {
                    self.report.tell(ProblemKind::RowChanged, Some(id), None);
                }
                self.missing(writer, lane.last + 1, row.number);
                lane.last = Ord::max(lane.last, row.number);
            }
        }
    }

    /// Rows that should be between: told one by one, but a forged number can't make us count for ever.
    fn missing(&mut self, writer: Uuid, from: i64, until: i64) {
        for number in (from..until).take(TOLD) {
            self.report.tell(ProblemKind::RowMissing, Some(EventId { writer, number }), None);
        }
    }

    /// The chain from its beginning to `end`, beside the published heads.
    async fn chain(&mut self, end: i64, heads: Option<Heads>) -> Result<(), AuditError> {
        if heads.is_none() && end > 0 {
            self.report.tell(ProblemKind::HeadsMissing, None, None);
        }
        let mut published = Published::begin(heads, &mut self.report).await?;
        let mut before = Link { position: 0, hash: mac::GENESIS.to_vec() };
        loop {
            let seals = self.seals(before.position, end).await?;
            if seals.is_empty() {
                break;
            }
            for seal in seals {
                self.link(&before, &seal);
                published.compare(&seal, &mut self.report).await?;
                if seal.is_staff_s_under_shared_key && published.keys_apart.is_some_and(|from| seal.position > from) {
                    self.report.tell(ProblemKind::SharedKey, Some(seal.row), Some(seal.position));
                }
                before = Link { position: seal.position, hash: seal.hash };
            }
        }
        while let Some(head) = published.take(&mut self.report).await? {
            self.report.tell(ProblemKind::Truncated, None, Some(head.position));
        }
        Ok(())
    }

    /// After something wrong the chain is taken up again from the stored hash, so that one change is told once.
    fn link(&mut self, before: &Link, seal: &Seal) {
        self.report.sealed += 1;
        let at = Some(seal.position);
        for position in (before.position + 1..seal.position).take(TOLD) {
            self.report.tell(ProblemKind::SealMissing, None, Some(position));
        }
        let follows = seal.position == before.position + 1;
        match &seal.mac {
            // The hash of a seal behind a missing one can't be computed.
            Some(code) if follows && mac::link(&before.hash, seal.row, code).as_slice() != seal.hash => {
                self.report.tell(ProblemKind::ChainBroken, Some(seal.row), at);
            }
            Some(_) => {}
            // A gap below the lane's last row was told already.
            None if self.lanes.get(&seal.row.writer).is_none_or(|lane| seal.row.number > lane.last) => {
                self.report.tell(ProblemKind::RowMissing, Some(seal.row), at);
            }
            None => {}
        }
        let lane = self.lanes.entry(seal.row.writer).or_default();
        if seal.row.number != lane.sealed + 1 {
            self.report.tell(ProblemKind::SealOrder, Some(seal.row), at);
        }
        lane.sealed = Ord::max(lane.sealed, seal.row.number);
    }

    async fn seals(&self, after: i64, end: i64) -> Result<Vec<Seal>, DbErr> {
        let (seal, row) = (Alias::new("seal"), Alias::new("row"));
        let columns = [
            audit_seal::Column::Position,
            audit_seal::Column::Writer,
            audit_seal::Column::Number,
            audit_seal::Column::Hash,
        ];
        let select = Query::select()
            .columns(columns.map(|column| (seal.clone(), column)))
            .columns(
                [audit_event::Column::Mac, audit_event::Column::Format, audit_event::Column::Domain]
                    .map(|column| (row.clone(), column)),
            )
            .from_as(audit_seal::Entity, seal.clone())
            .join_as(
                JoinType::LeftJoin,
                audit_event::Entity,
                row.clone(),
                Expr::col((row.clone(), audit_event::Column::Writer))
                    .equals((seal.clone(), audit_seal::Column::Writer))
                    .and(
                        Expr::col((row, audit_event::Column::Number))
                            .equals((seal.clone(), audit_seal::Column::Number)),
                    ),
            )
            .and_where(Expr::col((seal.clone(), audit_seal::Column::Position)).gt(after))
            .and_where(Expr::col((seal.clone(), audit_seal::Column::Position)).lte(end))
            .order_by((seal, audit_seal::Column::Position), Order::Asc)
            .limit(BATCH)
            .to_owned();
        let rows = self.db.query_all(&select).await?;
        rows.iter()
            .map(|row| {
                let (format, domain): (Option<i16>, Option<String>) =
                    (row.try_get("", "format")?, row.try_get("", "domain")?);
                Ok(Seal {
                    position: row.try_get("", "position")?,
                    row: EventId { writer: row.try_get("", "writer")?, number: row.try_get("", "number")? },
                    hash: row.try_get("", "hash")?,
                    mac: row.try_get("", "mac")?,
                    is_staff_s_under_shared_key: format == Some(mac::SHARED_KEY)
                        && domain.as_deref() == Some(Domain::Internal.as_str()),
                })
            })
            .collect()
    }

    /// `before` was read before the chain; what the marks say now may only be later.
    async fn marks_fit(&mut self, before: &BTreeMap<Uuid, i64>) -> Result<(), DbErr> {
        let now = self.marks().await?;
        let mut lanes: Vec<Uuid> = self.lanes.keys().chain(now.keys()).chain(before.keys()).copied().collect();
        lanes.sort_unstable();
        lanes.dedup();
        for writer in lanes {
            let known = self.lanes.get(&writer);
            let (last, sealed) = known.map_or((0, 0), |lane| (lane.last, lane.sealed));
            let row = |number| Some(EventId { writer, number });
            match (before.get(&writer), now.get(&writer)) {
                (_, None) => self.report.tell(ProblemKind::LaneUnknown, row(last), None),
                (mark, Some(later)) if mark.is_some_and(|mark| *mark > sealed) || *later < sealed => {
                    self.report.tell(ProblemKind::LaneMark, row(sealed), None);
                }
                // A lane is listed by its first row.
                (Some(_), Some(_)) if last == 0 => self.report.tell(ProblemKind::RowMissing, row(1), None),
                _ => {}
            }
        }
        Ok(())
    }

    async fn tail(&mut self) -> Result<(), DbErr> {
        for (writer, lane) in &self.lanes {
            if lane.last <= lane.sealed {
                continue;
            }
            self.report.unsealed_tail += u64::try_from(lane.last - lane.sealed).unwrap_or(0);
            let first = audit_event::Entity::find()
                .filter(audit_event::Column::Writer.eq(*writer))
                .filter(audit_event::Column::Number.gt(lane.sealed))
                .order_by_asc(audit_event::Column::Number)
                .one(self.db)
                .await?;
            let at = first.map(|row| from_millis(row.at));
            self.report.oldest_unsealed = [self.report.oldest_unsealed, at].into_iter().flatten().min();
        }
        Ok(())
    }
}

struct Link {
    position: i64,
    hash: Vec<u8>,
}

struct Seal {
    position: i64,
    row: EventId,
    hash: Vec<u8>,
    mac: Option<Vec<u8>>,
    is_staff_s_under_shared_key: bool,
}

/// Published heads, walked beside the chain.
struct Published {
    heads: Option<Heads>,
    next: Option<Head>,
    /// Where the first head stands that tells of a key for each portal.
    keys_apart: Option<i64>,
}

impl Published {
    async fn begin(heads: Option<Heads>, report: &mut VerifyReport) -> Result<Self, AuditError> {
        let mut published = Self { heads, next: None, keys_apart: None };
        published.take(report).await?;
        Ok(published)
    }

    /// The head that is due, moving on to the one after it.
    async fn take(&mut self, report: &mut VerifyReport) -> Result<Option<Head>, AuditError> {
        let due = self.next.take();
        let Some(heads) = &mut self.heads else { return Ok(due) };
        loop {
            match heads.next().await? {
                Line::End => return Ok(due),
                Line::Garbage => report.tell(ProblemKind::HeadsUnreadable, None, None),
                Line::Head(head) if due.as_ref().is_some_and(|due| head.position < due.position) => {
                    report.tell(ProblemKind::HeadsUnreadable, None, Some(head.position));
                }
                Line::Head(head) => {
                    report.heads += 1;
                    self.next = Some(head);
                    return Ok(due);
                }
            }
        }
    }

    async fn compare(&mut self, seal: &Seal, report: &mut VerifyReport) -> Result<(), AuditError> {
        while self.next.as_ref().is_some_and(|head| head.position <= seal.position) {
            let Some(head) = self.take(report).await? else { break };
            if head.format >= mac::FORMAT && self.keys_apart.is_none() {
                self.keys_apart = Some(head.position);
            }
            if head.position != seal.position || !head.has_hash(&seal.hash) {
                report.tell(ProblemKind::HeadChanged, None, Some(head.position));
            }
        }
        Ok(())
    }
}
