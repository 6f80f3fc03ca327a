//! `source test ID`

use std::{path::Path, process::ExitCode, time::Duration};

use access::{AuditLog, Event, Outcome, SystemContext};
use jiff::Timestamp;
use sources::{End, Step};
use web::{Lang, render::Renderer};

use super::{FAILED, complain, could_not_run, refused, say, serve};
use crate::{config::Config, pages::sources::words_of, portal};

/// Nobody's page waits for it.
const LONGEST: Duration = Duration::from_secs(120);

/// Tests the connection to a source, and shows each step with its time, outcome and cure.
pub async fn source_test(file: &Path, id: &str, patient: Option<&str>) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match test(&config, id, patient).await {
        Ok(Some(steps)) => {
            let words = match serve::renderer() {
                Ok(renderer) => renderer,
                Err(error) => return could_not_run(&error),
            };
            steps.iter().for_each(|step| tell(&words, step));
            let good = steps.iter().all(|step| step.end != End::Failed);
            if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
        }
        Ok(None) => refused(&format!("no source `{id}` in the catalogue")),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn test(config: &Config, id: &str, patient: Option<&str>) -> anyhow::Result<Option<Vec<Step>>> {
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    let store = serve::open(config, &catalogue).await?;
    let Some(source) = catalogue.get(id) else { return Ok(None) };
    let (now, audit) = (Timestamp::now(), portal::audit_log(&config.keys));
    let event = Event::new("source.test", "source", Outcome::Ok).on(id);
    let draft = AuditLog::draft(&SystemContext::new("source-test", portal::DOMAIN), now, event);
    let written = store
        .write::<_, access::AuditError, _>(move |tx| Box::pin(async move { audit.append(tx, draft).await.map(drop) }));
    written.await?;
    Ok(Some(catalogue.test(&source, patient, LONGEST, now).await))
}

fn tell(renderer: &Renderer, step: &Step) {
    let view = words_of(renderer.words(Lang::En), step);
    let took = if view.took.is_empty() { String::new() } else { format!("  {} s", view.took) };
    let status = view.status.map(|status| format!("  {status}")).unwrap_or_default();
    let failed = if step.end == End::Failed { "FAILED: " } else { "" };
    say(format_args!("{}{took}{status}  {failed}{}", view.name, view.said));
    for (what, text) in [("answered", Some(view.answer).filter(|text| !text.is_empty())), ("cure", view.cure)] {
        if let Some(text) = text {
            say(format_args!("    {what}: {text}"));
        }
    }
}
