//! What can go wrong when the region is made or started.

use std::path::PathBuf;

/// Why the region could not be made or started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The configuration file can't be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration can't be understood.
    #[error("configuration: {0}")]
    Configuration(String),
    /// The embedded reference data contradict themselves: a fault of this crate.
    #[error("reference data ({file}): {why}")]
    Reference {
        /// Which of the embedded files.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A listener can't be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The directory's certificate can't be made or used.
    #[error("directory certificate: {0}")]
    Certificate(String),
    /// A key to sign with can't be made.
    #[error("signing key: {0}")]
    SigningKey(String),
    /// The CA file can't be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A generated resource can't be serialised.
    #[error("resource: {0}")]
    Resource(#[from] serde_json::Error),
}

impl SandboxError {
    /// A contradiction in an embedded file.
    pub(crate) fn reference(file: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Reference { file, why: why.to_string() }
    }
}
