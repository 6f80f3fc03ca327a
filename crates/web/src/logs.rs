//! JSON logs on standard error. They hold route patterns, ids of requests and fixed words: never query strings, bodies,
//! names, health data or secrets.

use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterFn, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::telemetry::{self, Traces};

/// What is logged unless `PORTAL_LOG` says otherwise. Libraries that would log statements, headers or addresses with
/// query strings stay at `warn` or below whatever the variable says: see [`start`].
const DEFAULT: &str = "info";
/// Appended last, so they win. Spans are for the collector.
const QUIET: [&str; 9] = [
    "sqlx=off",
    "sea_orm=off",
    "hyper=warn",
    "reqwest=warn",
    "ldap3=warn",
    "rustls=warn",
    "h2=warn",
    "opentelemetry=warn",
    "trace=off",
];

/// Starts logging for the process, and tracing if there is a collector.
pub fn start(traces: &Traces) {
    let wanted = std::env::var("PORTAL_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let mut filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    for directive in QUIET.iter().filter_map(|text| text.parse().ok()) {
        filter = filter.add_directive(directive);
    }
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(std::io::stderr);
    let spans = traces.tracer().map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
        layer.with_filter(our_spans())
    });
    // Only a second call in one process can fail, and then logging is on already.
    let _ = tracing_subscriber::registry().with(spans).with(lines.with_filter(filter)).try_init();
}

/// Lines of the log stay out of the spans.
fn our_spans() -> FilterFn {
    filter_fn(|metadata| metadata.is_span() && metadata.target() == telemetry::TARGET)
}
