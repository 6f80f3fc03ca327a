//! A gateway that sends no text messages and keeps them: `POST {"to", "text", "id"}` with a bearer token. Asked twice with one
//! `id` it keeps one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SandboxError,
    config::SmsConfig,
    listen::{self, Always, Tasks},
};

const MAX_BODY: usize = 16 * 1024;
/// Text messages kept; the oldest go.
const KEPT: usize = 200;

/// A text message as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextMessage {
    /// Number.
    pub to: String,
    /// What it says.
    pub text: String,
    /// What makes two one.
    pub id: String,
}

pub(crate) struct Gateway {
    token: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    texts: VecDeque<TextMessage>,
    refusals: VecDeque<u16>,
    requests: u64,
}

/// A gateway of a test's own. Stops when dropped.
pub struct RunningSms {
    /// `http://127.0.0.1:port/messages`
    pub url: String,
    gateway: Arc<Gateway>,
    tasks: Tasks,
}

impl RunningSms {
    /// Starts it.
    ///
    /// # Errors
    /// [`SandboxError::Listen`].
    pub async fn start(config: &SmsConfig) -> Result<Self, SandboxError> {
        let tasks = Tasks::default();
        let (url, gateway) = serve(config, &tasks).await?;
        Ok(Self { url, gateway, tasks })
    }

    /// What came so far, the oldest first.
    pub fn texts(&self) -> Vec<TextMessage> {
        self.gateway.state().texts.iter().cloned().collect()
    }

    /// The next request is answered with this status; several in turn.
    pub fn refuse(&self, status: u16) {
        self.gateway.state().refusals.push_back(status);
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.gateway.state().requests
    }
}

impl Drop for RunningSms {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}

/// Starts the gateway; its URL and what it keeps.
pub(crate) async fn serve(config: &SmsConfig, tasks: &Tasks) -> Result<(String, Arc<Gateway>), SandboxError> {
    let (listener, address) = listen::open(config.listen).await?;
    let gateway = Arc::new(Gateway { token: config.token.clone(), state: Mutex::default() });
    let served = Arc::clone(&gateway);
    listen::accept(tasks, listener, move |stream| {
        listen::http(stream, Arc::clone(&served), |gateway, request| async move { gateway.answer(request).await })
    });
    Ok((format!("http://{address}/messages"), gateway))
}

impl Gateway {
    /// For the control listener.
    pub(crate) fn told(&self) -> Value {
        json!({ "texts": self.state().texts })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Always<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let refusal = {
            let mut state = self.state();
            state.requests += 1;
            state.refusals.pop_front()
        };
        let known = parts.headers.get(header::AUTHORIZATION);
        let known = known.is_some_and(|sent| sent.as_bytes() == format!("Bearer {}", self.token).as_bytes());
        let asked = Limited::new(body, MAX_BODY).collect().await.ok();
        let text = asked.and_then(|body| serde_json::from_slice::<TextMessage>(&body.to_bytes()).ok());
        let status = match (refusal.map(StatusCode::from_u16), text) {
            (Some(Ok(status)), _) => status,
            _ if !known => StatusCode::UNAUTHORIZED,
            _ if (&parts.method, parts.uri.path()) != (&Method::POST, "/messages") => StatusCode::NOT_FOUND,
            (_, None) => StatusCode::BAD_REQUEST,
            (_, Some(text)) => {
                self.keep(text);
                StatusCode::ACCEPTED
            }
        };
        let mut response = Response::new(Full::from("{}"));
        *response.status_mut() = status;
        Ok(response)
    }

    fn keep(&self, text: TextMessage) {
        let mut state = self.state();
        if state.texts.iter().any(|one| one.id == text.id) {
            return;
        }
        if state.texts.len() == KEPT {
            state.texts.pop_front();
        }
        state.texts.push_back(text);
    }
}
