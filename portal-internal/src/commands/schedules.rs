//! `schedules import FILE`: clinics by a hospital's own list.

use std::{path::Path, process::ExitCode, sync::Arc};

use access::{Policy, SystemContext};
use jiff::Timestamp;
use scheduling::{Rules, Scheduling, SchedulingError};

use super::{FAILED, complain, could_not_run, refused, say, serve};
use crate::{
    config::Config,
    portal,
    schedules::{self, Line, Wrong},
};

/// Brings the clinics of the list `file` in; exit code 1 when a line of it is wrong.
pub async fn schedules_import(config: &Path, file: &Path, dry_run: bool) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) => return refused(&format!("{}: {error}", file.display())),
    };
    let lines = match schedules::read(&text, Timestamp::now()) {
        Ok(lines) => lines,
        Err(no) => return refused(&format!("{}: {} {}", file.display(), no.what, no.column)),
    };
    match import(&config, lines, dry_run).await {
        Ok(count) => count.tell(dry_run),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

/// What came of the lines.
#[derive(Default)]
struct Count {
    schedules: u32,
    made: u32,
    there: u32,
    good: usize,
    wrong: usize,
}

impl Count {
    fn tell(&self, dry_run: bool) -> ExitCode {
        let Self { schedules, made, there, good, wrong } = self;
        match dry_run {
            true => say(format_args!("{good} lines are good, {wrong} are wrong; nothing was written")),
            false => say(format_args!(
                "{schedules} schedules and {made} clinic sessions made, {there} sessions were there already, {wrong} lines \
                 are wrong"
            )),
        }
        if *wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
    }
}

async fn import(config: &Config, lines: Vec<Line>, dry_run: bool) -> anyhow::Result<Count> {
    let store = store::Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let scheduling = Scheduling::new(store, policy, audit, Rules::default(), Arc::new(serve::chance));
    let context = SystemContext::new("schedules-import", portal::DOMAIN);
    let mut count = Count::default();
    for (number, line) in lines {
        let wrong = match line {
            Ok(_) if dry_run => Vec::new(),
            Ok(clinic) => match scheduling.import_as(&context, &clinic, Timestamp::now()).await {
                Ok(brought) => {
                    count.schedules += u32::from(brought.schedule_is_new);
                    count.made += brought.planned.made;
                    count.there += brought.planned.there;
                    Vec::new()
                }
                Err(SchedulingError::Invalid(problems)) => {
                    problems.into_iter().map(|problem| (problem.field, problem.what)).collect()
                }
                Err(error) => return Err(error.into()),
            },
            Err(wrong) => wrong,
        };
        if wrong.is_empty() {
            count.good += 1;
        } else {
            count.wrong += 1;
            tell(number, &wrong);
        }
    }
    Ok(count)
}

fn tell(number: u64, wrong: &[Wrong]) {
    let all: Vec<String> = wrong.iter().map(|(column, what)| format!("{column}: {what}")).collect();
    say(format_args!("line {number}: {}", all.join(", ")));
}
