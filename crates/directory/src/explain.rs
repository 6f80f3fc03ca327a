//! What happens at each server when somebody signs in, step by step: for `directory test USER`.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::{Connection, within};
use crate::error::SignInError;
use crate::groups;
use crate::people;
use crate::server::{Security, Server};
use crate::sign_in::{Directory, Obstacle, Organisation};
use crate::wire;

/// A step of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Name resolution and TCP.
    Connect,
    /// TLS, by StartTLS where configured.
    Tls,
    /// Bind as the service account.
    ServiceBind,
    /// Search for the person.
    Search,
    /// Groups, and the staff groups they stand for.
    Groups,
}

impl Step {
    /// For the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::ServiceBind => "service bind",
            Self::Search => "search",
            Self::Groups => "groups",
        }
    }
}

/// One step at one server. Texts are for the operator at the terminal.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The server's URL.
    pub server: String,
    /// What was tried.
    pub step: Step,
    /// How long it took.
    pub took: Duration,
    /// What came out, or what is wrong.
    pub outcome: Result<String, String>,
    /// What to do, if something is wrong.
    pub cure: Option<String>,
}

impl Directory {
    /// Goes the way of a sign-in at every server of the organisation, without the person's own bind.
    ///
    /// # Errors
    /// [`SignInError::Organisation`], [`SignInError::Refused`] for what can't be a user name; everything else is in the
    /// steps, and the first step that fails is the last of its server.
    pub async fn explain(&self, organisation: Option<&str>, username: &str) -> Result<Vec<Trial>, SignInError> {
        let organisation = self.organisation(organisation)?;
        people::acceptable_username(username).map_err(SignInError::Refused)?;
        let mut trials = Vec::new();
        for server in &organisation.settings.servers {
            let mut record = Record { server: server.url(), since: Instant::now(), trials: &mut trials };
            if let Err((step, obstacle)) = walk(organisation, server, username, &mut record).await {
                record.failed(step, &obstacle);
            }
        }
        Ok(trials)
    }
}

/// Writes steps down.
struct Record<'a> {
    server: &'a str,
    since: Instant,
    trials: &'a mut Vec<Trial>,
}

impl Record<'_> {
    fn done(&mut self, step: Step, outcome: String) {
        self.write(step, Ok(outcome), None);
    }

    fn failed(&mut self, step: Step, obstacle: &Obstacle) {
        let (what, cure) = match obstacle {
            Obstacle::Link(error) => (error.to_string(), error.cure()),
            Obstacle::Misconfigured(fault) => (fault.to_string(), fault.cure()),
            Obstacle::Refused(reason) => (
                reason.to_string(),
                "check the spelling, base_dn and user_filter, and that the service account may read the entry",
            ),
        };
        self.write(step, Err(what), Some(cure.to_owned()));
    }

    fn write(&mut self, step: Step, outcome: Result<String, String>, cure: Option<String>) {
        let now = Instant::now();
        self.trials.push(Trial { server: self.server.to_owned(), step, took: now - self.since, outcome, cure });
        self.since = now;
    }
}

async fn walk(
    organisation: &Organisation,
    server: &Server,
    username: &str,
    record: &mut Record<'_>,
) -> Result<(), (Step, Obstacle)> {
    let settings = &organisation.settings;
    let deadline = Instant::now() + settings.timeout;
    let at = |step: Step| move |error: crate::error::LinkError| (step, Obstacle::Link(error));

    let tcp = within(deadline, wire::connect(server)).await.map_err(at(Step::Connect))?;
    let peer = tcp.peer_addr().map(|address| address.to_string()).unwrap_or_default();
    record.done(Step::Connect, peer);

    let stream = within(deadline, wire::secure(server, tcp)).await.map_err(at(Step::Tls))?;
    let how = match server.security {
        Security::Tls(..) => "TLS",
        Security::StartTls(..) => "StartTLS",
        Security::Plain => "none: insecure = true",
    };
    record.done(Step::Tls, how.to_owned());

    let mut service = Connection::over(stream, deadline).await.map_err(at(Step::ServiceBind))?;
    organisation.bind_service(&mut service).await.map_err(|obstacle| (Step::ServiceBind, obstacle))?;
    record.done(Step::ServiceBind, settings.bind_dn.clone());

    let person = people::find(&mut service, settings, username).await.map_err(|obstacle| (Step::Search, obstacle))?;
    record.done(Step::Search, person.dn.clone());

    let in_groups = |obstacle| (Step::Groups, obstacle);
    let identity = person.identity(&mut service, settings, username).await.map_err(in_groups)?;
    let all =
        groups::directory_groups(&mut service, settings, &person, identity.username()).await.map_err(in_groups)?;
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    let staff = if identity.groups().is_empty() { "no staff group".to_owned() } else { identity.groups().join(", ") };
    record.done(Step::Groups, format!("{staff} (from {})", all.join("; ")));
    Ok(())
}
