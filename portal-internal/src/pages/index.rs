//! `/admin/index`: the stewards' queue. Which records are one person's, side by side, and what was decided.

mod view;

use std::sync::Arc;

use access::{Classify, Fault};
use patients::{Decision, IndexError, IndexNumber};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Path, Query},
};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other};

use crate::{portal::Portal, who::Staff};
use view::{IndexPage, Problem, Scenery};

/// Pairs on the page. Those behind come when these are decided.
const MOST_PAIRS: usize = 50;
const MOST_DECISIONS: u64 = 20;

#[derive(Deserialize)]
pub struct Asked {
    pair: Option<Uuid>,
    number: Option<String>,
    done: Option<String>,
}

/// What the page shows beside the queue.
#[derive(Default)]
struct Wanted {
    pair: Option<Uuid>,
    number: Option<String>,
    done: Option<Decision>,
    problem: Option<Problem>,
    reason: String,
}

/// `GET /admin/index?pair=` and `?number=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let done = asked.done.as_deref().and_then(Decision::parse);
    let wanted = Wanted { pair: asked.pair, number: asked.number.clone(), done, ..Wanted::default() };
    draw(portal, visit, &staff, wanted).await
}

async fn draw(portal: &Portal, visit: &Visit, staff: &Staff, wanted: Wanted) -> Result<Response, Failure> {
    let (ctx, index) = (&staff.context, &portal.stewardship);
    let queue = index.queue(ctx, MOST_PAIRS, visit.now).await?;
    let chosen = wanted.pair.or(queue.items.first().map(|pair| pair.id));
    let pair = match chosen {
        Some(id) => match index.pair(ctx, id, visit.now).await {
            Ok(pair) => Some(pair),
            // Decided and gone meanwhile, or a link that was taken back: the queue says what is left.
            Err(error) if error.fault() == Fault::NotFound && wanted.problem.is_some() => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let mut problem = wanted.problem;
    let typed = wanted.number.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let person = match typed.map(IndexNumber::parse) {
        Some(Some(number)) => match index.person(ctx, number, visit.now).await {
            Ok(found) => Some(found),
            Err(IndexError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        _ => None,
    };
    if typed.is_some() && person.is_none() {
        problem = Some(Problem::Number);
    }
    let scene = Scenery {
        scene: super::scene(portal, visit),
        catalogue: &portal.catalogue,
        not_listed: portal.charts.not_listed().await?,
    };
    let page = IndexPage {
        queue: scene.queue(&queue, pair.as_ref().map(|pair| pair.row.id)),
        pair: pair.as_ref().map(|pair| scene.pair(pair)),
        person: person.as_ref().map(|(person, links)| scene.person(person, links)),
        recent: index.recent(ctx, MOST_DECISIONS, visit.now).await?.iter().map(|one| scene.decided(one)).collect(),
        kept_apart: index.kept_apart(ctx).await?,
        not_swept: scene.not_swept(),
        number: typed.unwrap_or_default().chars().take(40).collect(),
        done: wanted.done.map(Decision::as_str),
        reason: wanted.reason,
        problem: problem.map(Problem::as_str),
        shortest: patients::SHORTEST_REASON,
        longest: patients::LONGEST_REASON,
    };
    let mut response = portal.pages.page_at(visit, "/admin/index", "index.html", &page)?;
    response.set_status(problem.map_or(StatusCode::OK, Problem::status));
    Ok(response)
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    reason: String,
}

/// `POST /admin/index/pairs/{id}`: of a pair, or of a link that is to be taken back.
#[handler]
pub async fn decide(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::new(Fault::NotFound))?;
    let decided = match Decision::parse(&typed.decision) {
        Some(decision) => {
            let made = portal.stewardship.decide(&staff.context, id, decision, &typed.reason, visit.now).await;
            made.map(|()| decision)
        }
        None => Err(IndexError::Reason),
    };
    let problem = match decided {
        Ok(decision) => return Ok(see_other(&format!("/admin/index?done={}", decision.as_str()))),
        Err(IndexError::Reason) => Problem::Reason,
        Err(IndexError::Conflict(conflict)) => Problem::Conflict(conflict),
        Err(error) => return Err(error.into()),
    };
    let reason = typed.reason.chars().take(patients::LONGEST_REASON).collect();
    draw(portal, visit, &staff, Wanted { pair: Some(id), problem: Some(problem), reason, ..Wanted::default() }).await
}
