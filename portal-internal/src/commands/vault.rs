//! `vault rewrap`, `vault reencrypt`

use std::{path::Path, process::ExitCode};

use access::{
    SystemContext,
    audit::{AuditError, AuditLog, Event, Outcome, action},
};
use envelope::{Envelope, Reencrypted, Rewrap};
use jiff::Timestamp;
use store::Store;

use super::{FAILED, complain, could_not_run, say};
use crate::{config::Config, portal};

/// Wraps keys anew under the root keys of the configuration.
pub async fn vault_rewrap(file: &Path, all: bool, dry_run: bool) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match rewrap(&config, if all { Rewrap::All } else { Rewrap::Foreign }, dry_run).await {
        Ok(0) => {
            say("every key is under the configured root keys: nothing to do");
            ExitCode::SUCCESS
        }
        Ok(count) => {
            say(format_args!("{}: {count}", if dry_run { "keys to be wrapped anew" } else { "keys wrapped anew" }));
            ExitCode::SUCCESS
        }
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

/// Seals everything anew under new keys; exit code 1 when something can't be opened.
pub async fn vault_reencrypt(file: &Path, dry_run: bool) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match reencrypt(&config, dry_run).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn opened(config: &Config) -> anyhow::Result<(Store, Envelope)> {
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let envelope = config.keys.sealing.envelope(store.clone());
    envelope.verify().await?;
    Ok((store, envelope))
}

async fn rewrap(config: &Config, which: Rewrap, dry_run: bool) -> anyhow::Result<u64> {
    let (store, envelope) = opened(config).await?;
    if !dry_run {
        remember(config, &store, action::VAULT_REWRAP, "rewrap").await?;
    }
    let told = |one: &envelope::Rewrapped| {
        say(format_args!("{}/{} version {}: {} -> {}", one.domain, one.segment, one.version, one.from, one.to));
    };
    Ok(envelope.rewrap(which, dry_run, told).await?)
}

/// `false`: some rows can't be opened.
async fn reencrypt(config: &Config, dry_run: bool) -> anyhow::Result<bool> {
    let (store, envelope) = opened(config).await?;
    if !dry_run {
        remember(config, &store, action::VAULT_REENCRYPT, "reencrypt").await?;
    }
    let mut whole = true;
    for rows in portal::sealed_rows(&store) {
        let done =
            envelope.reencrypt(rows.as_ref(), dry_run, |so_far| say(progress(so_far, "sealed anew so far"))).await?;
        say(progress(&done, if dry_run { "to be sealed anew" } else { "sealed anew" }));
        for row in &done.unreadable {
            say(format_args!("  row {row} can't be opened and stays as it is"));
        }
        whole &= done.unreadable.is_empty();
    }
    Ok(whole)
}

/// `staff/record-search version 2: sealed anew so far: 120 (an earlier run goes on)`
fn progress(report: &Reencrypted, what: &str) -> String {
    let kind = format!("{}/{}", report.domain, report.segment);
    if report.version == 0 {
        return format!("{kind}: nothing was ever sealed");
    }
    let resumed = if report.resumed { " (an earlier run goes on)" } else { "" };
    format!("{kind} version {}: {what}: {}{resumed}", report.version, report.done)
}

/// The act is written down before anything is done: broken off, it was begun all the same.
async fn remember(config: &Config, store: &Store, act: &'static str, tool: &'static str) -> Result<(), AuditError> {
    let context = SystemContext::new(&format!("vault-{tool}"), portal::DOMAIN);
    let row = AuditLog::draft(&context, Timestamp::now(), Event::new(act, "key", Outcome::Intent));
    let audit = portal::audit_log(&config.keys);
    store.write::<_, AuditError, _>(move |tx| Box::pin(async move { audit.append(tx, row).await.map(drop) })).await
}
