//! `/admin/roles/explain`: why somebody may or may not, in words.

use std::sync::Arc;

use access::{Act, Classify as _, Effect, Fault, Object, policy::Step};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Query},
};
use serde::{Deserialize, Serialize};
use web::{Failure, Visit, render::Arg};

use crate::{
    portal::Portal,
    roles::{Desk, Names},
    who::Staff,
};

#[derive(Deserialize)]
pub struct Question {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    act: String,
}

/// `roles_explain.html`
#[derive(Serialize)]
struct ExplainPage {
    subject: String,
    object: String,
    object_name: String,
    act: String,
    acts: Vec<(&'static str, String)>,
    problem: Option<&'static str>,
    answer: Option<Answer>,
    administers: bool,
}

#[derive(Serialize)]
struct Answer {
    who: String,
    kind: String,
    act: String,
    allowed: bool,
    groups_known: bool,
    steps: Vec<Reason>,
}

/// One rule that bears on it.
#[derive(Serialize)]
struct Reason {
    allows: bool,
    text: String,
    members: Option<String>,
    path: Option<String>,
}

/// `GET /admin/roles/explain?subject=&object=&act=`; without a subject about oneself.
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Query(question): Query<Question>,
) -> Result<Response, Failure> {
    let desk = Desk { portal, staff: &staff, now: visit.now };
    let text = if question.object.is_empty() { Object::SITE_INTERNAL.to_string() } else { question.object };
    let object = Object::parse(&text).ok_or_else(|| Failure::new(Fault::NotFound))?;
    let act = if question.act.is_empty() { Some(Act::View) } else { Act::parse(&question.act) };
    let act = act.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let explained = desk.explain(question.subject.trim(), &object, act).await?;
    let names = desk.names(visit.lang).await?;
    let mut status = StatusCode::OK;
    let (answer, problem) = match explained {
        Ok(explained) => {
            let (mine, subject) = (desk.is_me(&explained.subject), &explained.subject);
            let answer = Answer {
                who: if mine { staff.identity.name().to_owned() } else { names.subject(subject) },
                kind: if mine { names.words().text("explain-yourself") } else { names.kind(subject) },
                act: names.act(act),
                allowed: explained.allowed,
                groups_known: explained.groups_known,
                steps: explained.steps.iter().map(|step| reason(&names, step)).collect(),
            };
            (Some(answer), None)
        }
        Err(wrong) => {
            status = Failure::new(wrong.fault()).status();
            (None, wrong.key())
        }
    };
    let page = ExplainPage {
        subject: question.subject,
        object_name: names.object(&object),
        acts: Act::ALL.into_iter().map(|act| (act.as_str(), names.act(act))).collect(),
        act: act.to_string(),
        problem,
        answer,
        administers: desk.administers(&object).is_ok(),
        object: object.to_string(),
    };
    let mut response = portal.pages.page(visit, "roles_explain.html", &page)?;
    response.set_status(status);
    Ok(response)
}

fn reason(names: &Names<'_>, step: &Step) -> Reason {
    let (subject, role, object) = (names.subject(&step.subject), names.role(step.role), names.object(&step.object));
    let args = [
        ("subject", Arg::from(subject.as_str())),
        ("role", Arg::from(role.as_str())),
        ("object", Arg::from(object.as_str())),
    ];
    let key = if step.effect == Effect::Allow { "explain-allows" } else { "explain-denies" };
    Reason {
        allows: step.allows(),
        text: names.words().with(key, &args),
        members: (step.members.len() > 1).then(|| names.members(&step.members)),
        path: (step.path.len() > 1).then(|| names.way(&step.path)),
    }
}
