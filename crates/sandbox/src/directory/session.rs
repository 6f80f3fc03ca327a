//! One client's conversation: StartTLS, bind, search, who am I, unbind.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::{
    LdapCodec, LdapMsg, LdapResultCode,
    proto::{
        LdapBindCred, LdapBindRequest, LdapBindResponse, LdapCompareRequest, LdapExtendedRequest, LdapExtendedResponse,
        LdapOp, LdapResult, LdapSearchRequest, LdapSearchScope,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::codec::Framed;

use super::{filter, tree::Tree};

/// RFC 4511, 4.14.
pub(super) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// RFC 4532.
pub(super) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
/// The longest request taken, bytes; twice that is buffered at most.
const MAX_FRAME: usize = 64 * 1024;
/// The deepest nesting of a request taken.
const MAX_DEPTH: usize = 24;
/// Silent clients are let go.
const IDLE: Duration = Duration::from_secs(300);

/// How a conversation ended.
enum End {
    Closed,
    /// The client was told to begin its handshake.
    StartTls,
}

/// Who is bound: nobody, or a DN.
struct Talk<'a> {
    tree: &'a Tree,
    secure: bool,
    bound: Option<String>,
}

/// Serves one connection until it ends.
pub(crate) async fn serve(stream: TcpStream, tree: Arc<Tree>, acceptor: TlsAcceptor) {
    let mut framed = Framed::new(stream, codec());
    let mut talk = Talk { tree: &tree, secure: false, bound: None };
    if matches!(talk.converse(&mut framed).await, End::Closed) {
        return;
    }
    let parts = framed.into_parts();
    if !parts.read_buf.is_empty() {
        // bytes sent in clear behind StartTLS would be read as if they had been protected
        return;
    }
    let Ok(Ok(secured)) = tokio::time::timeout(IDLE, acceptor.accept(parts.io)).await else { return };
    let mut talk = Talk { tree: &tree, secure: true, bound: None };
    talk.converse(&mut Framed::new(secured, codec())).await;
}

fn codec() -> LdapCodec {
    LdapCodec::new(Some(MAX_FRAME), Some(MAX_DEPTH))
}

fn result(code: LdapResultCode, message: &str) -> LdapResult {
    LdapResult { code, matcheddn: String::new(), message: message.to_owned(), referral: Vec::new() }
}

fn extended(code: LdapResultCode, message: &str) -> LdapExtendedResponse {
    LdapExtendedResponse { res: result(code, message), name: None, value: None }
}

impl Talk<'_> {
    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(&mut self, framed: &mut Framed<S, LdapCodec>) -> End {
        loop {
            let Ok(Some(Ok(LdapMsg { msgid, op, .. }))) = tokio::time::timeout(IDLE, framed.next()).await else {
                return End::Closed;
            };
            let upgrade = matches!(&op, LdapOp::ExtendedRequest(request) if request.name == START_TLS) && !self.secure;
            let answers = match op {
                LdapOp::UnbindRequest => return End::Closed,
                LdapOp::AbandonRequest(_) => continue,
                LdapOp::BindRequest(request) => vec![LdapOp::BindResponse(self.bind(&request))],
                LdapOp::SearchRequest(request) => self.search(&request),
                LdapOp::CompareRequest(request) => vec![LdapOp::CompareResult(self.compare(&request))],
                LdapOp::ExtendedRequest(request) => vec![LdapOp::ExtendedResponse(self.extended(&request))],
                LdapOp::ModifyRequest(_) => vec![LdapOp::ModifyResponse(read_only())],
                LdapOp::AddRequest(_) => vec![LdapOp::AddResponse(read_only())],
                LdapOp::DelRequest(_) => vec![LdapOp::DelResponse(read_only())],
                LdapOp::ModifyDNRequest(_) => vec![LdapOp::ModifyDNResponse(read_only())],
                _ => return End::Closed,
            };
            for op in answers {
                if framed.feed(LdapMsg { msgid, op, ctrl: Vec::new() }).await.is_err() {
                    return End::Closed;
                }
            }
            if framed.flush().await.is_err() {
                return End::Closed;
            }
            if upgrade {
                return End::StartTls;
            }
        }
    }

    fn bind(&mut self, request: &LdapBindRequest) -> LdapBindResponse {
        // a bind that fails leaves the connection anonymous (RFC 4511, 4.2.1)
        self.bound = None;
        let (code, message) = match &request.cred {
            _ if request.version != 3 => (LdapResultCode::ProtocolError, "LDAPv3 only"),
            LdapBindCred::Simple(password) if password.is_empty() && request.dn.is_empty() => {
                (LdapResultCode::Success, "")
            }
            // RFC 4513, 5.1.2: an unauthenticated bind is refused by default
            LdapBindCred::Simple(password) if password.is_empty() => {
                (LdapResultCode::UnwillingToPerform, "unauthenticated bind (DN with no password) disallowed")
            }
            LdapBindCred::Simple(_) if !self.secure => (LdapResultCode::ConfidentialityRequired, "StartTLS required"),
            LdapBindCred::Simple(password) => match self.tree.authenticate(&request.dn, password) {
                Some(dn) => {
                    self.bound = Some(dn.to_owned());
                    (LdapResultCode::Success, "")
                }
                None => (LdapResultCode::InvalidCredentials, ""),
            },
            _ => (LdapResultCode::AuthMethodNotSupported, "simple bind only"),
        };
        LdapBindResponse { res: result(code, message), saslcreds: None }
    }

    fn search(&self, request: &LdapSearchRequest) -> Vec<LdapOp> {
        let done = |code, message: &str| LdapOp::SearchResultDone(result(code, message));
        if request.base.is_empty() && request.scope == LdapSearchScope::Base {
            let entry = self.tree.root_dse().shown(&request.attrs, request.typesonly);
            return vec![LdapOp::SearchResultEntry(entry), done(LdapResultCode::Success, "")];
        }
        if self.bound.is_none() {
            return vec![done(LdapResultCode::InsufficentAccessRights, "bind first")];
        }
        let Some(entries) = self.tree.in_scope(&request.base, &request.scope) else {
            return vec![done(LdapResultCode::NoSuchObject, "")];
        };
        let limit = usize::try_from(request.sizelimit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let found: Vec<_> = entries.into_iter().filter(|entry| filter::matches(&request.filter, entry)).collect();
        let code = if found.len() > limit { LdapResultCode::SizeLimitExceeded } else { LdapResultCode::Success };
        let show =
            |entry: &super::tree::Entry| LdapOp::SearchResultEntry(entry.shown(&request.attrs, request.typesonly));
        let mut answers: Vec<LdapOp> = found.into_iter().take(limit).map(show).collect();
        answers.push(done(code, ""));
        answers
    }

    fn compare(&self, request: &LdapCompareRequest) -> LdapResult {
        if self.bound.is_none() {
            return result(LdapResultCode::InsufficentAccessRights, "bind first");
        }
        let entries = self.tree.in_scope(&request.dn, &LdapSearchScope::Base).unwrap_or_default();
        let Some(entry) = entries.first() else { return result(LdapResultCode::NoSuchObject, "") };
        let value = String::from_utf8_lossy(&request.val).into_owned();
        let equal = filter::matches(&ldap3_proto::LdapFilter::Equality(request.atype.clone(), value), entry);
        result(if equal { LdapResultCode::CompareTrue } else { LdapResultCode::CompareFalse }, "")
    }

    fn extended(&self, request: &LdapExtendedRequest) -> LdapExtendedResponse {
        match request.name.as_str() {
            START_TLS if self.secure => extended(LdapResultCode::OperationsError, "TLS already started"),
            START_TLS => {
                LdapExtendedResponse { name: Some(START_TLS.to_owned()), ..extended(LdapResultCode::Success, "") }
            }
            WHO_AM_I => {
                let who = self.bound.as_ref().map(|dn| format!("dn:{dn}")).unwrap_or_default();
                LdapExtendedResponse { value: Some(who.into_bytes()), ..extended(LdapResultCode::Success, "") }
            }
            _ => extended(LdapResultCode::ProtocolError, "unsupported extended operation"),
        }
    }
}

fn read_only() -> LdapResult {
    result(LdapResultCode::UnwillingToPerform, "this directory is read-only")
}
