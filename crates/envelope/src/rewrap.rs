//! A change of root keys: the database's keys are wrapped anew, and no secret is touched.

use crate::{Envelope, EnvelopeError, KeyDomain, kek};

/// Which keys are wrapped anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrap {
    /// Those that another root key than the first of their domain has wrapped.
    Foreign,
    /// Every one: after a transit service has rotated its key, whose name stays the same.
    All,
}

/// What came of it, key by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Of which secrets.
    pub domain: KeyDomain,
    /// Of which kind.
    pub segment: String,
    /// Which key of that kind.
    pub version: i32,
    /// The root key it was under.
    pub from: String,
    /// The one it is under now.
    pub to: String,
}

impl Envelope {
    /// Wraps keys anew under the first root key of their domain, one at a time and each in a transaction of its own: broken
    /// off anywhere, every key is under one root or the other, and the next run goes on. What a root key has wrapped is opened
    /// before the old wrapping goes. `told` hears of each key; in a dry run, of each that would be.
    ///
    /// # Errors
    /// The first thing that stood in the way; what was done until then stays.
    pub async fn rewrap(
        &self,
        which: Rewrap,
        dry_run: bool,
        mut told: impl FnMut(&Rewrapped) + Send,
    ) -> Result<u64, EnvelopeError> {
        let mut count = 0;
        for domain in self.roots().domains() {
            let to = self.roots().first(domain)?;
            for row in kek::all(self.store(), domain).await? {
                if which == Rewrap::Foreign && row.root == to.id() {
                    continue;
                }
                // Opened anew, never from memory: it is this row that is replaced.
                let from = self.roots().named(domain, &row.root)?;
                let kek = kek::unwrapped(from.as_ref(), domain, &row).await?;
                let one = Rewrapped {
                    domain,
                    segment: row.segment.clone(),
                    version: row.version,
                    from: row.root.clone(),
                    to: to.id().to_owned(),
                };
                if !dry_run {
                    let wrapped = kek::rewrapped(to.as_ref(), &kek, &row).await?;
                    if !kek::wrapped_anew(self.store(), &row, (one.to.clone(), wrapped)).await? {
                        continue;
                    }
                }
                count += 1;
                told(&one);
            }
        }
        Ok(count)
    }
}
