//! The JSON API: the same domain calls as the pages. Each operation has a row in the table of permissions.

mod articles;
mod booking;
mod connections;
mod people;
mod session;

use std::sync::Arc;

use access::{Act, Object};
use poem::{EndpointExt, IntoResponse, Response, Route, endpoint::make_sync, http::Method};
use poem_openapi::OpenApiService;
use web::routing::{Guard, GuardedApi, Listed, OperationGuards, RouteEntry, UnguardedOperation, build, list};

use crate::portal::{Permission, Portal};

type Service = OpenApiService<Apis, ()>;
type Apis =
    (session::SessionApi, people::PeopleApi, articles::ArticlesApi, connections::ConnectionsApi, booking::BookingApi);

/// Operation id, pattern for logs and figures, who may.
fn operations() -> [(&'static str, &'static str, Guard<Permission>); 16] {
    use Guard::{Permission, Public, SignedIn};
    let site = || Permission((Object::SITE_EXTERNAL, Act::View));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    [
        ("session_read", "/api/v1/session", SignedIn),
        ("session_begin", "/api/v1/session", Public),
        ("session_end", "/api/v1/session", SignedIn),
        ("article_list", "/api/v1/articles", Public),
        ("article_read", "/api/v1/articles/{slug}", Public),
        ("clinic_session_list", "/api/v1/clinic-sessions", Public),
        ("booking_make", "/api/v1/bookings", site()),
        ("booking_cancel", "/api/v1/bookings/{id}/cancel", site()),
        ("booking_reschedule", "/api/v1/bookings/{id}/reschedule", site()),
        ("connection_list", "/api/v1/connections", record()),
        ("connection_end", "/api/v1/connections/{id}", record()),
        ("connection_copy", "/api/v1/connections/{id}/copy", record()),
        ("access_log", "/api/v1/people/{id}/access-log", record()),
        ("record_section", "/api/v1/people/{id}/record/{section}", record()),
        ("record_search", "/api/v1/people/{id}/record-search", record()),
        ("record_origin", "/api/v1/people/{id}/record/{section}/origins", record()),
    ]
}

/// The operations with their description, not yet guarded.
fn service(public_url: &str) -> Result<(Service, OperationGuards<Permission>), UnguardedOperation> {
    let server = format!("{}/api/v1", public_url.trim_end_matches('/'));
    let api: Apis = (
        session::SessionApi,
        people::PeopleApi,
        articles::ArticlesApi,
        connections::ConnectionsApi,
        booking::BookingApi,
    );
    let service = OpenApiService::new(api, "portal-external", env!("CARGO_PKG_VERSION")).server(server);
    let document: serde_json::Value =
        serde_json::from_str(&service.spec()).map_err(|error| UnguardedOperation(error.to_string()))?;
    Ok((service, OperationGuards::new(&document, &operations())?))
}

/// What stands beside the operations, below `/api`.
fn described(service: &Service) -> Vec<RouteEntry<Permission>> {
    let ehr::json::Schemas { record, record_search, components, .. } = ehr::json::schemas();
    let spec = web::openapi::document(
        &service.spec(),
        &[("record_section", &record), ("record_search", &record_search)],
        components,
    );
    let describe =
        make_sync(move |_| -> Response { spec.clone().with_content_type("application/json").into_response() });
    vec![RouteEntry::new(Method::GET, "/openapi.json", Guard::Public, describe)]
}

/// Every route below `/api` with its guard.
pub fn registry() -> Result<Vec<Listed>, UnguardedOperation> {
    let (service, guards) = service("")?;
    let mut all = guards.list();
    all.extend(list("/api", &described(&service)));
    Ok(all)
}

/// `/api`: the operations under `v1`, and their description.
pub fn routes(portal: &Arc<Portal>, public_url: &str) -> Result<Route, UnguardedOperation> {
    let (service, guards) = service(public_url)?;
    let described = build(portal, described(&service));
    let guarded = GuardedApi { gate: portal.clone(), guards, inner: service.map_to_response().boxed() };
    Ok(Route::new().nest("/v1", guarded).nest("/", described))
}

/// A failed domain call as poem-openapi wants it.
fn failed<E: Into<web::Failure>>(error: E) -> poem::Error {
    error.into().into()
}
