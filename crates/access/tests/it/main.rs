//! The policy against casbin and a reference model; the policy and the audit log on both databases.

mod audit;
mod grants;
mod oracle;
mod people;
mod reference;
mod tampering;
