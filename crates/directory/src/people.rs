//! A person's entry: finding exactly one, and reading who it is.

use std::collections::{BTreeMap, BTreeSet};

use access::SubjectId;
use ldap3::SearchEntry;

use crate::config::Settings;
use crate::connection::{Connection, code};
use crate::dn::Dn;
use crate::error::{Misconfiguration, Refusal};
use crate::groups;
use crate::identity::{Reached, StaffIdentity};
use crate::sign_in::Obstacle;

const MAX_USERNAME: usize = 256;
const MAX_STABLE_ID: usize = 128;
const MAX_NUMBER: usize = 64;

/// An entry, and its name in both forms: as the server writes it, for binding; parsed, for comparing.
pub(crate) struct Person {
    pub(crate) dn: String,
    pub(crate) name: Dn,
    entry: SearchEntry,
}

/// Refuses what can't be a user name before any server is asked.
pub(crate) fn acceptable_username(username: &str) -> Result<(), Refusal> {
    let empty = username.trim().is_empty();
    if empty || username.len() > MAX_USERNAME || username.chars().any(char::is_control) {
        return Err(Refusal::Username);
    }
    Ok(())
}

/// The one entry that `username` names. None and several are refusals; nobody is guessed at.
pub(crate) async fn find(connection: &mut Connection, settings: &Settings, username: &str) -> Result<Person, Obstacle> {
    let filter = settings.user_filter.fill(username);
    let found = connection.search(&settings.base_dn, &filter, &wanted(settings), 2).await?;
    match found.code {
        code::SUCCESS | code::SIZE_LIMIT => {}
        code::STRONGER_AUTH | code::CONFIDENTIALITY => {
            return Err(Misconfiguration::Confidentiality(found.code).into());
        }
        other => return Err(Misconfiguration::Search(other).into()),
    }
    let several = found.code == code::SIZE_LIMIT;
    let mut entries = found.entries.into_iter();
    let entry = match (entries.next(), entries.next()) {
        (Some(entry), None) if !several => entry,
        (None, _) if !several => return Err(Refusal::Unknown.into()),
        _ => return Err(Refusal::Ambiguous.into()),
    };
    let name = Dn::parse(&entry.dn).map_err(|_| Misconfiguration::EntryName)?;
    // Binding with an empty name is anonymous, whatever the password (RFC 4513 §5.1.1).
    if name.is_empty() || !name.is_under(&settings.base) {
        return Err(Misconfiguration::EntryName.into());
    }
    Ok(Person { dn: entry.dn.clone(), name, entry })
}

/// The attributes a sign-in reads; operational ones come only when they are named.
fn wanted(settings: &Settings) -> Vec<String> {
    let attributes = &settings.attributes;
    let mut wanted: BTreeSet<String> = settings.user_filter.attributes().iter().cloned().collect();
    wanted.extend([
        "cn".to_owned(),
        "memberOf".to_owned(),
        attributes.display_name.clone(),
        attributes.stable_id.clone(),
        attributes.department.clone(),
    ]);
    wanted.extend(attributes.mail.iter().chain(&attributes.mobile).cloned());
    wanted.extend(settings.practitioner.iter().map(|rule| rule.attribute.clone()));
    wanted.into_iter().collect()
}

impl Person {
    /// Who this is, once they have proven it (or for a look-up by the service account).
    pub(crate) async fn identity(
        &self,
        connection: &mut Connection,
        settings: &Settings,
        typed: &str,
    ) -> Result<StaffIdentity, Obstacle> {
        let attributes = &settings.attributes;
        let stable = self
            .stable_id(&attributes.stable_id)
            .ok_or_else(|| Misconfiguration::StableId(attributes.stable_id.clone()))?;
        let username = self.username(settings, typed);
        let name = [attributes.display_name.as_str(), "cn"]
            .iter()
            .find_map(|attribute| self.first(attribute))
            .unwrap_or(username.as_str())
            .to_owned();
        let directory_groups = groups::directory_groups(connection, settings, self, &username).await?;
        let groups = groups::staff_groups(settings, &directory_groups);
        let practitioner: BTreeMap<String, String> = settings
            .practitioner
            .iter()
            .filter_map(|rule| Some((rule.source.clone(), rule.token(self.number(&rule.attribute)?))))
            .collect();
        let mut names: Vec<String> = self.values("cn").iter().chain([&name]).map(|one| one.trim().to_owned()).collect();
        names.retain(|one| !one.is_empty());
        names.dedup();
        let said = |attribute: &Option<String>| attribute.as_ref().and_then(|one| self.first(one)).map(str::to_owned);
        Ok(StaffIdentity {
            subject: SubjectId::staff(&settings.id, &stable),
            username,
            name,
            organisation: settings.id.clone(),
            department: self.first(&attributes.department).map(str::to_owned),
            groups,
            directory_groups: directory_groups.iter().map(ToString::to_string).collect(),
            practitioner,
            names,
            reached: Reached { mail: said(&attributes.mail), mobile: said(&attributes.mobile) },
        })
    }

    /// Values of an attribute; servers choose the case of its name.
    pub(crate) fn values(&self, attribute: &str) -> &[String] {
        let found = self.entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    /// The only value of an attribute: who has two numbers at one hospital is not certainly one of them. No number has a
    /// character that a search would take for its own.
    fn number(&self, attribute: &str) -> Option<&str> {
        let mut all = self.values(attribute).iter().map(|value| value.trim()).filter(|value| !value.is_empty());
        let number = all.next().filter(|one| one.len() <= MAX_NUMBER && !one.contains(['|', ',', '\\', '$']))?;
        (all.next().is_none() && !number.chars().any(char::is_control)).then_some(number)
    }

    fn first(&self, attribute: &str) -> Option<&str> {
        self.values(attribute).iter().map(|value| value.trim()).find(|value| !value.is_empty())
    }

    /// The user name as the directory writes it: the value that was matched, else the first.
    fn username(&self, settings: &Settings, typed: &str) -> String {
        let attributes = settings.user_filter.attributes();
        let matched = attributes
            .iter()
            .flat_map(|attribute| self.values(attribute))
            .find(|value| value.to_lowercase() == typed.trim().to_lowercase());
        let first = || attributes.iter().find_map(|attribute| self.first(attribute));
        matched.map(String::as_str).or_else(first).unwrap_or(typed).to_owned()
    }

    /// Text as it stands (`entryUUID`), bytes (`objectGUID`) in hexadecimal behind an `x`.
    fn stable_id(&self, attribute: &str) -> Option<String> {
        let binary = self.entry.bin_attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        let bytes = match binary {
            Some((_, values)) => values.first()?.as_slice(),
            None => self.values(attribute).first()?.as_bytes(),
        };
        if bytes.is_empty() || bytes.len() > MAX_STABLE_ID {
            return None;
        }
        if bytes.iter().all(u8::is_ascii_graphic) {
            return Some(bytes.iter().map(|&byte| char::from(byte)).collect());
        }
        Some(bytes.iter().fold("x".to_owned(), |text, byte| format!("{text}{byte:02x}")))
    }
}
