//! portal-internal
