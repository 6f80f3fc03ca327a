//! Licences of everything that is linked, from `cargo metadata`, against a short list.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::invariants::{Graph, Package};

/// `.config/licences.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// SPDX identifiers.
    allow: Vec<String>,
    /// Packages whose manifest does not say it as an SPDX expression, and what was found by reading.
    #[serde(default)]
    clarify: Vec<Clarified>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clarified {
    package: String,
    licence: String,
    reason: String,
}

/// Checks every package that `Cargo.lock` resolves for this machine.
///
/// # Errors
/// A package under other terms, or one that says none.
pub fn check(root: &Path) -> Result<()> {
    let settings: Settings = toml::from_str(&std::fs::read_to_string(root.join(".config/licences.toml"))?)
        .context(".config/licences.toml")?;
    let graph = Graph::read(root)?;
    let problems: Vec<String> = graph.packages.values().filter_map(|package| judge(package, &settings)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for package in graph.packages.values() {
        *counts.entry(package.licence.as_deref().unwrap_or("none")).or_default() += 1;
    }
    println!("{} packages under {} expressions", graph.packages.len(), counts.len());
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() { Ok(()) } else { bail!("{} licence problem(s)", problems.len()) }
}

fn judge(package: &Package, settings: &Settings) -> Option<String> {
    let clarified = settings.clarify.iter().find(|known| known.package == package.name);
    if clarified.is_some_and(|known| known.reason.trim().is_empty()) {
        return Some(format!("{} is clarified without a reason", package.name));
    }
    let said = clarified.map(|known| known.licence.as_str()).or(package.licence.as_deref());
    let Some(expression) = said else {
        return Some(format!("{} {} says no licence", package.name, package.version));
    };
    let allowed = |id: &str| settings.allow.iter().any(|known| known == id);
    match satisfied(expression, &allowed) {
        Some(true) => None,
        Some(false) => Some(format!("{} {}: `{expression}` is not allowed", package.name, package.version)),
        None => Some(format!("{} {}: `{expression}` can't be understood", package.name, package.version)),
    }
}

/// Evaluates an SPDX expression: `OR` lets us choose, `AND` binds tighter, `WITH` belongs to its identifier. The old
/// form `MIT/Apache-2.0` means `OR`.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let value = alternatives(&words, &mut at, allowed)?;
    (at == words.len()).then_some(value)
}

fn alternatives(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = conjunction(words, at, allowed)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        value |= conjunction(words, at, allowed)?;
    }
    Some(value)
}

fn conjunction(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = term(words, at, allowed)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        value &= term(words, at, allowed)?;
    }
    Some(value)
}

fn term(words: &[&str], at: &mut usize, allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    if word == "(" {
        let value = alternatives(words, at, allowed)?;
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return closed.then_some(value);
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = *words.get(*at + 1)?;
        *at += 2;
        return Some(allowed(&format!("{word} WITH {exception}")));
    }
    Some(allowed(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_expression(expression: &str, expect: Option<bool>) {
        let allowed = |id: &str| ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].contains(&id);
        assert_eq!(satisfied(expression, &allowed), expect, "{expression}");
    }

    #[test]
    fn expressions() {
        check_expression("MIT", Some(true));
        check_expression("GPL-3.0-only", Some(false));
        check_expression("MIT OR GPL-3.0-only", Some(true));
        check_expression("MIT AND GPL-3.0-only", Some(false));
        check_expression("MIT/Apache-2.0", Some(true));
        check_expression("GPL-2.0-only OR (MIT AND Apache-2.0)", Some(true));
        check_expression("Apache-2.0 WITH LLVM-exception", Some(true));
        check_expression("GPL-2.0-only WITH Classpath-exception-2.0", Some(false));
        check_expression("(MIT", None);
        check_expression("", None);
    }

    #[test]
    fn a_package_without_licence_is_noticed() {
        let settings = Settings { allow: vec!["MIT".to_owned()], clarify: vec![] };
        let package = |licence: Option<&str>| Package {
            name: "a".to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
            ours: false,
            needs: vec![],
        };
        assert_eq!(judge(&package(Some("MIT")), &settings), None);
        assert!(judge(&package(None), &settings).is_some());
        assert!(judge(&package(Some("AGPL-3.0-only")), &settings).is_some());
    }

    #[test]
    fn everything_that_we_link_is_allowed() -> Result<()> {
        check(&crate::root())
    }
}
