//! `/admin/sources/brands`: hospitals looked for in what a vendor publishes of its customers. Nothing of the file is kept, and
//! nothing that it names is asked: whoever is chosen is defined by the form, as always.

use std::{collections::HashSet, sync::Arc};

use poem::{Response, handler, http::StatusCode, web::Data};
use serde::Serialize;
use sources::{Brand, Bundle, BundleError};
use web::{Failure, Visit, upload::Upload};

use super::view::name;
use crate::{portal::Portal, who::Staff};

const PATH: &str = "/admin/sources/brands";
/// What such a list is.
const DOCUMENTATION: &str = "https://hl7.org/fhir/smart-app-launch/brands.html";
/// Of a file, in bytes. Larger ones are for the command line.
pub const MOST: usize = 8 << 20;
/// Hospitals on a page. Whoever sees more has to say more.
const SHOWN: usize = 50;
/// Words that are looked for, in characters.
const LONGEST: usize = 200;

/// `sources/brands.html`
#[derive(Serialize)]
struct BrandsPage {
    documentation: &'static str,
    search: String,
    platform: String,
    platforms: Vec<Choice>,
    megabytes: usize,
    longest: usize,
    /// `missing`, `too-large`, `not-a-bundle` or `nothing`.
    problem: Option<&'static str>,
    found: Option<Found>,
}

#[derive(Serialize)]
struct Choice {
    id: String,
    name: String,
}

/// What is in a file.
#[derive(Serialize)]
struct Found {
    rows: Vec<BrandView>,
    /// Of how many that match.
    matching: usize,
    all: usize,
    left: Vec<LeftView>,
}

#[derive(Serialize)]
struct BrandView {
    id: String,
    name_zh: String,
    name_en: String,
    /// As it stands in the file.
    name: String,
    about: String,
    address: String,
    secure: bool,
    /// The source that is asked there already.
    known: Option<Known>,
}

#[derive(Serialize)]
struct Known {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct LeftView {
    why: &'static str,
    count: u64,
}

/// `GET /admin/sources/brands`
#[handler]
pub async fn show(Data(portal): Data<&Arc<Portal>>, visit: &Visit, _staff: Staff) -> Result<Response, Failure> {
    BrandsPage::new(portal, "", "plain").draw(portal, visit)
}

/// `POST /admin/sources/brands`: a form with a file.
#[handler]
pub async fn look(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    _staff: Staff,
    upload: &Upload,
) -> Result<Response, Failure> {
    let words: String = upload.text("search").trim().chars().take(LONGEST).collect();
    let mut page = BrandsPage::new(portal, &words, upload.text("platform"));
    match read(upload).await? {
        Ok(bundle) => page.found = Some(Found::new(portal, visit, &bundle, &words)),
        Err(problem) => page.problem = Some(problem),
    }
    page.draw(portal, visit)
}

/// A large file takes a while, which nobody else has to wait for.
async fn read(upload: &Upload) -> Result<Result<Bundle, &'static str>, Failure> {
    let file = upload.file("bundle").to_vec();
    if file.is_empty() {
        return Ok(Err("missing"));
    }
    if file.len() > MOST {
        return Ok(Err("too-large"));
    }
    let read = tokio::task::spawn_blocking(move || Bundle::read(&file)).await;
    let read = read.map_err(Failure::internal)?;
    Ok(read.map_err(|error| match error {
        BundleError::TooLarge => "too-large",
        BundleError::NotABundle => "not-a-bundle",
        BundleError::Nothing => "nothing",
    }))
}

impl BrandsPage {
    fn new(portal: &Portal, words: &str, platform: &str) -> Self {
        let choice = |one: &Arc<fhir::Platform>| Choice { id: one.id.clone(), name: one.name.clone() };
        Self {
            documentation: DOCUMENTATION,
            search: words.to_owned(),
            platform: platform.to_owned(),
            platforms: portal.catalogue.platforms().iter().map(choice).collect(),
            megabytes: MOST >> 20,
            longest: LONGEST,
            problem: None,
            found: None,
        }
    }

    fn draw(&self, portal: &Portal, visit: &Visit) -> Result<Response, Failure> {
        let mut response = portal.pages.page_at(visit, PATH, "sources/brands.html", self)?;
        if self.problem.is_some() {
            response.set_status(StatusCode::UNPROCESSABLE_ENTITY);
        }
        Ok(response)
    }
}

impl Found {
    fn new(portal: &Portal, visit: &Visit, bundle: &Bundle, words: &str) -> Self {
        let mut taken: HashSet<String> = portal.catalogue.all().map(|source| source.id.clone()).collect();
        let matching: Vec<&Brand> = bundle.brands.iter().filter(|brand| brand.matches(words)).collect();
        let row = |brand: &&Brand| BrandView::new(portal, visit, brand, &mut taken);
        Self {
            rows: matching.iter().take(SHOWN).map(row).collect(),
            matching: matching.len(),
            all: bundle.brands.len(),
            left: bundle.left.iter().map(|(why, count)| LeftView { why: why.as_str(), count: *count }).collect(),
        }
    }
}

impl BrandView {
    fn new(portal: &Portal, visit: &Visit, brand: &Brand, taken: &mut HashSet<String>) -> Self {
        let (zh, en) = brand.names();
        let about = [brand.cities.join(", "), brand.postcodes.join(", "), brand.portal.clone()];
        let about: Vec<String> = about.into_iter().filter(|part| !part.is_empty()).collect();
        let folder = |url: &str| url.trim_end_matches('/').to_owned();
        let mut all = portal.catalogue.iter();
        let known = all.find(|source| folder(source.client.base().as_str()) == folder(&brand.address));
        Self {
            id: brand.free_id(taken),
            name_zh: zh.to_owned(),
            name_en: en.to_owned(),
            name: brand.name.clone(),
            about: about.join(" · "),
            address: brand.address.clone(),
            secure: brand.is_secure(),
            known: known.map(|source| Known { id: source.id.clone(), name: name(&source, visit) }),
        }
    }
}
