//! Health, readiness and figures, on a listener of their own that the public never reaches.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use poem::{Endpoint, IntoResponse, Response, Route, endpoint::make, get, http::StatusCode, web::Json};

/// Checks one dependency: `Ok` or a fixed word for what is wrong.
pub type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), &'static str>> + Send + Sync>;

/// Dependencies by name. `required` ones decide readiness; the others are shown (a hospital that is down must not take
/// the portal out of the balancer).
#[derive(Default)]
pub struct Readiness {
    checks: Vec<(String, bool, Check)>,
}

impl Readiness {
    /// Adds a dependency.
    pub fn with(mut self, name: impl Into<String>, required: bool, check: Check) -> Self {
        self.checks.push((name.into(), required, check));
        self
    }

    async fn answer(&self) -> (StatusCode, BTreeMap<String, &'static str>) {
        let asked = self.checks.iter().map(|(name, required, check)| async move {
            let outcome = tokio::time::timeout(Duration::from_secs(3), check()).await;
            (name.clone(), *required, outcome.unwrap_or(Err("timeout")))
        });
        let mut status = StatusCode::OK;
        let mut states = BTreeMap::new();
        for (name, required, outcome) in futures_util::future::join_all(asked).await {
            if outcome.is_err() && required {
                status = StatusCode::SERVICE_UNAVAILABLE;
            }
            metrics::gauge!("portal_dependency_up", "dependency" => name.clone())
                .set(f64::from(u8::from(outcome.is_ok())));
            states.insert(name, outcome.err().unwrap_or("ok"));
        }
        (status, states)
    }
}

/// Every figure of the portals, and what it counts. The dashboard and the alerts use these and the process's own.
pub const FIGURES: [(&str, &str); 19] = [
    ("portal_build_info", "1, with the version as a label"),
    ("portal_http_requests_total", "Requests by method, route pattern and status"),
    ("portal_http_request_duration_seconds", "Time to an answer by route pattern"),
    ("portal_http_connections", "Open connections"),
    ("portal_http_connections_refused_total", "Connections beyond what one address may hold"),
    ("portal_http_accept_errors_total", "Connections that the system could not give us: out of file descriptors"),
    ("portal_source_requests_total", "Reads of a hospital by outcome"),
    ("portal_source_duration_seconds", "Time of a read of a hospital"),
    ("portal_source_foreign_resources_total", "Resources of other patients that a hospital sent and that were dropped"),
    ("portal_source_breaker_state", "Whether a hospital is asked: 0 it is, 1 it is tried, 2 it is left alone"),
    ("portal_jobs_overdue_seconds", "How long a job has been due that nobody has taken, by kind"),
    ("portal_jobs_attempts", "How often a job that is not over was tried, the most of each kind"),
    ("portal_source_tokens_total", "Tokens asked of hospitals by outcome"),
    ("portal_oauth_flows_total", "Steps of patients' sign-ins at hospitals by outcome and reason"),
    ("portal_oauth_flow_duration_seconds", "From leaving for a hospital's sign-in until it was over"),
    ("portal_signin_total", "Sign-ins by method and outcome"),
    ("portal_audit_events_total", "Audit rows by action and outcome"),
    ("portal_audit_sealed_timestamp_seconds", "When the sealer last found every audit row chained, or chained it"),
    ("portal_dependency_up", "1 when a dependency answered the last readiness check"),
];

/// What `/metrics` answers with.
#[derive(Clone)]
pub struct Figures {
    prometheus: PrometheusHandle,
    process: metrics_process::Collector,
}

impl Figures {
    fn render(&self) -> String {
        self.process.collect();
        self.prometheus.run_upkeep();
        self.prometheus.render()
    }
}

/// Installs the process's recorder of figures.
///
/// # Errors
/// A text when one is installed already.
pub fn figures(version: &'static str) -> Result<Figures, String> {
    let seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    // People take a minute where programs take a part of a second.
    let people = [5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];
    let prometheus = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("portal_oauth_flow_duration_seconds".to_owned()), &people)
        })
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| error.to_string())?;
    for (name, about) in FIGURES {
        match name {
            _ if name.ends_with("_total") => metrics::describe_counter!(name, about),
            _ if name.ends_with("_duration_seconds") => metrics::describe_histogram!(name, about),
            _ => metrics::describe_gauge!(name, about),
        }
    }
    metrics::gauge!("portal_build_info", "version" => version).set(1.0);
    let process = metrics_process::Collector::default();
    process.describe();
    Ok(Figures { prometheus, process })
}

/// The listener's routes: `/health/live`, `/health/ready`, `/metrics`.
pub fn routes(readiness: Readiness, figures: Figures) -> impl Endpoint {
    let readiness = Arc::new(readiness);
    let scraped = readiness.clone();
    Route::new()
        .at("/health/live", get(make(async |_| Json(serde_json::json!({"state": "ok"})))))
        .at(
            "/health/ready",
            get(make(move |_| {
                let readiness = readiness.clone();
                async move { ready(&readiness).await }
            })),
        )
        .at(
            "/metrics",
            get(make(move |_| {
                let (readiness, figures) = (scraped.clone(), figures.clone());
                async move {
                    // So that `portal_dependency_up` is as young as the rest.
                    readiness.answer().await;
                    figures.render().with_content_type("text/plain; version=0.0.4")
                }
            })),
        )
}

/// A newer schema under a program that runs is shown, not required: steps only add, and the balancer must not lose all
/// replicas of the old release at once.
pub fn schema(store: store::Store) -> Check {
    Box::new(move || {
        let store = store.clone();
        async move {
            match store.check_schema().await {
                Ok(()) => Ok(()),
                Err(store::StoreError::SchemaNewer { .. }) => Err("newer"),
                Err(store::StoreError::Schema { .. }) => Err("older"),
                Err(_) => Err("unavailable"),
            }
        }
        .boxed()
    })
}

async fn ready(readiness: &Readiness) -> Response {
    let (status, checks) = readiness.answer().await;
    let state = if status == StatusCode::OK { "ok" } else { "unavailable" };
    Json(serde_json::json!({"state": state, "checks": checks})).with_status(status).into_response()
}
