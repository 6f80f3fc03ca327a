//! Leases: one of several replicas does a periodic job.

use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, Expr, ExprTrait, OnConflict, Query},
};

use crate::{Tx, to_millis};

/// A name that one holder at a time may have, until it expires.
#[derive(Clone, Debug)]
pub struct Lease {
    /// What is leased, e.g. `audit-sealer`.
    pub name: &'static str,
    /// Who wants it: unique per process.
    pub holder: String,
    /// For how long, unless renewed.
    pub ttl: SignedDuration,
}

impl Lease {
    /// Takes or renews the lease; `false` when another holder has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(&self, tx: &Tx, now: Timestamp) -> Result<bool, DbErr> {
        let table = Alias::new("lease");
        let (name, holder, until) = (Alias::new("name"), Alias::new("holder"), Alias::new("expires_at"));
        let expires = to_millis(now + self.ttl);
        let mut claim = Query::insert()
            .into_table(table.clone())
            .columns([name.clone(), holder.clone(), until.clone()])
            .values_panic([self.name.into(), self.holder.clone().into(), expires.into()])
            .to_owned();
        claim.on_conflict(
            OnConflict::column(name)
                .values([(holder.clone(), self.holder.clone().into()), (until.clone(), expires.into())])
                .action_and_where(
                    Expr::col((table.clone(), until))
                        .lt(to_millis(now))
                        .or(Expr::col((table, holder)).eq(self.holder.clone())),
                )
                .to_owned(),
        );
        Ok(tx.execute(&claim).await?.rows_affected() == 1)
    }
}
