//! Health, readiness and figures, on a listener of their own that the public never reaches.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use poem::{Endpoint, IntoResponse, Response, Route, endpoint::make, get, http::StatusCode, web::Json};

/// Checks one dependency: `Ok` or a fixed word for what is wrong.
pub type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), &'static str>> + Send + Sync>;

/// Dependencies by name. `required` ones decide readiness; the others are shown (a hospital that is down must not take
/// the portal out of the balancer).
#[derive(Default)]
pub struct Readiness {
    checks: Vec<(&'static str, bool, Check)>,
}

impl Readiness {
    /// Adds a dependency.
    pub fn with(mut self, name: &'static str, required: bool, check: Check) -> Self {
        self.checks.push((name, required, check));
        self
    }

    async fn answer(&self) -> (StatusCode, BTreeMap<&'static str, &'static str>) {
        let asked = self.checks.iter().map(|(name, required, check)| async move {
            let outcome = tokio::time::timeout(Duration::from_secs(3), check()).await;
            (*name, *required, outcome.unwrap_or(Err("timeout")))
        });
        let mut status = StatusCode::OK;
        let mut states = BTreeMap::new();
        for (name, required, outcome) in futures_util::future::join_all(asked).await {
            if outcome.is_err() && required {
                status = StatusCode::SERVICE_UNAVAILABLE;
            }
            states.insert(name, outcome.err().unwrap_or("ok"));
        }
        (status, states)
    }
}

/// Installs the process's recorder of figures.
///
/// # Errors
/// A text when one is installed already.
pub fn figures() -> Result<PrometheusHandle, String> {
    let seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| error.to_string())
}

/// The listener's routes: `/health/live`, `/health/ready`, `/metrics`.
pub fn routes(readiness: Readiness, figures: PrometheusHandle) -> impl Endpoint {
    let readiness = Arc::new(readiness);
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
                let figures = figures.clone();
                async move { figures.render().with_content_type("text/plain; version=0.0.4") }
            })),
        )
}

async fn ready(readiness: &Readiness) -> Response {
    let (status, checks) = readiness.answer().await;
    let state = if status == StatusCode::OK { "ok" } else { "unavailable" };
    Json(serde_json::json!({"state": state, "checks": checks})).with_status(status).into_response()
}
