//! Whether the configured root keys are those of the database, for `check`.

use std::time::Duration;

use envelope::{Envelope, EnvelopeError};
use store::{DatabaseConfig, Store};

use crate::config::{Problem, SealingSection};

/// A database that is away does not keep `check` waiting for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens every wrapped key of the database. An outer `Err` says why nothing could be compared: a database that is away, or that
/// `portal-migrate` has not made yet, is no mistake of the configuration.
///
/// # Errors
/// Why not.
pub async fn check(database: &DatabaseConfig, sealing: &SealingSection) -> Result<Option<Problem>, String> {
    let opened = async {
        let store = Store::open(database).await.map_err(|error| error.to_string())?;
        store.check_schema().await.map_err(|error| error.to_string())?;
        Ok(sealing.envelope(store))
    };
    let opened: Result<Result<Envelope, String>, _> = tokio::time::timeout(PATIENCE, opened).await;
    match opened.map_err(|_| "the database does not answer".to_owned())??.verify().await {
        Ok(_) => Ok(None),
        Err(EnvelopeError::Store(error)) => Err(error.to_string()),
        Err(error) => Ok(Some(Problem {
            path: "keys".to_owned(),
            what: error.to_string(),
            cure: "the keys and the database belong together: restore both from the same backup".to_owned(),
        })),
    }
}
