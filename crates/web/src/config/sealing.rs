//! Root keys of sealed secrets, in `[keys]`: for each domain a key file, or a key of a transit service (`[keys.transit]`).

use std::{path::Path, sync::Arc};

use envelope::{Ambient, Envelope, FileRoot, KeyDomain, NoRandom, RootKeys, Roots, TransitRoot, TransitSettings};
use outbound::{Outbound, OutboundError};
use store::Store;
use url::{Host, Url};

use super::Section;
use crate::keys::Key;

/// What `[keys]` says of root keys, for the domains that a portal has.
pub struct SealingSection {
    roots: Roots,
}

type Root = (KeyDomain, Arc<dyn RootKeys>);

impl SealingSection {
    /// Reads what is about sealing in `[keys]`; `domains` with the key that each has there anyway, which serves unless
    /// another is named.
    pub fn read(section: &mut Section<'_>, domains: &[(KeyDomain, Option<&Key>)]) -> Option<Self> {
        let (mut files, mut good) = (Vec::new(), true);
        for (domain, own) in domains {
            // The first of a domain wraps, the others open what they have wrapped.
            let [newest, usual, previous] =
                ["root_file", "file", "previous_root_file"].map(|name| format!("{domain}_{name}"));
            let keys = [
                if_named(section, &newest).map(|key| (newest, key)),
                Some((usual, own.cloned())),
                if_named(section, &previous).map(|key| (previous, key)),
            ];
            for (name, key) in keys.into_iter().flatten() {
                match key {
                    Some(key) => files.push(file_root(section, *domain, &name, &key)),
                    None => good = false,
                }
            }
        }
        let there = section.has("transit");
        let transit = section.section("transit", |inner| match there {
            true => transit(inner, domains),
            false => Some(Transit::default()),
        })?;
        let (first, last) = if transit.retired { (files, transit.keys) } else { (transit.keys, files) };
        let all = first.into_iter().chain(last);
        let roots = all.fold(Roots::default(), |roots, (domain, root)| roots.with(domain, root));
        good.then_some(Self { roots })
    }

    /// The envelope under these root keys. Nothing is asked yet.
    pub fn envelope(&self, store: Store) -> Envelope {
        Envelope::new(store, self.roots.clone(), Ambient { now: jiff::Timestamp::now, random })
    }
}

fn file_root(section: &mut Section<'_>, domain: KeyDomain, name: &str, key: &Key) -> Root {
    let file = section.optional_file(name).unwrap_or_default();
    (domain, Arc::new(FileRoot::new(domain, format!("{name} ({})", file.display()), key, random)))
}

fn random(bytes: &mut [u8]) -> Result<(), NoRandom> {
    getrandom::fill(bytes).map_err(|_| NoRandom)
}

/// A key file that may be left out; the inner `None` is one that can't be read.
fn if_named(section: &mut Section<'_>, name: &str) -> Option<Option<Key>> {
    section.optional_file(name)?;
    Some(section.key(name))
}

#[derive(Default)]
struct Transit {
    keys: Vec<Root>,
    /// The service only opens what it has wrapped.
    retired: bool,
}

/// `[keys.transit]`
fn transit(section: &mut Section<'_>, domains: &[(KeyDomain, Option<&Key>)]) -> Option<Transit> {
    let url = url(section);
    let mount = section.optional::<String>("mount").unwrap_or_else(|| "transit".to_owned());
    let token_file =
        section.file("token_file", "\"../secrets/transit-token\"").filter(|file| is_readable(section, file));
    let ca_file = section.optional_file("ca_file");
    let retired = section.optional::<bool>("retired").unwrap_or(false);
    let mut named = Vec::new();
    for (domain, _) in domains {
        if let Some(key) = section.optional::<String>(domain.as_str()) {
            named.push((*domain, key));
        }
    }
    for (name, text) in named.iter().map(|(domain, key)| (domain.as_str(), key)).chain([("mount", &mount)]) {
        if !is_name(text) {
            section.problem(name, "is no name in the service", "write letters, digits, `-`, `_` and `.` alone");
            return None;
        }
    }
    let (url, token_file) = (url?, token_file?);
    let root = |key| -> Result<Arc<dyn RootKeys>, OutboundError> {
        let (url, mount, token_file) = (url.clone(), mount.clone(), token_file.clone());
        let settings = TransitSettings { url, mount, key, token_file, ca_file: ca_file.clone() };
        Ok(Arc::new(TransitRoot::new(&Outbound::new()?, settings)?))
    };
    let keys: Result<Vec<Root>, _> = named.into_iter().map(|(domain, key)| Ok((domain, root(key)?))).collect();
    match keys {
        Ok(keys) => Some(Transit { keys, retired }),
        Err(error) => {
            let error: OutboundError = error;
            section.problem(
                "url",
                error.to_string(),
                "name a service that can be reached, and its authority in ca_file",
            );
            None
        }
    }
}

/// One origin; without TLS on this machine alone, for the token goes there.
fn url(section: &mut Section<'_>) -> Option<Url> {
    let text = section.required::<String>("url", "\"https://vault.example:8200\"")?;
    let url = Url::parse(&text).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        bare && url.password().is_none() && (url.scheme() == "https" || (url.scheme() == "http" && is_here(url)))
    });
    if url.is_none() {
        let cure = "write the service's origin, like \"https://vault.example:8200\"; http:// is for loopback alone";
        section.problem("url", "is no origin of a service", cure);
    }
    url
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn is_readable(section: &mut Section<'_>, file: &Path) -> bool {
    let read = std::fs::read_to_string(file);
    if let Err(error) = &read {
        section.problem("token_file", error.to_string(), format!("make {} readable", file.display()));
    }
    read.is_ok()
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(plain) && !text.starts_with('.')
}
