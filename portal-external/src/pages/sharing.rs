//! `/sharing`: whom one entrusts what, and who entrusts one.

mod asked;
mod view;

use std::sync::Arc;

use access::Fault;
use accounts::{FamilyError, family::Proxy};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use uuid::Uuid;
use web::{Failure, Visit, render::Words, shell::see_other};

use self::{
    asked::{Answers, Step},
    view::{AcceptPage, EndPage, InvitedPage, NewPage, SharingPage, invited, notice, offer, proxies},
};
use crate::{portal::Portal, who::Patient};

/// What was just done, as [`web::pages::Pages::told`] carries it.
const DONE: [&str; 4] = ["accepted", "withdrawn", "revoked", "given-back"];

fn words<'p>(portal: &'p Portal, visit: &Visit) -> &'p Words {
    portal.pages.renderer().words(visit.lang)
}

fn back(portal: &Portal, visit: &Visit, done: &str) -> Result<Response, Failure> {
    Ok(see_other(&format!("/sharing?done={}", portal.pages.told(visit, done)?)))
}

#[derive(Deserialize)]
pub struct Asked {
    done: Option<String>,
}

/// `GET /sharing?done=`
#[handler]
pub async fn list(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (ctx, words, now) = (&patient.context, words(portal, visit), visit.now);
    let told = asked.done.and_then(|word| portal.pages.was_told(visit, &word).map(str::to_owned));
    let done = DONE.into_iter().find(|known| told.as_deref() == Some(known));
    let page = SharingPage {
        notice: done.map(|done| notice(done, words)),
        proven: ctx.own().is_some(),
        mine: proxies(portal.family.mine(ctx, now).await?, words),
        open: portal.family.open(ctx, now).await?.iter().map(|one| invited(one, words)).collect(),
        of_others: proxies(portal.family.of_others(ctx, now).await?, words),
    };
    portal.pages.page(visit, "sharing.html", &page)
}

/// `GET /sharing/new`: the first question.
#[handler]
pub async fn ask(Data(portal): Data<&Arc<Portal>>, visit: &Visit, patient: Patient) -> Result<Response, Failure> {
    let page = NewPage::new(portal, &patient, &Answers::default(), (Step::Called, None), words(portal, visit));
    match patient.context.own() {
        Some(_) => portal.pages.page(visit, "sharing/new.html", &page),
        None => Ok(see_other("/sharing")),
    }
}

/// `POST /sharing/new`: the next question, and after the last the secret, this once. What was answered is carried along in
/// the form: no address holds it.
#[handler]
pub async fn invite(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    body: String,
) -> Result<Response, Failure> {
    let (ctx, words) = (&patient.context, words(portal, visit));
    let own = ctx.own().ok_or_else(|| Failure::new(Fault::NotFound))?;
    let answers = Answers::read(&body);
    let (next, problem) = match (answers.problem(visit.now), answers.next()) {
        (Some((step, problem)), _) => (step, Some(problem)),
        (None, Some(step)) => (step, None),
        (None, None) => {
            let born = portal.index.person(own).await?.birth_date;
            match portal.family.invite(ctx, answers.wanted(), born.as_deref(), visit.now).await {
                Ok((secret, made)) => {
                    let page = InvitedPage::new(&secret, &made, &portal.public_url, words);
                    return portal.pages.page_at(visit, "/sharing", "sharing/invited.html", &page);
                }
                Err(FamilyError::Wanted(problem)) => (asked::step_of(problem), Some(problem)),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let page = NewPage::new(portal, &patient, &answers, (next, problem), words);
    let mut response = portal.pages.page_at(visit, "/sharing/new", "sharing/new.html", &page)?;
    if problem.is_some() {
        response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(response)
}

/// `GET /sharing/accept`
#[handler]
pub async fn enter(Data(portal): Data<&Arc<Portal>>, visit: &Visit, _patient: Patient) -> Result<Response, Failure> {
    portal.pages.page(visit, "sharing/accept.html", &AcceptPage::default())
}

/// `POST /sharing/accept`, with `code`, and with `agree` once it was seen what for.
#[handler]
pub async fn accept(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    body: String,
) -> Result<Response, Failure> {
    let (ctx, words) = (&patient.context, words(portal, visit));
    let code = asked::field(&body, "code");
    let agreed = !asked::field(&body, "agree").is_empty();
    let problem = match portal.family.offer(ctx, &code, visit.now).await {
        Ok(_) if agreed => match portal.family.accept(ctx, &code, visit.now).await {
            Ok(_) => return back(portal, visit, "accepted"),
            Err(FamilyError::NotFound) => "unknown",
            Err(error) => return Err(error.into()),
        },
        Ok(found) => {
            let page = AcceptPage { offer: Some(offer(&found, words)), code, problem: None };
            return portal.pages.page_at(visit, "/sharing/accept", "sharing/accept.html", &page);
        }
        Err(FamilyError::NotFound) => "unknown",
        Err(FamilyError::Oneself) => "oneself",
        Err(error) => return Err(error.into()),
    };
    let problem = Some(words.text(&format!("sharing-code-{problem}")));
    let page = AcceptPage { offer: None, code: String::new(), problem };
    let mut response = portal.pages.page_at(visit, "/sharing/accept", "sharing/accept.html", &page)?;
    response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    Ok(response)
}

fn id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::new(Fault::NotFound))
}

/// `POST /sharing/invitations/{invitation}/withdraw`
#[handler]
pub async fn withdraw(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(invitation): Path<String>,
) -> Result<Response, Failure> {
    portal.family.withdraw(&patient.context, id(&invitation)?, visit.now).await?;
    back(portal, visit, "withdrawn")
}

/// One that is in force, and whether it is the patient who entrusts.
async fn in_force(portal: &Portal, visit: &Visit, patient: &Patient, id: Uuid) -> Result<(Proxy, bool), Failure> {
    let (ctx, now) = (&patient.context, visit.now);
    let of = |all: Vec<Proxy>| all.into_iter().find(|one| one.id == id && one.ended.is_none());
    if let Some(mine) = of(portal.family.mine(ctx, now).await?) {
        return Ok((mine, true));
    }
    let theirs = of(portal.family.of_others(ctx, now).await?);
    theirs.map(|one| (one, false)).ok_or_else(|| Failure::new(Fault::NotFound))
}

/// `GET /sharing/proxies/{proxy}/end`: what follows from it.
#[handler]
pub async fn ask_end(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(proxy): Path<String>,
) -> Result<Response, Failure> {
    let (one, mine) = in_force(portal, visit, &patient, id(&proxy)?).await?;
    portal.pages.page(visit, "sharing/end.html", &EndPage::new(one, mine, words(portal, visit)))
}

/// `POST /sharing/proxies/{proxy}/end`: by the one who entrusts, or the one entrusted.
#[handler]
pub async fn end(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(proxy): Path<String>,
) -> Result<Response, Failure> {
    let (one, mine) = in_force(portal, visit, &patient, id(&proxy)?).await?;
    if mine {
        portal.family.revoke(&patient.context, one.id, visit.now).await?;
        return back(portal, visit, "revoked");
    }
    portal.family.give_back(&patient.context, one.id, visit.now).await?;
    back(portal, visit, "given-back")
}
