//! A whole bundle: what is in it, what refers to what, and what was left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Brand, Left,
    entry::{Endpoint, MOST_LINKS, Organization, key, list},
};

/// Of a file.
pub const MOST_BYTES: usize = 32 << 20;
/// Endpoints kept of one bundle, and brands made of them.
pub const MOST_ENDPOINTS: usize = 20_000;
/// Organisations kept of one bundle.
const MOST_ORGANIZATIONS: usize = 40_000;
/// "The hierarchy of 'access provided by' links SHALL NOT exceed a depth of two" (profile `user-access-brand`, `partOf`).
const MOST_PARENTS: usize = 2;

/// Why nothing of a file could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More than [`MOST_BYTES`].
    #[error("larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// Not JSON, or not a FHIR Bundle.
    #[error("not a FHIR Bundle")]
    NotABundle,
    /// A bundle without a single endpoint that can be used.
    #[error("nothing in it can be used")]
    Nothing,
}

/// What a bundle says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// In the order of the organisations; those that nobody offers come last.
    pub brands: Vec<Brand>,
    /// What was left out, and how often.
    pub left: BTreeMap<Left, u64>,
}

/// Entries stay text until their turn, so that no more than one is a tree at a time, and a deep one harms no other.
#[derive(Deserialize)]
struct Outer<'b> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(borrow, default)]
    entry: Vec<&'b RawValue>,
}

impl Bundle {
    /// Reads a file as it was sent.
    ///
    /// # Errors
    /// [`BundleError`]: nothing of it can be used.
    pub fn read(file: &[u8]) -> Result<Self, BundleError> {
        if file.len() > MOST_BYTES {
            return Err(BundleError::TooLarge);
        }
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let outer: Outer<'_> = serde_json::from_slice(file).map_err(|_| BundleError::NotABundle)?;
        if outer.resource_type != "Bundle" {
            return Err(BundleError::NotABundle);
        }
        let mut reading = Reading::default();
        outer.entry.iter().for_each(|entry| reading.entry(entry));
        reading.brands();
        if reading.brands.is_empty() { Err(BundleError::Nothing) } else { Ok(reading.done()) }
    }
}

/// Something that was read, and where references from it lead.
struct Placed<T> {
    what: T,
    /// The entry's number: what it contains is known by it.
    entry: usize,
    /// What comes before `Organization/…` of its full URL.
    base: Option<String>,
}

#[derive(Default)]
struct Reading {
    organizations: Vec<Placed<Organization>>,
    endpoints: Vec<Placed<Endpoint>>,
    /// `None`: more than one thing is called so.
    known: HashMap<String, Option<usize>>,
    seen: HashSet<String>,
    made: HashSet<(String, String)>,
    entries: usize,
    brands: Vec<Brand>,
    left: BTreeMap<Left, u64>,
}

const ORGANIZATION: &str = "Organization";
const ENDPOINT: &str = "Endpoint";
const ANYWHERE: &str = "*/";

fn kind(resource: &Value) -> Option<&str> {
    resource.get("resourceType")?.as_str()
}

impl Reading {
    fn leave(&mut self, why: Left) {
        *self.left.entry(why).or_default() += 1;
    }

    fn entry(&mut self, entry: &RawValue) {
        self.entries += 1;
        let Ok(entry) = serde_json::from_str::<Value>(entry.get()) else { return self.leave(Left::Unreadable) };
        let Some(resource) = entry.get("resource").filter(|one| kind(one).is_some()) else {
            return self.leave(Left::Unreadable);
        };
        let (full_url, id) = (key(&entry, "fullUrl"), key(resource, "id"));
        let kind = kind(resource).unwrap_or_default();
        if full_url.is_some() || id.is_some() {
            let name =
                format!("{}|{kind}/{}", full_url.as_deref().unwrap_or_default(), id.as_deref().unwrap_or_default());
            if !self.seen.insert(name) {
                return self.leave(Left::Duplicate);
            }
        }
        let local = id.map(|id| format!("{kind}/{id}"));
        let base = full_url.as_deref().zip(local.as_deref()).and_then(|(url, local)| url.strip_suffix(local));
        let base = base.map(str::to_owned);
        // Where no full URL says whose it is, any server's name for it is this one's.
        let full_url = full_url.or_else(|| local.as_ref().map(|local| format!("{ANYWHERE}{local}")));
        self.resource(resource, base.as_deref(), [full_url.filter(|url| Some(url) != local.as_ref()), local]);
        for contained in list(resource, "contained") {
            let name = key(contained, "id").map(|id| format!("{}#{}", self.entries, id.trim_start_matches('#')));
            self.resource(contained, base.as_deref(), [name, None]);
        }
    }

    fn resource(&mut self, resource: &Value, base: Option<&str>, names: [Option<String>; 2]) {
        let (entry, base) = (self.entries, base.map(str::to_owned));
        let place = match kind(resource) {
            Some(ORGANIZATION) if self.organizations.len() == MOST_ORGANIZATIONS => Err(Left::TooMany),
            Some(ENDPOINT) if self.endpoints.len() == MOST_ENDPOINTS => Err(Left::TooMany),
            Some(ORGANIZATION) => Organization::read(resource).map(|what| {
                self.organizations.push(Placed { what, entry, base });
                (ORGANIZATION, self.organizations.len() - 1)
            }),
            Some(ENDPOINT) => Endpoint::read(resource).map(|what| {
                self.endpoints.push(Placed { what, entry, base });
                (ENDPOINT, self.endpoints.len() - 1)
            }),
            Some(_) => Err(Left::OtherType),
            None => Err(Left::Unreadable),
        };
        match place {
            Ok((kind, place)) => names.into_iter().flatten().for_each(|name| {
                let known = self.known.entry(format!("{kind} {name}"));
                known.and_modify(|there| *there = None).or_insert(Some(place));
            }),
            Err(why) => {
                // A reference to it leads to something: that it can't be used is told once, here.
                let kind = kind(resource).unwrap_or_default();
                names.into_iter().flatten().for_each(|name| {
                    self.known.entry(format!("{kind} {name}")).or_insert(None);
                    self.seen.insert(format!("left {kind} {name}"));
                });
                self.leave(why);
            }
        }
    }

    /// Where a reference leads, by [the rules for bundles](https://hl7.org/fhir/R4/bundle.html#references).
    fn find(&mut self, kind: &str, reference: &str, (entry, base): (usize, Option<&str>)) -> Option<usize> {
        let inside = reference.strip_prefix('#').map(|id| format!("{entry}#{id}"));
        let names: Vec<String> = match inside {
            Some(name) => vec![name],
            None => {
                let reference = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
                let absolute = base.map(|base| format!("{base}{reference}"));
                let mut ends = reference.rsplitn(3, '/');
                let (id, kind) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
                absolute.into_iter().chain([reference.to_owned(), format!("{ANYWHERE}{kind}/{id}")]).collect()
            }
        };
        let known = names.iter().find_map(|name| self.known.get(&format!("{kind} {name}")).copied().flatten());
        if known.is_none() && !names.iter().any(|name| self.seen.contains(&format!("left {kind} {name}"))) {
            self.leave(Left::Dangling);
        }
        known
    }

    /// Each organisation with the endpoints that it, or the one that gives access for it, offers.
    fn brands(&mut self) {
        let organizations = std::mem::take(&mut self.organizations);
        let endpoints = std::mem::take(&mut self.endpoints);
        let mut offered: Vec<Vec<usize>> = Vec::with_capacity(organizations.len());
        for one in &organizations {
            let from = (one.entry, one.base.as_deref());
            let mut own = Vec::new();
            for to in one.what.endpoints.iter().filter_map(|to| self.find(ENDPOINT, to, from)) {
                // An organisation names one both as its own and as its portal's.
                if !own.contains(&to) {
                    own.push(to);
                }
            }
            offered.push(own);
            if one.what.more_endpoints {
                self.leave(Left::TooMany);
            }
        }
        for (number, one) in endpoints.iter().enumerate() {
            let Some(managing) = &one.what.managing else { continue };
            let manager = self.find(ORGANIZATION, managing, (one.entry, one.base.as_deref()));
            let Some(manager) = manager.filter(|manager| !offered[*manager].contains(&number)) else { continue };
            if offered[manager].len() < MOST_LINKS {
                offered[manager].push(number);
            } else {
                self.leave(Left::TooMany);
            }
        }
        let mut used = vec![false; endpoints.len()];
        for (number, one) in organizations.iter().enumerate() {
            let own = self.giver(&organizations, &offered, number);
            if offered[own].is_empty() {
                self.leave(Left::NoEndpoint);
            }
            for endpoint in &offered[own] {
                used[*endpoint] = true;
                self.brand(&one.what, &endpoints[*endpoint].what);
            }
        }
        for (one, _) in endpoints.iter().zip(used).filter(|(_, used)| !used) {
            if one.what.name.is_empty() {
                self.leave(Left::Nameless);
            } else {
                self.brand(&Organization { name: one.what.name.clone(), ..Organization::default() }, &one.what);
            }
        }
    }

    /// The organisation itself, or the nearest above it that offers an endpoint.
    fn giver(&mut self, all: &[Placed<Organization>], offered: &[Vec<usize>], number: usize) -> usize {
        let mut here = number;
        for _ in 0..MOST_PARENTS {
            let Some(parent) = all[here].what.part_of.as_ref().filter(|_| offered[here].is_empty()) else { break };
            let from = (all[here].entry, all[here].base.as_deref());
            let Some(above) = self.find(ORGANIZATION, parent, from) else { break };
            here = above;
        }
        here
    }

    fn brand(&mut self, organization: &Organization, endpoint: &Endpoint) {
        if self.brands.len() == MOST_ENDPOINTS {
            return self.leave(Left::TooMany);
        }
        if !self.made.insert((organization.name.clone(), endpoint.address.clone())) {
            return self.leave(Left::Duplicate);
        }
        self.brands.push(Brand {
            name: organization.name.clone(),
            aliases: organization.aliases.clone(),
            endpoint: endpoint.name.clone(),
            address: endpoint.address.clone(),
            cities: organization.cities.clone(),
            postcodes: organization.postcodes.clone(),
            portal: organization.portal.clone(),
            website: organization.website.clone(),
            fhir_version: endpoint.fhir_version.clone(),
        });
    }

    fn done(self) -> Bundle {
        Bundle { brands: self.brands, left: self.left }
    }
}
