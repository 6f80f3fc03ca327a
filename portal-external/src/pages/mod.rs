//! Pages: read the request, call the domain, draw what it returns.

pub mod access_log;
pub mod articles;
pub mod booking;
pub mod connections;
pub mod document;
pub mod home;
pub mod messages;
pub mod origin;
pub mod record;
pub mod record_search;
pub mod sharing;
pub mod sign_in;
pub mod well_known;

use record_view::Scene;
use web::Visit;

use crate::portal::Portal;

/// The words and the time a page is drawn with.
fn scene<'a>(portal: &'a Portal, visit: &Visit) -> Scene<'a> {
    Scene::for_patient(portal.pages.renderer().words(visit.lang), visit.now)
}
