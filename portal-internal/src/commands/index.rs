//! `index import FILE`, `index sweep [SOURCE]`, and what the portal does for the index by itself.

mod list;

use std::{fs::File, io::BufReader, path::Path, process::ExitCode, sync::Arc, time::Duration};

use access::{Domain, Policy, SystemContext};
use ehr::{Charts, Swept};
use jiff::{SignedDuration, Timestamp};
use patients::{Index, SourcePatient, SweepEnd};
use sources::Catalogue;
use store::Store;
use tokio::sync::watch;

use super::{FAILED, complain, could_not_run, refused, say, serve};
use crate::{config::Config, portal};

/// Identities written in one transaction.
const BATCH: usize = 100;
/// Identities compared in one go.
const COMPARED: u64 = 100;
/// How often there is a look whether somebody new is to be compared.
const LOOK: Duration = Duration::from_secs(5);
/// How often there is a look whether a source is to be listed.
const LOOK_AT_SOURCES: Duration = Duration::from_secs(60);

/// Takes the list `file` into the index; exit code 1 when a line of it could not be taken.
pub async fn index_import(config: &Path, file: &Path, source: Option<&str>, dry_run: bool) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let catalogue = match serve::catalogue(&config.sources) {
        Ok(catalogue) => catalogue,
        Err(problems) => return complain(&problems),
    };
    let store = match serve::open(&config, &catalogue).await {
        Ok(store) => store,
        Err(error) => return could_not_run(&format!("{error:#}")),
    };
    let lines = match lines(&config, &catalogue, file, source) {
        Ok(lines) => lines,
        Err(wrong) => return refused(&wrong),
    };
    match import(&config, store, lines, dry_run).await {
        Ok((taken, wrong)) => {
            let what = if dry_run { "would be taken" } else { "taken" };
            say(format_args!("{taken} patients {what}, {wrong} lines are wrong"));
            if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
        }
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

type Lines<'a> = Box<dyn Iterator<Item = list::Line> + 'a>;

/// The lines of the list, or why it is none.
fn lines<'a>(
    config: &'a Config,
    catalogue: &'a Catalogue,
    file: &Path,
    source: Option<&'a str>,
) -> Result<Lines<'a>, String> {
    let source_of_all = match source {
        Some(id) => Some(catalogue.get(id).ok_or_else(|| format!("no source `{id}` in the catalogue"))?),
        None => None,
    };
    let name = file.display();
    let reader = BufReader::new(File::open(file).map_err(|error| format!("{name}: {error}"))?);
    if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("ndjson")) {
        let source = source_of_all.ok_or("FHIR resources name no source: say --source")?;
        return Ok(Box::new(list::ndjson(reader, source, &config.identifiers.resident_id)));
    }
    let lines = list::csv(reader, catalogue, source);
    Ok(Box::new(lines.map_err(|wrong| format!("{name}: {wrong}: see `index import --help`"))?))
}

async fn import(config: &Config, store: Store, lines: Lines<'_>, dry_run: bool) -> anyhow::Result<(usize, usize)> {
    let index = serve::index(config, &store, &portal::audit_log(&config.keys));
    let context = SystemContext::new("index-import", Domain::Internal);
    let (mut taken, mut wrong) = (0, 0);
    let mut batch: Vec<SourcePatient> = Vec::with_capacity(BATCH);
    // One more than there are lines: the last batch is taken with it.
    for line in lines.map(Some).chain([None]) {
        let ended = line.is_none();
        match line {
            Some((_, Ok(patient))) => batch.push(patient),
            Some((number, Err(problem))) => {
                wrong += 1;
                say(format_args!("line {number}: {problem}"));
            }
            None => {}
        }
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            if !dry_run {
                index.import(&context, &batch, Timestamp::now()).await?;
            }
            taken += batch.len();
            batch.clear();
        }
    }
    if !dry_run {
        compare_all(&index).await?;
    }
    Ok((taken, wrong))
}

async fn compare_all(index: &Index) -> anyhow::Result<()> {
    while index.match_due(COMPARED, Timestamp::now()).await? > 0 {}
    Ok(())
}

/// Lists the patients of every source that may be listed, or of one; exit code 1 when one is not listed in full.
pub async fn index_sweep(config: &Path, source: Option<&str>) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let catalogue = match serve::catalogue(&config.sources) {
        Ok(catalogue) => catalogue,
        Err(problems) => return complain(&problems),
    };
    let store = match serve::open(&config, &catalogue).await {
        Ok(store) => store,
        Err(error) => return could_not_run(&format!("{error:#}")),
    };
    match source.map(|id| (id, catalogue.get(id))) {
        Some((id, None)) => return refused(&format!("no source `{id}` in the catalogue")),
        Some((id, Some(source))) if !source.sweep => {
            return refused(&format!("`{id}` is not to be listed: set sweep = true"));
        }
        _ => {}
    }
    match sweep(&config, store, &catalogue, source).await {
        Ok(all) => {
            for one in &all {
                let how = one.end.map_or("broken off", SweepEnd::as_str);
                say(format_args!("{}: {how}, {} patients", one.source, one.seen));
            }
            let whole = all.iter().all(|one| one.end == Some(SweepEnd::Finished));
            if whole { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
        }
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn sweep(
    config: &Config,
    store: Store,
    catalogue: &Arc<Catalogue>,
    source: Option<&str>,
) -> anyhow::Result<Vec<Swept>> {
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let index = serve::index(config, &store, &audit);
    let envelope = config.keys.sealing.envelope(store.clone());
    let charts = serve::charts(config, &store, &policy, &audit, catalogue, &index, &envelope);
    let context = SystemContext::new("index-sweep", Domain::Internal);
    let swept = charts.sweep(&context, source, Timestamp::now, || false).await?;
    let swept = swept.ok_or_else(|| anyhow::anyhow!("another process lists patients just now"))?;
    compare_all(&index).await?;
    Ok(swept)
}

/// Looks for pairs among those who were met lately, on one replica at a time.
pub async fn match_pairs(index: Index, mut stop: watch::Receiver<bool>) {
    let mut behind = true;
    let mut every = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let now = Timestamp::now();
        if behind {
            match index.catch_up(COMPARED, now).await {
                Ok(count) => behind = count > 0,
                Err(error) => tracing::warn!(%error, "describing identities of an older release"),
            }
        }
        if let Err(error) = index.match_due(COMPARED, now).await {
            tracing::warn!(%error, "comparing identities");
        }
    }
}

/// Lists the patients of sources that may be listed, `every` so often, on one replica at a time.
pub async fn sweep_sources(charts: Charts, every: SignedDuration, mut stop: watch::Receiver<bool>) {
    let context = SystemContext::new("index-sweep", Domain::Internal);
    let stopping = stop.clone();
    let mut look = tokio::time::interval(LOOK_AT_SOURCES);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let due = match charts.due_sweeps(every, Timestamp::now()).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "looking which sources are to be listed");
                continue;
            }
        };
        for source in due {
            match charts.sweep(&context, Some(&source), Timestamp::now, || *stopping.borrow()).await {
                Ok(Some(all)) => {
                    for one in all {
                        let end = one.end.map_or("broken off", SweepEnd::as_str);
                        tracing::info!(source = one.source, end, seen = one.seen, "listed a source's patients");
                    }
                }
                // Another replica is at it.
                Ok(None) => break,
                Err(error) => tracing::warn!(source, %error, "listing a source's patients"),
            }
        }
    }
}
