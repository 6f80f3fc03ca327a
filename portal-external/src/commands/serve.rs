//! `serve`

use std::{path::Path, process::ExitCode, sync::Arc};

use access::{Policy, Ruleset, audit::AuditLog};
use accounts::{Accounts, Family, FamilyRules};
use anyhow::Context as _;
use content::{Articles, Notices};
use ehr::{Charts, RecordSettings};
use envelope::Envelope;
use futures_util::FutureExt;
use messages::Messages;
use patients::{Index, IndexKey};
use reviews::RecordSearches;
use scheduling::{Rules, Scheduling};
use sources::{BreakerState, Catalogue, Connections, Secrets};
use store::Store;
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
    pages::connections::{BEGIN_AGAIN, CALLBACK},
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
    let (index, envelope) = (index.clone(), envelope.clone());
    Charts::new(store.clone(), policy.clone(), audit.clone(), index, catalogue.clone(), settings, envelope)
}

/// The database, and its secrets once the root keys are known to be its own: before anything else is begun.
async fn opened(config: &Config, catalogue: &Arc<Catalogue>) -> anyhow::Result<(Store, Envelope, Secrets)> {
    let opened = Store::open(&config.database.config).await;
    let store = opened.context("[database] url: is the database running, and can this machine reach it?")?;
    store.check_schema().await?;
    let envelope = config.keys.sealing.envelope(store.clone());
    envelope.verify().await?;
    envelope.prepare(&[RecordSearches::kind(portal::DOMAIN)]).await?;
    envelope.prepare(&Connections::kinds()).await?;
    let secrets = Secrets::new(store.clone(), envelope.clone());
    catalogue.unlock(secrets.clone());
    catalogue.follow(&store).await?;
    Ok((store, envelope, secrets))
}

/// Hospitals that patients connect themselves.
fn connections(
    (store, policy, audit): (Store, Policy, AuditLog),
    catalogue: &Arc<Catalogue>,
    secrets: &Secrets,
    public_url: &Url,
) -> anyhow::Result<Connections> {
    let callback = public_url.join(CALLBACK)?;
    Ok(Connections::new(store, policy, audit, catalogue.clone(), secrets.clone(), callback))
}

/// Booking. When a ticket that was given back is there again is anybody's guess.
fn scheduling(store: &Store, policy: &Policy, audit: &AuditLog) -> Scheduling {
    let (store, policy, audit) = (store.clone(), policy.clone(), audit.clone());
    Scheduling::new(store, policy, audit, Rules::default(), Arc::new(rand::random::<f64>))
}

/// Who acts for whom.
fn family(config: &Config, store: &Store, audit: &AuditLog) -> Family {
    let rules = FamilyRules { own_say_age: config.family.own_say_age, zone: render::clock_zone() };
    Family::new(store.clone(), audit.clone(), rules)
}

/// Templates and words of this portal and of what it shows.
fn renderer() -> anyhow::Result<Renderer> {
    Ok(Renderer::new(
        vec![record_view::templates(), content_view::templates(), render::Templates::embedded::<Templates>()],
        vec![record_view::locales(), content_view::locales(), render::Locales::embedded::<Locales>()],
        Vec::new(),
    )?)
}

async fn start(config: Config, catalogue: Arc<Catalogue>) -> anyhow::Result<()> {
    let traces = Traces::new(&config.telemetry, "portal-external")?;
    logs::start(&traces);
    let figures = ops::figures(env!("CARGO_PKG_VERSION")).map_err(anyhow::Error::msg)?;
    let stop = run::stop_signal()?;
    let (store, envelope, secrets) = opened(&config, &catalogue).await?;
    let secure = config.server.public_url.scheme() == "https";
    if !secure {
        tracing::warn!("cookies are not Secure: the portal is served over http, which is for loopback alone");
    }
    let csrf_key = keys::derive(&config.keys.patient, "csrf");
    let renderer = renderer()?;
    let embedded = Embedded::read()?;
    let policy = Policy::open_with(store.clone(), portal::DOMAIN, Ruleset::presets().and(embedded.rules())).await?;
    let audit = portal::audit_log(&config.keys);
    let index = Index::new(store.clone(), IndexKey::derive(&config.keys.region), audit.clone());
    let charts = charts(&config, &store, &policy, &audit, &catalogue, &index, &envelope);
    let kept = (store.clone(), policy.clone(), audit.clone());
    let charts = charts.with_connections(connections(kept, &catalogue, &secrets, &config.server.public_url)?);
    let accounts = Accounts::new(store.clone())?;
    let family = family(&config, &store, &audit);
    let sources = catalogue.clone();
    let board = embedded.board();
    let articles = Articles::new(store.clone(), policy.clone(), audit.clone(), config.content.overdue);
    let notices = Notices::new(store.clone(), policy.clone(), audit.clone());
    let messages = Messages::new(store.clone());
    let scheduling = scheduling(&store, &policy, &audit);
    let layouts = ::pages::Pages::open(store.clone(), audit.clone(), policy.clone(), board.brought_along()).await?;
    let portal = Arc::new(Portal {
        articles,
        notices,
        messages,
        scheduling,
        store: store.clone(),
        policy,
        audit,
        refusals: access::audit::Refusals::default(),
        accounts,
        family,
        public_url: config.server.public_url.to_string(),
        sessions: Sessions::new(store.clone(), "patient_session", Lifetimes::EXTERNAL),
        throttle: Throttle::new(store.clone(), Population::Patients, &config.keys.patient),
        cookies: CookieRules::new("portal-external", secure),
        pages: Arc::new(Pages::new(
            Arc::new(renderer),
            render::Portal::External,
            csrf_key.clone(),
            Box::new(who::describe),
        )),
        catalogue,
        secrets,
        charts,
        index,
        layouts,
        board,
    });
    // Audit rows of this portal are sealed by the internal one: its database role need not read the audit log.
    tokio::spawn(session::sweep(portal.sessions.clone(), portal.throttle.clone(), stop.clone()));
    let limits = Limits::behind(&config.server.trusted_proxies);
    let shell = ShellSettings {
        public_url: config.server.public_url.clone(),
        trusted_proxies: config.server.trusted_proxies,
        cookies: portal.cookies.clone(),
        sessions: portal.sessions.clone(),
        csrf_key,
        errors: portal.pages.clone(),
        uploads: Vec::new(),
    };
    let app = Shell::new(Arc::new(shell), routes::routes(&portal, config.server.public_url.as_str())?);
    let app = app.with_landings(&[(CALLBACK, BEGIN_AGAIN)]).with_arrivals(&[CALLBACK]);
    let faces = run::Faces {
        listen: config.server.listen,
        app,
        ops_listen: config.ops.listen,
        ops: ops::routes(with_sources(readiness(store), &sources), figures),
    };
    run::run(faces, limits, stop).await?;
    traces.close().await;
    Ok(())
}

fn readiness(store: Store) -> Readiness {
    let schema = ops::schema(store.clone());
    let database = move || {
        let store = store.clone();
        async move { store.ping().await.map_err(|_| "unavailable") }.boxed()
    };
    Readiness::default().with("database", true, Box::new(database)).with("schema", false, schema)
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
