//! `import-accounts FILE`: accounts that a hospital's desk has proven, made in one go.
//!
//! The file is JSON: `[{"username", "password", "name", "resident_id"}]`. Each person is looked up at the hospitals by
//! resident ID and linked only when exactly one regional patient has that number, that birth date and sex, and that name.
//! Names that exist already are left as they are and said, so the command can be run again; a person who has an account
//! under another name gets no second one.

use std::{path::Path, process::ExitCode};

use access::{
    Policy, SystemContext,
    audit::{AuditLog, Event, Outcome},
};
use accounts::{AccountError, Accounts, NewAccount};
use ehr::Charts;
use jiff::Timestamp;
use patients::{Index, IndexKey};
use serde::Deserialize;
use sources::Secrets;
use store::Store;
use zeroize::Zeroizing;

use super::{FAILED, complain, could_not_run, say, serve};
use crate::{config::Config, portal};

/// What the audit log calls it.
const ACTION: &str = "account.import";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    username: String,
    password: Zeroizing<String>,
    name: String,
    resident_id: Option<Zeroizing<String>>,
}

/// Makes the accounts of `file`; exit code 1 when one of them is not there as the file has it: no person could be found,
/// or the person has another account.
pub async fn import_accounts(config: &Path, file: &Path) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    match import(&config, file).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FAILED),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

struct Import {
    store: Store,
    audit: AuditLog,
    accounts: Accounts,
    charts: Charts,
}

/// What became of a row of the file.
enum Made {
    /// An account of a person.
    Linked,
    /// An account of nobody known.
    Unlinked,
    /// Left as it is.
    NameTaken,
    /// Not made.
    PersonTaken,
}

/// How many accounts are not there as the file has them.
async fn import(config: &Config, file: &Path) -> anyhow::Result<usize> {
    let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(file)?)?;
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let catalogue = serve::catalogue(&config.sources)
        .map_err(|_| anyhow::anyhow!("the catalogue of hospitals has mistakes: see `check`"))?;
    let index = Index::new(store.clone(), IndexKey::derive(&config.keys.region), audit.clone());
    let envelope = config.keys.sealing.envelope(store.clone());
    catalogue.unlock(Secrets::new(store.clone(), envelope.clone()));
    catalogue.reload(&store).await?;
    let charts = serve::charts(config, &store, &policy, &audit, &catalogue, &index, &envelope);
    let import = Import { accounts: Accounts::new(store.clone())?, store, audit, charts };
    let (mut made, mut unlinked, mut taken, mut double) = (0, 0, 0, 0);
    for row in rows {
        let username = row.username.clone();
        match import.row(row).await? {
            Made::Linked => made += 1,
            Made::Unlinked => {
                say(format_args!("without a record: {username}"));
                (made, unlinked) = (made + 1, unlinked + 1);
            }
            Made::NameTaken => {
                say(format_args!("there is an account of this name, left as it is: {username}"));
                taken += 1;
            }
            Made::PersonTaken => {
                say(format_args!("not made, the person has an account under another name: {username}"));
                double += 1;
            }
        }
    }
    say(format_args!("{made} accounts made, {unlinked} of them without a record"));
    if taken + double > 0 {
        say(format_args!("{taken} names were taken, {double} people had another account"));
    }
    Ok(unlinked + double)
}

impl Import {
    async fn row(&self, row: Row) -> anyhow::Result<Made> {
        let now = Timestamp::now();
        let context = SystemContext::new("import-accounts", portal::DOMAIN);
        let person = match &row.resident_id {
            Some(number) => self.charts.identify(&context, number, &row.name, now).await?,
            None => None,
        };
        let new = NewAccount { username: row.username, password: row.password, name: row.name, person };
        let prepared = self.accounts.prepare(new, now).await?;
        let mut event = Event::new(ACTION, "account", Outcome::Ok);
        event.person = person;
        let (audit, draft) = (self.audit.clone(), AuditLog::draft(&context, now, event));
        let made = self
            .store
            .write::<_, ImportError, _>(move |tx| {
                Box::pin(async move {
                    Accounts::insert(tx, prepared).await?;
                    audit.append(tx, draft).await?;
                    Ok(())
                })
            })
            .await;
        match made {
            Ok(()) if person.is_some() => Ok(Made::Linked),
            Ok(()) => Ok(Made::Unlinked),
            Err(ImportError::Account(AccountError::NameTaken)) => Ok(Made::NameTaken),
            Err(ImportError::Account(AccountError::PersonTaken)) => Ok(Made::PersonTaken),
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Audit(#[from] access::audit::AuditError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}
