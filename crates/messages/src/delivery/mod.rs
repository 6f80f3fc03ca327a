//! Messages told outside the portal: that one waits there, and nothing else.
//!
//! A message asks for [`Announce`] in its own transaction. That looks up whom it is for, and writes a row and asks for a job
//! for each of them and each channel that reaches them, once. [`Deliver`] of the channel then sends, until it was taken or
//! refused for good. What is sent is made of the portal's words alone ([`Notice`]): nothing on this way reads what the
//! message says.
//!
//! A process that is killed between the other side's "taken" and our mark sends again: with the same id
//! (`Message-ID`, the gateway's `id`), by which mail readers and gateways know it for the same.

mod announce;
mod deliver;
mod mail;
mod notice;
mod sms;

use async_trait::async_trait;
use jiff::Timestamp;
use store::jobs::Failure;
use uuid::Uuid;

use crate::Contact;

pub use announce::Announce;
pub(crate) use announce::ask;
pub use deliver::Deliver;
pub use mail::{Mail, MailError, MailSettings, MailTls};
pub use notice::{Notice, Notices};
pub use sms::{HttpGateway, HttpGatewaySettings, Sms, SmsGateway};

/// A way to reach people outside the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// Text messages.
    Sms,
}

impl Channel {
    /// As in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    /// The kind of the jobs that deliver by it.
    pub const fn job(self) -> &'static str {
        match self {
            Self::Mail => "message-mail",
            Self::Sms => "message-sms",
        }
    }

    /// Is somebody reached by it?
    pub fn reaches(self, contact: &Contact) -> bool {
        match self {
            Self::Mail => contact.mail.is_some(),
            Self::Sms => contact.phone.is_some(),
        }
    }
}

/// Carries notices by one channel.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Which.
    fn channel(&self) -> Channel;

    /// Tells whoever `contact` reaches that a message waits. `id` is the same at every try; `at` is when it is sent.
    /// [`Failure::passing`] is tried again, [`Failure::lasting`] is given up.
    async fn carry(&self, contact: &Contact, id: Uuid, at: Timestamp) -> Result<(), Failure>;
}
