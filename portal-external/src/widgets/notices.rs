//! Notices that hold just now; nothing when there is none.

use std::sync::Arc;

use async_trait::async_trait;
use content::Reader;
use pages::standard::{Templates as _, public};
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::json;

use super::Front;

/// `notices`
pub struct Notices;

#[async_trait]
impl Widget<Front> for Notices {
    fn declaration(&self) -> &Declaration {
        &public::NOTICES
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let current = front.portal.notices.current(Reader::Public, front.visit.now).await.map_err(WidgetError::new)?;
        let words = front.portal.pages.renderer().words(front.visit.lang);
        let lines: Vec<_> = current.iter().map(|one| content_view::notice(one, words)).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some(Drawing::of(front.template("widgets/notices.html", &json!({ "notices": lines }))?)))
    }
}
