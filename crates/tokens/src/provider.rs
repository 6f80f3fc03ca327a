//! The cryptography of tokens: ring's, as TLS has it. `jsonwebtoken`'s own choices bring a second library of it, or an `rsa`
//! crate whose private operations can be timed (RUSTSEC-2023-0071).

use std::sync::Once;

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
};
use ring::{
    rand::SystemRandom,
    signature::{
        self as ring_signature, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaVerificationAlgorithm, RsaKeyPair, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use signature::{Signer, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Sets of keys are read by `Jwks`.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Once a process, before the first token.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // Nobody else can have: no other crate may use the library.
    ONCE.call_once(|| {
        PROVIDER.install_default().ok();
    });
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    let no_key = || ErrorKind::InvalidKeyFormat;
    match algorithm {
        Algorithm::ES384 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, key.as_bytes(), &SystemRandom::new());
            Ok(Box::new(Signing::Curve(Box::new(pair.map_err(|_| no_key())?))))
        }
        Algorithm::RS384 => {
            Ok(Box::new(Signing::Rsa(Box::new(RsaKeyPair::from_pkcs8(key.as_bytes()).map_err(|_| no_key())?))))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

enum Signing {
    Curve(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let random = SystemRandom::new();
        match self {
            Self::Curve(pair) => {
                let signed = pair.sign(&random, message).map_err(|_| signature::Error::new())?;
                Ok(signed.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let mut signed = vec![0; pair.public().modulus_len()];
                pair.sign(&ring_signature::RSA_PKCS1_SHA384, &random, message, &mut signed)
                    .map_err(|_| signature::Error::new())?;
                Ok(signed)
            }
        }
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Curve(_) => Algorithm::ES384,
            Self::Rsa(_) => Algorithm::RS384,
        }
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let checking = match (algorithm, key.kind()) {
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
            Checking::Curve(&ECDSA_P256_SHA256_FIXED, point.clone())
        }
        (Algorithm::ES384, DecodingKeyKind::SecretOrDer(point)) => {
            Checking::Curve(&ECDSA_P384_SHA384_FIXED, point.clone())
        }
        (rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            let parameters = match rsa {
                Algorithm::RS256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::RS384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::RS512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
                _ => return Err(ErrorKind::InvalidAlgorithm.into()),
            };
            Checking::Rsa(parameters, RsaPublicKeyComponents { n: n.clone(), e: e.clone() })
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(Checked { algorithm: *algorithm, checking }))
}

struct Checked {
    algorithm: Algorithm,
    checking: Checking,
}

enum Checking {
    Curve(&'static EcdsaVerificationAlgorithm, Vec<u8>),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
}

impl Verifier<Vec<u8>> for Checked {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let checked = match &self.checking {
            Checking::Curve(algorithm, point) => UnparsedPublicKey::new(*algorithm, point).verify(message, signed),
            Checking::Rsa(parameters, key) => key.verify(parameters, message, signed),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Checked {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
