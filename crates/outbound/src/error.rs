//! What can go wrong on the way out, one variant for each thing a caller can act on.

/// Why a request got no answer. Never holds a URL: query strings of FHIR searches are health data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not on the target's origin, or carries user information.
    #[error("the address is not on the origin of target {target}")]
    Origin {
        /// Id of the target.
        target: String,
    },
    /// The host resolves to an address that is never connected to (loopback, link-local, metadata, multicast, …).
    #[error("target {target} resolves to an address that is refused")]
    Address {
        /// Id of the target.
        target: String,
    },
    /// Not answered by the deadline.
    #[error("target {target} did not answer in time")]
    Timeout {
        /// Id of the target.
        target: String,
    },
    /// The body, after decompression, is larger than allowed.
    #[error("the answer of target {target} is larger than {limit} bytes")]
    TooLarge {
        /// Id of the target.
        target: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// The body came slower than the minimum rate.
    #[error("the answer of target {target} came too slowly")]
    TooSlow {
        /// Id of the target.
        target: String,
    },
    /// No connection: name not found, refused, TLS handshake failed.
    #[error("no connection to target {target}: {why}")]
    Connect {
        /// Id of the target.
        target: String,
        /// What failed, without addresses or URLs.
        why: &'static str,
    },
    /// Connected, but what came was not HTTP, or broke off.
    #[error("target {target} broke the protocol: {why}")]
    Protocol {
        /// Id of the target.
        target: String,
        /// What failed, without addresses or URLs.
        why: &'static str,
    },
    /// Nothing proves to the target who asks, so nothing was asked.
    #[error("no sign-in at target {target}: {why}")]
    SignIn {
        /// Id of the target.
        target: String,
        /// What failed, a key of words: nothing that a server said.
        why: &'static str,
    },
    /// The target's settings can't be used. Only from [`crate::Outbound::new`] and [`crate::Outbound::target`].
    #[error("settings of target {target}: {what}")]
    Settings {
        /// Id of the target.
        target: String,
        /// What is wrong, for the configuration check.
        what: String,
    },
}
