//! What is new to read about health.

use std::sync::Arc;

use async_trait::async_trait;
use content::{Card, Reader};
use pages::standard::{Templates as _, public};
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};
use serde_json::{Value, json};

use super::Front;

/// `health-education`
pub struct HealthEducation;

#[async_trait]
impl Widget<Front> for HealthEducation {
    fn declaration(&self) -> &Declaration {
        &public::HEALTH_EDUCATION
    }

    async fn draw(&self, front: &Arc<Front>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let (articles, most) = (&front.portal.articles, placed.settings.count("most"));
        let cards = articles.recent(Reader::Public, most as u64, front.visit.now).await.map_err(WidgetError::new)?;
        let language = front.language();
        let line = |card: &Card| -> Option<Value> {
            let (title, written) = card.title.pick(language)?;
            let summary = card.summary.pick(language).map(|(text, _)| text);
            let lang = (written != language).then(|| written.tag());
            Some(
                json!({ "title": title, "summary": summary, "lang": lang, "href": format!("/articles/{}", card.slug) }),
            )
        };
        let articles: Vec<Value> = cards.iter().filter_map(line).collect();
        if articles.is_empty() {
            return Ok(None);
        }
        let body = front.template("widgets/health_education.html", &json!({ "articles": articles }))?;
        Ok(Some(Drawing::of(body)))
    }
}
