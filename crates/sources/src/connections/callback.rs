//! Taking in what a person comes back with.

use std::{sync::Arc, time::Duration};

use access::{Deed, PatientContext, PersonId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fhir::smart::{self, Configuration, Expected, Grant, Granted, Jwks, TokenError};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde::Deserialize;
use store::{from_millis, to_millis};
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use uuid::Uuid;

use super::{
    ConnectError, Connections, FlowFault, FlowKind, FlowStep,
    begin::{asked, random, since},
    keep::revoked,
    person::Once,
    seal::{Answer, FlowSecret, Tokens, open_flow, seal_flow},
    trace::{End, Trace, count, redacted, settle, tell},
};
use crate::{
    ResponseMode, Source,
    entity::flow::{Column, Entity, Model},
};

/// For the token, its proof and the keys.
const PATIENCE: Duration = Duration::from_secs(15);
/// Algorithms of `id_token`s.
const ALGORITHMS: [&str; 5] = ["RS256", "RS384", "RS512", "ES256", "ES384"];
/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 120;
const ACCEPT: &str = "application/json";
/// Longest value of a parameter that is looked at, in bytes.
const LONGEST: usize = 8 << 10;

/// What a browser came back with (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Clone, Default)]
pub struct Callback {
    /// The path that it came to: each hospital's is its own.
    pub at: String,
    /// What it was sent with.
    pub state: Option<String>,
    /// What is exchanged for a token.
    pub code: Option<String>,
    /// Who sends it.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same in the hospital's words.
    pub error_description: Option<String>,
}

impl std::fmt::Debug for Callback {
    // A code is good for a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Callback(…)")
    }
}

/// How an answer reaches the portal.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// In the address that the person's browser came to.
    Address(Callback),
    /// A page [brought](Connections::bring) it before.
    Brought {
        /// The flow.
        flow: Uuid,
        /// What the browser that brought it was given.
        receipt: String,
    },
}

/// What a browser that brought an answer is given for it.
#[derive(Clone)]
pub struct Receipt {
    /// The flow that it belongs to.
    pub flow: Uuid,
    /// Whoever brings this back is the browser that brought the answer; absent where another one was first.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({})", self.flow)
    }
}

/// A token that nobody has said the owner of yet: to be [kept](Connections::keep) or [refused](Connections::refuse).
#[derive(Debug)]
pub struct Pending {
    /// The hospital, asked with it.
    pub source: Source,
    /// Whose record it opens, by the hospital's word: a `Patient` id.
    pub patient: String,
    pub(super) flow: Model,
    pub(super) trace: Trace,
    pub(super) tokens: Tokens,
    pub(super) granted: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl Connections {
    /// Keeps what a page of a hospital sends as a form, until the person's browser asks for it with [`Arrival::Brought`]: cookies
    /// that say whose browser it is don't come with what another site's page sends. The first answer stays, and only the browser
    /// that brought it can go on with it: somebody else's answer, brought by their browser with this flow's state, is nobody's.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] for one that belongs to no flow; the envelope's, the database's.
    pub async fn bring(&self, callback: &Callback, now: Timestamp) -> Result<Receipt, ConnectError> {
        let row = self.found(FlowKind::Connection, callback).await?;
        let (is_open, in_time) = (row.used_at.is_none() && row.sealed.is_some(), from_millis(row.expires_at) > now);
        let none = Receipt { flow: row.id, secret: None };
        if !is_open || !in_time {
            // Said when they ask for it.
            return Ok(none);
        }
        let mut secret = open_flow(&self.inner.secrets, &row).await?;
        if secret.answer.is_some() {
            return Ok(none);
        }
        let receipt = URL_SAFE_NO_PAD.encode(random::<32>(&self.inner.secrets)?);
        secret.answer = Some(callback.answer());
        secret.receipt = Some(smart::sha256_base64url(receipt.as_bytes()));
        let sealed = seal_flow(&self.inner.secrets, &row, &secret).await?;
        let same = Column::Id.eq(row.id).and(Column::UsedAt.is_null()).and(Column::Sealed.eq(row.sealed));
        let kept = Entity::update_many().col_expr(Column::Sealed, Expr::value(sealed)).filter(same);
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move { Ok(kept.exec(tx).await?.rows_affected == 1) })
        });
        let was_first = written.await?;
        Ok(if was_first { Receipt { secret: Some(receipt), ..none } } else { none })
    }

    /// Exchanges what a browser came back with. It is good once, for ten minutes, in the session that it was begun in.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] with what is wrong and what the hospital says; the policy's, the database's.
    pub async fn exchange(
        &self,
        ctx: &PatientContext,
        session: &str,
        arrival: &Arrival,
        now: Timestamp,
    ) -> Result<Pending, ConnectError> {
        let row = match arrival {
            Arrival::Address(callback) => self.found(FlowKind::Connection, callback).await?,
            Arrival::Brought { flow, receipt } => self.brought(*flow, receipt, session).await?,
        };
        let mut trace = self.taken(&row, now).await?;
        if let Arrival::Address(callback) = arrival {
            trace.answer = redacted(callback.answer().pairs());
        }
        match self.exchanged(ctx, session, arrival, (&row, &mut trace), now).await {
            Ok((source, granted)) => Ok(pending(row, trace, source, granted, now)),
            Err(ConnectError::Flow(fault)) => Err(self.fail(&row, &trace, *fault, now).await?.into()),
            Err(error) => Err(error),
        }
    }

    /// Takes a flow for this answer alone.
    pub(super) async fn taken(&self, row: &Model, now: Timestamp) -> Result<Trace, ConnectError> {
        if !self.take(row, now).await? {
            let fault = FlowFault::new(FlowStep::Callback, "state-used");
            // What was said of the first time stays.
            return Err(FlowFault { flow: Some(row.id), source: Some(row.source.clone()), ..fault }.into());
        }
        Ok(Trace::of(row))
    }

    /// The flow that an answer belongs to. What was begun as something else is not known here, and stays good for where it belongs.
    pub(super) async fn found(&self, kind: FlowKind, callback: &Callback) -> Result<Model, ConnectError> {
        let unknown = || FlowFault::new(FlowStep::Callback, "state-unknown");
        let state = callback.state.as_deref().filter(|state| state.len() <= LONGEST).ok_or_else(unknown)?;
        let hash = smart::sha256_base64url(state.as_bytes());
        let is = Column::StateHash.eq(hash).and(Column::Kind.eq(kind.as_str()));
        let found = Entity::find().filter(is).one(self.inner.store.reader()).await?;
        if found.is_none() {
            // Made up, or older than traces are kept: there is no hospital to count it for.
            tell("", FlowStep::Callback, "failed", "state-unknown");
        }
        Ok(found.ok_or_else(unknown)?)
    }

    /// A flow by its id, which is no secret: of this session, or of the browser that brought its answer. Nobody else uses it up.
    async fn brought(&self, flow: Uuid, receipt: &str, session: &str) -> Result<Model, ConnectError> {
        let unknown = || FlowFault::new(FlowStep::Callback, "state-unknown");
        let is = Column::Id.eq(flow).and(Column::Kind.eq(FlowKind::Connection.as_str()));
        let row = Entity::find().filter(is).one(self.inner.store.reader()).await?.ok_or_else(unknown)?;
        if row.session == smart::sha256_base64url(session.as_bytes()) {
            return Ok(row);
        }
        let is_bringer = row.sealed.is_some() && open_flow(&self.inner.secrets, &row).await?.is_receipt(receipt);
        if is_bringer { Ok(row) } else { Err(unknown().into()) }
    }

    /// One answer takes it, whoever else brings the same.
    async fn take(&self, row: &Model, now: Timestamp) -> Result<bool, ConnectError> {
        let first = Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(to_millis(now)))
            .filter(Column::Id.eq(row.id).and(Column::UsedAt.is_null()).and(Column::Outcome.is_null()));
        let taken = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move { Ok(first.exec(tx).await?.rows_affected == 1) })
        });
        taken.await
    }

    /// Writes down how it failed.
    pub(super) async fn fail(
        &self,
        row: &Model,
        trace: &Trace,
        fault: FlowFault,
        now: Timestamp,
    ) -> Result<FlowFault, ConnectError> {
        let fault = FlowFault { flow: Some(row.id), source: Some(row.source.clone()), ..fault };
        count(&row.source, &End::Failed(&fault), Some(since(row, now)));
        let (row, trace, told) = (row.clone(), trace.clone(), fault.clone());
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move { settle(tx, &row, &trace, &End::Failed(&told), now).await })
        });
        written.await?;
        Ok(fault)
    }

    async fn exchanged(
        &self,
        ctx: &PatientContext,
        session: &str,
        arrival: &Arrival,
        (row, trace): (&Model, &mut Trace),
        now: Timestamp,
    ) -> Result<(Source, Granted), ConnectError> {
        let fault = |why| FlowFault::new(FlowStep::Callback, why);
        let person = PersonId(row.person);
        if row.session != smart::sha256_base64url(session.as_bytes()) || !ctx.may_act_for(person, Deed::Oneself) {
            return Err(fault("state-elsewhere").into());
        }
        if from_millis(row.expires_at) <= now {
            return Err(fault("state-expired").into());
        }
        self.require(ctx, person)?;
        let secret = open_flow(&self.inner.secrets, row).await?;
        let answer = arrival.answer(&secret)?;
        trace.answer = redacted(answer.pairs());
        answer.names(&secret)?;
        let code = answer.granted()?;
        let source = self.inner.catalogue.get(&row.source).filter(|source| source.is_personal());
        let source = source.ok_or(fault("no-token-endpoint"))?;
        let (said, granted) = self.redeemed(&source, &secret, code).await?;
        trace.granted = granted_scopes(&source, &granted).0;
        if let Err(fault) = vouched(&source, &said, &secret, &granted, now).await {
            // Nobody has it, so nobody would ever give it back.
            revoked(&source, &Tokens::granted(&granted, None, to_millis(now))).await;
            return Err(fault.into());
        }
        Ok((Source::clone(&source), granted))
    }

    /// The code's token.
    pub(super) async fn redeemed(
        &self,
        source: &Arc<Source>,
        secret: &FlowSecret,
        code: &str,
    ) -> Result<(Configuration, Granted), FlowFault> {
        let deadline = Instant::now() + PATIENCE;
        let failed = |failed| FlowFault::failed(FlowStep::Token, &failed);
        let missing = || FlowFault::new(FlowStep::Token, "no-token-endpoint");
        let sign_in = source.sign_in.as_ref().ok_or_else(missing)?;
        let (said, endpoint) = sign_in.described(source.client.target(), deadline).await.map_err(failed)?;
        let proof = sign_in.proof(&endpoint, &said).await.map_err(failed)?;
        let ask = sign_in.asking(&endpoint, &proof).map_err(failed)?;
        let grant = Grant::Code { code, verifier: &secret.verifier, redirect_uri: &secret.redirect };
        let home = &sign_in.token_home().map_err(failed)?.target;
        let granted = smart::token(home, &ask, grant, deadline).await.map_err(FlowFault::of_token)?;
        Ok((said, granted))
    }
}

impl Pending {
    /// Who connects.
    pub fn person(&self) -> PersonId {
        PersonId(self.flow.person)
    }
}

impl Callback {
    /// Of an address that begins with the path `at`; of a parameter that is there twice, nothing (RFC 6749 section 3.1).
    pub fn of_query(at: &str, query: &str) -> Self {
        Self {
            at: at.to_owned(),
            state: once(query, "state"),
            code: once(query, "code"),
            iss: once(query, "iss"),
            error: once(query, "error"),
            error_description: once(query, "error_description"),
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let Self { at, code, iss, error, error_description, .. } = self.clone();
        Answer { at: Some(at), code, iss, error, error_description }
    }
}

impl Arrival {
    /// What was answered, if it came in the way that it had to: one that came in another was not sent by that server's sign-in,
    /// or somebody has read it on the way.
    fn answer(&self, secret: &FlowSecret) -> Result<Answer, FlowFault> {
        let fault = |why| FlowFault::new(FlowStep::Callback, why);
        match (self, secret.mode) {
            (Self::Address(callback), ResponseMode::Query) => Ok(callback.answer()),
            // Another browser than the one that left has brought it: whoever's it is, it is not theirs.
            (Self::Brought { receipt, .. }, _) if !secret.is_receipt(receipt) => Err(fault("state-elsewhere")),
            (Self::Brought { .. }, ResponseMode::FormPost | ResponseMode::Fragment) => {
                secret.answer.clone().ok_or(fault("no-code"))
            }
            _ => Err(fault("other-mode")),
        }
    }
}

impl Answer {
    /// Without the state, which says nothing to whoever reads a trace.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        [
            ("code", &self.code),
            ("iss", &self.iss),
            ("error", &self.error),
            ("error_description", &self.error_description),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// Is it from the server that the person was sent to (RFC 9207 section 2.4)? An answer of another one must not be taken to it.
    pub(super) fn names(&self, secret: &FlowSecret) -> Result<(), FlowFault> {
        let fault = |why| Err(FlowFault::new(FlowStep::Callback, why));
        let own = Url::parse(&secret.redirect).ok().map(|url| url.path().to_owned());
        if own.is_none() || self.at != own {
            // What came to another hospital's address is that one's, whoever passed its state on.
            return fault("wrong-issuer");
        }
        match &self.iss {
            Some(iss) if secret.issuer.as_deref() != Some(iss) => fault("wrong-issuer"),
            None if secret.names_itself => fault("no-issuer"),
            _ => Ok(()),
        }
    }

    pub(super) fn granted(&self) -> Result<&str, FlowFault> {
        if let Some(error) = &self.error {
            let error = smart::code(error);
            let why = if error == "access_denied" { "denied" } else { "authorize-refused" };
            let said = smart::words(self.error_description.as_deref().unwrap_or_default());
            return Err(FlowFault { error, said, ..FlowFault::new(FlowStep::Authorize, why) });
        }
        let code = self.code.as_deref().filter(|code| (1..=LONGEST).contains(&code.len()));
        code.ok_or(FlowFault::new(FlowStep::Callback, "no-code"))
    }
}

/// A parameter of an address that is there once.
pub(super) fn once(query: &str, name: &str) -> Option<String> {
    let mut all = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| value);
    let first = all.next()?;
    all.next().is_none().then(|| first.into_owned())
}

/// Is it said who signed in, where `openid` was asked for and granted? A server that leaves it out has not tied its answer to this
/// flow (OpenID Connect Core section 3.1.3.3).
async fn vouched(
    source: &Source,
    said: &Configuration,
    secret: &FlowSecret,
    granted: &Granted,
    now: Timestamp,
) -> Result<(), FlowFault> {
    let is_openid = |scope: &String| scope == "openid";
    if !asked(source).iter().any(is_openid) {
        return Ok(());
    }
    match granted.launch.id_token.as_deref() {
        Some(token) => identified(source, said, secret, token, now).await.map(drop),
        None if granted_scopes(source, granted).0.iter().any(is_openid) => {
            Err(FlowFault { error: "id_token".to_owned(), ..FlowFault::new(FlowStep::Identity, "id-token") })
        }
        None => Ok(()),
    }
}

/// Claims that are looked at beside the registered ones.
#[derive(Deserialize)]
pub(super) struct Identity {
    nonce: Option<String>,
    /// Whom it was made for.
    azp: Option<String>,
    #[serde(default)]
    aud: serde_json::Value,
    /// Who signed in, as the address of a resource; read without belief.
    #[serde(rename = "fhirUser", default)]
    fhir_user: serde_json::Value,
}

impl Identity {
    /// Was it made for this client, where it is for several (OpenID Connect Core section 3.1.3.7, 4 and 5)?
    fn is_for(&self, client: &str) -> bool {
        let several = self.aud.as_array().is_some_and(|all| all.len() > 1);
        self.azp.as_deref().map_or(!several, |azp| azp == client)
    }

    pub(super) fn fhir_user(&self) -> Option<&str> {
        self.fhir_user.as_str()
    }
}

/// Is the `id_token` of this server, for the portal, and of this flow (OpenID Connect Core section 3.1.3.7)?
pub(super) async fn identified(
    source: &Source,
    said: &Configuration,
    secret: &FlowSecret,
    token: &str,
    now: Timestamp,
) -> Result<Identity, FlowFault> {
    let fault = |what: &str| FlowFault { error: what.to_owned(), ..FlowFault::new(FlowStep::Identity, "id-token") };
    let (issuer, uri) = secret.issuer.as_deref().zip(said.jwks_uri.as_ref()).ok_or_else(|| fault("jwks_uri"))?;
    let anonymous = source.client.target().anonymous();
    let home = source.sign_in.as_ref().and_then(|sign_in| sign_in.home.as_ref()).map(|home| &home.target);
    // Keys are read where the hospital itself or its authorization server stands, and nowhere else.
    let target = [Some(&anonymous), home].into_iter().flatten().find(|target| target.is_same_origin(uri));
    let target = target.ok_or_else(|| fault("jwks_uri"))?;
    let answer = target.get(uri, ACCEPT, Instant::now() + PATIENCE).await.map_err(|_| fault("jwks_uri"))?;
    let keys = Jwks::read(&answer.body).ok_or_else(|| fault("jwks_uri"))?;
    let client = source.sign_in.as_ref().map_or("", |sign_in| sign_in.auth.client_id.as_str());
    let expected = Expected { issuer, audience: &[client], algorithms: &ALGORITHMS, leeway_s: LEEWAY, now };
    let claims: Identity = smart::verify(token, &keys, &expected).map_err(|error| fault(wrong(&error)))?;
    if !claims.is_for(client) {
        return Err(fault("azp"));
    }
    if claims.nonce.as_deref() == Some(secret.nonce.as_str()) { Ok(claims) } else { Err(fault("nonce")) }
}

/// Which part of an `id_token` is wrong.
fn wrong(error: &TokenError) -> &'static str {
    match error {
        TokenError::Algorithm => "alg",
        TokenError::UnknownKey => "kid",
        TokenError::Signature => "signature",
        TokenError::Issuer => "iss",
        TokenError::Audience => "aud",
        TokenError::Expired => "exp",
        TokenError::Early => "nbf",
        _ => "jwt",
    }
}

/// What is granted, and what of what was asked for is not. A server that does not say has granted what was asked for
/// (RFC 6749 section 5.1).
pub(super) fn granted_scopes(source: &Source, granted: &Granted) -> (Vec<String>, Vec<String>) {
    let asked = asked(source);
    let Some(said) = &granted.scopes else { return (asked, Vec::new()) };
    let given: Vec<String> = said.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    // The same in the words of the other version of SMART.
    let meant = |scope: &str| scope.strip_suffix(".read").map_or_else(|| scope.to_owned(), |head| format!("{head}.rs"));
    let has = |scope: &String| given.iter().any(|one| meant(one) == meant(scope));
    let missing = asked.into_iter().filter(|scope| !has(scope)).collect();
    (given, missing)
}

fn pending(flow: Model, trace: Trace, source: Source, granted: Granted, now: Timestamp) -> Pending {
    let (given, mut missing) = granted_scopes(&source, &granted);
    let lasting = "offline_access".to_owned();
    if granted.refresh_token.is_none() && asked(&source).contains(&lasting) && !missing.contains(&lasting) {
        missing.push(lasting);
    }
    let tokens = Tokens::granted(&granted, None, to_millis(now));
    let patient = granted.launch.patient.clone().unwrap_or_default();
    let source = source.asked_with(Arc::new(Once::new(&source.id, &tokens)));
    Pending { source, patient, flow, trace, tokens, granted: given, missing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_for_several_says_for_whom_it_was_made() {
        let is_for = |json| serde_json::from_value::<Identity>(json).expect("claims").is_for("portal");
        let cases = [
            (serde_json::json!({ "aud": "portal" }), true),
            (serde_json::json!({ "aud": ["portal"] }), true),
            (serde_json::json!({ "aud": ["portal", "other"] }), false),
            (serde_json::json!({ "aud": ["portal", "other"], "azp": "portal" }), true),
            (serde_json::json!({ "aud": "portal", "azp": "other" }), false),
        ];
        for (json, expect) in cases {
            assert_eq!(is_for(json.clone()), expect, "{json}");
        }
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_not_there() {
        let back = Callback::of_query("/back", "state=a%20b&code=c&code=d&error=&x=1");
        assert_eq!((back.state.as_deref(), back.code, back.iss), (Some("a b"), None, None));
        assert_eq!(back.error.as_deref(), Some(""));
    }
}
