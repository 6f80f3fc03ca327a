//! Everything the portal is made of, built once at start-up.

use std::sync::Arc;

use access::{
    Act, Domain, Fault, Object, Policy,
    audit::{AuditKey, AuditLog},
};
use accounts::Accounts;
use ehr::Charts;
use record_view::home::{Connected, LastAnswer};
use sources::{Catalogue, Environment, Source};
use store::Store;
use web::{
    Failure, Visit,
    cookies::CookieRules,
    keys::Key,
    pages::Pages,
    routing::{Gate, Guard},
    session::Sessions,
    throttle::Throttle,
};

use crate::who::Patient;

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
    /// Patients' accounts.
    pub accounts: Accounts,
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
    /// Their records.
    pub charts: Charts,
}

/// The audit log of this region, with the key that both portals share.
pub fn audit_log(region: &Key) -> AuditLog {
    AuditLog::new(AuditKey::derive(region.as_slice()))
}

impl Portal {
    /// The hospitals of the catalogue, and how each answered last.
    pub fn connected(&self) -> Vec<Connected> {
        let hospitals = self.catalogue.iter().map(|source| connected(source));
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
                if allowed { Ok(()) } else { Err(Failure::new(Fault::NotFound)) }
            }
        }
    }
}
