//! `relations list USER`: whose records somebody may open just now, and by what.

use std::{path::Path, process::ExitCode};

use access::RelationKind;
use directory::{Directory, SignInError};
use jiff::Timestamp;

use super::super::{complain, could_not_run, refused, say, serve};
use crate::{config::Config, portal};

/// Relations of one person that are printed.
const MOST: u64 = 10_000;

/// Prints them, without names of patients: ids, reasons and times.
pub async fn relations_list(config: &Path, user: &str, organisation: Option<&str>) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match list(config, user, organisation).await {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(reason)) => refused(&reason),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn list(config: Config, user: &str, organisation: Option<&str>) -> anyhow::Result<Result<(), String>> {
    let audit = portal::audit_log(&config.keys);
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    let store = serve::open(&config, &catalogue).await?;
    let policy = access::Policy::open(store.clone(), portal::DOMAIN).await?;
    let index = serve::index(&config, &store, &audit);
    let envelope = config.keys.sealing.envelope(store.clone());
    let charts = serve::charts(&config, &store, &policy, &audit, &catalogue, &index, &envelope);
    let directory = Directory::new(config.directories)
        .map_err(|_| anyhow::anyhow!("the settings of the directory have mistakes: see `check`"))?;
    let staff = match directory.find(organisation, user).await {
        Ok(identity) => identity.subject().clone(),
        Err(SignInError::Refused(reason)) => return Ok(Err(format!("staff `{user}`: {reason}"))),
        Err(error) => return Err(error.into()),
    };
    let (relations, now) = (charts.relations(), Timestamp::now());
    for one in relations.encounters(&staff, MOST, now).await? {
        let seen = one.seen;
        let by = format_args!("Encounter/{} of {} as Practitioner/{}", seen.encounter, seen.source, seen.practitioner);
        let what = format_args!("{} {}", seen.class, seen.status);
        say(format_args!(
            "{}  {}  {what}  {by}  from {} until {}",
            seen.person,
            RelationKind::Encounter.as_str(),
            one.since,
            seen.until
        ));
    }
    for (person, how, relation) in relations.listed(&staff, MOST, now).await? {
        let until = relation.until.map_or_else(|| "it is ended".to_owned(), |until| until.to_string());
        say(format_args!("{person}  {}  {how}  from {} until {until}", relation.kind.as_str(), relation.since));
    }
    let practitioners = charts.practitioners();
    let readings = practitioners.readings(&staff, now).await?;
    for known in practitioners.of(&staff).await? {
        let as_whom = known.recognition.known().map(|who| format!(" as Practitioner/{}", who.practitioner));
        let reading = readings.iter().find(|reading| reading.source == known.source);
        let asked = reading.and_then(|one| Some(format!("; asked {}: {}", one.asked_at, one.state.as_ref()?.0)));
        say(format_args!(
            "at {}: {}{}, looked for by {} at {}{}",
            known.source,
            known.recognition.as_str(),
            as_whom.unwrap_or_default(),
            known.token,
            known.checked_at,
            asked.unwrap_or_default()
        ));
    }
    Ok(Ok(()))
}
