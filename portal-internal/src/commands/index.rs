//! `index import FILE`, `index sweep [SOURCE]`, and what the portal does for the index by itself.

use std::{fs::File, io::BufReader, path::Path, process::ExitCode, time::Duration};

use access::{Domain, Policy, SystemContext};
use ehr::{Charts, Swept};
use jiff::{SignedDuration, Timestamp};
use patients::{FileForm, Index, PatientFile, SourcePatient, SweepEnd};
use store::Store;
use tokio::sync::watch;

use super::{FAILED, complain, could_not_run, say, serve};
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
    match import(config, file, source, dry_run).await {
        Ok((taken, wrong)) => {
            let what = if dry_run { "would be taken" } else { "taken" };
            say(format_args!("{taken} patients {what}, {wrong} lines are wrong"));
            if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
        }
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn import(config: Config, file: &Path, source: Option<&str>, dry_run: bool) -> anyhow::Result<(usize, usize)> {
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    if let Some(unknown) = source.filter(|id| catalogue.get(id).is_none()) {
        anyhow::bail!("no source `{unknown}` in the catalogue");
    }
    let reader = File::open(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    let ndjson = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("ndjson"));
    let form = if ndjson { FileForm::Ndjson } else { FileForm::Csv };
    let mut lines = PatientFile::new(BufReader::new(reader), form, source, &config.identifiers.resident_id)
        .map_err(|problem| anyhow::anyhow!("{}: {problem}: see `index import --help`", file.display()))?;
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let index = serve::index(&config, &store, &portal::audit_log(&config.keys));
    let context = SystemContext::new("index-import", Domain::Internal);
    let (mut taken, mut wrong) = (0, 0);
    let mut batch: Vec<SourcePatient> = Vec::with_capacity(BATCH);
    loop {
        let line = lines.next();
        let ended = line.is_none();
        match line {
            Some(Ok(patient)) if catalogue.get(&patient.source).is_none() => {
                wrong += 1;
                say(format_args!("line {}: no such source in the catalogue", lines.line()));
            }
            Some(Ok(patient)) => batch.push(patient),
            Some(Err(problem)) => {
                wrong += 1;
                say(format_args!("line {}: {problem}", lines.line()));
            }
            None => {}
        }
        if batch.len() == BATCH || (ended && !batch.is_empty()) {
            if !dry_run {
                index.observe(&context, &batch, Timestamp::now()).await?;
            }
            taken += batch.len();
            batch.clear();
        }
        if ended {
            break;
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
    match sweep(config, source).await {
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

async fn sweep(config: Config, source: Option<&str>) -> anyhow::Result<Vec<Swept>> {
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    if let Some(id) = source {
        match catalogue.get(id) {
            None => anyhow::bail!("no source `{id}` in the catalogue"),
            Some(source) if !source.sweep => anyhow::bail!("`{id}` is not to be listed: set sweep = true"),
            Some(_) => {}
        }
    }
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let charts = serve::charts(&config, &store, &policy, &audit, &catalogue);
    let context = SystemContext::new("index-sweep", Domain::Internal);
    let swept = charts.sweep(&context, source, Timestamp::now, || false).await?;
    let swept = swept.ok_or_else(|| anyhow::anyhow!("another process lists patients just now"))?;
    compare_all(&serve::index(&config, &store, &audit)).await?;
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
