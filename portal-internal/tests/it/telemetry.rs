//! What the portal tells those who run it: figures, spans, log lines. Enough to find a fault, nothing about patients.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use poem::{Body, EndpointExt, Route, Server, handler, listener::TcpAcceptor, post, web::Data};
use testbed::{Database, TestPortal};

use super::find;

/// A collector of OTLP over HTTP that keeps what it was sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

#[handler]
async fn collect(Data(collector): Data<&Collector>, body: Body) -> poem::Result<()> {
    let batch = body.into_bytes().await?;
    collector.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&batch);
    Ok(())
}

impl Collector {
    async fn start() -> Result<(Self, String)> {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/v1/traces", listener.local_addr()?);
        let app = Route::new().at("/v1/traces", post(collect)).data(collector.clone());
        tokio::spawn(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app));
        Ok((collector, url))
    }

    /// Protocol buffers keep texts as they are.
    fn has(&self, text: &str) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_name_routes_and_hospitals_and_no_patient() -> Result<()> {
    let region = testbed::region().await;
    let (collector, url) = Collector::start().await?;
    let database = Database::sqlite().await?;
    let mut portal = TestPortal::internal_with(&database, region, |table| {
        let telemetry = toml::Table::from_iter([("otlp_url".to_owned(), url.into())]);
        table.insert("telemetry".to_owned(), telemetry.into());
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let shown = region.shown_patient();
    let id = find(&mut clinician, &shown.resident_id).await?;
    let page = clinician.get(&format!("/patients/{id}/lab-results?q=canary-in-a-query")).await?;
    assert_eq!(page.status, 200, "{}", page.body);

    // Stopping sends what is left.
    portal.stop();
    for expected in ["portal-internal", "GET /patients/:person/:section", "http.response.status_code", "city-first"] {
        assert!(collector.has(expected), "no span says {expected}");
    }
    let log = portal.log();
    for secret in [&id, &shown.name, &shown.resident_id, "canary-in-a-query", "li.wei", "demo-li.wei"] {
        assert!(!collector.has(secret), "a span says {secret}");
        assert!(!log.contains(secret), "the log says {secret}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_the_portal_nothing() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let nobody = format!("http://127.0.0.1:{}/v1/traces", testbed::postgres::free_port()?);
    let mut portal = TestPortal::internal_with(&database, region, |table| {
        let telemetry = toml::Table::from_iter([("otlp_url".to_owned(), nobody.into())]);
        table.insert("telemetry".to_owned(), telemetry.into());
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?;
    assert_eq!(clinician.get("/").await?.status, 200);
    let stopping = Instant::now();
    portal.stop();
    assert!(stopping.elapsed() < Duration::from_secs(8), "it waited {:?} for the collector", stopping.elapsed());
    Ok(())
}

/// When something is wrong, or where a hospital wants to know who asks.
const ONLY_WHEN_IT_HAPPENS: [&str; 6] = [
    "portal_source_tokens_total",
    "portal_oauth_flows_total",
    "portal_oauth_flow_duration_seconds",
    "portal_source_foreign_resources_total",
    "portal_http_connections_refused_total",
    "portal_http_accept_errors_total",
];

/// `portal_…` and `process_…` names in a text.
fn figures_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
    let figures = words.filter(|word| word.starts_with("portal_") || word.starts_with("process_"));
    figures.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

/// `/metrics` once the sealer, which looks every 400 ms, has looked.
async fn once_sealed(portal: &TestPortal) -> Result<String> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let metrics = portal.ops("/metrics").await?.body;
        if metrics.contains("portal_audit_sealed_timestamp_seconds ") {
            return Ok(metrics);
        }
        anyhow::ensure!(Instant::now() < end, "the sealer never looked:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_and_the_alerts_show_figures_that_exist() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = find(&mut clinician, &region.shown_patient().resident_id).await?;
    clinician.get(&format!("/patients/{id}/lab-results")).await?;

    let metrics = once_sealed(&portal).await?;
    let served = figures_in(&metrics);
    for (name, about) in web::ops::FIGURES {
        if !ONLY_WHEN_IT_HAPPENS.contains(&name) {
            assert!(served.contains(name), "/metrics does not have {name}");
            assert!(metrics.contains(&format!("# HELP {name} {about}")), "{name} is not described");
        }
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring");
    for file in ["grafana-portal.json", "alerts.yml"] {
        let text = std::fs::read_to_string(folder.join(file)).context(file)?;
        let shown = figures_in(&text);
        assert!(shown.len() > 3, "{file} shows no figures");
        for name in shown {
            let known = web::ops::FIGURES.iter().any(|(known, _)| *known == name) || served.contains(&name);
            assert!(known, "{file} shows {name}, which there is not");
        }
    }
    assert!(!metrics.contains(&id), "a patient's id is in a figure");
    let ready: serde_json::Value = serde_json::from_str(&portal.ops("/health/ready").await?.body)?;
    assert_eq!(ready["checks"]["database"], "ok", "{ready}");
    assert_eq!(ready["checks"]["source:city-first"], "ok", "{ready}");
    Ok(())
}
