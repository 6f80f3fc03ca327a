//! What the pages of sources are given.

use std::time::Duration;

use ehr::Ties;
use serde::Serialize;
use sources::{BreakerState, Defined, Definition, Environment, FlowFigures, Health, Source, Standing};
use web::{
    Lang, Visit,
    render::{Arg, Words},
};

use super::trend::{self, TrendView};
use crate::{pages::chart::Chart, portal::Portal};

/// Nineteen of twenty answers that take longer are called slow, in milliseconds.
const SLOW: u64 = 3_000;

/// A source's name in the visitor's language.
pub fn name(source: &Source, visit: &Visit) -> String {
    let name = if visit.lang == Lang::En { &source.name.en } else { &source.name.zh };
    name.clone()
}

/// A source and how it is doing.
#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    mark: &'static str,
    platform: String,
    environment: &'static str,
    /// Defined in the portal, and so to be changed there.
    defined: bool,
    /// `unknown`, `good`, `slow`, `failing`, `paused`, `removed` or `unusable`.
    state: &'static str,
    /// In seconds.
    median: Option<String>,
    p95: Option<String>,
    /// In percent.
    errors: Option<String>,
    last_good: Option<String>,
    last_bad: Option<String>,
    why: Option<String>,
    asked: u64,
    failed: u64,
    /// Times that it said 429.
    limited: u64,
    breaker: BreakerView,
    /// Of the last hours; absent where nothing was asked.
    trend: Option<Chart>,
    /// Patients who have connected it; absent where they don't.
    connections: Option<u64>,
}

/// Whether a source is left alone, and until when.
#[derive(Serialize)]
struct BreakerView {
    tone: &'static str,
    text: String,
    /// Because it failed, or asked for patience: it can be tried before its time.
    resting: bool,
}

impl BreakerView {
    fn new(words: &Words, source: &Source) -> Self {
        let in_seconds = |key, left: Duration| {
            words.with(key, &[("seconds", Arg::from(left.as_millis().div_ceil(1_000).to_string()))])
        };
        let state = source.breaker();
        let (tone, text) = match (state, source.told_to_wait()) {
            (BreakerState::Closed, None) => ("ok", words.text("source-breaker-closed")),
            (BreakerState::Closed, Some(left)) => ("warn", in_seconds("source-breaker-told-to-wait", left)),
            (BreakerState::HalfOpen, _) => ("warn", words.text("source-breaker-half-open")),
            (BreakerState::Open(left), _) if left.is_zero() => ("crit", words.text("source-breaker-due")),
            (BreakerState::Open(left), _) => ("crit", in_seconds("source-breaker-open", left)),
        };
        Self { tone, text, resting: tone != "ok" }
    }
}

fn state(source: &Source, health: &Health) -> &'static str {
    match (source.standing, health.is_good()) {
        (Standing::Asked, None) => "unknown",
        (Standing::Asked, Some(false)) => "failing",
        (Standing::Asked, Some(true)) if health.p95_ms.is_some_and(|ms| ms > SLOW) => "slow",
        (Standing::Asked, Some(true)) => "good",
        (standing, _) => standing.as_str(),
    }
}

pub fn seconds(ms: u64) -> String {
    format!("{:.2}", f64::from(u32::try_from(ms).unwrap_or(u32::MAX)) / 1000.0)
}

/// Failures of all questions, in percent.
fn share(health: &Health) -> Option<String> {
    let thousandths = (health.failed * 1_000).checked_div(health.asked)?;
    Some(format!("{}.{}%", thousandths / 10, thousandths % 10))
}

impl Row {
    fn new(words: &Words, visit: &Visit, source: &Source) -> Self {
        let health = source.health();
        let minute = |at| words.minute_today(at, visit.now);
        Self {
            id: source.id.clone(),
            name: name(source, visit),
            mark: record_view::source_mark(source.mark),
            platform: source.client.platform().name.clone(),
            environment: source.environment.as_str(),
            defined: source.rev > 0,
            state: state(source, &health),
            median: health.median_ms.map(seconds),
            p95: health.p95_ms.map(seconds),
            errors: share(&health),
            last_good: health.last_good.map(minute),
            last_bad: health.last_bad.map(minute),
            why: health.last_bad_why.map(|key| words.text(key)),
            asked: health.asked,
            failed: health.failed,
            limited: health.rate_limited,
            breaker: BreakerView::new(words, source),
            trend: trend::chart(source, visit.now),
            connections: source.is_personal().then_some(0),
        }
    }

    fn with_connections(mut self, all: &[FlowFigures]) -> Self {
        let of = all.iter().find(|one| one.source == self.id).map_or(0, |one| one.connections);
        self.connections = self.connections.map(|_| of);
        self
    }
}

/// One platform file and who it describes.
#[derive(Serialize)]
struct PlatformRow {
    id: String,
    name: String,
    count: usize,
    page_size: u32,
    page_size_why: String,
    documentation: String,
}

/// `sources/list.html`
#[derive(Serialize)]
pub struct ListPage {
    rows: Vec<Row>,
    removed: Vec<Row>,
    platforms: Vec<PlatformRow>,
    production: usize,
    sandbox: usize,
    usable: usize,
    asked: u64,
    errors: Option<String>,
    limited: u64,
    as_of: String,
    done: Option<&'static str>,
    /// Defined here and in the configuration: the latter holds.
    shadowed: Vec<String>,
}

impl ListPage {
    pub fn new(
        portal: &Portal,
        visit: &Visit,
        defined: &[Defined],
        connected: &[FlowFigures],
        done: Option<&'static str>,
    ) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        let all: Vec<_> = portal.catalogue.all().collect();
        let of = |environment| all.iter().filter(|one| is_here(one) && one.environment == environment).count();
        let health: Vec<Health> = all.iter().map(|source| source.health()).collect();
        let sum = Health {
            asked: health.iter().map(|one| one.asked).sum(),
            failed: health.iter().map(|one| one.failed).sum(),
            ..Health::default()
        };
        let usable = |source: &&std::sync::Arc<Source>| {
            source.standing == Standing::Asked && source.health().is_good() != Some(false)
        };
        let platforms = portal.catalogue.platforms().iter().map(|platform| PlatformRow {
            id: platform.id.clone(),
            name: platform.name.clone(),
            count: all.iter().filter(|one| is_here(one) && one.client.platform().id == platform.id).count(),
            page_size: platform.page_size,
            page_size_why: platform.page_size_why.clone(),
            documentation: platform.documentation.clone(),
        });
        let mut platforms: Vec<_> = platforms.collect();
        platforms.sort_by_key(|one| std::cmp::Reverse(one.count));
        let row = |one: &std::sync::Arc<Source>| Row::new(words, visit, one).with_connections(connected);
        let shadowed = defined.iter().filter(|one| portal.catalogue.configured().iter().any(|own| own.id == one.id));
        Self {
            production: of(Environment::Production),
            sandbox: of(Environment::Sandbox),
            usable: all.iter().filter(usable).count(),
            asked: sum.asked,
            errors: share(&sum),
            limited: health.iter().map(|one| one.rate_limited).sum(),
            rows: all.iter().filter(|one| is_here(one)).map(row).collect(),
            removed: all.iter().filter(|one| !is_here(one)).map(row).collect(),
            platforms,
            as_of: words.minute(visit.now),
            done,
            shadowed: shadowed.map(|one| one.id.clone()).collect(),
        }
    }
}

fn is_here(source: &Source) -> bool {
    source.standing != Standing::Removed
}

/// What hangs on a source.
pub struct Hangs {
    pub ties: Ties,
    /// Where patients connect it.
    pub connected: Option<FlowFigures>,
}

/// What hangs on a source, as numbers.
#[derive(Serialize)]
struct TiesView {
    people: u64,
    registrations: u64,
    relations: u64,
    /// Patients who have connected it, and those of them who have to sign in there again.
    connections: u64,
    reconnect: u64,
}

/// How one is defined.
#[derive(Serialize)]
struct DefinitionView {
    base_url: String,
    timeout_ms: u64,
    page_size: u32,
    own_page_size: bool,
    proxy: Option<String>,
    resident_id_system: Option<String>,
    headers: Vec<String>,
    sweep: bool,
    auth: &'static str,
    client_id: String,
    scopes: String,
    token_url: Option<String>,
    authorize_url: Option<String>,
    /// Patients connect it themselves.
    personal: bool,
    /// It has a secret of its own.
    secret: bool,
    /// From where staff are sent here.
    launch: Option<LaunchView>,
}

/// The system that sends staff here.
#[derive(Serialize)]
struct LaunchView {
    base_url: String,
    client_id: String,
    /// It has a secret of its own, which an administrator gave.
    secret: bool,
}

/// What came of the last sign-in.
#[derive(Serialize)]
struct SignInView {
    at: Option<String>,
    why: Option<String>,
    said: String,
    scopes: Option<String>,
    narrower: bool,
}

/// What the platform file says of getting in.
#[derive(Serialize)]
struct RegistrationView {
    how: String,
    documentation: String,
}

/// `sources/source.html`
#[derive(Serialize)]
pub struct SourcePage {
    row: Row,
    rev: i64,
    changer: Option<String>,
    changed_at: Option<String>,
    definition: DefinitionView,
    sign_in: Option<SignInView>,
    trend: Option<TrendView>,
    ties: TiesView,
    platform_documentation: String,
    registration: Option<RegistrationView>,
    everything: Option<bool>,
    done: Option<&'static str>,
    problem: Option<&'static str>,
}

impl SourcePage {
    pub fn new(
        portal: &Portal,
        visit: &Visit,
        source: &Source,
        defined: Option<&Defined>,
        hangs: Hangs,
        done: Option<&'static str>,
        problem: Option<&'static str>,
    ) -> Self {
        let words = portal.pages.renderer().words(visit.lang);
        let platform = source.client.platform();
        let definition = defined.map(|one| &one.definition);
        let registration = platform.registration.as_ref().map(|one| RegistrationView {
            how: if visit.lang == Lang::En { one.en.clone() } else { one.zh.clone() },
            documentation: one.documentation.clone(),
        });
        Self {
            row: Row::new(words, visit, source),
            rev: defined.map_or(0, |one| one.rev),
            changer: defined.map(|one| one.changer.clone()),
            changed_at: defined.map(|one| words.minute(one.changed_at)),
            definition: definition_view(source, definition),
            sign_in: sign_in_view(words, visit, source),
            trend: TrendView::new(words, source, visit.now),
            ties: TiesView {
                people: hangs.ties.people,
                registrations: hangs.ties.registrations,
                relations: hangs.ties.relations,
                connections: hangs.connected.as_ref().map_or(0, |one| one.connections),
                reconnect: hangs.connected.as_ref().map_or(0, |one| one.reconnect),
            },
            platform_documentation: platform.documentation.clone(),
            registration,
            everything: platform.everything.as_ref().map(|fact| fact.value),
            done,
            problem,
        }
    }
}

fn definition_view(source: &Source, definition: Option<&Definition>) -> DefinitionView {
    let headers = definition.map(|one| &one.headers[..]).unwrap_or_default();
    DefinitionView {
        base_url: definition.map_or_else(|| source.client.base().to_string(), |one| one.base_url.clone()),
        timeout_ms: u64::try_from(source.timeout.as_millis()).unwrap_or(u64::MAX),
        page_size: source.client.platform().page_size,
        own_page_size: definition.is_some_and(|one| one.page_size.is_some()),
        proxy: definition.and_then(|one| one.proxy.clone()),
        resident_id_system: source.resident_id.clone(),
        headers: headers.iter().map(|one| format!("{}: {}", one.name, one.value)).collect(),
        sweep: definition.map_or(source.sweep, |one| one.sweep),
        auth: source.signed_in().0.as_str(),
        client_id: definition.map(|one| one.auth.client_id.clone()).unwrap_or_default(),
        scopes: definition.map(|one| one.auth.scopes.clone()).unwrap_or_default(),
        token_url: definition.and_then(|one| one.auth.token_url.clone()),
        authorize_url: definition.and_then(|one| one.auth.authorize_url.clone()),
        personal: source.is_personal(),
        secret: definition.is_some_and(|one| one.auth.needs_secret()),
        launch: launch_view(source, definition),
    }
}

fn launch_view(source: &Source, definition: Option<&Definition>) -> Option<LaunchView> {
    let (base, client_id) = source.launched_from()?;
    let secret = definition.and_then(|one| one.launch.as_ref()).is_some_and(|launch| launch.auth().needs_secret());
    Some(LaunchView { base_url: base.to_string(), client_id: client_id.to_owned(), secret })
}

fn sign_in_view(words: &Words, visit: &Visit, source: &Source) -> Option<SignInView> {
    let last = source.signed_in().1?;
    Some(SignInView {
        at: last.at.map(|at| words.minute_today(at, visit.now)),
        why: last.why.map(|why| words.text(&format!("source-said-{why}"))),
        said: last.said,
        scopes: last.scopes,
        narrower: last.narrower,
    })
}
