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
fn dates_are_written_as_the_platform_wants_them() {
    use fhir::DayPrefix::{NotAfter, NotBefore};
    let check = |id: &str, prefix, expect: &str| {
        let pair = shipped(id).by_day("date", prefix, "2026-01-31");
        assert_eq!(pair, ("date".to_owned(), expect.to_owned()), "{id}");
    };
    check("plain", NotBefore, "ge2026-01-31");
    check("epic-like", NotAfter, "le2026-01-31");
    check("cerner-like", NotBefore, "ge2026-01-31T00:00:00Z");
    check("cerner-like", NotAfter, "le2026-01-31T23:59:59Z");
}

#[test]
fn what_a_vendor_cannot_do_is_known() {
    assert!(
        shipped("athena-like").page_size <= 100
            && shipped("cerner-like").page_size <= 100
            && shipped("legacy").page_size <= 50
    );
    assert_eq!(shipped("legacy").lost_connections.map(|rule| rule.again), Some(1));
    assert!(shipped("legacy").no_includes.is_some());
    for id in ["plain", "epic-like", "cerner-like", "athena-like"] {
        assert!(shipped(id).lost_connections.is_none() && shipped(id).no_includes.is_none(), "{id}");
    }
    let charges = shipped("cerner-like").query("charges", "ChargeItem", "Encounter/7");
    assert_eq!(charges.params, [("context".to_owned(), "Encounter/7".to_owned())]);
}

#[test]
fn every_vendors_file_is_good_and_says_where_its_facts_come_from() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/platforms");
    let mut ids: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let id = file.file_stem().unwrap().to_str().unwrap();
        let platform = shipped(id);
        let why = |fact: Option<&String>| fact.is_none_or(|why| why.contains("https://"));
        let smart = &platform.smart;
        let reasons = [
            smart.flows.as_ref().map(|fact| &fact.why),
            smart.scopes.as_ref().map(|fact| &fact.why),
            smart.pkce.as_ref().map(|fact| &fact.why),
            smart.client_authentication.as_ref().map(|fact| &fact.why),
            smart.audience.as_ref().map(|fact| &fact.why),
            platform.everything.as_ref().map(|fact| &fact.why),
            platform.rate_limit.as_ref().map(|fact| &fact.why),
        ];
        assert!(reasons.into_iter().all(why), "{id}: a fact of signing in without an address");
        ids.push(id.to_owned());
    }
    for vendor in ["epic", "cerner", "athena", "hapi", "medplum", "azure-fhir", "openemr"] {
        assert!(ids.iter().any(|id| id == vendor) && shipped(vendor).registration.is_some(), "{vendor}");
    }
    assert_eq!(shipped("epic").everything.map(|fact| fact.value), Some(false));
    assert_eq!(shipped("hapi").everything.map(|fact| fact.value), Some(true));
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
    let rules = "page_size = 5\n[dates]\nform = \"instant\"\nwhy = \"\"\n[lost_connections]\nagain = 9\nwhy = \"w\"\n";
    assert_eq!(paths(rules), ["dates.why", "lost_connections.again"]);
    assert_eq!(paths("page_size = 50\nquirk = true"), ["syntax"]);
    assert_eq!(paths(""), ["syntax"]);
    let facts = "page_size = 5\n[everything]\nvalue = true\nwhy = \"\"\n[smart]\n\
        scopes = { value = [\"v1\", \"v1\"], why = \"w\" }\nflows = { value = [], why = \"w\" }\n\
        [rate_limit]\nvalue = { requests = 0, seconds = 60 }\nwhy = \"w\"\n\
        [registration]\nzh = \"\"\nen = \"e\"\ndocumentation = \"http://x.example\"\n\
        [[header]]\nname = \"Authorization\"\nwhy = \"w\"\n";
    let wrong = ["everything.why", "rate_limit.value", "header[0].name", "smart.flows.value", "smart.scopes.value"];
    assert_eq!(paths(facts), [&wrong[..], &["registration.zh", "registration.documentation"]].concat());
    assert_eq!(paths("page_size = 5\n[smart]\npkce = { value = \"plain\", why = \"w\" }\n"), ["syntax"]);
    let twice = "page_size = 5000\n\
        [[query]]\nsection = \"s\"\ntype = \"T\"\nfilters = [\"a\"]\nwhy = \"\"\n\
        [[query]]\nsection = \"s\"\ntype = \"T\"\nwhy = \"w\"\n\
        [[issue]]\ncode = \"1\"\nmeaning = \"harmless\"\nwhy = \" \"\n";
    assert_eq!(paths(twice), ["page_size", "query[0].filters", "query[0].why", "query[1]", "issue[0].why"]);
}
