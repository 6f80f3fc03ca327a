//! The organisation that the tests sign in to.

use std::fs;
use std::path::PathBuf;

use directory::{Directory, DirectoryConfig, Refusal, SignInError, StaffIdentity};
use testbed::openldap::{OpenLdap, Options};

/// A started server, or `None` in a run that starts none.
pub fn openldap() -> Option<OpenLdap> {
    start(Options::default())
}

pub fn start(options: Options) -> Option<OpenLdap> {
    if testbed::quick() {
        return None;
    }
    Some(OpenLdap::start_with(options).unwrap())
}

/// Settings for a server, reached at `urls`.
pub fn config(server: &OpenLdap, urls: &[&str]) -> DirectoryConfig {
    let text = format!(
        r#"
        id = "region"
        name = {{ zh = "区域平台", en = "Region" }}
        urls = {urls:?}
        starttls = true
        ca_file = {ca:?}
        base_dn = "{base}"
        bind_dn = "{bind}"
        bind_password_file = {password:?}
        user_filter = "(&(objectClass=inetOrgPerson)(uid={{uid}}))"
        group_base_dn = "{groups}"
        [[role]]
        group = "CN=Physicians, {groups}"
        role = "clinician"
        [[role]]
        group = "cn=cardiology,{groups}"
        role = "cardiologist"
        [[role]]
        group = "cn=nurses,{groups}"
        role = "nurse"
        [[role]]
        group = "cn=administrators,{groups}"
        role = "administrator"
        [[practitioner]]
        source = "city-first"
        attribute = "employeeNumber"
        "#,
        ca = server.ca_file,
        base = server.base_dn,
        bind = server.bind_dn,
        password = server.bind_password_file,
        groups = server.group_base_dn,
    );
    toml::from_str(&text).unwrap()
}

/// The directory of a server, reached by StartTLS.
pub fn directory(server: &OpenLdap) -> Directory {
    Directory::new(vec![config(server, &[&server.url])]).unwrap()
}

/// A directory at peers that need not be LDAP servers, in the clear; the folder holds its files.
pub fn at_peers(urls: &[&str], timeout_ms: u64) -> (Directory, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let password: PathBuf = folder.path().join("password");
    fs::write(&password, "service password").unwrap();
    let text = format!(
        r#"
        id = "region"
        name = {{ zh = "区域平台", en = "Region" }}
        urls = {urls:?}
        insecure = true
        base_dn = "dc=x"
        bind_dn = "cn=service,dc=x"
        bind_password_file = {password:?}
        user_filter = "(uid={{uid}})"
        timeout_ms = {timeout_ms}
        "#
    );
    (Directory::new(vec![toml::from_str(&text).unwrap()]).unwrap(), folder)
}

/// The reason of a refusal; anything else fails the test.
#[track_caller]
pub fn reason(outcome: Result<StaffIdentity, SignInError>) -> Refusal {
    match outcome {
        Err(SignInError::Refused(reason)) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
