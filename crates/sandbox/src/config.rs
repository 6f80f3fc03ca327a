//! `sandbox.toml`: where the region listens, its seed and its today. Every port may be 0.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use url::Url;

use crate::{SandboxError, mail::MailProtection};

/// The region's settings; [`Config::default`] listens on ephemeral ports of loopback, and no hospital misbehaves by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Everything generated depends on this and on `today`.
    pub seed: u64,
    /// The date that clinical times are relative to; absent: the current date in China.
    pub today: Option<jiff::civil::Date>,
    /// How long a hospital in mode `slow` waits before it answers, milliseconds.
    pub slow_ms: u64,
    /// How long page links of a platform with expiring links live, milliseconds.
    pub page_link_ms: u64,
    /// What the legacy hospital waits before every answer, milliseconds.
    pub legacy_delay_ms: u64,
    /// Connections in a thousand that the legacy hospital loses; which ones depends on the seed and the number of the
    /// request. Never two in a row.
    pub legacy_drops_per_mille: u16,
    /// Requests in a second that the cerner-like hospital answers; further ones get 429 and `Retry-After`. 0: no limit.
    pub requests_per_second: u32,
    /// The hospitals to start, by the ids of the region (`city-first`, `university`, `community`, `city-tcm`,
    /// `binjiang`).
    #[serde(rename = "hospital")]
    pub hospitals: Vec<HospitalConfig>,
    /// The staff directory.
    pub directory: DirectoryConfig,
    /// A forum and a blog.
    pub community: CommunityConfig,
    /// A service that wraps keys.
    pub transit: TransitConfig,
    /// A server that wants to know who asks; absent: none.
    pub door: Option<DoorConfig>,
    /// A hospital outside the region that people connect themselves; absent: none.
    pub people_door: Option<PeopleDoorConfig>,
    /// A hospital's own system, from which clinicians open an application; absent: none.
    pub ehr_door: Option<EhrDoorConfig>,
    /// A mail server that keeps what it is given.
    pub mail: MailConfig,
    /// A gateway for text messages that keeps them.
    pub sms: SmsConfig,
    /// The control listener.
    pub control: ControlConfig,
}

/// Where one hospital listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HospitalConfig {
    /// Which hospital of the region.
    pub id: String,
    /// Address of its FHIR server.
    pub listen: SocketAddr,
}

/// Where the directory listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryConfig {
    /// Address of the LDAP server (plain, upgraded by StartTLS).
    pub listen: SocketAddr,
    /// Where to write the CA certificate (PEM) that signs the directory's certificate.
    pub ca_file: Option<PathBuf>,
}

/// Where the forum and the blog are.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommunityConfig {
    /// Address of both.
    pub listen: SocketAddr,
}

/// The service that wraps keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransitConfig {
    /// Its address.
    pub listen: SocketAddr,
    /// The token that it accepts.
    pub token: String,
    /// The keys that it has.
    pub keys: Vec<String>,
}

/// A second server of a hospital, which gives tokens to one client and nothing to anybody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorConfig {
    /// Which hospital of the region.
    pub hospital: String,
    /// Its address.
    pub listen: SocketAddr,
    /// The client that it knows.
    pub client_id: String,
    /// Where the client's public keys are.
    pub jwks_url: Url,
    /// What the client may have.
    pub scopes: Vec<String>,
}

/// A hospital outside the region, behind a door where its patients sign in and let one client read their records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleDoorConfig {
    /// Address of the door.
    pub listen: SocketAddr,
    /// Address of the hospital's own server behind it.
    #[serde(default = "ephemeral")]
    pub hospital_listen: SocketAddr,
    /// The client that it knows.
    pub client_id: String,
    /// The client's secret; absent: a public client.
    #[serde(default)]
    pub secret: Option<String>,
    /// Where answers may go, exactly.
    pub redirect_uris: Vec<String>,
    /// How long access tokens live, in seconds.
    #[serde(default = "five_minutes")]
    pub lives_s: u64,
}

/// A second server of a hospital, with the desk of its own system: clinicians open an application from there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EhrDoorConfig {
    /// Which hospital of the region.
    pub hospital: String,
    /// Its address.
    pub listen: SocketAddr,
    /// The application as a client; a public one.
    pub client_id: String,
    /// Where answers may go, exactly.
    pub redirect_uris: Vec<String>,
    /// Where the application is opened.
    pub launch_url: Url,
}

fn ephemeral() -> SocketAddr {
    EPHEMERAL
}

fn five_minutes() -> u64 {
    300
}

/// The mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// Its address.
    pub listen: SocketAddr,
    /// How connections are protected.
    pub protection: MailProtection,
    /// Who has to sign in before MAIL; nobody unless said.
    pub user: Option<String>,
    /// With which password.
    pub password: String,
}

/// The gateway for text messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsConfig {
    /// Its address.
    pub listen: SocketAddr,
    /// The token that it accepts.
    pub token: String,
}

/// Where the control listener listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlConfig {
    /// Address of the control listener.
    pub listen: SocketAddr,
}

const EPHEMERAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

impl Default for Config {
    fn default() -> Self {
        let hospital = |id: &str| HospitalConfig { id: id.to_owned(), listen: EPHEMERAL };
        Self {
            seed: 1,
            today: None,
            slow_ms: 12_000,
            page_link_ms: 300_000,
            legacy_delay_ms: 20,
            legacy_drops_per_mille: 0,
            requests_per_second: 0,
            hospitals: ["city-first", "university", "community", "city-tcm", "binjiang"].map(hospital).into(),
            directory: DirectoryConfig::default(),
            community: CommunityConfig::default(),
            transit: TransitConfig::default(),
            door: None,
            people_door: None,
            ehr_door: None,
            mail: MailConfig::default(),
            sms: SmsConfig::default(),
            control: ControlConfig::default(),
        }
    }
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self { listen: EPHEMERAL, ca_file: None }
    }
}

impl Default for CommunityConfig {
    fn default() -> Self {
        Self { listen: EPHEMERAL }
    }
}

impl Default for TransitConfig {
    fn default() -> Self {
        let keys = ["portal-staff", "portal-patient", "portal-region"].map(str::to_owned).into();
        Self { listen: EPHEMERAL, token: "demo-transit-token".to_owned(), keys }
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        Self { listen: EPHEMERAL, protection: MailProtection::None, user: None, password: String::new() }
    }
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self { listen: EPHEMERAL, token: "demo-sms-token".to_owned() }
    }
}

impl Default for ControlConfig {
    fn default() -> Self {
        Self { listen: EPHEMERAL }
    }
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`SandboxError::Read`] when there is no such file, [`SandboxError::Configuration`] on unknown or malformed keys.
    pub fn read(path: &Path) -> Result<Self, SandboxError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| SandboxError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Parses a configuration.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] on unknown or malformed keys and on addresses beyond loopback.
    pub fn parse(text: &str) -> Result<Self, SandboxError> {
        let config: Self = toml::from_str(text).map_err(|fault| SandboxError::Configuration(fault.to_string()))?;
        config.checked()
    }

    /// The region has known passwords and no access control: it serves this machine only.
    fn checked(self) -> Result<Self, SandboxError> {
        let listeners = self.hospitals.iter().map(|hospital| hospital.listen);
        let listeners = listeners.chain(self.door.as_ref().map(|door| door.listen));
        let listeners = listeners.chain(self.ehr_door.as_ref().map(|door| door.listen));
        let people = self.people_door.as_ref().map(|door| [door.listen, door.hospital_listen]);
        let listeners = listeners.chain(people.into_iter().flatten());
        let services = [self.directory.listen, self.community.listen, self.transit.listen, self.control.listen];
        let post = [self.mail.listen, self.sms.listen];
        match listeners.chain(services).chain(post).find(|address| !address.ip().is_loopback()) {
            Some(address) => Err(SandboxError::Configuration(format!("{address} is not a loopback address"))),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn unknown_keys_and_foreign_addresses_are_refused() {
        assert!(Config::parse("seed = 3").is_ok());
        assert!(Config::parse("seeds = 3").is_err());
        assert!(Config::parse("[control]\nlisten = \"0.0.0.0:9190\"").is_err());
        let door = "client_id = \"c\"\nredirect_uris = []\nlisten = ";
        assert!(Config::parse(&format!("[people_door]\n{door}\"127.0.0.1:0\"")).is_ok());
        assert!(Config::parse(&format!("[people_door]\n{door}\"0.0.0.0:9107\"")).is_err());
    }
}
