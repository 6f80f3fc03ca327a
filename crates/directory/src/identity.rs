//! Who has signed in, as the session keeps it.

use std::{collections::BTreeMap, fmt};

use access::{RequestId, StaffContext, SubjectId};
use serde::{Deserialize, Serialize};

/// A member of staff as their directory describes them. Serialisable, because the session keeps it; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffIdentity {
    pub(crate) subject: SubjectId,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) organisation: String,
    pub(crate) department: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) practitioner: BTreeMap<String, String>,
    /// Absent in sessions that an older program began.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Absent in sessions that an older program began.
    #[serde(default)]
    pub(crate) directory_groups: Vec<String>,
    /// Never in a session.
    #[serde(skip)]
    pub(crate) reached: Reached,
}

/// Where a directory says that somebody is reached outside the portal, as it writes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// E-mail address.
    pub mail: Option<String>,
    /// Number of a mobile phone.
    pub mobile: Option<String>,
}

impl fmt::Debug for Reached {
    // Logs hold no addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mail, mobile) = (self.mail.is_some(), self.mobile.is_some());
        f.debug_struct("Reached").field("mail", &mail).field("mobile", &mobile).finish()
    }
}

impl StaffIdentity {
    /// Who, by an identity that survives renaming.
    pub fn subject(&self) -> &SubjectId {
        &self.subject
    }

    /// The user name as the directory writes it (not as it was typed).
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Name for the screen.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory's id.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Department, if the directory says one.
    pub fn department(&self) -> Option<&str> {
        self.department.as_deref()
    }

    /// Staff groups (`clinician`, …) by `[[directory.role]]`: sorted, each once; empty if no group is mapped.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Their groups of the directory, as policy subjects: what grants may name.
    pub fn directory_groups(&self) -> Vec<SubjectId> {
        self.directory_groups.iter().map(|name| SubjectId::directory_group(&self.organisation, name)).collect()
    }

    /// What the directory calls them, each way once: `cn` and the name for the screen. Hospitals' names are compared with
    /// these.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where they are reached, just after they signed in: sessions do not keep it.
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// What this person is looked for by at each source: source id → `system|value`, or the source's own id.
    pub fn practitioner(&self) -> &BTreeMap<String, String> {
        &self.practitioner
    }

    /// The context of one request by this person.
    pub fn context(&self, request: RequestId) -> StaffContext {
        let groups = self.groups.iter().map(|group| SubjectId::group(group)).collect();
        StaffContext::establish(self.subject.clone(), self.name.clone(), self.organisation.clone(), groups, request)
            .in_directory_groups(self.directory_groups())
    }

    /// Everything that their directory has them in, as policy subjects.
    pub fn all_groups(&self) -> Vec<SubjectId> {
        let staff = self.groups.iter().map(|group| SubjectId::group(group));
        staff.chain(self.directory_groups()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_and_a_log_hold_no_address() {
        let person = StaffIdentity {
            subject: SubjectId::staff("region", "1"),
            username: "li.wei".to_owned(),
            name: "Li Wei".to_owned(),
            organisation: "region".to_owned(),
            department: None,
            groups: vec!["clinician".to_owned()],
            practitioner: BTreeMap::new(),
            names: Vec::new(),
            directory_groups: vec!["cn=physicians".to_owned()],
            reached: Reached { mail: Some("li.wei@region.example".to_owned()), mobile: Some("13900001001".to_owned()) },
        };
        let kept = serde_json::to_string(&person).expect("JSON");
        for text in [&kept, &format!("{person:?}")] {
            assert!(!text.contains("@region.example") && !text.contains("1390000"), "{text}");
        }
        let again: StaffIdentity = serde_json::from_str(&kept).expect("a session");
        assert_eq!(again.reached(), &Reached::default());
        let groups = ["g:clinician", "d:region/cn=physicians"];
        assert_eq!(again.all_groups().iter().map(SubjectId::as_str).collect::<Vec<_>>(), groups);
    }
}
