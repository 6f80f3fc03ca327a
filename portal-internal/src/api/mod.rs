//! The JSON API: the same domain calls as the pages. Each operation has a row in [`OPERATIONS`].

mod data_quality;
mod docs;
mod index;
mod mine;
mod patients;
mod reviews;
mod session;

use std::sync::Arc;

use access::{Act, Object};
use poem::{EndpointExt, Route, http::Method};
use poem_openapi::OpenApiService;
use web::routing::{Guard, GuardedApi, Listed, OperationGuards, RouteEntry, UnguardedOperation, build, list};

use crate::portal::{Permission, Portal};

type Apis = (
    session::SessionApi,
    patients::PatientsApi,
    mine::MineApi,
    index::IndexApi,
    data_quality::DataQualityApi,
    reviews::ReviewsApi,
);
type Service = OpenApiService<Apis, ()>;

/// Operation id, pattern for logs and figures, who may.
fn operations() -> [(&'static str, &'static str, Guard<Permission>); 17] {
    use Guard::{Permission, Public, SignedIn};
    let search = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    let source_json = Permission((Object::SECTION_RECORD, Act::ReadSourceJson));
    let data_quality = Permission((Object::PAGE_DATA_QUALITY, Act::View));
    let reviews = || Permission((Object::RECORD_REVIEWS, Act::ReviewResult));
    let acknowledge = Permission((Object::RECORD_REVIEWS, Act::AcknowledgeCritical));
    let steward = || Permission((Object::PAGE_INDEX, Act::LinkPatients));
    [
        ("session_read", "/api/v1/session", SignedIn),
        ("session_begin", "/api/v1/session", Public),
        ("session_end", "/api/v1/session", SignedIn),
        ("patient_search", "/api/v1/patient-searches", search()),
        ("record_section", "/api/v1/patients/{id}/record/{section}", record()),
        ("record_origin", "/api/v1/patients/{id}/record/{section}/origins", record()),
        ("record_origin_json", "/api/v1/patients/{id}/record/{section}/origins/json", source_json),
        ("break_glass", "/api/v1/patients/{id}/break-glass", record()),
        ("patient_links", "/api/v1/patients/{id}/links", record()),
        ("my_patients", "/api/v1/my-patients", record()),
        ("data_quality", "/api/v1/data-quality", data_quality),
        ("review_list", "/api/v1/patients/{id}/reviews", record()),
        ("review_add", "/api/v1/patients/{id}/reviews", reviews()),
        ("review_withdraw", "/api/v1/patients/{id}/reviews/{review}/withdraw", reviews()),
        ("critical_acknowledge", "/api/v1/patients/{id}/acknowledgements", acknowledge),
        ("index_pairs", "/api/v1/index/pairs", steward()),
        ("index_decide", "/api/v1/index/pairs/{id}", steward()),
    ]
}

/// The operations with their description, not yet guarded.
fn service(public_url: &str) -> Result<(Service, OperationGuards<Permission>), UnguardedOperation> {
    let server = format!("{}/api/v1", public_url.trim_end_matches('/'));
    let api: Apis = (
        session::SessionApi,
        patients::PatientsApi,
        mine::MineApi,
        index::IndexApi,
        data_quality::DataQualityApi,
        reviews::ReviewsApi,
    );
    let service = OpenApiService::new(api, "portal-internal", env!("CARGO_PKG_VERSION")).server(server);
    let document: serde_json::Value =
        serde_json::from_str(&service.spec()).map_err(|error| UnguardedOperation(error.to_string()))?;
    Ok((service, OperationGuards::new(&document, &operations())?))
}

/// What stands beside the operations, below `/api`.
fn described(service: &Service) -> Vec<RouteEntry<Permission>> {
    let ehr::json::Schemas { record, links, patients, mine, components } = ehr::json::schemas();
    let answers =
        [("record_section", &record), ("patient_links", &links), ("patient_search", &patients), ("my_patients", &mine)];
    let spec = service.spec();
    let document = web::openapi::document(&spec, &answers, components);
    // The page has the document inside.
    let ui = docs::SwaggerUi::new(&service.swagger_ui_html().replace(&spec, &document));
    vec![
        RouteEntry::new(Method::GET, "/openapi.json", Guard::Public, docs::document(document)),
        RouteEntry::new(Method::GET, "/docs", Guard::Permission((Object::API_DOCS, Act::View)), ui),
    ]
}

/// Every route below `/api` with its guard.
pub fn registry() -> Result<Vec<Listed>, UnguardedOperation> {
    let (service, guards) = service("")?;
    let mut all = guards.list();
    all.extend(list("/api", &described(&service)));
    Ok(all)
}

/// `/api`: the operations under `v1`, their description, and Swagger UI for staff.
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
