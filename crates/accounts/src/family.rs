//! What patients entrust to one another: invitations, who acts for whom, and the end of it.
//!
//! Nothing of it is kept anywhere but in the database: whoever has taken something back is obeyed at the next request of
//! every replica ([`Family::in_force`]).

mod code;
mod entity;
mod read;
mod terms;

use access::{AuditError, AuditLog, Classify, Event, Fault, Outcome, PatientContext, PersonId, audit::Draft};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use store::{Store, StoreError, Tx, to_millis};
use uuid::Uuid;
use zeroize::Zeroizing;

use self::entity::{invitation, proxy};
pub use self::{
    read::{EndedBy, Invitation, Offer, Proxy},
    terms::{LONGEST_NAME, Terms, Wanted},
};

/// An invitation is good for so long.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Open invitations of one person.
const MOST_OPEN: u64 = 10;

/// Why something can't be entrusted as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedProblem {
    /// No name, or one that is too long.
    #[error("a name has 1 to 40 characters")]
    Called,
    /// Nothing is entrusted.
    #[error("nothing is entrusted")]
    Nothing,
    /// A day that is over, or no day.
    #[error("the last day is over")]
    LastDay,
    /// There are ten open invitations.
    #[error("too many open invitations")]
    TooMany,
}

impl WantedProblem {
    /// In message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Nothing => "nothing",
            Self::LastDay => "last-day",
            Self::TooMany => "too-many",
        }
    }
}

/// Why something of the family did not come about.
#[derive(Debug, thiserror::Error)]
pub enum FamilyError {
    /// Not as it is wanted.
    #[error(transparent)]
    Wanted(#[from] WantedProblem),
    /// No such invitation or proxy of theirs: unknown, used, withdrawn and over are not told apart.
    #[error("there is none")]
    NotFound,
    /// Somebody has opened an invitation of their own.
    #[error("one's own invitation")]
    Oneself,
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// It could not be written down: nothing was done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for FamilyError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for FamilyError {
    fn fault(&self) -> Fault {
        match self {
            Self::Wanted(_) => Fault::Invalid,
            Self::NotFound => Fault::NotFound,
            Self::Oneself => Fault::Conflict,
            Self::Random(_) => Fault::Internal,
            Self::Audit(error) => error.fault(),
            Self::Store(error) => error.fault(),
        }
    }
}

/// How a region entrusts.
#[derive(Clone, Debug)]
pub struct FamilyRules {
    /// In years: what a younger person has entrusted ends on that birthday, and they are asked anew.
    pub own_say_age: i16,
    /// In which days are whole.
    pub zone: TimeZone,
}

/// Who acts for whom. Cheap to clone.
#[derive(Clone)]
pub struct Family {
    store: Store,
    audit: AuditLog,
    rules: FamilyRules,
}

/// The account that acts.
fn account(ctx: &PatientContext) -> Result<Uuid, FamilyError> {
    let id = ctx.subject().as_str().strip_prefix("p:").and_then(|id| Uuid::try_parse(id).ok());
    id.ok_or(FamilyError::NotFound)
}

fn own(ctx: &PatientContext) -> Result<PersonId, FamilyError> {
    ctx.own().ok_or(FamilyError::NotFound)
}

fn event(action: &'static str, id: Uuid, subject: PersonId) -> Event {
    Event::new(action, "proxy", Outcome::Ok).on(id.to_string()).about(subject)
}

impl Family {
    /// What `rules` let people entrust, kept in `store`.
    pub fn new(store: Store, audit: AuditLog, rules: FamilyRules) -> Self {
        Self { store, audit, rules }
    }

    /// Invites whoever brings the secret that is returned, which is kept nowhere. `birth_date` is the inviting person's as
    /// registered, at whatever precision.
    ///
    /// # Errors
    /// [`FamilyError::Wanted`]; [`FamilyError::NotFound`] for an account of nobody known; the audit's, the database's.
    pub async fn invite(
        &self,
        ctx: &PatientContext,
        wanted: Wanted,
        birth_date: Option<&str>,
        now: Timestamp,
    ) -> Result<(Zeroizing<String>, Invitation), FamilyError> {
        let subject = own(ctx)?;
        let (called, terms) = wanted.terms(birth_date, (self.rules.own_say_age, &self.rules.zone), now)?;
        let secret = code::new()?;
        let (id, (trusts, sections)) = (Uuid::now_v7(), terms.columns());
        let row = invitation::Model {
            id,
            code_hash: code::digest(&secret).ok_or(FamilyError::NotFound)?,
            subject: subject.0,
            called,
            trusts,
            sections,
            until: terms.until.map(to_millis),
            by_age: terms.by_age,
            created_at: to_millis(now),
            expires_at: to_millis(now + GOOD_FOR),
            used_at: None,
            withdrawn_at: None,
        };
        let kept = Invitation::read(&row)?;
        let event = event("proxy.invite", id, subject).with(terms.detail());
        let draft = AuditLog::draft(ctx, now, event);
        self.once(draft, move |tx| {
            Box::pin(async move {
                let open = open(now).add(invitation::Column::Subject.eq(row.subject));
                if invitation::Entity::find().filter(open).count(tx).await? >= MOST_OPEN {
                    return Err(WantedProblem::TooMany.into());
                }
                let row = invitation::ActiveModel::from(row);
                invitation::Entity::insert(row).exec_without_returning(tx).await?;
                Ok(())
            })
        })
        .await?;
        Ok((secret, kept))
    }

    /// Takes an invitation: from now on the account may act for whoever made it. What that person entrusted to the account
    /// before ends.
    ///
    /// # Errors
    /// As [`Family::offer`]; the audit's.
    pub async fn accept(&self, ctx: &PatientContext, typed: &str, now: Timestamp) -> Result<PersonId, FamilyError> {
        let row = self.offered(ctx, typed, now).await?;
        let (account, id, subject) = (account(ctx)?, Uuid::now_v7(), PersonId(row.subject));
        let detail = Terms::read((&row.trusts, row.sections.as_deref()), row.until, row.by_age)?.detail();
        let draft = AuditLog::draft(ctx, now, event("proxy.accept", id, subject).with(detail));
        self.once(draft, move |tx| {
            Box::pin(async move {
                let once = invitation::Entity::update_many()
                    .col_expr(invitation::Column::UsedAt, Expr::value(to_millis(now)))
                    .filter(open(now).add(invitation::Column::Id.eq(row.id)));
                if once.exec(tx).await?.rows_affected == 0 {
                    return Err(FamilyError::NotFound);
                }
                let same = proxy::Column::Account.eq(account).and(proxy::Column::Subject.eq(row.subject));
                end(tx, same, EndedBy::Renewed, now).await?;
                let row = proxy::Model {
                    id,
                    subject: row.subject,
                    account,
                    called: row.called,
                    trusts: row.trusts,
                    sections: row.sections,
                    until: row.until,
                    by_age: row.by_age,
                    since: to_millis(now),
                    ended_at: None,
                    ended_by: None,
                };
                let row = proxy::ActiveModel::from(row);
                proxy::Entity::insert(row).exec_without_returning(tx).await?;
                Ok(())
            })
        })
        .await?;
        Ok(subject)
    }

    /// Takes back an invitation of one's own.
    ///
    /// # Errors
    /// [`FamilyError::NotFound`] for another's, or one that is over; the audit's, the database's.
    pub async fn withdraw(&self, ctx: &PatientContext, id: Uuid, now: Timestamp) -> Result<(), FamilyError> {
        let subject = own(ctx)?;
        let draft = AuditLog::draft(ctx, now, event("proxy.withdraw", id, subject));
        self.once(draft, move |tx| {
            Box::pin(async move {
                let mine = invitation::Column::Id.eq(id).and(invitation::Column::Subject.eq(subject.0));
                let withdrawn = invitation::Entity::update_many()
                    .col_expr(invitation::Column::WithdrawnAt, Expr::value(to_millis(now)))
                    .filter(open(now).add(mine));
                found(withdrawn.exec(tx).await?.rows_affected)
            })
        })
        .await
    }

    /// Takes back what one has entrusted: at once, whatever the proxy is doing.
    ///
    /// # Errors
    /// As [`Family::withdraw`].
    pub async fn revoke(&self, ctx: &PatientContext, id: Uuid, now: Timestamp) -> Result<(), FamilyError> {
        let subject = own(ctx)?;
        let draft = AuditLog::draft(ctx, now, event("proxy.revoke", id, subject));
        self.once(draft, move |tx| {
            Box::pin(async move {
                let mine = proxy::Column::Id.eq(id).and(proxy::Column::Subject.eq(subject.0));
                found(end(tx, mine, EndedBy::Subject, now).await?)
            })
        })
        .await
    }

    /// Gives back what is entrusted to one.
    ///
    /// # Errors
    /// As [`Family::withdraw`].
    pub async fn give_back(&self, ctx: &PatientContext, id: Uuid, now: Timestamp) -> Result<(), FamilyError> {
        let account = account(ctx)?;
        let row = proxy::Entity::find_by_id(id).one(self.store.reader()).await?;
        let row = row.filter(|row| row.account == account).ok_or(FamilyError::NotFound)?;
        let draft = AuditLog::draft(ctx, now, event("proxy.give-back", id, PersonId(row.subject)));
        self.once(draft, move |tx| {
            Box::pin(async move { found(end(tx, proxy::Column::Id.eq(id), EndedBy::Proxy, now).await?) })
        })
        .await
    }

    /// A job and its audit row, in one transaction.
    async fn once<F>(&self, draft: Draft, job: F) -> Result<(), FamilyError>
    where
        F: for<'t> FnOnce(&'t Tx) -> store::JobFuture<'t, (), FamilyError> + Send + 'static,
    {
        let audit = self.audit.clone();
        let written = self.store.write(move |tx| {
            Box::pin(async move {
                job(tx).await?;
                audit.append(tx, draft).await?;
                Ok::<(), FamilyError>(())
            })
        });
        written.await
    }
}

/// Invitations that can still be taken.
fn open(now: Timestamp) -> sea_orm::Condition {
    use invitation::Column;
    sea_orm::Condition::all()
        .add(Column::UsedAt.is_null())
        .add(Column::WithdrawnAt.is_null())
        .add(Column::ExpiresAt.gt(to_millis(now)))
        .add(Column::Until.is_null().or(Column::Until.gt(to_millis(now))))
}

/// Ends those of `which` that have not ended; how many.
async fn end(tx: &Tx, which: Expr, by: EndedBy, now: Timestamp) -> Result<u64, FamilyError> {
    let ended = proxy::Entity::update_many()
        .col_expr(proxy::Column::EndedAt, Expr::value(to_millis(now)))
        .col_expr(proxy::Column::EndedBy, Expr::value(by.as_str()))
        .filter(proxy::Column::EndedAt.is_null())
        .filter(which);
    Ok(ended.exec(tx).await?.rows_affected)
}

fn found(rows: u64) -> Result<(), FamilyError> {
    if rows == 0 { Err(FamilyError::NotFound) } else { Ok(()) }
}
