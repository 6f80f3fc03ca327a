//! The desk: widgets by group, each alone, and searching from it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testbed::{Database, TestPortal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use toml::{Table, Value};

use super::find;

#[tokio::test(flavor = "multi_thread")]
async fn each_group_has_its_desk_and_nothing_of_others() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let clinician = portal.clinician("li.wei").await?.get("/?whole=1").await?;
        let admin = portal.clinician("admin").await?.get("/?whole=1").await?;
        for (desk, there, absent) in [
            (&clinician, ["w-search", "w-mine", "w-recent"], ["w-signed-in", "w-figures", "使用情况"]),
            (
                &admin,
                ["w-figures", "w-signed-in", "w-administration"],
                ["w-mine", "w-search", "/pages/p-home-clinician/"],
            ),
        ] {
            assert_eq!(desk.status, 200, "{}", desk.body);
            for id in there {
                assert!(desk.body.contains(&format!("id=\"{id}\"")), "{id}: {}", desk.body);
            }
            for words in absent {
                assert!(!desk.body.contains(words), "{words}");
            }
        }
        // A kind that is not for them is not there alone either, and looks like what does not exist.
        let mut visitor = portal.clinician("li.wei").await?;
        let foreign = visitor.get("/pages/p-home-manager/items/figures").await?;
        let missing = visitor.get("/pages/p-home-manager/items/nothing").await?;
        let nowhere = visitor.get("/pages/p-nothing/items/figures").await?;
        assert_eq!((foreign.status, missing.status, nowhere.status), (404, 404, 404));
        assert!(!foreign.body.contains("使用情况"), "{}", foreign.body);
        let own = visitor.get("/pages/p-home-clinician/items/recent").await?;
        assert!(own.status == 200 && own.body.contains("id=\"w-recent\""), "{}", own.body);
        assert_eq!(own.header("cache-control"), "private, no-store");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_one_opened_lately_is_on_ones_own_desk_alone() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut li_wei = portal.clinician("li.wei").await?;
        let shown = region.shown_patient();
        let none = li_wei.get("/pages/p-home-clinician/items/recent").await?;
        assert!(!none.body.contains(&shown.name), "{}", none.body);
        let id = find(&mut li_wei, &shown.resident_id).await?;
        assert_eq!(li_wei.get(&format!("/patients/{id}/demographics")).await?.status, 200);
        let recent = li_wei.get("/pages/p-home-clinician/items/recent").await?;
        assert!(
            recent.body.contains(&shown.name) && recent.body.contains(&format!("/patients/{id}/")),
            "{}",
            recent.body
        );
        assert!(!recent.body.contains(&shown.resident_id));
        let mut other = portal.clinician("wang.fang").await?;
        let others = other.get("/pages/p-home-clinician/items/recent").await?;
        assert!(others.status == 200 && !others.body.contains(&shown.name), "{}", others.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_only_what_one_may_see() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let mut admin = portal.clinician("admin").await?;
    let index = "/admin/index";
    let theirs = admin.post_form("/search", &[("q", "索引")]).await?;
    assert!(theirs.status == 200 && theirs.body.matches(index).count() > 1, "{}", theirs.body);
    let own = clinician.post_form("/search", &[("q", "索引")]).await?;
    assert!(own.status == 200 && !own.body.contains(index), "{}", own.body);
    let widgets = clinician.post_form("/search", &[("q", "使用情况")]).await?;
    assert!(!widgets.body.contains("w-figures"), "{}", widgets.body);
    let hostile = clinician.post_form("/search", &[("q", "<script>x</script>")]).await?;
    assert!(!hostile.body.contains("<script>x") && hostile.body.contains("&lt;script&gt;x"), "{}", hostile.body);
    Ok(())
}

/// A site on loopback that answers everything with `body`; with `endless`, and then goes on for ever.
async fn site(body: &'static str, endless: bool) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 2048];
                let _ = socket.read(&mut asked).await;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/rss+xml\r\nconnection: close\r\n\r\n";
                let mut going = socket.write_all(format!("{head}{body}").as_bytes()).await.is_ok();
                while going && endless {
                    going = socket.write_all(&[b' '; 65536]).await.is_ok();
                }
            });
        }
    });
    Ok(format!("http://{address}/feed.xml"))
}

fn feed(id: &str, url: String) -> Value {
    let name = Table::from_iter([("zh", id), ("en", id)].map(|(lang, name)| (lang.to_owned(), Value::from(name))));
    Value::Table(Table::from_iter([
        ("id".to_owned(), Value::from(id)),
        ("name".to_owned(), Value::Table(name)),
        ("url".to_owned(), Value::from(url)),
        ("kind".to_owned(), Value::from("forum")),
    ]))
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_that_are_huge_or_no_feeds_or_hostile_have_their_place_on_the_desk() -> Result<()> {
    const HOSTILE: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title><item>\
                           <title>&lt;script&gt;steal()&lt;/script&gt;坏标题</title><link>javascript:steal()</link>\
                           </item></channel></rss>";
    const GOOD: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title><item>\
                        <title>夜班交接</title><link>http://forum.example/1</link></item></channel></rss>";
    // They are read in this order, so that all were tried when the last is there.
    let feeds = vec![
        feed("huge-site", site("<?xml version=\"1.0\"?><rss>", true).await?),
        feed("page-site", site("<!doctype html><p>Sign in first", false).await?),
        feed("hostile-site", site(HOSTILE, false).await?),
        feed("good-site", site(GOOD, false).await?),
    ];
    let with_feeds = |table: &mut Table| {
        table.insert("feed".to_owned(), Value::Array(feeds));
    };
    let portal = TestPortal::internal_with(&Database::sqlite().await?, testbed::region().await, with_feeds).await?;
    let mut nurse = portal.clinician("li.wei").await?;
    let end = Instant::now() + Duration::from_secs(60);
    let desk = loop {
        let desk = nurse.get("/?whole=1").await?;
        if desk.body.contains("夜班交接") {
            break desk.body;
        }
        ensure!(Instant::now() < end, "the good site's news did not come: {}", desk.body);
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    for named in ["huge-site还没有取到内容", "page-site还没有取到内容"] {
        assert!(desk.contains(named), "{named}: {desk}");
    }
    assert!(desk.contains("坏标题") && desk.contains("href=\"http://forum.example/1\""), "{desk}");
    for harm in ["<script>steal", "javascript:", "Sign in first"] {
        assert!(!desk.contains(harm), "{harm}: {desk}");
    }
    assert!(desk.contains("id=\"w-search\""), "the rest of the desk is there");
    Ok(())
}
