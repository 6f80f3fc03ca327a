//! `/api/v1/explain`: why somebody may or may not.

use std::sync::Arc;

use access::{Act, Classify as _, Fault, Object, policy::Step};
use poem::web::Data;
use poem_openapi::{Object as Schema, OpenApi, param::Query, payload::Json};
use web::{Failure, Visit};

use crate::{portal::Portal, roles::Desk, who::Staff};

/// The path of a decision.
pub struct ExplainApi;

/// A decision with the rules that bear on it.
#[derive(Schema)]
struct Explanation {
    /// A subject of the policy.
    subject: String,
    object: String,
    action: String,
    allowed: bool,
    /// Denials first. They may exactly if there are some and all of them allow.
    rules: Vec<BearingRule>,
    /// False for somebody whose groups the directory has not said.
    groups_known: bool,
}

/// One rule that applies.
#[derive(Schema)]
struct BearingRule {
    /// `allow` or `deny`.
    effect: String,
    role: String,
    /// Where the rule stands.
    object: String,
    /// Whom the rule is about.
    subject: String,
    /// From the person (first) through groups of groups to `subject` (last).
    members: Vec<String>,
    /// From `object` (first) down the tree to what was asked about (last).
    path: Vec<String>,
}

fn rule(step: &Step) -> BearingRule {
    BearingRule {
        effect: step.effect.as_str().to_owned(),
        role: step.role.to_string(),
        object: step.object.to_string(),
        subject: step.subject.to_string(),
        members: step.members.iter().map(ToString::to_string).collect(),
        path: step.path.iter().map(ToString::to_string).collect(),
    }
}

#[OpenApi]
impl ExplainApi {
    /// Why somebody may do something to an object, or may not. About oneself, or about anybody for those who administer the
    /// object.
    #[oai(path = "/explain", method = "get", operation_id = "explain")]
    async fn explain(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        /// A sign-in name or a subject of the policy; oneself unless said.
        #[oai(validator(max_length = 1100))]
        subject: Query<Option<String>>,
        /// `kind:name`.
        #[oai(validator(max_length = 200))]
        object: Query<String>,
        /// `view` unless said.
        action: Query<Option<String>>,
    ) -> poem::Result<Json<Explanation>> {
        let desk = Desk { portal: &portal, staff: &staff, now: visit.now };
        let object = Object::parse(&object).ok_or_else(|| Failure::new(Fault::NotFound))?;
        let act = Act::parse(action.as_deref().unwrap_or("view")).ok_or_else(|| Failure::new(Fault::Invalid))?;
        let explained = desk.explain(subject.as_deref().unwrap_or_default(), &object, act).await?;
        let explained = explained.map_err(|wrong| match wrong.key() {
            Some(key) => Failure::new(wrong.fault()).with_problem(key),
            None => wrong.into(),
        })?;
        Ok(Json(Explanation {
            subject: explained.subject.to_string(),
            object: explained.object.to_string(),
            action: explained.act.to_string(),
            allowed: explained.allowed,
            rules: explained.steps.iter().map(rule).collect(),
            groups_known: explained.groups_known,
        }))
    }
}
