//! `sessions end USER`
//!
//! `USER` is a sign-in name, or the subject that the audit log has (`p:…`): what a report of misuse quotes.

use std::{path::Path, process::ExitCode};

use access::{
    Domain, SubjectId, SystemContext,
    audit::{AuditLog, Event, Outcome, action},
};
use accounts::Accounts;
use anyhow::Context as _;
use jiff::Timestamp;
use store::Store;
use web::session::{Lifetimes, Sessions};

use super::{complain, could_not_run, say};
use crate::{config::Config, portal, sign_in::SessionError};

/// Ends all sessions of a patient at once, on every replica, a sign-in under way included.
pub async fn sessions_end(file: &Path, user: &str) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match end(config, user).await {
        Ok((subject, ended)) => {
            say(format_args!("{subject}: {ended} sessions ended"));
            ExitCode::SUCCESS
        }
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

async fn end(config: Config, user: &str) -> anyhow::Result<(SubjectId, u64)> {
    let audit = portal::audit_log(&config.keys);
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let subject = match SubjectId::parse(user) {
        Some(subject) => subject,
        None => Accounts::new(store.clone())?.find(user).await?.context("there is no account of that name")?,
    };
    let sessions = Sessions::new(store.clone(), "patient_session", Lifetimes::EXTERNAL);
    let (of, now) = (subject.to_string(), Timestamp::now());
    let context = SystemContext::new("sessions-end", Domain::External);
    let ended = store
        .write::<_, SessionError, _>(move |tx| {
            Box::pin(async move {
                let ended = sessions.end_all(tx, &of, now).await?;
                let event = Event::new(action::SESSIONS_END, "session", Outcome::Ok).on(of);
                let row = AuditLog::draft(&context, now, event.with(serde_json::json!({ "ended": ended })));
                audit.append(tx, row).await?;
                Ok(ended)
            })
        })
        .await?;
    Ok((subject, ended))
}
