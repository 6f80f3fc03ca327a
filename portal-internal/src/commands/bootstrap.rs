//! `bootstrap-admin USER`

use std::{path::Path, process::ExitCode};

use access::{AccessError, Domain, Policy, SystemContext};
use directory::{Directory, SignInError};
use jiff::Timestamp;
use store::Store;

use super::{complain, could_not_run, refused, say};
use crate::{config::Config, portal, roles::known};

/// Makes a member of staff the first administrator. Refused when there is one already: that one grants from then on.
pub async fn bootstrap_admin(file: &Path, user: &str, organisation: Option<&str>) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match bootstrap(config, user, organisation).await {
        Ok(name) => {
            say(format_args!("{name} is now administrator of the internal portal"));
            ExitCode::SUCCESS
        }
        Err(error) if is_wrong_input(&error) => refused(&error),
        Err(error) => could_not_run(&error),
    }
}

/// Nobody of that name, no such directory, an administrator already: another command line would do.
fn is_wrong_input(error: &anyhow::Error) -> bool {
    let sign_in = matches!(error.downcast_ref(), Some(SignInError::Refused(_) | SignInError::Organisation));
    sign_in || matches!(error.downcast_ref(), Some(AccessError::AdministratorExists))
}

async fn bootstrap(config: Config, user: &str, organisation: Option<&str>) -> anyhow::Result<String> {
    let audit = portal::audit_log(&config.keys);
    let directory = Directory::new(config.directories).map_err(|problems| {
        anyhow::anyhow!("{}", problems.iter().map(|one| one.what.as_str()).collect::<Vec<_>>().join("; "))
    })?;
    let identity = directory.find(organisation, user).await?;
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let policy = Policy::open(store, Domain::Internal).await?;
    let context = SystemContext::new("bootstrap-admin", Domain::Internal);
    policy.bootstrap_administrator(&context, &audit, identity.subject().clone(), Timestamp::now()).await?;
    // So that the pages call them by name.
    policy.ledger().remember(known(&identity), Timestamp::now()).await?;
    Ok(identity.name().to_owned())
}
