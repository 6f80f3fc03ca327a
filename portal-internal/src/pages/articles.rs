//! `/articles`: what staff read.

use std::sync::Arc;

use content::{Filter, Reader, StoredImage};
use content_view::{Side, Whole};
use poem::{
    Response, handler,
    http::header,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use web::{Failure, Visit};

use crate::{portal::Portal, who::Staff};

#[derive(Deserialize)]
pub struct Asked {
    topic: Option<String>,
    #[serde(default)]
    q: String,
    page: Option<String>,
}

/// `GET /articles?topic=&q=&page=`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    asked: Query<Asked>,
) -> Result<Response, Failure> {
    let Query(Asked { topic, q, page }) = asked;
    let page = page.and_then(|page| page.parse().ok()).unwrap_or(1);
    let filter = Filter { topic: topic.filter(|topic| !topic.is_empty()), words: q, page };
    let found = portal.articles.list(Reader::Staff(&staff.context), &filter, visit.now).await?;
    let topics = portal.articles.topics(Reader::Staff(&staff.context), visit.now).await?;
    let words = portal.pages.renderer().words(visit.lang);
    let page = content_view::list(&found, &topics, &filter, words);
    portal.pages.page(visit, "articles.html", &Whole { page })
}

/// `GET /articles/{slug}`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(slug): Path<String>,
) -> Result<Response, Failure> {
    let article = portal.articles.read(Reader::Staff(&staff.context), &slug, visit.now).await?;
    let topic = Filter { topic: Some(article.topic.clone()), ..Filter::default() };
    let more = portal.articles.list(Reader::Staff(&staff.context), &topic, visit.now).await?;
    let words = portal.pages.renderer().words(visit.lang);
    let page = content_view::article(&article, &more.items, Side::Staff, words);
    portal.pages.page(visit, "article.html", &Whole { page })
}

/// `GET /articles/images/{id}`
#[handler]
pub async fn image(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::new(access::Fault::NotFound))?;
    let StoredImage { media_type, bytes } = portal.articles.image(Reader::Staff(&staff.context), id).await?;
    let answer = Response::builder().header(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    Ok(answer.content_type(media_type).body(bytes))
}
