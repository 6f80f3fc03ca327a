//! The hospital's side, on the intranet: what is done there reaches those who have booked.

use anyhow::{Context as _, Result};
use testbed::{Database, TestPortal, Visitor};

use super::{
    super::{own, two_known_everywhere},
    confirmed, form, href, in_days, pairs, to_check,
};

const HEAD: &str = "hospital,hospital_zh,hospital_en,department,department_zh,department_en,doctor,doctor_zh,doctor_en,kind,\
                    half_day,weekdays,begins,ends,fee,portal,from,to,release,cancel";

fn line(doctor: &str, half_day: &str, (begins, ends): (&str, &str)) -> String {
    let day = in_days(2);
    format!(
        "city-first,市第一人民医院,First City Hospital,nephrology,肾病科,Nephrology,{doctor},林{doctor},Lin {doctor},expert,{half_day},\
         1 2 3 4 5 6 7,{begins},{ends},30.5,6,{day},{day},14 00:00,0 00:00\n"
    )
}

async fn import(manager: &mut Visitor, list: &str, deed: &str) -> Result<testbed::Answer> {
    manager.page("/admin/schedules/import").await?;
    manager.post_file("/admin/schedules/import", &[("do", deed)], ("list", list.as_bytes())).await
}

/// The page of the session that begins then, on the day of the list.
async fn session(manager: &mut Visitor, begins: &str) -> Result<String> {
    let day = manager.page(&format!("/admin/schedules?date={}", in_days(2))).await?;
    let rows = day.body.split("<tr>").filter(|row| row.contains(&format!(">{begins}–")));
    let row = rows.into_iter().next().with_context(|| format!("none at {begins}: {}", day.body))?;
    let path = row.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(path.context("no address")?.replace("&#x2F;", "/"))
}

/// What is wrong is said before anything is written, and the same list twice is one.
async fn brought_in(manager: &mut Visitor, list: &str) -> Result<()> {
    let wrong = list.replace("30.5", "-3");
    let refused = import(manager, &wrong, "import").await?;
    assert!(refused.status == 422 && refused.body.contains("什么都没有写入"), "{} {}", refused.status, refused.body);
    let looked = import(manager, list, "look").await?;
    assert!(looked.status == 200 && looked.body.contains("还没有写入"), "{} {}", looked.status, looked.body);
    for said in ["新增门诊 2 个，原来就有 0 个", "新增门诊 0 个，原来就有 2 个"] {
        let done = import(manager, list, "import").await?;
        assert_eq!(done.status, 303, "{}", done.body);
        let page = manager.page(done.location()).await?;
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_becomes_clinics_and_a_suspension_a_named_end_of_every_booking() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (one, other) = two_known_everywhere(region);
        let outside = TestPortal::external(&database, region, &[one, other]).await?;
        let inside = TestPortal::internal(&database, region).await?;
        let mut manager = inside.clinician("ma.qiang").await?;
        let list = format!(
            "{HEAD}\n{}{}",
            line("d1", "morning", ("08:00", "11:00")),
            line("d2", "afternoon", ("14:00", "14:30")).replace(",6,", ",1,")
        );

        brought_in(&mut manager, &list).await?;
        let (mut first, mut second) = (outside.patient(one).await?, outside.patient(other).await?);
        let (mine, theirs) = (own(&mut first).await?, own(&mut second).await?);
        let clinics = first.page("/booking/hospitals/city-first/nephrology").await?;
        let morning = session(&mut manager, "8:00").await?;
        let times = format!("/booking/sessions/{}", morning.rsplit('/').next().unwrap_or_default());
        assert_eq!(href(&clinics, &times)?, times);
        let mut slips = Vec::new();
        for (visitor, id) in [(&mut first, &mine), (&mut second, &theirs)] {
            let check = to_check(visitor, &times).await?;
            let made = confirmed(visitor, &check, id).await?;
            slips.push(made.location().split('?').next().unwrap_or_default().to_owned());
        }
        let roster = manager.page(&morning).await?;
        assert!(roster.body.contains(&one.name) && roster.body.contains(&other.name), "{}", roster.body);
        assert!(!roster.body.contains(&one.resident_id), "a resident ID in full");
        let log = first.page(&format!("/people/{mine}/access-log?who=staff")).await?;
        assert!(log.body.contains("在门诊名单上看到姓名"), "{}", log.body);

        // One ticket is left in the afternoon: one is moved there, the other cancelled, and both are told on their slips.
        let suspend = format!("{morning}/suspend");
        let asked = manager.page(&suspend).await?;
        assert!(asked.body.contains("停诊后（2 人已预约）"), "{}", asked.body);
        let target =
            asked.body.split("<option value=\"").filter_map(|rest| rest.split('"').next()).find(|id| id.len() == 36);
        let target = target.context("nowhere to go")?.to_owned();
        let unsaid = manager.post_form(&suspend, &[("move_to", &target)]).await?;
        assert!(unsaid.status == 422 && unsaid.body.contains("请选停诊原因"), "{} {}", unsaid.status, unsaid.body);
        let done = manager.post_form(&suspend, &[("why", "doctor-away"), ("move_to", &target)]).await?;
        assert_eq!(done.status, 303, "{}", done.body);
        let outcomes = manager.page(done.location()).await?;
        for (slip, said) in slips.iter().zip(["医院已换到别的门诊", "医院停诊，已取消"]) {
            let visitor = if slip.contains(&mine) { &mut first } else { &mut second };
            let page = visitor.page(slip).await?;
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
        for said in ["已换到别的门诊", "因停诊取消"] {
            assert!(outcomes.body.contains(said), "{said}: {}", outcomes.body);
        }
        assert!(!outcomes.body.contains("已预约</span>"), "{}", outcomes.body);
        let again = manager.post_form(&suspend, &[("why", "other")]).await?;
        assert!(again.status == 409 && again.body.contains("没有改动"), "{} {}", again.status, again.body);

        // Who comes in the afternoon is checked in, once.
        let afternoon = session(&mut manager, "14:00").await?;
        let page = manager.page(&afternoon).await?;
        let booking = form(&page, &afternoon)?;
        let rev = booking.iter().any(|(name, _)| name == "rev");
        assert!(rev, "the stand-in's form comes first: {booking:?}");
        let id = page.body.split("name=\"booking\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let fields = [("booking", id.context("nobody")?.to_owned()), ("do", "check-in".to_owned())];
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(manager.post_form(&afternoon, &pairs(&fields)).await?.status, 303);
        assert!(manager.page(&afternoon).await?.body.contains("已报到"));
        let stand_in = [("do", "substitute"), ("rev", "1"), ("zh", "周慧敏"), ("en", "Zhou Huimin")];
        assert_eq!(manager.post_form(&afternoon, &stand_in).await?.status, 303);
        let late = manager.post_form(&afternoon, &stand_in).await?;
        assert!(late.status == 409 && late.body.contains("有人刚刚改过"), "{} {}", late.status, late.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_keep_clinics_has_no_such_pages() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let inside = TestPortal::internal(&database, region).await?;
    let mut manager = inside.clinician("ma.qiang").await?;
    let list = format!("{HEAD}\n{}", line("d1", "morning", ("08:00", "11:00")));
    assert_eq!(import(&mut manager, &list, "import").await?.status, 303);
    let morning = session(&mut manager, "8:00").await?;
    let mut clinician = inside.clinician("li.wei").await?;
    for path in [morning.as_str(), &format!("{morning}/suspend"), "/admin/schedules/import", "/admin/schedules/missed"]
    {
        assert_eq!(clinician.page(path).await?.status, 404, "{path}");
    }
    clinician.page("/").await?;
    let suspended = clinician.post_form(&format!("{morning}/suspend"), &[("why", "other")]).await?;
    assert_eq!(suspended.status, 404, "{}", suspended.body);
    assert!(manager.page(&morning).await?.body.contains("正常"), "as it was");
    Ok(())
}
