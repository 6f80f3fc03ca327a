//! Who may change the policy: decided in the transaction of the change, by the rules as they are then.

use jiff::Timestamp;
use serde_json::{Value, json};
use store::Tx;

use super::{Act, Block, Change, Effect, Grant, Membership, Object, Role, Ruleset, Snapshot, Viewer, load};
use crate::{
    AccessError, AuditLog, Context, Domain, SubjectId,
    audit::{Draft, Event, Outcome, action},
};

/// On whose word a change is made.
enum Authority {
    /// A signed-in person's, who must hold enough by these presets and the rules of the database.
    Granter { subjects: Vec<SubjectId>, domain: Domain, presets: Ruleset },
    /// The command line's, as long as there is no administrator.
    CommandLine(Domain),
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
        let actor = ctx.actor();
        // Whoever comes from the other portal holds nothing here.
        let subjects = if actor.domain == domain { super::subjects(&actor).cloned().collect() } else { Vec::new() };
        let name = name(&change);
        Self::with(ctx, audit, Authority::Granter { subjects, domain, presets }, name, change, now)
    }

    pub(crate) fn bootstrap(ctx: &dyn Context, audit: AuditLog, grant: Grant, now: Timestamp) -> Self {
        let authority = Authority::CommandLine(grant.domain);
        Self::with(ctx, audit, authority, action::POLICY_BOOTSTRAP, Change::Grant(grant), now)
    }

    fn with(
        ctx: &dyn Context,
        audit: AuditLog,
        authority: Authority,
        name: &'static str,
        change: Change,
        now: Timestamp,
    ) -> Self {
        let (kind, object, detail) = told(&change);
        let event = |outcome| Event::new(name, kind, outcome).on(object.clone()).with(detail.clone());
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
        load::write(tx, &self.change, &self.by, self.now).await?;
        load::bump(tx).await?;
        Ok(Ok(()))
    }

    async fn check(&self, tx: &Tx) -> Result<Result<(), AccessError>, AccessError> {
        let (subjects, domain, presets) = match &self.authority {
            Authority::CommandLine(domain) => {
                let taken = load::has_administrator(tx, *domain).await?;
                return Ok(if taken { Err(AccessError::AdministratorExists) } else { Ok(()) });
            }
            Authority::Granter { subjects, domain, presets } => (subjects, *domain, presets),
        };
        let made_by_them = match &self.change {
            Change::Revoke(grant) => load::granted_by(tx, grant).await?.as_deref() == Some(self.by.as_str()),
            _ => false,
        };
        let kept = load::kept(tx, domain).await?;
        let now = Snapshot::compile(kept.clone().beside(presets, domain), domain, 0);
        let granter = Granter { viewer: now.viewer(subjects), snapshot: &now, subjects, by: &self.by, made_by_them };
        if let Err(refusal) = granter.may(&self.change) {
            return Ok(Err(refusal));
        }
        if kept.is_done(&self.change) {
            let begins = matches!(self.change, Change::Grant(_) | Change::Block(_) | Change::Join(_));
            return Ok(Err(if begins { AccessError::AlreadyGranted } else { AccessError::NoSuchGrant }));
        }
        let then = Snapshot::compile(kept.after(&self.change).beside(presets, domain), domain, 0);
        let last = !administrators(&now).is_empty() && administrators(&then).is_empty();
        Ok(if last { Err(AccessError::LastAdministrator) } else { Ok(()) })
    }
}

fn name(change: &Change) -> &'static str {
    match change {
        Change::Grant(_) => action::POLICY_GRANT,
        Change::Revoke(_) => action::POLICY_REVOKE,
        Change::Block(_) => action::POLICY_BLOCK,
        Change::Unblock(_) => action::POLICY_UNBLOCK,
        Change::Join(_) => action::POLICY_JOIN,
        Change::Leave(_) => action::POLICY_LEAVE,
    }
}

/// Kind, object and detail of the audit row.
fn told(change: &Change) -> (&'static str, String, Value) {
    match change {
        Change::Grant(grant) | Change::Revoke(grant) => {
            let detail = json!({
                "subject": grant.subject.as_str(),
                "domain": grant.domain.as_str(),
                "role": grant.role.as_str(),
                "effect": grant.effect.as_str(),
            });
            ("grant", grant.object.to_string(), detail)
        }
        Change::Block(block) | Change::Unblock(block) => {
            let detail = json!({ "domain": block.domain.as_str(), "role": block.role.as_str() });
            ("block", block.object.to_string(), detail)
        }
        Change::Join(membership) | Change::Leave(membership) => {
            ("staff-group", membership.group.to_string(), json!({ "member": membership.member.as_str() }))
        }
    }
}

/// Everybody whom the database names as administrator of the whole portal, by themselves or through a staff group. Those
/// who are it by a group of the directory alone do not count: the directory may take them away without asking.
pub(crate) fn administrators(snapshot: &Snapshot) -> Vec<&SubjectId> {
    let (site, everyone) = (Object::site(snapshot.domain()), SubjectId::everyone());
    let rules = snapshot.rules();
    let named = rules.grants.iter().map(|grant| &grant.subject).chain(rules.memberships.iter().map(|one| &one.member));
    let mut people: Vec<&SubjectId> = named.filter(|subject| subject.kind() == "u").collect();
    people.sort_unstable();
    people.dedup();
    people.retain(|person| {
        let viewer = snapshot.viewer([*person, &everyone]);
        viewer.allows(&site, Act::Administer) && viewer.allows(&site, Act::Assign)
    });
    people
}

/// Whoever makes a change, and what they hold just now.
struct Granter<'a> {
    snapshot: &'a Snapshot,
    viewer: Viewer<'a>,
    subjects: &'a [SubjectId],
    by: &'a SubjectId,
    /// The grant that is taken back was given by them.
    made_by_them: bool,
}

impl Granter<'_> {
    /// No change ever lets anybody do what its maker could not: on the object and everywhere below it they hold every act
    /// that the change gives or takes. And nobody changes what they hold themselves.
    fn may(&self, change: &Change) -> Result<(), AccessError> {
        match change {
            // Nothing is granted on what is not there.
            Change::Grant(grant) if !self.snapshot.knows(&grant.object) => Err(AccessError::Hidden),
            Change::Grant(grant) => self.may_grant(grant, grant.effect == Effect::Allow),
            Change::Revoke(grant) => self.may_grant(grant, grant.effect == Effect::Allow && self.made_by_them),
            Change::Block(block) | Change::Unblock(block) => self.may_block(block),
            Change::Join(membership) | Change::Leave(membership) => self.may_join(membership),
        }
    }

    fn is_me(&self, subject: &SubjectId) -> bool {
        subject == self.by || self.subjects.iter().any(|one| self.snapshot.is_in(one, subject))
    }

    /// `passes_on`: it is enough to be delegator, who gives on what they hold and takes back what they gave.
    fn may_grant(&self, grant: &Grant, passes_on: bool) -> Result<(), AccessError> {
        if grant.domain != self.snapshot.domain() {
            return Err(AccessError::OtherDomain);
        }
        if grant.subject == *self.by || (grant.effect == Effect::Deny && self.is_me(&grant.subject)) {
            return Err(AccessError::OwnGrant);
        }
        // A grant that waits on an object that went away is the whole portal's administrators' to take back.
        let site = Object::site(grant.domain);
        let object = if self.snapshot.knows(&grant.object) { &grant.object } else { &site };
        self.administers(object, passes_on)?;
        self.covers(object, grant.role, grant.effect)
    }

    fn may_block(&self, block: &Block) -> Result<(), AccessError> {
        if block.domain != self.snapshot.domain() {
            return Err(AccessError::OtherDomain);
        }
        self.administers(&block.object, false)?;
        let inherits = self.snapshot.rules().placements.iter().any(|one| one.object == block.object);
        if !inherits || !Block::holds_back(block.role) {
            return Err(AccessError::NoSuchChange);
        }
        self.covers(&block.object, block.role, Effect::Allow)
    }

    /// Who comes into a group or leaves it gains and loses all its rules at once: its administrators are those who could
    /// give or take each of them.
    fn may_join(&self, membership: &Membership) -> Result<(), AccessError> {
        let Membership { member, group } = membership;
        let of_all = [SubjectId::everyone(), SubjectId::patients()];
        if !matches!(member.kind(), "u" | "d") || group.kind() != "g" || of_all.contains(group) {
            return Err(AccessError::NoSuchChange);
        }
        if self.is_me(member) {
            return Err(AccessError::OwnGrant);
        }
        let rules = self.snapshot.rules().grants.iter().filter(|rule| rule.domain == self.snapshot.domain());
        let mut theirs = rules.filter(|rule| self.snapshot.is_in(group, &rule.subject)).peekable();
        if theirs.peek().is_none() {
            return self.administers(&Object::site(self.snapshot.domain()), false);
        }
        for rule in theirs {
            let may = self.administers(&rule.object, false);
            may.and_then(|()| self.covers(&rule.object, rule.role, rule.effect))
                .map_err(|_| AccessError::ExceedsGranter)?;
        }
        Ok(())
    }

    fn administers(&self, object: &Object, passes_on: bool) -> Result<(), AccessError> {
        let may = self.viewer.allows(object, Act::Assign) || (passes_on && self.viewer.allows(object, Act::Delegate));
        if may {
            Ok(())
        } else if self.viewer.allows(object, Act::View) {
            Err(AccessError::Forbidden)
        } else {
            Err(AccessError::Hidden)
        }
    }

    fn covers(&self, object: &Object, role: Role, effect: Effect) -> Result<(), AccessError> {
        let reach = self.snapshot.reach(object, role, effect);
        let covered = reach.iter().all(|(object, acts)| acts.is_subset(self.viewer.acts(*object)));
        if covered { Ok(()) } else { Err(AccessError::ExceedsGranter) }
    }
}
