//! Whom the viewer treats, by what hospitals and departments' lists say.

use std::sync::Arc;
use std::time::Duration;

use access::{Act, Domain, Object};
use async_trait::async_trait;
use pages::widget::{Category, Declaration, Drawing, Placed, Widget, WidgetError};
use record_view::mine::MineView;
use serde::Serialize;
use web::render::Arg;

use super::{Desk, failed};
use crate::mine::{self, Wanted};

static DECLARATION: Declaration = Declaration {
    needs: Some((|| Object::SECTION_RECORD, Act::ReadRecord)),
    // Whoever waits for hospitals waits nine seconds at the longest.
    deadline: Duration::from_secs(11),
    ..Declaration::of("my-patients", Category::Record, "users", &[Domain::Internal])
};

/// `my-patients`
pub struct MyPatients;

/// `widgets/my_patients.html`, `widgets/my_patients_again.html`
#[derive(Serialize)]
struct View {
    mine: MineView,
    /// Of the frame.
    target: String,
    /// The widget with what hospitals say that are being asked.
    wait: String,
    /// Asks them again.
    again: String,
}

#[async_trait]
impl Widget<Desk> for MyPatients {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let scene = desk.scene();
        let read = mine::patients(&desk.portal, &desk.staff, desk.wanted, desk.visit.now).await;
        let Some(mine) = read.map_err(failed)? else { return Ok(None) };
        let mine = MineView::new(&mine, desk.wanted != Wanted::AtOnce, &scene);
        let note = scene.with("mine-count", &[("count", Arg::from(mine.total))]);
        let href = placed.href();
        let view = View {
            mine,
            target: format!("w-{}", placed.instance),
            wait: format!("{href}?mine=wait"),
            again: format!("{href}?mine=refresh"),
        };
        Ok(Some(Drawing {
            note: Some(note),
            action: Some(desk.personal("widgets/my_patients_again.html", &view)?),
            body: desk.personal("widgets/my_patients.html", &view)?,
        }))
    }
}
