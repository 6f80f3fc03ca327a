//! The staff directory: a small LDAPv3 server (RFC 4511) over the region's people of the staff list.

mod filter;
pub(crate) mod identity;
pub(crate) mod session;
pub(crate) mod tree;
