//! Keys and tokens: ours against the rules, and examples of the RFCs against us.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokens::{Algorithm, ClientAssertion, Expected, Jwk, Jwks, SigningKey, TokenError, verify};

/// Made for these tests and used nowhere else.
const RSA: &[u8] = include_bytes!("rsa.pem");
const NOW: i64 = 1_795_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

fn keys() -> [SigningKey; 2] {
    [SigningKey::generate().expect("random bytes"), SigningKey::from_pem(RSA).expect("a key")]
}

fn set(keys: &[SigningKey]) -> Jwks {
    let json = serde_json::to_vec(&json!({ "keys": keys.iter().map(SigningKey::public).collect::<Vec<_>>() }));
    Jwks::read(&json.expect("json")).expect("a set")
}

const EXPECTED: Expected<'static> = Expected {
    issuer: "client",
    audience: &["https://hospital.example/token"],
    algorithms: &["ES384", "RS384"],
    leeway_s: 30,
    now: Timestamp::UNIX_EPOCH,
};

fn check(token: &str, keys: &Jwks) -> Result<Value, TokenError> {
    verify(token, keys, &Expected { now: now(), ..EXPECTED })
}

#[test]
fn what_is_signed_is_what_a_hospital_takes() {
    let keys = keys();
    assert_eq!([keys[0].algorithm(), keys[1].algorithm()], [Algorithm::Es384, Algorithm::Rs384]);
    for key in &keys {
        let claims = ClientAssertion::new("client", "https://hospital.example/token", "1".to_owned(), now());
        let token = key.sign(&claims).expect("signed");
        let taken: ClientAssertion = verify(&token, &set(&keys), &Expected { now: now(), ..EXPECTED }).expect("taken");
        assert_eq!(taken, claims);
        assert_eq!(taken.exp - taken.iat, 240);
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("json");
        assert_eq!(header, json!({ "alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "JWT" }));
        // What is published holds nothing private.
        let public = serde_json::to_value(key.public()).expect("json");
        let allowed = ["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e"];
        assert!(public.as_object().expect("an object").keys().all(|name| allowed.contains(&name.as_str())));
        assert_eq!(SigningKey::from_pkcs8(key.pkcs8()).expect("again").kid(), key.kid());
        assert!(!format!("{key:?}").contains("pkcs8"));
    }
}

#[test]
fn each_claim_is_checked() {
    let [key, other] = keys();
    let good = json!({ "iss": "client", "aud": "https://hospital.example/token", "exp": NOW + 60, "iat": NOW });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        check(&key.sign(&claims).expect("signed"), &set(std::slice::from_ref(&key))).err()
    };
    assert_eq!(with("sub", json!("client")), None);
    assert_eq!(with("aud", json!(["https://else.example", "https://hospital.example/token"])), None);
    assert_eq!(with("iss", json!("clien")), Some(TokenError::Issuer));
    assert_eq!(with("iss", json!(["client"])), Some(TokenError::Malformed));
    assert_eq!(with("aud", json!("https://hospital.example/token/")), Some(TokenError::Audience));
    assert_eq!(with("aud", json!([])), Some(TokenError::Audience));
    assert_eq!(with("exp", json!(NOW - 31)), Some(TokenError::Expired));
    assert_eq!(with("exp", json!(NOW - 29)), None);
    assert_eq!(with("exp", Value::Null), Some(TokenError::Expired));
    assert_eq!(with("exp", json!((NOW + 60).to_string())), Some(TokenError::Malformed));
    assert_eq!(with("nbf", json!(NOW + 31)), Some(TokenError::Early));
    assert_eq!(with("iat", json!(NOW + 301)), Some(TokenError::Early));
    let token = key.sign(&good).expect("signed");
    assert_eq!(check(&token, &set(&[other])).err(), Some(TokenError::UnknownKey));
    let narrower = Expected { now: now(), algorithms: &["RS384"], ..EXPECTED };
    let refused = verify::<Value>(&token, &set(std::slice::from_ref(&key)), &narrower);
    assert_eq!(refused.err(), Some(TokenError::Algorithm));
}

/// A token with another header, or claims that nobody signed.
fn forged(token: &str, header: &Value, claims: Option<&Value>) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = claims.map_or_else(|| parts[1].to_owned(), part);
    format!("{}.{claims}.{}", part(header), parts[2])
}

#[test]
fn forged_tokens_are_refused() {
    let [key, rsa] = keys();
    let claims = json!({ "iss": "client", "aud": "https://hospital.example/token", "exp": NOW + 60 });
    let (token, keys) = (key.sign(&claims).expect("signed"), set(std::slice::from_ref(&key)));
    assert!(check(&token, &keys).is_ok());
    let refused = |token: &str| check(token, &keys).expect_err("refused");
    let (kid, other) = (key.kid(), rsa.kid());
    assert_eq!(refused(&forged(&token, &json!({ "alg": "none", "kid": kid }), None)), TokenError::Algorithm);
    assert_eq!(refused(&forged(&token, &json!({ "alg": "HS256", "kid": kid }), None)), TokenError::Algorithm);
    assert_eq!(refused(&forged(&token, &json!({ "alg": "RS384", "kid": kid }), None)), TokenError::UnknownKey);
    assert_eq!(refused(&forged(&token, &json!({ "alg": "ES384", "kid": other }), None)), TokenError::UnknownKey);
    // A key that the token brings along is no key.
    let brought = json!({ "alg": "ES384", "kid": other, "jwk": rsa.public(), "jku": "https://evil.example" });
    assert_eq!(refused(&forged(&token, &brought, None)), TokenError::UnknownKey);
    let other = json!({ "iss": "client", "aud": "https://hospital.example/token", "exp": NOW + 6_000 });
    assert_eq!(refused(&forged(&token, &json!({ "alg": "ES384", "kid": kid }), Some(&other))), TokenError::Signature);
    for broken in ["", ".", "..", "a.b.c", &token[..token.len() - 8], &format!("{token}A.x"), &"a".repeat(100_000)] {
        check(broken, &keys).expect_err("refused");
    }
    // Without a name the key must be the only one of its kind.
    let [second, _] = self::keys();
    let unnamed = forged(&token, &json!({ "alg": "ES384" }), None);
    assert_eq!(check(&unnamed, &keys).err(), Some(TokenError::Signature), "the header is signed too");
    assert_eq!(check(&unnamed, &set(&[key, second])).err(), Some(TokenError::UnknownKey));
}

#[test]
fn keys_that_are_none_are_refused() {
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE-----"] {
        assert_eq!(SigningKey::from_pem(pem.as_bytes()).err(), Some(TokenError::Key));
    }
    assert_eq!(Jwks::read(b"[]"), None);
    let odd = br#"{"keys":[{"kty":"oct","k":"AAAA"},{"kty":1},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#;
    assert_eq!(Jwks::read(odd).map(|set| set.keys.len()), Some(2));
}

/// RFC 7638 section 3.1.
#[test]
fn the_thumbprint_of_the_rfc() {
    let key: Jwk = serde_json::from_value(json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }))
    .expect("a key");
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// RFC 7515 appendix A.3: signed by somebody else with ES256.
#[test]
fn the_token_of_the_rfc() {
    let key = json!({ "keys": [{
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }] });
    let keys = Jwks::read(key.to_string().as_bytes()).expect("a set");
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let expected = Expected {
        issuer: "joe",
        audience: &[],
        algorithms: &["ES256"],
        leeway_s: 0,
        now: Timestamp::from_second(1_300_819_379).expect("a time"),
    };
    // Everything but its audience, of which it has none.
    assert_eq!(verify::<Value>(token, &keys, &expected).err(), Some(TokenError::Audience));
    let spoilt = token.replace("DtEh", "DtEg");
    assert_eq!(verify::<Value>(&spoilt, &keys, &expected).err(), Some(TokenError::Signature));
}
