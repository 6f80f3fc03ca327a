//! Everything the portal is made of, built once at start-up.

use std::sync::Arc;

use access::{
    Act, Domain, Fault, Object, PersonId, Policy, Safeguard,
    audit::{AuditKey, AuditKeys, AuditLog, Refusals},
};
use content::{Articles, Notices};
use directory::Directory;
use ehr::Charts;
use envelope::SealedRows;
use messages::{Messages, StaffContacts};
use patients::{Index, Stewardship};
use record_view::home::{Connected, LastAnswer};
use reviews::RecordSearches;
use scheduling::Scheduling;
use sources::{Catalogue, Definitions, Environment, Flows, Launches, Secrets, Source};
use store::Store;
use url::Url;
use web::{
    Failure, Visit,
    cookies::CookieRules,
    pages::Pages,
    routing::{Gate, Guard},
    session::Sessions,
    throttle::Throttle,
};

use crate::{config::Keys, mine::Mine, who::Staff, widgets::Board};

/// What handlers work with.
pub struct Portal {
    /// The database.
    pub store: Store,
    /// What people may do.
    pub policy: Policy,
    /// What people may do on the public portal, whose pages are laid out here.
    pub public_policy: Policy,
    /// What they did.
    pub audit: AuditLog,
    /// What they were refused lately.
    pub refusals: Refusals,
    /// Staff identity.
    pub directory: Directory,
    /// Sessions of staff.
    pub sessions: Sessions,
    /// Guessing.
    pub throttle: Throttle,
    /// Cookie names.
    pub cookies: CookieRules,
    /// Pages.
    pub pages: Arc<Pages>,
    /// The hospitals.
    pub catalogue: Arc<Catalogue>,
    /// What proves to hospitals who asks.
    pub secrets: Secrets,
    /// Where the portal is reached.
    pub public_url: Url,
    /// What administrators define of them.
    pub definitions: Definitions,
    /// How sign-ins of patients at hospitals end, and launches from there.
    pub flows: Flows,
    /// Staff whom hospitals' own systems send here.
    pub launches: Launches,
    /// Their records.
    pub charts: Charts,
    /// Who is whom.
    pub index: Index,
    /// Clinics and who comes to them.
    pub scheduling: Scheduling,
    /// Who is whom, as stewards keep it.
    pub stewardship: Stewardship,
    /// Whom staff treat.
    pub mine: Mine,
    /// Pages that administrators lay out.
    pub layouts: pages::Pages,
    /// Staff groups of the directory.
    pub staff_groups: Vec<String>,
    /// Widgets and the pages they stand on.
    pub board: Board,
    /// What people are told.
    pub articles: Articles,
    /// What they are told on their first pages.
    pub notices: Notices,
    /// What each is told.
    pub messages: Messages,
    /// Where they are reached outside, if they are told there.
    pub contacts: Option<StaffContacts>,
}

fn audit_key(keys: &Keys) -> AuditKey {
    AuditKey::of_portal(keys.staff.as_slice(), DOMAIN)
}

/// The audit log, with this portal's key: the public portal's host can't derive it.
pub fn audit_log(keys: &Keys) -> AuditLog {
    AuditLog::new(audit_key(keys))
}

/// The keys of all rows, for checking them.
pub fn audit_keys(keys: &Keys) -> AuditKeys {
    let external = AuditKey::of_portal(keys.patient.as_slice(), Domain::External);
    AuditKeys::new(audit_key(keys), external, Some(AuditKey::shared(keys.region.as_slice())))
}

/// Every column of sealed secrets, of both portals: `vault reencrypt` goes over what is named here, and over nothing else.
pub fn sealed_rows(store: &Store) -> Vec<Box<dyn SealedRows>> {
    let words = |portal| -> Box<dyn SealedRows> { Box::new(RecordSearches::sealed(store.clone(), portal)) };
    let contacts = Box::new(StaffContacts::sealed(store.clone()));
    let mut rows = vec![words(Domain::Internal), words(Domain::External), contacts];
    rows.extend(Secrets::sealed_rows(store));
    rows
}

impl Portal {
    /// Widgets that pages of a portal can hold.
    pub fn kinds(&self, side: pages::Portal) -> impl Iterator<Item = &pages::widget::Declaration> {
        self.board.engine.registry().kinds(side.domain())
    }

    /// What people may do on a portal.
    pub fn policy_of(&self, side: pages::Portal) -> &Policy {
        match side {
            pages::Portal::Internal => &self.policy,
            pages::Portal::External => &self.public_policy,
        }
    }

    /// Who looks at pages of a portal, by group.
    pub fn groups(&self, side: pages::Portal) -> Vec<&str> {
        match side {
            pages::Portal::Internal => self.staff_groups.iter().map(String::as_str).collect(),
            pages::Portal::External => vec!["patients"],
        }
    }

    /// One of them.
    pub fn kind(&self, side: pages::Portal, kind: &str) -> Option<&pages::widget::Declaration> {
        self.kinds(side).find(|one| one.kind == kind)
    }

    /// The hospitals of the catalogue, and how each answered last.
    pub fn connected(&self) -> Vec<Connected> {
        let hospitals = self.catalogue.iter().map(|source| connected(&source));
        hospitals.collect()
    }
}

fn connected(source: &Source) -> Connected {
    let health = source.health();
    let last = health.is_good().and_then(|ok| {
        let at = if ok { health.last_good } else { health.last_bad };
        Some(LastAnswer { ok, at: at?, waited_ms: health.latency_ms.unwrap_or_default() })
    });
    Connected {
        name: ehr::Bilingual { zh: source.name.zh.clone(), en: source.name.en.clone() },
        mark: source.mark,
        sandbox: source.environment == Environment::Sandbox,
        last,
    }
}

/// An object and an act of the policy.
pub type Permission = (Object, Act);

/// Whom a path is about: `/patients/{id}/…`.
fn named(path: &str) -> Option<PersonId> {
    let after = path.split("/patients/").nth(1)?;
    after.split('/').next()?.parse().ok()
}

/// Not to be told from what is not there.
fn hidden() -> Fault {
    if Safeguard::UniformNotFound.stands() { Fault::NotFound } else { Fault::Forbidden }
}

impl Gate for Portal {
    type Permission = Permission;

    fn admit(&self, request: &poem::Request, guard: &Guard<Permission>) -> Result<(), Failure> {
        match guard {
            Guard::Public => Ok(()),
            Guard::SignedIn => Staff::of(Visit::of(request)?).map(drop),
            Guard::Permission((object, act)) => {
                let staff = Staff::of(Visit::of(request)?)?;
                // What may not be seen is not there.
                let allowed = match *object == Object::ANYTHING {
                    true => self.policy.decide_somewhere(&staff.context, *act),
                    false => self.policy.decide(&staff.context, object, *act),
                };
                if allowed { Ok(()) } else { Err(Failure::new(hidden())) }
            }
        }
    }

    async fn refused(&self, request: &poem::Request, pattern: &'static str) {
        let Ok(visit) = Visit::of(request) else { return };
        let Ok(staff) = Staff::of(visit) else { return };
        let about = (pattern, named(request.uri().path()));
        let remembered = self.refusals.remember(&self.store, &self.audit, &staff.context, about, visit.now).await;
        if let Err(error) = remembered {
            tracing::error!(request_id = %visit.request.0, %error, "a refusal is not in the audit log");
        }
    }
}

/// Which side of the house this is.
pub const DOMAIN: Domain = Domain::Internal;
