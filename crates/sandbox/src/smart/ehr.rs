//! A hospital's own system: from it clinicians open an application for the patient before them
//! (<https://hl7.org/fhir/smart-app-launch/app-launch.html>, EHR launch). Whoever is at its desk is signed in there already.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use url::Url;

use super::{
    Door, SmartMode,
    authorize::{Asked, Html, html},
    page,
    people::{Consent, People},
};

/// How long a handle is good for.
const LIVES: SignedDuration = SignedDuration::from_mins(5);

/// What is told of it.
#[derive(Clone, Debug)]
pub struct EhrSettings {
    /// Where the application is opened.
    pub launch_url: Url,
    /// Who works here.
    pub practitioners: Vec<DoorStaff>,
}

/// Somebody who works at a hospital.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoorStaff {
    /// `Practitioner` id there.
    pub id: String,
    /// As written there.
    pub name: String,
    /// Sign-in name of the region's directory.
    pub username: String,
}

pub(super) struct Ehr {
    settings: EhrSettings,
    handles: Mutex<HashMap<String, Handle>>,
}

/// Whom a handle is of, and about.
struct Handle {
    practitioner: String,
    patient: String,
    until: Timestamp,
}

impl Ehr {
    pub(super) fn new(settings: EhrSettings) -> Self {
        Self { settings, handles: Mutex::default() }
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<String, Handle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Good once.
    fn take(&self, handle: &str) -> Option<Handle> {
        self.handles().remove(handle).filter(|handle| handle.until > Timestamp::now())
    }

    /// Who is said to have signed in, where that is somebody else.
    pub(super) fn other_than(&self, practitioner: &str) -> Option<&str> {
        let mut all = self.settings.practitioners.iter();
        all.find(|one| one.id != practitioner).map(|one| one.id.as_str())
    }
}

impl Door {
    /// `GET /ehr`: who is at the desk, which patient is before them, and the button that opens the application.
    pub(super) fn desk(people: &People, ehr: &Ehr) -> Html {
        html(StatusCode::OK, &page::desk(&ehr.settings.practitioners, &people.client.patients), "")
    }

    /// `POST /ehr`: the application is opened, with a handle of this clinician and patient.
    pub(super) fn open(&self, people: &People, ehr: &Ehr, form: &[u8]) -> Html {
        let asked = Asked::of(form);
        let (practitioner, patient) = (asked.get("practitioner").to_owned(), asked.get("patient").to_owned());
        let is_here = ehr.settings.practitioners.iter().any(|one| one.id == practitioner);
        if !is_here || !people.client.patients.iter().any(|one| one.id == patient) {
            return html(
                StatusCode::UNPROCESSABLE_ENTITY,
                &page::fault("没有这个人。", "There is nobody of that id."),
                "",
            );
        }
        let handle = people.fresh();
        let until = Timestamp::now() + LIVES;
        ehr.handles().insert(handle.clone(), Handle { practitioner, patient, until });
        let mut url = ehr.settings.launch_url.clone();
        url.query_pairs_mut().append_pair("iss", &self.base_url()).append_pair("launch", &handle);
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(url) = HeaderValue::from_str(url.as_str()) {
            response.headers_mut().insert(header::LOCATION, url);
        }
        response
    }

    /// What whoever opened the application agrees to: nobody is asked, they are signed in here. `None`: no such launch.
    pub(super) fn launched(&self, ehr: &Ehr, asked: &Asked, scopes: Vec<String>) -> Option<Consent> {
        let handle = ehr.take(asked.get("launch")).filter(|_| self.state().mode != SmartMode::UnknownLaunch)?;
        let nonce = asked.get("nonce").to_owned();
        Some(Consent { patient: handle.patient, practitioner: Some(handle.practitioner), scopes, nonce })
    }
}
