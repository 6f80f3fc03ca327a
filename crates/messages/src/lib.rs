//! Messages to people, read in their portal.
//!
//! A message says what happened by a [`Kind`] and by references (ids, names of staff, instants); its words are in the
//! portals' locale files, and health data is nowhere in it. It is written by a [`store::outbox::Subscriber`] after the act it
//! tells of is committed, and once, however often its event is delivered. It is addressed to one of the staff, to a staff
//! group, or to a person of the regional index: whichever account is theirs reads it, also one that is made later.
//!
//! Who is reached outside the portal too ([`AddressBook`]) is told there that a message waits, by e-mail ([`Mail`]) or text
//! message ([`Sms`]), and never what it says.
//!
//! Start reading at [`Messages`]; [`GlassBroken`] is the first sender.

mod contact;
mod delivery;
mod entity;
mod error;
mod glass;
mod inbox;
mod staff;

pub use contact::{AddressBook, Contact, Language, MailAddress, NotAnAddress, PhoneNumber};
pub use delivery::{
    Announce, Carrier, Channel, Deliver, HttpGateway, HttpGatewaySettings, Mail, MailError, MailSettings, MailTls,
    Notice, Notices, Sms, SmsGateway,
};
pub use error::MessageError;
pub use glass::{GlassBroken, OrganisationName};
pub use inbox::{Kind, MOST, Message, Messages, Reader, Recipient};
pub use staff::{Remembered, StaffContacts};
