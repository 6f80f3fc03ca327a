//! Tables of this crate.

pub(crate) mod message;
pub(crate) mod message_delivery;
pub(crate) mod message_read;
pub(crate) mod staff_contact;
