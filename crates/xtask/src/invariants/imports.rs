//! Which crate may depend on which, and which library belongs to which crate.

use std::collections::BTreeSet;

use super::Breach;
use super::graph::{Edge, Graph};

/// The table of DESIGN. A crate may import what stands here and what that imports: the flow has one direction.
const IMPORTS: &[(&str, &[&str])] = &[
    ("store", &[]),
    ("access", &["store"]),
    ("envelope", &["store", "outbound"]),
    ("outbound", &[]),
    ("tokens", &["outbound"]),
    ("fhir", &["outbound", "tokens"]),
    ("patients", &["store", "access", "envelope"]),
    ("sources", &["store", "access", "envelope", "outbound", "fhir"]),
    ("reviews", &["store", "access", "envelope"]),
    ("ehr", &["access", "patients", "reviews", "sources", "fhir"]),
    ("accounts", &["store", "access", "envelope", "patients"]),
    ("personal", &["store", "access", "envelope", "patients", "ehr"]),
    ("scheduling", &["store", "access"]),
    ("content", &["store", "access", "outbound"]),
    ("messages", &["store", "access", "envelope", "outbound"]),
    ("directory", &["store", "access"]),
    ("vault", &["store", "access", "envelope", "outbound", "tokens"]),
    ("care", &["store", "access", "envelope", "patients", "ehr"]),
    ("issuer", &["store", "access", "envelope", "tokens"]),
    ("fhir-api", &["access", "ehr", "tokens", "issuer"]),
    ("pages", &["store", "access", "outbound"]),
    ("web", &["store", "access", "envelope", "outbound", "tokens"]),
    ("record-view", &["ehr", "web"]),
    ("content-view", &["content", "web"]),
    ("sandbox", &["fhir"]),
    ("migrations", &[]),
    ("testbed", &["migrations", "sandbox"]),
    ("xtask", &[]),
];

/// The programs that put the house together: they may link any crate but these.
const PORTALS: [&str; 2] = ["portal-internal", "portal-external"];
const NOT_SHIPPED: [&str; 3] = ["sandbox", "testbed", "xtask"];

/// What a stolen external host must not contain.
const NEVER_EXTERNAL: [&str; 7] = ["directory", "vault", "care", "ldap3", "sandbox", "testbed", "migrations"];

/// A library and the crates that may name it in their `[dependencies]`; tests may use what they like.
const OWNERS: &[(&str, &[&str])] = &[
    ("aes-gcm", &["envelope"]),
    ("ammonia", &["ehr", "content", "pages"]),
    ("argon2", &["accounts"]),
    ("casbin", &["access"]),
    ("chacha20poly1305", &["envelope"]),
    ("feed-rs", &["content"]),
    ("hyper", &["web", "sandbox"]),
    ("hyper-util", &["web", "sandbox"]),
    ("jsonwebtoken", &["tokens"]),
    ("ldap3", &["directory"]),
    ("ldap3_proto", &["sandbox"]),
    ("lber", &["directory"]),
    ("lettre", &["messages"]),
    ("minijinja", &["pages"]),
    ("multer", &["web"]),
    ("openidconnect", &["web", "fhir", "issuer"]),
    ("poem", &["web", "portal-internal", "portal-external", "issuer", "fhir-api"]),
    ("pulldown-cmark", &["content"]),
    ("reqwest", &["outbound", "testbed"]),
    ("ring", &["envelope", "tokens"]),
    ("rsa", &["tokens"]),
    ("sea-orm-migration", &["migrations", "testbed"]),
    ("sqlx", &[]),
    ("tera", &["web", "record-view"]),
];

/// Libraries that must not be linked at all.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "one TLS provider: ring"),
    ("aws-lc-sys", "one TLS provider: ring"),
    ("native-tls", "TLS is rustls"),
    ("openssl", "TLS is rustls"),
    ("openssl-sys", "TLS is rustls"),
    ("simd-json", "slower than serde_json on borrowed rows"),
    ("sonic-rs", "slower than serde_json on borrowed rows"),
];

/// Rule 1: imports flow as in the table; nothing imports a portal.
pub fn flow(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for package in graph.ours() {
        let allowed = allowed(&package.name);
        if allowed.is_none() && !PORTALS.contains(&package.name.as_str()) {
            breaches.push(breach(
                "imports",
                &package.name,
                "is not in the table of crates: add it there with its imports",
            ));
        }
        for edge in [Edge::Normal, Edge::Development, Edge::Build] {
            for needed in graph.direct(package, edge).filter(|needed| needed.ours && needed.name != package.name) {
                let portal = PORTALS.contains(&needed.name.as_str());
                // Tests may stand on anything but the portals, which they start as programs.
                let wrong = match (&allowed, edge) {
                    _ if portal => true,
                    (_, Edge::Development) => false,
                    (Some(allowed), _) => !allowed.contains(needed.name.as_str()),
                    (None, _) => NOT_SHIPPED.contains(&needed.name.as_str()),
                };
                if wrong {
                    breaches.push(breach("imports", &package.name, format!("must not import `{}`", needed.name)));
                }
            }
        }
    }
    breaches
}

/// Rule 2: what the external portal does not link.
pub fn external_links(graph: &Graph) -> Vec<Breach> {
    let linked = graph.linked("portal-external");
    NEVER_EXTERNAL
        .iter()
        .filter(|name| linked.contains(**name))
        .map(|name| breach("external-links", "portal-external", format!("must not link `{name}`")))
        .collect()
}

/// Rule 3: libraries have owners.
pub fn library_owners(graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for package in graph.ours() {
        for edge in [Edge::Normal, Edge::Build] {
            for needed in graph.direct(package, edge) {
                let owners = OWNERS.iter().find(|(library, _)| *library == needed.name).map(|(_, owners)| *owners);
                if owners.is_some_and(|owners| !owners.contains(&package.name.as_str())) {
                    let owners = owners.unwrap_or_default().join(", ");
                    let what = format!("must not use `{}`, which belongs to: {owners}", needed.name);
                    breaches.push(breach("library-owner", &package.name, what));
                }
            }
        }
    }
    breaches
}

/// Libraries that nobody links, by whatever way.
pub fn banned(graph: &Graph) -> Vec<Breach> {
    let found = graph.packages.values().filter_map(|package| {
        let (_, reason) = BANNED.iter().find(|(name, _)| *name == package.name)?;
        Some(breach("banned", &package.name, format!("must not be in the lock file: {reason}")))
    });
    found.collect()
}

fn allowed(name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, direct) = IMPORTS.iter().find(|(owner, _)| *owner == name)?;
    let mut all = BTreeSet::new();
    let mut open: Vec<&'static str> = direct.to_vec();
    while let Some(next) = open.pop() {
        if all.insert(next) {
            open.extend(IMPORTS.iter().find(|(owner, _)| *owner == next).map_or(&[][..], |(_, direct)| direct));
        }
    }
    Some(all)
}

fn breach(rule: &'static str, place: &str, what: impl Into<String>) -> Breach {
    Breach { rule, place: place.to_owned(), what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::super::graph::made_up;
    use super::*;

    fn places(breaches: Vec<Breach>) -> Vec<String> {
        breaches.into_iter().map(|breach| format!("{} {}", breach.place, breach.what)).collect()
    }

    #[test]
    fn the_table_flows_one_way() {
        for (name, _) in IMPORTS {
            assert!(!allowed(name).unwrap_or_default().contains(name), "{name} imports itself by a detour");
        }
    }

    #[test]
    fn an_upward_import_is_noticed() {
        let graph = made_up(&[("store", &["access"]), ("access", &["store"])]);
        assert_eq!(places(flow(&graph)), ["store must not import `access`"]);
    }

    #[test]
    fn a_portal_that_imports_the_other_is_noticed() {
        let graph = made_up(&[("portal-internal", &["portal-external"]), ("portal-external", &[])]);
        assert_eq!(places(flow(&graph)), ["portal-internal must not import `portal-external`"]);
    }

    #[test]
    fn a_shipped_sandbox_is_noticed() {
        let graph = made_up(&[("portal-internal", &["sandbox"]), ("sandbox", &[])]);
        assert_eq!(places(flow(&graph)), ["portal-internal must not import `sandbox`"]);
    }

    #[test]
    fn a_crate_outside_the_table_is_noticed() {
        assert_eq!(flow(&made_up(&[("helpers", &[])])).len(), 1);
    }

    #[test]
    fn a_detour_to_the_directory_is_noticed() {
        let graph = made_up(&[("portal-external", &["web"]), ("web", &["directory"]), ("directory", &[])]);
        assert_eq!(places(external_links(&graph)), ["portal-external must not link `directory`"]);
    }

    #[test]
    fn a_second_user_of_a_library_is_noticed() {
        let graph = made_up(&[("outbound", &["reqwest"]), ("web", &["reqwest"])]);
        assert_eq!(places(library_owners(&graph)), ["web must not use `reqwest`, which belongs to: outbound, testbed"]);
    }

    #[test]
    fn a_banned_library_is_noticed() {
        assert_eq!(
            places(banned(&made_up(&[("web", &["openssl"])]))),
            ["openssl must not be in the lock file: TLS is rustls"]
        );
    }
}
