//! Words: what people read is in the locale files, in both languages; what is left over for later is nowhere.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::sources::SourceFile;
use super::{Breach, Role};

/// Chinese in a string of the product belongs into a locale file. A file that reads what hospitals write says so once:
/// `// not shown: reason`.
pub fn literals(file: &SourceFile) -> Vec<Breach> {
    if file.role == Role::Proof {
        return Vec::new();
    }
    // A single letter, in single quotes, is data: nobody reads one.
    let strings = file.product.iter().filter(|token| token.text.contains('"'));
    strings
        .filter(|token| token.text.chars().any(is_chinese) && !file.excused("not shown:", token.line, token.line))
        .map(|token| Breach {
            rule: "words-in-code",
            place: format!("{}:{}", file.path, token.line),
            what: format!("{} is text for people: put it into locales/, or say why not: `// not shown: …`", token.text),
        })
        .collect()
}

fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Both files of every `locales` folder have the same keys.
///
/// # Errors
/// A file can't be read.
pub fn locales(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for entry in ours(root) {
        let entry = entry?;
        if !entry.file_type().is_dir() || entry.file_name() != "locales" {
            continue;
        }
        let place = entry.path().strip_prefix(root)?.display().to_string();
        let (mut chinese, mut english) = (BTreeSet::new(), BTreeSet::new());
        for file in walkdir::WalkDir::new(entry.path()).sort_by_file_name() {
            let file = file?;
            let path = file.path().strip_prefix(entry.path())?.display().to_string();
            if !path.ends_with(".ftl") {
                continue;
            }
            let text = std::fs::read_to_string(file.path())?;
            if path.starts_with("zh-CN") {
                chinese.extend(keys(&text));
            } else if path.starts_with("en") {
                english.extend(keys(&text));
            }
        }
        breaches.extend(differences(&place, &chinese, &english));
    }
    Ok(breaches)
}

fn differences(place: &str, chinese: &BTreeSet<String>, english: &BTreeSet<String>) -> Vec<Breach> {
    let missing = |language: &str, key: &String| Breach {
        rule: "locales",
        place: place.to_owned(),
        what: format!("`{key}` is missing in {language}"),
    };
    let in_chinese = english.difference(chinese).map(|key| missing("zh-CN", key));
    in_chinese.chain(chinese.difference(english).map(|key| missing("en", key))).collect()
}

/// Message and attribute keys of a Fluent file.
fn keys(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut message = String::new();
    for line in text.lines() {
        let Some((left, _)) = line.split_once('=') else { continue };
        let name = left.trim();
        let plain = |name: &str| {
            !name.is_empty()
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
        };
        if let Some(attribute) = name.strip_prefix('.') {
            if plain(attribute) && line.starts_with(' ') {
                keys.push(format!("{message}.{attribute}"));
            }
        } else if plain(name) && !line.starts_with([' ', '\t', '#']) {
            name.clone_into(&mut message);
            keys.push(message.clone());
        }
    }
    keys
}

/// Endings of files that people write.
const WRITTEN: [&str; 16] = [
    "rs",
    "toml",
    "html",
    "css",
    "ftl",
    "md",
    "js",
    "mjs",
    "json",
    "sql",
    "yaml",
    "yml",
    "service",
    "sh",
    "conf",
    "Containerfile",
];

/// No note of work left over, and nothing of the machine it was made on.
///
/// # Errors
/// A folder can't be listed.
pub fn markers(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for entry in ours(root) {
        let entry = entry?;
        let name = entry.file_name().to_str().unwrap_or_default();
        let written = name.rsplit('.').next().is_some_and(|ending| WRITTEN.contains(&ending));
        if !entry.file_type().is_file() || !written {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
        let path = entry.path().strip_prefix(root)?.display().to_string();
        breaches.extend(marked(&path, &text));
    }
    Ok(breaches)
}

fn marked(path: &str, text: &str) -> Vec<Breach> {
    // Put together here, so that this file does not report itself.
    let left_over = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let machine = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    let mut breaches = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", index + 1);
        if let Some(marker) = left_over.iter().find(|marker| is_word(line, marker)) {
            let what = format!("{marker}: do it, or write down in words what does not work yet");
            breaches.push(Breach { rule: "left-over", place, what });
        } else if let Some(path) = machine.iter().find(|path| line.contains(**path)) {
            let what = format!("{path} is a path of one machine");
            breaches.push(Breach { rule: "machine-path", place, what });
        }
    }
    breaches
}

fn is_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let letter = |other: Option<char>| other.is_some_and(|other| other.is_alphanumeric() || other == '_');
        !letter(line[..at].chars().next_back()) && !letter(line[at + word.len()..].chars().next())
    })
}

/// Everything in the tree but what was built, installed or vendored.
pub(super) fn ours(root: &Path) -> impl Iterator<Item = walkdir::Result<walkdir::DirEntry>> {
    let skipped = ["target", "node_modules", ".git", "vendor", "data", "secrets"];
    walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(move |entry| {
        entry.depth() == 0 || !skipped.contains(&entry.file_name().to_str().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sources::product;
    use super::*;

    fn set(text: &str) -> BTreeSet<String> {
        keys(text).into_iter().collect()
    }

    #[test]
    fn chinese_in_code_is_noticed() {
        assert_eq!(literals(&product("web", "fn f() -> &'static str { \"患者\" }")).len(), 1);
        assert_eq!(literals(&product("web", "/// 患者\nfn f() -> &'static str { \"patient\" }")), []);
        assert_eq!(literals(&product("ehr", "// not shown: compared alone\nfn f() -> &'static str { \"尿\" }")), []);
        assert_eq!(literals(&product("sandbox", "fn f() -> &'static str { \"患者\" }")), []);
    }

    #[test]
    fn a_key_in_one_language_is_noticed() {
        let found = differences("locales", &set("a = 甲\n    .b = 乙\n"), &set("a = A\nc = C\n"));
        let what: Vec<&str> = found.iter().map(|breach| breach.what.as_str()).collect();
        assert_eq!(what, ["`c` is missing in zh-CN", "`a.b` is missing in en"]);
    }

    #[test]
    fn continued_lines_and_comments_are_no_keys() {
        assert_eq!(keys("# x = y\na =\n    b = c\n"), ["a"]);
    }

    #[test]
    fn left_over_work_is_noticed() {
        assert_eq!(marked("a.rs", concat!("// TO", "DO later")).len(), 1);
        assert_eq!(marked("a.rs", "// METHODOLOGY"), []);
    }

    #[test]
    fn a_machine_path_is_noticed() {
        assert_eq!(marked("a.md", concat!("see /wo", "rk/here"))[0].rule, "machine-path");
    }
}
