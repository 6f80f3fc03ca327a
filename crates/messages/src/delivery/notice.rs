//! The words of a notice: made once from the portal's locale files, the same for every message.

use std::borrow::Cow;

use crate::Language;

/// What is said in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sender's name.
    pub from: String,
    /// Of an e-mail.
    pub subject: String,
    /// Of an e-mail.
    pub text: String,
    /// Of a text message.
    pub short: String,
}

/// What is said in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// 简体中文
    pub zh: Notice,
    /// English
    pub en: Notice,
}

impl Notices {
    /// For somebody who reads `language`; in both where nobody knows, Chinese first.
    pub fn to(&self, language: Option<Language>) -> Cow<'_, Notice> {
        match language {
            Some(Language::Zh) => Cow::Borrowed(&self.zh),
            Some(Language::En) => Cow::Borrowed(&self.en),
            None => {
                let (zh, en) = (&self.zh, &self.en);
                Cow::Owned(Notice {
                    from: format!("{} / {}", zh.from, en.from),
                    subject: format!("{} / {}", zh.subject, en.subject),
                    text: format!("{}\n\n{}", zh.text, en.text),
                    short: format!("{} {}", zh.short, en.short),
                })
            }
        }
    }
}
