//! What is new in the forum and the blogs, which are sites of their own.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use content::{FeedKind, Reader};
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde_json::json;

use super::{
    Desk,
    news::{feed_views, language},
};

static DECLARATION: Declaration = Declaration {
    fields: &[Field::optional("most", FieldKind::Number { least: 1, most: 20, otherwise: 3 })],
    needs: Some((|| Object::SECTION_CONTENT, Act::View)),
    ..Declaration::of("forum-and-blogs", Category::Content, "file-text", &[Domain::Internal])
};

/// `forum-and-blogs`
pub struct ForumAndBlogs;

#[async_trait]
impl Widget<Desk> for ForumAndBlogs {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let (feeds, reader) = (&desk.portal.board.feeds, Reader::Staff(&desk.staff.context));
        let (now, most) = (desk.visit.now, placed.settings.count("most"));
        let mut found = feeds.latest(reader, FeedKind::Forum, most, now).await.map_err(WidgetError::new)?;
        found.extend(feeds.latest(reader, FeedKind::Blog, most, now).await.map_err(WidgetError::new)?);
        let view = json!({ "feeds": feed_views(&found, language(desk)) });
        Ok(Some(Drawing::of(desk.template("widgets/forum.html", &view)?)))
    }
}
