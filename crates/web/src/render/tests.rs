use super::*;

fn frame() -> Frame {
    Frame {
        lang: Lang::Zh,
        theme: Some(Theme::Dark),
        portal: Portal::Internal,
        user: Some(User {
            name: "<b>林</b>".to_owned(),
            organisation: None,
            roles: vec![],
            unread: 0,
            delegates: false,
            acting_for: None,
            person: None,
        }),
        csrf_token: "\"><script>alert(1)</script>".to_owned(),
        nonce: "n0nce".to_owned(),
        path: "/patients?q=\"><script>".to_owned(),
        request_id: "R-1".to_owned(),
        now: Timestamp::UNIX_EPOCH,
    }
}

fn renderer() -> Renderer {
    Renderer::new(vec![], vec![], vec![]).expect("renderer")
}

#[test]
fn every_failure_has_words_in_both_languages_and_both_portals() {
    let renderer = renderer();
    let problems = [
        "not-found",
        "forbidden",
        "break-glass-required",
        "not-signed-in",
        "too-many",
        "invalid",
        "conflict",
        "unavailable",
        "internal",
        "request-timeout",
        "too-large",
        "method-not-allowed",
        "unsupported-media-type",
        "second-factor-required",
    ];
    for problem in problems {
        for (lang, portal) in [(Lang::Zh, Portal::Internal), (Lang::En, Portal::External)] {
            let frame = Frame { lang, portal, ..frame() };
            let page = ErrorPage { status: 500, problem: problem.to_owned(), retry_after: Some(5) };
            let html = renderer.error(&frame, &page).expect("page");
            assert!(html.contains("R-1"), "{problem}: the request id is there to be told");
            let prefix = if lang == Lang::Zh { "<title>错误：" } else { "<title>Error: " };
            assert!(html.contains(prefix), "{problem}: the title says it first");
        }
    }
}

#[test]
fn an_error_in_a_page_that_stays_has_the_same_words_and_nothing_of_the_shell() {
    let renderer = renderer();
    for (lang, portal) in [(Lang::Zh, Portal::Internal), (Lang::En, Portal::External)] {
        let frame = Frame { lang, portal, path: "/patients/1/summary".to_owned(), ..frame() };
        let page = ErrorPage { status: 503, problem: "unavailable".to_owned(), retry_after: Some(5) };
        let (whole, part) =
            (renderer.error(&frame, &page).expect("page"), renderer.error_part(&frame, &page).expect("part"));
        let next = if portal == Portal::External { "next-plain" } else { "next" };
        for message in ["title", "text", next] {
            let mut said = String::new();
            push_escaped(&mut said, &renderer.words(lang).text(&format!("error-unavailable-{message}")));
            assert!(whole.contains(&said) && part.contains(&said), "{message}: {part}");
        }
        assert!(
            part.contains("href=\"/patients/1/summary\"") && part.contains("R-1"),
            "retry, and what to tell: {part}"
        );
        assert!(part.contains("role=\"alert\"") && part.contains("id=\"error\""), "{part}");
        assert!(!part.contains("<html") && !part.contains("<body") && !part.contains("<main"), "{part}");
    }
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let page = ErrorPage { status: 500, problem: "internal".to_owned(), retry_after: None };
    let html = renderer().error(&frame(), &page).expect("page");
    assert!(!html.contains("<script>"), "{html}");
    assert!(html.contains("&lt;b&gt;林"));
}

#[test]
fn a_page_says_its_language_and_theme() {
    let page = ErrorPage { status: 404, problem: "not-found".to_owned(), retry_after: None };
    let html = renderer().error(&frame(), &page).expect("page");
    assert!(html.contains("<html lang=\"zh-CN\" data-theme=\"dark\""));
    assert!(html.contains("hreflang=\"en\""));
}

#[test]
fn addresses_of_static_files_change_with_their_content() {
    let renderer = renderer();
    let address = renderer.assets.address("portal.css").expect("address");
    let path = address.strip_prefix("/static/").expect("static");
    let asset = renderer.asset(path).expect("asset");
    assert!(asset.immutable && asset.content_type.starts_with("text/css") && !asset.bytes.is_empty());
    let old = renderer.asset("0123456789ab/portal.css").expect("an older page's address");
    assert!(!old.immutable && old.etag == asset.etag);
    assert!(renderer.asset("portal.css").is_none());
    assert!(renderer.asset("0123456789ab/../Cargo.toml").is_none());
    assert!(renderer.asset("0123456789ab/LOCK.toml").is_none(), "the lock file is for us");
}

#[test]
fn vendored_files_are_the_ones_in_the_lock() {
    use sha2::{Digest, Sha256};
    let lock: toml::Table = toml::from_str(include_str!("../../static/LOCK.toml")).expect("lock");
    let files = lock.get("file").and_then(toml::Value::as_array).expect("files");
    assert!(!files.is_empty());
    for file in files {
        let text = |key: &str| file.get(key).and_then(toml::Value::as_str).expect("text");
        let embedded = SharedStatic::get(text("path")).expect("file");
        let digest: String = Sha256::digest(&embedded.data).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, text("sha256"), "{}", text("path"));
        assert!(["name", "version", "licence"].iter().all(|key| !text(key).is_empty()));
    }
}

#[test]
fn a_message_without_its_place_is_an_error() {
    let renderer = renderer();
    let words = renderer.words(Lang::En);
    assert!(words.find("error-retry-after", &[]).is_err());
    assert!(words.find("no-such-message", &[]).is_err());
    assert_eq!(words.find("error-retry-after", &[("seconds", Arg::from(5))]).expect("text"), "Try again in 5 s.");
}

#[test]
fn a_message_in_one_language_alone_is_refused() {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "locales"]
    #[allow(dead_code, reason = "only its type is used")]
    struct Twice;
    // The same messages again are refused too: two crates must not fight over a key.
    assert!(matches!(Renderer::new(vec![], vec![Locales::embedded::<Twice>()], vec![]), Err(RenderError::Locale(_))));
}

#[test]
fn dates_keep_their_precision() {
    let renderer = renderer();
    let check = |lang: Lang, text: &str, expect: &str| {
        assert_eq!(renderer.words(lang).long_date(text), expect, "{text}");
    };
    check(Lang::Zh, "2026-11-20T08:10:00+08:00", "2026 年 11 月 20 日");
    check(Lang::Zh, "2025-09-11", "2025 年 9 月 11 日");
    check(Lang::En, "2025-09-11", "11 Sep 2025");
    check(Lang::Zh, "2021-03", "2021 年 3 月");
    check(Lang::En, "2021-03", "Mar 2021");
    check(Lang::Zh, "2021", "2021 年");
    check(Lang::En, "2021", "2021");
    check(Lang::Zh, "2021-13", "2021-13");
    check(Lang::Zh, "去年秋天", "去年秋天");
    let late: Timestamp = "2026-11-21T17:00:00Z".parse().expect("time");
    assert_eq!(renderer.words(Lang::Zh).minute(late), "2026-11-22 01:00", "on the region's clocks");
}

#[test]
fn static_files_are_packed_once_and_known_in_every_coding() {
    let renderer = renderer();
    let address = renderer.assets.address("portal.css").expect("address");
    let asset = renderer.asset(address.trim_start_matches("/static/")).expect("asset");
    let (packed, tag, coding) = asset.coded("gzip, zstd");
    assert_eq!(coding, Some("zstd"));
    assert!(packed.len() < asset.bytes.len() / 3 && tag != asset.etag);
    assert_eq!(zstd::decode_all(packed).expect("unpacked"), asset.bytes);
    assert_eq!(asset.coded("br"), (asset.bytes, asset.etag.to_owned(), None));
    for known in [asset.etag.to_owned(), tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        assert!(asset.is_known(&known), "{known}");
    }
    assert!(!asset.is_known("\"other\"") && !asset.is_known(""));
}

#[test]
fn scripts_come_with_the_answer_s_nonce_and_only_to_people_who_are_signed_in() {
    let page = ErrorPage { status: 404, problem: "not-found".to_owned(), retry_after: None };
    let renderer = renderer();
    let html = renderer.error(&frame(), &page).expect("page");
    assert_eq!(html.matches("<script nonce=\"n0nce\" src=\"/static/").count(), 3, "{html}");
    assert!(html.contains("\"extensions\":\"hx-csp\""), "htmx asks for the nonce");
    let stranger = Frame { user: None, ..frame() };
    assert!(!renderer.error(&stranger, &page).expect("page").contains("<script"));
}
