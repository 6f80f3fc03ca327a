//! Who depends on whom, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Why a package needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// It is linked.
    Normal,
    /// For its tests.
    Development,
    /// For its build script.
    Build,
}

/// A package of the lock file as far as it is built for this machine.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// An SPDX expression, as the package says it.
    pub licence: Option<String>,
    /// A member of this workspace.
    pub ours: bool,
    /// Key of the other package and why.
    pub needs: Vec<(String, Edge)>,
}

/// All packages by a key that is unique (`name@version`).
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// See [`Package`].
    pub packages: BTreeMap<String, Package>,
}

impl Graph {
    /// Asks cargo, without the network.
    ///
    /// # Errors
    /// cargo fails, for example because the lock file is not up to date.
    pub fn read(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(vec!["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
            .exec()
            .context("cargo metadata")?;
        let key_of: BTreeMap<_, _> = metadata
            .packages
            .iter()
            .map(|package| (&package.id, format!("{}@{}", package.name, package.version)))
            .collect();
        let members: BTreeSet<_> = metadata.workspace_members.iter().collect();
        let resolve = metadata.resolve.as_ref().context("cargo metadata without a resolution")?;
        let mut packages = BTreeMap::new();
        for node in &resolve.nodes {
            let package = metadata.packages.iter().find(|package| package.id == node.id).context("unknown package")?;
            let mut needs = Vec::new();
            for dependency in &node.deps {
                for kind in &dependency.dep_kinds {
                    let edge = match kind.kind {
                        DependencyKind::Development => Edge::Development,
                        DependencyKind::Build => Edge::Build,
                        _ => Edge::Normal,
                    };
                    needs.push((key_of[&dependency.pkg].clone(), edge));
                }
            }
            packages.insert(
                key_of[&node.id].clone(),
                Package {
                    name: package.name.to_string(),
                    version: package.version.to_string(),
                    licence: package.license.clone(),
                    ours: members.contains(&package.id),
                    needs,
                },
            );
        }
        Ok(Self { packages })
    }

    /// Our own packages.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.ours)
    }

    /// Names of the packages that `package` depends on directly by `edge`.
    pub fn direct<'a>(&'a self, package: &'a Package, edge: Edge) -> impl Iterator<Item = &'a Package> {
        package.needs.iter().filter(move |(_, kind)| *kind == edge).filter_map(|(key, _)| self.packages.get(key))
    }

    /// Names of everything that is linked into `name`, itself included.
    pub fn linked(&self, name: &str) -> BTreeSet<&str> {
        let mut open: Vec<&Package> = self.packages.values().filter(|package| package.name == name).collect();
        let mut seen = BTreeSet::new();
        while let Some(package) = open.pop() {
            if seen.insert(package.name.as_str()) {
                open.extend(self.direct(package, Edge::Normal));
            }
        }
        seen
    }
}

#[cfg(test)]
pub(super) fn made_up(packages: &[(&str, &[&str])]) -> Graph {
    let ours: BTreeSet<&str> = packages.iter().map(|(name, _)| *name).collect();
    let mut graph = Graph::default();
    for name in packages.iter().flat_map(|(name, needs)| std::iter::once(name).chain(needs.iter())) {
        graph.packages.insert(
            (*name).to_owned(),
            Package {
                name: (*name).to_owned(),
                version: "1.0.0".to_owned(),
                licence: Some("MIT".to_owned()),
                ours: ours.contains(name),
                needs: Vec::new(),
            },
        );
    }
    for (name, needs) in packages {
        if let Some(package) = graph.packages.get_mut(*name) {
            package.needs = needs.iter().map(|need| ((*need).to_owned(), Edge::Normal)).collect();
        }
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linking_goes_all_the_way_down() {
        let graph = made_up(&[("a", &["b"]), ("b", &["c"]), ("c", &[]), ("d", &["a"])]);
        assert_eq!(graph.linked("a"), BTreeSet::from(["a", "b", "c"]));
    }
}
