//! The house rules that no compiler knows: read from `cargo metadata` and the sources, each with a test that a made-up
//! breach is noticed. The list is DESIGN's "Invariants"; a rule changes here and in ARCHITECTURE.md together.

mod calls;
mod doubles;
mod graph;
mod imports;
mod shape;
mod sources;
mod styles;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

pub use graph::{Graph, Package};
use sources::{Role, Sources};

/// A broken rule and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// Short name of the rule.
    pub rule: &'static str,
    /// `path:line`, or a package.
    pub place: String,
    /// What is wrong and what to do instead.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{}] {}", self.place, self.rule, self.what)
    }
}

/// Checks the tree at `root`.
///
/// # Errors
/// The breaches, one a line; or the sources or `cargo metadata` could not be read.
pub fn check(root: &Path) -> Result<()> {
    let sources = Sources::read(root)?;
    let graph = Graph::read(root)?;
    let mut breaches = all(&sources, &graph);
    breaches.extend(words::locales(root)?);
    breaches.extend(words::markers(root)?);
    breaches.extend(styles::dead(root)?);
    breaches.sort();
    if breaches.is_empty() {
        println!("{} source files, {} packages: no rule broken", sources.files.len(), graph.packages.len());
        return Ok(());
    }
    for breach in &breaches {
        println!("{breach}");
    }
    bail!("{} broken rule(s)", breaches.len())
}

fn all(sources: &Sources, graph: &Graph) -> Vec<Breach> {
    let mut breaches = Vec::new();
    breaches.extend(imports::flow(graph));
    breaches.extend(imports::external_links(graph));
    breaches.extend(imports::library_owners(graph));
    breaches.extend(imports::banned(graph));
    breaches.extend(doubles::doubles(graph));
    for file in &sources.files {
        breaches.extend(calls::check(file));
        breaches.extend(shape::check(file));
        breaches.extend(words::literals(file));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_tree_keeps_its_rules() -> Result<()> {
        check(&crate::root())
    }
}
