//! `/admin/articles/{id}/images`: the pictures of an article. A page of its own, so that sending one takes no text along
//! that is not kept yet.

use std::sync::Arc;

use content::{ContentError, MOST_IMAGE_BYTES, NewImage, Problem};
use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Path},
};
use serde::Serialize;
use uuid::Uuid;
use web::{Failure, Visit, shell::see_other, upload::Upload};

use super::{ProblemView, article};
use crate::{portal::Portal, who::Staff};

/// `desk/images.html`
#[derive(Serialize)]
struct ImagesPage {
    article: String,
    images: Vec<ImageView>,
    problems: Vec<ProblemView>,
    alt_zh: String,
    alt_en: String,
    megabytes: usize,
}

#[derive(Serialize)]
struct ImageView {
    src: String,
    width: u32,
    height: u32,
    alt_zh: String,
    alt_en: String,
    /// What the text says to show it.
    code: String,
}

/// `GET /admin/articles/{id}/images`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    draw(portal, visit, &staff, known(&id)?, &Upload::default(), &[]).await
}

fn known(id: &str) -> Result<Uuid, Failure> {
    article(id)?.ok_or_else(|| Failure::new(access::Fault::NotFound))
}

async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    id: Uuid,
    typed: &Upload,
    problems: &[Problem],
) -> Result<Response, Failure> {
    let working = portal.articles.working(&staff.context, id, visit.now).await?;
    let view = |image: &content::ArticleImage| ImageView {
        src: format!("{}{}", content::markdown::IMAGES, image.id),
        width: image.width,
        height: image.height,
        alt_zh: image.alt.zh.clone().unwrap_or_default(),
        alt_en: image.alt.en.clone().unwrap_or_default(),
        code: format!("![](image:{})", image.id),
    };
    let page = ImagesPage {
        article: super::address(Some(id)),
        images: working.images.iter().map(view).collect(),
        problems: problems.iter().map(ProblemView::from).collect(),
        alt_zh: typed.text("alt_zh").to_owned(),
        alt_en: typed.text("alt_en").to_owned(),
        megabytes: MOST_IMAGE_BYTES >> 20,
    };
    let path = format!("{}/images", super::address(Some(id)));
    let mut response = portal.pages.page_at(visit, &path, "desk/images.html", &page)?;
    if !problems.is_empty() {
        response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    Ok(response)
}

/// `POST /admin/articles/{id}/images`: a form with a file.
#[handler]
pub async fn add(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    upload: &Upload,
) -> Result<Response, Failure> {
    let id = known(&id)?;
    let new = NewImage { file: upload.file("image"), alt_zh: upload.text("alt_zh"), alt_en: upload.text("alt_en") };
    match portal.articles.add_image(&staff.context, id, new, visit.now).await {
        Ok(_) => Ok(see_other(&format!("{}/images", super::address(Some(id))))),
        Err(ContentError::Invalid(problems)) => draw(portal, visit, &staff, id, upload, &problems).await,
        Err(error) => Err(error.into()),
    }
}
