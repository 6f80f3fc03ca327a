//! Sending a person to their hospital's sign-in.

use std::{sync::Arc, time::Duration};

use access::{PatientContext, PersonId, SubjectId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use envelope::{EnvelopeError, NoRandom};
use fhir::smart::{self, Authorize, Configuration};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    sea_query::{Expr, ExprTrait as _},
};
use store::{from_millis, to_millis};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::{
    ConnectError, Connections, FlowFault, FlowKind, FlowStep,
    seal::{FlowSecret, seal_flow},
    trace::{End, Trace, count, redacted_query, tell},
};
use crate::{
    AuthorizeBy, Secrets, Source, Standing,
    entity::flow::{Column, Entity, Model},
};

/// How long somebody may take at the hospital's page.
pub(super) const LIVES: SignedDuration = SignedDuration::from_mins(10);
/// How long traces are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Flows of one person within [`LIVES`]: beyond them somebody is not trying to sign in.
pub(super) const MOST_AT_ONCE: u64 = 20;
/// For what a server says of itself.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where a person goes.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Of the trace.
    pub flow: Uuid,
    /// Id of the source.
    pub source: String,
    /// The hospital's page. Holds what may come back once: for their browser alone.
    pub url: Url,
    /// What their browser posts there; absent: it goes there, and the address holds all.
    pub form: Option<Vec<(&'static str, String)>>,
}

impl Connections {
    /// Begins to connect a hospital for `person`, in the browser whose session is `session`: what comes back with another does
    /// not count. Begun again for a hospital that is connected, it takes the place of what is there when it succeeds, for the
    /// same patient there or another.
    ///
    /// # Errors
    /// [`ConnectError::NotFound`] for a hospital that is not [offered](Connections::offered) or a person who is not theirs;
    /// [`ConnectError::TooMany`]; [`ConnectError::Flow`] when the server does not say how to sign in, or in a way that is not
    /// safe; the policy's, the database's.
    pub async fn begin(
        &self,
        ctx: &PatientContext,
        person: PersonId,
        source: &str,
        session: &str,
        now: Timestamp,
    ) -> Result<Departure, ConnectError> {
        self.require(ctx, person)?;
        let source = self.inner.catalogue.get(source).ok_or(ConnectError::NotFound)?;
        if !source.is_personal() || source.standing != Standing::Asked {
            return Err(ConnectError::NotFound);
        }
        self.is_patient_enough(person, now).await?;
        let secrets = &self.inner.secrets;
        let (mut row, state) = fresh_row(secrets, Owner::Person(person), &source.id, session, now)?;
        match self.described(&source).await {
            Ok((said, endpoint)) => {
                let secret = self.secret(&source, &said)?;
                row.sealed = Some(seal_flow(secrets, &row, &secret).await?);
                let (departure, request) = departure(&source, &row, &endpoint, &state, &secret)?;
                let trace = Trace { request, asked: asked(&source), ..Trace::default() };
                row.trace = serde_json::to_string(&trace)?;
                self.write(row, now).await?;
                tell(&source.id, FlowStep::Authorize, "begun", "");
                Ok(departure)
            }
            Err(fault) => {
                let trace = Trace { asked: asked(&source), ..Trace::default() };
                Err(self.fail_at_once(row, trace, fault, now).await?.into())
            }
        }
    }

    /// Writes down one that came to nothing before anybody left.
    pub(super) async fn fail_at_once(
        &self,
        mut row: Model,
        trace: Trace,
        fault: FlowFault,
        now: Timestamp,
    ) -> Result<FlowFault, ConnectError> {
        let source = Some(row.source.clone()).filter(|id| !id.is_empty());
        let fault = FlowFault { flow: Some(row.id), source, ..fault };
        count(&row.source, &End::Failed(&fault), None);
        let (status, error, said) = (fault.status, fault.error.clone(), fault.said.clone());
        row.trace = serde_json::to_string(&Trace { status, error, said, ..trace })?;
        (row.step, row.why) = (fault.step.as_str().to_owned(), Some(fault.why.to_owned()));
        (row.outcome, row.finished_at) = (Some("failed".to_owned()), Some(to_millis(now)));
        self.write(row, now).await?;
        Ok(fault)
    }

    async fn is_patient_enough(&self, person: PersonId, now: Timestamp) -> Result<(), ConnectError> {
        let lately = Column::BegunAt.gt(to_millis(now - LIVES)).and(Column::Person.eq(person.0));
        let begun =
            Entity::find().filter(lately).order_by_asc(Column::BegunAt).count(self.inner.store.reader()).await?;
        if begun < MOST_AT_ONCE { Ok(()) } else { Err(ConnectError::TooMany) }
    }

    /// What the server says of its sign-in, and where people sign in.
    pub(super) async fn described(&self, source: &Arc<Source>) -> Result<(Configuration, Url), FlowFault> {
        let failed = |failed| FlowFault::failed(FlowStep::Discover, &failed);
        let sign_in = source.sign_in.as_ref().ok_or(FlowFault::new(FlowStep::Discover, "no-authorization-endpoint"))?;
        // Nobody is sent away who could not be taken in when they come back.
        let (said, _) = sign_in.described(source.client.target(), Instant::now() + PATIENCE).await.map_err(failed)?;
        let entrance = sign_in.entrance(&said, source.client.base()).map_err(failed)?;
        let back = redirect(source, &self.inner.redirect);
        // Whoever was sent anywhere else would not come back here.
        let own = [self.inner.redirect.path().to_owned(), own_path(source, &self.inner.redirect)];
        if Url::parse(&back).map_or(true, |back| !own.iter().any(|own| back.path() == own)) {
            return Err(FlowFault {
                said: smart::words(&back),
                ..FlowFault::new(FlowStep::Discover, "redirect-elsewhere")
            });
        }
        Ok((said, entrance))
    }

    pub(super) fn secret(&self, source: &Source, said: &Configuration) -> Result<FlowSecret, ConnectError> {
        Ok(FlowSecret {
            // 43 characters of the alphabet that RFC 7636 section 4.1 allows.
            verifier: URL_SAFE_NO_PAD.encode(random::<32>(&self.inner.secrets)?),
            nonce: URL_SAFE_NO_PAD.encode(random::<16>(&self.inner.secrets)?),
            issuer: said.issuer.clone(),
            names_itself: said.names_itself,
            redirect: redirect(source, &self.inner.redirect),
            mode: source.sign_in.as_ref().map(|sign_in| sign_in.auth.response_mode).unwrap_or_default(),
            answer: None,
            receipt: None,
        })
    }

    pub(super) async fn write(&self, row: Model, now: Timestamp) -> Result<(), ConnectError> {
        let written = self.inner.store.write::<_, ConnectError, _>(move |tx| {
            Box::pin(async move {
                // What nobody came back for holds nothing that could be used; what is old is nobody's business any more.
                let gone = Column::Sealed.is_not_null().and(Column::ExpiresAt.lt(to_millis(now)));
                let wiped = Entity::update_many().col_expr(Column::Sealed, Expr::value(None::<String>)).filter(gone);
                wiped.exec(tx).await?;
                let old = Column::BegunAt.lt(to_millis(now - KEPT));
                Entity::delete_many().filter(old).exec(tx).await?;
                Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
                Ok(())
            })
        });
        written.await
    }
}

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>(secrets: &Secrets) -> Result<[u8; N], ConnectError> {
    let mut bytes = [0; N];
    (secrets.ambient.random)(&mut bytes).map_err(|NoRandom| EnvelopeError::Random(NoRandom))?;
    Ok(bytes)
}

/// Whose flow it is.
pub(super) enum Owner<'o> {
    /// Of a person who connects their record.
    Person(PersonId),
    /// Of somebody who is launched here.
    Staff(&'o SubjectId),
}

/// A flow that begins now, and its state: 256 random bits that come back with the browser, of which the row holds the digest alone.
pub(super) fn fresh_row(
    secrets: &Secrets,
    owner: Owner<'_>,
    source: &str,
    session: &str,
    now: Timestamp,
) -> Result<(Model, String), ConnectError> {
    let state = URL_SAFE_NO_PAD.encode(random::<32>(secrets)?);
    let (kind, person, staff) = match owner {
        Owner::Person(person) => (FlowKind::Connection, person.0, None),
        // Nobody: whose record it is about is not known before it is over.
        Owner::Staff(staff) => (FlowKind::Launch, Uuid::nil(), Some(staff.to_string())),
    };
    let row = Model {
        id: Uuid::from_bytes(random(secrets)?),
        state_hash: smart::sha256_base64url(state.as_bytes()),
        source: source.to_owned(),
        person,
        session: smart::sha256_base64url(session.as_bytes()),
        sealed: None,
        begun_at: to_millis(now),
        expires_at: to_millis(now + LIVES),
        used_at: None,
        finished_at: None,
        step: FlowStep::Authorize.as_str().to_owned(),
        outcome: None,
        why: None,
        trace: String::new(),
        kind: kind.as_str().to_owned(),
        staff,
    };
    Ok((row, state))
}

/// Scopes that are asked for.
pub(super) fn asked(source: &Source) -> Vec<String> {
    let scopes = source.sign_in.as_ref().map_or("", |sign_in| sign_in.auth.scopes.as_str());
    scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// Where the hospital sends people back to, exactly as it is registered there. Each has an address of its own: what another hospital
/// answers, to whom somebody was passed on with this one's state, comes to another (RFC 9700 section 4.4.2.2).
fn redirect(source: &Source, own: &Url) -> String {
    let registered = source.sign_in.as_ref().and_then(|sign_in| sign_in.auth.redirect_url.clone());
    registered.unwrap_or_else(|| {
        let mut url = own.clone();
        url.set_path(&own_path(source, own));
        url.to_string()
    })
}

fn own_path(source: &Source, own: &Url) -> String {
    format!("{}/{}", own.path().trim_end_matches('/'), source.id)
}

/// Where a person goes, and what is kept of the request.
fn departure(
    source: &Source,
    row: &Model,
    endpoint: &Url,
    state: &str,
    secret: &FlowSecret,
) -> Result<(Departure, Vec<(String, String)>), ConnectError> {
    let challenge = smart::challenge(&secret.verifier);
    let request = request(source, endpoint, state, (secret, &challenge), None)?;
    let by = source.sign_in.as_ref().map(|sign_in| sign_in.auth.authorize_by).unwrap_or_default();
    let (url, form) = match by {
        AuthorizeBy::Get => (request.url(), None),
        AuthorizeBy::Post => {
            let fields = request.fields().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
            (endpoint.clone(), Some(fields))
        }
    };
    let kept = redacted_query(&request.url());
    Ok((Departure { flow: row.id, source: source.id.clone(), url, form }, kept))
}

/// What is asked for there, with the challenge of the secret's verifier. `launch` is of one that began at the hospital, as it came.
pub(super) fn request<'a>(
    source: &'a Source,
    endpoint: &'a Url,
    state: &'a str,
    (secret, challenge): (&'a FlowSecret, &'a str),
    launch: Option<&'a str>,
) -> Result<Authorize<'a>, ConnectError> {
    let auth = &source.sign_in.as_ref().ok_or(ConnectError::NotFound)?.auth;
    let base = source.client.base().as_str();
    let nonce = auth.scopes.split(' ').any(|scope| scope == "openid").then_some(secret.nonce.as_str());
    Ok(Authorize {
        endpoint,
        client_id: &auth.client_id,
        redirect_uri: &secret.redirect,
        scopes: &auth.scopes,
        state,
        audience: auth.audience.as_deref().unwrap_or(base),
        challenge,
        nonce,
        launch,
        response_mode: auth.response_mode.registered(),
    })
}

/// How long ago it was begun.
pub(super) fn since(row: &Model, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(from_millis(row.begun_at))).unwrap_or_default()
}
