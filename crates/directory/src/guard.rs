//! The guard between a server and ldap3.
//!
//! ldap3 0.12 parses BER by recursion (a nested answer of 80 KB ends the process), waits for as many bytes as a length
//! claims, and panics on answers of the wrong shape. So every byte of a server goes through here first: frames are cut
//! out, bounded, checked against the grammar of RFC 4511 and against what was asked; only whole, fitting answers pass,
//! unchanged. Search references and intermediate answers are dropped: nothing is chased.

use std::collections::BTreeMap;

use zeroize::Zeroize;

use crate::message::{self, Envelope, operation};

/// Longest message, in bytes.
pub const MAX_FRAME: usize = 1 << 20;
/// Most elements in all answers of one connection: ldap3 spends some hundred bytes on each.
const MAX_ELEMENTS: usize = 50_000;
/// Most bytes of all answers of one connection.
const MAX_TOTAL: usize = 8 << 20;
/// Most requests under way at once; we send one at a time.
const MAX_REQUESTS: usize = 64;

/// What a server did that no server may do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A tag number of 31 or more.
    #[error("a tag that LDAP does not have")]
    Tag,
    /// An indefinite length, or one that no machine can hold.
    #[error("a length that LDAP does not allow")]
    Length,
    /// A message of more than 1 MiB.
    #[error("a message of {0} bytes")]
    Frame(usize),
    /// Nesting deeper than 32.
    #[error("nesting deeper than {}", message::MAX_DEPTH)]
    Depth,
    /// Too many elements or bytes in one connection.
    #[error("more answers than anybody needs")]
    Flood,
    /// Not what RFC 4511 describes.
    #[error("{0}")]
    Grammar(&'static str),
    /// An answer to nothing, or of another kind than the request.
    #[error("an answer that was not asked for (message {id}, tag {operation:#04x})")]
    Unexpected {
        /// Message id.
        id: u32,
        /// Tag of the operation.
        operation: u8,
    },
    /// A Notice of Disconnection (RFC 4511 §4.4.1).
    #[error("the server gives notice of disconnection")]
    Disconnected,
    /// Bytes in the clear after the answer to StartTLS: somebody writes into the connection.
    #[error("bytes in the clear after the answer to StartTLS")]
    Injection,
}

/// The state of one connection.
#[derive(Default)]
pub struct Guard {
    requests: Frames,
    replies: Frames,
    total: usize,
    dialogue: Dialogue,
}

impl Guard {
    /// A fresh connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes what ldap3 asks; `bytes` may hold parts of messages.
    pub fn request(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.requests.push(bytes);
        while let Some(frame) = self.requests.next()? {
            self.dialogue.ask(frame)?;
        }
        Ok(())
    }

    /// Takes bytes of the server, cut anywhere; appends to `pass` the messages that ldap3 may see.
    pub fn reply(&mut self, bytes: &[u8], pass: &mut Vec<u8>) -> Result<(), Violation> {
        self.total = self.total.saturating_add(bytes.len());
        if self.total > MAX_TOTAL {
            return Err(Violation::Flood);
        }
        self.replies.push(bytes);
        while let Some(frame) = self.replies.next()? {
            if self.dialogue.answer(frame)? {
                pass.extend_from_slice(frame);
            }
        }
        Ok(())
    }

    /// Is everything answered, with nothing left over?
    pub(crate) fn is_idle(&self) -> bool {
        self.dialogue.asked.is_empty() && self.replies.is_empty()
    }
}

/// What is asked and not yet answered.
#[derive(Default)]
struct Dialogue {
    /// Message id → tag of the request.
    asked: BTreeMap<u32, u8>,
    elements: usize,
}

impl Dialogue {
    fn ask(&mut self, frame: &[u8]) -> Result<(), Violation> {
        let Envelope { id, operation } = message::request(frame)?;
        let answered = [operation::BIND_REQUEST, operation::SEARCH_REQUEST, operation::EXTENDED_REQUEST];
        if answered.contains(&operation) {
            if self.asked.len() >= MAX_REQUESTS {
                return Err(Violation::Flood);
            }
            self.asked.insert(id, operation);
        }
        Ok(())
    }

    /// May this message go on to ldap3?
    fn answer(&mut self, frame: &[u8]) -> Result<bool, Violation> {
        self.elements += message::walk(frame)?;
        if self.elements > MAX_ELEMENTS {
            return Err(Violation::Flood);
        }
        let Envelope { id, operation } = message::reply(frame)?;
        if id == 0 && operation == operation::EXTENDED_RESPONSE {
            return Err(Violation::Disconnected);
        }
        match (self.asked.get(&id), operation) {
            (Some(&operation::BIND_REQUEST), operation::BIND_RESPONSE)
            | (Some(&operation::SEARCH_REQUEST), operation::SEARCH_DONE)
            | (Some(&operation::EXTENDED_REQUEST), operation::EXTENDED_RESPONSE) => {
                self.asked.remove(&id);
                Ok(true)
            }
            (Some(&operation::SEARCH_REQUEST), operation::SEARCH_ENTRY) => Ok(true),
            (Some(&operation::SEARCH_REQUEST), operation::SEARCH_REFERENCE | operation::INTERMEDIATE) => Ok(false),
            _ => Err(Violation::Unexpected { id, operation }),
        }
    }
}

/// Cuts a stream of bytes into messages. Its buffer never grows by what a length claims, only by what has come.
#[derive(Default)]
struct Frames {
    buffer: Vec<u8>,
    start: usize,
}

impl Frames {
    fn push(&mut self, bytes: &[u8]) {
        let kept = self.buffer.len() - self.start;
        self.buffer.copy_within(self.start.., 0);
        // Requests hold passwords: what has been handed on is wiped.
        self.buffer[kept..].zeroize();
        self.buffer.truncate(kept);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Violation> {
        let rest = &self.buffer[self.start..];
        if rest.first().is_some_and(|&tag| tag != message::SEQUENCE) {
            return Err(Violation::Grammar("the message is not a sequence"));
        }
        let Some((header, content)) = message::header(rest)? else { return Ok(None) };
        let length = header.saturating_add(content);
        if length > MAX_FRAME {
            return Err(Violation::Frame(length));
        }
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.start;
        self.start += length;
        Ok(Some(&self.buffer[start..self.start]))
    }

    fn is_empty(&self) -> bool {
        self.buffer.len() == self.start
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

#[cfg(test)]
mod tests;
