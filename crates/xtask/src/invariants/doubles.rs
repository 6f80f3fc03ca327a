//! Libraries of which a second version would mean a second runtime, a second TLS stack or a second database driver.

use std::collections::BTreeMap;

use super::{Breach, Graph};

const ONE_VERSION: [&str; 12] = [
    "hyper",
    "libsqlite3-sys",
    "poem",
    "reqwest",
    "ring",
    "rustls",
    "sea-orm",
    "sea-query",
    "sqlx",
    "sqlx-core",
    "tera",
    "tokio",
];

/// Each is there once at most.
pub fn doubles(graph: &Graph) -> Vec<Breach> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in graph.packages.values() {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let doubled = versions.into_iter().filter(|(name, versions)| ONE_VERSION.contains(name) && versions.len() > 1);
    doubled
        .map(|(name, versions)| Breach {
            rule: "one-version",
            place: name.to_owned(),
            what: format!("is linked in {}: keep one", versions.join(" and ")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::made_up;
    use super::*;

    #[test]
    fn a_second_tls_stack_is_noticed() {
        let mut graph = made_up(&[("web", &["rustls"])]);
        assert!(doubles(&graph).is_empty());
        let mut second = graph.packages["rustls"].clone();
        "0.22.0".clone_into(&mut second.version);
        graph.packages.insert("rustls@0.22.0".to_owned(), second);
        assert_eq!(doubles(&graph)[0].what, "is linked in 1.0.0 and 0.22.0: keep one");
    }
}
