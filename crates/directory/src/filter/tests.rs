use proptest::prelude::*;

use super::*;

#[test]
fn a_place_for_the_name_is_required_where_a_value_stands() {
    for (text, expect) in [
        ("(uid={uid})", Ok(vec!["uid"])),
        ("(&(objectClass=inetOrgPerson)(uid={uid}))", Ok(vec!["uid"])),
        ("(|(uid={uid})(mail={uid})(UID={uid}))", Ok(vec!["uid", "mail"])),
        ("(userPrincipalName={uid}@hospital.test)", Ok(vec!["userPrincipalName"])),
        ("(uid:caseExactMatch:={uid})", Ok(vec!["uid"])),
        ("(uid=li.wei)", Err(FilterError::NoPlace)),
        ("", Err(FilterError::NoPlace)),
        ("(uid={uid}", Err(FilterError::Syntax)),
        ("uid={uid})(", Err(FilterError::Syntax)),
        ("({uid}=a)", Err(FilterError::Syntax)),
        ("(uid:{uid}:=a)", Err(FilterError::Syntax)),
        ("{uid}", Err(FilterError::Syntax)),
    ] {
        let parsed = FilterTemplate::parse(text).map(|template| template.attributes().to_vec());
        assert_eq!(parsed, expect.map(|names| names.into_iter().map(str::to_owned).collect()), "{text:?}");
    }
}

#[test]
fn what_is_typed_stays_a_value() {
    let template = FilterTemplate::parse("(&(objectClass=person)(uid={uid}))").unwrap();
    let filled = template.fill("*)(uid=*");
    assert_eq!(filled.as_str(), r"(&(objectClass=person)(uid=\2a\29\28uid=\2a))");
    assert_eq!(Filter::equal("member", r"cn=a\2cb").as_str(), r"(member=cn=a\5c2cb)");
}

proptest! {
    /// The shape of the filter is that of a harmless name, whatever is typed.
    #[test]
    fn no_name_changes_the_shape(name in any::<String>()) {
        let template = FilterTemplate::parse("(&(objectClass=person)(|(uid={uid})(mail={uid})))").unwrap();
        let filled = template.fill(&name);
        let count = |text: &str, c: char| text.matches(c).count();
        for special in ['(', ')', '*'] {
            prop_assert_eq!(count(filled.as_str(), special), count(template.fill("a").as_str(), special));
        }
        prop_assert!(ldap3::parse_filter(filled.as_str()).is_ok());
    }
}
