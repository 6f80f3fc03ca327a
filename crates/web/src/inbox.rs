//! `/messages` of both portals: what stands there in words (`ui.inbox`), and what its form says. Whose they are, and that
//! they may read them, is the portals' and the crate's that keeps them.

use std::collections::BTreeMap;

use access::Fault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Failure,
    render::{Arg, Words},
};

/// `messages.html`
#[derive(Serialize)]
pub struct Inbox {
    messages: Vec<Entry>,
    unread: bool,
}

impl Inbox {
    /// With these, in their order.
    pub fn new(messages: Vec<Entry>) -> Self {
        Self { unread: messages.iter().any(|one| one.is_new), messages }
    }
}

/// A message in the reader's language.
#[derive(Serialize)]
pub struct Entry {
    id: Uuid,
    title: String,
    text: String,
    at: String,
    is_new: bool,
}

impl Entry {
    /// Of a kind, whose words are `message-KIND-title` and `message-KIND-text` with `refs` in them.
    pub fn new(
        words: &Words,
        id: Uuid,
        (kind, refs): (&str, &BTreeMap<String, String>),
        at: Timestamp,
        is_new: bool,
    ) -> Self {
        // Instants are kept as such and read on the region's clocks.
        let said = |text: &String| text.parse::<Timestamp>().map_or_else(|_| text.clone(), |at| words.minute(at));
        let refs: Vec<(&str, Arg<'_>)> =
            refs.iter().map(|(name, text)| (name.as_str(), Arg::from(said(text)))).collect();
        Self {
            id,
            title: words.text(&format!("message-{kind}-title")),
            text: words.with(&format!("message-{kind}-text"), &refs),
            at: words.minute(at),
            is_new,
        }
    }
}

/// `POST /messages`
#[derive(Deserialize)]
pub struct Marked {
    /// One of them; all when it is left out.
    message: Option<String>,
}

impl Marked {
    /// Which one was read; `None`: all.
    ///
    /// # Errors
    /// What is no message's id is not there.
    pub fn one(self) -> Result<Option<Uuid>, Failure> {
        self.message.map(|text| text.parse().map_err(|_| Failure::new(Fault::NotFound))).transpose()
    }
}
