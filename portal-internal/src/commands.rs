//! What the program does, besides answering requests. Texts here are for operators and in English.

mod articles;
mod audit;
mod bootstrap;
mod brands;
mod directory;
mod index;
mod relations;
mod schedules;
mod serve;
mod sessions;
mod source;
mod table;
mod vault;

use std::{io::Write, path::Path, process::ExitCode};

use sources::Catalogue;
use web::config::{Problem, not_writable};

use crate::config::Config;

pub use articles::{Signatures, articles_import};
pub use audit::audit_verify;
pub use bootstrap::bootstrap_admin;
pub use brands::source_brands;
pub use directory::directory_test;
pub use index::{index_import, index_sweep};
pub use relations::{relations_import, relations_list};
pub use schedules::schedules_import;
pub use serve::serve;
pub use sessions::sessions_end;
pub use source::source_test;
pub use vault::{vault_reencrypt, vault_rewrap};

/// Wrong input, or a check that failed.
const FAILED: u8 = 1;
/// The command could not run.
const COULD_NOT_RUN: u8 = 2;

fn say(line: impl std::fmt::Display) {
    // A closed pipe is not worth a message that has nowhere to go.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn complain(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        let _ = writeln!(std::io::stderr(), "{problem}");
    }
    let count = problems.len();
    let _ = writeln!(std::io::stderr(), "{count} {} found", if count == 1 { "mistake" } else { "mistakes" });
    ExitCode::from(FAILED)
}

fn could_not_run(error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "portal-internal: {error}");
    ExitCode::from(COULD_NOT_RUN)
}

/// The command could run, and what it was told is wrong.
fn refused(error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "portal-internal: {error}");
    ExitCode::from(FAILED)
}

/// `routes`: everything the portal answers, and who may; for reviews, and for the test that knocks everywhere.
pub fn routes() -> ExitCode {
    match crate::routes::registry() {
        Ok(all) => {
            all.iter().for_each(say);
            ExitCode::SUCCESS
        }
        Err(error) => could_not_run(&error),
    }
}

/// Are the root keys those of the database?
async fn keys(config: &Config) -> Option<Problem> {
    match web::sealing::check(&config.database.config, &config.keys.sealing).await {
        Ok(problem) => problem,
        Err(why) => {
            say(format_args!("keys were not compared with the database: {why}"));
            None
        }
    }
}

/// Hospitals that the configuration names, and that neither its own file nor an administrator has defined.
async fn unknown_sources(file: &Path, config: Option<&Config>, catalogue: &Catalogue) -> Vec<Problem> {
    let unknown = || Config::unknown_sources(file, |id| catalogue.get(id).is_some());
    if unknown().is_empty() {
        return Vec::new();
    }
    if let Some(config) = config
        && let Err(why) = serve::follow_once(config, catalogue).await
    {
        say(format_args!("hospitals that were defined in the portal are not known to this check: {why}"));
    }
    unknown()
}

/// `check`: every mistake at once, hospitals and platforms included.
pub async fn check(file: &Path, create_keys: bool) -> ExitCode {
    if create_keys {
        match Config::create_keys(file) {
            Ok(made) => made.iter().for_each(|path| say(format_args!("made {}", path.display()))),
            Err(problems) => return complain(&problems),
        }
    }
    let mut problems = Vec::new();
    let config = Config::load(file);
    match &config {
        Err(found) => problems.extend(found.iter().cloned()),
        Ok(config) => {
            problems.extend(config.database.not_writable());
            problems.extend(not_writable("audit.heads_file", &config.audit.heads_file));
            problems.extend(keys(config).await);
        }
    }
    if let Some(sources) = Config::sources(file) {
        match serve::catalogue(&sources) {
            Err(found) => problems.extend(found),
            Ok(catalogue) => problems.extend(unknown_sources(file, config.ok().as_ref(), &catalogue).await),
        }
    }
    if problems.is_empty() {
        say("the configuration is good");
        ExitCode::SUCCESS
    } else {
        complain(&problems)
    }
}
