//! TLS by rustls on ring: the public roots, and a hospital's own authority where configured.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};

/// The process's provider, installed once; whoever comes first, all use ring.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    // An error means that one is installed already.
    let _ = ring::default_provider().install_default();
    CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// Settings that trust the public roots and those of `ca_file`.
pub(crate) fn client_config(provider: Arc<CryptoProvider>, ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        let failed = |why: String| format!("ca_file {}: {why}", path.display());
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(failed("no certificate in it".to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
