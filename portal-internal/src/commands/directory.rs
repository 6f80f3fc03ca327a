//! `directory test USER`

use std::{path::Path, process::ExitCode};

use directory::{Directory, SignInError};

use super::{FAILED, complain, could_not_run, say};
use crate::config::Config;

/// Looks a user up in every organisation and shows each step with its time, outcome and cure.
pub async fn directory_test(file: &Path, user: &str) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let directory = match Directory::new(config.directories) {
        Ok(directory) => directory,
        Err(problems) => {
            return could_not_run(&problems.iter().map(|problem| problem.what.as_str()).collect::<Vec<_>>().join("; "));
        }
    };
    let mut good = false;
    let organisations: Vec<String> = directory.organisations().map(|(id, _)| id.to_owned()).collect();
    for organisation in organisations {
        match explain(&directory, &organisation, user).await {
            Ok(found) => good |= found,
            Err(error) => return could_not_run(&error),
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

async fn explain(directory: &Directory, organisation: &str, user: &str) -> Result<bool, SignInError> {
    let trials = directory.explain(Some(organisation), user).await?;
    say(organisation);
    let mut good = true;
    for trial in &trials {
        let took = trial.took.as_millis();
        match &trial.outcome {
            Ok(what) => say(format_args!("  {}  {}  {took} ms  {what}", trial.server, trial.step.as_str())),
            Err(what) => {
                good = false;
                say(format_args!("  {}  {}  {took} ms  FAILED: {what}", trial.server, trial.step.as_str()));
                if let Some(cure) = &trial.cure {
                    say(format_args!("      cure: {cure}"));
                }
            }
        }
    }
    Ok(good)
}
