//! A simulated health region on loopback: hospitals with FHIR R4 servers in vendors' shapes, a staff directory on the wire,
//! and a control listener that makes them fail on command. Everything is generated from a seed and a date.
//!
//! The region is a *peer*: it shares no table and no type with the portals, and nothing in a portal may know it. It serves
//! loopback only; its passwords are public.
//!
//! Start reading at [`Region`]: `people` make identities, `clinical` what happened to them, `hospital` how each
//! hospital writes and serves it, `directory` the staff. What is special is data: `data/region.toml`.

mod beyond;
mod clinical;
mod clock;
mod community;
mod config;
mod control;
mod dice;
mod directory;
mod error;
mod hospital;
mod listen;
mod mail;
mod people;
mod reference;
mod region;
mod running;
mod smart;
mod sms;
mod transit;
mod treatments;

pub use config::{
    CommunityConfig, Config, ControlConfig, DirectoryConfig, DoorConfig, EhrDoorConfig, HospitalConfig, MailConfig,
    PeopleDoorConfig, SmsConfig, TransitConfig,
};
pub use error::SandboxError;
pub use hospital::mode::Mode;
pub use mail::{Letter, MailProtection, RunningMail};
pub use region::Region;
pub use running::{Description, PersonKnown, Running, RunningDirectory, RunningHospital, StaffAccount};
pub use smart::{DoorPatient, DoorStaff, EhrSettings, Known, PeopleClient, RunningSmart, SmartConfig, SmartMode};
pub use sms::{RunningSms, TextMessage};
pub use transit::{RunningTransit, TransitMode};
pub use treatments::Treatment;
