//! The platform files that come with the portal, and files that must not pass.

use fhir::{FilterTrust, IssueMeaning, Platform, PlatformError};

pub fn shipped(id: &str) -> Platform {
    let path = format!("{}/../../config/platforms/{id}.toml", env!("CARGO_MANIFEST_DIR"));
    let platform = Platform::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(platform.id, id);
    platform
}

#[test]
fn a_query_names_the_patient_and_the_platforms_filters() {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let query = shipped("plain").query("lab-results", "Observation", "p1");
    assert_eq!(query.params, pairs(&[("patient", "p1"), ("category", "laboratory")]));
    assert_eq!(query.by_patient_only, Some(pairs(&[("patient", "p1")])));
    assert_eq!(query.trust, FilterTrust::Probe);
    let query = shipped("epic-like").query("lab-results", "Observation", "p1");
    assert_eq!(query.trust, FilterTrust::Trusted);
    // A section nobody has written down is asked for as FHIR means it.
    let query = shipped("plain").query("orders", "ServiceRequest", "p1");
    assert_eq!((query.params, query.by_patient_only), (pairs(&[("patient", "p1")]), None));
}

#[test]
fn issues_mean_what_the_platform_says_else_what_fhir_says() {
    let epic = shipped("epic-like");
    let check = |code: &str, kind: &str, expect| assert_eq!(epic.meaning(&[code.to_owned()], kind), expect, "{code}");
    check("4101", "processing", Some(IssueMeaning::NothingFound));
    check("4113", "expired", Some(IssueMeaning::SessionExpired));
    check("4119", "processing", Some(IssueMeaning::Incomplete));
    check("4130", "suppressed", Some(IssueMeaning::BreakTheGlass));
    check("9999", "suppressed", Some(IssueMeaning::Incomplete));
    check("9999", "not-supported", Some(IssueMeaning::NotSupported));
    check("9999", "invalid", None);
    assert_eq!(shipped("plain").meaning(&["4101".into()], "processing"), None);
}

#[test]
fn a_wrong_file_is_refused_with_every_mistake_named() {
    let head = "id = \"x\"\nname = \"X\"\ndocumentation = \"https://x.example\"\npage_size_why = \"y\"\n";
    let paths = |rest: &str| -> Vec<String> {
        let problems = Platform::from_toml(&format!("{head}{rest}")).unwrap_err();
        let path = |problem| match problem {
            PlatformError::Value { path, .. } => path,
            PlatformError::Syntax(_) => "syntax".to_owned(),
        };
        problems.into_iter().map(path).collect()
    };
    assert_eq!(paths("page_size = 0"), ["page_size"]);
    assert_eq!(paths("page_size = 50\nquirk = true"), ["syntax"]);
    assert_eq!(paths(""), ["syntax"]);
    let twice = "page_size = 5000\n\
        [[query]]\nsection = \"s\"\ntype = \"T\"\nfilters = [\"a\"]\nwhy = \"\"\n\
        [[query]]\nsection = \"s\"\ntype = \"T\"\nwhy = \"w\"\n\
        [[issue]]\ncode = \"1\"\nmeaning = \"harmless\"\nwhy = \" \"\n";
    assert_eq!(paths(twice), ["page_size", "query[0].filters", "query[0].why", "query[1]", "issue[0].why"]);
}
