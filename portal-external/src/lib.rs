//! portal-external
