//! Pages: read the request, call the domain, draw what it returns.

pub mod break_glass;
pub mod data_quality;
pub mod document;
pub mod home;
pub mod index;
pub mod origin;
pub mod patients;
pub mod record;
pub mod review;
pub mod sign_in;
pub mod timeline;

use record_view::Scene;
use web::Visit;

use crate::portal::Portal;

/// The words and the time a page is drawn with.
fn scene<'a>(portal: &'a Portal, visit: &Visit) -> Scene<'a> {
    Scene::new(portal.pages.renderer().words(visit.lang), visit.now)
}
