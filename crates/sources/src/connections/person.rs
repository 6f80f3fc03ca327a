//! What a hospital is asked with in the name of one patient.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use fhir::smart::{self, Grant, Granted, TokenFault};
use outbound::{Authorizer, OutboundError};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::to_millis;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout_at},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    ConnectError, Scopes,
    callback::granted_scopes,
    keep::{binding, revoked},
    seal::{Tokens, open_tokens, seal_tokens},
};
use crate::{
    Secrets, Source,
    entity::connection::{Column, Entity, Model},
    sign_in::Failed,
};

/// One process asks for a new token; the others wait for what it gets, or so long.
const LEASE: Duration = Duration::from_secs(20);
/// For a new token.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the others look.
const LOOK: Duration = Duration::from_millis(100);
/// A token that was given a moment ago and is refused is not what is wrong.
const FRESH: Duration = Duration::from_secs(3);

/// A token that is used before anybody has said whose it is.
pub(super) struct Once {
    source: String,
    header: Zeroizing<String>,
}

impl Once {
    pub(super) fn new(source: &str, tokens: &Tokens) -> Self {
        Self { source: source.to_owned(), header: Zeroizing::new(format!("Bearer {}", tokens.access)) }
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Once({})", self.source)
    }
}

#[async_trait]
impl Authorizer for Once {
    async fn authorization(&self, _: Instant) -> Result<Zeroizing<String>, OutboundError> {
        Ok(self.header.clone())
    }

    async fn refused(&self, _: &str) -> bool {
        false
    }
}

/// A patient's sign-in at one hospital: their token, and a new one when it ends.
pub(super) struct PatientSignIn {
    asker: Arc<Asker>,
    held: Mutex<Option<Held>>,
}

/// Asks for tokens.
struct Asker {
    id: Uuid,
    source: Arc<Source>,
    secrets: Secrets,
}

struct Held {
    header: Zeroizing<String>,
    /// Milliseconds since 1970.
    use_until: i64,
    rev: i64,
    since: Instant,
    /// The hospital has refused it.
    is_stale: bool,
}

impl fmt::Debug for PatientSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatientSignIn({})", self.asker.source.id)
    }
}

impl PatientSignIn {
    pub(super) fn new(row: &Model, source: Arc<Source>, secrets: Secrets) -> Self {
        Self { asker: Arc::new(Asker { id: row.id, source, secrets }), held: Mutex::default() }
    }

    /// Does it ask this very definition of the hospital?
    pub(super) fn is_of(&self, source: &Arc<Source>) -> bool {
        Arc::ptr_eq(&self.asker.source, source)
    }
}

impl Asker {
    fn now_ms(&self) -> i64 {
        to_millis((self.secrets.ambient.now)())
    }

    async fn row(&self) -> Result<Model, &'static str> {
        let read = Entity::find_by_id(self.id).one(self.secrets.store.reader()).await;
        let row = read.map_err(|error| self.failed("no-secret", &error))?;
        row.ok_or("connection-ended")
    }

    fn failed(&self, why: &'static str, error: &dyn fmt::Display) -> &'static str {
        tracing::warn!(source = self.source.id, why, %error, "a patient's sign-in at a hospital");
        why
    }

    async fn tokens(&self, row: &Model) -> Result<Tokens, &'static str> {
        let opened = open_tokens(&self.secrets, row, &binding(&self.source)).await;
        opened.map_err(|error| self.failed("secret-unreadable", &error))?.ok_or("connection-ended")
    }

    /// A token that can be used: the one that is kept, or a new one. `stale` is the number of one that the hospital refuses.
    async fn find(self: Arc<Self>, stale: Option<i64>, deadline: Instant) -> Result<Held, &'static str> {
        loop {
            let row = self.row().await?;
            if row.why.is_some() {
                return Err("sign-in-again");
            }
            let tokens = self.tokens(&row).await?;
            if stale != Some(row.rev) && tokens.use_until > self.now_ms() {
                return Ok(held(&row, &tokens));
            }
            let Some(refresh) = tokens.refresh.clone().map(Zeroizing::new) else {
                self.wants_sign_in(&row, "ended").await;
                return Err("sign-in-again");
            };
            if self.lease(&row).await.map_err(|error| self.failed("no-secret", &error))? {
                // Whoever waits for it may leave: what the hospital then gives must be kept all the same, since it has made the
                // old one void.
                let asking = tokio::spawn(async move { self.renewed(&row, &refresh).await });
                let come = timeout_at(deadline, asking).await.map_err(|_| "token-unreachable")?;
                return come.unwrap_or(Err("token-unreachable"));
            }
            if Instant::now() + LOOK >= deadline {
                return Err("token-unreachable");
            }
            sleep(LOOK).await;
        }
    }

    /// Nobody else asks for a new token meanwhile: a hospital that gives a new refresh token with each takes one that comes
    /// twice for stolen, and ends the whole connection (RFC 9700 section 4.14.2).
    async fn lease(&self, row: &Model) -> Result<bool, ConnectError> {
        let now = self.now_ms();
        let until = now + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let free = Column::LeaseUntil.is_null().or(Column::LeaseUntil.lt(now));
        let change = Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(until))
            .filter(Column::Id.eq(row.id).and(Column::Rev.eq(row.rev)).and(free));
        let taken = self.secrets.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move { Ok(change.exec(tx).await?.rows_affected == 1) })
        });
        taken.await
    }

    /// A new token, kept before it is used.
    async fn renewed(&self, row: &Model, refresh: &str) -> Result<Held, &'static str> {
        let asked = self.ask(refresh, Instant::now() + PATIENCE).await;
        let outcome = asked.as_ref().map_or_else(|(why, _)| *why, |_| "granted");
        let labels = [("source", self.source.id.clone()), ("outcome", outcome.to_owned())];
        metrics::counter!("portal_source_tokens_total", &labels).increment(1);
        match asked {
            // What it opens is somebody else's record: it is given back, and the patient signs in there anew.
            Ok(granted) if granted.launch.patient.as_ref().is_some_and(|patient| *patient != row.patient) => {
                revoked(&self.source, &Tokens::granted(&granted, Some(refresh), self.now_ms())).await;
                self.wants_sign_in(row, "another-patient").await;
                Err("sign-in-again")
            }
            Ok(granted) => {
                let kept = self.keep(row, refresh, &granted).await;
                kept.map_err(|error| self.failed("no-secret", &error))?.ok_or("connection-ended")
            }
            Err((why, lasting)) => {
                if lasting {
                    self.wants_sign_in(row, why).await;
                    return Err("sign-in-again");
                }
                self.release(row).await;
                Err(why)
            }
        }
    }

    /// Why there is none, and whether only the patient can change that.
    async fn ask(&self, refresh: &str, deadline: Instant) -> Result<Granted, (&'static str, bool)> {
        let passing = |why| (why, false);
        let failed = |failed: Failed| passing(failed.why());
        let sign_in = self.source.sign_in.as_ref().ok_or(passing("no-token-endpoint"))?;
        let (said, endpoint) = sign_in.described(self.source.client.target(), deadline).await.map_err(failed)?;
        let proof = sign_in.proof(&endpoint, &said).await.map_err(failed)?;
        let ask = sign_in.asking(&endpoint, &proof).map_err(failed)?;
        let home = &sign_in.token_home().map_err(failed)?.target;
        let granted = smart::token(home, &ask, Grant::Refresh(refresh), deadline).await;
        granted.map_err(|fault| match &fault {
            // RFC 6749 section 5.2: it is void, and asking again is void too.
            TokenFault::Refused { error, .. } if error == "invalid_grant" => ("refresh-refused", true),
            TokenFault::Refused { .. } => passing("token-refused"),
            TokenFault::Outbound(_) => passing("token-unreachable"),
            TokenFault::NoToken => passing("no-token"),
            TokenFault::Unsigned => passing("no-key"),
        })
    }

    /// Puts the new one into the place of the old one. `None`: the connection has ended meanwhile, and what came is given back.
    async fn keep(&self, row: &Model, refresh: &str, granted: &Granted) -> Result<Option<Held>, ConnectError> {
        let now = self.now_ms();
        let tokens = Tokens::granted(granted, Some(refresh), now);
        let sealed = seal_tokens(&self.secrets, row, &binding(&self.source), &tokens).await?;
        let mut change = Entity::update_many();
        if granted.scopes.is_some() {
            // It may be less than before (RFC 6749 section 6).
            let (granted, missing) = granted_scopes(&self.source, granted);
            let scopes = serde_json::to_string(&Scopes { granted, missing })?;
            change = change.col_expr(Column::Scopes, Expr::value(scopes));
        }
        let change = change
            .col_expr(Column::Sealed, Expr::value(sealed))
            .col_expr(Column::Rev, Expr::value(row.rev + 1))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(Column::RenewedAt, Expr::value(now))
            .filter(Column::Id.eq(row.id).and(Column::Rev.eq(row.rev)));
        let changed = self.secrets.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move { Ok(change.exec(tx).await?.rows_affected == 1) })
        });
        if changed.await? {
            return Ok(Some(held(&Model { rev: row.rev + 1, ..row.clone() }, &tokens)));
        }
        revoked(&self.source, &tokens).await;
        Ok(None)
    }

    async fn release(&self, row: &Model) {
        self.change(row, Column::LeaseUntil, Expr::value(None::<i64>)).await;
    }

    async fn wants_sign_in(&self, row: &Model, why: &'static str) {
        tracing::info!(source = self.source.id, why, "a patient has to sign in again at a hospital");
        self.change(row, Column::Why, Expr::value(why)).await;
    }

    /// Of the very token that was tried: one that came meanwhile is not touched.
    async fn change(&self, row: &Model, column: Column, value: Expr) {
        let same = Column::Id.eq(row.id).and(Column::Rev.eq(row.rev));
        let change = Entity::update_many().col_expr(column, value).filter(same);
        let written = self.secrets.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                change.exec(tx).await?;
                Ok(())
            })
        });
        if let Err(error) = written.await {
            tracing::error!(source = self.source.id, %error, "the state of a connection can't be written");
        }
    }
}

fn held(row: &Model, tokens: &Tokens) -> Held {
    let header = Zeroizing::new(format!("Bearer {}", tokens.access));
    Held { header, use_until: tokens.use_until, rev: row.rev, since: Instant::now(), is_stale: false }
}

#[async_trait]
impl Authorizer for PatientSignIn {
    async fn authorization(&self, deadline: Instant) -> Result<Zeroizing<String>, OutboundError> {
        let fault = |why| OutboundError::SignIn { target: self.asker.source.id.clone(), why };
        let begun = Instant::now();
        let deadline = begun + deadline.saturating_duration_since(begun) * 3 / 4;
        let mut kept = timeout_at(deadline, self.held.lock()).await.map_err(|_| fault("token-unreachable"))?;
        let stale = match kept.as_ref() {
            Some(held) if !held.is_stale && held.use_until > self.asker.now_ms() => {
                return Ok(held.header.clone());
            }
            Some(held) if held.is_stale => Some(held.rev),
            _ => None,
        };
        let found = self.asker.clone().find(stale, deadline).await.map_err(fault)?;
        Ok(kept.insert(found).header.clone())
    }

    async fn refused(&self, used: &str) -> bool {
        let mut kept = self.held.lock().await;
        match kept.as_mut() {
            // Somebody has got another one meanwhile.
            Some(held) if held.header.as_str() != used => true,
            Some(held) => {
                held.is_stale = held.since.elapsed() >= FRESH;
                held.is_stale
            }
            None => true,
        }
    }
}
