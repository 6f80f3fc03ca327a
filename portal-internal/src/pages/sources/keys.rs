//! `/admin/sources/keys`: the portal's own keys, by which hospitals know it.

use std::sync::Arc;

use access::Fault;
use jiff::Timestamp;
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::{Deserialize, Serialize};
use sources::{ClientKey, SourceError};
use web::{Failure, Visit, render::Words, shell::see_other};

use super::Told;
use crate::{portal::Portal, who::Staff};

const PATH: &str = "/admin/sources/keys";
/// What was done, in the words of the page.
const DONE: [&str; 2] = ["rotated", "imported"];

/// `sources/keys.html`
#[derive(Serialize)]
struct KeysPage {
    /// Where hospitals read the set.
    address: String,
    keys: Vec<KeyView>,
    done: Option<&'static str>,
    problem: Option<&'static str>,
}

#[derive(Serialize)]
struct KeyView {
    kid: String,
    algorithm: String,
    created_at: String,
    /// `coming`, `signs` or `leaving`.
    state: &'static str,
    signs_from: String,
    published_until: Option<String>,
}

impl KeyView {
    fn new(words: &Words, key: &ClientKey, state: &'static str) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithm: key.algorithm.clone(),
            created_at: words.minute(key.created_at),
            state,
            signs_from: words.minute(key.signs_from),
            published_until: key.published_until.map(|at| words.minute(at)),
        }
    }
}

/// Of each algorithm the newest that may sign does, as hospitals are signed in at.
fn state(key: &ClientKey, all: &[ClientKey], now: Timestamp) -> &'static str {
    let signs = |one: &&ClientKey| one.algorithm == key.algorithm && one.signs_from <= now;
    match all.iter().find(signs) {
        _ if key.signs_from > now => "coming",
        Some(one) if one.kid == key.kid => "signs",
        _ => "leaving",
    }
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    done: Option<&'static str>,
    problem: Option<(StatusCode, &'static str)>,
) -> Result<Response, Failure> {
    let keys = portal.definitions.client_keys(&staff.context, visit.now).await?;
    let words = portal.pages.renderer().words(visit.lang);
    let page = KeysPage {
        address: portal.public_url.join("/.well-known/jwks.json").map_err(Failure::internal)?.to_string(),
        keys: keys.iter().map(|key| KeyView::new(words, key, state(key, &keys, visit.now))).collect(),
        done,
        problem: problem.map(|one| one.1),
    };
    let mut response = portal.pages.page_at(visit, PATH, "sources/keys.html", &page)?;
    if let Some((status, _)) = problem {
        response.set_status(status);
    }
    Ok(response)
}

/// `GET /admin/sources/keys`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(told): Query<Told>,
) -> Result<Response, Failure> {
    let done = told.done.as_deref().and_then(|said| DONE.into_iter().find(|one| *one == said));
    draw(portal, visit, &staff, done, None).await
}

/// A button of the page.
#[derive(Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    r#do: String,
    /// PEM.
    #[serde(default)]
    key: String,
}

/// `POST /admin/sources/keys`: make a new key, at once or in an hour, or take one in that was made elsewhere.
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Form(asked): Form<KeyForm>,
) -> Result<Response, Failure> {
    let (done, made) = match asked.r#do.as_str() {
        way @ ("rotate" | "replace") => {
            let at_once = way == "replace";
            ("rotated", portal.definitions.rotate_client_key(&staff.context, at_once, visit.now).await)
        }
        "import" => {
            ("imported", portal.definitions.import_client_key(&staff.context, asked.key.as_bytes(), visit.now).await)
        }
        _ => return Err(Failure::new(Fault::Invalid)),
    };
    let problem = match made {
        Ok(_) => return Ok(see_other(&format!("{PATH}?done={done}"))),
        Err(SourceError::KeyChanged) => (StatusCode::CONFLICT, "stale"),
        Err(SourceError::Invalid(problems)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, problems.first().map_or("malformed", |one| one.what))
        }
        Err(error) => return Err(error.into()),
    };
    draw(portal, visit, &staff, None, Some(problem)).await
}
