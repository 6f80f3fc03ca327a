//! Search filters (RFC 4511, 4.5.1.7) on entries.

use ldap3_proto::LdapFilter;

use super::tree::{Entry, normal_dn};

/// Attributes whose values are DNs.
const DN_VALUED: [&str; 2] = ["member", "memberof"];

/// Does the entry match? What can't be evaluated here doesn't.
pub(super) fn matches(filter: &LdapFilter, entry: &Entry) -> bool {
    match filter {
        LdapFilter::And(all) => all.iter().all(|filter| matches(filter, entry)),
        LdapFilter::Or(any) => any.iter().any(|filter| matches(filter, entry)),
        LdapFilter::Not(inner) => !matches(inner, entry),
        LdapFilter::Present(name) => !entry.values(name).is_empty(),
        LdapFilter::Equality(name, value) | LdapFilter::Approx(name, value) => {
            let wanted = prepared(name, value);
            entry.values(name).iter().any(|value| prepared(name, value) == wanted)
        }
        LdapFilter::Substring(name, parts) => entry.values(name).iter().any(|value| {
            let value = value.to_lowercase();
            let initial = parts.initial.as_deref().unwrap_or_default().to_lowercase();
            let Some(mut rest) = value.strip_prefix(&initial) else { return false };
            for part in &parts.any {
                let Some((_, after)) = rest.split_once(&part.to_lowercase()) else { return false };
                rest = after;
            }
            rest.ends_with(&parts.final_.as_deref().unwrap_or_default().to_lowercase())
        }),
        LdapFilter::GreaterOrEqual(name, value) => entry.values(name).iter().any(|own| own >= value),
        LdapFilter::LessOrEqual(name, value) => entry.values(name).iter().any(|own| own <= value),
        LdapFilter::Extensible(_) => false,
    }
}

/// A value made ready for comparison: case ignored, DNs normalised.
fn prepared(name: &str, value: &str) -> String {
    if DN_VALUED.contains(&name.to_lowercase().as_str()) { normal_dn(value) } else { value.trim().to_lowercase() }
}

#[cfg(test)]
mod tests {
    use ldap3_proto::{LdapSearchScope, parse_ldap_filter_str};

    use super::*;
    use crate::{directory::tree::Tree, reference::Reference};

    #[test]
    fn filters_find_the_right_people() {
        let tree = Tree::plant(&Reference::load().unwrap().script);
        let entries = tree.in_scope("ou=people,dc=region,dc=example", &LdapSearchScope::OneLevel).unwrap();
        for (filter, expected) in [
            ("(uid=LI.WEI)", vec!["li.wei"]),
            ("(&(objectClass=inetOrgPerson)(cn=李伟))", vec!["li.wei"]),
            ("(|(uid=li.wei)(uid=admin))", vec!["li.wei", "admin"]),
            ("(&(uid=wu*)(!(uid=*x*)))", vec!["wu.ting"]),
            ("(memberOf=cn=portal-admins, ou=groups, dc=region,dc=example)", vec!["admin"]),
            ("(&(!(memberOf=*))(uid=*))", vec!["he.xin"]),
            ("(uid=\\2a)", vec![]),
            ("(userPassword=*)", vec![]),
        ] {
            let filter = parse_ldap_filter_str(filter).unwrap();
            let found: Vec<_> =
                entries.iter().filter(|entry| matches(&filter, entry)).map(|entry| &*entry.values("uid")[0]).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}
