//! What proves to a target who asks.

use std::fmt;

use async_trait::async_trait;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::OutboundError;

/// Has the value of `Authorization` for requests to one target. A target sends it to its own origin alone, whatever a link, a
/// redirect or a reference says, since it asks nobody else.
#[async_trait]
pub trait Authorizer: Send + Sync + fmt::Debug {
    /// The value for the next request, by `deadline`.
    ///
    /// # Errors
    /// [`OutboundError::SignIn`] where there is none, and what kept it from being had.
    async fn authorization(&self, deadline: Instant) -> Result<Zeroizing<String>, OutboundError>;

    /// The target answered 401 to this value. True where another may be had.
    async fn refused(&self, used: &str) -> bool;
}
