//! Text messages, by a gateway.

use std::{fmt, path::PathBuf, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Outbound, OutboundError, Target, TargetSettings};
use serde_json::json;
use store::jobs::Failure;
use url::Url;
use uuid::Uuid;

use super::{Carrier, Channel, Notices, mail::secret};
use crate::{Contact, PhoneNumber};

/// For one text message.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Nobody needs the gateway's answer but its status.
const MAX_ANSWER: u64 = 64 * 1024;

/// Sends text messages. An operator whose way is another than [`HttpGateway`]'s has one of their own.
#[async_trait]
pub trait SmsGateway: Send + Sync + 'static {
    /// Sends `text` to `to`. Asked twice with one `id`, it sends once, as far as it can.
    async fn send(&self, to: &PhoneNumber, text: &str, id: Uuid) -> Result<(), Failure>;
}

/// The channel of text messages.
pub struct Sms<G> {
    gateway: G,
    notices: Notices,
}

impl<G: SmsGateway> Sms<G> {
    /// By `gateway`, with these words.
    pub fn new(gateway: G, notices: Notices) -> Self {
        Self { gateway, notices }
    }
}

#[async_trait]
impl<G: SmsGateway> Carrier for Sms<G> {
    fn channel(&self) -> Channel {
        Channel::Sms
    }

    async fn carry(&self, contact: &Contact, id: Uuid, _: Timestamp) -> Result<(), Failure> {
        let Some(to) = &contact.phone else { return Err(Failure::lasting("sms-refused")) };
        self.gateway.send(to, &self.notices.to(contact.language).short, id).await
    }
}

/// The gateway's place and our token there.
#[derive(Clone)]
pub struct HttpGatewaySettings {
    /// Where text messages are posted.
    pub url: Url,
    /// Bearer token, read for each text message.
    pub token_file: PathBuf,
    /// PEM file with authorities trusted beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for HttpGatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpGatewaySettings").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// A gateway that takes `POST {"to", "text", "id"}` with a bearer token and answers with a status.
pub struct HttpGateway {
    target: Target,
    settings: HttpGatewaySettings,
}

impl HttpGateway {
    /// By these settings. Connects to nothing.
    ///
    /// # Errors
    /// What of them can't be used.
    pub fn new(outbound: &Outbound, settings: HttpGatewaySettings) -> Result<Self, OutboundError> {
        let mut origin = settings.url.clone();
        origin.set_path("/");
        origin.set_query(None);
        let target = outbound.target(TargetSettings {
            timeout: TIMEOUT,
            max_body: MAX_ANSWER,
            ca_file: settings.ca_file.clone(),
            ..TargetSettings::new("sms", origin)
        })?;
        Ok(Self { target, settings })
    }
}

#[async_trait]
impl SmsGateway for HttpGateway {
    async fn send(&self, to: &PhoneNumber, text: &str, id: Uuid) -> Result<(), Failure> {
        let token = secret(&self.settings.token_file).map_err(|error| {
            tracing::error!(file = %self.settings.token_file.display(), %error, "[sms] token_file");
            Failure::passing("sms-token")
        })?;
        let body = json!({ "to": to.as_str(), "text": text, "id": id }).to_string().into();
        let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.as_str()));
        let deadline = tokio::time::Instant::now() + TIMEOUT;
        let headers = [("authorization", bearer.as_str())];
        let answer = self.target.post_json(&self.settings.url, &headers, body, deadline).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "a text message was not taken");
            match error {
                OutboundError::Origin { .. } | OutboundError::Settings { .. } => Failure::lasting("sms-settings"),
                _ => Failure::passing("sms-unreachable"),
            }
        })?;
        let wait = answer.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
        judge(answer.status, wait)
    }
}

/// RFC 9110 §15: what a status means for trying again.
fn judge(status: u16, wait: Option<SignedDuration>) -> Result<(), Failure> {
    let later = |code| wait.map_or(Failure::passing(code), |wait| Failure::passing(code).after(wait));
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(Failure::lasting("sms-sign-in")),
        408 | 425 | 429 | 500..=599 => Err(later("sms-later")),
        _ => Err(Failure::lasting("sms-refused")),
    }
}
