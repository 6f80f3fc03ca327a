//! The one table of everything the portal answers: method, path, who may, what happens. `portal-external routes` prints it.

use std::sync::Arc;

use access::{Act, Object};
use poem::{
    Endpoint, EndpointExt, Response, Route,
    endpoint::{make, make_sync},
    http::Method,
};
use web::routing::{Guard, Listed, RouteEntry, UnguardedOperation, build, list};

use crate::{
    api,
    pages::{
        access_log, articles, booking, connections, document, home, messages, origin, record, record_search, sharing,
        sign_in, well_known,
    },
    portal::{Permission, Portal},
};

fn table(files: impl Endpoint<Output = Response> + 'static) -> Vec<RouteEntry<Permission>> {
    use Guard::{Permission, Public, SignedIn};
    let site = || Permission((Object::SITE_EXTERNAL, Act::View));
    let record_of = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    vec![
        RouteEntry::new(Method::GET, "/static/*path", Public, files),
        RouteEntry::new(Method::GET, "/.well-known/jwks.json", Public, well_known::jwks),
        RouteEntry::new(Method::GET, "/sign-in", Public, sign_in::show),
        RouteEntry::new(Method::POST, "/sign-in", Public, sign_in::submit),
        RouteEntry::new(Method::POST, "/sign-out", SignedIn, sign_in::sign_out),
        RouteEntry::new(Method::GET, "/", site(), home::show),
        // Which page, and which of its widgets, the handler asks the policy.
        RouteEntry::new(Method::GET, "/pages/:page", site(), home::other),
        RouteEntry::new(Method::GET, "/pages/:page/:sheet", site(), home::colours),
        RouteEntry::new(Method::GET, "/pages/:page/items/:item", site(), home::item),
        RouteEntry::new(Method::GET, "/articles", Public, articles::list),
        RouteEntry::new(Method::GET, "/articles/:slug", Public, articles::show),
        RouteEntry::new(Method::GET, "/articles/images/:image", Public, articles::image),
        RouteEntry::new(Method::GET, "/messages", SignedIn, messages::show),
        RouteEntry::new(Method::POST, "/messages", SignedIn, messages::mark),
        RouteEntry::new(Method::GET, "/connections", record_of(), connections::list),
        RouteEntry::new(Method::GET, "/connections/new/:source", record_of(), connections::consent),
        RouteEntry::new(Method::POST, "/connections/new/:source", record_of(), connections::begin),
        RouteEntry::new(Method::GET, connections::CALLBACK, record_of(), connections::callback),
        // A page of a hospital posts here, and no session comes with it: what it says is believed for its secret alone.
        RouteEntry::new(Method::POST, connections::CALLBACK_OF, Public, connections::bring),
        RouteEntry::new(Method::GET, connections::CALLBACK_OF, record_of(), connections::callback),
        // Of those that have one address for all registered (`redirect_url`).
        RouteEntry::new(Method::POST, connections::CALLBACK, Public, connections::bring),
        RouteEntry::new(Method::GET, "/connections/reset", record_of(), connections::ask_reset),
        RouteEntry::new(Method::POST, "/connections/reset", record_of(), connections::reset),
        RouteEntry::new(Method::GET, "/connections/:connection/disconnect", record_of(), connections::ask),
        RouteEntry::new(Method::POST, "/connections/:connection/disconnect", record_of(), connections::disconnect),
        RouteEntry::new(Method::POST, "/connections/:connection/copy", record_of(), connections::copy),
        RouteEntry::new(Method::GET, "/booking", site(), booking::hospitals),
        RouteEntry::new(Method::GET, "/booking/hospitals/:hospital", site(), booking::departments),
        RouteEntry::new(Method::GET, "/booking/hospitals/:hospital/:department", site(), booking::sessions),
        RouteEntry::new(Method::GET, "/booking/sessions/:session", site(), booking::times),
        RouteEntry::new(Method::GET, "/booking/sessions/:session/check", site(), booking::check),
        RouteEntry::new(Method::GET, "/people/:person/bookings", site(), booking::mine::list),
        RouteEntry::new(Method::POST, "/people/:person/bookings", site(), booking::book),
        RouteEntry::new(Method::GET, "/people/:person/bookings/:booking", site(), booking::mine::show),
        RouteEntry::new(Method::GET, "/people/:person/bookings/:booking/cancel", site(), booking::mine::ask),
        RouteEntry::new(Method::POST, "/people/:person/bookings/:booking/cancel", site(), booking::mine::cancel),
        RouteEntry::new(Method::GET, "/people/:person/bookings/:booking/calendar", site(), booking::mine::calendar),
        RouteEntry::new(Method::POST, "/people/:person/waits", site(), booking::mine::wait),
        RouteEntry::new(Method::POST, "/people/:person/waits/:wait", site(), booking::mine::answer),
        RouteEntry::new(Method::POST, "/people/:person/missed/:penalty", site(), booking::mine::appeal),
        RouteEntry::new(Method::GET, "/sharing", record_of(), sharing::list),
        RouteEntry::new(Method::GET, "/sharing/new", record_of(), sharing::ask),
        RouteEntry::new(Method::POST, "/sharing/new", record_of(), sharing::invite),
        RouteEntry::new(Method::GET, "/sharing/accept", record_of(), sharing::enter),
        RouteEntry::new(Method::POST, "/sharing/accept", record_of(), sharing::accept),
        RouteEntry::new(Method::POST, "/sharing/invitations/:invitation/withdraw", record_of(), sharing::withdraw),
        RouteEntry::new(Method::GET, "/sharing/proxies/:proxy/end", record_of(), sharing::ask_end),
        RouteEntry::new(Method::POST, "/sharing/proxies/:proxy/end", record_of(), sharing::end),
        RouteEntry::new(Method::GET, "/access-log", record_of(), access_log::own),
        RouteEntry::new(Method::GET, "/people/:person/access-log", record_of(), access_log::show),
        RouteEntry::new(Method::GET, "/people/:person/record", record_of(), record::contents),
        RouteEntry::new(Method::GET, "/people/:person/record/search", record_of(), record_search::show),
        RouteEntry::new(Method::POST, "/people/:person/record/search", record_of(), record_search::find),
        RouteEntry::new(Method::GET, "/people/:person/record/:section", record_of(), record::section),
        RouteEntry::new(
            Method::GET,
            "/people/:person/record/documents/:source/:kind/:resource/:number",
            record_of(),
            document::show,
        ),
        RouteEntry::new(
            Method::GET,
            "/people/:person/record/:section/origins/:source/:kind/:resource",
            record_of(),
            origin::show,
        ),
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
