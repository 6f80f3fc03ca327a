//! What a record holds, section by section.

use std::sync::Arc;
use std::time::Duration;

use access::Domain;
use async_trait::async_trait;
use pages::standard::Templates as _;
use pages::widget::{CacheScope, Category, Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Desk;

static DECLARATION: Declaration = Declaration {
    cache: CacheScope::Everybody(Duration::from_secs(3600)),
    ..Declaration::of("record-sections", Category::Record, "folder-heart", &[Domain::Internal])
};

/// `record-sections`
pub struct RecordSections;

#[async_trait]
impl Widget<Desk> for RecordSections {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let scene = desk.scene();
        let sections = record_view::home::sections("", &scene);
        Ok(Some(Drawing {
            note: Some(scene.text("desk-record-note")),
            action: None,
            body: desk.template("widgets/record_sections.html", &json!({ "sections": sections }))?,
        }))
    }
}
