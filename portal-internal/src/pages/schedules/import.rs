//! `/admin/schedules/import`: clinics by a hospital's own list. What is wrong in it is said before anything is written.

use std::sync::Arc;

use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Query},
};
use scheduling::SchedulingError;
use serde::{Deserialize, Serialize};
use web::{
    Failure, Visit,
    render::{Arg, Words},
    shell::see_other,
    upload::Upload,
};

use super::{PATH, words};
use crate::{
    portal::Portal,
    schedules::{self, COLUMNS, Line, MOST_BYTES, NoList},
    who::Staff,
};

/// `schedules/import.html`
#[derive(Default, Serialize)]
struct ImportPage {
    columns: Vec<&'static str>,
    megabytes: usize,
    /// Why the file is no list.
    problem: Option<String>,
    lines: Vec<WrongLine>,
    good: usize,
    /// It was looked at, and nothing was written.
    looked: bool,
    done: Option<String>,
}

#[derive(Serialize)]
struct WrongLine {
    number: u64,
    column: &'static str,
    what: String,
}

impl ImportPage {
    fn new() -> Self {
        Self { columns: COLUMNS.to_vec(), megabytes: MOST_BYTES >> 20, ..Self::default() }
    }

    fn draw(&self, portal: &Portal, visit: &Visit) -> Result<Response, Failure> {
        let path = format!("{PATH}/import");
        let mut response = portal.pages.page_at(visit, &path, "schedules/import.html", self)?;
        if self.problem.is_some() || !self.lines.is_empty() {
            response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
        }
        Ok(response)
    }
}

#[derive(Deserialize)]
pub struct Asked {
    made: Option<u32>,
    there: Option<u32>,
}

/// `GET /admin/schedules/import`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    _staff: Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let mut page = ImportPage::new();
    if let (Some(made), Some(there)) = (asked.made, asked.there) {
        let counts = [("made", Arg::from(i64::from(made))), ("there", Arg::from(i64::from(there)))];
        page.done = Some(words(portal, visit).with("schedules-import-done", &counts));
    }
    page.draw(portal, visit)
}

/// `POST /admin/schedules/import`: a form with a file; `do=look` writes nothing.
#[handler]
pub async fn submit(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    upload: &Upload,
) -> Result<Response, Failure> {
    let words = words(portal, visit);
    let mut page = ImportPage::new();
    let lines = match schedules::read(upload.file("list"), visit.now) {
        Ok(lines) => lines,
        Err(no) => {
            page.problem = Some(no_list(&no, words));
            return page.draw(portal, visit);
        }
    };
    page.good = lines.iter().filter(|(_, line)| line.is_ok()).count();
    page.lines = lines.iter().flat_map(|line| wrong(line, words)).collect();
    page.looked = upload.text("do") != "import";
    // All of it or nothing: half a list is hard to find again.
    if page.looked || !page.lines.is_empty() {
        return page.draw(portal, visit);
    }
    let (mut made, mut there) = (0, 0);
    for (number, clinic) in lines.iter().filter_map(|(number, line)| Some((*number, line.as_ref().ok()?))) {
        match portal.scheduling.import(&staff.context, clinic, visit.now).await {
            Ok(brought) => {
                made += brought.planned.made;
                there += brought.planned.there;
            }
            Err(SchedulingError::Invalid(problems)) => {
                let told = problems.iter().map(|one| (one.field, one.what)).collect();
                page.lines.extend(wrong(&(number, Err(told)), words));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if page.lines.is_empty() {
        return Ok(see_other(&format!("{PATH}/import?made={made}&there={there}")));
    }
    page.draw(portal, visit)
}

fn no_list(no: &NoList, words: &Words) -> String {
    words.with(&format!("schedules-import-no-{}", no.what), &[("column", Arg::from(no.column.as_str()))])
}

fn wrong((number, line): &Line, words: &Words) -> Vec<WrongLine> {
    let Err(all) = line else { return Vec::new() };
    let told = |(column, what): &schedules::Wrong| WrongLine {
        number: *number,
        column,
        what: words.text(&format!("schedules-import-wrong-{what}")),
    };
    all.iter().map(told).collect()
}
