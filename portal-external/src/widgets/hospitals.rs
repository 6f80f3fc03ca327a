//! The connected hospitals.

use std::sync::Arc;

use async_trait::async_trait;
use pages::standard::{Templates as _, public};
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Front;

/// `hospitals`
pub struct Hospitals;

#[async_trait]
impl Widget<Front> for Hospitals {
    fn declaration(&self) -> &Declaration {
        &public::HOSPITALS
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let hospitals = record_view::home::hospitals(&front.portal.connected(), &front.scene());
        Ok(Some(Drawing::of(front.template("widgets/hospitals.html", &json!({ "hospitals": hospitals }))?)))
    }
}
