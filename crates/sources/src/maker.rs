//! What every source is made with.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use fhir::{Client, Platform};
use outbound::{Authorizer, Outbound, OutboundError, Target, TargetSettings, is_this_machine};
use url::Url;

use crate::{
    Auth, AuthKind, Definition, LocalCodes, Name, Platforms, Problem, Secrets, Source, Standing,
    breaker::Breaker,
    rows::Row,
    secrets::launch_key,
    sign_in::{SecretAt, SignIn, TokenHome},
};

/// The address of a source that can't be asked: RFC 2606 keeps the name free.
const NOWHERE: &str = "https://unusable.invalid/";

/// What a server is asked with, and how it is signed in at.
pub(crate) type Asking = (Target, Option<Arc<SignIn>>);

fn secret_at(auth: &Auth, key: String) -> SecretAt {
    if auth.needs_secret() { SecretAt::Sealed(key) } else { SecretAt::Nowhere }
}

#[derive(Debug)]
pub(crate) struct Maker {
    pub outbound: Option<Outbound>,
    pub platforms: Platforms,
    /// May an administrator's definition name this machine?
    pub loopback: bool,
    /// Set once the database is there.
    pub secrets: Arc<OnceLock<Secrets>>,
}

impl Maker {
    /// With the platforms of `folder`, in which the `catalogue` may lie too.
    pub fn new(folder: &Path, catalogue: &Path, problems: &mut Vec<Problem>) -> Self {
        let outbound = Outbound::new().map_err(|error| {
            problems.push(Problem::new("TLS", error.to_string(), "install the system's CA certificates"));
        });
        let platforms = Platforms::read(folder, catalogue, problems);
        Self { outbound: outbound.ok(), platforms, loopback: false, secrets: Arc::default() }
    }

    /// May this address be one of a definition?
    pub fn may_be(&self, url: &Url) -> bool {
        self.loopback || !is_this_machine(url)
    }

    /// The target of a definition, and how it is signed in at. Nothing is sent.
    ///
    /// # Errors
    /// Outbound's; its refusal of an address also for this machine's own where the configuration does not allow it.
    pub fn target(&self, id: &str, definition: &Definition) -> Result<Asking, OutboundError> {
        let settings = self.settings(id, definition, &definition.base_url, &definition.auth)?;
        self.signed_in(settings, &definition.auth, secret_at(&definition.auth, id.to_owned()))
    }

    /// The same of the system that sends staff here, where a definition knows one.
    ///
    /// # Errors
    /// As [`Maker::target`].
    pub fn launch_target(&self, id: &str, definition: &Definition) -> Result<Option<Asking>, OutboundError> {
        let Some(launch) = &definition.launch else { return Ok(None) };
        let auth = launch.auth();
        let mut settings = self.settings(id, definition, launch.base(&definition.base_url), &auth)?;
        // What a definition adds for its server is for nobody else.
        if Url::parse(&definition.base_url).map(|url| url.origin()) != Ok(settings.base_url.origin()) {
            settings.headers.clear();
        }
        self.signed_in(settings, &auth, secret_at(&auth, launch_key(id))).map(Some)
    }

    fn settings(
        &self,
        id: &str,
        definition: &Definition,
        base: &str,
        auth: &Auth,
    ) -> Result<TargetSettings, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: id.to_owned(), what: what.to_owned() };
        let base = Url::parse(base).map_err(|_| wrong("base_url is no address"))?;
        let proxy = definition.proxy.as_deref().map(Url::parse).transpose().map_err(|_| wrong("no proxy's address"))?;
        let token = auth.token_url.as_deref().map(Url::parse).transpose();
        let token = token.map_err(|_| wrong("token_url is no address"))?;
        if [Some(&base), proxy.as_ref(), token.as_ref()].into_iter().flatten().any(|url| !self.may_be(url)) {
            return Err(OutboundError::Address { target: id.to_owned() });
        }
        let mut settings = TargetSettings::new(id, base);
        settings.timeout = Duration::from_millis(definition.timeout_ms);
        settings.proxy = proxy;
        settings.headers = definition.headers.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
        Ok(settings)
    }

    /// A target that is asked with what `auth` says.
    ///
    /// # Errors
    /// Outbound's.
    pub fn signed_in(
        &self,
        mut settings: TargetSettings,
        auth: &Auth,
        secret: SecretAt,
    ) -> Result<Asking, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: settings.id.clone(), what: what.to_owned() };
        let outbound = self.outbound.as_ref().ok_or_else(|| wrong("TLS can't be used"))?;
        let home = match auth.kind {
            kind if kind.is_smart() => {
                let endpoint = auth.token_url.as_deref().map(Url::parse).transpose();
                let endpoint = endpoint.map_err(|_| wrong("token_url is no address"))?;
                let target = outbound.target(TokenHome::settings(&settings, endpoint.as_ref()))?;
                Some(TokenHome::new(target, settings.base_url.clone(), endpoint))
            }
            _ => None,
        };
        let sign_in = (auth.kind != AuthKind::None).then(|| {
            let (binding, secrets) = (auth.binding(settings.base_url.as_str()), self.secrets.clone());
            Arc::new(SignIn::new(&settings.id, auth.clone(), binding, secret, secrets, home))
        });
        settings.authorizer = sign_in.clone().map(|sign_in| -> Arc<dyn Authorizer> { sign_in });
        Ok((outbound.target(settings)?, sign_in))
    }

    /// The source of a row. One that can't be used here (a platform that this replica lacks, an address that it refuses) is
    /// in the catalogue all the same, so that whoever is linked to it is told.
    ///
    /// # Errors
    /// No thread for its connections: the catalogue of before stays.
    pub fn defined(&self, row: &Row, first: usize) -> Result<Source, OutboundError> {
        let definition = Definition::of(&row.content);
        let unusable = |why: &dyn std::fmt::Display| {
            tracing::error!(source = row.id, %why, "a source that was defined can't be used here");
        };
        let client = match definition.as_ref() {
            None => Err("its row can't be read".to_owned()),
            Some(definition) => self.client(&row.id, definition).map_err(|error| error.to_string()),
        };
        let (client, sign_in, standing) = match client {
            Ok((client, sign_in)) => (client, sign_in, Standing::Asked),
            Err(why) => {
                unusable(&why);
                (self.nowhere(&row.id)?, None, Standing::Unusable)
            }
        };
        let door = match definition.as_ref().map(|definition| self.launch_target(&row.id, definition)).transpose() {
            Ok(door) => door.flatten().filter(|_| standing == Standing::Asked),
            Err(error) => {
                unusable(&error);
                None
            }
        };
        let definition = definition.unwrap_or_else(|| Definition::unreadable(&row.id));
        let standing = match standing {
            _ if row.removed_at.is_some() => Standing::Removed,
            _ if definition.paused => Standing::Paused,
            standing => standing,
        };
        let name = Name { zh: definition.name_zh.clone(), en: definition.name_en.clone() };
        let or = |short: String, long: &str| if short.is_empty() { long.to_owned() } else { short };
        let source = Source {
            id: row.id.clone(),
            short_name: Name { zh: or(definition.short_name_zh, &name.zh), en: or(definition.short_name_en, &name.en) },
            name,
            mark: first + usize::try_from(row.place).unwrap_or_default(),
            environment: definition.environment,
            client,
            sign_in,
            launch: None,
            copies: None,
            timeout: Duration::from_millis(definition.timeout_ms),
            sweep: definition.sweep && standing == Standing::Asked,
            resident_id: definition.resident_id_system,
            standing,
            rev: row.rev,
            codes: LocalCodes::default(),
            breaker: Arc::new(Breaker::new(&row.id)),
            health: Arc::default(),
            quality: Arc::default(),
        };
        Ok(match door {
            Some((target, sign_in)) => {
                let client = Client::new(target, source.client.platform().clone());
                Source { launch: Some(Arc::new(source.behind((client, sign_in)))), ..source }
            }
            None => source,
        })
    }

    fn client(&self, id: &str, definition: &Definition) -> Result<(Client, Option<Arc<SignIn>>), OutboundError> {
        let platform = self.platforms.get(&definition.platform).ok_or_else(|| OutboundError::Settings {
            target: id.to_owned(),
            what: format!("no platform {}", definition.platform),
        })?;
        let platform = match definition.page_size {
            Some(page_size) => Arc::new(Platform { page_size, ..Platform::clone(platform) }),
            None => platform.clone(),
        };
        let (target, sign_in) = self.target(id, definition)?;
        Ok((Client::new(target, platform), sign_in))
    }

    fn nowhere(&self, id: &str) -> Result<Client, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: id.to_owned(), what: what.to_owned() };
        let base = Url::parse(NOWHERE).map_err(|_| wrong("no address"))?;
        let platform = self.platforms.iter().next().ok_or_else(|| wrong("there is no platform file"))?;
        let target = self.outbound.as_ref().ok_or_else(|| wrong("TLS can't be used"))?;
        Ok(Client::new(target.target(TargetSettings::new(id, base))?, platform.clone()))
    }
}
