//! Every word in both languages, every word used, nothing printed raw but what Rust code escaped.

use std::{collections::BTreeSet, fs, path::Path};

use web::Lang;

use crate::sample::{external, internal};

const TEMPLATE_FOLDERS: [&str; 5] = [
    "../web/templates",
    "templates",
    "../content-view/templates",
    "../../portal-internal/templates",
    "../../portal-external/templates",
];
const LOCALE_FILES: [&str; 5] = [
    "../web/locales/zh-CN.ftl",
    "locales/zh-CN.ftl",
    "../content-view/locales/zh-CN.ftl",
    "../../portal-internal/locales/zh-CN.ftl",
    "../../portal-external/locales/zh-CN.ftl",
];
/// Where Rust code asks for words; `fhir` and `ehr` name reasons by message key.
const CODE_FOLDERS: [&str; 10] = [
    "src",
    "../web/src",
    "../fhir/src",
    "../ehr/src",
    "../outbound/src",
    "../content/src",
    "../pages/src",
    "../content-view/src",
    "../../portal-internal/src",
    "../../portal-external/src",
];

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push((path.display().to_string(), fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found
}

fn templates() -> Vec<(String, String)> {
    TEMPLATE_FOLDERS.iter().flat_map(|folder| files(folder, ".html")).collect()
}

fn keys() -> BTreeSet<String> {
    let text =
        LOCALE_FILES.map(|file| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("locale"));
    text.iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| key.starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(|(key, _)| key.trim().to_owned())
        .collect()
}

/// `key="…"` in templates: whole keys, and beginnings of keys that are put together (`key="state-" ~ state`); and
/// `hint={"…"}`, by which a component is told the words it has to ask for.
fn asked() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut whole, mut beginnings) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in templates() {
        for rest in text.split("key=\"").skip(1) {
            let (key, after) = rest.split_once('"').expect("closed");
            if after.starts_with(" ~") {
                beginnings.insert(key.to_owned())
            } else {
                whole.insert(key.to_owned())
            };
        }
        let hints = text.split("hint={\"").skip(1).filter_map(|rest| rest.split('"').next());
        whole.extend(hints.map(str::to_owned));
    }
    (whole, beginnings)
}

#[test]
fn every_word_a_template_asks_for_is_there() {
    let (keys, (whole, beginnings)) = (keys(), asked());
    let missing: Vec<_> = whole.difference(&keys).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for beginning in beginnings {
        assert!(keys.iter().any(|key| key.starts_with(&beginning)), "{beginning}…");
    }
    // Both portals' words agree between the languages: `Renderer::new` refuses anything else.
    for renderer in [internal(), external()] {
        assert_eq!(renderer.words(Lang::Zh).text("password"), "密码");
        assert_eq!(renderer.words(Lang::En).text("password"), "Password");
    }
}

#[test]
fn no_word_is_left_over() {
    let (whole, beginnings) = asked();
    let code: String = CODE_FOLDERS.iter().flat_map(|folder| files(folder, ".rs")).map(|(_, text)| text).collect();
    let formats: Vec<&str> = code
        .split("format!(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('{').map(|(start, _)| start))
        .filter(|start| start.ends_with('-') && !start.contains('"'))
        .chain(code.split(".coded(\"").skip(1).filter_map(|rest| rest.split('"').next()))
        .chain(code.split("status_tag(\"").skip(1).filter_map(|rest| rest.split('"').next()))
        .collect();
    let used = |key: &String| {
        whole.contains(key)
            || beginnings.iter().any(|start| key.starts_with(start.as_str()))
            || formats.iter().any(|start| key.starts_with(start))
            || code.contains(&format!("\"{key}\""))
            // Made of two variable parts: `{about}-{state}`, and words of dates used inside other messages.
            || ["source-detail-", "search-detail-", "date-"].iter().any(|start| key.starts_with(start))
    };
    let left: Vec<_> = keys().into_iter().filter(|key| !used(key)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn templates_print_raw_only_what_rust_code_escaped() {
    for (name, text) in templates() {
        for (before, _) in text.match_indices("| safe").map(|(at, _)| text.split_at(at)) {
            let printed = before.rsplit("{{").next().unwrap_or_default().trim();
            assert!(printed.ends_with("_html"), "{name}: {printed} | safe");
        }
        // A script is a file of ours that carries the answer's nonce; nothing else is one.
        let text = text.replace("<script nonce=\"{{ frame.nonce }}\" src=\"{{ asset(path=", "");
        for forbidden in [
            " style=\"",
            "<style",
            "<script",
            " onclick",
            " hx-on",
            "js:",
            " onload",
            "javascript:",
            "http://",
            "https://",
        ] {
            assert!(!text.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (name, text) in templates() {
        for form in text.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let posts = form.contains("method=\"post\"");
            let carries = form.contains("name=\"csrf_token\"") || form.contains("<desk.token />");
            // One that goes to a hospital must not tell it; where hospitals' pages post, no session is, and nothing is done in a name.
            let is_told_elsewhere = form.contains("action=\"{{ url }}\"");
            let arrives = form.contains("id=\"arrive\"");
            assert_eq!(posts && !is_told_elsewhere && !arrives, carries, "{name}: {}", &form[..form.len().min(80)]);
        }
    }
}
