//! `/`: the desk.

use std::sync::Arc;

use poem::{Request, Response, handler, web::Data};
use record_view::mine::MineView;
use web::{Failure, Visit};

use super::{record::pairs, scene};
use crate::{
    mine::{self, Wanted},
    portal::Portal,
    who::Staff,
};

/// `GET /`, `GET /?mine=wait` (with what hospitals say that are being asked), `GET /?mine=refresh` (asks them again).
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    request: &Request,
) -> Result<Response, Failure> {
    let asked = pairs(request).into_iter().find(|(name, _)| name == "mine").map(|(_, value)| value);
    let wanted = match asked.as_deref() {
        Some("wait") => Wanted::WithDue,
        Some("refresh") => Wanted::Refreshed,
        _ => Wanted::AtOnce,
    };
    let scene = scene(portal, visit);
    let mine = mine::patients(portal, &staff, wanted, visit.now).await?;
    let mine = mine.map(|mine| MineView::new(&mine, wanted != Wanted::AtOnce, &scene));
    let page = record_view::home::page(staff.identity.name(), &portal.connected(), mine, &scene);
    portal.pages.page(visit, "home.html", &page)
}
