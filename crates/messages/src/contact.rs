//! Where people are reached outside their portal, and who knows that.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{MessageError, Recipient};

/// RFC 5321 §4.5.3.1: of the part before the `@`.
const LONGEST_LOCAL: usize = 64;
/// RFC 5321 §4.5.3.1, as corrected: of a path without its brackets.
const LONGEST_ADDRESS: usize = 254;
/// E.164 has fifteen digits at most; regions have shorter numbers of their own.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// Not an address that anything is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address that can be used")]
pub struct NotAnAddress;

/// An e-mail address: `local@domain` of RFC 5321's atoms alone. No quotes, no comments, no line breaks: what can't be
/// mistaken for anything else in a command or a header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

impl MailAddress {
    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl std::str::FromStr for MailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.split_once('@').ok_or(NotAnAddress)?;
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        let atoms = |part: &str| part.split('.').all(|one| !one.is_empty() && one.bytes().all(atom));
        let label = |one: &str| {
            let letters = one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            (1..=63).contains(&one.len()) && letters && !one.starts_with('-') && !one.ends_with('-')
        };
        let short = local.len() <= LONGEST_LOCAL && text.len() <= LONGEST_ADDRESS;
        (short && atoms(local) && domain.split('.').all(label)).then(|| Self(text.to_owned())).ok_or(NotAnAddress)
    }
}

/// A telephone number: digits, perhaps behind a `+`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = NotAnAddress;

    /// Takes what people write between digits: blanks, hyphens, brackets.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (plus, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
        let digits: String = rest.chars().filter(|one| !matches!(one, ' ' | '-' | '(' | ')')).collect();
        let good = DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        good.then(|| Self(format!("{plus}{digits}"))).ok_or(NotAnAddress)
    }
}

macro_rules! private {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            // Logs hold no addresses.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnAddress;

            fn try_from(text: String) -> Result<Self, NotAnAddress> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(address: $name) -> Self {
                address.0
            }
        }
    )*};
}

private!(MailAddress, PhoneNumber);

/// A language that words are there in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// 简体中文
    Zh,
    /// English
    En,
}

/// Where one person is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// By e-mail.
    pub mail: Option<MailAddress>,
    /// By text message.
    pub phone: Option<PhoneNumber>,
    /// What they read; both languages where nobody knows.
    pub language: Option<Language>,
}

impl Contact {
    /// Neither way.
    pub fn is_empty(&self) -> bool {
        self.mail.is_none() && self.phone.is_none()
    }
}

/// Knows where people are reached. Staff's is [`crate::StaffContacts`]; patients have none yet.
#[async_trait]
pub trait AddressBook: Send + Sync + 'static {
    /// Everybody that a message to `recipient` is for and whose contact is known, each by themselves: of a group its
    /// members as they are now. Nobody, where none is known.
    ///
    /// # Errors
    /// What stands in the way of looking; the same is asked again later.
    async fn reached(&self, recipient: &Recipient) -> Result<Vec<(Recipient, Contact)>, MessageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_be_more_than_an_address_are_refused() {
        for good in ["li.wei@region.example", "a+b@mail", "o'neil@sub.region.example", "x@1.example"] {
            assert_eq!(good.parse::<MailAddress>().map(|one| one.as_str().to_owned()).as_deref(), Ok(good));
        }
        let long = format!("{}@region.example", "a".repeat(65));
        for bad in [
            "",
            "li.wei",
            "@region.example",
            "li.wei@",
            "li.wei@region.example\r\nBcc: all@region.example",
            "li.wei@region.example\nRCPT TO:<x@y>",
            "li\rwei@region.example",
            "li.wei@region.example\0",
            "li wei@region.example",
            "\"li wei\"@region.example",
            "<li.wei@region.example>",
            "Li Wei <li.wei@region.example>",
            "a@b@c",
            "a@b,c@d",
            "a..b@c",
            ".a@b",
            "a@-b",
            "a@[127.0.0.1]",
            "李伟@region.example",
            "li.wei@区域.example",
            &long,
        ] {
            assert_eq!(bad.parse::<MailAddress>(), Err(NotAnAddress), "{bad:?}");
        }
    }

    #[test]
    fn numbers_keep_their_digits_alone() {
        let check = |text: &str, expect| {
            let read = text.parse::<PhoneNumber>().ok().map(String::from);
            assert_eq!(read.as_deref(), expect, "{text:?}");
        };
        check("+86 138-0013-8000", Some("+8613800138000"));
        check("(021) 5555 1234", Some("02155551234"));
        check("138", None);
        check("13800138000\n", None);
        check("138001380001380013800", None);
        check("+86 138 x", None);
    }

    #[test]
    fn nothing_that_is_printed_holds_an_address() {
        let contact = Contact {
            mail: "li.wei@region.example".parse().ok(),
            phone: "13800138000".parse().ok(),
            language: Some(Language::Zh),
        };
        let printed = format!("{contact:?}");
        assert!(contact.mail.is_some() && !printed.contains("region") && !printed.contains("138"), "{printed}");
    }
}
