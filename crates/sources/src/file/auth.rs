//! `auth` of an entry: values, and the names of files that hold secrets.

use std::path::Path;

use outbound::is_this_machine;
use toml::{Table, Value};
use url::Url;

use super::{address, beside};
use crate::{
    Auth, AuthKind, AuthorizeBy, ClientProof, LAUNCH_SCOPES, ResponseMode, launching::has_needed_scopes,
    sign_in::SecretAt, table::Fields,
};

const EXAMPLE: &str = "{ kind = \"none\" }";
const SECRET: &str = "../secrets/hospital";
const LAUNCH: &str = "{ client_id = \"portal\" }";
const LAUNCH_KEYS: [&str; 8] =
    ["base_url", "client_id", "scopes", "authorize_url", "token_url", "proof", "secret_file", "secret_in"];

/// How the portal signs in there; what is wrong with it is noted.
pub(super) fn auth(fields: &mut Fields<'_, '_>, file: &Path) -> Option<(Auth, SecretAt)> {
    let table = fields.table("auth", EXAMPLE)?;
    fields.inner("auth", table, known(table), |inner| read(inner, file))
}

/// Keys of its kind.
fn known(table: &Table) -> &'static [&'static str] {
    match table.get("kind").and_then(Value::as_str) {
        Some("basic") => &["kind", "username", "password_file"],
        Some("bearer") => &["kind", "token_file"],
        Some("smart-backend") => &["kind", "client_id", "scopes", "token_url", "audience", "secret_file", "secret_in"],
        Some("smart-patient") => &[
            "kind",
            "client_id",
            "scopes",
            "authorize_url",
            "authorize_by",
            "response_mode",
            "redirect_url",
            "token_url",
            "audience",
            "secret_file",
            "secret_in",
            "proof",
        ],
        _ => &["kind"],
    }
}

fn read(fields: &mut Fields<'_, '_>, file: &Path) -> Option<(Auth, SecretAt)> {
    let kind = fields.text("kind", "none")?;
    let Some(kind) = AuthKind::parse(kind) else {
        fields.wrong("kind", "no such kind", "none, basic, bearer, smart-backend or smart-patient");
        return None;
    };
    match kind {
        AuthKind::None => Some((Auth::default(), SecretAt::Nowhere)),
        AuthKind::Basic => {
            let (name, secret) = (fields.text("username", "portal"), secret(fields, "password_file", file));
            checked(fields, Auth { kind, client_id: name?.to_owned(), ..Auth::default() }, secret?)
        }
        AuthKind::Bearer => {
            let secret = secret(fields, "token_file", file)?;
            checked(fields, Auth { kind, ..Auth::default() }, secret)
        }
        AuthKind::SmartBackend | AuthKind::SmartPatient => smart(fields, file, kind, None),
    }
}

/// From where and how a hospital's own system sends staff here.
pub(super) struct Door {
    /// The FHIR server that its launches name, where it is not the one that is read.
    pub(super) base: Option<Url>,
    pub(super) auth: Auth,
    pub(super) secret: SecretAt,
}

/// `launch` of an entry. Absent is no mistake: then nobody is sent here from there. `None` for one that is wrong.
pub(super) fn launch(fields: &mut Fields<'_, '_>, file: &Path) -> Option<Option<Door>> {
    if fields.optional("launch").is_none() {
        return Some(None);
    }
    let table = fields.table("launch", LAUNCH)?;
    fields.inner("launch", table, &LAUNCH_KEYS, |inner| launching(inner, file)).map(Some)
}

fn launching(fields: &mut Fields<'_, '_>, file: &Path) -> Option<Door> {
    let base = match fields.optional("base_url") {
        Some(_) => Some(address(fields, "base_url", "https://ehr.hospital.example/fhir", &["http", "https"])?),
        None => None,
    };
    let (auth, secret) = smart(fields, file, AuthKind::SmartPatient, Some(LAUNCH_SCOPES))?;
    if !has_needed_scopes(&auth.scopes) {
        fields.wrong(
            "scopes",
            "openid, fhirUser and launch are not all there",
            format!("write scopes = \"{LAUNCH_SCOPES}\""),
        );
        return None;
    }
    Some(Door { base, auth, secret })
}

/// `usual` are the scopes where none are written.
fn smart(
    fields: &mut Fields<'_, '_>,
    file: &Path,
    kind: AuthKind,
    usual: Option<&'static str>,
) -> Option<(Auth, SecretAt)> {
    let is_person = kind == AuthKind::SmartPatient;
    let client_id = fields.text("client_id", "portal");
    let scopes = match usual.filter(|_| fields.optional("scopes").is_none()) {
        Some(usual) => Some(usual),
        None => fields.text("scopes", if is_person { "launch/patient patient/*.read" } else { "system/*.read" }),
    };
    let audience = fields.optional_text("audience", "https://hospital.example/token").map(str::to_owned);
    let example = "https://hospital.example/token";
    let mut endpoint = |key| match fields.optional(key) {
        Some(_) => address(fields, key, example, &["http", "https"]).map(Some),
        None => Some(None),
    };
    let (token_url, authorize_url) =
        (endpoint("token_url")?, if is_person { endpoint("authorize_url")? } else { None });
    for (key, url) in [("token_url", &token_url), ("authorize_url", &authorize_url)] {
        if url.as_ref().is_some_and(is_plain) {
            fields.wrong(key, "a secret would be sent in the clear", "write https://");
        }
    }
    let (proof, secret) = match fields.optional("secret_file") {
        Some(_) => (secret_in(fields), secret(fields, "secret_file", file)?),
        None if is_person => (unsecret(fields), SecretAt::Nowhere),
        None => (Some(ClientProof::PrivateKeyJwt), SecretAt::Nowhere),
    };
    let auth = Auth {
        kind,
        client_id: client_id?.to_owned(),
        proof: proof?,
        token_url: token_url.map(String::from),
        authorize_url: authorize_url.map(String::from),
        response_mode: choice(fields, "response_mode", ResponseMode::parse, "query, form-post or fragment")?,
        authorize_by: choice(fields, "authorize_by", AuthorizeBy::parse, "get or post")?,
        redirect_url: fields
            .optional_text("redirect_url", "https://portal.example/connections/callback")
            .map(str::to_owned),
        scopes: scopes?.to_owned(),
        audience,
    };
    checked(fields, auth, secret)
}

/// One of a few words; absent, the usual one.
fn choice<T: Default>(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    parse: fn(&str) -> Option<T>,
    known: &'static str,
) -> Option<T> {
    let Some(text) = fields.optional_text(key, known) else { return Some(T::default()) };
    let parsed = parse(text);
    if parsed.is_none() {
        fields.wrong(key, "none of these", known);
    }
    parsed
}

/// Of a client without a secret of its own, where people sign in.
fn unsecret(fields: &mut Fields<'_, '_>) -> Option<ClientProof> {
    match fields.optional_text("proof", "public") {
        None | Some("public") => Some(ClientProof::Public),
        Some("private-key-jwt") => Some(ClientProof::PrivateKeyJwt),
        Some(_) => {
            fields.wrong("proof", "neither of the two", "\"public\", \"private-key-jwt\", or a secret_file");
            None
        }
    }
}

fn secret_in(fields: &mut Fields<'_, '_>) -> Option<ClientProof> {
    match fields.optional_text("secret_in", "header") {
        None | Some("header") => Some(ClientProof::ClientSecretBasic),
        Some("form") => Some(ClientProof::ClientSecretPost),
        Some(_) => {
            fields.wrong("secret_in", "neither of the two", "\"header\", or \"form\"");
            None
        }
    }
}

fn checked(fields: &mut Fields<'_, '_>, auth: Auth, secret: SecretAt) -> Option<(Auth, SecretAt)> {
    let auth = auth.cleaned();
    let problems = auth.problems();
    for (field, what) in &problems {
        let key = if auth.kind == AuthKind::Basic { "username" } else { field };
        fields.wrong(key, *what, "one line of printable text, as the hospital has registered it");
    }
    problems.is_empty().then_some((auth, secret))
}

/// A file that can be read now. It is read again whenever the portal signs in.
fn secret(fields: &mut Fields<'_, '_>, key: &str, file: &Path) -> Option<SecretAt> {
    let path = beside(file, fields.text(key, SECRET)?);
    match std::fs::metadata(&path) {
        Ok(_) => Some(SecretAt::File(path)),
        Err(error) => {
            fields.wrong(
                key,
                format!("can't be read: {error}"),
                "put the secret into this file, readable by the portal alone",
            );
            None
        }
    }
}

/// Would a secret be sent in the clear over a network?
pub(super) fn is_plain(url: &Url) -> bool {
    url.scheme() == "http" && !is_this_machine(url)
}
