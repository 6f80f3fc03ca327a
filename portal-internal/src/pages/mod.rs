//! Pages: read the request, call the domain, draw what it returns.

pub mod arrange;
pub mod articles;
pub mod break_glass;
pub mod chart;
pub mod data_quality;
pub mod designer;
pub mod desk;
pub mod document;
pub mod flows;
pub mod home;
pub mod index;
pub mod jobs;
pub mod launch;
pub mod messages;
pub mod notices;
pub mod origin;
pub mod patients;
pub mod record;
pub mod record_search;
pub mod review;
pub mod roles;
pub mod schedules;
pub mod search;
pub mod sign_in;
pub mod sources;
pub mod timeline;
pub mod well_known;

use record_view::Scene;
use web::Visit;

use crate::portal::Portal;

/// The words and the time a page is drawn with.
fn scene<'a>(portal: &'a Portal, visit: &Visit) -> Scene<'a> {
    Scene::new(portal.pages.renderer().words(visit.lang), visit.now)
}
