//! `/`: the desk.

use std::sync::Arc;

use poem::{Response, handler, web::Data};
use web::{Failure, Visit};

use super::scene;
use crate::{portal::Portal, who::Staff};

/// `GET /`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, staff: Staff) -> Result<Response, Failure> {
    let page = record_view::home::page(staff.identity.name(), &portal.connected(), &scene(portal, visit));
    portal.pages.page(visit, "home.html", &page)
}
