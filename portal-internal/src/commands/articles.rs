//! `articles import FILE`: articles and notices from a file, written by one member of staff and published by another.

use std::{path::Path, process::ExitCode};

use access::{Policy, RequestId, StaffContext};
use content::{Articles, Audience, ContentError, Draft, NewNotice, Notices, Severity, Step, Wording};
use directory::Directory;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::Store;

use super::{FAILED, complain, could_not_run, refused, say};
use crate::{config::Config, portal};

/// The file: times are relative to the import, so that it can be read at any time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    article: Vec<ArticleEntry>,
    #[serde(default)]
    notice: Vec<NoticeEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArticleEntry {
    slug: String,
    topic: String,
    audience: String,
    review_in_days: i64,
    zh: Option<WordingEntry>,
    en: Option<WordingEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordingEntry {
    title: String,
    summary: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeEntry {
    zh: String,
    en: String,
    audience: String,
    severity: String,
    #[serde(default)]
    from_in_hours: i64,
    days: i64,
}

/// Who writes and who publishes, by their sign-in names.
pub struct Signatures<'a> {
    /// Whose articles they are.
    pub author: &'a str,
    /// Who publishes them; somebody else.
    pub reviewer: &'a str,
    /// The directory's id, when there are several.
    pub organisation: Option<&'a str>,
}

/// Publishes what `file` holds; what stands already is left as it is. Exit code 1 when something could not be published.
pub async fn articles_import(config: &Path, file: &Path, signatures: Signatures<'_>) -> ExitCode {
    let config = match Config::load(config) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let read = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()));
    let parsed = read.and_then(|text| toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display())));
    let parsed: File = match parsed {
        Ok(parsed) => parsed,
        Err(wrong) => return refused(&wrong),
    };
    match import(config, parsed, signatures).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FAILED),
        Err(error) => could_not_run(&format!("{error:#}")),
    }
}

/// How many entries are wrong.
async fn import(config: Config, file: File, signatures: Signatures<'_>) -> anyhow::Result<usize> {
    let store = Store::open(&config.database.config).await?;
    store.check_schema().await?;
    let policy = Policy::open(store.clone(), portal::DOMAIN).await?;
    let audit = portal::audit_log(&config.keys);
    let directory = Directory::new(config.directories)
        .map_err(|problems| anyhow::anyhow!("{} mistakes in the directory's settings", problems.len()))?;
    let find = async |name: &str| -> anyhow::Result<StaffContext> {
        let found = directory.find(signatures.organisation, name).await?;
        Ok(found.context(RequestId("articles-import".to_owned())))
    };
    let (author, reviewer) = (find(signatures.author).await?, find(signatures.reviewer).await?);
    let articles = Articles::new(store.clone(), policy.clone(), audit.clone(), config.content.overdue);
    let notices = Notices::new(store, policy, audit);
    let now = Timestamp::now();
    let (mut wrong, mut published, mut standing) = (0, 0, 0);
    for entry in &file.article {
        match publish(&articles, (&author, &reviewer), entry, now).await {
            Ok(true) => published += 1,
            Ok(false) => standing += 1,
            Err(error) => {
                wrong += 1;
                say(format_args!("article {}: {}", entry.slug, told(&error)));
            }
        }
    }
    let known = notices.desk(&author).await?;
    let mut added = 0;
    for entry in &file.notice {
        if known.iter().any(|row| row.notice.zh == entry.zh) {
            continue;
        }
        match add(&notices, &author, entry, now).await {
            Ok(()) => added += 1,
            Err(error) => {
                wrong += 1;
                say(format_args!("notice {:?}: {}", entry.en, told(&error)));
            }
        }
    }
    say(format_args!("{published} articles published, {standing} stood already, {added} notices added, {wrong} wrong"));
    Ok(wrong)
}

fn told(error: &ContentError) -> String {
    match error {
        ContentError::Invalid(problems) => {
            let told = problems.iter().map(|one| format!("{} is {}", one.field, one.what));
            told.collect::<Vec<_>>().join(", ")
        }
        error => error.to_string(),
    }
}

/// `false` when there is an article of this address already.
async fn publish(
    articles: &Articles,
    (author, reviewer): (&StaffContext, &StaffContext),
    entry: &ArticleEntry,
    now: Timestamp,
) -> Result<bool, ContentError> {
    let wording = |entry: Option<&WordingEntry>| {
        entry.map_or_else(Wording::default, |entry| Wording {
            title: entry.title.clone(),
            summary: entry.summary.clone(),
            body: entry.body.clone(),
        })
    };
    let review_by = web::render::local(now + SignedDuration::from_hours(24 * entry.review_in_days)).date();
    let draft = Draft {
        slug: entry.slug.clone(),
        topic: entry.topic.clone(),
        audience: entry.audience.clone(),
        review_by: review_by.to_string(),
        zh: wording(entry.zh.as_ref()),
        en: wording(entry.en.as_ref()),
    };
    let id = match articles.create(author, &draft, now).await {
        Ok(id) => id,
        Err(ContentError::Invalid(problems)) if problems.iter().all(|one| one.what == "taken") => return Ok(false),
        Err(error) => return Err(error),
    };
    let submitted = articles.step(author, (id, 1), Step::Submit, now).await?;
    articles.step(reviewer, (id, submitted.rev), Step::Publish, now).await?;
    Ok(true)
}

async fn add(
    notices: &Notices,
    author: &StaffContext,
    entry: &NoticeEntry,
    now: Timestamp,
) -> Result<(), ContentError> {
    let malformed = |field| ContentError::Invalid(vec![content::Problem { field, what: "malformed" }]);
    let from = now + SignedDuration::from_hours(entry.from_in_hours);
    let new = NewNotice {
        zh: entry.zh.clone(),
        en: entry.en.clone(),
        audience: Audience::parse(&entry.audience).ok_or_else(|| malformed("audience"))?,
        severity: Severity::parse(&entry.severity).ok_or_else(|| malformed("severity"))?,
        from,
        until: from + SignedDuration::from_hours(24 * entry.days),
    };
    notices.add(author, new, now).await.map(drop)
}
