//! Patients' accounts: sign-in with a local password, who an account was proven to be, and who acts for whom ([`family`]).
//!
//! Start reading at [`Accounts`]. Passwords are hashed with argon2id in a bounded pool ([`password`]); an unknown name
//! costs as much as a wrong password. This crate is the only one that builds a `PatientContext`, and the only one that
//! knows argon2. It never reads a record and never decides who somebody is: that link is handed to it.

mod account;
mod entity;
pub mod family;
pub mod password;

pub use account::{Account, AccountError, Accounts, NewAccount, SignInError};
pub use family::{Family, FamilyError, FamilyRules};
