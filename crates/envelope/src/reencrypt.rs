//! A new key for a kind of secret: every secret of it is sealed anew.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, EntityTrait, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{Store, StoreError};

use crate::{
    Envelope, EnvelopeError, KeyDomain, Place, Sealed,
    kek::{self, Kek},
};

/// Rows looked at together.
const BATCH: u64 = 100;
/// Rows that change while they are sealed anew are looked at again, so often at most.
const PASSES: usize = 5;

/// A sealed secret of some table.
#[derive(Clone, Debug)]
pub struct SealedRow {
    /// Its key in the order of [`SealedRows::after`]; shown when it can't be opened.
    pub key: String,
    /// The place it is sealed for.
    pub place: Place,
    /// What stands there: the text of a [`Sealed`], unless somebody has changed it.
    pub sealed: String,
}

impl SealedRow {
    /// Puts `anew` into `column` of the row that `is` picks, in one statement, if what this holds still stands there: what most
    /// [`SealedRows::replace`] are.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace_in<E: EntityTrait>(
        &self,
        store: &Store,
        is: Expr,
        column: E::Column,
        anew: &Sealed,
    ) -> Result<bool, StoreError> {
        let change = E::update_many()
            .col_expr(column, Expr::value(anew.to_string()))
            .filter(is.and(column.eq(self.sealed.as_str())));
        let changed = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { Ok(change.exec(tx).await?.rows_affected == 1) })
        });
        changed.await
    }

    fn sealed(&self) -> Result<Sealed, EnvelopeError> {
        self.sealed.parse()
    }

    /// Sealed under another key than `newest`? What was never sealed is under none.
    fn is_stale(&self, newest: &Kek) -> bool {
        self.sealed().is_ok_and(|sealed| sealed.kek() != newest.id)
    }
}

/// A column of sealed secrets of one kind. The crate that owns the table implements it.
#[async_trait]
pub trait SealedRows: Send + Sync {
    /// Whose root key.
    fn domain(&self) -> KeyDomain;

    /// The kind of secret.
    fn segment(&self) -> &'static str;

    /// At most `most` rows with keys beyond `after`, in the order of their keys.
    ///
    /// # Errors
    /// The database's.
    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError>;

    /// Puts `anew` in the place of what `row` holds, in one statement, if that still stands there; `false` if not.
    ///
    /// # Errors
    /// The database's.
    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError>;
}

/// How far it is, and what came of it in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reencrypted {
    /// Of which secrets.
    pub domain: KeyDomain,
    /// Of which kind.
    pub segment: &'static str,
    /// The version of the key that they are (in a dry run: would be) sealed under; 0 when no key of the kind was ever made.
    pub version: i32,
    /// Going on with what an earlier run has begun?
    pub resumed: bool,
    /// Sealed anew; in a dry run, those that would be.
    pub done: u64,
    /// Keys of rows that could not be opened: they stay as they are.
    pub unreadable: Vec<String>,
}

impl Envelope {
    /// Makes a new key for a kind of secret and seals every secret of it anew, row by row, each by compare-and-set: broken off
    /// anywhere, every row opens, and the next run goes on with the key that this one has made. Older keys stay, since a
    /// program that had looked up its key before may still write under it, and a copy of the database from before needs it.
    /// `told` hears of every batch.
    ///
    /// # Errors
    /// The first thing that stood in the way of all rows; one that can't be opened is in [`Reencrypted::unreadable`].
    pub async fn reencrypt(
        &self,
        rows: &dyn SealedRows,
        dry_run: bool,
        mut told: impl FnMut(&Reencrypted) + Send,
    ) -> Result<Reencrypted, EnvelopeError> {
        let (domain, segment) = (rows.domain(), rows.segment());
        self.roots().first(domain)?;
        let mut report = Reencrypted { domain, segment, version: 0, resumed: false, done: 0, unreadable: Vec::new() };
        let Some(newest) = kek::newest(self.store(), domain, segment).await? else { return Ok(report) };
        let newest = self.unlocked(domain, &newest).await?;
        let (stale, all) = count(rows, &newest).await?;
        report.resumed = stale > 0;
        report.version = newest.version + i32::from(!report.resumed);
        if dry_run {
            report.done = if report.resumed { stale } else { all };
            return Ok(report);
        }
        if report.resumed {
            self.passes(rows, &newest, &mut report, &mut told).await?;
            if report.done > 0 {
                return Ok(report);
            }
            // What is left can't be opened: it must not keep the others from a new key.
            report.resumed = false;
        }
        let target = self.made(domain, segment, newest.version + 1).await?;
        report.version = target.version;
        self.passes(rows, &target, &mut report, &mut told).await?;
        Ok(report)
    }

    async fn passes(
        &self,
        rows: &dyn SealedRows,
        target: &Kek,
        report: &mut Reencrypted,
        told: &mut (impl FnMut(&Reencrypted) + Send),
    ) -> Result<(), EnvelopeError> {
        for _ in 0..PASSES {
            report.unreadable.clear();
            if self.pass(rows, target, report, told).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Goes over all rows once; how many changed meanwhile.
    async fn pass(
        &self,
        rows: &dyn SealedRows,
        target: &Kek,
        report: &mut Reencrypted,
        told: &mut (impl FnMut(&Reencrypted) + Send),
    ) -> Result<u64, EnvelopeError> {
        let (mut after, mut changed) = (None, 0);
        loop {
            let batch = rows.after(after.as_deref(), BATCH).await?;
            let Some(last) = batch.last() else { return Ok(changed) };
            after = Some(last.key.clone());
            for row in &batch {
                match self.sealed_anew(target, row).await {
                    Err(EnvelopeError::Unreadable) => report.unreadable.push(row.key.clone()),
                    Err(error) => return Err(error),
                    Ok(None) => {}
                    Ok(Some(anew)) => match rows.replace(row, &anew).await? {
                        true => report.done += 1,
                        false => changed += 1,
                    },
                }
            }
            told(report);
        }
    }

    /// `None` for what is under `target` already.
    async fn sealed_anew(&self, target: &Kek, row: &SealedRow) -> Result<Option<Sealed>, EnvelopeError> {
        let sealed = row.sealed()?;
        if sealed.kek() == target.id {
            return Ok(None);
        }
        let secret = self.open(&row.place, &sealed).await?;
        Ok(Some(self.seal_under(target, &row.place, &secret)?))
    }
}

/// Rows under another key than `newest`, and rows in all.
async fn count(rows: &dyn SealedRows, newest: &Kek) -> Result<(u64, u64), EnvelopeError> {
    let (mut after, mut stale, mut all) = (None, 0, 0);
    loop {
        let batch = rows.after(after.as_deref(), BATCH).await?;
        let Some(last) = batch.last() else { return Ok((stale, all)) };
        after = Some(last.key.clone());
        all += batch.len() as u64;
        stale += batch.iter().filter(|row| row.is_stale(newest)).count() as u64;
    }
}
