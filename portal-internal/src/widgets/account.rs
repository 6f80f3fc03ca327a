//! Who is signed in to this browser, and as what.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use pages::widget::{Category, Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Desk;

static DECLARATION: Declaration = Declaration::of("account", Category::Portal, "circle-user", &[Domain::Internal]);

/// `account`
pub struct Account;

#[async_trait]
impl Widget<Desk> for Account {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        Ok(Some(Drawing::of(desk.personal("widgets/account.html", &json!({}))?)))
    }
}
