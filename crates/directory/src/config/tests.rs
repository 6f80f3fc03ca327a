use std::fs;

use super::*;

/// The section of the documentation, with files that exist.
fn section(folder: &Path) -> String {
    let password = folder.join("password");
    fs::write(&password, "secret\n").unwrap();
    format!(
        r#"
        id = "region"
        name = {{ zh = "区域平台", en = "Region" }}
        urls = ["ldaps://ldap1.example:636", "ldaps://ldap2.example:636"]
        base_dn = "dc=example,dc=org"
        bind_dn = "cn=portal,dc=example,dc=org"
        bind_password_file = {password:?}
        user_filter = "(&(objectClass=inetOrgPerson)(uid={{uid}}))"
        group_base_dn = "ou=groups,dc=example,dc=org"
        [[role]]
        group = "cn=physicians,ou=groups,dc=example,dc=org"
        role = "clinician"
        [[practitioner]]
        source = "city-first"
        attribute = "employeeNumber"
        "#
    )
}

fn check(change: impl FnOnce(&mut DirectoryConfig, &Path)) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut config: DirectoryConfig = toml::from_str(&section(folder.path())).unwrap();
    change(&mut config, folder.path());
    config.check("directory[0]").into_iter().map(|problem| (problem.path, problem.what)).collect()
}

#[track_caller]
fn refused(key: &str, what: &str, change: impl FnOnce(&mut DirectoryConfig, &Path)) {
    let problems = check(change);
    let [(path, found)] = problems.as_slice() else { panic!("expected one problem, found {problems:?}") };
    assert_eq!(path, &format!("directory[0].{key}"));
    assert!(found.contains(what), "{found:?} does not say {what:?}");
}

#[test]
fn the_documented_section_is_good() {
    assert_eq!(check(|_, _| {}), []);
}

#[test]
fn unknown_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = section(folder.path());
    assert!(toml::from_str::<DirectoryConfig>(&format!("start_tls = true\n{text}")).is_err());
    assert!(toml::from_str::<DirectoryConfig>(&format!("{text}\nrole = \"x\"")).is_err());
}

#[test]
fn plain_ldap_needs_starttls_or_an_explicit_word() {
    let plain = vec!["ldap://ldap1.example".to_owned()];
    refused("urls[0]", "in the clear", |config, _| config.urls = plain.clone());
    assert_eq!(check(|config, _| (config.urls, config.starttls) = (plain.clone(), true)), []);
    assert_eq!(check(|config, _| (config.urls, config.insecure) = (plain.clone(), true)), []);
    refused("insecure", "contradicts", |config, _| {
        (config.urls, config.starttls, config.insecure) = (plain.clone(), true, true);
    });
}

#[test]
fn urls_name_a_server_and_nothing_else() {
    for url in ["ldaps://", "ldap1.example", "ldaps://user@ldap1.example", "ldaps://ldap1.example/dc=x", "ldaps://a b"]
    {
        refused("urls[0]", "not a server's URL", |config, _| config.urls = vec![url.to_owned()]);
    }
    refused("urls[0]", "neither", |config, _| config.urls = vec!["https://ldap1.example".to_owned()]);
    refused("urls", "no server", |config, _| config.urls.clear());
    refused("urls[1]", "stands above", |config, _| config.urls[1] = "ldaps://ldap1.example/".to_owned());
    assert_eq!(check(|config, _| config.urls = vec!["ldaps://127.0.0.1:636".into(), "ldaps://[::1]:636".into()]), []);
}

#[test]
fn files_are_read() {
    refused("bind_password_file", "can't be read", |config, folder| config.bind_password_file = folder.join("none"));
    for content in ["", "\n", "two\nlines\n", "nul\0"] {
        refused("bind_password_file", "empty or has several lines", |config, _| {
            fs::write(&config.bind_password_file, content).unwrap();
        });
    }
    refused("ca_file", "can't be used", |config, folder| config.ca_file = Some(folder.join("none")));
    refused("ca_file", "no certificate", |config, _| config.ca_file = Some(config.bind_password_file.clone()));
}

#[test]
fn names_and_filters_are_parsed() {
    refused("base_dn", "not a DN", |config, _| config.base_dn = "example.org".to_owned());
    refused("base_dn", "is empty", |config, _| config.base_dn.clear());
    refused("bind_dn", "not a DN", |config, _| config.bind_dn = "portal".to_owned());
    refused("group_base_dn", "not a DN", |config, _| config.group_base_dn = Some("groups".to_owned()));
    refused("role[0].group", "not a DN", |config, _| config.role[0].group = "physicians".to_owned());
    refused("role[0].role", "staff group", |config, _| config.role[0].role = "g:Clinician".to_owned());
    refused("user_filter", "no {uid}", |config, _| config.user_filter = "(uid=x)".to_owned());
    refused("user_filter", "not an LDAP search filter", |config, _| config.user_filter = "(uid={uid}".to_owned());
    refused("attributes.stable_id", "attribute name", |config, _| config.attributes.stable_id = "*".to_owned());
    refused("practitioner[0].attribute", "attribute name", |config, _| config.practitioner[0].attribute.clear());
    refused("id", "not a good id", |config, _| config.id = "a/b".to_owned());
    refused("name", "empty", |config, _| config.name.zh.clear());
    refused("timeout_ms", "out of range", |config, _| config.timeout_ms = 60_000);
}

#[test]
fn duplicates_are_found() {
    refused("role[1]", "stand above", |config, _| {
        let mut again = config.role[0].clone();
        again.group = again.group.to_uppercase();
        config.role.push(again);
    });
    refused("practitioner[1].source", "used twice", |config, _| {
        config.practitioner.push(config.practitioner[0].clone())
    });
    let folder = tempfile::tempdir().unwrap();
    let config: DirectoryConfig = toml::from_str(&section(folder.path())).unwrap();
    let problems = DirectoryConfig::check_all(&[config.clone(), config]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, "directory[1].id");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let problems = check(|config, folder| {
        config.base_dn = "x".to_owned();
        config.ca_file = Some(folder.join("none"));
        config.bind_password_file = folder.join("none");
        config.urls = vec!["ldap://a".to_owned(), "ftp://b".to_owned()];
    });
    assert_eq!(problems.len(), 5, "{problems:?}");
}
