//! `/api/v1/articles`: what staff read.

use std::sync::Arc;

use content::{Filter, Reader};
use content_view::json;
use poem::web::Data;
use poem_openapi::{OpenApi, param::Path, param::Query, payload::Json};
use web::{
    Visit,
    openapi::article::{ArticleInFull, ArticleList},
};

use super::failed;
use crate::{portal::Portal, who::Staff};

/// Articles that are published for staff.
pub struct ArticlesApi;

#[OpenApi]
impl ArticlesApi {
    /// Published articles.
    #[oai(path = "/articles", method = "get", operation_id = "article_list")]
    async fn list(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        /// One topic alone.
        topic: Query<Option<String>>,
        /// Words that have to be in title, summary or text of either language.
        q: Query<Option<String>>,
        /// From 1; beyond the end is the last.
        page: Query<Option<u32>>,
    ) -> poem::Result<Json<ArticleList>> {
        let page = u64::from(page.0.unwrap_or(1));
        let filter = Filter { topic: topic.0, words: q.0.unwrap_or_default(), page };
        let found = portal.articles.list(Reader::Staff(&staff.context), &filter, visit.now).await.map_err(failed)?;
        Ok(Json(json::page(found)))
    }

    /// One article in full.
    #[oai(path = "/articles/:slug", method = "get", operation_id = "article_read")]
    async fn read(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        staff: Staff,
        slug: Path<String>,
    ) -> poem::Result<Json<ArticleInFull>> {
        Ok(Json(json::in_full(
            portal.articles.read(Reader::Staff(&staff.context), &slug, visit.now).await.map_err(failed)?,
        )))
    }
}
