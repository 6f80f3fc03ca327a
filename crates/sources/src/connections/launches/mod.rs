//! Staff whom a hospital's own system sends here (<https://hl7.org/fhir/smart-app-launch/app-launch.html>, EHR launch).
//!
//! Start at [`Launches::begin`], which sends the browser of somebody who is signed in here to that hospital, and
//! [`Launches::arrive`], which takes what it comes back with. What came is an [`Arrived`] until somebody who knows staff and people
//! has said whether it is they, and whose record it is about: then it is let in or refused. Who somebody is here, the directory
//! alone says; a launch only carries along whom they are looking at. Its token is kept nowhere, and given back in the end.
//!
//! The way there and back is that of [`Connections`], with rows of its own: neither takes in what the other has begun.

mod arrive;
mod begin;
mod end;

use std::fmt;

use access::{Act, AuditLog, Event, Object, Outcome, StaffContext};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

pub use arrive::Arrived;
pub use begin::Called;

use super::{ConnectError, Connections, FlowFault};

/// Where launches are begun and taken in. Cheap to clone.
#[derive(Clone)]
pub struct Launches {
    /// There and back.
    way: Connections,
}

impl fmt::Debug for Launches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Launches(…)")
    }
}

impl Launches {
    /// There and back by `way`, whose redirect is where hospitals send staff back to.
    pub fn new(way: Connections) -> Self {
        Self { way }
    }

    /// Of those who may open records: others are not led to one.
    fn require(&self, ctx: &StaffContext) -> Result<(), ConnectError> {
        Ok(self.way.inner.policy.require(ctx, &Object::SECTION_RECORD, Act::ReadRecord)?)
    }

    /// Writes down that somebody was refused.
    async fn remember(
        &self,
        ctx: &StaffContext,
        (source, flow): (&str, Uuid),
        fault: &FlowFault,
        now: Timestamp,
    ) -> Result<(), ConnectError> {
        let event = Event::new("launch.refuse", "launch", Outcome::Refused)
            .on(flow.to_string())
            .because(fault.why)
            .with(json!({ "source": source, "step": fault.step.as_str() }));
        let draft = AuditLog::draft(ctx, now, event);
        let audit = self.way.inner.audit.clone();
        let written = self.way.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                audit.append(tx, draft).await?;
                Ok(())
            })
        });
        written.await
    }
}
