//! The tables of this crate.

pub(crate) mod job;
pub(crate) mod job_event;
pub(crate) mod outbox;
pub(crate) mod outbox_topic;
