//! A hospital with a certificate of its own authority.

use std::sync::{Arc, Mutex};

use outbound::{Outbound, OutboundError, TargetSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::PrivateKeyDer},
};
use url::Url;

use crate::{
    server::{answer, serve},
    soon,
};

#[tokio::test]
async fn a_hospitals_own_authority_is_trusted_only_where_configured() {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("https://localhost:{}/fhir", listener.local_addr().unwrap().port())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                serve(stream, &|_: &str, _| answer(200, "", "safe"), &Mutex::default()).await;
            });
        }
    });

    let outbound = Outbound::new().unwrap();
    let strange = outbound.target(TargetSettings::new("own-ca", base.clone())).unwrap();
    let error = strange.get(&base, "*/*", soon()).await.unwrap_err();
    assert_eq!(error, OutboundError::Connect { target: "own-ca".into(), why: "TLS handshake failed" });

    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca_pem).unwrap();
    let mut settings = TargetSettings::new("own-ca", base.clone());
    settings.ca_file = Some(ca_file);
    let trusted = outbound.target(settings).unwrap();
    assert_eq!(trusted.get(&base, "*/*", soon()).await.unwrap().body.as_ref(), b"safe");
}
