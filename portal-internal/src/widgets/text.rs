//! A text that somebody wrote for the page, in Markdown.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use content::{Language, markdown};
use pages::standard::Templates;
use pages::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde_json::json;

static DECLARATION: Declaration = Declaration {
    fields: &[Field::required("text", FieldKind::Bilingual { longest: 4000, lines: true })],
    ..Declaration::of("text", Category::Content, "file-text", &[Domain::Internal])
};

/// `text`
pub struct Text;

#[async_trait]
impl<V: Templates> Widget<V> for Text {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, viewing: &Arc<V>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let Some(text) = placed.settings.bilingual("text") else { return Ok(None) };
        // Without pictures: those belong to articles.
        let language = if viewing.language() == Language::En.tag() { Language::En } else { Language::Zh };
        let html = markdown::render(text.of(viewing.language()), &[], language);
        Ok(Some(Drawing::of(viewing.template("widgets/text.html", &json!({ "text_html": html }))?)))
    }
}
