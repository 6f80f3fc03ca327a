//! Which errors say that the database could not serve us just now: trying again may help.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::StoreError;

impl StoreError {
    /// Is the database away, full, overloaded or busy with somebody else, so that the same may work later? Everything
    /// else is a mistake of a program.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => is_outage(error),
            Self::Stopped | Self::Lock(_) | Self::Group(_) => true,
            Self::Schema { .. } | Self::SchemaNewer { .. } | Self::Panicked | Self::Url(_) => false,
        }
    }
}

fn is_outage(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => true,
        DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause)) => match &**cause {
            SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed => true,
            SqlxError::Database(said) => said.code().is_some_and(|code| passes(&code)),
            _ => false,
        },
        _ => false,
    }
}

/// PostgreSQL appendix A (five places): class 08 the connection, 53 no room (disk, memory, connections), 57 somebody
/// stopped it (57014: our own `statement_timeout`), 40 others were in the way (serialization, deadlock), 55P03 our
/// `lock_timeout`, 25P03 an idle transaction was ended, 25006 a standby that only reads.
/// SQLite's result codes (their lowest byte): 5 BUSY, 6 LOCKED, 10 IOERR, 13 FULL, 14 CANTOPEN.
fn passes(code: &str) -> bool {
    if code.len() == 5 {
        let classes = ["08", "40", "53", "57"];
        return classes.iter().any(|class| code.starts_with(class)) || ["55P03", "25P03", "25006"].contains(&code);
    }
    code.parse::<u32>().is_ok_and(|code| [5, 6, 10, 13, 14].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_work_later() {
        for code in ["08006", "57P01", "57014", "53100", "53300", "40001", "40P01", "55P03", "5", "517", "13", "778"] {
            assert!(passes(code), "{code}");
        }
        for code in ["23505", "42501", "42P01", "22001", "2067", "1555", "1", "8"] {
            assert!(!passes(code), "{code}");
        }
    }
}
