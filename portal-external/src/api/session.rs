//! `/api/v1/session`

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json};
use web::{Failure, Visit};
use zeroize::Zeroizing;

use super::failed;
use crate::{
    portal::Portal,
    sign_in::{self, Credentials},
    who::Patient,
};

/// Signing in and out.
pub struct SessionApi;

/// Who is signed in.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct SignedInUser {
    name: String,
    /// The id in `/people/{id}/…`, once the account is linked to a record.
    person: Option<String>,
}

/// A live session.
#[derive(Object)]
struct SessionView {
    user: SignedInUser,
    /// Always `patient`.
    roles: Vec<String>,
    /// For `X-CSRF-Token` on unsafe methods.
    csrf_token: String,
}

/// What patients type.
#[derive(Object)]
struct NewSession {
    #[oai(validator(max_length = 256))]
    username: String,
    #[oai(validator(max_length = 1024))]
    password: String,
}

#[derive(ApiResponse)]
enum Begun {
    /// Signed in; the session cookie is set.
    #[oai(status = 200)]
    Ok(Json<SessionView>, #[oai(header = "Set-Cookie")] String),
}

#[derive(ApiResponse)]
enum Ended {
    /// Signed out.
    #[oai(status = 204)]
    Gone(#[oai(header = "Set-Cookie")] String),
}

fn view(patient: &Patient, csrf_token: String) -> SessionView {
    SessionView {
        user: SignedInUser {
            name: patient.account.name.clone(),
            person: patient.account.person.map(|person| person.to_string()),
        },
        roles: vec!["patient".to_owned()],
        csrf_token,
    }
}

#[OpenApi]
impl SessionApi {
    /// Who is signed in.
    #[oai(path = "/session", method = "get", operation_id = "session_read")]
    async fn read(
        &self,
        portal: Data<&Arc<Portal>>,
        visit: &Visit,
        patient: Patient,
    ) -> poem::Result<Json<SessionView>> {
        let token = portal.pages.csrf_token(visit)?;
        Ok(Json(view(&patient, token)))
    }

    /// Sign in with name and password.
    #[oai(path = "/session", method = "post", operation_id = "session_begin")]
    async fn begin(&self, portal: Data<&Arc<Portal>>, visit: &Visit, new: Json<NewSession>) -> poem::Result<Begun> {
        let credentials = Credentials { username: new.0.username, password: Zeroizing::new(new.0.password) };
        let cookie = sign_in::sign_in(&portal, visit, credentials).await?;
        let session = portal.sessions.load(&cookie, visit.now).await.map_err(failed)?;
        let session = session.ok_or_else(|| Failure::new(access::Fault::Internal))?;
        let mut visit = visit.clone();
        (visit.csrf_binding, visit.session) = (session.csrf_secret.clone(), Some(Arc::new(session)));
        let patient = Patient::of(&visit)?;
        let body = view(&patient, portal.pages.csrf_token(&visit)?);
        Ok(Begun::Ok(Json(body), portal.cookies.set(&portal.cookies.session, &cookie)))
    }

    /// Sign out.
    #[oai(path = "/session", method = "delete", operation_id = "session_end")]
    async fn end(&self, portal: Data<&Arc<Portal>>, visit: &Visit) -> poem::Result<Ended> {
        sign_in::sign_out(&portal, visit).await?;
        Ok(Ended::Gone(portal.cookies.clear(&portal.cookies.session)))
    }
}
