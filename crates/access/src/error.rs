//! What can go wrong when asking the policy or changing it.

use sea_orm::DbErr;
use store::StoreError;

use crate::{AuditError, Classify, Fault};

/// Why the policy says no, or can't say anything.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// They may not know that the object exists.
    #[error("may not see the object")]
    Hidden,
    /// They may see the object, but not do this.
    #[error("may not do this")]
    Forbidden,
    /// They may not grant or revoke this role there: they lack `assign`, or hold less themselves.
    #[error("a grant may not exceed what its granter holds")]
    ExceedsGranter,
    /// Nobody changes their own roles.
    #[error("nobody changes their own roles")]
    OwnGrant,
    /// The same grant exists already.
    #[error("granted already")]
    AlreadyGranted,
    /// There is no such grant in the database. Presets can't be revoked, only denied.
    #[error("no such grant")]
    NoSuchGrant,
    /// Another portal's rules are not changed from here.
    #[error("the grant belongs to the other portal")]
    OtherDomain,
    /// The portal's last administrator by name stays.
    #[error("the last administrator stays")]
    LastAdministrator,
    /// The change says nothing that can be: nobody joins `everyone`, and administrators' roles are always inherited.
    #[error("no such change")]
    NoSuchChange,
    /// An object that can't lie there in the tree.
    #[error("`{0}` can't be placed there")]
    Misplaced(String),
    /// Somebody is administrator already.
    #[error("an administrator exists already")]
    AdministratorExists,
    /// A row of the policy can't be understood; the last policy that could be stays in force.
    #[error("policy can't be read: {0}")]
    Unreadable(String),
    /// The change could not be written down, so it was not made.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database.
    #[error("policy: {0}")]
    Database(#[from] DbErr),
    /// The transaction did not come about.
    #[error("policy: {0}")]
    Store(#[from] StoreError),
}

impl Classify for AccessError {
    fn fault(&self) -> Fault {
        match self {
            Self::Hidden | Self::NoSuchGrant => Fault::NotFound,
            Self::Forbidden | Self::ExceedsGranter | Self::OwnGrant => Fault::Forbidden,
            Self::AlreadyGranted | Self::AdministratorExists | Self::LastAdministrator => Fault::Conflict,
            Self::OtherDomain | Self::Misplaced(_) | Self::NoSuchChange => Fault::Invalid,
            Self::Unreadable(_) => Fault::Internal,
            Self::Audit(error) => error.fault(),
            Self::Database(_) => Fault::Unavailable,
            Self::Store(error) => error.fault(),
        }
    }
}
