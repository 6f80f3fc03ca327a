//! Sealing and opening.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use store::Store;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    EnvelopeError, Key, KeyDomain, Place, Roots, Sealed, cipher,
    kek::{self, Kek, KekRow},
    place::Part,
    root::Random,
};

/// What comes from outside the program.
#[derive(Clone, Copy)]
pub struct Ambient {
    /// The time, for the rows of new keys.
    pub now: fn() -> Timestamp,
    /// Random bytes of the operating system.
    pub random: Random,
}

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Envelope {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    roots: Roots,
    ambient: Ambient,
    /// Keys that were opened: a root key may be a service of another machine.
    open: Mutex<HashMap<Uuid, Arc<Kek>>>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope(…)")
    }
}

impl Envelope {
    /// With these root keys. [`Envelope::verify`] says whether they are the database's.
    pub fn new(store: Store, roots: Roots, ambient: Ambient) -> Self {
        Self { inner: Arc::new(Inner { store, roots, ambient, open: Mutex::default() }) }
    }

    /// Seals a secret for its place, which alone opens it.
    ///
    /// # Errors
    /// [`EnvelopeError::NoRoot`] for secrets of others; what stands in the way of making or opening their key.
    pub async fn seal(&self, place: &Place, secret: &[u8]) -> Result<Sealed, EnvelopeError> {
        let kek = self.current(place.domain, place.segment).await?;
        self.seal_under(&kek, place, secret)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`EnvelopeError::Unreadable`] when it was changed or sealed elsewhere; what stands in the way of opening its key.
    pub async fn open(&self, place: &Place, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let kek = self.by_id(place.domain, sealed.kek()).await?;
        // A key opens its own kind alone; the AAD would refuse it too.
        if (kek.domain, kek.segment.as_str()) != (place.domain, place.segment) {
            return Err(EnvelopeError::Unreadable);
        }
        let dek = cipher::open(&kek.key, &place.aad(Part::Dek, kek.version), sealed.dek());
        let dek = dek.and_then(|dek| Key::from_slice(&dek)).ok_or(EnvelopeError::Unreadable)?;
        let secret = cipher::open(&dek, &place.aad(Part::Secret, kek.version), sealed.secret());
        secret.ok_or(EnvelopeError::Unreadable)
    }

    pub(crate) fn seal_under(&self, kek: &Kek, place: &Place, secret: &[u8]) -> Result<Sealed, EnvelopeError> {
        let random = self.ambient().random;
        let dek = Key::random(random)?;
        let wrapped = cipher::seal(&kek.key, &place.aad(Part::Dek, kek.version), dek.as_bytes(), random)?;
        let sealed = cipher::seal(&dek, &place.aad(Part::Secret, kek.version), secret, random)?;
        Ok(Sealed::new(kek.id, &wrapped, &sealed))
    }

    /// Makes the keys of these kinds of secrets that there are none of yet, so that a wrong root key is noticed at the next
    /// start, whether or not a secret was sealed.
    ///
    /// # Errors
    /// As [`Envelope::seal`].
    pub async fn prepare(&self, kinds: &[(KeyDomain, &'static str)]) -> Result<(), EnvelopeError> {
        for (domain, segment) in kinds {
            self.current(*domain, segment).await?;
        }
        Ok(())
    }

    /// The key that new secrets are sealed under: looked up each time, since another process may have made a newer one.
    async fn current(&self, domain: KeyDomain, segment: &str) -> Result<Arc<Kek>, EnvelopeError> {
        // Before anything is asked: who has no key makes none.
        self.roots().first(domain)?;
        match kek::newest(self.store(), domain, segment).await? {
            Some(row) => self.unlocked(domain, &row).await,
            None => self.made(domain, segment, 1).await,
        }
    }

    /// A new version of a kind's key, by whomever it was made.
    pub(crate) async fn made(&self, domain: KeyDomain, segment: &str, version: i32) -> Result<Arc<Kek>, EnvelopeError> {
        let root = self.roots().first(domain)?;
        let row = kek::made(root.as_ref(), (domain, segment, version), self.ambient()).await?;
        kek::put(self.store(), row).await?;
        let row = kek::newest(self.store(), domain, segment).await?.ok_or(EnvelopeError::Unreadable)?;
        self.unlocked(domain, &row).await
    }

    async fn by_id(&self, domain: KeyDomain, id: Uuid) -> Result<Arc<Kek>, EnvelopeError> {
        if let Some(kek) = self.kept(id) {
            return Ok(kek);
        }
        let row = kek::by_id(self.store(), id).await?.filter(|row| row.domain == domain.as_str());
        self.unlocked(domain, &row.ok_or(EnvelopeError::Unreadable)?).await
    }

    pub(crate) async fn unlocked(&self, domain: KeyDomain, row: &KekRow) -> Result<Arc<Kek>, EnvelopeError> {
        if let Some(kek) = self.kept(row.id) {
            return Ok(kek);
        }
        let root = self.roots().named(domain, &row.root)?;
        let kek = Arc::new(kek::unwrapped(root.as_ref(), domain, row).await?);
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id, kek.clone());
        Ok(kek)
    }

    fn kept(&self, id: Uuid) -> Option<Arc<Kek>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn roots(&self) -> &Roots {
        &self.inner.roots
    }

    /// What comes from outside, for whoever keeps secrets in it.
    pub fn ambient(&self) -> Ambient {
        self.inner.ambient
    }
}
