//! `/api/v1/index/pairs`: the stewards' queue.

use std::sync::Arc;

use access::{Classify as _, Fault};
use patients::{Decision, IndexError};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use serde_json::json;
use uuid::Uuid;
use web::{Failure, Visit};

use super::failed;
use crate::{portal::Portal, who::Staff};

/// Pairs of one answer.
const MOST: usize = 100;

/// Which records are one person's.
pub struct IndexApi;

/// A decision of a steward.
#[derive(Object)]
struct NewDecision {
    /// `link`, `do-not-link` or `undo`.
    decision: String,
    /// Why, in 4 to 500 characters; kept with the decision.
    #[oai(validator(max_length = 500))]
    reason: String,
}

#[OpenApi]
impl IndexApi {
    /// Pairs of records that may be one person's, contested numbers first, then by score (tenths of a bit).
    #[oai(path = "/index/pairs", method = "get", operation_id = "index_pairs")]
    async fn pairs(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
    ) -> poem::Result<Json<serde_json::Value>> {
        let queue = portal.stewardship.queue(&staff.context, MOST, visit.now).await.map_err(failed)?;
        Ok(Json(serde_json::to_value(queue).map_err(Failure::internal)?))
    }

    /// Decide about a pair, or take the decision in force back; with the id of a link, take that link back.
    #[oai(path = "/index/pairs/:id", method = "post", operation_id = "index_decide")]
    async fn decide(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        id: Path<String>,
        new: Json<NewDecision>,
    ) -> poem::Result<Json<serde_json::Value>> {
        let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
        let decision = Decision::parse(&new.0.decision).ok_or_else(|| Failure::new(Fault::Invalid))?;
        let made = portal.stewardship.decide(&staff.context, id, decision, &new.0.reason, visit.now).await;
        made.map_err(told)?;
        Ok(Json(json!({ "id": id, "decision": decision.as_str() })))
    }
}

/// Why not, where a caller can do something about it.
fn told(error: IndexError) -> Failure {
    match &error {
        IndexError::Conflict(conflict) => Failure::new(error.fault()).with_problem(conflict.as_str()),
        _ => error.into(),
    }
}
