//! The entries, and who may bind as whom.

use ldap3_proto::{LdapPartialAttribute, LdapSearchResultEntry, LdapSearchScope};

use crate::{
    dice::digest,
    reference::script::{Script, StaffScript},
};

/// One entry; attribute names in their usual spelling.
pub(crate) struct Entry {
    pub(crate) dn: String,
    /// [`normal_dn`] of `dn`.
    normal: String,
    pub(crate) attributes: Vec<(&'static str, Vec<String>)>,
    password: Option<String>,
}

/// Maintained by the server, returned only when asked for by name or with `+` (RFC 4512, 3.4).
const OPERATIONAL: [&str; 2] = ["entryUUID", "memberOf"];

/// The directory's content.
pub(crate) struct Tree {
    base: String,
    service: String,
    entries: Vec<Entry>,
}

impl Entry {
    fn new(dn: String, password: Option<&str>, mut attributes: Vec<(&'static str, Vec<String>)>) -> Self {
        attributes.retain(|(_, values)| !values.is_empty());
        attributes.push(("entryUUID", vec![uuid(&dn)]));
        Self { normal: normal_dn(&dn), dn, attributes, password: password.map(str::to_owned) }
    }

    /// Values of an attribute, by its name in any case.
    pub(crate) fn values(&self, name: &str) -> &[String] {
        let found = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// The entry as a search returns it: the attributes asked for, `*`, `+`, `1.1` (RFC 4511, 4.5.1.8).
    pub(crate) fn shown(&self, asked: &[String], types_only: bool) -> LdapSearchResultEntry {
        let all = asked.is_empty() || asked.iter().any(|name| name == "*");
        let wanted = |name: &str| {
            asked.iter().any(|asked| asked.eq_ignore_ascii_case(name))
                || if OPERATIONAL.contains(&name) { asked.iter().any(|asked| asked == "+") } else { all }
        };
        let show = |(name, values): &(&'static str, Vec<String>)| LdapPartialAttribute {
            atype: (*name).to_owned(),
            vals: if types_only { Vec::new() } else { values.iter().map(|value| value.clone().into_bytes()).collect() },
        };
        let attributes = self.attributes.iter().filter(|(name, _)| wanted(name)).map(show).collect();
        LdapSearchResultEntry { dn: self.dn.clone(), attributes }
    }
}

impl Tree {
    /// Plants the tree of the script's staff.
    pub(crate) fn plant(script: &Script) -> Self {
        let directory = &script.directory;
        let base = directory.base_dn.clone();
        let unit = |name: &str| {
            let classes = words(&["top", "organizationalUnit"]);
            Entry::new(format!("ou={name},{base}"), None, vec![("objectClass", classes), ("ou", words(&[name]))])
        };
        let service = format!("cn={},ou=services,{base}", directory.service.cn);
        let root = vec![
            ("objectClass", words(&["top", "dcObject", "organization"])),
            ("o", words(&[&directory.organisation])),
            ("dc", words(&[base.split(['=', ',']).nth(1).unwrap_or_default()])),
        ];
        let account = vec![
            ("objectClass", words(&["top", "applicationProcess", "simpleSecurityObject"])),
            ("cn", words(&[&directory.service.cn])),
        ];
        let mut entries = vec![
            Entry::new(base.clone(), None, root),
            unit("people"),
            unit("groups"),
            unit("services"),
            Entry::new(service.clone(), Some(&directory.service.password), account),
        ];
        entries.extend(script.staff.iter().map(|staff| person(staff, &base)));
        entries.extend(directory.groups.iter().map(|name| group(name, &script.staff, &base)));
        Self { base, service, entries }
    }

    pub(crate) fn base_dn(&self) -> &str {
        &self.base
    }

    pub(crate) fn group_base_dn(&self) -> String {
        format!("ou=groups,{}", self.base)
    }

    pub(crate) fn service_dn(&self) -> String {
        self.service.clone()
    }

    /// The DN as stored, when the password is that entry's.
    pub(crate) fn authenticate(&self, dn: &str, password: &str) -> Option<&str> {
        let normal = normal_dn(dn);
        let entry = self.entries.iter().find(|entry| entry.normal == normal)?;
        (entry.password.as_deref() == Some(password)).then_some(&*entry.dn)
    }

    /// The entries in scope of a base; `None` when there is no such base.
    pub(crate) fn in_scope(&self, base: &str, scope: &LdapSearchScope) -> Option<Vec<&Entry>> {
        let base = normal_dn(base);
        self.entries.iter().find(|entry| entry.normal == base)?;
        let below = |entry: &&Entry| entry.normal.strip_suffix(&base).is_some_and(|rest| rest.ends_with(','));
        let child =
            |entry: &&Entry| below(entry) && entry.normal.split_once(',').is_some_and(|(_, parent)| parent == base);
        let within = |entry: &&Entry| match scope {
            LdapSearchScope::Base => entry.normal == base,
            LdapSearchScope::OneLevel => child(entry),
            LdapSearchScope::Subtree => entry.normal == base || below(entry),
            LdapSearchScope::Children => below(entry),
        };
        Some(self.entries.iter().filter(within).collect())
    }

    /// The root DSE (RFC 4512, 5.1): what the server is, for everybody.
    pub(crate) fn root_dse(&self) -> Entry {
        Entry::new(
            String::new(),
            None,
            vec![
                ("objectClass", words(&["top"])),
                ("namingContexts", words(&[&self.base])),
                ("supportedLDAPVersion", words(&["3"])),
                ("supportedExtension", words(&[super::session::START_TLS, super::session::WHO_AM_I])),
            ],
        )
    }
}

fn person(staff: &StaffScript, base: &str) -> Entry {
    let groups = staff.groups.iter().map(|group| format!("cn={group},ou=groups,{base}")).collect();
    Entry::new(
        format!("uid={},ou=people,{base}", staff.uid),
        Some(&staff.password),
        vec![
            ("objectClass", words(&["top", "person", "organizationalPerson", "inetOrgPerson"])),
            ("uid", words(&[&staff.uid])),
            ("cn", words(&[&staff.cn])),
            ("sn", words(&[&staff.sn])),
            ("givenName", words(&[&staff.given])),
            ("displayName", vec![format!("{}（{}）", staff.cn, staff.department)]),
            ("mail", vec![format!("{}@region.example", staff.uid)]),
            ("mobile", vec![mobile(&staff.number)]),
            ("employeeNumber", words(&[&staff.number])),
            ("departmentNumber", words(&[&staff.department])),
            ("memberOf", groups),
            // No attribute of a common schema: regions add one of their own.
            ("physicianLicence", staff.licence.iter().cloned().collect()),
        ],
    )
}

/// A number that is nobody's, made of the staff number.
fn mobile(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("+86 139 0000 {digits:0>4}")
}

fn group(name: &str, staff: &[StaffScript], base: &str) -> Entry {
    let belongs = |staff: &&StaffScript| staff.groups.iter().any(|group| group == name);
    let members = staff.iter().filter(belongs).map(|staff| format!("uid={},ou=people,{base}", staff.uid)).collect();
    Entry::new(
        format!("cn={name},ou=groups,{base}"),
        None,
        vec![("objectClass", words(&["top", "groupOfNames"])), ("cn", words(&[name])), ("member", members)],
    )
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The same for the same DN, in every run.
fn uuid(dn: &str) -> String {
    let hash = digest(&["entryUUID", dn]);
    let part = |range: std::ops::Range<usize>| hash.get(range).unwrap_or_default();
    // version 8, RFC 9562: made of a hash
    format!("{}-{}-8{}-8{}-{}", part(0..8), part(8..12), part(12..15), part(15..18), part(18..30))
}

/// Lower case, without spaces round `=` and `,`: enough for the DNs of this tree, which have no escapes.
pub(crate) fn normal_dn(dn: &str) -> String {
    let part = |part: &str| part.split('=').map(str::trim).collect::<Vec<_>>().join("=").to_lowercase();
    dn.split(',').map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::normal_dn;

    #[test]
    fn dns_compare_without_case_and_spaces() {
        assert_eq!(normal_dn("UID = Li.Wei , ou=People,dc=region"), "uid=li.wei,ou=people,dc=region");
    }
}
