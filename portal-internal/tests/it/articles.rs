//! Articles and notices through the public faces of both portals: written inside, read outside.

use anyhow::{Context as _, Result, ensure};
use testbed::{Database, TestPortal, Visitor};
use toml::{Table, Value};

const PNG: &[u8] = include_bytes!("../../../crates/content/tests/data/pixel.png");

/// As the demo's: teachers write, managers publish.
fn with_desk(table: &mut Table) {
    let rule = |group: &str, role: &str| {
        let group = format!("cn={group},ou=groups,dc=region,dc=example");
        let entries = [("group", group), ("role", role.to_owned())];
        Value::Table(entries.into_iter().map(|(key, text)| (key.to_owned(), Value::String(text))).collect())
    };
    let rules = table["directory"][0]["role"].as_array_mut();
    if let Some(rules) = rules {
        rules.push(rule("teachers", "content-editor"));
        rules.push(rule("managers", "content-manager"));
    }
}

async fn portals(database: &Database) -> Result<(TestPortal, TestPortal)> {
    let region = testbed::region().await;
    let inside = TestPortal::internal_with(database, region, with_desk).await?;
    let outside = TestPortal::external(database, region, &[region.shown_patient()]).await?;
    Ok((inside, outside))
}

fn form<'a>(title: &'a str, body: &'a str, what: &'a str, rev: &'a str) -> [(&'static str, &'a str); 9] {
    [
        ("do", what),
        ("rev", rev),
        ("slug", "less-salt"),
        ("topic", "nutrition"),
        ("audience", "both"),
        ("review_by", "2099-01-01"),
        ("zh_title", title),
        ("zh_summary", "摘要"),
        ("zh_body", body),
    ]
}

/// Where a form that did something led to, without its query.
fn led_to(answer: &testbed::Answer) -> Result<String> {
    ensure!(answer.status == 303, "{} {}", answer.status, answer.body);
    Ok(answer.location().split('?').next().unwrap_or_default().to_owned())
}

fn rev(page: &testbed::Answer) -> Result<String> {
    let after = page.body.split("name=\"rev\" value=\"").nth(1).context("no rev on the page")?;
    Ok(after.split('"').next().unwrap_or_default().to_owned())
}

async fn step(visitor: &mut Visitor, article: &str, what: &str) -> Result<testbed::Answer> {
    let rev = rev(&visitor.get(article).await?)?;
    visitor
        .post_form(&format!("{article}/steps"), &[("do", what), ("rev", &rev), ("number", "1"), ("note", "why")])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_goes_from_the_desk_to_anybody_who_reads() -> Result<()> {
    for database in testbed::databases().await {
        let (inside, outside) = portals(&database).await?;
        let (mut author, mut reviewer) = (inside.clinician("xu.jing").await?, inside.clinician("ma.qiang").await?);
        let mut anybody = outside.visitor()?;
        let new = author.get("/admin/articles/new").await?;
        ensure!(new.status == 200 && new.body.contains("name=\"zh_body\""), "{}", new.body);
        let article = led_to(
            &author.post_form("/admin/articles/new", &form("少吃盐", "## 小标题\n\n正文", "submit", "0")).await?,
        )?;
        assert_eq!(anybody.get("/articles/less-salt").await?.status, 404, "before it is published");
        // Whoever wrote it is offered no such thing, and is refused.
        let own = step(&mut author, &article, "publish").await?;
        assert_eq!(own.status, 403, "{}", own.body);
        led_to(&step(&mut reviewer, &article, "publish").await?)?;

        let read = anybody.get("/articles/less-salt").await?;
        assert_eq!(read.status, 200, "{}", read.body);
        for words in ["<h1>少吃盐</h1>", "<h2>小标题</h2>", "撰写 · 马强", "以医生的话为准"] {
            assert!(read.body.contains(words), "{words}: {}", read.body);
        }
        let english = anybody.get("/articles/less-salt?lang=en").await?;
        assert!(
            english.body.contains("Only in Chinese") && english.body.contains("lang=\"zh-CN\""),
            "{}",
            english.body
        );
        let list = anybody.get("/articles?q=%E5%B0%91%E5%90%83&topic=nutrition").await?;
        assert!(list.status == 200 && list.body.contains("/articles/less-salt"), "{}", list.body);
        let none = anybody.get("/articles?q=nothing-like-it").await?;
        assert!(none.body.contains("No article found"), "{}", none.body);
        let json = anybody.get("/api/v1/articles/less-salt").await?.json();
        assert_eq!((json["version"].as_i64(), json["zh"]["title"].as_str()), (Some(1), Some("少吃盐")));
        assert_eq!(json["en"], serde_json::Value::Null);
        assert_eq!(anybody.get("/api/v1/articles").await?.json()["total"], 1);
        let mut nurse = inside.clinician("li.wei").await?;
        assert_eq!(nurse.get("/articles/less-salt").await?.status, 200);
        assert_eq!(nurse.get("/api/v1/articles/less-salt").await?.status, 200);
        for desk in ["/admin/articles", "/admin/articles/new", &article, "/admin/notices"] {
            assert_eq!(nurse.get(desk).await?.status, 404, "{desk}");
        }

        let mut signed_out = inside.visitor()?;
        assert_eq!(signed_out.get("/api/v1/articles").await?.status, 401);
        let back = step(&mut author, &article, "restore").await?;
        led_to(&back)?;
        led_to(&step(&mut reviewer, &article, "withdraw").await?)?;
        assert_eq!(anybody.get("/articles/less-salt").await?.status, 404, "after it was withdrawn");
        let versions = author.get(&format!("{article}/versions?old=1&new=0")).await?;
        assert!(versions.status == 200 && versions.body.contains("两者相同"), "{}", versions.body);
        let verified = inside.tool(&["audit", "verify"])?;
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_takes_away_what_was_typed() -> Result<()> {
    let database = Database::sqlite().await?;
    let inside = TestPortal::internal_with(&database, testbed::region().await, with_desk).await?;
    let (mut one, mut two) = (inside.clinician("xu.jing").await?, inside.clinician("huang.hai").await?);
    // 422: a form that is not good enough.
    let wrong =
        [("do", "save"), ("slug", "Not A Slug"), ("topic", ""), ("zh_title", "我写的标题"), ("zh_body", "我写的正文")];
    let told = one.post_form("/admin/articles/new", &wrong).await?;
    assert_eq!(told.status, 422, "{}", told.body);
    for kept in [
        "我写的标题",
        "我写的正文",
        "Not A Slug",
        "href=\"#slug\"",
        "href=\"#topic\"",
        "aria-invalid=\"true\" aria-describedby=\"topic-problem\"",
    ] {
        assert!(told.body.contains(kept), "{kept}: {}", told.body);
    }
    let article = led_to(&one.post_form("/admin/articles/new", &form("标题", "正文", "save", "0")).await?)?;
    let seen = rev(&one.get(&article).await?)?;
    led_to(&two.post_form(&article, &form("黄海的标题", "黄海的正文", "save", &seen)).await?)?;
    // 409: both texts on one page, and the form goes on from there.
    let late = one.post_form(&article, &form("徐静的标题", "徐静的正文", "save", &seen)).await?;
    assert_eq!(late.status, 409, "{}", late.body);
    for kept in ["徐静的标题", "徐静的正文", "黄海的标题", "黄海的正文"] {
        assert!(late.body.contains(kept), "{kept}: {}", late.body);
    }
    let again = rev(&late)?;
    assert_ne!(again, seen);
    led_to(&one.post_form(&article, &form("徐静的标题", "徐静的正文", "save", &again)).await?)?;
    // A preview keeps nothing and loses nothing.
    let preview = one.post_form(&article, &form("预览的标题", "**粗**<b>细</b>", "preview", &again)).await?;
    assert!(
        preview.status == 200 && preview.body.contains("<strong>粗</strong>&lt;b&gt;细&lt;/b&gt;"),
        "{}",
        preview.body
    );
    assert!(!one.get(&article).await?.body.contains("预览的标题"));
    // A draft that is not complete is kept and not sent for review.
    let again = rev(&one.get(&article).await?)?;
    let half = one.post_form(&article, &form("半篇", "", "submit", &again)).await?;
    assert!(
        half.status == 422 && half.body.contains("半篇") && half.body.contains("href=\"#zh_body\""),
        "{}",
        half.body
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_sent_without_scripts_and_shown_as_what_it_is() -> Result<()> {
    let database = Database::sqlite().await?;
    let (inside, outside) = portals(&database).await?;
    let (mut author, mut reviewer) = (inside.clinician("xu.jing").await?, inside.clinician("ma.qiang").await?);
    let article = led_to(&author.post_form("/admin/articles/new", &form("图", "正文", "save", "0")).await?)?;
    let images = format!("{article}/images");
    let words = [("alt_zh", "一盘菜"), ("alt_en", "a plate")];
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    let refused = author.post_file(&images, &words, ("image", svg)).await?;
    assert!(refused.status == 422 && refused.body.contains("一盘菜"), "{} {}", refused.status, refused.body);
    let large = author.post_file(&images, &words, ("image", &vec![0; 3 << 20])).await?;
    assert_eq!(large.status, 413);
    led_to(&author.post_file(&images, &words, ("image", PNG)).await?)?;
    let page = author.get(&images).await?;
    let id = page.body.split("![](image:").nth(1).and_then(|rest| rest.get(..36)).context("no picture")?.to_owned();
    let address = format!("/articles/images/{id}");
    let mut anybody = outside.visitor()?;
    assert_eq!(anybody.get(&address).await?.status, 404, "before it is published");
    let again = rev(&author.get(&article).await?)?;
    led_to(&author.post_form(&article, &form("图", &format!("![](image:{id})"), "submit", &again)).await?)?;
    led_to(&step(&mut reviewer, &article, "publish").await?)?;
    let read = anybody.get("/articles/less-salt").await?;
    assert!(
        read.body.contains(&format!("<img src=\"{address}\"")) && read.body.contains("alt=\"一盘菜\""),
        "{}",
        read.body
    );
    let image = anybody.get(&address).await?;
    let header = |name: &str| image.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!((image.status, header("content-type"), header("x-content-type-options")), (200, "image/png", "nosniff"));
    assert!(header("content-security-policy").starts_with("sandbox"), "{}", header("content-security-policy"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_in_every_field_stays_text() -> Result<()> {
    let database = Database::sqlite().await?;
    let (inside, outside) = portals(&database).await?;
    let (mut author, mut reviewer) = (inside.clinician("xu.jing").await?, inside.clinician("ma.qiang").await?);
    let corpus: Vec<&str> = include_str!("../../../tests/browser/hostile.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    let (short, all) = (corpus[0], corpus.join("\n\n"));
    let fields: Vec<(&str, &str)> = [
        ("do", "submit"),
        ("slug", "less-salt"),
        ("topic", "nutrition"),
        ("audience", "both"),
        ("review_by", "2099-01-01"),
        ("zh_title", short),
        ("zh_summary", short),
        ("zh_body", &all),
        ("en_title", short),
        ("en_summary", short),
        ("en_body", &all),
    ]
    .to_vec();
    let mut pages =
        vec![author.post_form("/admin/articles/new", &[&fields[1..], &[("do", "preview")]].concat()).await?];
    let article = led_to(&author.post_form("/admin/articles/new", &fields).await?)?;
    let returned = reviewer.get(&article).await?;
    let rev = rev(&returned)?;
    let steps = format!("{article}/steps");
    led_to(&reviewer.post_form(&steps, &[("do", "send-back"), ("rev", &rev), ("note", &short.repeat(9))]).await?)?;
    led_to(&step(&mut author, &article, "submit").await?)?;
    led_to(&step(&mut reviewer, &article, "publish").await?)?;
    let notice = [
        ("zh", short),
        ("en", short),
        ("audience", "both"),
        ("severity", "warning"),
        ("from", "2020-01-01T00:00"),
        ("until", "2099-01-01T00:00"),
    ];
    led_to(&author.post_form("/admin/notices", &notice).await?)?;
    for path in [
        "/",
        "/articles",
        "/articles/less-salt",
        "/admin/articles",
        &article,
        &format!("{article}/versions"),
        "/admin/notices",
    ] {
        pages.push(author.get(path).await?);
    }
    let mut anybody = outside.visitor()?;
    for path in [
        "/articles",
        "/articles/less-salt",
        "/articles?lang=en",
        "/articles/less-salt?lang=en",
        "/articles?q=%3Cscript%3E",
    ] {
        pages.push(anybody.get(path).await?);
    }
    for page in &pages {
        assert_eq!(page.status, 200, "{}", page.body);
        // Our own scripts and styles bear a nonce or come from our files; nothing of an article begins a tag.
        for bad in
            ["<script>", "<script src=EVIL", "<img src=x", "<iframe", "<svg/", "<svg onload", "<style>", "<body onload"]
        {
            assert!(!page.body.to_lowercase().contains(&bad.to_lowercase()), "{bad}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_s_articles_are_published_once() -> Result<()> {
    let database = Database::sqlite().await?;
    let (inside, outside) = portals(&database).await?;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo/articles.toml");
    let import = ["articles", "import", file, "--author", "xu.jing", "--reviewer", "ma.qiang"];
    for expect in
        ["9 articles published, 0 stood already, 3 notices added, 0 wrong", "0 articles published, 9 stood already, 0"]
    {
        let told = inside.tool(&import)?;
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success() && said.contains(expect), "{said} {}", String::from_utf8_lossy(&told.stderr));
    }
    // Nobody publishes what they wrote themselves, not from the command line either.
    let alone = inside.tool(&["articles", "import", file, "--author", "ma.qiang", "--reviewer", "ma.qiang"])?;
    assert!(alone.status.success(), "all of them stand already");
    let mut anybody = outside.visitor()?;
    let list = anybody.get("/api/v1/articles").await?.json();
    assert_eq!(list["total"], 8, "{list}");
    let english =
        list["items"].as_array().context("items")?.iter().filter(|one| one["title"]["en"].is_string()).count();
    assert_eq!(english, 8);
    let mut patient = outside.patient(testbed::region().await.shown_patient()).await?;
    let home = patient.get("/?whole=1").await?;
    assert!(home.body.contains("流感疫苗") && !home.body.contains("危急值确认流程已更新"), "{}", home.body);
    let mut clinician = inside.clinician("li.wei").await?;
    let desk = clinician.get("/?whole=1").await?;
    assert!(desk.body.contains("危急值确认流程已更新") && !desk.body.contains("流感疫苗"), "{}", desk.body);
    Ok(())
}
