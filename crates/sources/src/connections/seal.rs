//! What of a flow and of a connection is sealed, and for which place.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use envelope::{EnvelopeError, KeyDomain, Place, Sealed, SealedRow, SealedRows};
use fhir::smart::Granted;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Store, StoreError};
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{ConnectError, FlowKind};
use crate::{
    ResponseMode, Secrets,
    entity::{connection, copy, flow},
};

/// Tokens are the patient's, not the region's.
const DOMAIN: KeyDomain = KeyDomain::Patient;
const FLOWS: &str = "source-flow";
const LAUNCHES: &str = "source-launch";
const CONNECTIONS: &str = "source-connection";
const COPIES: &str = "source-copy";
/// All of the patients'.
pub(super) const KINDS: [(KeyDomain, &str); 3] = [(DOMAIN, FLOWS), (DOMAIN, CONNECTIONS), (DOMAIN, COPIES)];

/// What a code is exchanged with.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct FlowSecret {
    /// Of the challenge (RFC 7636).
    pub verifier: String,
    /// Comes back inside the `id_token`.
    pub nonce: String,
    /// Who the server said it was when the person left.
    pub issuer: Option<String>,
    /// It said that it names itself when it sends people back.
    pub names_itself: bool,
    /// What the person was sent with.
    pub redirect: String,
    /// How the answer has to come.
    #[serde(default)]
    #[zeroize(skip)]
    pub mode: ResponseMode,
    /// What a page of the hospital brought, until the person's own browser asks for it.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// Digest of what the browser that brought it was given for it.
    #[serde(default)]
    pub receipt: Option<String>,
}

impl FlowSecret {
    /// Is it what the browser that brought the answer was given?
    pub fn is_receipt(&self, receipt: &str) -> bool {
        self.receipt.as_deref() == Some(fhir::smart::sha256_base64url(receipt.as_bytes()).as_str())
    }
}

/// What a hospital's sign-in answers (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Answer {
    /// The path that it came to.
    #[serde(default)]
    pub at: Option<String>,
    pub code: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
}

/// What a hospital gave for one patient.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Tokens {
    pub access: String,
    /// Milliseconds since 1970.
    pub ends_at: i64,
    /// The same: it is not used in its last seconds, it would end on the way.
    pub use_until: i64,
    pub refresh: Option<String>,
}

/// Not used for so long at the end of a token's life, or for half of one of a few seconds.
const MARGIN: Duration = Duration::from_secs(10);

impl Tokens {
    /// What was granted at `now`, milliseconds since 1970. `refresh` was used for it, where something was.
    pub fn granted(granted: &Granted, refresh: Option<&str>, now: i64) -> Self {
        let lives = granted.expires_in;
        let used = lives.saturating_sub(MARGIN).max(lives / 2);
        let after = |time: Duration| now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        // A server that gives no new one goes on taking the old one (RFC 6749 section 6).
        let new = granted.refresh_token.as_ref().map(|token| token.as_str());
        Self {
            access: granted.access_token.as_str().to_owned(),
            ends_at: after(lives),
            use_until: after(used),
            refresh: new.or(refresh).map(str::to_owned),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Whose flow it is, in which session, and until when, is part of where it opens: a row that somebody changed opens nowhere. One of
/// staff is sealed under a key that the public portal does not have, so that neither portal takes in what the other began.
fn of_flow(row: &flow::Model) -> Place {
    let (person, until) = (row.person.to_string(), row.expires_at.to_string());
    let (domain, segment, whose) = match FlowKind::of(&row.kind) {
        FlowKind::Connection => (DOMAIN, FLOWS, person.as_str()),
        FlowKind::Launch => (KeyDomain::Staff, LAUNCHES, row.staff.as_deref().unwrap_or_default()),
    };
    let row = [row.state_hash.as_str(), &row.source, whose, &row.session, &until];
    Place { domain, segment, row: row.join("\n") }
}

/// The same of a connection: pointed at another patient, another person or another hospital it does not open. `binding` is where
/// its tokens go.
fn of_connection(row: &connection::Model) -> Place {
    let row = [row.id.to_string(), row.source.clone(), row.person.to_string(), row.patient.clone()];
    Place { domain: DOMAIN, segment: CONNECTIONS, row: row.join("\n") }
}

fn of_copy(connection: Uuid, kind: &str, resource: &str) -> Place {
    Place { domain: DOMAIN, segment: COPIES, row: format!("{connection}\n{kind}\n{resource}") }
}

/// A resource, as it was sent.
pub(super) async fn seal_copy(
    secrets: &Secrets,
    (connection, kind, resource): (Uuid, &str, &str),
    json: &str,
) -> Result<String, ConnectError> {
    Ok(secrets.envelope.seal(&of_copy(connection, kind, resource), json.as_bytes()).await?.to_string())
}

pub(super) async fn open_copy(secrets: &Secrets, row: &copy::Model) -> Result<Zeroizing<Vec<u8>>, ConnectError> {
    let place = of_copy(row.connection, &row.kind, &row.resource);
    Ok(secrets.envelope.open(&place, &row.sealed.parse()?).await?)
}

/// The way to the next page of a copy that is being made. No rotation of keys visits it: it lives for minutes, and where it does not
/// open any more the copy begins anew.
fn of_next(connection: Uuid) -> Place {
    Place { domain: DOMAIN, segment: COPIES, row: format!("{connection}\nnext") }
}

pub(super) async fn seal_next(secrets: &Secrets, connection: Uuid, next: &str) -> Result<String, ConnectError> {
    Ok(secrets.envelope.seal(&of_next(connection), next.as_bytes()).await?.to_string())
}

pub(super) async fn open_next(secrets: &Secrets, connection: Uuid, sealed: &str) -> Option<String> {
    let opened = secrets.envelope.open(&of_next(connection), &sealed.parse().ok()?).await.ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

/// Tokens with where they go: an address that is changed afterwards gets none of them.
#[derive(Serialize, Deserialize)]
struct Bound {
    binding: String,
    tokens: Tokens,
}

async fn sealed(secrets: &Secrets, place: &Place, what: &impl Serialize) -> Result<String, ConnectError> {
    let json = Zeroizing::new(serde_json::to_vec(what)?);
    Ok(secrets.envelope.seal(place, &json).await?.to_string())
}

async fn opened<T: DeserializeOwned>(secrets: &Secrets, place: &Place, text: &str) -> Result<T, ConnectError> {
    let json = secrets.envelope.open(place, &text.parse()?).await?;
    serde_json::from_slice(&json).map_err(|_| EnvelopeError::Unreadable.into())
}

pub(super) async fn seal_flow(
    secrets: &Secrets,
    row: &flow::Model,
    secret: &FlowSecret,
) -> Result<String, ConnectError> {
    sealed(secrets, &of_flow(row), secret).await
}

pub(super) async fn open_flow(secrets: &Secrets, row: &flow::Model) -> Result<FlowSecret, ConnectError> {
    let text = row.sealed.as_deref().ok_or(EnvelopeError::Unreadable)?;
    opened(secrets, &of_flow(row), text).await
}

/// `row.sealed` is not read.
pub(super) async fn seal_tokens(
    secrets: &Secrets,
    row: &connection::Model,
    binding: &str,
    tokens: &Tokens,
) -> Result<String, ConnectError> {
    let bound = Bound { binding: binding.to_owned(), tokens: tokens.clone() };
    sealed(secrets, &of_connection(row), &bound).await
}

/// `None`: they are for another address than the source has now.
pub(super) async fn open_tokens(
    secrets: &Secrets,
    row: &connection::Model,
    binding: &str,
) -> Result<Option<Tokens>, ConnectError> {
    let bound: Bound = opened(secrets, &of_connection(row), &row.sealed).await?;
    Ok((bound.binding == binding).then_some(bound.tokens))
}

/// The columns, for whoever changes their keys.
pub(crate) fn sealed_rows(store: &Store) -> [Box<dyn SealedRows>; 4] {
    let store = || store.clone();
    [
        Box::new(SealedFlows { store: store(), kind: FlowKind::Connection }),
        Box::new(SealedFlows { store: store(), kind: FlowKind::Launch }),
        Box::new(SealedConnections { store: store() }),
        Box::new(SealedCopies { store: store() }),
    ]
}

struct SealedCopies {
    store: Store,
}

#[async_trait]
impl SealedRows for SealedCopies {
    fn domain(&self) -> KeyDomain {
        DOMAIN
    }

    fn segment(&self) -> &'static str {
        COPIES
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = copy::Entity::find();
        if let Some(after) = after {
            rows = rows.filter(copy::Column::Id.gt(id(after)));
        }
        let rows = rows.order_by_asc(copy::Column::Id).limit(most).all(self.store.reader()).await?;
        let told = |row: copy::Model| SealedRow {
            key: row.id.to_string(),
            place: of_copy(row.connection, &row.kind, &row.resource),
            sealed: row.sealed,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        row.replace_in::<copy::Entity>(&self.store, copy::Column::Id.eq(id(&row.key)), copy::Column::Sealed, anew).await
    }
}

struct SealedFlows {
    store: Store,
    kind: FlowKind,
}

struct SealedConnections {
    store: Store,
}

fn id(text: &str) -> Uuid {
    text.parse().unwrap_or_default()
}

#[async_trait]
impl SealedRows for SealedFlows {
    fn domain(&self) -> KeyDomain {
        if self.kind == FlowKind::Launch { KeyDomain::Staff } else { DOMAIN }
    }

    fn segment(&self) -> &'static str {
        if self.kind == FlowKind::Launch { LAUNCHES } else { FLOWS }
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let of_kind = flow::Column::Kind.eq(self.kind.as_str());
        let mut rows = flow::Entity::find().filter(flow::Column::Sealed.is_not_null()).filter(of_kind);
        if let Some(after) = after {
            rows = rows.filter(flow::Column::Id.gt(id(after)));
        }
        let rows = rows.order_by_asc(flow::Column::Id).limit(most).all(self.store.reader()).await?;
        let told = |row: flow::Model| SealedRow {
            key: row.id.to_string(),
            place: of_flow(&row),
            sealed: row.sealed.unwrap_or_default(),
        };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        row.replace_in::<flow::Entity>(&self.store, flow::Column::Id.eq(id(&row.key)), flow::Column::Sealed, anew).await
    }
}

#[async_trait]
impl SealedRows for SealedConnections {
    fn domain(&self) -> KeyDomain {
        DOMAIN
    }

    fn segment(&self) -> &'static str {
        CONNECTIONS
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        let mut rows = connection::Entity::find();
        if let Some(after) = after {
            rows = rows.filter(connection::Column::Id.gt(id(after)));
        }
        let rows = rows.order_by_asc(connection::Column::Id).limit(most).all(self.store.reader()).await?;
        let told = |row: connection::Model| SealedRow {
            key: row.id.to_string(),
            place: of_connection(&row),
            sealed: row.sealed,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        let is = connection::Column::Id.eq(id(&row.key));
        row.replace_in::<connection::Entity>(&self.store, is, connection::Column::Sealed, anew).await
    }
}
