//! Tables of this crate.

pub(crate) mod access_log;
pub(crate) mod audit_event;
pub(crate) mod audit_seal;
pub(crate) mod audit_writer;
pub(crate) mod encounter_reading;
pub(crate) mod encounter_relation;
pub(crate) mod policy_block;
pub(crate) mod policy_object;
pub(crate) mod policy_subject;
pub(crate) mod policy_version;
pub(crate) mod practitioner_identity;
pub(crate) mod role_grant;
pub(crate) mod staff_membership;
pub(crate) mod treatment_relation;
