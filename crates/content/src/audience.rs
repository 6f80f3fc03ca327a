//! Who reads, and for whom something was written.

use access::{AccessError, Act, Object, Policy, StaffContext};
use serde::{Deserialize, Serialize};

/// For whom something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Anybody, on the public portal.
    Public,
    /// Staff, on the intranet portal.
    Staff,
    /// Anybody on either.
    Both,
}

impl Audience {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Public, Self::Staff, Self::Both];

    /// As in the database, JSON, forms and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Staff => "staff",
            Self::Both => "both",
        }
    }

    /// From the database or a form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == text)
    }
}

/// A language that something is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

impl Language {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// BCP 47, as in `lang` attributes.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// Who reads.
#[derive(Clone, Copy)]
pub enum Reader<'a> {
    /// Anybody on the public portal, signed in or not.
    Public,
    /// Staff on the intranet portal.
    Staff(&'a StaffContext),
}

impl Reader<'_> {
    /// The audiences that this reader belongs to, as in the database.
    pub(crate) fn audiences(self) -> [&'static str; 2] {
        match self {
            Self::Public => [Audience::Public.as_str(), Audience::Both.as_str()],
            Self::Staff(_) => [Audience::Staff.as_str(), Audience::Both.as_str()],
        }
    }

    /// What is published for everybody needs no permission; staff need that of the page.
    pub(crate) fn admit(self, policy: &Policy, page: &Object) -> Result<(), AccessError> {
        match self {
            Self::Public => Ok(()),
            Self::Staff(ctx) => policy.require(ctx, page, Act::View),
        }
    }
}
