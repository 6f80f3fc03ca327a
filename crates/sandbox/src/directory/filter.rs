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
