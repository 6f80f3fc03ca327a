//! `/search`: over pages, one's own patients and articles.

use std::sync::Arc;

use poem::{
    Request, Response, handler,
    web::{Data, Form},
};
use serde::{Deserialize, Serialize};
use web::{Failure, Visit};

use crate::{
    portal::Portal,
    who::Staff,
    widgets::{self, Found},
};

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    q: String,
}

/// `search.html`
#[derive(Serialize)]
struct SearchPage {
    query: String,
    found: Vec<Found>,
    /// Something was looked for.
    asked: bool,
}

/// `GET /search`: the field alone.
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit) -> Result<Response, Failure> {
    let page = SearchPage { query: String::new(), found: Vec::new(), asked: false };
    portal.pages.page(visit, "search.html", &page)
}

/// `POST /search`
#[handler]
pub async fn find(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    request: &Request,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let visit = Visit::of(request)?;
    let (query, found) = widgets::search(portal, visit, staff, &typed.q).await?;
    let asked = !query.is_empty();
    portal.pages.page_at(visit, "/search", "search.html", &SearchPage { query, found, asked })
}
