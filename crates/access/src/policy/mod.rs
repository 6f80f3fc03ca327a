//! What they may do: roles on objects, written in casbin's language, decided by a compiled snapshot.
//!
//! Start reading at [`Policy`]. [`Role`] and [`Act`] say what roles mean, [`Ruleset`] who holds them where
//! (presets and the database's rows together), [`Snapshot`] decides. [`casbin_rules`] is the same in casbin: the
//! written policy and the oracle of the tests, never on a request's way.

mod authority;
pub mod casbin_rules;
mod change;
mod consequences;
mod explain;
mod ledger;
mod load;
mod object;
mod role;
mod rules;
mod snapshot;
pub mod tree;

use std::{
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use jiff::Timestamp;
use store::Store;

pub use change::{Block, Change};
pub use consequences::Consequence;
pub use explain::{Standing, Step};
pub use ledger::{Entry, Known, Ledger};
pub use object::Object;
pub use role::{Act, LADDER, Role, RoleSet};
pub use rules::{Effect, Grant, Membership, Placement, Ruleset};
pub use snapshot::{Snapshot, Viewer};

use crate::{AccessError, Actor, AuditLog, Context, Domain, SubjectId, SystemContext};

/// How often a process looks whether the policy has changed.
const POLL: Duration = Duration::from_millis(250);

/// The policy of one portal, kept up to date in the background while a clone of this handle lives. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    domain: Domain,
    presets: Ruleset,
    current: RwLock<Arc<Snapshot>>,
}

impl Policy {
    /// Reads the policy of `domain` (presets and database) and keeps it up to date.
    ///
    /// # Errors
    /// [`AccessError`] when it can't be read: a portal must not start without one.
    pub async fn open(store: Store, domain: Domain) -> Result<Self, AccessError> {
        Self::open_with(store, domain, Ruleset::presets()).await
    }

    /// The same with other rules in place of [`Ruleset::presets`], e.g. presets and those of the configuration.
    ///
    /// # Errors
    /// As [`Policy::open`].
    pub async fn open_with(store: Store, domain: Domain, presets: Ruleset) -> Result<Self, AccessError> {
        let first = read(&store, domain, &presets).await?;
        let inner = Arc::new(Inner { store, domain, presets, current: RwLock::new(Arc::new(first)) });
        tokio::spawn(follow(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Which portal's.
    pub fn domain(&self) -> Domain {
        self.inner.domain
    }

    /// The version that decisions are made by: part of the key of every cache of decisions.
    pub fn version(&self) -> i64 {
        self.snapshot().version()
    }

    /// The compiled policy of now, for many decisions about one person.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// May `ctx` do `act` to `object`?
    pub fn decide(&self, ctx: &dyn Context, object: &Object, act: Act) -> bool {
        let actor = ctx.actor();
        actor.domain == self.inner.domain && self.snapshot().viewer(subjects(&actor)).allows(object, act)
    }

    /// May `ctx` do `act` to anything at all?
    pub fn decide_somewhere(&self, ctx: &dyn Context, act: Act) -> bool {
        let actor = ctx.actor();
        actor.domain == self.inner.domain && self.snapshot().viewer(subjects(&actor)).allows_somewhere(act)
    }

    /// Refuses what [`Policy::decide`] denies.
    ///
    /// # Errors
    /// [`AccessError::Hidden`] when they may not even see the object, else [`AccessError::Forbidden`].
    pub fn require(&self, ctx: &dyn Context, object: &Object, act: Act) -> Result<(), AccessError> {
        if self.decide(ctx, object, act) {
            Ok(())
        } else if self.decide(ctx, object, Act::View) {
            Err(AccessError::Forbidden)
        } else {
            Err(AccessError::Hidden)
        }
    }

    /// The rules that bear on this decision: see [`Snapshot::explain`].
    pub fn explain(&self, ctx: &dyn Context, object: &Object, act: Act) -> Vec<Step> {
        let actor = ctx.actor();
        if actor.domain != self.inner.domain {
            return Vec::new();
        }
        self.snapshot().explain(subjects(&actor), object, act)
    }

    /// Grants or denies a role to somebody, by somebody who holds `assign` there and at least as much themselves.
    /// A refusal is written to the audit log as well.
    ///
    /// # Errors
    /// [`AccessError`], a variant per reason.
    pub async fn grant(
        &self,
        ctx: &dyn Context,
        audit: &AuditLog,
        grant: Grant,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        self.change(ctx, audit, Change::Grant(grant), now).await
    }

    /// Takes back a grant or a denial, under the rules of [`Policy::grant`].
    ///
    /// # Errors
    /// [`AccessError`], a variant per reason.
    pub async fn revoke(
        &self,
        ctx: &dyn Context,
        audit: &AuditLog,
        grant: Grant,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        self.change(ctx, audit, Change::Revoke(grant), now).await
    }

    /// Makes a change, by somebody who may: what grants, denials, blocks and memberships each ask for is in `authority`. A
    /// refusal is written to the audit log as well. Every process sees it within a second, this one at once.
    ///
    /// # Errors
    /// [`AccessError`], a variant per reason.
    pub async fn change(
        &self,
        ctx: &dyn Context,
        audit: &AuditLog,
        change: Change,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let inner = &self.inner;
        let order = authority::Order::new(ctx, audit.clone(), inner.domain, inner.presets.clone(), change, now);
        inner.store.write(move |tx| Box::pin(order.carry_out(tx))).await??;
        self.reload().await
    }

    /// Makes the first administrator of the portal, whoever asks: for the command line. Only the database decides, so
    /// that it works once.
    ///
    /// # Errors
    /// [`AccessError::AdministratorExists`] from the second time on.
    pub async fn bootstrap_administrator(
        &self,
        ctx: &SystemContext,
        audit: &AuditLog,
        subject: SubjectId,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let domain = self.inner.domain;
        let grant = Grant::allow(subject, domain, Role::Administrator, Object::site(domain));
        let order = authority::Order::bootstrap(ctx, audit.clone(), grant, now);
        self.inner.store.write(move |tx| Box::pin(order.carry_out(tx))).await??;
        self.reload().await
    }

    /// What `change` would give and take, whoever made it.
    ///
    /// # Errors
    /// The database's.
    pub async fn consequences(&self, change: &Change) -> Result<Vec<Consequence>, AccessError> {
        let (inner, domain) = (&self.inner, self.inner.domain);
        let kept = load::kept(inner.store.reader(), domain).await?;
        let then = Snapshot::compile(kept.after(change).beside(&inner.presets, domain), domain, 0);
        let now = Snapshot::compile(kept.beside(&inner.presets, domain), domain, 0);
        Ok(consequences::between(&now, &then, change))
    }

    /// The rows behind the policy, for those who administer it.
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.inner.store.clone(), self.inner.domain)
    }

    /// Reads the policy now, if it has changed.
    ///
    /// # Errors
    /// [`AccessError`] when it can't be read; the policy of before stays in force.
    pub async fn reload(&self) -> Result<(), AccessError> {
        self.inner.reload().await
    }
}

impl Inner {
    async fn reload(&self) -> Result<(), AccessError> {
        let known = self.current.read().unwrap_or_else(PoisonError::into_inner).version();
        if load::version(self.store.reader()).await? == known {
            return Ok(());
        }
        let new = Arc::new(read(&self.store, self.domain, &self.presets).await?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Two reloads may overtake one another; versions never go back.
        if new.version() > current.version() {
            *current = new;
        }
        Ok(())
    }
}

/// Who a person is to the policy: themselves, their groups, and the group of their kind.
pub fn subjects<'a>(actor: &Actor<'a>) -> impl Iterator<Item = &'a SubjectId> {
    let kind = match actor.subject.as_str().split_once(':') {
        Some(("u", _)) => Some(everyone()),
        Some(("p", _)) => Some(patients()),
        _ => None,
    };
    std::iter::once(actor.subject).chain(actor.groups).chain(actor.directory_groups).chain(kind)
}

fn everyone() -> &'static SubjectId {
    static EVERYONE: std::sync::LazyLock<SubjectId> = std::sync::LazyLock::new(SubjectId::everyone);
    &EVERYONE
}

fn patients() -> &'static SubjectId {
    static PATIENTS: std::sync::LazyLock<SubjectId> = std::sync::LazyLock::new(SubjectId::patients);
    &PATIENTS
}

/// Reads until no change came in between the tables.
async fn read(store: &Store, domain: Domain, presets: &Ruleset) -> Result<Snapshot, AccessError> {
    let db = store.reader();
    let mut version = load::version(db).await?;
    loop {
        let rules = load::kept(db, domain).await?;
        let after = load::version(db).await?;
        if after == version {
            return Ok(Snapshot::compile(rules.beside(presets, domain), domain, version));
        }
        version = after;
    }
}

/// Ends when the last handle is gone.
async fn follow(policy: Weak<Inner>) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(inner) = policy.upgrade() else { return };
        let outcome = inner.reload().await;
        if let Err(error) = &outcome
            && !failing
        {
            tracing::error!(%error, "the policy can't be read; the one of before stays in force");
        }
        failing = outcome.is_err();
    }
}
