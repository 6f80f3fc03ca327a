//! LDAP messages as bytes (RFC 4511, X.690), good ones and bad ones.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// Tag of a BindRequest.
pub const BIND: u8 = 0x60;
/// Tag of a SearchRequest.
pub const SEARCH: u8 = 0x63;
/// Tag of an ExtendedRequest.
pub const EXTENDED: u8 = 0x77;

/// A request of a client; ours are short and their ids small.
#[derive(Clone, Debug)]
pub struct Request {
    /// Message id.
    pub id: u8,
    /// Tag of the operation.
    pub operation: u8,
    /// The message as it came.
    pub bytes: Vec<u8>,
}

impl Request {
    /// Does the message hold these bytes: a name, a filter's value, an OID?
    pub fn holds(&self, text: &str) -> bool {
        self.bytes.windows(text.len().max(1)).any(|part| part == text.as_bytes())
    }
}

/// Reads one request; `None` when the client is gone, or sends what is none.
pub async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = vec![0; 2];
    stream.read_exact(&mut bytes).await.ok()?;
    let mut length = usize::from(bytes[1]);
    if length >= 0x80 {
        let mut octets = vec![0; length - 0x80];
        stream.read_exact(&mut octets).await.ok()?;
        length =
            octets.iter().try_fold(0_usize, |length, &octet| length.checked_mul(256)?.checked_add(octet.into()))?;
        bytes.extend(octets);
    }
    // Nothing that a client of ours says is longer.
    if length > 1 << 20 {
        return None;
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    // `02 01 ID OPERATION …`
    let (id, operation) = (*content.get(2)?, *content.get(3)?);
    bytes.extend(content);
    Some(Request { id, operation, bytes })
}

/// A value with its tag, the length in four octets.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    [vec![tag, 0x84], length.to_be_bytes().to_vec(), content.to_vec()].concat()
}

/// An LDAPMessage.
pub fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    value(0x30, &[value(0x02, &[id]).as_slice(), operation].concat())
}

/// The answer to `operation` with a result code.
pub fn result(id: u8, operation: u8, code: u8) -> Vec<u8> {
    let parts = [value(0x0a, &[code]), value(0x04, b""), value(0x04, b"")];
    message(id, &value(answer_to(operation), &parts.concat()))
}

/// The answer to `operation` with result code 10 and a referral.
pub fn referral(id: u8, operation: u8, url: &str) -> Vec<u8> {
    let there = value(0xa3, &value(0x04, url.as_bytes()));
    let parts = [value(0x0a, &[10]), value(0x04, b""), value(0x04, b""), there];
    message(id, &value(answer_to(operation), &parts.concat()))
}

/// A SearchResultReference.
pub fn reference(id: u8, url: &str) -> Vec<u8> {
    message(id, &value(0x73, &value(0x04, url.as_bytes())))
}

fn answer_to(operation: u8) -> u8 {
    match operation {
        BIND => 0x61,
        SEARCH => 0x65,
        _ => 0x78,
    }
}

/// A search entry with `entryUUID`, `uid` and more attributes.
pub fn entry(id: u8, dn: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let attribute = |&(name, text): &(&str, &str)| {
        value(0x30, &[value(0x04, name.as_bytes()), value(0x31, &value(0x04, text.as_bytes()))].concat())
    };
    let own = [("entryUUID", "7d4f"), ("uid", "li.wei")];
    let attributes: Vec<u8> = own.iter().chain(more).flat_map(attribute).collect();
    message(id, &value(0x64, &[value(0x04, dn.as_bytes()), value(0x30, &attributes)].concat()))
}

/// 80 KB of sequences in sequences.
pub fn nested() -> Vec<u8> {
    let mut inner: Vec<u8> = Vec::new();
    while inner.len() < 80_000 {
        inner = value(0x30, &inner);
    }
    inner
}

/// A bind's result with half a million empty parts.
pub fn crowd(id: u8) -> Vec<u8> {
    let parts = [value(0x0a, &[0]), value(0x04, b""), value(0x04, b""), [0x04, 0x00].repeat(500_000)];
    message(id, &value(0x61, &parts.concat()))
}
