//! `directory test USER`

use std::{path::Path, process::ExitCode};

use access::{Policy, Recognition};
use directory::{Directory, SignInError};
use ehr::{Charts, Clinician};
use jiff::Timestamp;

use super::{FAILED, complain, could_not_run, say, serve};
use crate::{config::Config, portal};

/// Looks a user up in every organisation and shows each step with its time, outcome and cure.
pub async fn directory_test(file: &Path, user: &str) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let charts = match charts(&config).await {
        Ok(charts) => charts,
        Err(error) => {
            say(format_args!("hospitals are not asked who it is: {error:#}"));
            None
        }
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
        if let Some(charts) = &charts
            && let Err(error) = at_hospitals(&directory, charts, &organisation, user).await
        {
            say(format_args!("  hospitals: {error}"));
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// What asks the hospitals; none where the directory has no numbers of any.
async fn charts(config: &Config) -> anyhow::Result<Option<Charts>> {
    if config.directories.iter().all(|directory| directory.practitioner.is_empty()) {
        return Ok(None);
    }
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    let store = serve::open(config, &catalogue).await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let index = serve::index(config, &store, &audit);
    let envelope = config.keys.sealing.envelope(store.clone());
    Ok(Some(serve::charts(config, &store, &policy, &audit, &catalogue, &index, &envelope)))
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

/// Who they are at each hospital where the directory has a number of theirs: asked now, and kept nowhere.
async fn at_hospitals(
    directory: &Directory,
    charts: &Charts,
    organisation: &str,
    user: &str,
) -> Result<(), SignInError> {
    let identity = match directory.find(Some(organisation), user).await {
        Ok(identity) => identity,
        // The steps above have said it.
        Err(SignInError::Refused(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    for (source, token) in identity.practitioner() {
        let clinician = Clinician { names: identity.names().to_vec(), known_by: identity.practitioner().clone() };
        let told = match charts.recognise(source, token, &clinician, Timestamp::now()).await {
            Some(Ok(Recognition::Known(who))) => {
                let roles = if who.roles.is_empty() { String::new() } else { format!(", {} roles", who.roles.len()) };
                format!("Practitioner/{}: the number and the name agree{roles}", who.practitioner)
            }
            Some(Ok(Recognition::Unknown)) => "nobody there bears it".to_owned(),
            Some(Ok(Recognition::Ambiguous)) => "several there bear it: none is taken".to_owned(),
            Some(Ok(Recognition::NameDiffers)) => "whoever bears it there has another name: not taken".to_owned(),
            Some(Ok(Recognition::Inactive)) => "whoever bears it does not work there any more".to_owned(),
            Some(Ok(Recognition::Shared)) => "somebody else of the directory bears it there".to_owned(),
            Some(Err(state)) => format!("not answered ({})", state.as_str()),
            None => "no such source in the catalogue".to_owned(),
        };
        say(format_args!("  {source}  {token}  {told}"));
    }
    Ok(())
}
