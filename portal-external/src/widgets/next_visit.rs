//! The next visit that is booked.

use std::sync::Arc;

use async_trait::async_trait;
use pages::standard::public;
use pages::widget::{Declaration, Drawing, Placed, Widget, WidgetError};

use super::Front;
use crate::pages::booking::view::NextVisitView;

/// `next-visit`
pub struct NextVisit;

#[async_trait]
impl Widget<Front> for NextVisit {
    fn declaration(&self) -> &Declaration {
        &public::NEXT_VISIT
    }

    async fn draw(&self, front: &Arc<Front>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let Some((_, person)) = front.own() else { return Ok(None) };
        let all = front.portal.scheduling.bookings(&front.patient.context, person).await.map_err(WidgetError::new)?;
        let words = front.portal.pages.renderer().words(front.visit.lang);
        let Some(view) = NextVisitView::first(&all, (words, front.visit.now)) else { return Ok(None) };
        Ok(Some(Drawing::of(front.personal("widgets/next_visit.html", &view)?)))
    }
}
