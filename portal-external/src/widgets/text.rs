//! A text that somebody wrote for the page, in Markdown.

use std::sync::Arc;

use async_trait::async_trait;
use content::markdown;
use pages::standard::{Templates as _, public};
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Front;

/// `text`
pub struct Text;

#[async_trait]
impl Widget<Front> for Text {
    fn declaration(&self) -> &Declaration {
        &public::TEXT
    }

    async fn draw(&self, front: &Arc<Front>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let Some(text) = placed.settings.bilingual("text") else { return Ok(None) };
        // Without pictures: those belong to articles.
        let html = markdown::render(text.of(front.language().tag()), &[], front.language());
        Ok(Some(Drawing::of(front.template("widgets/text.html", &json!({ "text_html": html }))?)))
    }
}
