//! Notices come and go by the clock.

use access::{Classify, Fault};
use content::{Audience, ContentError, NewNotice, Reader, Severity};
use jiff::SignedDuration;

use super::{House, editor, noon, staff};

fn notice(zh: &str, audience: Audience, severity: Severity) -> NewNotice {
    let until = noon() + SignedDuration::from_hours(1);
    NewNotice { zh: zh.to_owned(), en: "text".to_owned(), audience, severity, from: noon(), until }
}

#[tokio::test]
async fn a_notice_is_shown_to_its_readers_in_its_time() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (writer, nurse) = (editor("writer"), staff("nurse", &["nurse"]));
        let add = async |one: NewNotice| house.notices.add(&writer, one, noon()).await.expect("added");
        add(notice("员工", Audience::Staff, Severity::Info)).await;
        add(notice("提示", Audience::Public, Severity::Info)).await;
        let both = add(notice("警示", Audience::Both, Severity::Warning)).await;
        let shown = async |reader: Reader<'_>, seconds: i64| -> Vec<String> {
            let at = noon() + SignedDuration::from_secs(seconds);
            let current = house.notices.current(reader, at).await.expect("read");
            current.into_iter().filter_map(|notice| notice.text.zh).collect()
        };
        assert!(shown(Reader::Public, -1).await.is_empty(), "before its time");
        assert_eq!(shown(Reader::Public, 0).await, ["警示", "提示"], "warnings first");
        assert_eq!(shown(Reader::Staff(&nurse), 3599).await, ["警示", "员工"]);
        assert!(shown(Reader::Public, 3600).await.is_empty(), "after its time");
        let refused = house.notices.add(&nurse, notice("x", Audience::Both, Severity::Info), noon()).await;
        assert_eq!(refused.expect_err("a nurse").fault(), Fault::Forbidden);
        house.notices.withdraw(&writer, (both, 1), noon()).await.expect("withdrawn");
        assert_eq!(shown(Reader::Public, 0).await, ["提示"]);
        let late = house.notices.change(&writer, (both, 1), notice("晚", Audience::Both, Severity::Info), noon()).await;
        assert!(matches!(late, Err(ContentError::StaleNotice(now)) if now.notice.zh == "警示" && now.rev == 2));
        let mut wrong = notice(" ", Audience::Both, Severity::Info);
        wrong.until = wrong.from;
        let wrong = house.notices.add(&writer, wrong, noon()).await.expect_err("empty and over");
        let ContentError::Invalid(problems) = wrong else { panic!("{wrong}") };
        assert_eq!(problems.iter().map(|one| one.field).collect::<Vec<_>>(), ["zh", "until"]);
    }
}
