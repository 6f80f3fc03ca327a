//! Keys that tokens are signed with.

use std::fmt;

use jsonwebtoken::{EncodingKey, Header};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{Jwk, TokenError, provider};

/// Bits of the weakest RSA key that is signed with.
const LEAST_RSA_BITS: usize = 2048;

/// How a token is signed: the two that a SMART client must know
/// (<https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
}

impl Algorithm {
    /// As in `alg`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es384 => "ES384",
            Self::Rs384 => "RS384",
        }
    }

    pub(crate) fn written(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
        }
    }
}

/// A private key and the public one that belongs to it. The private one is wiped when it is dropped.
pub struct SigningKey {
    algorithm: Algorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    public: Jwk,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm.as_str(), self.kid())
    }
}

impl SigningKey {
    /// A new key on P-384, made by ring with the operating system's random bytes.
    ///
    /// # Errors
    /// [`TokenError::NoRandom`].
    pub fn generate() -> Result<Self, TokenError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| TokenError::NoRandom)?;
        Self::from_pkcs8(made.as_ref())
    }

    /// Of PKCS#8 (RFC 5958) in DER: P-384, or RSA with 2048 bits and more.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, TokenError> {
        let pkcs8 = Zeroizing::new(der.to_vec());
        let curve = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der, &SystemRandom::new());
        if let Ok(pair) = curve {
            let public = Jwk::p384(pair.public_key().as_ref()).ok_or(TokenError::Key)?;
            return Ok(Self { algorithm: Algorithm::Es384, pkcs8, public });
        }
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| TokenError::Key)?;
        if pair.public().modulus_len() * 8 < LEAST_RSA_BITS {
            return Err(TokenError::Key);
        }
        let parts: rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
        Ok(Self { algorithm: Algorithm::Rs384, pkcs8, public: Jwk::rsa(&parts.n, &parts.e) })
    }

    /// Of PKCS#8 in PEM (RFC 7468, `BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, TokenError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| TokenError::Key)?;
        Self::from_pkcs8(der.secret_pkcs8_der())
    }

    /// The private key as PKCS#8 in DER, to be sealed.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name: the thumbprint of the public key (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// What the world knows of it.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// A token of these claims, with `kid` and `typ` in its header (JWS compact, RFC 7515).
    ///
    /// # Errors
    /// [`TokenError::Claims`] for what is no JSON object.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        provider::install();
        let mut header = Header::new(self.algorithm.written());
        header.kid = Some(self.public.kid.clone());
        let key = match self.algorithm {
            Algorithm::Es384 => EncodingKey::from_ec_der(&self.pkcs8),
            Algorithm::Rs384 => EncodingKey::from_rsa_der(&self.pkcs8),
        };
        jsonwebtoken::encode(&header, claims, &key).map_err(|_| TokenError::Claims)
    }
}
