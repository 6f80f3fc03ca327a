//! Who may do what, as those who administer it see and change it: shared by the pages and the API.

mod explained;
mod matrix;
mod words;

use access::{
    AccessError, Act, Change, Context as _, Effect, Fault, Grant, Membership, Object, Role, SubjectId,
    policy::{Block, Known, Snapshot},
};
use directory::{Refusal, SignInError, StaffIdentity};
use jiff::Timestamp;
use web::{Failure, Lang};

pub use matrix::{Matrix, STAFF_GROUPS};
pub use words::Names;

use crate::{
    portal::{DOMAIN, Portal},
    who::Staff,
};

/// Somebody at work on the policy.
pub struct Desk<'a> {
    /// Everything.
    pub portal: &'a Portal,
    /// Who.
    pub staff: &'a Staff,
    /// When.
    pub now: Timestamp,
}

/// Why a change that was asked for is none.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// Nobody of that sign-in name.
    #[error("nobody of that name")]
    Person,
    /// Not the name of a group.
    #[error("no group of that name")]
    Group,
    /// A role, an object or an effect that does not exist.
    #[error("no such rule")]
    Rule,
    /// The directory did not answer.
    #[error(transparent)]
    Directory(SignInError),
    /// The policy refuses.
    #[error(transparent)]
    Policy(#[from] AccessError),
}

impl access::Classify for Wrong {
    fn fault(&self) -> Fault {
        match self {
            Self::Person | Self::Group | Self::Rule => Fault::Invalid,
            Self::Directory(error) => error.fault(),
            Self::Policy(error) => error.fault(),
        }
    }
}

impl Wrong {
    /// Message key and problem type; none for what is answered as any other failure.
    pub fn key(&self) -> Option<&'static str> {
        Some(match self {
            Self::Person => "no-such-person",
            Self::Group => "no-such-group",
            Self::Rule | Self::Policy(AccessError::NoSuchChange) => "no-such-rule",
            Self::Policy(AccessError::OwnGrant) => "own-grant",
            Self::Policy(AccessError::ExceedsGranter) => "exceeds-granter",
            Self::Policy(AccessError::AlreadyGranted) => "already-there",
            Self::Policy(AccessError::LastAdministrator) => "last-administrator",
            Self::Policy(AccessError::Forbidden) => "not-yours",
            Self::Policy(AccessError::NoSuchGrant) => "gone-already",
            Self::Directory(_) | Self::Policy(_) => return None,
        })
    }
}

/// What is asked for: texts of a form or of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `person`, `staff-group` or `directory-group`; nothing when `who` is a subject of the policy.
    pub kind: String,
    /// A sign-in name, a staff group, a distinguished name, or a subject.
    pub who: String,
    /// The directory's id; the asker's own unless said.
    pub organisation: Option<String>,
}

impl Desk<'_> {
    /// May they give or take roles on `object`?
    ///
    /// # Errors
    /// 404 for what they may not see, else 403.
    pub fn administers(&self, object: &Object) -> Result<(), Failure> {
        let (policy, ctx) = (&self.portal.policy, &self.staff.context);
        if policy.decide(ctx, object, Act::Assign) || policy.decide(ctx, object, Act::Delegate) {
            return Ok(());
        }
        let fault = if policy.decide(ctx, object, Act::View) { Fault::Forbidden } else { Fault::NotFound };
        Err(Failure::new(fault))
    }

    /// Names in the language of the page.
    ///
    /// # Errors
    /// The database's.
    pub async fn names(&self, lang: Lang) -> Result<Names<'_>, Failure> {
        let people = self.portal.policy.ledger().people().await?;
        Ok(Names::new(self.portal.pages.renderer().words(lang), people))
    }

    /// Who holds what on `object`: what the component `roles.matrix` draws, on any page. Whether the visitor may see it is
    /// asked by [`Desk::administers`].
    ///
    /// # Errors
    /// The database's.
    pub async fn matrix(&self, names: &Names<'_>, object: &Object) -> Result<Matrix, Failure> {
        let (policy, ledger) = (&self.portal.policy, self.portal.policy.ledger());
        Ok(matrix::matrix(names, &policy.snapshot(), object, &ledger.grants().await?, &ledger.blocks().await?))
    }

    /// The parts of the tree that they administer: each without what lies below it.
    pub fn parts(&self, snapshot: &Snapshot) -> Vec<Object> {
        let all = snapshot.objects().iter().filter(|object| self.administers(object).is_ok());
        let mut tops: Vec<Object> = all
            .filter(|object| {
                let above = snapshot.rules().placements.iter().filter(|one| one.object == **object);
                !above.map(|one| &one.parent).any(|parent| self.administers(parent).is_ok())
            })
            .cloned()
            .collect();
        tops.sort_by(|a, b| (a.kind() != "site", a.as_str()).cmp(&(b.kind() != "site", b.as_str())));
        tops
    }

    /// Whom a form names. People are looked up in their directory, and kept with their names.
    ///
    /// # Errors
    /// [`Wrong`].
    pub async fn subject(&self, asked: &Asked) -> Result<SubjectId, Wrong> {
        let text = asked.who.trim();
        match asked.kind.as_str() {
            "person" => {
                let identity = self.find(asked.organisation.as_deref(), text).await?;
                self.remember(&identity).await?;
                Ok(identity.subject().clone())
            }
            "staff-group" => staff_group(text),
            "directory-group" => {
                let organisation = asked.organisation.as_deref().unwrap_or(self.staff.identity.organisation());
                self.portal.directory.group(Some(organisation), text).map_err(|_| Wrong::Group)
            }
            "" => self.named(text).await,
            _ => Err(Wrong::Rule),
        }
    }

    /// A subject as the policy writes it: a group, or somebody whom the directory has named before.
    async fn named(&self, text: &str) -> Result<SubjectId, Wrong> {
        let Some(subject) = SubjectId::parse(text) else {
            return self.find_and_remember(text).await;
        };
        match subject.kind() {
            "g" => staff_group(&subject.as_str()[2..]),
            "d" => {
                let (organisation, name) = subject.as_str()[2..].split_once('/').ok_or(Wrong::Group)?;
                self.portal.directory.group(Some(organisation), name).map_err(|_| Wrong::Group)
            }
            "u" if self.known(&subject).await?.is_some() => Ok(subject),
            _ => Err(Wrong::Person),
        }
    }

    async fn find_and_remember(&self, username: &str) -> Result<SubjectId, Wrong> {
        let identity = self.find(None, username).await?;
        self.remember(&identity).await?;
        Ok(identity.subject().clone())
    }

    async fn find(&self, organisation: Option<&str>, username: &str) -> Result<StaffIdentity, Wrong> {
        let organisation = organisation.unwrap_or(self.staff.identity.organisation());
        match self.portal.directory.find(Some(organisation), username).await {
            Ok(identity) => Ok(identity),
            Err(SignInError::Refused(Refusal::Unknown | Refusal::Ambiguous | Refusal::Username)) => Err(Wrong::Person),
            Err(SignInError::Organisation) => Err(Wrong::Person),
            Err(error) => Err(Wrong::Directory(error)),
        }
    }

    async fn remember(&self, identity: &StaffIdentity) -> Result<(), Wrong> {
        Ok(self.portal.policy.ledger().remember(known(identity), self.now).await?)
    }

    async fn known(&self, subject: &SubjectId) -> Result<Option<Known>, Wrong> {
        Ok(self.portal.policy.ledger().people().await?.into_iter().find(|one| one.subject == *subject))
    }

    /// The change, if they may make it.
    ///
    /// # Errors
    /// [`Wrong`]; refusals are in the audit log.
    pub async fn make(&self, change: Change) -> Result<(), Wrong> {
        let portal = self.portal;
        Ok(portal.policy.change(&self.staff.context, &portal.audit, change, self.now).await?)
    }

    /// Is it they themselves?
    pub fn is_me(&self, subject: &SubjectId) -> bool {
        subject == self.staff.context.actor().subject
    }
}

/// What the directory calls somebody, as the policy keeps it.
pub fn known(identity: &StaffIdentity) -> Known {
    Known {
        subject: identity.subject().clone(),
        username: identity.username().to_owned(),
        name: identity.name().to_owned(),
        organisation: identity.organisation().to_owned(),
        department: identity.department().map(str::to_owned),
    }
}

/// Small letters, digits and hyphens.
fn staff_group(name: &str) -> Result<SubjectId, Wrong> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = (1..=32).contains(&name.len()) && name.bytes().all(plain);
    good.then(|| SubjectId::group(name)).ok_or(Wrong::Group)
}

/// A grant or denial in texts.
///
/// # Errors
/// [`Wrong::Rule`].
pub fn grant(subject: SubjectId, object: &str, role: &str, effect: &str) -> Result<Change, Wrong> {
    let parsed = || Some((Object::parse(object)?, Role::parse(role)?, Effect::parse(effect)?));
    let (object, role, effect) = parsed().ok_or(Wrong::Rule)?;
    Ok(Change::Grant(Grant { subject, domain: DOMAIN, role, object, effect }))
}

/// A block in texts.
///
/// # Errors
/// [`Wrong::Rule`].
pub fn block(object: &str, role: &str) -> Result<Change, Wrong> {
    let (object, role) = Object::parse(object).zip(Role::parse(role)).ok_or(Wrong::Rule)?;
    Ok(Change::Block(Block { object, domain: DOMAIN, role }))
}

/// A membership in texts.
///
/// # Errors
/// [`Wrong::Group`].
pub fn membership(member: SubjectId, group: &str) -> Result<Change, Wrong> {
    Ok(Change::Join(Membership { member, group: staff_group(group)? }))
}

/// What the change is about; memberships are about no object.
pub fn object_of(change: &Change) -> Option<&Object> {
    match change {
        Change::Grant(grant) | Change::Revoke(grant) => Some(&grant.object),
        Change::Block(block) | Change::Unblock(block) => Some(&block.object),
        Change::Join(_) | Change::Leave(_) => None,
    }
}
