//! The one table of everything the portal answers: method, path, who may, what happens. `portal-internal routes` prints it.

use std::sync::Arc;

use access::{Act, Object};
use poem::{Endpoint, EndpointExt, Response, Route, endpoint::make_sync, http::Method};
use web::routing::{Guard, Listed, RouteEntry, UnguardedOperation, build, list};

use crate::{
    api,
    pages::{break_glass, data_quality, document, home, index, origin, patients, record, review, sign_in, timeline},
    portal::{Permission, Portal},
};

const ORIGIN: &str = "/patients/:person/:section/origins/:source/:kind/:resource";
const ORIGIN_JSON: &str = "/patients/:person/:section/origins/:source/:kind/:resource/json";

fn table(files: impl Endpoint<Output = Response> + 'static) -> Vec<RouteEntry<Permission>> {
    use Guard::{Permission, Public, SignedIn};
    let search = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    let steward = || Permission((Object::PAGE_INDEX, Act::LinkPatients));
    let source_json = Permission((Object::SECTION_RECORD, Act::ReadSourceJson));
    let data_quality = Permission((Object::PAGE_DATA_QUALITY, Act::View));
    let reviews = || Permission((Object::RECORD_REVIEWS, Act::ReviewResult));
    let acknowledge = Permission((Object::RECORD_REVIEWS, Act::AcknowledgeCritical));
    let home_page = Permission((Object::PAGE_HOME, Act::View));
    vec![
        RouteEntry::new(Method::GET, "/static/*path", Public, files),
        RouteEntry::new(Method::GET, "/sign-in", Public, sign_in::show),
        RouteEntry::new(Method::POST, "/sign-in", Public, sign_in::submit),
        RouteEntry::new(Method::POST, "/sign-out", SignedIn, sign_in::sign_out),
        RouteEntry::new(Method::GET, "/", home_page, home::show),
        RouteEntry::new(Method::GET, "/patients", search(), patients::show),
        RouteEntry::new(Method::POST, "/patients", search(), patients::find),
        RouteEntry::new(Method::GET, "/patients/:person", record(), record::open),
        RouteEntry::new(Method::GET, "/patients/:person/break-glass", record(), break_glass::show),
        RouteEntry::new(Method::POST, "/patients/:person/break-glass", record(), break_glass::submit),
        RouteEntry::new(Method::GET, "/patients/:person/timeline", record(), timeline::show),
        RouteEntry::new(Method::GET, "/patients/:person/:section", record(), record::section),
        RouteEntry::new(Method::GET, "/patients/:person/reviews/:section/:item", reviews(), review::show),
        RouteEntry::new(Method::POST, "/patients/:person/reviews/:section/:item", reviews(), review::submit),
        RouteEntry::new(Method::POST, "/patients/:person/reviews/:section/:item/withdraw", reviews(), review::withdraw),
        RouteEntry::new(
            Method::POST,
            "/patients/:person/reviews/:section/:item/acknowledge",
            acknowledge,
            review::acknowledge,
        ),
        RouteEntry::new(
            Method::GET,
            "/patients/:person/documents/:source/:kind/:resource/:number",
            record(),
            document::show,
        ),
        RouteEntry::new(Method::GET, ORIGIN, record(), origin::show),
        RouteEntry::new(Method::GET, ORIGIN_JSON, source_json, origin::show_json),
        RouteEntry::new(Method::GET, "/admin/data-quality", data_quality, data_quality::show),
        RouteEntry::new(Method::GET, "/admin/index", steward(), index::show),
        RouteEntry::new(Method::POST, "/admin/index/pairs/:pair", steward(), index::decide),
    ]
}

/// Every page and operation with its guard, as the portal serves them.
///
/// # Errors
/// As [`routes`].
pub fn registry() -> Result<Vec<Listed>, UnguardedOperation> {
    let mut all = list("", &table(make_sync(|_| Response::default())));
    all.extend(api::registry()?);
    all.sort();
    Ok(all)
}

/// The whole portal inside the shell.
///
/// # Errors
/// An operation of the API without a row in the table of permissions: the portal then does not start.
pub fn routes(
    portal: &Arc<Portal>,
    public_url: &str,
) -> Result<impl Endpoint<Output = Response> + use<>, UnguardedOperation> {
    let pages = build(portal, table(portal.pages.static_files()));
    let app = Route::new().nest("/api", api::routes(portal, public_url)?).nest("/", pages);
    Ok(app.data(portal.clone()).map_to_response())
}
