//! The region on loopback: started, described, stopped.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    Config, Region, SandboxError, community,
    control::Control,
    directory::{self, tree::Tree},
    hospital::{
        mode::{Mode, Switch},
        platform::{self, Platform},
        records::Records,
        server::{BASE_PATH, FhirServer},
        temper::Temper,
        write::staff::practitioners,
    },
    listen::{self, Tasks},
    mail,
    smart::{self, Door, DoorPatient, DoorStaff, EhrSettings, Known, PeopleClient, SmartConfig},
    sms, transit,
    treatments::Treatment,
};

/// A hospital that answers.
#[derive(Clone, Debug, Serialize)]
pub struct RunningHospital {
    /// Its id in the region, as in `sources.toml`.
    pub id: String,
    /// Base URL of its FHIR server.
    pub base_url: String,
    /// Vendor's shape: `plain`, `epic-like`, `cerner-like`, `legacy`, `athena-like`.
    pub platform: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Chinese name for cards and rows.
    pub short_zh: String,
    /// English name for cards and rows.
    pub short_en: String,
    /// System of its own laboratory codes, and their table in `local-codes.csv`.
    pub local_codes: Option<(String, String)>,
    /// Physicians of the directory who work there.
    pub practitioners: Vec<DoorStaff>,
}

/// A member of staff in the directory, with the demo password.
#[derive(Clone, Debug, Serialize)]
pub struct StaffAccount {
    /// `uid`
    pub username: String,
    /// For demonstrations and tests only.
    pub password: String,
    /// `cn`
    pub name: String,
    /// `cn` of the groups.
    pub groups: Vec<String>,
}

/// A person of the region, and where they are known.
#[derive(Clone, Debug, Serialize)]
pub struct PersonKnown {
    /// Written name.
    pub name: String,
    /// Pinyin without tones, surname first.
    pub name_pinyin: String,
    /// The number that is truly theirs; a hospital may have registered another.
    pub resident_id: String,
    /// Birth date.
    pub birth_date: Date,
    /// FHIR administrative gender.
    pub sex: String,
    /// Hospital id and the person's `Patient` id there.
    pub hospitals: Vec<(String, String)>,
}

/// How to reach the directory, and with which account to search it.
#[derive(Clone, Debug, Serialize)]
pub struct RunningDirectory {
    /// `ldap://127.0.0.1:port`; StartTLS is required before a bind.
    pub url: String,
    /// Certificate of the CA (PEM) that signed the directory's certificate.
    pub ca_pem: String,
    /// Base of everything.
    pub base_dn: String,
    /// Base of groups.
    pub group_base_dn: String,
    /// Account for searches.
    pub bind_dn: String,
    /// Its password.
    pub bind_password: String,
}

/// Everything a script needs to know about a running region.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// The hospitals.
    pub hospitals: Vec<RunningHospital>,
    /// `ldap://127.0.0.1:port`
    pub directory_url: String,
    /// Certificate of the directory's CA (PEM).
    pub directory_ca_pem: String,
    /// More about the directory.
    pub directory: RunningDirectory,
    /// Base URL of the forum (`/forum/feed.xml`) and the blog (`/blog/feed.xml`).
    pub community_url: String,
    /// Base URL of the service that wraps keys (`/v1/transit/…`); its token is in the configuration.
    pub transit_url: String,
    /// FHIR base of the server that wants to know who asks.
    pub door_url: Option<String>,
    /// FHIR base of the hospital outside the region, where people sign in themselves.
    pub people_door_url: Option<String>,
    /// Who can sign in there.
    pub people_door_patients: Vec<DoorPatient>,
    /// The desk of a hospital's own system.
    pub ehr_url: Option<String>,
    /// Host and port of the mail server.
    pub mail_address: String,
    /// Where the gateway for text messages takes them; its token is in the configuration.
    pub sms_url: String,
    /// Base URL of the control listener.
    pub control_url: String,
    /// Staff of the directory.
    pub staff: Vec<StaffAccount>,
    /// Everybody known to some hospital.
    pub patients: Vec<PersonKnown>,
    /// Index of the demo's patient in `patients`.
    pub show_patient: usize,
    /// Index of the patient with ten thousand results in `patients`.
    pub heavy_patient: usize,
    /// The date that clinical times are relative to.
    pub today: Date,
    /// Who of the staff treats whom.
    pub treatments: Vec<Treatment>,
}

/// A running region; dereferences to its [`Description`]. Stops when dropped.
pub struct Running {
    description: Description,
    switches: Vec<(String, Arc<Switch>)>,
    tasks: Tasks,
}

impl std::ops::Deref for Running {
    type Target = Description;

    fn deref(&self) -> &Description {
        &self.description
    }
}

impl Region {
    /// Generates and starts the region.
    ///
    /// # Errors
    /// As [`Region::generate`]; [`SandboxError::Listen`] when an address is taken, [`SandboxError::Write`] when the CA file
    /// can't be written.
    pub async fn start(config: Config) -> Result<Running, SandboxError> {
        let (config, region) = tokio::task::spawn_blocking(move || {
            let region = Self::generate(&config);
            (config, region)
        })
        .await
        .map_err(|fault| SandboxError::Configuration(fault.to_string()))?;
        region?.serve(&config).await
    }

    async fn serve(mut self, config: &Config) -> Result<Running, SandboxError> {
        let tasks = Tasks::default();
        // from here on an early return stops what was started
        let guard = tasks.stop.clone().drop_guard();
        let (patients, staff, today) = (self.patients(), self.staff(), self.today());
        let treatments = std::mem::take(&mut self.treatments);
        let (show_patient, heavy_patient) = (self.index_of("show")?, self.index_of("heavy")?);
        let directory = self.serve_directory(config, &tasks).await?;
        let (hospitals, mut switches) = self.serve_hospitals(config, &tasks).await?;
        let community_url = community::serve(config.community.listen, today, &tasks).await?;
        let (transit_url, transit) = transit::serve(&config.transit, config.seed, &tasks).await?;
        let door = self.serve_door(config, &hospitals, &tasks).await?;
        let people_door_patients = self.beyond.as_ref().map(|beyond| beyond.patients.clone()).unwrap_or_default();
        let people_door = self.serve_people_door(config, &mut switches, &tasks).await?;
        let ehr_door = self.serve_ehr_door(config, &hospitals, &tasks).await?;
        let (mail_address, _, post) = mail::serve(&config.mail, &tasks).await?;
        let (sms_url, gateway) = sms::serve(&config.sms, &tasks).await?;
        let (listener, address) = listen::open(config.control.listen).await?;
        let description = Description {
            hospitals,
            directory_url: directory.url.clone(),
            directory_ca_pem: directory.ca_pem.clone(),
            directory,
            community_url,
            transit_url,
            door_url: door.as_ref().map(|door| door.base_url()),
            people_door_url: people_door.as_ref().map(|door| door.base_url()),
            people_door_patients,
            ehr_url: ehr_door.as_ref().and_then(|door| door.desk_url()),
            mail_address: mail_address.to_string(),
            sms_url,
            control_url: format!("http://{address}"),
            staff,
            patients,
            show_patient,
            heavy_patient,
            today,
            treatments,
        };
        let control = Control {
            description: description.clone(),
            switches: switches.clone(),
            transit,
            door,
            people_door,
            ehr_door,
            post,
            gateway,
        };
        let control = Arc::new(control);
        listen::accept(&tasks, listener, move |stream| {
            listen::http(stream, Arc::clone(&control), |control, request| async move { control.answer(request).await })
        });
        guard.disarm();
        Ok(Running { description, switches, tasks })
    }

    async fn serve_hospitals(
        &mut self,
        config: &Config,
        tasks: &Tasks,
    ) -> Result<(Vec<RunningHospital>, Vec<(String, Arc<Switch>)>), SandboxError> {
        let (mut running, mut switches) = (Vec::new(), Vec::new());
        for asked in &config.hospitals {
            let unknown = || SandboxError::Configuration(format!("no hospital {} in this region", asked.id));
            let index =
                self.reference.script.hospitals.iter().position(|row| row.id == asked.id).ok_or_else(unknown)?;
            let script = self.reference.script.hospitals.get(index).ok_or_else(unknown)?;
            let platform = platform::named(&script.platform).ok_or_else(unknown)?;
            let records = self.hospitals.get_mut(index).map(std::mem::take).ok_or_else(unknown)?;
            let (base_url, switch) = serve_hospital((asked.listen, platform, records), config, tasks).await?;
            running.push(RunningHospital {
                id: script.id.clone(),
                base_url,
                platform: platform.name.to_owned(),
                name_zh: script.zh.clone(),
                name_en: script.en.clone(),
                short_zh: script.short.zh.clone(),
                short_en: script.short.en.clone(),
                practitioners: practitioners(&self.reference.script, script),
                local_codes: Some(&script.local_codes)
                    .filter(|codes| !codes.file.is_empty())
                    .map(|codes| (codes.system.clone(), codes.file.clone())),
            });
            switches.push((script.id.clone(), switch));
        }
        Ok((running, switches))
    }

    async fn serve_door(
        &self,
        config: &Config,
        hospitals: &[RunningHospital],
        tasks: &Tasks,
    ) -> Result<Option<Arc<Door>>, SandboxError> {
        let Some(door) = &config.door else { return Ok(None) };
        let wrong = |what: String| SandboxError::Configuration(what);
        let behind = hospitals.iter().find(|one| one.id == door.hospital);
        let behind = behind.ok_or_else(|| wrong(format!("no hospital {} behind the door", door.hospital)))?;
        let settings = SmartConfig {
            listen: door.listen,
            upstream: behind.base_url.parse().map_err(|_| wrong(behind.base_url.clone()))?,
            client_id: door.client_id.clone(),
            client: Known::Keys(door.jwks_url.clone()),
            scopes: door.scopes.clone(),
            lives_s: 300,
            people: None,
        };
        smart::serve(settings, None, tasks).await.map(Some)
    }

    /// The hospital outside the region, and the door before it.
    async fn serve_people_door(
        &mut self,
        config: &Config,
        switches: &mut Vec<(String, Arc<Switch>)>,
        tasks: &Tasks,
    ) -> Result<Option<Arc<Door>>, SandboxError> {
        let (Some(door), Some(beyond)) = (&config.people_door, self.beyond.take()) else { return Ok(None) };
        let behind = (door.hospital_listen, beyond.platform, beyond.records);
        let (base_url, switch) = serve_hospital(behind, config, tasks).await?;
        switches.push((beyond.id, switch));
        let settings = SmartConfig {
            listen: door.listen,
            upstream: base_url.parse().map_err(|_| SandboxError::Configuration(base_url))?,
            client_id: String::new(),
            client: Known::Nobody,
            scopes: Vec::new(),
            lives_s: door.lives_s,
            people: Some(PeopleClient {
                client_id: door.client_id.clone(),
                secret: door.secret.clone(),
                redirect_uris: door.redirect_uris.clone(),
                patients: beyond.patients,
            }),
        };
        smart::serve(settings, None, tasks).await.map(Some)
    }

    /// A hospital's server with the desk of its own system.
    async fn serve_ehr_door(
        &self,
        config: &Config,
        hospitals: &[RunningHospital],
        tasks: &Tasks,
    ) -> Result<Option<Arc<Door>>, SandboxError> {
        let Some(door) = &config.ehr_door else { return Ok(None) };
        let wrong = |what: String| SandboxError::Configuration(what);
        let behind = hospitals.iter().find(|one| one.id == door.hospital);
        let behind = behind.ok_or_else(|| wrong(format!("no hospital {} behind the desk", door.hospital)))?;
        let known = self.patients().into_iter().filter_map(|person| {
            let (_, id) = person.hospitals.iter().find(|(at, _)| *at == door.hospital)?;
            Some(DoorPatient { id: id.clone(), name: person.name, resident_id: None })
        });
        let settings = SmartConfig {
            listen: door.listen,
            upstream: behind.base_url.parse().map_err(|_| wrong(behind.base_url.clone()))?,
            client_id: String::new(),
            client: Known::Nobody,
            scopes: Vec::new(),
            lives_s: 300,
            people: Some(PeopleClient {
                client_id: door.client_id.clone(),
                secret: None,
                redirect_uris: door.redirect_uris.clone(),
                patients: known.collect(),
            }),
        };
        let ehr = EhrSettings { launch_url: door.launch_url.clone(), practitioners: behind.practitioners.clone() };
        smart::serve(settings, Some(ehr), tasks).await.map(Some)
    }

    async fn serve_directory(&self, config: &Config, tasks: &Tasks) -> Result<RunningDirectory, SandboxError> {
        let identity = directory::identity::issue()?;
        if let Some(path) = &config.directory.ca_file {
            let fault = |source| SandboxError::Write { path: path.clone(), source };
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(fault)?;
            }
            std::fs::write(path, &identity.ca_pem).map_err(fault)?;
        }
        let tree = Arc::new(Tree::plant(&self.reference.script));
        let (listener, address) = listen::open(config.directory.listen).await?;
        let running = RunningDirectory {
            url: format!("ldap://{address}"),
            ca_pem: identity.ca_pem,
            base_dn: tree.base_dn().to_owned(),
            group_base_dn: tree.group_base_dn(),
            bind_dn: tree.service_dn(),
            bind_password: self.reference.script.directory.service.password.clone(),
        };
        let acceptor = identity.acceptor;
        listen::accept(tasks, listener, move |stream| {
            directory::session::serve(stream, Arc::clone(&tree), acceptor.clone())
        });
        Ok(running)
    }
}

/// Starts a hospital's server; its base, and how it is switched.
async fn serve_hospital(
    (address, platform, records): (SocketAddr, &'static Platform, Records),
    config: &Config,
    tasks: &Tasks,
) -> Result<(String, Arc<Switch>), SandboxError> {
    let (listener, address) = listen::open(address).await?;
    let switch = Arc::new(Switch::default());
    let server = Arc::new(FhirServer {
        records,
        platform,
        base: base_url(address),
        switch: Arc::clone(&switch),
        slow: Duration::from_millis(config.slow_ms),
        page_link: Duration::from_millis(config.page_link_ms),
        temper: temper(platform, config),
    });
    let base = server.base.clone();
    listen::accept(tasks, listener, move |stream| {
        let server = Arc::clone(&server);
        async move {
            if server.switch.mode() == Mode::Down {
                return;
            }
            listen::http(stream, server, |server, request| async move { server.answer(request).await }).await;
        }
    });
    Ok((base, switch))
}

/// What this vendor's server does by itself, as far as the configuration lets it.
fn temper(platform: &Platform, config: &Config) -> Temper {
    let (delay, drops) = match platform.old {
        true => (Duration::from_millis(config.legacy_delay_ms), config.legacy_drops_per_mille),
        false => (Duration::ZERO, 0),
    };
    let limit = if platform.limited { config.requests_per_second } else { 0 };
    Temper::new(delay, drops, limit, config.seed)
}

fn base_url(address: SocketAddr) -> String {
    format!("http://{address}{BASE_PATH}")
}

impl Running {
    /// What is running, as a value to keep or serialise.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Switches a hospital's behaviour; false when there is no such hospital.
    pub fn set_mode(&self, hospital: &str, mode: Mode) -> bool {
        let found = self.switches.iter().find(|(id, _)| id == hospital);
        found.inspect(|(_, switch)| switch.set(mode)).is_some()
    }

    /// Requests a hospital has received so far.
    pub fn requests(&self, hospital: &str) -> u64 {
        self.switches.iter().find(|(id, _)| id == hospital).map_or(0, |(_, switch)| switch.requests())
    }

    /// Stops every listener and connection, and waits until they are gone.
    pub async fn stop(self) {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}
