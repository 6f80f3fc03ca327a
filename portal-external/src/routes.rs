//! The one table of everything the portal answers: method, path, who may, what happens.

use std::sync::Arc;

use access::{Act, Object};
use poem::{Endpoint, EndpointExt, Response, Route, http::Method};
use web::routing::{Guard, RouteEntry, UnguardedOperation, build};

use crate::{
    api,
    pages::{home, record, sign_in},
    portal::{Permission, Portal},
};

fn table(portal: &Arc<Portal>) -> Vec<RouteEntry<Permission>> {
    use Guard::{Permission, Public, SignedIn};
    let site = Permission((Object::SITE_EXTERNAL, Act::View));
    let record_of = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    vec![
        RouteEntry::new(Method::GET, "/static/*path", Public, portal.pages.static_files()),
        RouteEntry::new(Method::GET, "/sign-in", Public, sign_in::show),
        RouteEntry::new(Method::POST, "/sign-in", Public, sign_in::submit),
        RouteEntry::new(Method::POST, "/sign-out", SignedIn, sign_in::sign_out),
        RouteEntry::new(Method::GET, "/", site, home::show),
        RouteEntry::new(Method::GET, "/people/:person/record", record_of(), record::contents),
        RouteEntry::new(Method::GET, "/people/:person/record/:section", record_of(), record::section),
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
