//! The staff directory over the wire, with an LDAP client of others.

use std::{collections::HashSet, sync::Arc};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchEntry, StdStream, exop::WhoAmI};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sandbox::{Config, DirectoryConfig, Region, Running};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use tokio_rustls::TlsConnector;

use crate::{config, shared};

const LI_WEI: &str = "uid=li.wei,ou=people,dc=region,dc=example";

/// The StartTLS request (RFC 4511, 4.14) as message 1, and the head of its success.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// A connection secured by StartTLS that trusts the published CA only. The client speaks plain LDAP into a socket pair.
async fn connect(region: &Running) -> Ldap {
    let mut stream = TcpStream::connect(region.directory_url.trim_start_matches("ldap://")).await.unwrap();
    stream.write_all(START_TLS).await.unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).await.unwrap();
    // extended response [APPLICATION 24], resultCode success
    assert!(answer[..length].windows(5).any(|part| part[0] == 0x78 && part[2..] == [0x0a, 0x01, 0x00]));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(region.directory_ca_pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();

    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    let mut far = tokio::net::UnixStream::from_std(far).unwrap();
    tokio::spawn(async move { tokio::io::copy_bidirectional(&mut far, &mut secured).await });
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(near));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///").await.unwrap();
    tokio::spawn(connection.drive());
    ldap
}

async fn as_service(region: &Running) -> Ldap {
    let mut ldap = connect(region).await;
    let (dn, password) = (&region.directory.bind_dn, &region.directory.bind_password);
    ldap.simple_bind(dn, password).await.unwrap().success().unwrap();
    ldap
}

async fn search(ldap: &mut Ldap, base: &str, scope: Scope, filter: &str, attributes: Vec<&str>) -> Vec<SearchEntry> {
    let (entries, _) = ldap.search(base, scope, filter, attributes).await.unwrap().success().unwrap();
    entries.into_iter().map(SearchEntry::construct).collect()
}

#[tokio::test]
async fn staff_bind_with_their_password_only() {
    let region = shared();
    let mut ldap = connect(region).await;
    for (dn, password, code) in [
        (LI_WEI, "demo-li.wei", 0),
        ("UID=Li.Wei, ou=people, dc=region,dc=example", "demo-li.wei", 0),
        (LI_WEI, "wrong", 49),
        (LI_WEI, "", 53),
        ("uid=nobody,ou=people,dc=region,dc=example", "demo-li.wei", 49),
        ("ou=people,dc=region,dc=example", "x", 49),
        ("", "", 0),
    ] {
        assert_eq!(ldap.simple_bind(dn, password).await.unwrap().rc, code, "{dn} {password}");
    }
}

#[tokio::test]
async fn the_ca_is_written_where_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tls/ca.pem");
    let directory = DirectoryConfig { ca_file: Some(path.clone()), ..DirectoryConfig::default() };
    let region = Region::start(Config { directory, ..config() }).await.unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), region.directory_ca_pem);
    region.stop().await;
}

#[tokio::test]
async fn who_am_i_names_the_bound_entry() {
    let region = shared();
    let mut ldap = connect(region).await;
    let who = async |ldap: &mut Ldap| {
        let (answer, _) = ldap.extended(WhoAmI).await.unwrap().success().unwrap();
        answer.val.map(|value| String::from_utf8(value).unwrap()).unwrap_or_default()
    };
    assert_eq!(who(&mut ldap).await, "");
    ldap.simple_bind(LI_WEI, "demo-li.wei").await.unwrap().success().unwrap();
    assert_eq!(who(&mut ldap).await, format!("dn:{LI_WEI}"));
    // a failed bind leaves the connection anonymous
    ldap.simple_bind(LI_WEI, "wrong").await.unwrap();
    assert_eq!(who(&mut ldap).await, "");
}

#[tokio::test]
async fn the_service_account_finds_people_and_groups() {
    let region = shared();
    let mut ldap = as_service(region).await;
    let base = region.directory.base_dn.clone();
    let filter = "(&(objectClass=inetOrgPerson)(uid=li.wei))";
    let found =
        search(&mut ldap, &base, Scope::Subtree, filter, vec!["cn", "memberOf", "entryUUID", "employeeNumber"]).await;
    assert_eq!((found.len(), found[0].dn.as_str()), (1, LI_WEI));
    assert_eq!(found[0].attrs["cn"], ["李伟"]);
    assert_eq!(found[0].attrs["memberOf"], ["cn=physicians,ou=groups,dc=region,dc=example"]);
    assert_eq!(found[0].attrs["entryUUID"][0].len(), 36);
    assert!(!found[0].attrs.contains_key("mail"));

    let groups = region.directory.group_base_dn.clone();
    let filter = format!("(&(objectClass=groupOfNames)(member={LI_WEI}))");
    let found = search(&mut ldap, &groups, Scope::OneLevel, &filter, vec!["cn"]).await;
    assert_eq!(found.iter().map(|group| &group.attrs["cn"][0]).collect::<Vec<_>>(), ["physicians"]);

    let all = search(&mut ldap, &base, Scope::Subtree, "(objectClass=inetOrgPerson)", vec!["*"]).await;
    assert!(all.len() >= 12);
    assert!(
        all.iter().all(|entry| !entry.attrs.contains_key("userPassword") && !entry.attrs.contains_key("entryUUID"))
    );
    let known: HashSet<_> = region.staff.iter().map(|staff| staff.username.as_str()).collect();
    assert_eq!(all.iter().map(|entry| entry.attrs["uid"][0].as_str()).collect::<HashSet<_>>(), known);

    assert_eq!(search(&mut ldap, LI_WEI, Scope::Base, "(objectClass=*)", vec!["1.1"]).await.len(), 1);
    let nowhere =
        ldap.search("ou=nowhere,dc=region,dc=example", Scope::Base, "(objectClass=*)", vec!["cn"]).await.unwrap();
    assert_eq!(nowhere.1.rc, 32);
}

#[tokio::test]
async fn filters_find_the_right_people() {
    let region = shared();
    let mut ldap = as_service(region).await;
    for (filter, expected) in [
        ("(uid=LI.WEI)", vec!["li.wei"]),
        ("(&(objectClass=inetOrgPerson)(cn=李伟))", vec!["li.wei"]),
        ("(|(uid=li.wei)(uid=admin))", vec!["admin", "li.wei"]),
        ("(&(uid=wu*)(!(uid=*x*)))", vec!["wu.ting"]),
        ("(uid=*.w*i)", vec!["li.wei"]),
        ("(memberOf=cn=portal-admins, ou=groups, dc=region,dc=example)", vec!["admin"]),
        ("(&(!(memberOf=*))(uid=*))", vec!["he.xin"]),
        ("(uid=\\2a)", vec![]),
        ("(userPassword=*)", vec![]),
    ] {
        let mut found = search(&mut ldap, "ou=people,dc=region,dc=example", Scope::OneLevel, filter, vec!["uid"]).await;
        found.sort_by(|a, b| a.dn.cmp(&b.dn));
        assert_eq!(found.iter().map(|entry| &*entry.attrs["uid"][0]).collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[tokio::test]
async fn nobody_searches_unbound_but_the_server_says_what_it_is() {
    let region = shared();
    let mut ldap = connect(region).await;
    let refused = ldap.search(&region.directory.base_dn, Scope::Subtree, "(uid=*)", vec!["uid"]).await.unwrap();
    assert_eq!((refused.0.len(), refused.1.rc), (0, 50));
    let root = search(&mut ldap, "", Scope::Base, "(objectClass=*)", vec!["namingContexts"]).await;
    assert_eq!(root[0].attrs["namingContexts"], ["dc=region,dc=example"]);
}

#[tokio::test]
async fn no_password_is_taken_in_clear() {
    let region = shared();
    let (connection, mut ldap) = LdapConnAsync::new(&region.directory_url).await.unwrap();
    tokio::spawn(connection.drive());
    assert_eq!(ldap.simple_bind(LI_WEI, "demo-li.wei").await.unwrap().rc, 13);
}

#[tokio::test]
async fn oversized_and_deeply_nested_requests_end_the_connection() {
    let region = shared();
    let address = region.directory_url.trim_start_matches("ldap://").to_owned();
    // 5000 sequences, each holding the next: complete, and far below the size limit
    let nested: Vec<u8> =
        (0..5000_u16).rev().flat_map(|inner| [0x30, 0x82, ((inner * 4) >> 8) as u8, (inner * 4) as u8]).collect();
    let huge = [&[0x30, 0x84, 0x00, 0x20, 0x00, 0x00][..], &vec![0; 300_000]].concat();
    for hostile in [nested, huge] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        // the server may hang up while this is still being sent
        let _ = stream.write_all(&hostile).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    as_service(region).await.unbind().await.unwrap();
}
