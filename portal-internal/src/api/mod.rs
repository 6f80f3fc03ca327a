//! The JSON API: the same domain calls as the pages. Each operation has a row in [`OPERATIONS`].

mod articles;
mod data_quality;
mod docs;
mod explain;
mod flows;
mod grants;
mod if_match;
mod index;
mod jobs;
mod mine;
mod pages;
mod patients;
mod reviews;
mod session;
mod sources;

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
    jobs::JobsApi,
    reviews::ReviewsApi,
    grants::GrantsApi,
    explain::ExplainApi,
    articles::ArticlesApi,
    pages::PagesApi,
    sources::SourcesApi,
    flows::FlowsApi,
);
type Service = OpenApiService<Apis, ()>;

/// Operation id, pattern for logs and figures, who may.
fn operations() -> [(&'static str, &'static str, Guard<Permission>); 53] {
    use Guard::{Permission, Public, SignedIn};
    let search = || Permission((Object::PAGE_PATIENT_SEARCH, Act::SearchPatients));
    let record = || Permission((Object::SECTION_RECORD, Act::ReadRecord));
    let source_json = Permission((Object::SECTION_RECORD, Act::ReadSourceJson));
    let data_quality = Permission((Object::PAGE_DATA_QUALITY, Act::View));
    let jobs = Permission((Object::PAGE_JOBS, Act::View));
    let reviews = || Permission((Object::RECORD_REVIEWS, Act::ReviewResult));
    let acknowledge = Permission((Object::RECORD_REVIEWS, Act::AcknowledgeCritical));
    let articles = || Permission((Object::PAGE_ARTICLES, Act::View));
    let steward = || Permission((Object::PAGE_INDEX, Act::LinkPatients));
    let delegate = || Permission((Object::ANYTHING, Act::Delegate));
    let sources = || Permission((Object::PAGE_SOURCES, Act::Administer));
    [
        ("session_read", "/api/v1/session", SignedIn),
        ("session_begin", "/api/v1/session", Public),
        ("session_end", "/api/v1/session", SignedIn),
        ("patient_search", "/api/v1/patient-searches", search()),
        ("record_section", "/api/v1/patients/{id}/record/{section}", record()),
        ("record_search", "/api/v1/patients/{id}/record-search", record()),
        ("record_origin", "/api/v1/patients/{id}/record/{section}/origins", record()),
        ("record_origin_json", "/api/v1/patients/{id}/record/{section}/origins/json", source_json),
        ("break_glass", "/api/v1/patients/{id}/break-glass", record()),
        ("patient_links", "/api/v1/patients/{id}/links", record()),
        ("my_patients", "/api/v1/my-patients", record()),
        ("data_quality", "/api/v1/data-quality", data_quality),
        ("jobs", "/api/v1/jobs", jobs),
        ("review_list", "/api/v1/patients/{id}/reviews", record()),
        ("review_add", "/api/v1/patients/{id}/reviews", reviews()),
        ("review_withdraw", "/api/v1/patients/{id}/reviews/{review}/withdraw", reviews()),
        ("critical_acknowledge", "/api/v1/patients/{id}/acknowledgements", acknowledge),
        ("article_list", "/api/v1/articles", articles()),
        ("article_read", "/api/v1/articles/{slug}", articles()),
        ("index_pairs", "/api/v1/index/pairs", steward()),
        ("index_decide", "/api/v1/index/pairs/{id}", steward()),
        ("grants", "/api/v1/grants", delegate()),
        ("grant_add", "/api/v1/grants", delegate()),
        ("grant_end", "/api/v1/grants/{rule}", delegate()),
        ("blocks", "/api/v1/inheritance-blocks", delegate()),
        ("block_add", "/api/v1/inheritance-blocks", delegate()),
        ("block_end", "/api/v1/inheritance-blocks/{rule}", delegate()),
        ("memberships", "/api/v1/staff-memberships", delegate()),
        ("membership_add", "/api/v1/staff-memberships", delegate()),
        ("membership_end", "/api/v1/staff-memberships/{rule}", delegate()),
        ("explain", "/api/v1/explain", SignedIn),
        // Who may edit which page is decided for each page: roles may be held on single ones.
        ("page_list", "/api/v1/pages", SignedIn),
        ("page_create", "/api/v1/pages", SignedIn),
        ("page_read", "/api/v1/pages/{page}", SignedIn),
        ("page_save", "/api/v1/pages/{page}", SignedIn),
        ("page_delete", "/api/v1/pages/{page}", SignedIn),
        ("page_undo", "/api/v1/pages/{page}/undo", SignedIn),
        ("page_publish", "/api/v1/pages/{page}/publish", SignedIn),
        ("page_rollback", "/api/v1/pages/{page}/rollback", SignedIn),
        ("page_restore", "/api/v1/pages/{page}/restore", SignedIn),
        ("page_revisions", "/api/v1/pages/{page}/revisions", SignedIn),
        ("page_changes", "/api/v1/pages/{page}/changes", SignedIn),
        ("page_export", "/api/v1/pages/{page}/file", SignedIn),
        ("page_import", "/api/v1/page-files", SignedIn),
        ("source_list", "/api/v1/sources", sources()),
        ("source_add", "/api/v1/sources", sources()),
        ("source_read", "/api/v1/sources/{source}", sources()),
        ("source_change", "/api/v1/sources/{source}", sources()),
        ("source_remove", "/api/v1/sources/{source}", sources()),
        ("source_test", "/api/v1/sources/{source}/tests", sources()),
        ("source_try", "/api/v1/sources/{source}/tries", sources()),
        ("flow_list", "/api/v1/flows", sources()),
        ("flow_read", "/api/v1/flows/{flow}", sources()),
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
        jobs::JobsApi,
        reviews::ReviewsApi,
        grants::GrantsApi,
        explain::ExplainApi,
        articles::ArticlesApi,
        pages::PagesApi,
        sources::SourcesApi,
        flows::FlowsApi,
    );
    let service = OpenApiService::new(api, "portal-internal", env!("CARGO_PKG_VERSION")).server(server);
    let document: serde_json::Value =
        serde_json::from_str(&service.spec()).map_err(|error| UnguardedOperation(error.to_string()))?;
    Ok((service, OperationGuards::new(&document, &operations())?))
}

/// What stands beside the operations, below `/api`.
fn described(service: &Service) -> Vec<RouteEntry<Permission>> {
    let ehr::json::Schemas { record, links, patients, record_search, mine, components } = ehr::json::schemas();
    let answers = [
        ("record_section", &record),
        ("record_search", &record_search),
        ("patient_links", &links),
        ("patient_search", &patients),
        ("my_patients", &mine),
    ];
    let spec = service.spec();
    let document = pages::describe(&web::openapi::document(&spec, &answers, components));
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
