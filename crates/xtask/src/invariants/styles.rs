//! The style sheet: every class in it is drawn somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{Breach, words};

const SHEET: &str = "crates/web/static/portal.css";

/// Classes that no template, Rust source or script names.
///
/// # Errors
/// A file can't be read.
pub fn dead(root: &Path) -> Result<Vec<Breach>> {
    let mut named = BTreeSet::new();
    for entry in words::ours(root) {
        let entry = entry?;
        let ending = entry.path().extension().and_then(|ending| ending.to_str());
        if entry.file_type().is_file() && matches!(ending, Some("html" | "rs" | "js")) {
            let bytes = std::fs::read(entry.path())?;
            named.extend(names(&String::from_utf8_lossy(&bytes)).map(str::to_owned));
        }
    }
    let sheet = std::fs::read_to_string(root.join(SHEET))?;
    Ok(unused(&sheet, &named))
}

fn unused(sheet: &str, named: &BTreeSet<String>) -> Vec<Breach> {
    let drawn = |class: &str| {
        // `tag--{{ one.tone }}` names every `tag--…`.
        let by_stem = || class.find("--").is_some_and(|at| named.contains(&class[..at + 2]));
        named.contains(class) || by_stem() || is_column(class)
    };
    let breach = |class: String| Breach {
        rule: "dead-style",
        place: SHEET.to_owned(),
        what: format!("nothing is drawn with the class `{class}`: take its rules away"),
    };
    classes(sheet).into_iter().filter(|class| !drawn(class)).map(breach).collect()
}

/// The columns of the grid are a set: `c4` to `c12`.
fn is_column(class: &str) -> bool {
    class.strip_prefix('c').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn classes(sheet: &str) -> BTreeSet<String> {
    let plain: String =
        sheet.split("/*").enumerate().map(|(nth, part)| after_comment(nth, part)).collect::<Vec<_>>().join(" ");
    let selectors = plain.split(['{', '}', ';']).zip(plain.match_indices(['{', '}', ';']).map(|(_, mark)| mark));
    let of_selectors = selectors.filter(|(_, mark)| *mark == "{").flat_map(|(selector, _)| selector.split('.').skip(1));
    of_selectors
        .filter_map(|rest| names(rest).next().filter(|name| rest.starts_with(*name)))
        .map(str::to_owned)
        .collect()
}

fn after_comment(nth: usize, part: &str) -> &str {
    if nth == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_nothing_names_is_found() {
        let sheet = "/* .old { } */ .a:not(.b),.tag--x > .c { top: .5em; }\n@media (max-width: 40rem) { .gone .c4 { left: 1.2rem } }";
        let named = names("class=\"a b tag--{{ tone }} c\"").map(str::to_owned).collect();
        let found: Vec<String> = unused(sheet, &named).into_iter().map(|breach| breach.what).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`gone`"), "{found:?}");
    }
}
