//! What is new in health knowledge: our own articles, and what other sites of that kind tell.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use content::{FeedKind, Reader};
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde_json::json;

use super::{
    Desk,
    news::{article_lines, feed_views, language},
};

static DECLARATION: Declaration = Declaration {
    fields: &[
        Field::optional("most", FieldKind::Number { least: 1, most: 20, otherwise: 5 }),
        Field::optional("others", FieldKind::Boolean { otherwise: true }),
    ],
    needs: Some((|| Object::PAGE_ARTICLES, Act::View)),
    ..Declaration::of("health-knowledge", Category::Content, "notebook-pen", &[Domain::Internal])
};

/// `health-knowledge`
pub struct HealthKnowledge;

#[async_trait]
impl Widget<Desk> for HealthKnowledge {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let (board, now, most) = (&desk.portal.board, desk.visit.now, placed.settings.count("most"));
        let reader = Reader::Staff(&desk.staff.context);
        let cards = desk.portal.articles.recent(reader, most as u64, now).await.map_err(WidgetError::new)?;
        let mut feeds = Vec::new();
        if placed.settings.is("others") {
            feeds = board.feeds.latest(reader, FeedKind::Knowledge, most, now).await.map_err(WidgetError::new)?;
        }
        let language = language(desk);
        let view = json!({ "articles": article_lines(&cards, language), "feeds": feed_views(&feeds, language) });
        Ok(Some(Drawing::of(desk.template("widgets/health_knowledge.html", &view)?)))
    }
}
