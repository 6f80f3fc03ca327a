use proptest::prelude::*;

use super::*;

fn same(left: &str, right: &str) {
    assert_eq!(Dn::parse(left).unwrap(), Dn::parse(right).unwrap(), "{left:?} and {right:?}");
}

#[test]
fn spellings_of_one_name_are_equal() {
    same("CN=Physicians, OU=Groups ,dc=x", "cn=physicians,ou=groups,DC=X");
    same(r"cn=a\2cb,dc=x", r"cn=a\,b,dc=x");
    same(r"cn=\e6\9d\8e\e4\bc\9f,dc=x", "cn=李伟,dc=x");
    same("cn=two  words,dc=x", "cn= Two Words ,dc=x");
    same("uid=a+cn=b,dc=x", "cn=b+uid=a,dc=x");
    same("uid=o'brien,dc=x", "UID=O'Brien,dc=x");
    same("", " ");
}

#[test]
fn other_names_are_not_equal() {
    for (left, right) in [("cn=a,dc=x", "cn=a"), (r"cn=a\,dc=x", "cn=a,dc=x"), ("cn=#6162", "cn=ab"), ("cn=a", "uid=a")]
    {
        assert_ne!(Dn::parse(left).unwrap(), Dn::parse(right).unwrap(), "{left:?} and {right:?}");
    }
}

#[test]
fn what_is_no_name_is_refused() {
    for text in
        ["a", "=a", "cn=a,", "cn=a,,dc=x", r"cn=a\", r"cn=a\x", "cn=#6", "cn=#xy", "cn=\"a\"", "c n=a", "cn=a\0"]
    {
        assert!(Dn::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(Dn::parse(&"cn=a,".repeat(1000)), Err(DnError::TooLong));
    assert_eq!(Dn::parse(&format!("{}dc=x", "c=a,".repeat(64))), Err(DnError::TooLong));
}

#[test]
fn below_is_decided_by_whole_parts() {
    let base = Dn::parse("dc=hospital,dc=test").unwrap();
    assert!(Dn::parse("uid=a,DC=Hospital,dc=test").unwrap().is_under(&base));
    assert!(base.is_under(&base));
    assert!(!Dn::parse("uid=a,dc=xhospital,dc=test").unwrap().is_under(&base));
    assert!(!Dn::parse("dc=test").unwrap().is_under(&base));
}

proptest! {
    #[test]
    fn a_value_comes_back_as_one_part(value in any::<String>().prop_filter("no padding", |v| !v.trim_matches(' ').is_empty())) {
        let base = Dn::parse("dc=x").unwrap();
        prop_assume!(value.len() < 1000);
        let child = Dn::parse(&base.child("cn", &value)).unwrap();
        prop_assert_eq!(child.rdns.len(), 2);
        prop_assert!(child.is_under(&base));
        prop_assert!(child.rdns[0][0].value == Value::Text(normal_form(&value)));
    }

    #[test]
    fn writing_and_parsing_again_changes_nothing(text in any::<String>()) {
        if let Ok(dn) = Dn::parse(&text) {
            prop_assert_eq!(Dn::parse(&dn.to_string()).unwrap(), dn);
        }
    }

    #[test]
    fn names_made_of_pieces_survive(text in r#"((cn|UID|2\.5\.4\.3)=[a-zA-Z#\\ ,+;<>"李é0-9]{0,8},?){0,4}"#) {
        if let Ok(dn) = Dn::parse(&text) {
            prop_assert_eq!(Dn::parse(&dn.to_string()).unwrap(), dn);
        }
    }
}
