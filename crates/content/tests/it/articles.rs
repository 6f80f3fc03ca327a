//! From the first word to the front page and back.

use access::{AccessError, Classify, Fault};
use content::{ArticleState, Audience, ContentError, Filter, NewImage, Overdue, Reader, Step, Working};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Order, Query},
};
use testbed::Database;
use uuid::Uuid;

use super::{House, draft, editor, manager, noon, staff, wording};

const PNG: &[u8] = include_bytes!("../data/pixel.png");

/// Written by `author`, published by `reviewer`.
async fn published(house: &House, slug: &str, audience: &str) -> Working {
    let (author, reviewer) = (editor("author"), manager("reviewer"));
    let id = house.articles.create(&author, &draft(slug, audience), noon()).await.expect("created");
    let asked = house.articles.step(&author, (id, 1), Step::Submit, noon()).await.expect("submitted");
    house.articles.step(&reviewer, (id, asked.rev), Step::Publish, noon()).await.expect("published")
}

async fn audited(database: &Database) -> Vec<String> {
    let db = database.connect().await.expect("connected");
    let rows = Query::select()
        .column(Alias::new("action"))
        .from(Alias::new("audit_event"))
        .order_by(Alias::new("action"), Order::Asc)
        .to_owned();
    let rows = db.query_all(&rows).await.expect("rows");
    rows.iter().map(|row| row.try_get::<String>("", "action").expect("text")).collect()
}

#[tokio::test]
async fn one_writes_another_publishes_and_every_version_stays() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (author, reviewer) = (editor("author"), manager("reviewer"));
        let articles = &house.articles;
        let id = articles.create(&author, &draft("salt", "public"), noon()).await.expect("created");
        assert!(articles.read(Reader::Public, "salt", noon()).await.is_err(), "a draft is read");
        let asked = articles.step(&author, (id, 1), Step::Submit, noon()).await.expect("submitted");
        // Whoever manages may not publish what they wrote.
        let both = manager("author");
        let own = articles.step(&both, (id, asked.rev), Step::Publish, noon()).await;
        assert!(matches!(own, Err(ContentError::OwnArticle)), "{own:?}");
        let editors = articles.step(&editor("other"), (id, asked.rev), Step::Publish, noon()).await;
        assert_eq!(editors.expect_err("an editor publishes").fault(), Fault::Forbidden);
        let first = articles.step(&reviewer, (id, asked.rev), Step::Publish, noon()).await.expect("published");
        assert_eq!((first.state, first.last_number), (ArticleState::Published, 1));

        let mut next = draft("salt", "public");
        next.zh = wording("少吃盐，多走路");
        let next = articles.step(&author, (id, first.rev), Step::Save(Box::new(next)), noon()).await.expect("saved");
        let shown = articles.read(Reader::Public, "salt", noon()).await.expect("shown");
        assert_eq!(shown.zh.as_ref().map(|zh| zh.title.as_str()), Some("少吃盐"), "a draft is shown");
        assert_eq!((shown.author.as_str(), shown.reviewer.as_str()), ("author", "reviewer"));
        let asked = articles.step(&author, (id, next.rev), Step::Submit, noon()).await.expect("submitted");
        let second = articles.step(&reviewer, (id, asked.rev), Step::Publish, noon()).await.expect("published");
        let titles: Vec<_> = articles
            .revisions(&author, id)
            .await
            .expect("versions")
            .into_iter()
            .map(|one| one.draft.zh.title)
            .collect();
        assert_eq!(titles, ["少吃盐，多走路", "少吃盐"]);

        let restored = articles.step(&author, (id, second.rev), Step::Restore(1), noon()).await.expect("restored");
        assert_eq!((restored.state, restored.draft.zh.title.as_str()), (ArticleState::Draft, "少吃盐"));
        articles.step(&reviewer, (id, restored.rev), Step::Withdraw, noon()).await.expect("withdrawn");
        assert!(articles.read(Reader::Public, "salt", noon()).await.is_err(), "what is withdrawn is read");
        assert_eq!(articles.revisions(&author, id).await.expect("versions").len(), 2);
        let acts = audited(&database).await;
        let expect = ["create", "publish", "publish", "restore", "save", "submit", "submit", "withdraw"];
        assert_eq!(acts, expect.map(|act| format!("article.{act}")));
    }
}

#[tokio::test]
async fn who_comes_second_is_told_and_nothing_is_lost() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (one, two) = (editor("one"), editor("two"));
        let id = house.articles.create(&one, &draft("salt", "public"), noon()).await.expect("created");
        let mut theirs = draft("salt", "public");
        theirs.zh = wording("别人的字");
        house.articles.step(&two, (id, 1), Step::Save(Box::new(theirs)), noon()).await.expect("first");
        let late = house.articles.step(&one, (id, 1), Step::Save(Box::new(draft("salt", "public"))), noon()).await;
        let Err(ContentError::Stale(now)) = late else { panic!("{late:?}") };
        assert_eq!((now.draft.zh.title.as_str(), now.editor.as_str(), now.rev), ("别人的字", "two", 2));
        // Many at once: one of them.
        let at_once =
            (0..8).map(|_| house.articles.step(&one, (id, 2), Step::Save(Box::new(draft("salt", "public"))), noon()));
        let won = futures_util::future::join_all(at_once).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1, "{:?}", database.kind);
        let taken = house.articles.create(&two, &draft("salt", "staff"), noon()).await;
        assert!(matches!(taken, Err(ContentError::Invalid(problems)) if problems[0].what == "taken"));
    }
}

#[tokio::test]
async fn who_reads_decides_what_there_is() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        for (slug, audience) in Audience::ALL.map(|audience| (audience.as_str(), audience.as_str())) {
            published(&house, slug, audience).await;
        }
        let nurse = staff("nurse", &["nurse"]);
        let slugs = async |reader: Reader<'_>| {
            let mut found: Vec<_> = house
                .articles
                .recent(reader, 9, noon())
                .await
                .expect("read")
                .into_iter()
                .map(|card| card.slug)
                .collect();
            found.sort();
            found
        };
        assert_eq!(slugs(Reader::Public).await, ["both", "public"]);
        assert_eq!(slugs(Reader::Staff(&nurse)).await, ["both", "staff"]);
        for words in ["少吃", "100%", "a_B 少吃"] {
            let found = house.articles.search(Reader::Public, words, 9, noon()).await.expect("searched");
            assert_eq!(found.len(), 2, "{words}");
        }
        for words in ["%", "a%b", "axb", "正文 糖", "\\", " ", "\0"] {
            let found = house.articles.search(Reader::Public, words, 9, noon()).await.expect("searched");
            assert_eq!(found.len(), if words == "%" { 2 } else { 0 }, "{words:?}");
        }
        let error = house.articles.read(Reader::Public, "staff", noon()).await.expect_err("staff's");
        assert_eq!(error.fault(), Fault::NotFound);
        // Who edits nothing sees no desk.
        let desk = house.articles.desk(&nurse, noon()).await.expect_err("a desk");
        assert!(matches!(desk, ContentError::Access(AccessError::Forbidden)), "{desk}");
        let filter = Filter { topic: Some("nutrition".into()), page: 99, ..Filter::default() };
        let page = house.articles.list(Reader::Public, &filter, noon()).await.expect("listed");
        assert_eq!((page.items.len(), page.total, page.page, page.pages), (2, 2, 1, 1));
        let topics = house.articles.topics(Reader::Public, noon()).await.expect("topics");
        assert_eq!(topics, [("nutrition".to_owned(), 2)]);
    }
}

#[tokio::test]
async fn what_is_past_its_date_is_marked_or_hidden() {
    let later: Timestamp = noon() + SignedDuration::from_hours(24 * 90);
    for database in testbed::databases().await {
        let marking = House::on(&database).await;
        published(&marking, "salt", "public").await;
        let hiding = House::with(&database, Overdue::Hide).await;
        // The date itself is a good day, until midnight on the region's clocks.
        let last: Timestamp = "2027-01-01T15:59:59Z".parse().expect("time");
        for house in [&marking, &hiding] {
            assert!(!house.articles.read(Reader::Public, "salt", last).await.expect("shown").is_due);
        }
        assert!(marking.articles.read(Reader::Public, "salt", later).await.expect("shown").is_due);
        assert!(marking.articles.recent(Reader::Public, 1, later).await.expect("listed")[0].is_due);
        assert!(marking.articles.desk(&editor("e"), later).await.expect("desk").rows[0].is_due);
        assert!(hiding.articles.read(Reader::Public, "salt", later).await.is_err());
        assert!(hiding.articles.recent(Reader::Public, 1, later).await.expect("listed").is_empty());
        assert!(hiding.articles.desk(&editor("e"), later).await.expect("desk").rows[0].is_due);
    }
}

#[tokio::test]
async fn a_picture_is_shown_with_the_version_that_shows_it() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (author, reviewer) = (editor("author"), manager("reviewer"));
        let articles = &house.articles;
        let id = articles.create(&author, &draft("salt", "public"), noon()).await.expect("created");
        let without = NewImage { file: PNG, alt_zh: "盘子", alt_en: " " };
        let refused = articles.add_image(&author, id, without, noon()).await.expect_err("no words for it");
        assert!(matches!(refused, ContentError::Invalid(problems) if problems[0].field == "alt_en"));
        let new = NewImage { file: PNG, alt_zh: "盘子", alt_en: "plate" };
        let stranger = staff("nurse", &["nurse"]);
        assert!(articles.add_image(&stranger, id, new, noon()).await.is_err());
        let shown = articles.add_image(&author, id, new, noon()).await.expect("added");
        let unused = articles.add_image(&author, id, new, noon()).await.expect("added");
        assert!(articles.image(Reader::Public, shown).await.is_err(), "before it is published");
        let mut text = draft("salt", "public");
        text.zh.body = format!("![](image:{shown})");
        let saved = articles.step(&author, (id, 1), Step::Save(Box::new(text)), noon()).await.expect("saved");
        let asked = articles.step(&author, (id, saved.rev), Step::Submit, noon()).await.expect("submitted");
        let live = articles.step(&reviewer, (id, asked.rev), Step::Publish, noon()).await.expect("published");
        let image = articles.image(Reader::Public, shown).await.expect("published");
        assert_eq!(image.media_type, "image/png");
        assert!(articles.image(Reader::Public, unused).await.is_err(), "one that no version shows");
        assert!(articles.image(Reader::Staff(&stranger), shown).await.is_err(), "staff's portal shows another article");
        assert!(articles.image(Reader::Staff(&author), unused).await.is_ok(), "its author sees no preview");
        articles.step(&reviewer, (id, live.rev), Step::Withdraw, noon()).await.expect("withdrawn");
        assert!(articles.image(Reader::Public, shown).await.is_err(), "after it was withdrawn");
        assert!(articles.image(Reader::Public, Uuid::nil()).await.is_err());
    }
}
