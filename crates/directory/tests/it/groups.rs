//! Directory groups become staff groups.

use directory::Directory;

use crate::hospital::{config, directory, openldap};

#[tokio::test]
async fn groups_count_by_member_unique_member_member_uid_and_nesting() {
    let Some(server) = openldap() else { return };
    let directory = directory(&server);
    for (username, groups) in [
        ("li.wei", ["cardiologist", "clinician"].as_slice()),
        ("zhang.wei", &["administrator", "clinician"]),
        ("o'brien", &["nurse"]),
        ("nobody", &[]),
    ] {
        assert_eq!(directory.find(None, username).await.unwrap().groups(), groups, "{username}");
    }
}

#[tokio::test]
async fn nesting_ends_after_eight_levels() {
    let Some(server) = openldap() else { return };
    let base = &server.group_base_dn;
    let mut inner = format!("uid=nobody,{}", server.base_dn);
    for level in 0..12 {
        let dn = format!("cn=level-{level},{base}");
        server.add(&format!("dn: {dn}\nobjectClass: groupOfNames\ncn: level-{level}\nmember: {inner}\n")).unwrap();
        inner = dn;
    }
    let mut config = config(&server, &[&server.url]);
    let rule = config.role[0].clone();
    config.role = (0..12)
        .map(|level| directory::RoleRule {
            group: format!("cn=level-{level},{base}"),
            role: format!("level-{level:02}"),
        })
        .chain([rule])
        .collect();
    let person = Directory::new(vec![config]).unwrap().find(None, "nobody").await.unwrap();
    let levels: Vec<String> = (0..=8).map(|level| format!("level-{level:02}")).collect();
    assert_eq!(person.groups(), levels);
}

#[tokio::test]
async fn without_a_place_for_groups_the_entry_itself_counts() {
    let Some(server) = openldap() else { return };
    let mut config = config(&server, &[&server.url]);
    config.group_base_dn = None;
    let directory = Directory::new(vec![config]).unwrap();
    assert_eq!(directory.find(None, "li.wei").await.unwrap().groups(), ["cardiologist"]);
}
