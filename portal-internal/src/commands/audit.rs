//! `audit verify`

use std::{path::Path, process::ExitCode};

use access::audit::{self, Problem, VerifyReport};
use jiff::Timestamp;
use store::Store;

use super::{FAILED, complain, could_not_run, say};
use crate::{config::Config, portal};

/// Problems shown before the rest is only counted.
const SHOWN: usize = 50;

/// Checks the whole audit log; exit code 1 when anything is wrong with it.
pub async fn audit_verify(file: &Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match verify(&config).await {
        Ok(report) => tell(&report),
        Err(error) => could_not_run(&error),
    }
}

async fn verify(config: &Config) -> anyhow::Result<VerifyReport> {
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let keys = portal::audit_keys(&config.keys);
    Ok(audit::verify(&store, &keys, &config.audit.heads_file, Timestamp::now()).await?)
}

fn tell(report: &VerifyReport) -> ExitCode {
    say(format_args!("{} rows, {} sealed, {} not yet sealed", report.rows, report.sealed, report.unsealed_tail));
    for problem in report.problems.iter().take(SHOWN) {
        say(format_args!("  {}", place(problem)));
    }
    if report.problems.is_empty() {
        say("the audit log is whole");
        return ExitCode::SUCCESS;
    }
    if report.problems.len() > SHOWN {
        say(format_args!("  and {} more", report.problems.len() - SHOWN));
    }
    say(format_args!("{} problems: the audit log was changed", report.problems.len()));
    ExitCode::from(FAILED)
}

/// `RowChanged, writer …, number 7, position 12`: what is known of where.
fn place(problem: &Problem) -> String {
    let mut text = format!("{:?}", problem.kind);
    let parts = [
        problem.writer.map(|writer| format!("writer {writer}")),
        problem.number.map(|number| format!("number {number}")),
        problem.position.map(|position| format!("position {position}")),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str(", ");
        text.push_str(&part);
    }
    text
}
