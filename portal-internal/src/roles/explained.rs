//! Why somebody may or may not.

use access::{
    Act, Context as _, Fault, Object, SubjectId,
    policy::{Snapshot, Step, subjects},
};
use web::Failure;

use super::{Desk, Wrong};

/// A decision with the rules that bear on it.
pub struct Explained {
    /// Who.
    pub subject: SubjectId,
    /// On what.
    pub object: Object,
    /// To do what.
    pub act: Act,
    /// The decision.
    pub allowed: bool,
    /// Denials first; none at all means that nobody gave it to them.
    pub steps: Vec<Step>,
    /// Whether the groups of that person are known: not of somebody whom the directory has not named.
    pub groups_known: bool,
}

/// Is it a question about themselves?
fn of_self(desk: &Desk<'_>, who: &str) -> bool {
    let who = who.trim();
    who.is_empty() || who == desk.staff.context.subject().as_str() || who == desk.staff.identity.username()
}

impl Desk<'_> {
    /// `who`: a sign-in name or a subject of the policy; nothing for oneself. Those who administer `object` may ask about
    /// anybody, others about themselves.
    ///
    /// # Errors
    /// 404 for an object that the asker may not see; [`Wrong`] for nobody of that name.
    pub async fn explain(&self, who: &str, object: &Object, act: Act) -> Result<Result<Explained, Wrong>, Failure> {
        let snapshot = self.portal.policy.snapshot();
        let ctx = &self.staff.context;
        if of_self(self, who) {
            if self.administers(object).is_err() && !self.portal.policy.decide(ctx, object, Act::View) {
                return Err(Failure::new(Fault::NotFound));
            }
            let all: Vec<SubjectId> = subjects(&ctx.actor()).cloned().collect();
            return Ok(Ok(answer(&snapshot, ctx.subject().clone(), all, object, act, true)));
        }
        self.administers(object)?;
        let (subject, all, known) = match self.subjects_of(who).await {
            Ok(found) => found,
            Err(wrong) if wrong.key().is_some() => return Ok(Err(wrong)),
            Err(wrong) => return Err(wrong.into()),
        };
        Ok(Ok(answer(&snapshot, subject, all, object, act, known)))
    }

    /// The subject, all that it is, and whether that is all.
    async fn subjects_of(&self, who: &str) -> Result<(SubjectId, Vec<SubjectId>, bool), Wrong> {
        let parsed = SubjectId::parse(who);
        let username = match parsed {
            Some(subject) if subject.kind() == "u" => match self.known(&subject).await? {
                Some(known) => (Some(known.organisation), known.username),
                None => return Ok((subject.clone(), vec![subject, SubjectId::everyone()], false)),
            },
            Some(subject) if matches!(subject.kind(), "g" | "d") => {
                return Ok((subject.clone(), vec![subject, SubjectId::everyone()], true));
            }
            Some(_) => return Err(Wrong::Person),
            None => (None, who.to_owned()),
        };
        let identity = self.find(username.0.as_deref(), &username.1).await?;
        self.remember(&identity).await?;
        let groups = identity.groups().iter().map(|group| SubjectId::group(group));
        let all = std::iter::once(identity.subject().clone()).chain(identity.directory_groups()).chain(groups);
        Ok((identity.subject().clone(), all.chain([SubjectId::everyone()]).collect(), true))
    }
}

fn answer(
    snapshot: &Snapshot,
    subject: SubjectId,
    all: Vec<SubjectId>,
    object: &Object,
    act: Act,
    groups_known: bool,
) -> Explained {
    let allowed = snapshot.viewer(&all).allows(object, act);
    // A staff group that a group of the directory stands for is reached through it, so that the way is told from its start.
    let derived = |group: &SubjectId| {
        group.kind() == "g" && all.iter().any(|other| other.kind() == "d" && snapshot.is_in(other, group))
    };
    let starts: Vec<&SubjectId> = all.iter().filter(|one| !derived(one)).collect();
    let steps = snapshot.explain(starts.iter().copied(), object, act);
    let steps = steps.into_iter().map(|step| whole(step, &subject)).collect();
    Explained { subject, object: object.clone(), act, allowed, steps, groups_known }
}

/// The way begins with who was asked about.
fn whole(mut step: Step, subject: &SubjectId) -> Step {
    if step.members.first() != Some(subject) {
        step.members.insert(0, subject.clone());
    }
    step
}
