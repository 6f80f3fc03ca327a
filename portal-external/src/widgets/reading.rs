//! How results are to be read.

use std::sync::Arc;

use async_trait::async_trait;
use pages::standard::{Templates as _, public};
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Front;

/// `reading`
pub struct Reading;

#[async_trait]
impl Widget<Front> for Reading {
    fn declaration(&self) -> &Declaration {
        &public::READING
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        Ok(Some(Drawing::of(front.template("widgets/reading.html", &json!({}))?)))
    }
}
