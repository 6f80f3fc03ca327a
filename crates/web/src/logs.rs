//! JSON logs on standard error. They hold route patterns, ids of requests and fixed words: never query strings, bodies,
//! names, health data or secrets.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// What is logged unless `PORTAL_LOG` says otherwise. Libraries that would log statements, headers or addresses with
/// query strings stay at `warn` or below whatever the variable says: see [`start`].
const DEFAULT: &str = "info";
/// Appended last, so they win.
const QUIET: [&str; 7] =
    ["sqlx=off", "sea_orm=off", "hyper=warn", "reqwest=warn", "ldap3=warn", "rustls=warn", "h2=warn"];

/// Starts logging for the process.
pub fn start() {
    let wanted = std::env::var("PORTAL_LOG").unwrap_or_else(|_| DEFAULT.to_owned());
    let mut filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    for directive in QUIET.iter().filter_map(|text| text.parse().ok()) {
        filter = filter.add_directive(directive);
    }
    let layer = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(std::io::stderr);
    // Only a second call in one process can fail, and then logging is on already.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
}
