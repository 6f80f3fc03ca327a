//! Sending somebody back to the hospital whose system sent them here.

use std::sync::Arc;

use access::StaffContext;
use fhir::smart;
use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, sea_query::ExprTrait as _};
use store::to_millis;

use super::Launches;
use crate::{
    Source,
    connections::{
        ConnectError, Departure, FlowFault, FlowStep,
        begin::{LIVES, MOST_AT_ONCE, Owner, asked, fresh_row, request},
        callback::once,
        seal::seal_flow,
        trace::{Trace, redacted, redacted_query, tell},
    },
    entity::flow::{Column, Entity, Model},
};

/// Longest handle of a launch, in bytes. It goes back to the hospital in an address.
const LONGEST: usize = 2_000;

/// What a browser is sent here with.
#[derive(Clone, Default)]
pub struct Called {
    /// The FHIR server of the system that sends it.
    pub iss: Option<String>,
    /// That system's own handle: it says nothing here, and goes back as it came.
    pub launch: Option<String>,
}

impl std::fmt::Debug for Called {
    // A handle is good for a token to whoever signs in there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Called(…)")
    }
}

impl Called {
    /// Of an address; of a parameter that is there twice, nothing (RFC 6749 section 3.1).
    pub fn of_query(query: &str) -> Self {
        Self { iss: once(query, "iss"), launch: once(query, "launch") }
    }

    /// Nobody is sent here by it.
    pub fn is_nothing(&self) -> bool {
        self.iss.is_none() && self.launch.is_none()
    }

    /// What is kept of it: the handle never is.
    fn trace(&self) -> Trace {
        let pairs = [("iss", &self.iss), ("launch", &self.launch)];
        let said = pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        Trace { request: redacted(said), ..Trace::default() }
    }
}

impl Launches {
    /// Begins a launch for somebody who is signed in, in the browser whose session is `session`: what comes back with another does
    /// not count. Nothing is asked of a server that no hospital of the catalogue is known to send staff from.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] for a server that is not known, and when the hospital does not say how to sign in, or in a way that is
    /// not safe; [`ConnectError::TooMany`]; the policy's, the audit's, the database's.
    pub async fn begin(
        &self,
        ctx: &StaffContext,
        called: &Called,
        session: &str,
        now: Timestamp,
    ) -> Result<Departure, ConnectError> {
        self.require(ctx)?;
        self.is_patient_enough(ctx, now).await?;
        let source = called.iss.as_deref().and_then(|iss| self.way.inner.catalogue.launching(iss));
        let id = source.as_ref().map_or("", |source| source.id.as_str());
        let (mut row, state) = fresh_row(&self.way.inner.secrets, Owner::Staff(ctx.subject()), id, session, now)?;
        match self.left(&mut row, source, called, &state).await {
            Ok((url, trace)) => {
                row.trace = serde_json::to_string(&trace)?;
                let departure = Departure { flow: row.id, source: row.source.clone(), url, form: None };
                tell(&row.source, FlowStep::Authorize, "begun", "");
                self.way.write(row, now).await?;
                Ok(departure)
            }
            Err(ConnectError::Flow(fault)) => {
                self.remember(ctx, (&row.source, row.id), &fault, now).await?;
                Err(self.way.fail_at_once(row, called.trace(), *fault, now).await?.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Where the browser goes, with what it takes along sealed into the row.
    async fn left(
        &self,
        row: &mut Model,
        source: Option<Arc<Source>>,
        called: &Called,
        state: &str,
    ) -> Result<(url::Url, Trace), ConnectError> {
        let fault = |why| FlowFault::new(FlowStep::Discover, why);
        let source = source.and_then(|source| source.launch.clone()).ok_or(fault("unknown-iss"))?;
        let launch = called.launch.as_deref().filter(|launch| (1..=LONGEST).contains(&launch.len()));
        let launch = launch.ok_or(fault("no-launch"))?;
        let (said, endpoint) = self.way.described(&source).await?;
        let secret = self.way.secret(&source, &said)?;
        row.sealed = Some(seal_flow(&self.way.inner.secrets, row, &secret).await?);
        let challenge = smart::challenge(&secret.verifier);
        let url = request(&source, &endpoint, state, (&secret, &challenge), Some(launch))?.url();
        let trace = Trace { request: redacted_query(&url), asked: asked(&source), ..Trace::default() };
        Ok((url, trace))
    }

    async fn is_patient_enough(&self, ctx: &StaffContext, now: Timestamp) -> Result<(), ConnectError> {
        let lately = Column::BegunAt.gt(to_millis(now - LIVES)).and(Column::Staff.eq(ctx.subject().as_str()));
        let begun = Entity::find().filter(lately).count(self.way.inner.store.reader()).await?;
        if begun < MOST_AT_ONCE { Ok(()) } else { Err(ConnectError::TooMany) }
    }
}
