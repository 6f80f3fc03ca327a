//! What every source is made with.

use std::{path::Path, sync::Arc, time::Duration};

use fhir::{Client, Platform};
use outbound::{Outbound, OutboundError, TargetSettings, is_this_machine};
use url::Url;

use crate::{
    Definition, LocalCodes, Name, Platforms, Problem, Source, Standing, breaker::Breaker, health::Memory,
    quality::Notebook, rows::Row,
};

/// The address of a source that can't be asked: RFC 2606 keeps the name free.
const NOWHERE: &str = "https://unusable.invalid/";

#[derive(Debug)]
pub(crate) struct Maker {
    pub outbound: Option<Outbound>,
    pub platforms: Platforms,
    /// May an administrator's definition name this machine?
    pub loopback: bool,
}

impl Maker {
    /// With the platforms of `folder`, in which the `catalogue` may lie too.
    pub fn new(folder: &Path, catalogue: &Path, problems: &mut Vec<Problem>) -> Self {
        let outbound = Outbound::new().map_err(|error| {
            problems.push(Problem::new("TLS", error.to_string(), "install the system's CA certificates"));
        });
        Self { outbound: outbound.ok(), platforms: Platforms::read(folder, catalogue, problems), loopback: false }
    }

    /// May this address be one of a definition?
    pub fn may_be(&self, url: &Url) -> bool {
        self.loopback || !is_this_machine(url)
    }

    /// The target of a definition. Nothing is sent.
    ///
    /// # Errors
    /// Outbound's; its refusal of an address also for this machine's own where the configuration does not allow it.
    pub fn target(&self, id: &str, definition: &Definition) -> Result<outbound::Target, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: id.to_owned(), what: what.to_owned() };
        let base = Url::parse(&definition.base_url).map_err(|_| wrong("base_url is no address"))?;
        let proxy = definition.proxy.as_deref().map(Url::parse).transpose().map_err(|_| wrong("no proxy's address"))?;
        if !self.may_be(&base) || proxy.as_ref().is_some_and(|proxy| !self.may_be(proxy)) {
            return Err(OutboundError::Address { target: id.to_owned() });
        }
        let mut settings = TargetSettings::new(id, base);
        settings.timeout = Duration::from_millis(definition.timeout_ms);
        settings.proxy = proxy;
        settings.headers = definition.headers.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
        self.outbound.as_ref().ok_or_else(|| wrong("TLS can't be used"))?.target(settings)
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
        let (client, standing) = match client {
            Ok(client) => (client, Standing::Asked),
            Err(why) => {
                unusable(&why);
                (self.nowhere(&row.id)?, Standing::Unusable)
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
        Ok(Source {
            id: row.id.clone(),
            short_name: Name { zh: or(definition.short_name_zh, &name.zh), en: or(definition.short_name_en, &name.en) },
            name,
            mark: first + usize::try_from(row.place).unwrap_or_default(),
            environment: definition.environment,
            client,
            timeout: Duration::from_millis(definition.timeout_ms),
            sweep: definition.sweep && standing == Standing::Asked,
            resident_id: definition.resident_id_system,
            standing,
            rev: row.rev,
            codes: LocalCodes::default(),
            breaker: Breaker::new(&row.id),
            health: Memory::default(),
            quality: Notebook::default(),
        })
    }

    fn client(&self, id: &str, definition: &Definition) -> Result<Client, OutboundError> {
        let platform = self.platforms.get(&definition.platform).ok_or_else(|| OutboundError::Settings {
            target: id.to_owned(),
            what: format!("no platform {}", definition.platform),
        })?;
        let platform = match definition.page_size {
            Some(page_size) => Arc::new(Platform { page_size, ..Platform::clone(platform) }),
            None => platform.clone(),
        };
        Ok(Client::new(self.target(id, definition)?, platform))
    }

    fn nowhere(&self, id: &str) -> Result<Client, OutboundError> {
        let wrong = |what: &str| OutboundError::Settings { target: id.to_owned(), what: what.to_owned() };
        let base = Url::parse(NOWHERE).map_err(|_| wrong("no address"))?;
        let platform = self.platforms.iter().next().ok_or_else(|| wrong("there is no platform file"))?;
        let target = self.outbound.as_ref().ok_or_else(|| wrong("TLS can't be used"))?;
        Ok(Client::new(target.target(TargetSettings::new(id, base))?, platform.clone()))
    }
}
