//! Whose records the viewer opened lately, as far as they may still open them.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde_json::json;

use super::Desk;

static DECLARATION: Declaration = Declaration {
    fields: &[Field::optional("most", FieldKind::Number { least: 1, most: 8, otherwise: 5 })],
    needs: Some((|| Object::SECTION_RECORD, Act::ReadRecord)),
    ..Declaration::of("recent-patients", Category::Record, "history", &[Domain::Internal])
};

/// `recent-patients`
pub struct RecentPatients;

#[async_trait]
impl Widget<Desk> for RecentPatients {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let found = desk.portal.charts.recent_patients(&desk.staff.context, desk.visit.now).await;
        let mut found = found.map_err(WidgetError::new)?;
        found.truncate(placed.settings.count("most"));
        let rows = record_view::home::recent(&found, &desk.scene());
        Ok(Some(Drawing::of(desk.template("widgets/recent_patients.html", &json!({ "rows": rows }))?)))
    }
}
