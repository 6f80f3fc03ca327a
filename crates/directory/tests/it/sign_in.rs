//! People at the sign-in page, against OpenLDAP.

use std::time::{Duration, Instant};

use access::{Classify, Context, Fault, RequestId};
use directory::{Directory, HealthState, Misconfiguration, Reached, Refusal, SignInError, StaffIdentity, Step};
use testbed::openldap::{OpenLdap, Options};

use crate::hospital::{config, directory, openldap, reason, start};

#[tokio::test]
async fn the_right_password_signs_in_over_starttls_and_ldaps() {
    let Some(server) = openldap() else { return };
    for url in [&server.url, &server.ldaps_url] {
        let directory = Directory::new(vec![config(&server, &[url])]).unwrap();
        let person = directory.sign_in(Some("region"), "Li.Wei", "correct horse").await.unwrap();
        assert_eq!((person.username(), person.name(), person.organisation()), ("li.wei", "李伟", "region"));
        assert_eq!(person.department(), Some("心内科"));
        assert_eq!(person.groups(), ["cardiologist", "clinician"]);
        assert_eq!(person.practitioner().get("city-first").map(String::as_str), Some("D-1001"));
        let uuid = person.subject().as_str().strip_prefix("u:region/").unwrap();
        assert_eq!(uuid.len(), 36, "an entryUUID: {uuid}");
        assert_eq!(directory.find(None, "li.wei").await.unwrap(), person);
    }
}

#[tokio::test]
async fn where_somebody_is_reached_is_read_where_it_is_named_and_is_in_no_session() {
    let Some(server) = openldap() else { return };
    let mut config = config(&server, &[&server.url]);
    let unnamed = Directory::new(vec![config.clone()]).unwrap().find(None, "li.wei").await.unwrap();
    assert_eq!(unnamed.reached(), &Reached::default());
    config.attributes.mail = Some("mail".to_owned());
    config.attributes.mobile = Some("MOBILE".to_owned());
    let directory = Directory::new(vec![config]).unwrap();
    let person = directory.sign_in(None, "li.wei", "correct horse").await.unwrap();
    let reached = person.reached();
    assert_eq!(
        (reached.mail.as_deref(), reached.mobile.as_deref()),
        (Some("li.wei@region.example"), Some("+86 139 0000 1001"))
    );
    for kept in [serde_json::to_string(&person).unwrap(), format!("{person:?}")] {
        assert!(!kept.contains("@region.example") && !kept.contains("139"), "{kept}");
    }
    let without = directory.find(None, "zhang.wei").await.unwrap();
    assert_eq!(without.reached(), &Reached::default());
}

#[tokio::test]
async fn an_identity_survives_the_session_and_becomes_a_context() {
    let Some(server) = openldap() else { return };
    let person = directory(&server).sign_in(None, "zhang.wei", "密码 with 空格").await.unwrap();
    let kept = serde_json::to_string(&person).unwrap();
    assert!(!kept.contains("空格"));
    let person: StaffIdentity = serde_json::from_str(&kept).unwrap();
    let context = person.context(RequestId("r-1".to_owned()));
    let actor = context.actor();
    assert_eq!((actor.subject, actor.name), (person.subject(), "张伟 主任医师"));
    let groups: Vec<&str> = actor.groups.iter().map(|group| group.as_str()).collect();
    assert_eq!(groups, ["g:administrator", "g:clinician"]);
}

#[tokio::test]
async fn refusals_look_alike_outside_and_differ_in_the_log() {
    let Some(server) = openldap() else { return };
    let directory = directory(&server);
    let wrong = Refusal::WrongPassword { detail: None };
    for (username, password, expect) in [
        ("li.wei", "wrong", wrong.clone()),
        ("li.wei", "Correct horse", wrong.clone()),
        ("o'brien", "correct horse", wrong),
        ("nobody.here", "correct horse", Refusal::Unknown),
        ("twin", "twin", Refusal::Ambiguous),
        ("", "correct horse", Refusal::Username),
        ("li.wei\0", "correct horse", Refusal::Username),
        ("li.wei", "", Refusal::Password),
        ("li.wei", "correct horse\0", Refusal::Password),
    ] {
        let error = directory.sign_in(None, username, password).await.unwrap_err();
        assert_eq!(error.fault(), Fault::NotSignedIn);
        assert_eq!(reason(Err(error)), expect, "{username:?}");
    }
    assert!(matches!(directory.sign_in(Some("else"), "li.wei", "x").await, Err(SignInError::Organisation)));
}

#[tokio::test]
async fn an_unknown_name_costs_the_same_round_trips_as_a_wrong_password() {
    let Some(server) = openldap() else { return };
    let directory = directory(&server);
    let mut operations = Vec::new();
    for username in ["li.wei", "nobody.here", "twin"] {
        let before = server.log().len();
        reason(directory.sign_in(None, username, "wrong").await);
        // slapd may write what it has answered, and the end of a connection, a moment later.
        let begun = Instant::now();
        let log = loop {
            let log = server.log();
            let count = |what: &str| log[before..].lines().filter(|line| line.contains(what)).count();
            if count("method=128") == count(" RESULT tag=97") && count("method=128") > 0 {
                break log;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "a bind without an answer: {}", &log[before..]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let count = |what: &str| log[before..].lines().filter(|line| line.contains(what)).count();
        operations.push((count(" ACCEPT "), count(" STARTTLS"), count(" BIND dn=") + count(" RESULT tag=97")));
    }
    assert_eq!(operations[0], operations[1]);
    assert_eq!(operations[0], operations[2]);
}

#[tokio::test]
async fn an_empty_password_is_refused_where_the_server_would_let_it_in() {
    let Some(server) = start(Options { unauthenticated_binds: true }) else { return };
    let (driver, mut ldap) = ldap3::LdapConnAsync::new(&server.url).await.unwrap();
    let driver = tokio::spawn(driver.drive());
    let dn = format!("uid=li.wei,{}", server.base_dn);
    assert_eq!(ldap.simple_bind(&dn, "").await.unwrap().rc, 0, "this server accepts unauthenticated binds");
    driver.abort();

    let before = server.log().len();
    assert_eq!(reason(directory(&server).sign_in(None, "li.wei", "").await), Refusal::Password);
    assert!(!server.log()[before..].contains("ACCEPT"), "refused before any connection");
}

#[tokio::test]
async fn unusual_names_and_passwords_sign_in() {
    let Some(server) = openldap() else { return };
    let directory = directory(&server);
    for (uid, password) in [("张伟", "pässword 🔑"), ("a,b+c=d", "x"), ("back\\slash", "\\"), ("paren(the)sis*", "*")]
    {
        server.add(&OpenLdap::person(uid, "Somebody", password, &[])).unwrap();
        let person = directory.sign_in(None, uid, password).await.unwrap();
        assert_eq!((person.username(), person.name()), (uid, "Somebody"));
        assert_eq!(reason(directory.sign_in(None, uid, "wrong").await), Refusal::WrongPassword { detail: None });
    }
    let person = directory.sign_in(None, "o'brien", "it's me").await.unwrap();
    assert_eq!(person.name(), "Pat O'Brien (locum), MD");
}

#[tokio::test]
async fn settings_that_do_not_fit_are_told_apart() {
    let Some(server) = openldap() else { return };
    let good = config(&server, &[&server.url]);
    let outcome = async |change: fn(&mut directory::DirectoryConfig)| {
        let mut config = good.clone();
        change(&mut config);
        match Directory::new(vec![config]).unwrap().sign_in(None, "li.wei", "correct horse").await {
            Err(error @ SignInError::Misconfigured { .. }) => {
                assert_eq!(error.fault(), Fault::Unavailable);
                let SignInError::Misconfigured { fault, .. } = error else { unreachable!() };
                fault
            }
            other => panic!("expected a misconfiguration, got {other:?}"),
        }
    };
    let wrong = |config: &mut directory::DirectoryConfig| config.bind_dn = "cn=other,dc=hospital,dc=test".to_owned();
    assert_eq!(outcome(wrong).await, Misconfiguration::ServiceBind(49));
    let wrong = |config: &mut directory::DirectoryConfig| config.base_dn = "ou=none,dc=hospital,dc=test".to_owned();
    assert_eq!(outcome(wrong).await, Misconfiguration::Search(32));
    let wrong = |config: &mut directory::DirectoryConfig| {
        config.group_base_dn = Some("ou=none,dc=hospital,dc=test".to_owned());
    };
    assert_eq!(outcome(wrong).await, Misconfiguration::GroupSearch(32));
    let wrong = |config: &mut directory::DirectoryConfig| config.attributes.stable_id = "objectGUID".to_owned();
    assert_eq!(outcome(wrong).await, Misconfiguration::StableId("objectGUID".to_owned()));
}

#[tokio::test]
async fn an_operator_sees_each_step_at_each_server() {
    let Some(mut server) = openldap() else { return };
    let directory = Directory::new(vec![config(&server, &[&server.ldaps_url, &server.url])]).unwrap();
    let trials = directory.explain(None, "li.wei").await.unwrap();
    assert!(trials.iter().all(|trial| trial.outcome.is_ok()), "{trials:?}");
    let steps: Vec<Step> = trials.iter().map(|trial| trial.step).collect();
    let all = [Step::Connect, Step::Tls, Step::ServiceBind, Step::Search, Step::Groups];
    assert_eq!(steps, [all, all].concat());
    assert!(trials[4].outcome.as_ref().unwrap().contains("clinician"));
    assert_eq!(directory.health().await[0].state, HealthState::Ready);

    let trials = directory.explain(None, "nobody.here").await.unwrap();
    let last = trials.last().unwrap();
    assert_eq!((last.step, last.outcome.is_err(), last.cure.is_some()), (Step::Search, true, true));

    server.stop().unwrap();
    let trials = directory.explain(None, "li.wei").await.unwrap();
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|trial| trial.step == Step::Connect && trial.cure.is_some()), "{trials:?}");
}

#[tokio::test]
async fn health_is_that_of_each_organisation() {
    let Some(server) = openldap() else { return };
    let mut other = config(&server, &[&server.url]);
    other.id = "other".to_owned();
    other.bind_dn = "cn=other,dc=hospital,dc=test".to_owned();
    let directory = Directory::new(vec![config(&server, &[&server.url]), other]).unwrap();
    let health = directory.health().await;
    assert_eq!((health[0].organisation.as_str(), &health[0].state), ("region", &HealthState::Ready));
    assert!(matches!(health[1].state, HealthState::Misconfigured(_)), "{health:?}");
    assert!(!health[1].state.is_usable());
    assert!(matches!(directory.sign_in(None, "li.wei", "correct horse").await, Err(SignInError::Organisation)));
    assert!(directory.sign_in(Some("region"), "li.wei", "correct horse").await.is_ok());
}

/// The futures are used by handlers that move between threads.
#[test]
fn operations_may_move_between_threads() {
    fn movable<T: Send>(_: &T) {}
    fn check(directory: &Directory) {
        movable(&directory.sign_in(None, "", ""));
        movable(&directory.find(None, ""));
        movable(&directory.explain(None, ""));
        movable(&directory.health());
    }
    check(&Directory::new(Vec::new()).unwrap());
}
