use super::*;

#[test]
fn a_password_that_proves_nothing_is_refused() {
    for password in ["", "a\0b", &"x".repeat(1025)] {
        assert_eq!(acceptable_password(password), Err(Refusal::Password));
    }
    for password in [" ", "密码", &"x".repeat(1024)] {
        assert_eq!(acceptable_password(password), Ok(()));
    }
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "  ", "a\0b", "a\nb", &"x".repeat(257)] {
        assert_eq!(people::acceptable_username(name), Err(Refusal::Username));
    }
    for name in ["li.wei", "o'brien", "张伟", "*)(uid=*", &"x".repeat(256)] {
        assert_eq!(people::acceptable_username(name), Ok(()));
    }
}

#[test]
fn the_connection_must_be_the_persons() {
    let name = Dn::parse("uid=li.wei,ou=people,dc=x").unwrap();
    for identity in ["dn:UID=li.wei, OU=People,DC=x", r"u:HOSPITAL\li.wei"] {
        assert!(is_person(identity, &name), "{identity:?}");
    }
    for identity in ["", "dn:", "u:", "u: ", "dn:uid=other,ou=people,dc=x", "dn:uid=li.wei,ou=people", "li.wei"] {
        assert!(!is_person(identity, &name), "{identity:?}");
    }
}

#[test]
fn only_zero_is_a_sign_in() {
    let answer = |code: u32, text: &str| bound(&BindAnswer { code, text: text.to_owned() });
    assert!(answer(0, "").is_ok());
    let text = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1";
    let wrong = |detail: Option<&str>| Refusal::WrongPassword { detail: detail.map(str::to_owned) };
    assert!(matches!(answer(49, text), Err(Obstacle::Refused(reason)) if reason == wrong(Some("52e"))));
    assert!(matches!(answer(49, ""), Err(Obstacle::Refused(reason)) if reason == wrong(None)));
    for code in [10, 14, 19, 32, 48, 53] {
        assert!(matches!(answer(code, ""), Err(Obstacle::Refused(Refusal::Denied(refused))) if refused == code));
    }
    assert!(matches!(answer(13, ""), Err(Obstacle::Misconfigured(Misconfiguration::Confidentiality(13)))));
}

/// The second line of defence: were an empty password to reach the bind, the server would say 0.
#[tokio::test]
async fn a_bind_that_proves_nothing_is_noticed_by_who_am_i() {
    if testbed::quick() {
        return;
    }
    let options = testbed::openldap::Options { unauthenticated_binds: true };
    let ldap = testbed::openldap::OpenLdap::start_with(options).unwrap();
    let config: DirectoryConfig = toml::from_str(&format!(
        r#"
        id = "region"
        name = {{ zh = "区域平台", en = "Region" }}
        urls = ["{}"]
        ca_file = {:?}
        base_dn = "{}"
        bind_dn = "{}"
        bind_password_file = {:?}
        user_filter = "(uid={{uid}})"
        "#,
        ldap.ldaps_url, ldap.ca_file, ldap.base_dn, ldap.bind_dn, ldap.bind_password_file
    ))
    .unwrap();
    let organisation = Organisation::new(config.settings("directory[0]").unwrap());
    let server = &organisation.settings.servers[0];
    let deadline = Instant::now() + organisation.settings.timeout;
    let mut service = organisation.service(server, deadline).await.unwrap();
    let person = people::find(&mut service, &organisation.settings, "li.wei").await.unwrap();

    let mut connection = Connection::open(server, deadline).await.unwrap();
    assert_eq!(connection.bind(&person.dn, "").await.unwrap().code, 0, "this server accepts unauthenticated binds");
    let outcome = prove(server, deadline, &person, "").await;
    assert!(matches!(outcome, Err(Obstacle::Refused(Refusal::OtherIdentity))), "{outcome:?}");
    assert!(prove(server, deadline, &person, "correct horse").await.is_ok());
}
