//! Brands bundles: what a vendor publishes of its customers' FHIR servers, as a file that an administrator sends.
//!
//! The form is that of [User-access Brands and Endpoints](https://hl7.org/fhir/smart-app-launch/brands.html) (SMART App Launch
//! 2.2): a `Bundle` of R4 `Organization`s, the brands that people know, and of the `Endpoint`s behind them. Nothing is fetched:
//! logos and links to portals are text here.

mod bundle;
mod entry;
mod text;

use std::collections::HashSet;

pub use bundle::{Bundle, BundleError, MOST_BYTES, MOST_ENDPOINTS};

/// Of an id, in characters.
const LONGEST_ID: usize = 64;

/// One server as one organisation offers it: what a hospital is defined from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// `Organization.name`; the endpoint's, where nobody offers it.
    pub name: String,
    /// `Organization.alias`.
    pub aliases: Vec<String>,
    /// `Endpoint.name`; may be empty.
    pub endpoint: String,
    /// `Endpoint.address`: `http` or `https`, with a host and without user, query and fragment.
    pub address: String,
    /// `Organization.address.city`, each once.
    pub cities: Vec<String>,
    /// `Organization.address.postalCode`, each once.
    pub postcodes: Vec<String>,
    /// `portalName` of the extension `organization-portal`; may be empty.
    pub portal: String,
    /// `portalUrl` of the same, or the web address of `Organization.telecom`: text, never loaded; may be empty.
    pub website: String,
    /// Of the extension `endpoint-fhir-version`; may be empty.
    pub fhir_version: String,
}

impl Brand {
    /// What it is called in Chinese and in English: the name, where it is written so, or else the first alias that is; the name
    /// where none is.
    pub fn names(&self) -> (&str, &str) {
        let all = || std::iter::once(&self.name).chain(&self.aliases);
        let first = |han: bool| all().find(|name| text::is_han(name) == han).unwrap_or(&self.name);
        (first(true), first(false))
    }

    /// Is every word of `words` in its names, its places or its portal's name? Compared without case and width.
    pub fn matches(&self, words: &str) -> bool {
        let texts = [&self.name, &self.endpoint, &self.portal].into_iter().chain(&self.aliases);
        let all: Vec<String> = texts.chain(&self.cities).chain(&self.postcodes).map(|one| text::folded(one)).collect();
        text::folded(words).split(' ').all(|word| all.iter().any(|one| one.contains(word)))
    }

    /// Its English name as an id of a source that is not among `taken`, and is from now on.
    pub fn free_id(&self, taken: &mut HashSet<String>) -> String {
        let (_, english) = self.names();
        let dashed: String =
            english.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
        let name: String = words.join("-").chars().take(LONGEST_ID - 6).collect();
        let name = if name.is_empty() { "hospital".to_owned() } else { name };
        let numbered = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}-{n}")));
        let free = numbered.into_iter().find(|id| taken.insert(id.clone()));
        free.unwrap_or(name)
    }

    /// Is the address one of TLS?
    pub fn is_secure(&self) -> bool {
        self.address.starts_with("https:")
    }
}

/// Why something of a bundle was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Left {
    /// An entry that is no resource, or nested too deeply.
    Unreadable,
    /// A resource that is neither organisation nor endpoint.
    OtherType,
    /// The same as one before it.
    Duplicate,
    /// An organisation or endpoint that its publisher says is not in use.
    Inactive,
    /// An endpoint that is not `hl7-fhir-rest`.
    Connection,
    /// An endpoint of another version of FHIR than R4.
    Version,
    /// An endpoint whose address no source can have.
    Address,
    /// An organisation or endpoint that has no name.
    Nameless,
    /// A reference to what is not in the bundle, or to more than one thing in it.
    Dangling,
    /// An organisation that offers no endpoint that can be used.
    NoEndpoint,
    /// Beyond what is kept of one bundle.
    TooMany,
}

impl Left {
    /// In what operators are told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::OtherType => "other-type",
            Self::Duplicate => "duplicate",
            Self::Inactive => "inactive",
            Self::Connection => "connection",
            Self::Version => "version",
            Self::Address => "address",
            Self::Nameless => "nameless",
            Self::Dangling => "dangling",
            Self::NoEndpoint => "no-endpoint",
            Self::TooMany => "too-many",
        }
    }
}
