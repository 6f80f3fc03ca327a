//! `serve`

use std::{path::Path, process::ExitCode, sync::Arc};

use access::{
    Policy,
    audit::{AuditLog, Sealer},
};
use anyhow::Context as _;
use directory::Directory;
use ehr::{Charts, RecordSettings};
use futures_util::FutureExt;
use patients::{Index, IndexKey, Stewardship};
use sources::Catalogue;
use store::Store;
use tokio::sync::watch;
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
    portal::{self, Portal},
    routes, who,
};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct Templates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct Locales;

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
        Ok(catalogue) => Ok(Arc::new(catalogue)),
        Err(found) => Err(found.into_iter().map(problem).collect()),
    }
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
) -> Charts {
    let settings = RecordSettings {
        resident_id_systems: config.identifiers.resident_id.clone(),
        treatment_relation: match config.record.treatment_relation {
            config::TreatmentRelation::Required => ehr::TreatmentRelation::Required,
            config::TreatmentRelation::Advisory => ehr::TreatmentRelation::Advisory,
        },
    };
    Charts::new(store.clone(), policy.clone(), audit.clone(), index.clone(), catalogue.clone(), settings)
}

async fn start(config: Config, catalogue: Arc<Catalogue>) -> anyhow::Result<()> {
    let traces = Traces::new(&config.telemetry, "portal-internal")?;
    logs::start(&traces);
    let figures = ops::figures(env!("CARGO_PKG_VERSION")).map_err(anyhow::Error::msg)?;
    let stop = run::stop_signal()?;
    let opened = Store::open(&config.database.config).await;
    let store = opened.context("[database] url: is the database running, and can this machine reach it?")?;
    store.check_schema().await?;
    let secure = config.server.public_url.scheme() == "https";
    if !secure {
        tracing::warn!("cookies are not Secure: the portal is served over http, which is for loopback alone");
    }
    let csrf_key = keys::derive(&config.keys.staff, "csrf");
    let renderer = Renderer::new(
        vec![record_view::templates(), render::Templates::embedded::<Templates>()],
        vec![record_view::locales(), render::Locales::embedded::<Locales>()],
        Vec::new(),
    )?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let index = index(&config, &store, &audit);
    let charts = charts(&config, &store, &policy, &audit, &catalogue, &index);
    tokio::spawn(forget_searches(index.clone(), stop.clone()));
    let stewardship = Stewardship::new(index.clone(), policy.clone());
    tokio::spawn(super::index::match_pairs(index, stop.clone()));
    if let Some(every) = config.index.sweep_every {
        tokio::spawn(super::index::sweep_sources(charts.clone(), every, stop.clone()));
    }
    let directory = Directory::new(config.directories)
        .map_err(|problems| anyhow::anyhow!("{} mistakes in the directory's settings", problems.len()))?;
    let sources = catalogue.clone();
    let portal = Arc::new(Portal {
        store: store.clone(),
        policy,
        audit,
        refusals: access::audit::Refusals::default(),
        directory: directory.clone(),
        sessions: Sessions::new(store.clone(), "staff_session", Lifetimes::INTERNAL),
        throttle: Throttle::new(store.clone(), Population::Staff, &config.keys.staff),
        cookies: CookieRules::new("portal-internal", secure),
        pages: Arc::new(Pages::new(
            Arc::new(renderer),
            render::Portal::Internal,
            csrf_key.clone(),
            Box::new(who::describe),
        )),
        catalogue,
        charts,
        stewardship,
    });
    let sealer = Sealer::new(store.clone(), config.audit.heads_file.clone());
    let sealing = tokio::spawn(sealer.run(stop.clone()));
    tokio::spawn(session::sweep(portal.sessions.clone(), portal.throttle.clone(), stop.clone()));
    let limits = Limits::behind(&config.server.trusted_proxies);
    let shell = ShellSettings {
        public_url: config.server.public_url.clone(),
        trusted_proxies: config.server.trusted_proxies,
        cookies: portal.cookies.clone(),
        sessions: portal.sessions.clone(),
        csrf_key,
        errors: portal.pages.clone(),
    };
    let app = Shell::new(Arc::new(shell), routes::routes(&portal, config.server.public_url.as_str())?);
    let faces = run::Faces {
        listen: config.server.listen,
        app,
        ops_listen: config.ops.listen,
        ops: ops::routes(with_sources(readiness(store, directory), &sources), figures),
    };
    run::run(faces, limits, stop).await?;
    traces.close().await;
    // A database that hangs must not keep the portal from stopping.
    match tokio::time::timeout(LAST_SEAL, sealing).await {
        Ok(sealed) => sealed?,
        Err(_) => tracing::warn!("stopped before the last audit rows were sealed: the next start seals them"),
    }
    Ok(())
}

/// Once a minute, on one replica: kept searches hold what people are called.
async fn forget_searches(index: Index, mut stop: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(60));
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = index.sweep_searches(jiff::Timestamp::now()).await {
            tracing::warn!(%error, "sweeping kept searches");
        }
    }
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
fn with_sources(readiness: Readiness, catalogue: &Catalogue) -> Readiness {
    catalogue.iter().fold(readiness, |readiness, source| {
        let name = format!("source:{}", source.id);
        let source = source.clone();
        let check = move || {
            let bad = source.health().is_good() == Some(false);
            std::future::ready(if bad { Err("last-answer-failed") } else { Ok(()) }).boxed()
        };
        readiness.with(name, false, Box::new(check))
    })
}
