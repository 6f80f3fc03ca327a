//! What the sandbox says about its region, on its control listener, and who can sign in to the portals.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::child::Child;
use super::http;
use super::settings::Sandbox;

/// The region as a script needs it. The sandbox says more.
#[derive(Debug, Deserialize)]
pub struct Region {
    /// Base URL of the control listener.
    pub control_url: String,
    /// FHIR base of a server that wants to know who asks.
    pub door_url: Option<String>,
    /// FHIR base of a hospital outside the region, where people sign in themselves.
    pub people_door_url: Option<String>,
    /// Who can sign in there.
    #[serde(default)]
    pub people_door_patients: serde_json::Value,
    /// The desk of a hospital's own system.
    pub ehr_url: Option<String>,
    /// FHIR servers.
    pub hospitals: Vec<Hospital>,
    /// LDAP.
    pub directory: Directory,
    staff: Vec<Staff>,
    patients: Vec<Patient>,
    show_patient: usize,
    treatments: Vec<Treatment>,
}

/// A hospital's server.
#[derive(Debug, Deserialize, Serialize)]
pub struct Hospital {
    id: String,
    base_url: String,
    platform: String,
}

/// The staff directory.
#[derive(Debug, Deserialize)]
pub struct Directory {
    /// `ldap://127.0.0.1:…`
    pub url: String,
    /// Of the account that searches.
    pub bind_password: String,
}

#[derive(Debug, Deserialize)]
struct Staff {
    username: String,
    password: String,
    groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Patient {
    name: String,
    name_pinyin: String,
    resident_id: String,
    hospitals: Vec<(String, String)>,
}

/// A line of a hospital's list.
#[derive(Debug, Deserialize)]
struct Treatment {
    staff: String,
    hospital: String,
    patient: String,
    how: String,
    until: String,
}

/// Somebody who can sign in inside.
#[derive(Debug, Serialize)]
pub struct StaffAccount {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Staff groups that the directory's groups stand for.
    pub roles: Vec<String>,
    /// Ids of the patients, as in `patients`, whose records open to them by a treatment relation.
    pub treats: Vec<String>,
}

/// Somebody who can sign in outside.
#[derive(Debug, Serialize)]
pub struct PatientAccount {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
    /// `id` in `demo.json`: the resident ID number.
    pub patient: String,
    /// As written.
    pub name: String,
}

impl PatientAccount {
    /// As `portal-external import-accounts` wants it.
    pub fn proven(&self) -> serde_json::Value {
        serde_json::json!({
            "username": self.username,
            "password": self.password,
            "name": self.name,
            "resident_id": self.patient,
        })
    }
}

impl Region {
    /// Everybody of the directory; `roles` are the pairs of group DN and staff group of the portal's configuration.
    pub fn staff_accounts(&self, roles: &[(String, String)]) -> Vec<StaffAccount> {
        let role_of = |group: &String| {
            let name = format!("cn={group},");
            roles.iter().find(|(dn, _)| dn.starts_with(&name)).map(|(_, role)| role.clone())
        };
        let account = |staff: &Staff| StaffAccount {
            username: staff.username.clone(),
            password: staff.password.clone(),
            roles: staff.groups.iter().filter_map(role_of).collect(),
            treats: self.patients.iter().filter(|patient| self.is_treated(patient, &staff.username)).map(id).collect(),
        };
        self.staff.iter().map(account).collect()
    }

    fn is_treated(&self, patient: &Patient, staff: &str) -> bool {
        let is = |row: &&Treatment| {
            row.staff == staff && patient.hospitals.iter().any(|(at, id)| (at, id) == (&row.hospital, &row.patient))
        };
        self.treatments.iter().any(|row| is(&row))
    }

    /// The hospitals' lists as `portal-internal relations import` reads them. No field of it has a comma.
    pub fn lists(&self) -> String {
        let mut text = "staff,source,patient,how,until\n".to_owned();
        for Treatment { staff, hospital, patient, how, until } in &self.treatments {
            text.push_str(&format!("{staff},{hospital},{patient},{how},{until}\n"));
        }
        text
    }

    /// Names of some patients whom `staff` does not treat, nor a namesake.
    pub fn strangers(&self, staff: &str, most: usize) -> Vec<&str> {
        let strange =
            |one: &&Patient| !self.patients.iter().any(|same| same.name == one.name && self.is_treated(same, staff));
        self.patients.iter().rev().filter(strange).take(most).map(|one| one.name.as_str()).collect()
    }

    /// One account for each patient, the demo's own patient first. Names are the pinyin, numbered where two are alike.
    pub fn patient_accounts(&self) -> Vec<PatientAccount> {
        let mut taken = BTreeSet::new();
        let shown = self.patients.get(self.show_patient).into_iter();
        let others = self.patients.iter().enumerate().filter(|(index, _)| *index != self.show_patient);
        let mut accounts = Vec::new();
        for patient in shown.chain(others.map(|(_, patient)| patient)) {
            let plain: String = patient.name_pinyin.to_lowercase().split_whitespace().collect::<Vec<_>>().join(".");
            let numbered = (2..).map(|number| format!("{plain}{number}"));
            let free = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(name));
            let username = free.unwrap_or(plain);
            taken.insert(username.clone());
            accounts.push(PatientAccount {
                password: format!("demo-{username}"),
                username,
                patient: patient.resident_id.clone(),
                name: patient.name.clone(),
            });
        }
        accounts
    }

    /// `patients` of `demo.json`, the demo's own patient first.
    pub fn patients(&self) -> Vec<serde_json::Value> {
        let shown = self.patients.get(self.show_patient).into_iter();
        let others = self.patients.iter().enumerate().filter(|(index, _)| *index != self.show_patient);
        let all = shown.chain(others.map(|(_, patient)| patient));
        all.map(|patient| {
            let hospitals: Vec<&str> = patient.hospitals.iter().map(|(hospital, _)| hospital.as_str()).collect();
            serde_json::json!({ "id": patient.resident_id, "name": patient.name, "hospitals": hospitals })
        })
        .collect()
    }
}

fn id(patient: &Patient) -> String {
    patient.resident_id.clone()
}

/// Waits until the sandbox describes its region.
///
/// # Errors
/// It ended, or said nothing within `limit`.
pub fn wait_for(child: &mut Child, layout: &Sandbox, limit: Duration) -> Result<Region> {
    let end = Instant::now() + limit;
    loop {
        child.must_live()?;
        if let Ok((200, body)) = http::get(layout.control, "/") {
            return serde_json::from_str(&body).context("the sandbox's description of its region");
        }
        if Instant::now() > end {
            bail!("the sandbox was not ready within {} s:\n{}", limit.as_secs(), child.said());
        }
        super::pause();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        let patient = |name: &str, pinyin: &str, id: &str| Patient {
            name: name.to_owned(),
            name_pinyin: pinyin.to_owned(),
            resident_id: id.to_owned(),
            hospitals: vec![("city-first".to_owned(), format!("p{id}"))],
        };
        Region {
            control_url: String::new(),
            door_url: None,
            people_door_url: None,
            people_door_patients: serde_json::Value::Null,
            ehr_url: None,
            hospitals: vec![],
            directory: Directory { url: String::new(), bind_password: String::new() },
            staff: vec![Staff {
                username: "li.wei".to_owned(),
                password: "secret".to_owned(),
                groups: vec!["physicians".to_owned(), "choir".to_owned()],
            }],
            patients: vec![patient("王建国", "wang jianguo", "1"), patient("王建国", "wang jianguo", "2")],
            show_patient: 1,
            treatments: vec![Treatment {
                staff: "li.wei".to_owned(),
                hospital: "city-first".to_owned(),
                patient: "p2".to_owned(),
                how: "encounter".to_owned(),
                until: "2026-12-31".to_owned(),
            }],
        }
    }

    #[test]
    fn namesakes_have_accounts_of_their_own() {
        let accounts = region().patient_accounts();
        let names: Vec<(&str, &str)> =
            accounts.iter().map(|one| (one.username.as_str(), one.patient.as_str())).collect();
        assert_eq!(names, [("wang.jianguo", "2"), ("wang.jianguo2", "1")]);
    }

    #[test]
    fn groups_stand_for_roles() {
        let roles = [("cn=physicians,ou=groups,dc=x".to_owned(), "clinician".to_owned())];
        assert_eq!(region().staff_accounts(&roles)[0].roles, ["clinician"]);
    }

    #[test]
    fn lists_say_who_treats_whom() {
        let region = region();
        assert_eq!(region.staff_accounts(&[])[0].treats, ["2"]);
        let lists = region.lists();
        assert_eq!(lists.lines().collect::<Vec<_>>()[1..], ["li.wei,city-first,p2,encounter,2026-12-31"]);
        assert!(region.strangers("li.wei", 5).is_empty(), "the other has the same name");
    }
}
