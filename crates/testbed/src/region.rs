//! A region to test against: the sandbox in this process, or any servers of others.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::OnceCell;

/// A FHIR server that the portals are to ask.
#[derive(Clone, Debug)]
pub struct Hospital {
    /// `id` in `sources.toml`.
    pub id: String,
    /// Base URL.
    pub base_url: String,
    /// Name of a file in `config/platforms`.
    pub platform: String,
    /// Chinese and English name.
    pub name: (String, String),
}

/// An LDAP server that the intranet portal is to ask.
#[derive(Clone, Debug)]
pub struct Directory {
    /// `ldap://…` or `ldaps://…`.
    pub url: String,
    /// Upgrade `ldap://` before anything is said.
    pub starttls: bool,
    /// Certificate (PEM) that signs the server's.
    pub ca_pem: String,
    /// Where people are searched.
    pub base_dn: String,
    /// Where groups are searched.
    pub group_base_dn: String,
    /// Account that searches.
    pub bind_dn: String,
    /// Its password.
    pub bind_password: String,
    /// `user_filter` of the configuration.
    pub user_filter: String,
    /// Group DN and staff group of the portal.
    pub roles: Vec<(String, String)>,
}

/// A member of staff who can sign in.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Staff groups of the portal.
    pub roles: Vec<String>,
}

/// A patient of the region.
#[derive(Clone, Debug)]
pub struct Patient {
    /// As written.
    pub name: String,
    /// Pinyin without tones, surname first.
    pub pinyin: String,
    /// The true resident ID number.
    pub resident_id: String,
    /// Hospital and the id of the Patient resource there.
    pub hospitals: Vec<(String, String)>,
}

/// What the portals of a test stand in.
#[derive(Clone)]
pub struct Region {
    /// In the order of the sandbox.
    pub hospitals: Vec<Hospital>,
    /// The staff directory.
    pub directory: Directory,
    /// Everybody in the directory.
    pub staff: Vec<Staff>,
    /// Everybody known to some hospital; the one of the demo first.
    pub patients: Vec<Patient>,
    /// The patient with ten thousand results, in `patients`.
    pub heavy_patient: usize,
    /// `timeout_ms` of every hospital in `sources.toml`.
    pub timeout_ms: u32,
    sandbox: Option<Arc<sandbox::Running>>,
}

/// The portals' own default.
const TIMEOUT_MS: u32 = 8000;

/// The sandbox's groups and what they stand for in the portal's configuration.
const ROLES: [(&str, &str); 7] = [
    ("physicians", "clinician"),
    ("nurses", "nurse"),
    ("researchers", "researcher"),
    ("teachers", "teacher"),
    ("managers", "manager"),
    ("data-stewards", "data-steward"),
    ("portal-admins", "administrator"),
];

/// The sandbox's region, made once a process: generating it takes a second. Tests that switch hospitals off start their
/// own with [`Region::start`].
///
/// # Panics
/// When it does not start, which fails the calling test with the reason.
#[allow(clippy::panic, reason = "the reason reaches the test's output without a `?` in every test")]
pub async fn region() -> &'static Region {
    static REGION: OnceCell<Region> = OnceCell::const_new();
    let made = REGION.get_or_try_init(|| async {
        // A runtime of its own: the one of the first test ends with that test.
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("region".to_owned()).spawn(move || {
            let started = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            match started {
                Ok(runtime) => runtime.block_on(async {
                    let kept = tell.send(Region::start().await).is_ok();
                    if kept {
                        std::future::pending::<()>().await;
                    }
                }),
                Err(error) => drop(tell.send(Err(error.into()))),
            }
        })?;
        told.await?
    });
    match made.await {
        Ok(region) => region,
        Err(error) => panic!("the sandbox did not start: {error:#}"),
    }
}

impl Region {
    /// A sandbox of the caller's own, on ephemeral ports, that runs in the calling runtime and stops with the value.
    ///
    /// # Errors
    /// The sandbox does not start.
    pub async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = sandbox::Region::start(sandbox::Config::default()).await.context("starting the sandbox")?;
        let hospital = |one: &sandbox::RunningHospital| Hospital {
            id: one.id.clone(),
            base_url: one.base_url.clone(),
            platform: one.platform.clone(),
            name: (one.name_zh.clone(), one.name_en.clone()),
        };
        let role_of = |group: &String| ROLES.iter().find(|(name, _)| name == group).map(|(_, role)| (*role).to_owned());
        let staff = |one: &sandbox::StaffAccount| Staff {
            username: one.username.clone(),
            password: one.password.clone(),
            roles: one.groups.iter().filter_map(role_of).collect(),
        };
        let patient = |one: &sandbox::PersonKnown| Patient {
            name: one.name.clone(),
            pinyin: one.name_pinyin.clone(),
            resident_id: one.resident_id.clone(),
            hospitals: one.hospitals.clone(),
        };
        let directory = &running.directory;
        let dn = |group: &str| format!("cn={group},{}", directory.group_base_dn);
        let mut patients: Vec<Patient> = running.patients.iter().map(patient).collect();
        patients.swap(0, running.show_patient);
        let heavy = running.heavy_patient;
        Ok(Self {
            hospitals: running.hospitals.iter().map(hospital).collect(),
            directory: Directory {
                url: directory.url.clone(),
                starttls: true,
                ca_pem: directory.ca_pem.clone(),
                base_dn: directory.base_dn.clone(),
                group_base_dn: directory.group_base_dn.clone(),
                bind_dn: directory.bind_dn.clone(),
                bind_password: directory.bind_password.clone(),
                user_filter: "(&(objectClass=inetOrgPerson)(uid={uid}))".to_owned(),
                roles: ROLES.iter().map(|(group, role)| (dn(group), (*role).to_owned())).collect(),
            },
            staff: running.staff.iter().map(staff).collect(),
            heavy_patient: if heavy == 0 { running.show_patient } else { heavy },
            timeout_ms: TIMEOUT_MS,
            patients,
            sandbox: Some(Arc::new(running)),
        })
    }

    /// A region of servers that somebody else runs.
    pub fn of(hospitals: Vec<Hospital>, directory: Directory, staff: Vec<Staff>) -> Self {
        Self {
            hospitals,
            directory,
            staff,
            patients: Vec::new(),
            heavy_patient: 0,
            timeout_ms: TIMEOUT_MS,
            sandbox: None,
        }
    }

    /// The same people and directory with other hospitals.
    #[must_use]
    pub fn with_hospitals(&self, hospitals: Vec<Hospital>) -> Self {
        Self { hospitals, ..self.clone() }
    }

    /// The patient of the demo: in every hospital, with conflicts.
    ///
    /// # Panics
    /// In a region without patients.
    pub fn shown_patient(&self) -> &Patient {
        &self.patients[0]
    }

    /// Switches a hospital of the sandbox; false when it has none of that name.
    pub fn set_mode(&self, hospital: &str, mode: sandbox::Mode) -> bool {
        self.sandbox.as_ref().is_some_and(|running| running.set_mode(hospital, mode))
    }

    /// What the sandbox says of one of its hospitals beside what every hospital has: short names, code tables.
    pub fn in_sandbox(&self, hospital: &str) -> Option<&sandbox::RunningHospital> {
        self.sandbox.as_ref()?.hospitals.iter().find(|one| one.id == hospital)
    }

    /// Requests that a hospital of the sandbox has had.
    pub fn requests(&self, hospital: &str) -> u64 {
        self.sandbox.as_ref().map_or(0, |running| running.requests(hospital))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_shown_patient_is_in_all_hospitals_but_one() -> Result<()> {
        let region = region().await;
        assert_eq!((region.hospitals.len(), region.shown_patient().hospitals.len()), (5, 4));
        assert!(region.staff.iter().any(|staff| staff.username == "li.wei" && staff.roles == ["clinician"]));
        Ok(())
    }
}
