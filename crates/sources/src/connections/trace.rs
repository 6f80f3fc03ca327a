//! What is kept of a flow for whoever finds out why it failed: no secret, and nothing that says whose it was.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use serde::{Deserialize, Serialize};
use store::{Tx, to_millis};
use url::Url;

use super::{ConnectError, FlowFault, FlowStep};
use crate::entity::flow::{Column, Entity, Model};

/// Parameters whose values say nothing that must not be read.
const OPEN: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "aud",
    "code_challenge_method",
    "iss",
    "error",
    "response_mode",
    // Of what comes with the token of a launch.
    "need_patient_banner",
    "intent",
    "tenant",
];
/// In the place of a value.
const HIDDEN: &str = "…";
/// Of a value, in characters.
const LONGEST: usize = 300;

/// As it stands in the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Trace {
    /// Parameters that the person was sent with.
    pub request: Vec<(String, String)>,
    /// Parameters that they came back with.
    pub answer: Vec<(String, String)>,
    pub asked: Vec<String>,
    pub granted: Vec<String>,
    /// What came with the token of a launch.
    pub context: Vec<(String, String)>,
    pub status: Option<u16>,
    pub error: String,
    pub said: String,
}

impl Trace {
    pub(super) fn of(row: &Model) -> Self {
        serde_json::from_str(&row.trace).unwrap_or_default()
    }
}

/// Names with the values that may be kept.
pub(super) fn redacted<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<(String, String)> {
    let kept = |(name, value): (&str, &str)| {
        let value = if OPEN.contains(&name) { fhir::smart::words(value) } else { HIDDEN.to_owned() };
        (name.to_owned(), value.chars().take(LONGEST).collect())
    };
    pairs.map(kept).collect()
}

/// The same of an address.
pub(super) fn redacted_query(url: &Url) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    redacted(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// How a flow ended.
pub(super) enum End<'e> {
    Connected,
    /// As far as it could: of staff who came without a patient. The reason is a key of words.
    Without(&'static str),
    Failed(&'e FlowFault),
}

/// Writes down how it ended. What was sealed of it is gone.
pub(super) async fn settle(
    tx: &Tx,
    row: &Model,
    trace: &Trace,
    end: &End<'_>,
    now: Timestamp,
) -> Result<(), ConnectError> {
    let mut trace = trace.clone();
    let (step, outcome, why) = match end {
        End::Connected => (FlowStep::Patient, "connected", None),
        End::Without(why) => (FlowStep::Patient, "connected", Some((*why).to_owned())),
        End::Failed(fault) => {
            (trace.status, trace.error, trace.said) = (fault.status, fault.error.clone(), fault.said.clone());
            (fault.step, "failed", Some(fault.why.to_owned()))
        }
    };
    Entity::update_many()
        .col_expr(Column::Step, Expr::value(step.as_str()))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .col_expr(Column::Why, Expr::value(why))
        .col_expr(Column::FinishedAt, Expr::value(to_millis(now)))
        .col_expr(Column::Sealed, Expr::value(None::<String>))
        .col_expr(Column::Trace, Expr::value(serde_json::to_string(&trace)?))
        .filter(Column::Id.eq(row.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Figures of it.
pub(super) fn count(source: &str, end: &End<'_>, took: Option<Duration>) {
    let (step, outcome, error) = match end {
        End::Connected => (FlowStep::Patient, "connected", ""),
        End::Without(why) => (FlowStep::Patient, "connected", *why),
        End::Failed(fault) => (fault.step, "failed", fault.why),
    };
    tell(source, step, outcome, error);
    if let Some(took) = took {
        metrics::histogram!("portal_oauth_flow_duration_seconds", "source" => source.to_owned())
            .record(took.as_secs_f64());
    }
}

pub(super) fn tell(source: &str, step: FlowStep, outcome: &'static str, error: &'static str) {
    let labels = [
        ("source", source.to_owned()),
        ("step", step.as_str().to_owned()),
        ("outcome", outcome.to_owned()),
        ("error", error.to_owned()),
    ];
    metrics::counter!("portal_oauth_flows_total", &labels).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_used_is_not_kept() {
        let url = "https://h.example/a?response_type=code&state=S1&nonce=N1&code_challenge=C1&launch=L1&scope=a%20b";
        let url = Url::parse(url).expect("an address");
        let kept = redacted_query(&url);
        assert!(kept.contains(&("scope".to_owned(), "a b".to_owned())));
        for (name, value) in &kept {
            assert_eq!(
                value == HIDDEN,
                ["state", "nonce", "code_challenge", "launch"].contains(&name.as_str()),
                "{name}"
            );
        }
        assert_eq!(redacted([("code", "x"), ("patient", "7")].into_iter()).iter().filter(|p| p.1 == HIDDEN).count(), 2);
    }
}
