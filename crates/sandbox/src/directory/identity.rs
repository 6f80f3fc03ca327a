//! The directory's certificate: a CA of its own, made at every start, and a server certificate for loopback.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

use crate::SandboxError;

/// What StartTLS needs, and what clients must trust.
pub(crate) struct Identity {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_pem: String,
}

/// Issues a fresh CA and a certificate for `localhost` and 127.0.0.1.
pub(crate) fn issue() -> Result<Identity, SandboxError> {
    let fault = |fault: rcgen::Error| SandboxError::Certificate(fault.to_string());
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Sandbox directory CA");
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(fault)?).map_err(fault)?;

    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut server = CertificateParams::new(names).map_err(fault)?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(fault)?;
    let certificate = server.signed_by(&key, &issuer).map_err(fault)?;

    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private))
        .map_err(|fault| SandboxError::Certificate(fault.to_string()))?;
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem: issuer.pem() })
}
