//! The connected hospitals, and how each answered last.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;
use web::render::Arg;

use super::Desk;

static DECLARATION: Declaration = Declaration::of("hospitals", Category::Record, "hospital", &[Domain::Internal]);

/// `hospitals`
pub struct Hospitals;

#[async_trait]
impl Widget<Desk> for Hospitals {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let scene = desk.scene();
        let hospitals = record_view::home::hospitals(&desk.portal.connected(), &scene);
        let count = [("count", Arg::from(hospitals.len()))];
        Ok(Some(Drawing {
            note: Some(scene.with("hospitals-count", &count)),
            action: None,
            body: desk.template("widgets/hospitals.html", &json!({ "hospitals": hospitals }))?,
        }))
    }
}
