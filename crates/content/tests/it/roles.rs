//! What the public portal's database role sees, tried.

use content::{Audience, Feeds, NewNotice, Notices, Overdue, Reader, Severity, Step};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, Statement};

use super::{House, audit, draft, editor, manager, noon};

#[tokio::test]
async fn the_public_portal_s_role_reads_what_is_published_and_nothing_else() {
    if testbed::quick() {
        return;
    }
    let split = testbed::SplitDatabase::new().await.expect("roles");
    let inside = House::on(&split.internal).await;
    let (author, reviewer) = (editor("author"), manager("reviewer"));
    for (slug, audience) in [("open", "public"), ("closed", "staff"), ("draft", "public")] {
        let id = inside.articles.create(&author, &draft(slug, audience), noon()).await.expect("created");
        if slug != "draft" {
            let asked = inside.articles.step(&author, (id, 1), Step::Submit, noon()).await.expect("submitted");
            inside.articles.step(&reviewer, (id, asked.rev), Step::Publish, noon()).await.expect("published");
        }
    }
    let now = Timestamp::now();
    for (zh, audience, from) in
        [("now", Audience::Public, 0), ("soon", Audience::Public, 9), ("staff", Audience::Staff, 0)]
    {
        let from = now + SignedDuration::from_hours(from);
        let until = from + SignedDuration::from_hours(1);
        let new = NewNotice { zh: zh.into(), en: zh.into(), audience, severity: Severity::Info, from, until };
        inside.notices.add(&author, new, noon()).await.expect("added");
    }
    let db = split.external.connect().await.expect("connected");
    #[expect(clippy::disallowed_methods, reason = "written out here, as the role would ask")]
    let ask = async |sql: &str| db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let column = async |sql: &str| -> Vec<String> {
        let rows = ask(sql).await.expect("allowed");
        rows.iter().map(|row| row.try_get_by_index(0).expect("text")).collect()
    };
    assert_eq!(column("SELECT slug FROM article_published").await, ["open"]);
    assert_eq!(column("SELECT zh FROM notice").await, ["now"]);
    for refused in [
        "SELECT slug FROM article",
        "SELECT slug FROM article_revision",
        "SELECT added_by FROM article_image",
        "SELECT writer_name FROM notice",
        "INSERT INTO notice (id) VALUES ('00000000-0000-0000-0000-000000000000') RETURNING id",
        "UPDATE article_published SET zh_title = 'x' RETURNING slug",
        "DELETE FROM article_published RETURNING slug",
        "DELETE FROM feed RETURNING id",
    ] {
        let error = ask(refused).await.expect_err(refused).to_string();
        assert!(error.contains("permission denied"), "{refused}: {error}");
    }
    // And the portal's own way works with it.
    let outside = House::of_portal(&split.external, Overdue::Hide, access::Domain::External).await;
    assert!(outside.articles.read(Reader::Public, "open", noon()).await.is_ok());
    assert!(outside.articles.read(Reader::Public, "closed", noon()).await.is_err());
    assert_eq!(outside.articles.search(Reader::Public, "盐", 9, noon()).await.expect("searched").len(), 1);
    let notices = Notices::new(outside.store.clone(), outside.policy.clone(), audit());
    assert_eq!(notices.current(Reader::Public, now).await.expect("read").len(), 1);
    let feeds = Feeds::new(outside.store.clone(), outside.policy.clone());
    assert!(feeds.latest(Reader::Public, content::FeedKind::Blog, 9, now).await.expect("read").is_empty());
}
