//! The control listener: looks at the region, switches the behaviour of hospitals and of the service that wraps keys, and
//! shows what was sent to people. Tests and demonstrations use it; portals never.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    hospital::mode::{Mode, Switch},
    listen::Always,
    mail::Post,
    running::Description,
    smart::{Door, SmartMode},
    sms::Gateway,
    transit::{Transit, TransitMode},
};

const MAX_BODY: usize = 16 * 1024;

/// What the control listener knows.
pub(crate) struct Control {
    pub(crate) description: Description,
    /// By hospital id.
    pub(crate) switches: Vec<(String, Arc<Switch>)>,
    pub(crate) transit: Arc<Transit>,
    pub(crate) door: Option<Arc<Door>>,
    /// Where people sign in.
    pub(crate) people_door: Option<Arc<Door>>,
    /// With the desk of a hospital's own system.
    pub(crate) ehr_door: Option<Arc<Door>>,
    pub(crate) post: Arc<Post>,
    pub(crate) gateway: Arc<Gateway>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change<M> {
    mode: M,
}

type Reply = (StatusCode, Value);

impl Control {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Always<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let segments: Vec<&str> = parts.uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
        let (status, value) = match (&parts.method, segments.as_slice()) {
            (&Method::GET, []) => (StatusCode::OK, json!(self.description)),
            (&Method::GET, ["hospitals"]) => {
                (StatusCode::OK, self.switches.iter().map(|(id, switch)| state(id, switch)).collect())
            }
            (&Method::GET, ["hospitals", id]) => self.with(id, |switch| (StatusCode::OK, state(id, switch))),
            (&Method::PUT, ["hospitals", id]) => match Limited::new(body, MAX_BODY).collect().await {
                Ok(body) => self.change(id, &body.to_bytes()),
                Err(_) => problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            },
            (&Method::GET, ["transit"]) => (StatusCode::OK, self.transit.told()),
            (&Method::PUT, ["transit"]) => match Limited::new(body, MAX_BODY).collect().await {
                Ok(body) => self.change_transit(&body.to_bytes()),
                Err(_) => problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            },
            (&Method::GET, ["door"]) => at(self.door.as_ref(), |_| {}),
            (&Method::GET, ["people-door"]) => at(self.people_door.as_ref(), |_| {}),
            (&Method::GET, ["ehr-door"]) => at(self.ehr_door.as_ref(), |_| {}),
            (&Method::PUT, [one @ ("door" | "people-door" | "ehr-door")]) => {
                match Limited::new(body, MAX_BODY).collect().await {
                    Ok(body) => {
                        let door = match *one {
                            "door" => &self.door,
                            "ehr-door" => &self.ehr_door,
                            _ => &self.people_door,
                        };
                        change_door(door.as_ref(), &body.to_bytes())
                    }
                    Err(_) => problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
                }
            }
            (&Method::GET, ["mail"]) => (StatusCode::OK, self.post.told()),
            (&Method::GET, ["sms"]) => (StatusCode::OK, self.gateway.told()),
            (_, [] | ["hospitals", ..] | ["transit" | "door" | "people-door" | "ehr-door" | "mail" | "sms"]) => {
                problem(StatusCode::METHOD_NOT_ALLOWED, "GET, or PUT on a hospital, on transit or on a door")
            }
            _ => problem(StatusCode::NOT_FOUND, "no such path"),
        };
        let mut response = Response::new(Full::from(value.to_string()));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=utf-8"));
        Ok(response)
    }

    fn with(&self, id: &str, act: impl FnOnce(&Switch) -> Reply) -> Reply {
        match self.switches.iter().find(|(known, _)| known == id) {
            Some((_, switch)) => act(switch),
            None => problem(StatusCode::NOT_FOUND, "no such hospital"),
        }
    }

    fn change(&self, id: &str, body: &[u8]) -> Reply {
        match serde_json::from_slice::<Change<Mode>>(body) {
            Ok(change) => self.with(id, |switch| {
                switch.set(change.mode);
                (StatusCode::OK, state(id, switch))
            }),
            Err(fault) => problem(StatusCode::BAD_REQUEST, &fault.to_string()),
        }
    }

    fn change_transit(&self, body: &[u8]) -> Reply {
        match serde_json::from_slice::<Change<TransitMode>>(body) {
            Ok(change) => {
                self.transit.set_mode(change.mode);
                (StatusCode::OK, self.transit.told())
            }
            Err(fault) => problem(StatusCode::BAD_REQUEST, &fault.to_string()),
        }
    }
}

fn at(door: Option<&Arc<Door>>, act: impl FnOnce(&Door)) -> Reply {
    match door {
        Some(door) => {
            act(door);
            (StatusCode::OK, door.told())
        }
        None => problem(StatusCode::NOT_FOUND, "no such door in this region"),
    }
}

fn change_door(door: Option<&Arc<Door>>, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Change<SmartMode>>(body) {
        Ok(change) => at(door, |door| door.set_mode(change.mode)),
        Err(fault) => problem(StatusCode::BAD_REQUEST, &fault.to_string()),
    }
}

fn state(id: &str, switch: &Switch) -> Value {
    json!({ "id": id, "mode": switch.mode(), "requests": switch.requests() })
}

fn problem(status: StatusCode, detail: &str) -> Reply {
    (status, json!({ "status": status.as_u16(), "detail": detail }))
}
