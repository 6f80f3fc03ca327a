//! What hangs on a hospital: told before it is taken away.

use access::{Act, Object, StaffContext};
use jiff::Timestamp;

use super::Charts;
use crate::EhrError;

/// How much hangs on one source. Numbers alone: whose is nobody's to know here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// People who are linked to a registration there.
    pub people: u64,
    /// Registrations that are linked.
    pub registrations: u64,
    /// Treatment relations that rest on encounters there and hold now.
    pub relations: u64,
}

impl Charts {
    /// What hangs on `source`, for those who administer sources.
    ///
    /// # Errors
    /// The policy's and the database's.
    pub async fn ties(&self, ctx: &StaffContext, source: &str, now: Timestamp) -> Result<Ties, EhrError> {
        self.inner.policy.require(ctx, &Object::PAGE_SOURCES, Act::Administer)?;
        let (registrations, people) = self.inner.index.linked_at(source).await?;
        Ok(Ties { people, registrations, relations: self.relations().encounters_at(source, now).await? })
    }
}
