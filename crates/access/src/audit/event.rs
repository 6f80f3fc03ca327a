//! What is remembered of an act.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use crate::PersonId;

/// Names of actions: `noun.verb`, with `.intent` and `.outcome` for reads that may take a while.
pub mod action {
    /// A record is about to be read.
    pub const RECORD_READ_INTENT: &str = "record.read.intent";
    /// A record was read, or was not.
    pub const RECORD_READ_OUTCOME: &str = "record.read.outcome";
    /// A record was asked for by somebody who may not read it.
    pub const RECORD_READ_REFUSED: &str = "record.read.refused";
    /// Somebody looked for patients.
    pub const PATIENT_SEARCH: &str = "patient.search";
    /// A list of people found before was shown again.
    pub const PATIENT_SEARCH_SHOWN: &str = "patient.search.shown";
    /// A hospital was asked whose record or number something is.
    pub const PATIENT_IDENTIFY: &str = "patient.identify";
    /// Signed in, or failed to.
    pub const SIGN_IN: &str = "session.sign-in";
    /// Signed out.
    pub const SIGN_OUT: &str = "session.sign-out";
    /// All sessions of somebody were ended by an operator.
    pub const SESSIONS_END: &str = "session.end-all";
    /// A role was granted or denied to somebody.
    pub const POLICY_GRANT: &str = "policy.grant";
    /// A grant or denial was taken back.
    pub const POLICY_REVOKE: &str = "policy.revoke";
    /// A role is no longer inherited by an object.
    pub const POLICY_BLOCK: &str = "policy.block";
    /// It is again.
    pub const POLICY_UNBLOCK: &str = "policy.unblock";
    /// Somebody came into a staff group.
    pub const POLICY_JOIN: &str = "policy.join";
    /// Somebody left one.
    pub const POLICY_LEAVE: &str = "policy.leave";
    /// A record was opened in an emergency.
    pub const GLASS_BROKEN: &str = "relation.break-glass";
    /// Somebody treats a patient from now on.
    pub const CARE_BEGUN: &str = "relation.care";
    /// An encounter is over or was no encounter: the relation of it ends with it, or later.
    pub const CARE_ENDED: &str = "relation.care.ended";
    /// The relation of an encounter lasts longer than was known.
    pub const CARE_EXTENDED: &str = "relation.care.extended";
    /// It is known who of the staff somebody at a hospital is, or that nobody is.
    pub const PRACTITIONER_RECOGNISED: &str = "practitioner.recognise";
    /// A hospital was asked for the encounters of a member of staff.
    pub const ENCOUNTERS_READ: &str = "encounters.read";
    /// Somebody was shown whom they treat.
    pub const MY_PATIENTS_SHOWN: &str = "my-patients.shown";
    /// Names of patients whose records somebody opened lately were shown to them.
    pub const RECENT_PATIENTS_SHOWN: &str = "recent-patients.shown";
    /// A clinician looked at a result.
    pub const RESULT_REVIEWED: &str = "result.review";
    /// A critical value reached a clinician.
    pub const CRITICAL_ACKNOWLEDGED: &str = "result.acknowledge";
    /// A clinician took a mark of theirs back.
    pub const REVIEW_WITHDRAWN: &str = "result.review.withdraw";
    /// A page or operation that somebody may not use.
    pub const ROUTE_REFUSED: &str = "route.refused";
    /// Keys of sealed secrets were wrapped anew.
    pub const VAULT_REWRAP: &str = "vault.rewrap";
    /// Secrets were sealed anew, under a new key.
    pub const VAULT_REENCRYPT: &str = "vault.reencrypt";
    /// The first administrator was made.
    pub const POLICY_BOOTSTRAP: &str = "policy.bootstrap";
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done.
    Ok,
    /// Not allowed.
    Refused,
    /// Allowed, but it did not work.
    Failed,
    /// Not known yet: the outcome is a row of its own.
    Intent,
}

impl Outcome {
    /// As in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Intent => "intent",
        }
    }
}

/// An act to be remembered. Holds no health data and no secret: ids, kinds and counts.
#[derive(Clone, Debug)]
pub struct Event {
    /// One of [`action`], or another name in that form.
    pub action: &'static str,
    /// Kind of what was acted upon, e.g. `record`, `session`, `grant`.
    pub object_kind: &'static str,
    /// Which of that kind, e.g. the section.
    pub object_id: Option<String>,
    /// The patient concerned.
    pub person: Option<PersonId>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was done (a relation, the reason of a break-the-glass) or why it failed, as a key.
    pub reason: Option<String>,
    /// Further facts, as a JSON object.
    pub detail: Value,
}

impl Event {
    /// An event without object, person, reason or detail.
    pub fn new(action: &'static str, object_kind: &'static str, outcome: Outcome) -> Self {
        let detail = Value::Object(serde_json::Map::new());
        Self { action, object_kind, object_id: None, person: None, outcome, reason: None, detail }
    }

    /// On which object.
    #[must_use]
    pub fn on(mut self, object_id: impl Into<String>) -> Self {
        self.object_id = Some(object_id.into());
        self
    }

    /// About whom.
    #[must_use]
    pub fn about(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }

    /// Why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// With further facts.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An event's place in the log: the lane it was written in, and its gapless number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The lane.
    pub writer: Uuid,
    /// From 1.
    pub number: i64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.writer, self.number)
    }
}
