//! Every hospital of the region: those of the configuration, and those that administrators defined.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use jiff::Timestamp;
use store::Store;

use crate::{
    Auth, Definition, Discovered, FieldProblem, Platforms, Problem, Secrets, Source, SourceError, Standing, Step, file,
    maker::Maker, probe::Probe, rows,
};

/// How often a process looks whether a definition has changed.
const POLL: Duration = Duration::from_millis(250);
/// For a form that waits for what a server says of itself.
const DISCOVERY: Duration = Duration::from_secs(10);

/// Every source of the region: first those of the file, in its order, then those that were defined, in theirs. That order is
/// the order on every page. What was defined is followed once [`Catalogue::follow`] was called.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) maker: Maker,
    configured: Vec<Arc<Source>>,
    defined: RwLock<Arc<Listed>>,
}

/// What was defined, as of a version.
#[derive(Debug, Default)]
struct Listed {
    version: i64,
    sources: Vec<Arc<Source>>,
}

impl Catalogue {
    /// Reads `file` and the platform files of the folder `platforms`.
    ///
    /// # Errors
    /// Every mistake found, each with its place and cure.
    pub fn load(file: &Path, platforms: &Path) -> Result<Self, Vec<Problem>> {
        let (configured, maker) = file::read(file, platforms)?;
        Ok(Self { maker, configured, defined: RwLock::default() })
    }

    /// May what administrators define name this machine (127.0.0.1, localhost)? Not unless said: its own services listen
    /// there. The file's entries may always.
    #[must_use]
    pub fn with_loopback(mut self, allowed: bool) -> Self {
        self.maker.loopback = allowed;
        self
    }

    /// Where secrets are opened and keys are. Sources are asked without being signed in at until then.
    pub fn unlock(&self, secrets: Secrets) {
        // One database a process: whoever comes second brings the same.
        self.maker.secrets.set(secrets).ok();
    }

    /// All sources, in order, without those that were taken away.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Source>> {
        self.all().filter(|source| source.standing != Standing::Removed)
    }

    /// Those of the region, in order: without the ones that are asked in the name of patients alone.
    pub fn shared(&self) -> impl Iterator<Item = Arc<Source>> {
        self.iter().filter(|source| !source.is_personal())
    }

    /// All sources, in order, those that were taken away too: whoever is linked to one is told so.
    pub fn all(&self) -> impl Iterator<Item = Arc<Source>> {
        let defined = self.listed();
        let all: Vec<_> = self.configured.iter().chain(&defined.sources).cloned().collect();
        all.into_iter()
    }

    /// By id.
    pub fn get(&self, id: &str) -> Option<Arc<Source>> {
        self.iter().find(|source| source.id == id)
    }

    /// The hospital whose own system sends staff here and calls itself `iss`, if it is asked at all. Whoever else sends somebody is
    /// nobody's, and nothing is asked of them; nor of one whom two hospitals claim.
    pub fn launching(&self, iss: &str) -> Option<Arc<Source>> {
        let mut all = self.iter().filter(|source| source.standing == Standing::Asked && source.is_launched_by(iss));
        let one = all.next()?;
        match all.next() {
            None => Some(one),
            Some(other) => {
                tracing::error!(one = one.id, other = other.id, "launched from the same server: neither is");
                None
            }
        }
    }

    /// By id, also one that was taken away: for its name.
    pub fn named(&self, id: &str) -> Option<Arc<Source>> {
        self.all().find(|source| source.id == id)
    }

    /// The file's.
    pub fn configured(&self) -> &[Arc<Source>] {
        &self.configured
    }

    /// What is known of vendors.
    pub fn platforms(&self) -> &Platforms {
        &self.maker.platforms
    }

    /// Tests the connection to a source, paused or not: every step, with what came of it. `patient` is the id of a patient
    /// there, otherwise the server's first one is asked for. All of it takes no longer than `within`.
    pub async fn test(&self, source: &Source, patient: Option<&str>, within: Duration, now: Timestamp) -> Vec<Step> {
        let probe = Probe::new(source.client.target(), source.client.platform(), within, now);
        probe.signing_in(source.sign_in.as_deref()).launched_from(source.launch.as_deref()).run(patient).await
    }

    /// Asks the server of a definition that is not written yet what it is.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] where its address or its headers can't be used.
    pub async fn discover(&self, id: &str, definition: &Definition, now: Timestamp) -> Result<Discovered, SourceError> {
        let definition = definition.clone().cleaned();
        let mut problems = definition.problems(id, &self.maker);
        problems.retain(|problem| matches!(problem.field, "base_url" | "proxy" | "headers" | "timeout_ms"));
        if !problems.is_empty() {
            return Err(SourceError::Invalid(problems));
        }
        let target = self.maker.target(id, &Definition { auth: Auth::default(), ..definition.clone() })?.0;
        let platform = self.maker.platforms.get(&definition.platform).or_else(|| self.maker.platforms.iter().next());
        match platform {
            Some(platform) => Ok(Probe::new(&target, platform, DISCOVERY, now).discover().await),
            None => Err(SourceError::Invalid(vec![FieldProblem { field: "platform", what: "unknown" }])),
        }
    }

    /// Reads what is defined, and goes on doing so within half a second of every change, as long as a clone of the handle
    /// lives.
    ///
    /// # Errors
    /// The database's: a portal must not start without its hospitals.
    pub async fn follow(self: &Arc<Self>, store: &Store) -> Result<(), SourceError> {
        self.reload(store).await?;
        tokio::spawn(follow(Arc::downgrade(self), store.clone()));
        Ok(())
    }

    /// Reads what is defined, if it has changed.
    ///
    /// # Errors
    /// The database's; what was known before stays.
    pub async fn reload(&self, store: &Store) -> Result<(), SourceError> {
        let known = self.listed();
        let version = rows::version(store.reader()).await?;
        if version == known.version {
            return Ok(());
        }
        let new = self.read(store, version, &known).await?;
        let mut defined = self.defined.write().unwrap_or_else(PoisonError::into_inner);
        // Two reloads may overtake one another; versions never go back.
        if new.version > defined.version {
            *defined = Arc::new(new);
        }
        Ok(())
    }

    /// Reads until no change came in between. What has not changed keeps its connections and what is known of it.
    async fn read(&self, store: &Store, mut version: i64, known: &Listed) -> Result<Listed, SourceError> {
        let rows = loop {
            let rows = rows::all(store.reader()).await?;
            let after = rows::version(store.reader()).await?;
            if after == version {
                break rows;
            }
            version = after;
        };
        let mut sources = Vec::with_capacity(rows.len());
        for row in rows {
            if self.configured.iter().any(|source| source.id == row.id) {
                tracing::error!(source = row.id, "defined in the portal and in the configuration: the latter holds");
                continue;
            }
            let same = known.sources.iter().find(|source| source.id == row.id && source.rev == row.rev);
            match same {
                Some(source) => sources.push(source.clone()),
                None => sources.push(Arc::new(self.maker.defined(&row, self.configured.len())?)),
            }
        }
        Ok(Listed { version, sources })
    }

    fn listed(&self) -> Arc<Listed> {
        self.defined.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ends when the last handle is gone.
async fn follow(catalogue: Weak<Catalogue>, store: Store) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(catalogue) = catalogue.upgrade() else { return };
        let outcome = catalogue.reload(&store).await;
        if let Err(error) = &outcome
            && !failing
        {
            tracing::error!(%error, "the hospitals that were defined can't be read; those of before are asked");
        }
        failing = outcome.is_err();
    }
}
