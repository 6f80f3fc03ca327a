//! The one table of everything the portal answers: method, path, who may, what happens.

use std::sync::Arc;

use access::{Act, Object};
use poem::{Endpoint, EndpointExt, Response, Route, http::Method};
use web::routing::{Guard, RouteEntry, UnguardedOperation, build};

use crate::{
    api,
    pages::{home, patients, record, sign_in},
    portal::{Permission, Portal},
};

fn table(portal: &Arc<Portal>) -> Vec<RouteEntry<Permission>> {
    use Guard::{Permission, Public, SignedIn};
    let search = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    let home_page = Permission((Object::PAGE_HOME, Act::View));
    vec![
        RouteEntry::new(Method::GET, "/static/*path", Public, portal.pages.static_files()),
        RouteEntry::new(Method::GET, "/sign-in", Public, sign_in::show),
        RouteEntry::new(Method::POST, "/sign-in", Public, sign_in::submit),
        RouteEntry::new(Method::POST, "/sign-out", SignedIn, sign_in::sign_out),
        RouteEntry::new(Method::GET, "/", home_page, home::show),
        RouteEntry::new(Method::GET, "/patients", search(), patients::show),
        RouteEntry::new(Method::POST, "/patients", search(), patients::find),
        RouteEntry::new(Method::GET, "/patients/:person", record(), record::open),
        RouteEntry::new(Method::GET, "/patients/:person/break-glass", record(), record::break_glass),
        RouteEntry::new(Method::GET, "/patients/:person/:section", record(), record::section),
    ]
}

/// The whole portal inside the shell.
///
/// # Errors
/// An operation of the API without a row in the table of permissions: the portal then does not start.
pub fn routes(
    portal: &Arc<Portal>,
    public_url: &str,
) -> Result<impl Endpoint<Output = Response> + use<>, UnguardedOperation> {
    let pages = build(portal, table(portal));
    let app = Route::new().nest("/api", api::routes(portal, public_url)?).nest("/", pages);
    Ok(app.data(portal.clone()).map_to_response())
}
