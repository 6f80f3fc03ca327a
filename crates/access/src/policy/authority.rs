//! Who may change the policy: decided in the transaction of the change, by the rules as they are then.

use jiff::Timestamp;
use serde_json::json;
use store::Tx;

use super::{Act, Grant, Ruleset, Snapshot, Viewer, load, subjects};
use crate::{
    AccessError, AuditLog, Context, Domain, SubjectId,
    audit::{Draft, Event, Outcome, action},
};

/// A change of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new grant or denial.
    Grant(Grant),
    /// The end of one.
    Revoke(Grant),
}

impl Change {
    fn grant(&self) -> &Grant {
        match self {
            Self::Grant(grant) | Self::Revoke(grant) => grant,
        }
    }
}

/// On whose word a change is made.
enum Authority {
    /// A signed-in person's, who must hold enough by these presets and the rules of the database.
    Granter { subjects: Vec<SubjectId>, domain: Domain, presets: Ruleset },
    /// The command line's, as long as there is no administrator.
    CommandLine,
}

/// A change with all it needs to be carried out in a transaction.
pub(crate) struct Order {
    audit: AuditLog,
    authority: Authority,
    by: SubjectId,
    change: Change,
    done: Draft,
    refused: Draft,
    now: Timestamp,
}

impl Order {
    pub(crate) fn new(
        ctx: &dyn Context,
        audit: AuditLog,
        domain: Domain,
        presets: Ruleset,
        change: Change,
        now: Timestamp,
    ) -> Self {
        let name = match change {
            Change::Grant(_) => action::POLICY_GRANT,
            Change::Revoke(_) => action::POLICY_REVOKE,
        };
        let actor = ctx.actor();
        // Whoever comes from the other portal holds nothing here.
        let subjects = if actor.domain == domain { subjects(&actor).cloned().collect() } else { Vec::new() };
        Self::with(ctx, audit, Authority::Granter { subjects, domain, presets }, name, change, now)
    }

    pub(crate) fn bootstrap(ctx: &dyn Context, audit: AuditLog, grant: Grant, now: Timestamp) -> Self {
        Self::with(ctx, audit, Authority::CommandLine, action::POLICY_BOOTSTRAP, Change::Grant(grant), now)
    }

    fn with(
        ctx: &dyn Context,
        audit: AuditLog,
        authority: Authority,
        name: &'static str,
        change: Change,
        now: Timestamp,
    ) -> Self {
        let grant = change.grant();
        let detail = json!({
            "subject": grant.subject.as_str(),
            "domain": grant.domain.as_str(),
            "role": grant.role.as_str(),
            "effect": grant.effect.as_str(),
        });
        let event = |outcome| Event::new(name, "grant", outcome).on(grant.object.as_str()).with(detail.clone());
        Self {
            done: AuditLog::draft(ctx, now, event(Outcome::Ok)),
            refused: AuditLog::draft(ctx, now, event(Outcome::Refused)),
            by: ctx.actor().subject.clone(),
            audit,
            authority,
            change,
            now,
        }
    }

    /// The outer error undoes everything; the inner one is a refusal, whose audit row is kept.
    pub(crate) async fn carry_out(self, tx: &Tx) -> Result<Result<(), AccessError>, AccessError> {
        load::lock(tx).await?;
        let outcome = self.apply(tx).await?;
        let draft = if outcome.is_ok() { self.done } else { self.refused };
        self.audit.append(tx, draft).await?;
        Ok(outcome)
    }

    async fn apply(&self, tx: &Tx) -> Result<Result<(), AccessError>, AccessError> {
        if let Err(refusal) = self.check(tx).await? {
            return Ok(Err(refusal));
        }
        match (&self.change, load::find(tx, self.change.grant()).await?) {
            (Change::Grant(_), Some(_)) => return Ok(Err(AccessError::AlreadyGranted)),
            (Change::Revoke(_), None) => return Ok(Err(AccessError::NoSuchGrant)),
            (Change::Grant(grant), None) => load::insert(tx, grant, &self.by, self.now).await?,
            (Change::Revoke(_), Some(row)) => load::delete(tx, row.id).await?,
        }
        load::bump(tx).await?;
        Ok(Ok(()))
    }

    async fn check(&self, tx: &Tx) -> Result<Result<(), AccessError>, AccessError> {
        match &self.authority {
            Authority::CommandLine => {
                let taken = load::has_administrator(tx, self.change.grant().domain).await?;
                Ok(if taken { Err(AccessError::AdministratorExists) } else { Ok(()) })
            }
            Authority::Granter { subjects, domain, presets } => {
                let rules = presets.clone().and(load::rules(tx).await?);
                let snapshot = Snapshot::compile(rules, *domain, 0);
                Ok(may_change(&snapshot, &snapshot.viewer(subjects), &self.by, self.change.grant()))
            }
        }
    }
}

/// A granter needs `assign` on the object, and on the object and everywhere below it every act that the rule gives or
/// takes. So no change ever lets anybody do what its maker could not, and a denial of one's own can't be lifted.
fn may_change(snapshot: &Snapshot, granter: &Viewer<'_>, by: &SubjectId, grant: &Grant) -> Result<(), AccessError> {
    if grant.domain != snapshot.domain() {
        return Err(AccessError::OtherDomain);
    }
    if grant.subject == *by {
        return Err(AccessError::OwnGrant);
    }
    if !granter.allows(&grant.object, Act::Assign) {
        return Err(if granter.allows(&grant.object, Act::View) {
            AccessError::Forbidden
        } else {
            AccessError::Hidden
        });
    }
    let reach = snapshot.reach(&grant.object, grant.role, grant.effect);
    let covered = |(object, acts): &(u32, super::role::ActSet)| acts.is_subset(granter.acts(*object));
    if reach.iter().all(covered) { Ok(()) } else { Err(AccessError::ExceedsGranter) }
}
