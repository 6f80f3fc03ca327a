//! Reading in the background: one replica at a time, each feed when it is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use outbound::{Outbound, OutboundError, Target, TargetSettings};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use store::{Lease, Store, StoreError, to_millis};
use tokio::sync::watch;
use url::Url;

use super::{FeedItem, FeedProblem, FeedSettings, parse};
use crate::{ContentError, entity::feed};

/// Of an answer, decompressed.
const MOST_BYTES: u64 = 1 << 20;
/// For an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Longer than a round takes.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8";

/// Reads the feeds of the configuration. One a process.
pub struct FeedReader {
    store: Store,
    feeds: Vec<(FeedSettings, Target)>,
    lease: Lease,
}

impl FeedReader {
    /// Nothing is asked yet: see [`FeedReader::run`].
    ///
    /// # Errors
    /// An address that nothing is ever asked of.
    pub fn new(store: Store, outbound: &Outbound, feeds: Vec<FeedSettings>) -> Result<Self, OutboundError> {
        let with_target = |feed: FeedSettings| {
            let settings = TargetSettings {
                timeout: PATIENCE,
                max_body: MOST_BYTES,
                ..TargetSettings::new(format!("feed:{}", feed.id), origin(&feed.url))
            };
            Ok((feed, outbound.target(settings)?))
        };
        let feeds = feeds.into_iter().map(with_target).collect::<Result<_, OutboundError>>()?;
        let holder = uuid::Uuid::now_v7().to_string();
        Ok(Self { store, feeds, lease: Lease { name: "content-feeds", holder, ttl: LEASE } })
    }

    /// Reads what is due, again and again, until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                // clock: a loop of its own
                round = self.round(Timestamp::now()) => {
                    if let Err(error) = round {
                        tracing::warn!(%error, "reading feeds");
                    }
                }
                _ = stop.wait_for(|stop| *stop) => return,
            }
            // What was configured once is gone now, and nothing will ever be due.
            if self.feeds.is_empty() {
                return;
            }
        }
    }

    /// One round: what is due is read, if no other replica does it.
    ///
    /// # Errors
    /// The database's. A feed that can't be read is no error: it is kept with the reason.
    pub async fn round(&self, now: Timestamp) -> Result<(), ContentError> {
        let lease = self.lease.clone();
        let ours =
            self.store.write::<_, StoreError, _>(move |tx| Box::pin(async move { Ok(lease.take(tx, now).await?) }));
        if !ours.await? {
            return Ok(());
        }
        let kept = feed::Entity::find().all(self.store.reader()).await?;
        if !self.is_kept(&kept) {
            self.keep_settings().await?;
        }
        for (settings, target) in &self.feeds {
            let tried = kept.iter().find(|row| row.id == settings.id).and_then(|row| row.tried_at);
            let lasts = i64::from(settings.refresh_minutes) * 60_000;
            if tried.is_none_or(|tried| tried + lasts <= to_millis(now)) {
                let read = read(target, &settings.url, now).await;
                self.keep(&settings.id, read, now).await?;
            }
        }
        Ok(())
    }

    /// Are these rows the feeds of the configuration?
    fn is_kept(&self, rows: &[feed::Model]) -> bool {
        let same = |settings: &FeedSettings, row: &feed::Model| {
            row.id == settings.id
                && row.kind == settings.kind.as_str()
                && row.audience == settings.audience.as_str()
                && (row.name_zh.as_str(), row.name_en.as_str())
                    == (settings.name.zh.as_str(), settings.name.en.as_str())
                && row.refresh_minutes == settings.refresh_minutes
        };
        rows.len() == self.feeds.len() && self.feeds.iter().all(|(one, _)| rows.iter().any(|row| same(one, row)))
    }

    /// Writes names and kinds down where pages read them; what is no longer configured goes.
    async fn keep_settings(&self) -> Result<(), ContentError> {
        let rows: Vec<feed::Model> = self.feeds.iter().map(|(settings, _)| row(settings)).collect();
        let kept = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
                feed::Entity::delete_many().filter(feed::Column::Id.is_not_in(ids)).exec(tx).await?;
                for row in rows {
                    let known = OnConflict::column(feed::Column::Id)
                        .update_columns([
                            feed::Column::Kind,
                            feed::Column::Audience,
                            feed::Column::NameZh,
                            feed::Column::NameEn,
                            feed::Column::RefreshMinutes,
                        ])
                        .to_owned();
                    feed::Entity::insert(row.into_active_model()).on_conflict(known).exec_without_returning(tx).await?;
                }
                Ok(())
            })
        });
        kept.await
    }

    async fn keep(
        &self,
        id: &str,
        read: Result<Vec<FeedItem>, FeedProblem>,
        now: Timestamp,
    ) -> Result<(), ContentError> {
        if let Err(problem) = read {
            tracing::warn!(feed = id, problem = problem.as_str(), "a feed was not read; the last good answer stands");
        }
        let id = id.to_owned();
        let items = match &read {
            Ok(items) => Some(serde_json::to_string(items).map_err(|_| ContentError::Row("feed"))?),
            Err(_) => None,
        };
        let problem = read.err().map(|problem| problem.as_str().to_owned());
        let kept = self.store.write::<_, ContentError, _>(move |tx| {
            Box::pin(async move {
                let mut change = feed::Entity::update_many()
                    .col_expr(feed::Column::TriedAt, Expr::value(to_millis(now)))
                    .col_expr(feed::Column::Problem, Expr::value(problem))
                    .filter(feed::Column::Id.eq(id));
                if let Some(items) = items {
                    change = change
                        .col_expr(feed::Column::Items, Expr::value(items))
                        .col_expr(feed::Column::ReadAt, Expr::value(to_millis(now)));
                }
                change.exec(tx).await?;
                Ok(())
            })
        });
        kept.await
    }
}

fn row(settings: &FeedSettings) -> feed::Model {
    feed::Model {
        id: settings.id.clone(),
        kind: settings.kind.as_str().to_owned(),
        audience: settings.audience.as_str().to_owned(),
        name_zh: settings.name.zh.clone(),
        name_en: settings.name.en.clone(),
        refresh_minutes: settings.refresh_minutes,
        items: "[]".to_owned(),
        read_at: None,
        tried_at: None,
        problem: None,
    }
}

/// Scheme, host and port alone.
fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}

async fn read(target: &Target, url: &Url, now: Timestamp) -> Result<Vec<FeedItem>, FeedProblem> {
    let answer =
        target.get(url, ACCEPT, tokio::time::Instant::now() + PATIENCE).await.map_err(|error| match error {
            OutboundError::Timeout { .. } | OutboundError::TooSlow { .. } => FeedProblem::Slow,
            OutboundError::TooLarge { .. } => FeedProblem::TooLarge,
            _ => FeedProblem::Unreachable,
        })?;
    match answer.status {
        200 => {}
        300..=399 => return Err(FeedProblem::Moved),
        _ => return Err(FeedProblem::Refused),
    }
    let origin = url.clone();
    // A megabyte of strange XML takes a while, and may be made to take longer.
    let parsed = tokio::task::spawn_blocking(move || parse::items(&answer.body, &origin, now));
    parsed.await.unwrap_or(Err(FeedProblem::NotAFeed))
}
