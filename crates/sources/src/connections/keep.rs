//! Keeping what a hospital gave, or giving it back.

use std::time::Duration;

use access::{AuditLog, Event, Outcome, PatientContext, PersonId};
use fhir::smart;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    sea_query::{ExprTrait as _, OnConflict},
};
use serde_json::json;
use store::{Tx, to_millis};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    ConnectError, Connection, Connections, CopyState, FlowFault, FlowStep, Matched, Pending, Scopes,
    begin::{random, since},
    connection, copies, event,
    seal::{Tokens, open_tokens, seal_tokens},
    trace::{End, count, settle},
};
use crate::{
    Source,
    entity::connection::{Column, Entity, Model},
};

/// How often somebody else may be quicker.
const TRIES: usize = 20;
/// For giving a token back: nobody's page waits longer for it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Connections {
    /// Keeps it: the hospital's patient is the person who connected. What they had of the same hospital is given back.
    ///
    /// # Errors
    /// The policy's, the audit's, the database's: then nothing is kept.
    pub async fn keep(
        &self,
        ctx: &PatientContext,
        pending: Pending,
        matched: Matched,
        now: Timestamp,
    ) -> Result<Connection, ConnectError> {
        let person = PersonId(pending.flow.person);
        self.require(ctx, person)?;
        let scopes = Scopes { granted: pending.granted.clone(), missing: pending.missing.clone() };
        let mut row = Model {
            id: Uuid::from_bytes(random(&self.inner.secrets)?),
            source: pending.source.id.clone(),
            person: person.0,
            patient: pending.patient.clone(),
            sealed: String::new(),
            rev: 1,
            lease_until: None,
            scopes: serde_json::to_string(&scopes)?,
            matched: matched.as_str().to_owned(),
            why: None,
            connected_at: to_millis(now),
            renewed_at: to_millis(now),
            ends_at: pending.tokens.refresh.is_none().then_some(pending.tokens.ends_at),
            // The first one is made at once: nobody knows how long the hospital lets itself be asked.
            copy_state: Some(CopyState::Wanted.as_str().to_owned()),
            copy_why: None,
            copy_done: 0,
            copy_total: None,
            copy_round: 0,
            copy_cursor: None,
            copied_at: None,
            copy_files: None,
        };
        let binding = binding(&pending.source);
        row.sealed = seal_tokens(&self.inner.secrets, &row, &binding, &pending.tokens).await?;
        let draft = AuditLog::draft(ctx, now, event("connection.begin", &row).about(person));
        let (audit, new, flow, trace) =
            (self.inner.audit.clone(), row.clone(), pending.flow.clone(), pending.trace.clone());
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                let gone = take_place(tx, &new).await?;
                audit.append(tx, draft).await?;
                settle(tx, &flow, &trace, &End::Connected, now).await?;
                Ok(gone)
            })
        });
        let gone = match written.await {
            Ok(gone) => gone,
            Err(error) => {
                // Nobody has it, so nobody would ever give it back.
                revoked(&pending.source, &pending.tokens).await;
                return Err(error);
            }
        };
        count(&row.source, &End::Connected, Some(since(&pending.flow, now)));
        for before in gone {
            self.forget(before.id);
            self.give_back(&before).await;
        }
        Ok(connection(&row))
    }

    /// Gives it back: it is not this person's, or nobody can say. `why` is a key of words.
    ///
    /// # Errors
    /// The audit's, the database's. What came of the flow is the returned fault.
    pub async fn refuse(
        &self,
        ctx: &PatientContext,
        pending: Pending,
        why: &'static str,
        now: Timestamp,
    ) -> Result<FlowFault, ConnectError> {
        let flow = &pending.flow;
        let event = Event::new("connection.refuse", "source-connection", Outcome::Refused)
            .because(why)
            .about(PersonId(flow.person))
            .with(json!({ "source": flow.source, "flow": flow.id }));
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.inner.audit.clone());
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        written.await?;
        let fault = FlowFault::new(FlowStep::Patient, why);
        let fault = self.fail(flow, &pending.trace, fault, now).await?;
        revoked(&pending.source, &pending.tokens).await;
        Ok(fault)
    }

    /// Tells the hospital that its tokens are not wanted any more. What can't be opened, or goes nowhere, ends by itself there.
    pub(super) async fn give_back(&self, row: &Model) -> bool {
        let Some(source) = self.inner.catalogue.get(&row.source).filter(|source| source.is_personal()) else {
            return false;
        };
        match open_tokens(&self.inner.secrets, row, &binding(&source)).await {
            Ok(Some(tokens)) => revoked(&source, &tokens).await,
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(source = row.source, %error, "tokens that can't be opened can't be given back");
                false
            }
        }
    }
}

/// Puts `new` into the place of what the same person had of the same hospital, which is returned: whoever takes a row away gives
/// its tokens back, and nobody else does. Of two that come at once the second waits for the first here, and takes its place.
async fn take_place(tx: &Tx, new: &Model) -> Result<Vec<Model>, ConnectError> {
    let same = Column::Person.eq(new.person).and(Column::Source.eq(new.source.as_str()));
    let once = OnConflict::columns([Column::Person, Column::Source]).do_nothing().to_owned();
    let mut gone = Vec::new();
    for _ in 0..TRIES {
        let before = Entity::delete_many().filter(same.clone()).exec_with_returning(tx).await?;
        for row in &before {
            copies::delete(tx, row.id).await?;
        }
        gone.extend(before);
        let insert = Entity::insert(new.clone().into_active_model()).on_conflict(once.clone());
        if insert.exec_without_returning(tx).await? == 1 {
            return Ok(gone);
        }
        // Somebody else's was not there yet when we looked, and is now.
    }
    Err(ConnectError::TooMany)
}

/// Where tokens of a source go: not to its neighbour at the same origin either, which may be another hospital.
pub(super) fn binding(source: &Source) -> String {
    let sign_in = source.sign_in.as_ref().map(|sign_in| sign_in.binding.as_str()).unwrap_or_default();
    format!("{sign_in}\n{}", source.client.base().path().trim_end_matches('/'))
}

/// RFC 7009, where the server has it: the token that others are made of, where there is one.
pub(super) async fn revoked(source: &Source, tokens: &Tokens) -> bool {
    let deadline = Instant::now() + PATIENCE;
    let asking = async {
        let sign_in = source.sign_in.as_ref()?;
        let (said, _) = sign_in.described(source.client.target(), deadline).await.ok()?;
        let home = &sign_in.token_home().ok()?.target;
        let endpoint = said.revocation_endpoint.clone().filter(|url| home.is_same_origin(url))?;
        let proof = sign_in.proof(&endpoint, &said).await.ok()?;
        let ask = sign_in.asking(&endpoint, &proof).ok()?;
        let token = tokens.refresh.as_deref().unwrap_or(&tokens.access);
        smart::revoke(home, &ask, token, deadline).await.ok()
    };
    asking.await.is_some()
}
