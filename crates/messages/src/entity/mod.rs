//! Tables of this crate.

pub(crate) mod message;
pub(crate) mod message_read;
