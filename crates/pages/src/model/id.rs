//! Names of things on pages: lower-case letters, digits and `-`. They are part of policy objects, addresses and style
//! sheets, so nothing else is ever accepted.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name of lower-case letters, digits and hyphens: {0:?}")]
pub struct NotAName(pub String);

fn is_name(text: &str, longest: usize) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    first && text.len() <= longest && text.bytes().all(inner)
}

/// Twelve random letters and digits.
fn random() -> String {
    let mut text = uuid::Uuid::new_v4().simple().to_string();
    text.truncate(12);
    text
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $longest:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(#[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]*$"), length(max = $longest))] String);

        impl $name {
            /// The longest that is accepted, in bytes.
            pub const LONGEST: usize = $longest;

            /// `None` unless it is well formed.
            pub fn parse(text: &str) -> Option<Self> {
                (is_name(text, $longest) && text.starts_with($prefix)).then(|| Self(text.to_owned()))
            }

            /// As written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;

            fn try_from(text: String) -> Result<Self, NotAName> {
                Self::parse(&text).ok_or(NotAName(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                Self::parse(text).ok_or_else(|| NotAName(text.to_owned()))
            }
        }
    };
}

name!(
    /// A page. Begins with `p-`, so that no page is ever one of the policy's own objects (`page:audit`).
    PageId, 40, "p-"
);
name!(
    /// A container or region of a page. It is never used again on that page: what people arranged for themselves names it.
    NodeId, 32, ""
);
name!(
    /// A placed widget. Like [`NodeId`] it is never used again on its page.
    InstanceId, 32, ""
);
name!(
    /// A kind of widget: `notices`, `search`.
    WidgetKind, 48, ""
);
name!(
    /// A page's part of its address.
    Slug, 48, ""
);
name!(
    /// A staff group of the configuration, `everyone` or `patients`.
    GroupName, 64, ""
);

impl PageId {
    /// One that no other page has.
    pub fn fresh() -> Self {
        Self(format!("p-{}", random()))
    }
}

impl NodeId {
    /// One that no other node has.
    pub fn fresh() -> Self {
        Self(format!("n{}", random()))
    }
}

impl InstanceId {
    /// One that no other widget has.
    pub fn fresh() -> Self {
        Self(format!("i{}", random()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_taken() {
        for (text, good) in [
            ("p-home", true),
            ("p-", true),
            ("home", false),
            ("p-Home", false),
            ("p-a_b", false),
            ("p-a/b", false),
            ("p-a}b", false),
            ("p-\u{e9}", false),
            ("", false),
            ("p-0123456789012345678901234567890123456789", false),
        ] {
            assert_eq!(PageId::parse(text).is_some(), good, "{text}");
        }
        assert_eq!(NodeId::parse("-a"), None);
        assert!(serde_json::from_str::<NodeId>("\"a b\"").is_err());
        assert!(PageId::parse(PageId::fresh().as_str()).is_some());
        assert!(NodeId::parse(NodeId::fresh().as_str()).is_some());
        assert!(InstanceId::parse(InstanceId::fresh().as_str()).is_some());
    }
}
