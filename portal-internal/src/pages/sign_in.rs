//! `/sign-in` and `/sign-out`.

use std::sync::Arc;

use access::Fault;
use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Query},
};
use serde::Deserialize;
use web::{
    Failure, Visit,
    pages::return_path,
    render::{Organisation, SignInPage},
    shell::see_other,
};
use zeroize::Zeroizing;

use crate::{
    portal::Portal,
    sign_in::{self, Credentials},
    who::Staff,
};

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    state: String,
}

fn blank(portal: &Portal, visit: &Visit) -> SignInPage {
    let organisations = portal.directory.organisations().map(|(id, name)| Organisation {
        id: id.to_owned(),
        name: if visit.lang == web::Lang::En { name.en.clone() } else { name.zh.clone() },
    });
    SignInPage { organisations: organisations.collect(), ..SignInPage::default() }
}

/// `GET /sign-in?next=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    if Staff::of(visit).is_ok() {
        return Ok(see_other(return_path(&asked.next)));
    }
    let mut page = blank(portal, visit);
    page.next = return_path(&asked.next).to_owned();
    page.state = (asked.state == "signed-out").then_some(asked.state);
    portal.pages.page(visit, "sign_in.html", &page)
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: Zeroizing<String>,
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let next = return_path(&typed.next).to_owned();
    let page = SignInPage {
        username: typed.username.clone(),
        organisation: typed.organisation.clone(),
        next: next.clone(),
        ..blank(portal, visit)
    };
    if typed.username.trim().is_empty() || typed.password.is_empty() {
        return again(portal, visit, page, "missing", &Failure::new(Fault::Invalid));
    }
    let credentials = Credentials {
        username: typed.username,
        password: typed.password,
        organisation: Some(typed.organisation).filter(|id| !id.is_empty()),
    };
    match sign_in::sign_in(portal, visit, credentials).await {
        Ok(cookie) => {
            let mut response = see_other(&next);
            let cookie = portal.cookies.set(&portal.cookies.session, &cookie);
            let cookie = cookie.parse().map_err(Failure::internal)?;
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(failure) => {
            let state = match failure.fault() {
                Fault::NotSignedIn => "refused",
                Fault::TooMany => "too-many",
                Fault::Invalid => "missing",
                Fault::Unavailable => "unavailable",
                _ => return Err(failure),
            };
            again(portal, visit, page, state, &failure)
        }
    }
}

/// The form once more, with what is wrong and everything typed but the password.
fn again(
    portal: &Portal,
    visit: &Visit,
    page: SignInPage,
    state: &str,
    failure: &Failure,
) -> Result<Response, Failure> {
    if let Some(cause) = failure.cause() {
        tracing::info!(request_id = %visit.request.0, %cause, "sign-in refused");
    }
    let page = SignInPage { state: Some(state.to_owned()), ..page };
    let mut response = portal.pages.page_at(visit, "/sign-in", "sign_in.html", &page)?;
    let status =
        if failure.fault() == Fault::NotSignedIn { StatusCode::UNPROCESSABLE_ENTITY } else { failure.status() };
    response.set_status(status);
    if let Some(seconds) = failure.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// `POST /sign-out`
#[handler]
pub async fn sign_out(Data(portal): Data<&Arc<Portal>>, visit: &Visit) -> Result<Response, Failure> {
    sign_in::sign_out(portal, visit).await?;
    let mut response = see_other("/sign-in?state=signed-out");
    let cookie = portal.cookies.clear(&portal.cookies.session).parse().map_err(Failure::internal)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
