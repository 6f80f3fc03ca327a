//! Signing in: search as the service account, bind as the person on a fresh connection, read the groups.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::{Membership, Safeguard, SubjectId};
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::config::{DirectoryConfig, OrganisationName, Problem, Settings};
use crate::connection::{BindAnswer, Connection, WhoAmIAnswer, code};
use crate::dn::{Dn, DnError};
use crate::error::{LinkError, Misconfiguration, Refusal, ServerFailure, SignInError};
use crate::identity::StaffIdentity;
use crate::people::{self, Person};
use crate::server::{Security, Server};

const MAX_PASSWORD: usize = 1024;
/// How long a server that failed is asked last, in times of what it is given to answer: 30 s by default.
const AVOIDED: u32 = 10;
/// How long an answer about health holds.
const HEALTH_AGE: Duration = Duration::from_secs(5);
/// Sign-ins at once per organisation: each holds up to two connections.
const AT_ONCE: usize = 32;
/// Name of no entry, for the bind that an unknown person gets. Were there such an entry, the answer is discarded.
const NOBODY: (&str, &str) = ("cn", "nobody signs in by this name");

/// The longest name of a group that rules may name, in bytes: it is part of a key of the database.
const LONGEST_GROUP: usize = 1_000;

/// Not a group's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The organisation has to be named, or there is none of that id.
    #[error("no such organisation")]
    Organisation,
    /// Not a distinguished name.
    #[error(transparent)]
    Name(#[from] DnError),
}

/// The directories of all organisations.
#[derive(Clone)]
pub struct Directory {
    organisations: Arc<[Organisation]>,
}

pub(crate) struct Organisation {
    pub(crate) settings: Settings,
    /// Until when each server is asked last.
    avoided: Mutex<Vec<Option<Instant>>>,
    slots: Semaphore,
    health: tokio::sync::Mutex<Option<(Instant, Health)>>,
}

/// What stops an attempt at one server: a link that failed lets the next server try, everything else is the answer.
#[derive(Debug)]
pub(crate) enum Obstacle {
    Link(LinkError),
    Refused(Refusal),
    Misconfigured(Misconfiguration),
}

impl From<LinkError> for Obstacle {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl From<Refusal> for Obstacle {
    fn from(reason: Refusal) -> Self {
        Self::Refused(reason)
    }
}

impl From<Misconfiguration> for Obstacle {
    fn from(fault: Misconfiguration) -> Self {
        Self::Misconfigured(fault)
    }
}

/// Can an organisation's people sign in?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The directory's id.
    pub organisation: String,
    /// Yes, or why not.
    pub state: HealthState,
}

/// Outcome of a health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// The service account is accepted by the first server.
    Ready,
    /// Not by the first server, but by a later one.
    Degraded {
        /// The URL of the server that answers.
        server: String,
    },
    /// By no server; why, for the operator.
    Unavailable(String),
    /// The settings do not fit; why, for the operator.
    Misconfigured(String),
}

impl HealthState {
    /// Can people sign in?
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Ready | Self::Degraded { .. })
    }
}

impl Directory {
    /// Checks the settings and reads certificates and passwords; connects to nothing.
    pub fn new(configs: Vec<DirectoryConfig>) -> Result<Self, Vec<Problem>> {
        let mut problems = DirectoryConfig::check_all(&configs);
        let mut organisations = Vec::with_capacity(configs.len());
        for (place, config) in configs.iter().enumerate() {
            match config.settings(&format!("directory[{place}]")) {
                Ok(settings) => organisations.push(Organisation::new(settings)),
                // `check_all` has named them; a file may have vanished since.
                Err(found) if problems.is_empty() => problems = found,
                Err(_) => {}
            }
        }
        if problems.is_empty() { Ok(Self { organisations: organisations.into() }) } else { Err(problems) }
    }

    /// Ids and names, for the choice on the sign-in page.
    pub fn organisations(&self) -> impl Iterator<Item = (&str, &OrganisationName)> {
        self.organisations.iter().map(|one| (one.settings.id.as_str(), &one.settings.name))
    }

    /// Signs a person in. `organisation` may be left out when there is only one. The password is not kept.
    ///
    /// # Errors
    /// [`SignInError`]; every refusal looks the same from outside and costs the same round trips.
    pub async fn sign_in(
        &self,
        organisation: Option<&str>,
        username: &str,
        password: &str,
    ) -> Result<StaffIdentity, SignInError> {
        let organisation = self.organisation(organisation)?;
        let acceptable = people::acceptable_username(username).and_then(|()| acceptable_password(password));
        let outcome = match acceptable {
            Ok(()) => organisation.resolve(username, Some(password)).await,
            Err(reason) => Err(SignInError::Refused(reason)),
        };
        if let Err(SignInError::Refused(reason)) = &outcome {
            // Not the name: people type passwords into the wrong field.
            tracing::info!(organisation = organisation.settings.id, %reason, "sign-in refused");
        }
        outcome
    }

    /// Looks a person up by the service account, without any proof that they are there.
    ///
    /// # Errors
    /// As [`Directory::sign_in`]; an unknown person is [`Refusal::Unknown`].
    pub async fn find(&self, organisation: Option<&str>, username: &str) -> Result<StaffIdentity, SignInError> {
        let organisation = self.organisation(organisation)?;
        people::acceptable_username(username).map_err(SignInError::Refused)?;
        organisation.resolve(username, None).await
    }

    /// Which groups of the directories stand for which staff groups, as the configuration says.
    pub fn memberships(&self) -> Vec<Membership> {
        let of = |one: &Organisation| {
            let subject = |group: &Dn| SubjectId::directory_group(&one.settings.id, &group.to_string());
            let rules = one.settings.roles.iter();
            rules.map(|(group, role)| Membership { member: subject(group), group: SubjectId::group(role) }).collect()
        };
        self.organisations.iter().flat_map(|one| -> Vec<Membership> { of(one) }).collect()
    }

    /// A group by its distinguished name, however it is spelt, as a subject of the policy. Whether there is such a group is
    /// not asked: one may be granted something before it is made.
    ///
    /// # Errors
    /// Not a name, or no such organisation.
    pub fn group(&self, organisation: Option<&str>, name: &str) -> Result<SubjectId, GroupError> {
        let organisation = self.organisation(organisation).map_err(|_| GroupError::Organisation)?;
        let dn = Dn::parse(name)?;
        let name = dn.to_string();
        if dn.is_empty() || name.len() > LONGEST_GROUP {
            return Err(DnError::TooLong.into());
        }
        Ok(SubjectId::directory_group(&organisation.settings.id, &name))
    }

    /// Can people of each organisation sign in? Asked of the servers at most every five seconds.
    pub async fn health(&self) -> Vec<Health> {
        join_all(self.organisations.iter().map(Organisation::health)).await
    }

    pub(crate) fn organisation(&self, id: Option<&str>) -> Result<&Organisation, SignInError> {
        match (id.filter(|id| !id.is_empty()), &*self.organisations) {
            (None, [only]) => Ok(only),
            (None, _) => Err(SignInError::Organisation),
            (Some(id), all) => all.iter().find(|one| one.settings.id == id).ok_or(SignInError::Organisation),
        }
    }
}

/// RFC 4513 §5.1.2: a bind with a name and no password succeeds at some servers and proves nothing. NUL ends the
/// password for servers written in C.
fn acceptable_password(password: &str) -> Result<(), Refusal> {
    let empty = password.is_empty() && Safeguard::EmptyPassword.stands();
    if empty || password.len() > MAX_PASSWORD || password.contains('\0') {
        return Err(Refusal::Password);
    }
    Ok(())
}

impl Organisation {
    fn new(settings: Settings) -> Self {
        for server in settings.servers.iter().filter(|server| matches!(server.security, Security::Plain)) {
            tracing::warn!(
                organisation = settings.id,
                server = server.url(),
                "insecure = true: passwords travel to this directory server in the clear"
            );
        }
        let avoided = Mutex::new(vec![None; settings.servers.len()]);
        Self { settings, avoided, slots: Semaphore::new(AT_ONCE), health: tokio::sync::Mutex::default() }
    }

    /// Servers in order of preference, those that failed lately last.
    fn order(&self, now: Instant) -> Vec<usize> {
        let avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<usize> = (0..self.settings.servers.len()).collect();
        order.sort_by_key(|&place| avoided[place].is_some_and(|until| until > now));
        order
    }

    fn note(&self, place: usize, failed_at: Option<Instant>) {
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided[place] = failed_at.map(|at| at + self.settings.timeout * AVOIDED);
    }

    /// Asks server after server until one answers. Only a link that failed lets the next one try: a wrong password is
    /// tried once, so that it counts once.
    async fn resolve(&self, username: &str, password: Option<&str>) -> Result<StaffIdentity, SignInError> {
        let mut failures = Vec::new();
        let organisation = || self.settings.id.clone();
        let order = self.order(Instant::now());
        let last = Instant::now() + self.patience();
        for (asked, place) in order.iter().copied().enumerate() {
            let server = &self.settings.servers[place];
            let deadline = self.share(Instant::now(), last, order.len() - asked);
            let Ok(Ok(_slot)) = timeout_at(deadline, self.slots.acquire()).await else {
                failures.push(ServerFailure { server: server.url().to_owned(), error: LinkError::Crowded });
                break;
            };
            let outcome = self.attempt(server, deadline, username, password).await;
            let failed = matches!(&outcome, Err(Obstacle::Link(_)));
            self.note(place, failed.then(Instant::now));
            match outcome {
                Ok(identity) => return Ok(identity),
                Err(Obstacle::Refused(reason)) => return Err(SignInError::Refused(reason)),
                Err(Obstacle::Misconfigured(fault)) => {
                    tracing::error!(organisation = organisation(), server = server.url(), %fault, "directory settings");
                    return Err(SignInError::Misconfigured { organisation: organisation(), fault });
                }
                Err(Obstacle::Link(error)) => {
                    tracing::warn!(organisation = organisation(), server = server.url(), %error, "directory server");
                    failures.push(ServerFailure { server: server.url().to_owned(), error });
                }
            }
        }
        Err(SignInError::Unavailable { organisation: organisation(), failures })
    }

    /// How long somebody waits for all servers together: half as long again as for one (SECURITY: threat 4; FEATURES I1).
    fn patience(&self) -> Duration {
        if self.settings.servers.len() > 1 { self.settings.timeout * 3 / 2 } else { self.settings.timeout }
    }

    /// Until when one of `left` servers has time, so that each of them has as much of what is left until `last`.
    fn share(&self, now: Instant, last: Instant, left: usize) -> Instant {
        let left = u32::try_from(left).unwrap_or(u32::MAX).max(1);
        now + (last.saturating_duration_since(now) / left).min(self.settings.timeout)
    }

    /// Everything at one server, until `deadline`.
    async fn attempt(
        &self,
        server: &Server,
        deadline: Instant,
        username: &str,
        password: Option<&str>,
    ) -> Result<StaffIdentity, Obstacle> {
        let mut service = self.service(server, deadline).await?;
        let person = people::find(&mut service, &self.settings, username).await;
        if let Some(password) = password {
            match &person {
                Ok(person) => prove(server, deadline, person, password).await?,
                Err(Obstacle::Refused(_)) => self.pretend(server, deadline).await,
                Err(_) => {}
            }
        }
        person?.identity(&mut service, &self.settings, username).await
    }

    /// A connection that is bound as the service account.
    pub(crate) async fn service(&self, server: &Server, deadline: Instant) -> Result<Connection, Obstacle> {
        let mut connection = Connection::open(server, deadline).await?;
        self.bind_service(&mut connection).await?;
        Ok(connection)
    }

    pub(crate) async fn bind_service(&self, connection: &mut Connection) -> Result<(), Obstacle> {
        let answer = connection.bind(&self.settings.bind_dn, &self.settings.bind_password).await?;
        match answer.code {
            code::SUCCESS => Ok(()),
            code::STRONGER_AUTH | code::CONFIDENTIALITY => Err(Misconfiguration::Confidentiality(answer.code).into()),
            other => Err(Misconfiguration::ServiceBind(other).into()),
        }
    }

    /// The same round trips for somebody who is not there as for a wrong password; what comes of them does not matter.
    async fn pretend(&self, server: &Server, deadline: Instant) {
        let dn = self.settings.base.child(NOBODY.0, NOBODY.1);
        if let Ok(mut connection) = Connection::open(server, deadline).await {
            let _ = connection.bind(&dn, NOBODY.1).await;
        }
    }

    async fn health(&self) -> Health {
        // One check at a time: whoever waits gets its answer.
        let mut kept = self.health.lock().await;
        if let Some((at, health)) = kept.as_ref()
            && at.elapsed() < HEALTH_AGE
        {
            return health.clone();
        }
        let health = Health { organisation: self.settings.id.clone(), state: self.probe().await };
        *kept = Some((Instant::now(), health.clone()));
        health
    }

    async fn probe(&self) -> HealthState {
        let mut failures: Vec<String> = Vec::new();
        let order = self.order(Instant::now());
        let last = Instant::now() + self.patience();
        for (asked, place) in order.iter().copied().enumerate() {
            let server = &self.settings.servers[place];
            let outcome = self.service(server, self.share(Instant::now(), last, order.len() - asked)).await;
            let failed = matches!(&outcome, Err(Obstacle::Link(_)));
            self.note(place, failed.then(Instant::now));
            match outcome {
                Ok(_) if place == 0 => return HealthState::Ready,
                Ok(_) => return HealthState::Degraded { server: server.url().to_owned() },
                Err(Obstacle::Misconfigured(fault)) => return HealthState::Misconfigured(fault.to_string()),
                Err(Obstacle::Link(error)) => failures.push(format!("{}: {error}", server.url())),
                Err(Obstacle::Refused(reason)) => failures.push(format!("{}: {reason}", server.url())),
            }
        }
        HealthState::Unavailable(failures.join("; "))
    }
}

/// Binds as the person on a connection of their own, and checks that it is theirs.
async fn prove(server: &Server, deadline: Instant, person: &Person, password: &str) -> Result<(), Obstacle> {
    let mut connection = Connection::open(server, deadline).await?;
    let answer = connection.bind(&person.dn, password).await?;
    bound(&answer)?;
    match connection.who_am_i().await? {
        WhoAmIAnswer::Identity(identity) if is_person(&identity, &person.name) => Ok(()),
        WhoAmIAnswer::Identity(_) => Err(Refusal::OtherIdentity.into()),
        // Samba has no such operation. The password was not empty and the result code was 0.
        WhoAmIAnswer::Unsupported => Ok(()),
    }
}

/// Only 0 is a sign-in; a referral (10) is not followed and is a refusal.
fn bound(answer: &BindAnswer) -> Result<(), Obstacle> {
    match answer.code {
        code::SUCCESS => Ok(()),
        code::INVALID_CREDENTIALS => Err(Refusal::WrongPassword { detail: active_directory_code(&answer.text) }.into()),
        code::STRONGER_AUTH | code::CONFIDENTIALITY => Err(Misconfiguration::Confidentiality(answer.code).into()),
        other => Err(Refusal::Denied(other).into()),
    }
}

/// `…, data 52e, v4563` → `52e`.
fn active_directory_code(text: &str) -> Option<String> {
    let (_, after) = text.split_once(" data ")?;
    let code: String = after.chars().take_while(char::is_ascii_hexdigit).take(8).collect();
    (!code.is_empty()).then_some(code)
}

/// RFC 4513 §5.2.1.8: `dn:` and the name, or `u:` and a user name in the server's own form (Active Directory's
/// `u:DOMAIN\name`), which can't be compared; but it is somebody, and the bind named one person.
fn is_person(identity: &str, name: &Dn) -> bool {
    if let Some(dn) = identity.strip_prefix("dn:") {
        return !dn.is_empty() && Dn::parse(dn).is_ok_and(|dn| dn == *name);
    }
    identity.strip_prefix("u:").is_some_and(|user| !user.trim().is_empty())
}

#[cfg(test)]
mod tests;
