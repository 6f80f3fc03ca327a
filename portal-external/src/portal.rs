//! Everything the portal is made of, built once at start-up.

use std::sync::Arc;

use access::{
    Act, Domain, Fault, Object, Policy, Safeguard,
    audit::{AuditKey, AuditLog, Refusals},
};
use accounts::{Accounts, Family};
use content::{Articles, Notices};
use ehr::Charts;
use messages::Messages;
use patients::Index;
use record_view::home::{Connected, LastAnswer};
use scheduling::Scheduling;
use sources::{Catalogue, Environment, Secrets, Source};
use store::Store;
use web::{
    Failure, Visit,
    cookies::CookieRules,
    pages::Pages,
    routing::{Gate, Guard},
    session::Sessions,
    throttle::Throttle,
};

use crate::{
    config::Keys,
    who::{Patient, named},
    widgets::Board,
};

/// Which side of the house this is.
pub const DOMAIN: Domain = Domain::External;

/// What handlers work with.
pub struct Portal {
    /// The database.
    pub store: Store,
    /// What people may do.
    pub policy: Policy,
    /// What they did.
    pub audit: AuditLog,
    /// What they were refused lately.
    pub refusals: Refusals,
    /// Patients' accounts.
    pub accounts: Accounts,
    /// Where people reach it.
    pub public_url: String,
    /// Who acts for whom.
    pub family: Family,
    /// Their sessions.
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
    /// Who is whom.
    pub index: Index,
    /// Their records.
    pub charts: Charts,
    /// Pages that administrators lay out.
    pub layouts: pages::Pages,
    /// Widgets and the pages they stand on.
    pub board: Board,
    /// What people are told.
    pub articles: Articles,
    /// What they are told on their first pages.
    pub notices: Notices,
    /// What each is told.
    pub messages: Messages,
    /// Clinics and who booked them.
    pub scheduling: Scheduling,
}

/// The audit log, with this portal's key: no row of the intranet portal's can be made with it.
pub fn audit_log(keys: &Keys) -> AuditLog {
    AuditLog::new(AuditKey::of_portal(keys.patient.as_slice(), DOMAIN))
}

impl Portal {
    /// The hospitals of the catalogue, and how each answered last.
    pub fn connected(&self) -> Vec<Connected> {
        let hospitals = self.catalogue.shared().map(|source| connected(&source));
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

/// Not to be told from what is not there.
fn hidden() -> Fault {
    if Safeguard::UniformNotFound.stands() { Fault::NotFound } else { Fault::Forbidden }
}

impl Gate for Portal {
    type Permission = Permission;

    fn admit(&self, request: &poem::Request, guard: &Guard<Permission>) -> Result<(), Failure> {
        match guard {
            Guard::Public => Ok(()),
            Guard::SignedIn => Patient::of(Visit::of(request)?).map(drop),
            Guard::Permission((object, act)) => {
                let patient = Patient::of(Visit::of(request)?)?;
                // What may not be seen is not there.
                let allowed = self.policy.decide(&patient.context, object, *act);
                if allowed { Ok(()) } else { Err(Failure::new(hidden())) }
            }
        }
    }

    async fn refused(&self, request: &poem::Request, pattern: &'static str) {
        let Ok(visit) = Visit::of(request) else { return };
        let Ok(patient) = Patient::of(visit) else { return };
        let about = (pattern, named(request.uri()));
        let remembered = self.refusals.remember(&self.store, &self.audit, &patient.context, about, visit.now).await;
        if let Err(error) = remembered {
            tracing::error!(request_id = %visit.request.0, %error, "a refusal is not in the audit log");
        }
    }
}
