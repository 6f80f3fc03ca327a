//! `serve`

use std::{path::Path, process::ExitCode, sync::Arc};

use access::{
    Domain, Policy, Ruleset, SystemContext,
    audit::{AuditLog, Sealer},
};
use anyhow::Context as _;
use content::{Articles, FeedReader, Notices};
use directory::{Directory, DirectoryConfig};
use ehr::{Charts, RecordSettings};
use envelope::Envelope;
use futures_util::FutureExt;
use messages::{GlassBroken, Messages, OrganisationName, StaffContacts};
use outbound::Outbound;
use patients::{Index, IndexKey, Stewardship};
use scheduling::{Rules, Scheduling};
use sources::{BreakerState, Catalogue, Connections, Copier, Definitions, Flows, Launches, Secrets};
use store::{
    Store,
    jobs::{Runner, Tidy, Timing, jitter_of},
    outbox::Deliveries,
};
use tokio::{sync::watch, task::JoinHandle};
use url::Url;
use web::{
    config::{self, Problem, SourcesSection},
    cookies::CookieRules,
    keys, logs, ops,
    ops::Readiness,
    pages::Pages,
    render::{self, Renderer},
    run,
    server::Limits,
    session::{self, Lifetimes, Sessions},
    shell::{Shell, ShellSettings},
    telemetry::Traces,
    throttle::{Population, Throttle},
};

use super::{complain, could_not_run};
use crate::{
    config::Config,
    delivery::{self, Delivery},
    mine::Mine,
    pages::launch,
    portal::{self, Portal},
    routes, who,
    widgets::Embedded,
};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct Templates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct Locales;

/// For jobs to come to a good place, and for what is written of it.
const LAST_JOBS: std::time::Duration = std::time::Duration::from_secs(12);
/// For the sealer to finish when the portal stops.
const LAST_SEAL: std::time::Duration = std::time::Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(file: &Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let catalogue = match catalogue(&config.sources) {
        Ok(catalogue) => catalogue,
        Err(problems) => return complain(&problems),
    };
    match start(config, catalogue).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

/// The hospitals of the configuration.
pub fn catalogue(sources: &SourcesSection) -> Result<Arc<Catalogue>, Vec<Problem>> {
    let problem = |one: sources::Problem| Problem { path: one.path, what: one.what, cure: one.cure };
    match Catalogue::load(&sources.file, &sources.platforms) {
        Ok(catalogue) => Ok(Arc::new(catalogue.with_loopback(sources.allow_loopback))),
        Err(found) => Err(found.into_iter().map(problem).collect()),
    }
}

/// The database, and the hospitals that are defined in it.
pub(super) async fn open(config: &Config, catalogue: &Catalogue) -> anyhow::Result<Store> {
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    catalogue.unlock(Secrets::new(store.clone(), config.keys.sealing.envelope(store.clone())));
    catalogue.reload(&store).await?;
    Ok(store)
}

/// When a ticket that was given back is there again is anybody's guess.
pub(super) fn chance() -> f64 {
    rand::random()
}

/// The regional index, under the region's key. One a process: it holds leases in its own name.
pub(super) fn index(config: &Config, store: &Store, audit: &AuditLog) -> Index {
    Index::new(store.clone(), IndexKey::derive(&config.keys.region), audit.clone())
}

/// The charts of the region, as the configuration has them.
pub fn charts(
    config: &Config,
    store: &Store,
    policy: &Policy,
    audit: &AuditLog,
    catalogue: &Arc<Catalogue>,
    index: &Index,
    envelope: &Envelope,
) -> Charts {
    let settings = RecordSettings {
        resident_id_systems: config.identifiers.resident_id.clone(),
        treatment_relation: match config.record.treatment_relation {
            config::TreatmentRelation::Required => ehr::TreatmentRelation::Required,
            config::TreatmentRelation::Advisory => ehr::TreatmentRelation::Advisory,
        },
    };
    let (catalogue, envelope) = (catalogue.clone(), envelope.clone());
    Charts::new(store.clone(), policy.clone(), audit.clone(), index.clone(), catalogue, settings, envelope)
}

/// Makes known to `catalogue` what administrators have defined by now.
pub(super) async fn follow_once(config: &Config, catalogue: &Catalogue) -> anyhow::Result<()> {
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    Ok(catalogue.reload(&store).await?)
}

/// The database, and its secrets once the root keys are known to be its own: before anything else is begun.
async fn opened(config: &Config, catalogue: &Arc<Catalogue>) -> anyhow::Result<(Store, Envelope, Secrets)> {
    let store = Store::open(&config.database.config).await;
    let store = store.context("[database] url: is the database running, and can this machine reach it?")?;
    store.check_schema().await?;
    let envelope = config.keys.sealing.envelope(store.clone());
    envelope.verify().await?;
    let secrets = Secrets::new(store.clone(), envelope.clone());
    catalogue.unlock(secrets.clone());
    catalogue.follow(&store).await?;
    let rows = portal::sealed_rows(&store);
    let kinds: Vec<_> = rows.iter().map(|rows| (rows.domain(), rows.segment())).collect();
    envelope.prepare(&kinds).await?;
    let maker = SystemContext::new("source-keys", portal::DOMAIN);
    secrets.prepare_keys(&maker, &portal::audit_log(&config.keys)).await?;
    Ok((store, envelope, secrets))
}

fn is_secure(config: &Config) -> bool {
    let secure = config.server.public_url.scheme() == "https";
    if !secure {
        tracing::warn!("cookies are not Secure: the portal is served over http, which is for loopback alone");
    }
    secure
}

/// Templates and words that the crates bring along, and this portal's own.
pub(super) fn renderer() -> Result<Renderer, render::RenderError> {
    Renderer::new(
        vec![record_view::templates(), content_view::templates(), render::Templates::embedded::<Templates>()],
        vec![record_view::locales(), content_view::locales(), render::Locales::embedded::<Locales>()],
        Vec::new(),
    )
}

/// What the pages are drawn with.
fn pages(csrf_key: keys::Key, policy: Policy) -> Result<Pages, render::RenderError> {
    let renderer = renderer()?;
    let describe = Box::new(move |session: &session::Session| who::describe(session, &policy));
    Ok(Pages::new(Arc::new(renderer), render::Portal::Internal, csrf_key, describe))
}

/// The rules of the database beside those that come along: presets, widgets and pages, groups of the directory; and those
/// of the public portal, whose pages are laid out here.
async fn policies(store: &Store, directory: &Directory, embedded: &Embedded) -> anyhow::Result<(Policy, Policy)> {
    let mut presets = Ruleset::presets().and(embedded.rules());
    presets.memberships.extend(directory.memberships());
    let public = Ruleset::presets().and(embedded.public_rules());
    let own = Policy::open_with(store.clone(), portal::DOMAIN, presets).await?;
    Ok((own, Policy::open_with(store.clone(), Domain::External, public).await?))
}

async fn start(config: Config, catalogue: Arc<Catalogue>) -> anyhow::Result<()> {
    let traces = Traces::new(&config.telemetry, "portal-internal")?;
    logs::start(&traces);
    let figures = ops::figures(env!("CARGO_PKG_VERSION")).map_err(anyhow::Error::msg)?;
    let stop = run::stop_signal()?;
    let (store, envelope, secrets) = opened(&config, &catalogue).await?;
    let csrf_key = keys::derive(&config.keys.staff, "csrf");
    let directory = directories(&config)?;
    let embedded = Embedded::read()?;
    let (policy, public_policy) = policies(&store, &directory, &embedded).await?;
    let audit = portal::audit_log(&config.keys);
    let index = index(&config, &store, &audit);
    let charts = charts(&config, &store, &policy, &audit, &catalogue, &index, &envelope);
    tokio::spawn(forget_searches(store.clone(), index.clone(), charts.clone(), stop.clone()));
    let stewardship = Stewardship::new(index.clone(), policy.clone());
    let scheduling = Scheduling::new(store.clone(), policy.clone(), audit.clone(), Rules::default(), Arc::new(chance));
    tokio::spawn(super::index::match_pairs(index.clone(), stop.clone()));
    sweep_sources(&config, &charts, &stop);
    let sources = catalogue.clone();
    let board = embedded.board(&store, &policy);
    let layouts = ::pages::Pages::open(store.clone(), audit.clone(), policy.clone(), board.brought_along()).await?;
    let pages = Arc::new(pages(csrf_key.clone(), policy.clone())?);
    let contacts = || delivery::book(&store, &envelope, &policy);
    let delivery = Delivery::new(&config.delivery, pages.renderer(), &config.server.public_url, contacts)?;
    let defined = Definitions::new(store.clone(), policy.clone(), audit.clone(), catalogue.clone(), secrets.clone());
    let launches = launches((&store, &policy, &audit), &catalogue, &secrets, &config.server.public_url)?;
    let copier = Copier::new(store.clone(), audit.clone(), catalogue.clone(), secrets.clone());
    let portal = Arc::new(Portal {
        flows: Flows::new(store.clone(), policy.clone()),
        launches,
        articles: Articles::new(store.clone(), policy.clone(), audit.clone(), config.content.overdue),
        notices: Notices::new(store.clone(), policy.clone(), audit.clone()),
        messages: Messages::new(store.clone()),
        contacts: delivery.as_ref().map(|delivery| delivery.contacts.clone()),
        store: store.clone(),
        policy,
        public_policy,
        audit,
        refusals: access::audit::Refusals::default(),
        directory: directory.clone(),
        sessions: Sessions::new(store.clone(), "staff_session", Lifetimes::INTERNAL),
        throttle: Throttle::new(store.clone(), Population::Staff, &config.keys.staff),
        cookies: CookieRules::new("portal-internal", is_secure(&config)),
        pages,
        definitions: defined,
        secrets,
        public_url: config.server.public_url.clone(),
        catalogue,
        charts,
        index,
        scheduling,
        stewardship,
        mine: Mine::new(config.relations),
        layouts,
        staff_groups: staff_groups(&config.directories),
        board,
    });
    let sealer = Sealer::new(store.clone(), config.audit.heads_file.clone());
    let sealing = tokio::spawn(sealer.run(stop.clone()));
    tokio::spawn(copier.clone().follow(stop.clone()));
    let working = tokio::spawn(runner(&store, &config.directories, delivery.as_ref(), &copier).run(stop.clone()));
    tokio::spawn(session::sweep(portal.sessions.clone(), portal.throttle.clone(), stop.clone()));
    let shell = shell(&config, &portal, csrf_key);
    let reader = FeedReader::new(store.clone(), &Outbound::new()?, config.content.feeds)?;
    tokio::spawn(reader.run(stop.clone()));
    let limits = Limits::behind(&config.server.trusted_proxies);
    let app = Shell::new(Arc::new(shell), routes::routes(&portal, config.server.public_url.as_str())?);
    // Whoever is signed out on the way back begins again at the hospital: what they came back with is good once, and for nobody else.
    let app = app.with_landings(&[(launch::CALLBACK, launch::LAUNCH)]);
    let faces = run::Faces {
        listen: config.server.listen,
        app,
        ops_listen: config.ops.listen,
        ops: ops::routes(with_sources(readiness(store, directory), &sources), figures),
    };
    run::run(faces, limits, stop).await?;
    traces.close().await;
    last_writes(working, sealing).await
}

fn shell(config: &Config, portal: &Portal, csrf_key: keys::Key) -> ShellSettings {
    ShellSettings {
        public_url: config.server.public_url.clone(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        cookies: portal.cookies.clone(),
        sessions: portal.sessions.clone(),
        csrf_key,
        errors: portal.pages.clone(),
        uploads: routes::uploads(),
    }
}

/// Staff whom hospitals' own systems send here.
fn launches(
    (store, policy, audit): (&Store, &Policy, &AuditLog),
    catalogue: &Arc<Catalogue>,
    secrets: &Secrets,
    public_url: &Url,
) -> anyhow::Result<Launches> {
    let callback = public_url.join(launch::CALLBACK)?;
    let (policy, audit) = (policy.clone(), audit.clone());
    let way = Connections::new(store.clone(), policy, audit, catalogue.clone(), secrets.clone(), callback);
    Ok(Launches::new(way))
}

/// What the portal still has to write when it answers nobody any more. A database that hangs must not keep it from stopping.
async fn last_writes(working: JoinHandle<()>, sealing: JoinHandle<()>) -> anyhow::Result<()> {
    match tokio::time::timeout(LAST_JOBS, working).await {
        Ok(worked) => worked?,
        Err(_) => tracing::warn!("stopped before all jobs were given back: others take them when their leases end"),
    }
    match tokio::time::timeout(LAST_SEAL, sealing).await {
        Ok(sealed) => sealed?,
        Err(_) => tracing::warn!("stopped before the last audit rows were sealed: the next start seals them"),
    }
    Ok(())
}

/// What is done later, by whichever replica is there.
fn runner(store: &Store, directories: &[DirectoryConfig], delivery: Option<&Delivery>, copier: &Copier) -> Runner {
    let name = |name: &directory::OrganisationName| OrganisationName { zh: name.zh.clone(), en: name.en.clone() };
    let organisations = directories.iter().map(|one| (one.id.clone(), name(&one.name))).collect();
    let chance = || jitter_of(uuid::Uuid::new_v4().as_u64_pair().0);
    let glass = GlassBroken::new(store.clone(), organisations);
    let glass = if delivery.is_some() { glass.announced() } else { glass };
    let runner = Runner::new(store.clone(), Arc::new(jiff::Timestamp::now), Arc::new(chance), Timing::default())
        .with(Deliveries::new(store.clone()).to(glass))
        .with(Tidy::default())
        .with(copier.clone());
    match delivery {
        Some(delivery) => delivery.on(store, runner),
        None => runner,
    }
}

/// Lists hospitals into the index, where that is asked for.
fn sweep_sources(config: &Config, charts: &Charts, stop: &watch::Receiver<bool>) {
    if let Some(every) = config.index.sweep_every {
        tokio::spawn(super::index::sweep_sources(charts.clone(), every, stop.clone()));
    }
}

fn directories(config: &Config) -> anyhow::Result<Directory> {
    Directory::new(config.directories.clone())
        .map_err(|problems| anyhow::anyhow!("{} mistakes in the directory's settings", problems.len()))
}

/// Once a minute: kept searches hold what people are called, and words of their records; contacts where they are reached.
async fn forget_searches(store: Store, index: Index, charts: Charts, mut stop: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = index.sweep_searches(jiff::Timestamp::now()).await {
            tracing::warn!(%error, "sweeping kept searches");
        }
        if let Err(error) = charts.forget_looks(jiff::Timestamp::now()).await {
            tracing::warn!(%error, "sweeping looks and searches in records");
        }
        if let Err(error) = StaffContacts::sweep(&store, jiff::Timestamp::now()).await {
            tracing::warn!(%error, "sweeping where staff are reached");
        }
    }
}

/// Every group that the directories make somebody a member of, in alphabetical order.
fn staff_groups(directories: &[DirectoryConfig]) -> Vec<String> {
    let named = directories.iter().flat_map(|one| one.role.iter().map(|rule| rule.role.clone()));
    named.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn readiness(store: Store, directory: Directory) -> Readiness {
    let schema = ops::schema(store.clone());
    let database = move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|_| "unavailable") }.boxed()
    };
    // People who are signed in go on working while the directory is away: shown, not required.
    let staff_directory = move || {
        let directory = directory.clone();
        async move {
            let health = directory.health().await;
            if health.iter().all(|one| one.state.is_usable()) { Ok(()) } else { Err("unavailable") }
        }
        .boxed()
    };
    Readiness::default().with("database", true, Box::new(database)).with("schema", false, schema).with(
        "directory",
        false,
        Box::new(staff_directory),
    )
}

/// Hospitals are shown, never required: one that is down must not take the portal out of the balancer.
fn with_sources(readiness: Readiness, catalogue: &Arc<Catalogue>) -> Readiness {
    catalogue.iter().fold(readiness, |readiness, source| {
        let name = format!("source:{}", source.id);
        let (catalogue, id) = (catalogue.clone(), source.id.clone());
        let check = move || {
            // As it is defined now.
            let said = match catalogue.get(&id) {
                Some(source) if source.breaker() != BreakerState::Closed => Err("breaker-open"),
                Some(source) if source.health().is_good() == Some(false) => Err("last-answer-failed"),
                _ => Ok(()),
            };
            std::future::ready(said).boxed()
        };
        readiness.with(name, false, Box::new(check))
    })
}
