//! The one table of everything the portal answers: method, path, who may, what happens. `portal-internal routes` prints it.

use std::sync::Arc;

use access::{Act, Object};
use poem::{
    Endpoint, EndpointExt, Response, Route,
    endpoint::{make, make_sync},
    http::Method,
};
use web::routing::{Guard, Listed, RouteEntry, UnguardedOperation, build, list};
use web::upload::UploadRoute;

use crate::{
    api,
    pages::{
        arrange, articles, break_glass, data_quality, designer, desk, document, flows, home, index, jobs, launch,
        messages, notices, origin, patients, record, record_search, review, roles, schedules, search, sign_in, sources,
        timeline, well_known,
    },
    portal::{Permission, Portal},
};

const ORIGIN: &str = "/patients/:person/:section/origins/:source/:kind/:resource";
const ORIGIN_JSON: &str = "/patients/:person/:section/origins/:source/:kind/:resource/json";

fn table(files: impl Endpoint<Output = Response> + 'static) -> Vec<RouteEntry<Permission>> {
    use Guard::{Permission, Public, SignedIn};
    let find_patients = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    let steward = || Permission((Object::PAGE_INDEX, Act::LinkPatients));
    let source_json = Permission((Object::SECTION_RECORD, Act::ReadSourceJson));
    let data_quality = Permission((Object::PAGE_DATA_QUALITY, Act::View));
    let reviews = || Permission((Object::RECORD_REVIEWS, Act::ReviewResult));
    let acknowledge = Permission((Object::RECORD_REVIEWS, Act::AcknowledgeCritical));
    let delegate = || Permission((Object::ANYTHING, Act::Delegate));
    let home_page = || Permission((Object::PAGE_HOME, Act::View));
    let read = || Permission((Object::PAGE_ARTICLES, Act::View));
    let write = || Permission((Object::PAGE_ARTICLES, Act::Edit));
    let notify = || Permission((Object::PAGE_NOTICES, Act::Edit));
    vec![
        RouteEntry::new(Method::GET, "/static/*path", Public, files),
        RouteEntry::new(Method::GET, "/.well-known/jwks.json", Public, well_known::jwks),
        RouteEntry::new(Method::GET, "/sign-in", Public, sign_in::show),
        RouteEntry::new(Method::POST, "/sign-in", Public, sign_in::submit),
        RouteEntry::new(Method::POST, "/sign-out", SignedIn, sign_in::sign_out),
        RouteEntry::new(Method::GET, "/", home_page(), home::show),
        // Which page, and which of its widgets, the handler asks the policy.
        RouteEntry::new(Method::GET, "/pages/:page/items/:item", home_page(), home::item),
        RouteEntry::new(Method::GET, "/search", home_page(), search::show),
        RouteEntry::new(Method::POST, "/search", home_page(), search::find),
        RouteEntry::new(Method::GET, "/patients", find_patients(), patients::show),
        RouteEntry::new(Method::POST, "/patients", find_patients(), patients::find),
        RouteEntry::new(Method::GET, "/patients/:person", record(), record::open),
        RouteEntry::new(Method::GET, "/patients/:person/break-glass", record(), break_glass::show),
        RouteEntry::new(Method::POST, "/patients/:person/break-glass", record(), break_glass::submit),
        RouteEntry::new(Method::GET, "/patients/:person/timeline", record(), timeline::show),
        RouteEntry::new(Method::GET, "/patients/:person/search", record(), record_search::show),
        RouteEntry::new(Method::POST, "/patients/:person/search", record(), record_search::find),
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
        RouteEntry::new(Method::GET, "/articles", read(), articles::list),
        RouteEntry::new(Method::GET, "/articles/:slug", read(), articles::show),
        RouteEntry::new(Method::GET, "/articles/images/:image", read(), articles::image),
        RouteEntry::new(Method::GET, "/admin/articles", write(), desk::list),
        RouteEntry::new(Method::GET, "/admin/articles/:article", write(), desk::show),
        RouteEntry::new(Method::POST, "/admin/articles/:article", write(), desk::submit),
        RouteEntry::new(Method::POST, "/admin/articles/:article/steps", write(), desk::step),
        RouteEntry::new(Method::GET, "/admin/articles/:article/versions", write(), desk::history::show),
        RouteEntry::new(Method::GET, "/admin/articles/:article/images", write(), desk::images::show),
        RouteEntry::new(Method::POST, "/admin/articles/:article/images", write(), desk::images::add)
            .with_files(content::MOST_IMAGE_BYTES),
        RouteEntry::new(Method::GET, "/admin/notices", notify(), notices::show),
        RouteEntry::new(Method::POST, "/admin/notices", notify(), notices::add),
        RouteEntry::new(Method::POST, "/admin/notices/:notice", notify(), notices::change),
        RouteEntry::new(Method::POST, "/admin/notices/:notice/withdraw", notify(), notices::withdraw),
        RouteEntry::new(Method::GET, "/admin/data-quality", data_quality, data_quality::show),
        RouteEntry::new(Method::GET, "/admin/index", steward(), index::show),
        RouteEntry::new(Method::POST, "/admin/index/pairs/:pair", steward(), index::decide),
        RouteEntry::new(Method::GET, "/admin/roles", delegate(), roles::show),
        RouteEntry::new(Method::GET, "/admin/roles/change", delegate(), roles::consider),
        RouteEntry::new(Method::POST, "/admin/roles/change", delegate(), roles::carry_out),
        RouteEntry::new(Method::GET, "/admin/roles/explain", SignedIn, roles::explain),
    ]
    .into_iter()
    .chain(designing())
    .chain(done_later().into_iter().chain(of_clinics()))
    .chain(of_sources().into_iter().chain(from_hospitals()))
    .collect()
}

/// Background jobs, and what people are told of what was done.
fn done_later() -> [RouteEntry<Permission>; 5] {
    use Guard::{Permission, SignedIn};
    let see = || Permission((Object::PAGE_JOBS, Act::View));
    let steer = Permission((Object::PAGE_JOBS, Act::Administer));
    [
        RouteEntry::new(Method::GET, "/admin/jobs", see(), jobs::show),
        RouteEntry::new(Method::GET, "/admin/jobs/:job", see(), jobs::one),
        RouteEntry::new(Method::POST, "/admin/jobs/:job", steer, jobs::submit),
        RouteEntry::new(Method::GET, "/messages", SignedIn, messages::show),
        RouteEntry::new(Method::POST, "/messages", SignedIn, messages::mark),
    ]
}

/// Clinics that patients book, and who comes to them.
fn of_clinics() -> [RouteEntry<Permission>; 9] {
    let see = || Guard::Permission((Object::PAGE_SCHEDULES, Act::View));
    let manage = || Guard::Permission((Object::PAGE_SCHEDULES, Act::Manage));
    [
        RouteEntry::new(Method::GET, "/admin/schedules", see(), schedules::show),
        RouteEntry::new(Method::GET, "/admin/schedules/import", manage(), schedules::import::show),
        RouteEntry::new(Method::POST, "/admin/schedules/import", manage(), schedules::import::submit)
            .with_files(crate::schedules::MOST_BYTES),
        RouteEntry::new(Method::GET, "/admin/schedules/missed", manage(), schedules::missed::show),
        RouteEntry::new(Method::POST, "/admin/schedules/missed/:penalty", manage(), schedules::missed::waive),
        RouteEntry::new(Method::GET, "/admin/schedules/sessions/:session", manage(), schedules::roster),
        RouteEntry::new(Method::POST, "/admin/schedules/sessions/:session", manage(), schedules::act),
        RouteEntry::new(Method::GET, "/admin/schedules/sessions/:session/suspend", manage(), schedules::ask_suspend),
        RouteEntry::new(Method::POST, "/admin/schedules/sessions/:session/suspend", manage(), schedules::suspend),
    ]
}

/// The hospitals that are asked, and how.
fn of_sources() -> [RouteEntry<Permission>; 15] {
    let administer = || Guard::Permission((Object::PAGE_SOURCES, Act::Administer));
    [
        RouteEntry::new(Method::GET, "/admin/sources", administer(), sources::list),
        RouteEntry::new(Method::GET, "/admin/sources/new", administer(), sources::begin),
        RouteEntry::new(Method::POST, "/admin/sources/new", administer(), sources::add),
        RouteEntry::new(Method::GET, "/admin/sources/keys", administer(), sources::keys::show),
        RouteEntry::new(Method::POST, "/admin/sources/keys", administer(), sources::keys::submit),
        RouteEntry::new(Method::GET, "/admin/sources/brands", administer(), sources::brands::show),
        RouteEntry::new(Method::POST, "/admin/sources/brands", administer(), sources::brands::look)
            .with_files(sources::brands::MOST),
        RouteEntry::new(Method::GET, "/admin/sources/:source", administer(), sources::show),
        RouteEntry::new(Method::GET, "/admin/sources/:source/edit", administer(), sources::edit),
        RouteEntry::new(Method::POST, "/admin/sources/:source/edit", administer(), sources::change),
        RouteEntry::new(Method::POST, "/admin/sources/:source/steps", administer(), sources::step),
        RouteEntry::new(Method::POST, "/admin/sources/:source/tests", administer(), sources::test),
        RouteEntry::new(Method::POST, "/admin/sources/:source/tries", administer(), sources::try_now),
        RouteEntry::new(Method::GET, "/admin/flows", administer(), flows::list),
        RouteEntry::new(Method::GET, "/admin/flows/:flow", administer(), flows::show),
    ]
}

/// Staff whom a hospital's own system sends here, to a record.
fn from_hospitals() -> [RouteEntry<Permission>; 2] {
    let record = || Guard::Permission((Object::SECTION_RECORD, Act::ReadRecord));
    [
        RouteEntry::new(Method::GET, launch::LAUNCH, record(), launch::begin),
        RouteEntry::new(Method::GET, launch::CALLBACK_OF, record(), launch::callback),
    ]
}

/// The designer. Who may edit which page is decided for each page: delegated administrators hold roles on single pages, so
/// that no one object stands for all of them.
fn designing() -> [RouteEntry<Permission>; 15] {
    use Guard::SignedIn;
    let desk = || Guard::Permission((Object::PAGE_HOME, Act::View));
    [
        RouteEntry::new(Method::GET, "/pages/:page", desk(), home::other),
        RouteEntry::new(Method::GET, "/pages/:page/:sheet", desk(), home::colours),
        RouteEntry::new(Method::GET, "/arrange", desk(), arrange::show),
        RouteEntry::new(Method::POST, "/arrange", desk(), arrange::submit),
        RouteEntry::new(Method::GET, "/admin/pages", SignedIn, designer::show_list),
        RouteEntry::new(Method::POST, "/admin/pages", SignedIn, designer::create),
        RouteEntry::new(Method::GET, "/admin/pages/:page", SignedIn, designer::show),
        RouteEntry::new(Method::POST, "/admin/pages/:page", SignedIn, designer::submit),
        RouteEntry::new(Method::GET, "/admin/pages/:page/preview", SignedIn, designer::show_preview),
        RouteEntry::new(Method::GET, "/admin/pages/:page/colours/:sheet", SignedIn, designer::colours),
        RouteEntry::new(Method::GET, "/admin/pages/:page/revisions", SignedIn, designer::show_revisions),
        RouteEntry::new(Method::GET, "/admin/pages/:page/file", SignedIn, designer::export),
        RouteEntry::new(Method::POST, "/admin/pages/:page/publish", SignedIn, designer::publish),
        RouteEntry::new(Method::POST, "/admin/pages/:page/roll-back", SignedIn, designer::roll_back),
        RouteEntry::new(Method::POST, "/admin/pages/:page/presence", SignedIn, designer::presence),
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

/// The routes that take files, for the shell.
pub fn uploads() -> Vec<UploadRoute> {
    web::routing::uploads(&table(make_sync(|_| Response::default())))
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
    let (own, pages) = (portal.clone(), Arc::new(pages));
    let pages = make(move |request| {
        let (portal, pages) = (own.clone(), pages.clone());
        async move {
            messages::count(&portal, &request).await;
            pages.call(request).await
        }
    });
    let app = Route::new().nest("/api", api::routes(portal, public_url)?).nest("/", pages);
    Ok(app.data(portal.clone()).map_to_response())
}
