//! Who is found by what, on both databases.

use super::*;
use patients::{Found, Lookup};

const PEOPLE: [(&str, &str); 12] = [
    ("1", "陈玉兰|female|1964-03-18|999009196403180328|13800000526|-"),
    ("2", "陈玉莲|female|1979-08-11|-|13900004467|-"),
    ("3", "單雄信|male|1960-01-02|-|-|-"),
    ("4", "曾毅|male|1970-01-02|-|-|-"),
    ("5", "解缙|male|1971-01-02|-|-|-"),
    ("6", "仇英|male|1972-01-02|-|-|-"),
    ("7", "尉迟恭|male|1973-01-02|-|-|-"),
    ("8", "吕布|male|1974-01-02|-|-|-"),
    ("9", "Wenona Cormier|female|1975-01-02|-|-|-"),
    ("10", "朴志英|female|1976-01-02|-|-|-"),
    ("11", "陈玉|female|1977-01-02|-|-|-"),
    ("12", "𠮷田|male|1978-01-02|-|-|-"),
];

async fn names(index: &Index, found: Found) -> Vec<String> {
    let people = index.people(&found.people).await.expect("people");
    people.into_iter().map(|person| person.name).collect()
}

#[tokio::test]
async fn by_name_pinyin_in_every_reading_initials_and_numbers() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let seen: Vec<_> = PEOPLE.iter().map(|(id, told)| identity("a", id, told)).collect();
        index.observe(&system(), &seen, now()).await.expect("observed");
        let both = &["陈玉兰", "陈玉莲"][..];
        let all = &["陈玉", "陈玉兰", "陈玉莲"][..];
        for (text, expect) in [
            ("陈玉兰", &["陈玉兰"][..]),
            ("陳 玉蘭", &["陈玉兰"]),
            ("陈玉", all),
            ("chenyulan", &["陈玉兰"]),
            ("Chen Yu", all),
            ("chén yù lián", &["陈玉莲"]),
            ("chen2yu4lan2", &["陈玉兰"]),
            ("cyl", both),
            ("chyl", both),
            ("shanxiongxin", &["單雄信"]),
            ("danxiong", &["單雄信"]),
            ("dxx", &["單雄信"]),
            ("单雄", &["單雄信"]),
            ("zengyi", &["曾毅"]),
            ("cengyi", &["曾毅"]),
            ("xiejin", &["解缙"]),
            ("jiejin", &["解缙"]),
            ("qiuying", &["仇英"]),
            ("chouying", &["仇英"]),
            ("yuchigong", &["尉迟恭"]),
            ("lvbu", &["吕布"]),
            ("lubu", &["吕布"]),
            ("lüb", &["吕布"]),
            ("piaozhi", &["朴志英"]),
            ("puzhi", &["朴志英"]),
            ("cormier", &["Wenona Cormier"]),
            ("ＷＥＮＯＮＡ", &["Wenona Cormier"]),
            ("𠮷", &["𠮷田"]),
            ("玉兰", &[]),
            ("wang", &[]),
        ] {
            let found = index.find(&Lookup::Name(text), 10).await.expect("found");
            let mut found = names(&index, found).await;
            found.sort();
            assert_eq!(found, expect, "{text} on {:?}", db.kind);
        }
        for (text, expect) in [
            ("MR-1", &["陈玉兰", "朴志英", "陈玉", "𠮷田"][..]),
            ("mr11", &["陈玉"]),
            ("13800000526", &["陈玉兰"]),
            ("+86 138-0000-0526", &["陈玉兰"]),
            ("0526", &["陈玉兰"]),
            ("4467", &["陈玉莲"]),
            ("526", &[]),
            ("1380", &[]),
        ] {
            let found = index.find(&Lookup::Number(text), 10).await.expect("found");
            assert_eq!(names(&index, found).await, expect, "{text} on {:?}", db.kind);
        }
        let number = ResidentId::parse("999009640318032").expect("valid");
        let found = index.find(&Lookup::ResidentId(&number), 10).await.expect("found");
        assert_eq!(names(&index, found).await, ["陈玉兰"], "{:?}", db.kind);
        // The whole name stands before what only begins so, and no more come than were asked for.
        let found = index.find(&Lookup::Name("陈玉"), 2).await.expect("found");
        assert!(found.more, "{:?}", db.kind);
        assert_eq!(names(&index, found).await, ["陈玉", "陈玉兰"], "{:?}", db.kind);
        assert!(!index.find(&Lookup::Name("陈玉"), 3).await.expect("found").more);
    }
}

#[tokio::test]
async fn what_a_record_no_longer_says_no_longer_finds_it() {
    for db in testbed::databases().await {
        let (_store, index) = index(&db).await;
        let told = |phone: &str| [identity("a", "1", &format!("陈玉兰|female|1964-03-18|-|{phone}|-"))];
        index.observe(&system(), &told("13800000526"), now()).await.expect("observed");
        index.observe(&system(), &told("13911112222"), now()).await.expect("observed");
        let by = async |text: &str| index.find(&Lookup::Number(text), 10).await.expect("found").people.len();
        assert_eq!((by("0526").await, by("2222").await), (0, 1), "{:?}", db.kind);
        // A person of three hospitals is one person.
        let strong = format!("陈玉兰|female|1964-03-18|{YULAN}");
        let seen = [identity("b", "1", &strong), identity("c", "1", &strong), identity("d", "1", &strong)];
        index.observe(&system(), &seen, now()).await.expect("observed");
        let found = index.find(&Lookup::Name("陈玉兰"), 10).await.expect("found");
        assert_eq!(found.people.len(), 2, "{:?}", db.kind);
    }
}

#[tokio::test]
async fn no_resident_id_is_among_the_terms() {
    let db = testbed::Database::sqlite().await.expect("database");
    let (_store, index) = index(&db).await;
    let mut seen = identity("a", "1", &format!("陈玉兰|female|1964-03-18|{YULAN}"));
    seen.identifiers[0].shown = "999***********0328".to_owned();
    index.observe(&system(), &[seen], now()).await.expect("observed");
    let file = db.file().expect("a file");
    let bytes: Vec<u8> = ["", "-wal"]
        .iter()
        .flat_map(|end| std::fs::read(format!("{}{end}", file.display())).unwrap_or_default())
        .collect();
    assert!(!bytes.windows(YULAN.len()).any(|window| window == YULAN.as_bytes()));
}
