//! The ways into one's own record; or what to do when the account has none yet.

use std::sync::Arc;

use async_trait::async_trait;
use pages::standard::public;
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Front;

/// `what-to-do`
pub struct WhatToDo;

#[async_trait]
impl Widget<Front> for WhatToDo {
    fn declaration(&self) -> &Declaration {
        &public::WHAT_TO_DO
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let record = front.own().map(|(_, person)| format!("/people/{person}/record"));
        let sections = record.as_deref().map(|base| record_view::home::sections(base, &front.scene()));
        let bookings = front.own().map(|(_, person)| format!("/people/{person}/bookings"));
        let view = json!({ "record": record, "bookings": bookings, "sections": sections });
        Ok(Some(Drawing::of(front.personal("widgets/what_to_do.html", &view)?)))
    }
}
