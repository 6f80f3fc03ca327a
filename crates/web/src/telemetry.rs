//! Traces for an OpenTelemetry collector: one span a request, one below it for each hospital asked.
//!
//! Spans say what the log may say and no more: methods, route patterns, status, ids of requests and of hospitals,
//! counts. Nothing a visitor sent is taken up: an incoming `traceparent` would let anybody join our traces.

use std::time::Duration;

use async_trait::async_trait;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, hyper::HyperClient};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use poem::http::{Method, StatusCode};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::config::TelemetrySection;

/// Spans of this target, and no others, are sent; the log does not show them.
pub const TARGET: &str = "trace";

/// How long the collector may take for a batch, and the portal for its last one.
const EXPORT_TIME: Duration = Duration::from_secs(3);

/// The exporter could not be made.
#[derive(Debug, thiserror::Error)]
#[error("[telemetry] otlp_url: {0}")]
pub struct TelemetryError(#[from] opentelemetry_otlp::ExporterBuildError);

/// Sends spans in batches from a thread of its own; a collector that is away costs the portal nothing but the spans.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Must be called on the runtime that shall carry the requests to the collector.
    ///
    /// # Errors
    /// [`TelemetryError`].
    pub fn new(settings: &TelemetrySection, service: &'static str) -> Result<Self, TelemetryError> {
        let Some(url) = &settings.otlp_url else { return Ok(Self(None)) };
        let client = OnRuntime {
            runtime: tokio::runtime::Handle::current(),
            inner: HyperClient::with_default_connector(EXPORT_TIME, None),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(url.as_str())
            .with_timeout(EXPORT_TIME)
            .build()?;
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(settings.sample))
            .with_resource(Resource::builder().with_service_name(service).build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(Some(provider)))
    }

    pub(crate) fn tracer(&self) -> Option<SdkTracer> {
        self.0.as_ref().map(|provider| provider.tracer("portal"))
    }

    /// Sends what is left. Waits for the collector at most three seconds.
    pub async fn close(self) {
        let Some(provider) = self.0 else { return };
        // It waits for its thread, which needs the runtime to send: so not on the runtime itself.
        let closed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(EXPORT_TIME)).await;
        match closed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
            Err(error) => tracing::warn!(%error, "the last spans were not sent"),
        }
    }
}

/// The batches are sent from a thread without a runtime; hyper wants one.
#[derive(Clone, Debug)]
struct OnRuntime {
    runtime: tokio::runtime::Handle,
    inner: HyperClient<HttpConnector>,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let client = self.inner.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

/// The span of a request; [`finish`] says what became of it.
pub(crate) fn request(method: &Method, id: &str) -> Span {
    let method = crate::shell::known_method(method);
    tracing::info_span!(
        target: TARGET,
        "request",
        "otel.kind" = "server",
        "otel.status_code" = Empty,
        "http.request.method" = method,
        "http.route" = Empty,
        "http.response.status_code" = Empty,
        "request.id" = id,
    )
}

/// Names the span by the route's pattern.
pub(crate) fn finish(span: &Span, method: &Method, route: &str, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    // A span that has begun no longer takes its name from a field.
    span.context().span().update_name(format!("{} {route}", crate::shell::known_method(method)));
    span.record("http.route", route);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}
