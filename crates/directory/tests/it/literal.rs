//! Whatever is typed as a user name is that name and nothing else.

use directory::{Directory, Refusal, SignInError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use testbed::openldap::OpenLdap;

use crate::hospital::{directory, openldap, reason};

#[tokio::test]
async fn filter_syntax_signs_nobody_in() {
    let Some(server) = openldap() else { return };
    let directory = directory(&server);
    for name in ["*", "*)(uid=*", "li*", "li.wei)(|(uid=*", "*))(|(uid=*", "\\2a", "li.wei\\", "(uid=li.wei)", "|", "&"]
    {
        assert_eq!(reason(directory.sign_in(None, name, "correct horse").await), Refusal::Unknown, "{name:?}");
    }
}

/// Compared as directories compare user names: without regard to case and padding.
fn loosely(name: &str) -> String {
    name.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

async fn check(directory: &Directory, typed: &str) -> Result<(), TestCaseError> {
    match directory.find(None, typed).await {
        Ok(person) => prop_assert_eq!(loosely(person.username()), loosely(typed)),
        Err(SignInError::Refused(Refusal::Unknown | Refusal::Username)) => {}
        Err(error) => prop_assert!(false, "{typed:?}: {error:?}"),
    }
    Ok(())
}

#[test]
fn any_string_matches_only_its_literal_uid() {
    let Some(server) = openldap() else { return };
    for (place, uid) in ["*", "a*b", "(c)", "d\\e", "*)(uid=*", "a"].into_iter().enumerate() {
        server.add(&OpenLdap::person(uid, &format!("Person {place}"), "secret", &[])).unwrap();
    }
    let directory = directory(&server);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for uid in ["*", "a*b", "(c)", "d\\e", "*)(uid=*", "a"] {
        assert_eq!(runtime.block_on(directory.find(None, uid)).unwrap().username(), uid);
    }
    let names = prop_oneof![
        any::<String>().prop_map(|text| text.chars().take(60).collect()),
        r"[abcde*()\\&|!=<>~:, 李#+;'\x00-\x20]{1,8}",
        r"(\*|a|\(|\)|uid=|\||&|\\2a|\\00|li\.wei|o'brien){1,5}",
    ];
    TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })
        .run(&names, |typed: String| runtime.block_on(check(&directory, &typed)))
        .unwrap();
}
