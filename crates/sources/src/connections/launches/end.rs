//! How a launch ends.

use access::{AuditLog, Event, Outcome, PersonId, StaffContext};
use jiff::Timestamp;
use serde_json::json;

use super::{Arrived, Launches};
use crate::{
    Source,
    connections::{
        ConnectError, FlowFault, FlowStep,
        begin::since,
        keep::revoked,
        seal::Tokens,
        trace::{End, count, settle},
    },
};

/// A launch without a patient (SMART App Launch, `launch` context): the code of its trace.
const WITHOUT: &str = "without-patient";

impl Launches {
    /// It is they, and `person` is whose record they have open there; nobody's, where the hospital has named no patient. What they may
    /// see of it is decided where it is shown.
    ///
    /// # Errors
    /// The audit's, the database's: then nobody is let in.
    pub async fn admit(
        &self,
        ctx: &StaffContext,
        arrived: Arrived,
        person: Option<PersonId>,
        now: Timestamp,
    ) -> Result<(), ConnectError> {
        let Arrived { source, flow, trace, tokens, .. } = arrived;
        let event = Event::new("launch.open", "launch", Outcome::Ok).on(flow.id.to_string());
        let event = match person {
            Some(person) => event.about(person),
            None => event.because(WITHOUT),
        };
        let end = if person.is_some() { End::Connected } else { End::Without(WITHOUT) };
        let event = event.with(json!({ "source": flow.source }));
        let (draft, audit) = (AuditLog::draft(ctx, now, event), self.way.inner.audit.clone());
        let took = since(&flow, now);
        let written = self.way.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                audit.append(tx, draft).await?;
                settle(tx, &flow, &trace, &end, now).await
            })
        });
        let written = written.await;
        if written.is_ok() {
            let end = if person.is_some() { End::Connected } else { End::Without(WITHOUT) };
            count(&source.id, &end, Some(took));
        }
        Self::give_back(source, tokens);
        written
    }

    /// It is somebody else, or nobody can say; or whose record it is about is not known. `why` is a key of words.
    ///
    /// # Errors
    /// The audit's, the database's. What came of the launch is the returned fault.
    pub async fn refuse(
        &self,
        ctx: &StaffContext,
        arrived: Arrived,
        (step, why): (FlowStep, &'static str),
        now: Timestamp,
    ) -> Result<FlowFault, ConnectError> {
        let Arrived { source, flow, trace, tokens, .. } = arrived;
        Self::give_back(source, tokens);
        let fault = FlowFault::new(step, why);
        self.remember(ctx, (&flow.source, flow.id), &fault, now).await?;
        self.way.fail(&flow, &trace, fault, now).await
    }

    /// Tells the hospital that the token is not wanted any more. Nobody's page waits for it: it ends by itself within minutes.
    pub(super) fn give_back(source: Source, tokens: Tokens) {
        tokio::spawn(async move {
            if !revoked(&source, &tokens).await {
                tracing::debug!(source = source.id, "a hospital has not confirmed that the token of a launch is void");
            }
        });
    }
}
