//! Looking for a patient, without leaving the desk first.

use std::sync::Arc;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use pages::widget::{Category, Declaration, Drawing, Frame, Placed, Widget, WidgetError};
use serde_json::json;

use super::Desk;

static DECLARATION: Declaration = Declaration {
    needs: Some((|| Object::PAGE_PATIENT_SEARCH, Act::SearchPatients)),
    frame: Frame::Hero,
    ..Declaration::of("patient-search", Category::Record, "search", &[Domain::Internal])
};

/// `patient-search`
pub struct PatientSearch;

#[async_trait]
impl Widget<Desk> for PatientSearch {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        Ok(Some(Drawing::of(desk.personal("widgets/patient_search.html", &json!({}))?)))
    }
}
