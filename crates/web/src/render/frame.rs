//! What every page knows: who reads it, in which language, where it is.

use jiff::Timestamp;
use serde::Serialize;

use super::{Arg, Words, time};
use crate::Lang;

/// Whose portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portal {
    /// The intranet portal: dense.
    Internal,
    /// The public portal: large and plain.
    External,
}

/// Light or dark, when the visitor chose; else the system decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// As in the cookie and in `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// From the cookie.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct User {
    /// As shown.
    pub name: String,
    /// Hospital or department, inside; nothing outside.
    pub organisation: Option<String>,
    /// Staff groups, in message keys (`role-clinician` without the `role-`); shown as they are when unknown.
    pub roles: Vec<String>,
    /// How many messages they have not read.
    pub unread: u64,
    /// May they give roles on anything to others?
    pub delegates: bool,
    /// Outside: the name of whom they act for on this page, where it is another person.
    pub acting_for: Option<String>,
    /// Outside: the id in `/people/{id}/…` links of the shell.
    pub person: Option<String>,
}

/// What every page knows.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Language of the page.
    pub lang: Lang,
    /// Chosen theme.
    pub theme: Option<Theme>,
    /// Which portal.
    pub portal: Portal,
    /// Who is signed in.
    pub user: Option<User>,
    /// For forms; empty on pages without one.
    pub csrf_token: String,
    /// Of the answer's content security policy; empty where there is none, and no script runs then.
    pub nonce: String,
    /// Path and query of the page, where the language switch leads (after a POST: of the page its form is on).
    pub path: String,
    /// Of the request.
    pub request_id: String,
    /// When the page is drawn.
    pub now: Timestamp,
}

/// A [`Frame`] as templates see it, under `frame`.
#[derive(Serialize)]
pub(super) struct FrameView<'a> {
    lang: &'static str,
    /// The language to switch to.
    other_lang: &'static str,
    other_lang_href: String,
    theme: Option<&'static str>,
    /// What the theme switch leads to: `dark`, `light`, or `auto` (as the system prefers).
    next_theme: &'static str,
    next_theme_href: String,
    nonce: &'a str,
    internal: bool,
    user: Option<&'a User>,
    csrf_token: &'a str,
    path: &'a str,
    request_id: &'a str,
    now: String,
    today: String,
}

impl Frame {
    pub(super) fn view(&self) -> FrameView<'_> {
        let other = match self.lang {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        };
        let next_theme = match self.theme {
            None => "dark",
            Some(Theme::Dark) => "light",
            Some(Theme::Light) => "auto",
        };
        FrameView {
            lang: self.lang.tag(),
            other_lang: other.tag(),
            other_lang_href: with(&self.path, "lang", other.tag()),
            theme: self.theme.map(Theme::name),
            next_theme,
            next_theme_href: with(&self.path, "theme", next_theme),
            nonce: &self.nonce,
            internal: self.portal == Portal::Internal,
            user: self.user.as_ref(),
            csrf_token: &self.csrf_token,
            path: local_path(&self.path),
            request_id: &self.request_id,
            now: self.now.to_string(),
            today: time::local(self.now).date().to_string(),
        }
    }
}

/// A path of our own: `//host` and `/\host` would lead elsewhere.
fn local_path(path: &str) -> &str {
    let elsewhere = path.starts_with("//") || path.starts_with("/\\");
    if path.starts_with('/') && !elsewhere { path } else { "/" }
}

/// The same page with a switch set: every other parameter is kept.
fn with(path: &str, switch: &str, value: &str) -> String {
    let (page, query) = local_path(path).split_once('?').unwrap_or((local_path(path), ""));
    let is_switch = |pair: &&str| pair.split('=').next() == Some(switch);
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_switch(pair)).collect();
    let mut href = format!("{page}?");
    for pair in kept {
        href.push_str(pair);
        href.push('&');
    }
    href + switch + "=" + value
}

/// The page of a failure. `problem` is the problem type (`not-found`, `forbidden`, `break-glass-required`, `too-many`,
/// `internal`, `unavailable`, …): the messages `error-<problem>-title`, `-text` and `-next` say it in words.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// HTTP status.
    pub status: u16,
    /// Problem type.
    pub problem: String,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct ErrorView<'a> {
    status: u16,
    kind: &'a str,
    title: String,
    text: String,
    next: String,
    icon: &'static str,
    retry_after: Option<u32>,
    retry: bool,
}

impl ErrorPage {
    pub(super) fn view<'a>(&'a self, words: &Words) -> ErrorView<'a> {
        let known = words.has(&format!("error-{}-title", self.problem));
        let kind = if known { self.problem.as_str() } else { general_kind(self.status) };
        let status = [("status", Arg::from(i64::from(self.status)))];
        let say = |part: &str| words.with(&format!("error-{kind}-{part}"), &status);
        let icon = match kind {
            "not-found" => "search-x",
            "forbidden" | "not-signed-in" => "lock",
            "break-glass-required" => "shield-alert",
            "too-many" | "request-timeout" => "hourglass",
            _ => "triangle-alert",
        };
        ErrorView {
            status: self.status,
            kind,
            title: say("title"),
            text: say("text"),
            next: say("next"),
            icon,
            retry_after: self.retry_after,
            retry: matches!(kind, "unavailable" | "internal" | "too-many" | "request-timeout"),
        }
    }
}

/// Words for a problem without its own.
fn general_kind(status: u16) -> &'static str {
    match status {
        401 => "not-signed-in",
        403 => "forbidden",
        404 => "not-found",
        409 => "conflict",
        429 => "too-many",
        400..500 => "invalid",
        503 => "unavailable",
        _ => "internal",
    }
}

/// The sign-in page of either portal (`sign_in.html` of each).
#[derive(Clone, Debug, Default, Serialize)]
pub struct SignInPage {
    /// What to say: `refused` (name or password wrong), `unavailable` (the directory does not answer), `expired` (the
    /// session ended), `too-many` (wait a while), `signed-out`, `missing` (a field was left empty), `stale` (the form
    /// was too old).
    pub state: Option<String>,
    /// Directories to choose from, `(id, name)`; the choice is left out when there is one alone.
    pub organisations: Vec<Organisation>,
    /// What was typed, to be shown again (never the password).
    pub username: String,
    /// The chosen organisation's id.
    pub organisation: String,
    /// Where to go after signing in: a path of our own.
    pub next: String,
}

/// A directory to sign in with.
#[derive(Clone, Debug, Serialize)]
pub struct Organisation {
    /// Its id in the configuration.
    pub id: String,
    /// Its name in the page's language.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_switch_keeps_the_page_and_never_leaves_it() {
        let check = |path: &str, expect: &str| assert_eq!(with(path, "lang", "en"), expect, "{path}");
        check("/", "/?lang=en");
        check("/patients?search=1", "/patients?search=1&lang=en");
        check("/patients?lang=zh-CN&search=1", "/patients?search=1&lang=en");
        check("//evil.example/", "/?lang=en");
        check("/\\evil.example/", "/?lang=en");
        check("https://evil.example/", "/?lang=en");
    }
}
