//! Notices that hold just now; nothing when there is none.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use content::Reader;
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Desk;

static DECLARATION: Declaration = Declaration {
    needs: Some((|| Object::PAGE_NOTICES, Act::View)),
    ..Declaration::of("notices", Category::Content, "info", &[Domain::Internal])
};

/// `notices`
pub struct Notices;

#[async_trait]
impl Widget<Desk> for Notices {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let reader = Reader::Staff(&desk.staff.context);
        let current = desk.portal.notices.current(reader, desk.visit.now).await.map_err(WidgetError::new)?;
        let words = desk.portal.pages.renderer().words(desk.visit.lang);
        let lines: Vec<_> = current.iter().map(|one| content_view::notice(one, words)).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(Drawing::of(desk.template("widgets/notices.html", &json!({ "notices": lines }))?)))
    }
}
