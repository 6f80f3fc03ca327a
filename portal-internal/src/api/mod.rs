//! The JSON API: the same domain calls as the pages. Each operation has a row in [`OPERATIONS`].

mod docs;
mod patients;
mod session;

use std::sync::Arc;

use access::{Act, Object};
use poem::{EndpointExt, Route, http::Method};
use poem_openapi::OpenApiService;
use web::routing::{Guard, GuardedApi, OperationGuards, RouteEntry, UnguardedOperation, build};

use crate::portal::{Permission, Portal};

/// Operation id, pattern for logs and figures, who may.
fn operations() -> [(&'static str, &'static str, Guard<Permission>); 6] {
    use Guard::{Permission, Public, SignedIn};
    let search = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    [
        ("session_read", "/api/v1/session", SignedIn),
        ("session_begin", "/api/v1/session", Public),
        ("session_end", "/api/v1/session", SignedIn),
        ("patient_search", "/api/v1/patient-searches", search()),
        ("record_section", "/api/v1/patients/{id}/record/{section}", record()),
        ("patient_links", "/api/v1/patients/{id}/links", record()),
    ]
}

/// `/api`: the operations under `v1`, their description, and Swagger UI for staff.
pub fn routes(portal: &Arc<Portal>, public_url: &str) -> Result<Route, UnguardedOperation> {
    let server = format!("{}/api/v1", public_url.trim_end_matches('/'));
    let api = (session::SessionApi, patients::PatientsApi);
    let service = OpenApiService::new(api, "portal-internal", env!("CARGO_PKG_VERSION")).server(server);
    let spec = service.spec();
    let document: serde_json::Value =
        serde_json::from_str(&spec).map_err(|error| UnguardedOperation(error.to_string()))?;
    let guards = OperationGuards::new(&document, &operations())?;
    let ui = docs::SwaggerUi::new(&service.swagger_ui_html());
    let guarded = GuardedApi { gate: portal.clone(), guards, inner: service.map_to_response().boxed() };
    let described = vec![
        RouteEntry::new(Method::GET, "/openapi.json", Guard::Public, docs::document(spec)),
        RouteEntry::new(Method::GET, "/docs", Guard::Permission((Object::API_DOCS, Act::View)), ui),
    ];
    Ok(Route::new().nest("/v1", guarded).nest("/", build(portal, described)))
}

/// A failed domain call as poem-openapi wants it.
fn failed<E: Into<web::Failure>>(error: E) -> poem::Error {
    error.into().into()
}
