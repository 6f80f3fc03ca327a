//! A hospital with a certificate of its own authority.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use outbound::{Outbound, OutboundError, TargetSettings};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, pki_types::PrivateKeyDer},
};
use url::Url;

use crate::{
    server::{answer, serve},
    soon,
};

/// A server whose certificate is signed by an authority that nobody knows.
pub struct OwnAuthority {
    pub address: SocketAddr,
    pub name: String,
    /// The authority.
    pub ca_file: NamedTempFile,
    heads: Arc<Mutex<Vec<String>>>,
}

impl OwnAuthority {
    pub fn base(&self) -> Url {
        Url::parse(&format!("https://{}:{}/fhir", self.name, self.address.port())).unwrap()
    }

    /// Request heads so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic").clone()
    }
}

/// Starts one of this name that answers everything with `body`.
pub async fn own_authority(name: &str, body: &'static str) -> OwnAuthority {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), seen.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                serve(stream, &|_: &str, _| answer(200, "", body), &seen).await;
            });
        }
    });
    let mut ca_file = NamedTempFile::new().unwrap();
    ca_file.write_all(ca_pem.as_bytes()).unwrap();
    OwnAuthority { address, name: name.to_owned(), ca_file, heads }
}

#[tokio::test]
async fn a_hospitals_own_authority_is_trusted_only_where_configured() {
    let server = own_authority("localhost", "safe").await;
    let base = server.base();
    let outbound = Outbound::new().unwrap();
    let strange = outbound.target(TargetSettings::new("own-ca", base.clone())).unwrap();
    let error = strange.get(&base, "*/*", soon()).await.unwrap_err();
    assert_eq!(error, OutboundError::Connect { target: "own-ca".into(), why: "TLS handshake failed" });
    assert!(server.heads().is_empty());

    let mut settings = TargetSettings::new("own-ca", base.clone());
    settings.ca_file = Some(server.ca_file.path().to_owned());
    let trusted = outbound.target(settings).unwrap();
    assert_eq!(trusted.get(&base, "*/*", soon()).await.unwrap().body.as_ref(), b"safe");
}
