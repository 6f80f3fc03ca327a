//! Tables of this crate.

pub(crate) mod audit_event;
pub(crate) mod audit_seal;
pub(crate) mod audit_writer;
pub(crate) mod policy_object;
pub(crate) mod policy_version;
pub(crate) mod role_grant;
pub(crate) mod treatment_relation;
