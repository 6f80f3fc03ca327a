//! The JSON API: the same domain calls as the pages. Each operation has a row in the table of permissions.

mod people;
mod session;

use std::sync::Arc;

use access::{Act, Object};
use poem::{EndpointExt, IntoResponse, Response, Route, endpoint::make_sync, http::Method};
use poem_openapi::OpenApiService;
use web::routing::{Guard, GuardedApi, OperationGuards, RouteEntry, UnguardedOperation, build};

use crate::portal::{Permission, Portal};

/// Operation id, pattern for logs and figures, who may.
fn operations() -> [(&'static str, &'static str, Guard<Permission>); 4] {
    use Guard::{Permission, Public, SignedIn};
    let record = Permission((Object::SECTION_RECORD, Act::ReadRecord));
    [
        ("session_read", "/api/v1/session", SignedIn),
        ("session_begin", "/api/v1/session", Public),
        ("session_end", "/api/v1/session", SignedIn),
        ("record_section", "/api/v1/people/{id}/record/{section}", record),
    ]
}

/// `/api`: the operations under `v1`, and their description.
pub fn routes(portal: &Arc<Portal>, public_url: &str) -> Result<Route, UnguardedOperation> {
    let server = format!("{}/api/v1", public_url.trim_end_matches('/'));
    let api = (session::SessionApi, people::PeopleApi);
    let service = OpenApiService::new(api, "portal-external", env!("CARGO_PKG_VERSION")).server(server);
    let spec = service.spec();
    let document: serde_json::Value =
        serde_json::from_str(&spec).map_err(|error| UnguardedOperation(error.to_string()))?;
    let guards = OperationGuards::new(&document, &operations())?;
    let guarded = GuardedApi { gate: portal.clone(), guards, inner: service.map_to_response().boxed() };
    let describe =
        make_sync(move |_| -> Response { spec.clone().with_content_type("application/json").into_response() });
    let described = vec![RouteEntry::new(Method::GET, "/openapi.json", Guard::Public, describe)];
    Ok(Route::new().nest("/v1", guarded).nest("/", build(portal, described)))
}

/// A failed domain call as poem-openapi wants it.
fn failed<E: Into<web::Failure>>(error: E) -> poem::Error {
    error.into().into()
}
