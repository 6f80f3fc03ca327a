//! Booking through the portal's face, page by page and without a script, as somebody on a telephone does it.

mod api;
mod crowd;
mod desk;
mod refusals;

use anyhow::{Context as _, Result, ensure};
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, time},
    tz::TimeZone,
};
use scheduling::{Bilingual, Channel, ClinicKind, HalfDay, NewSchedule, Plan, Rules, Scheduling, Suspension};
use testbed::{Answer, Database, TestPortal, Visitor};
use uuid::Uuid;

use super::{family, own, two_known_everywhere};

/// The desk of a hospital, on the database of a portal.
pub(super) struct Desk {
    scheduling: Scheduling,
    staff: access::StaffContext,
}

impl Desk {
    async fn of(database: &Database) -> Result<Self> {
        use access::{AuditKey, AuditLog, Domain, Policy, RequestId, SubjectId};
        let config = store::DatabaseConfig::new(&database.url, database.password.clone());
        let store = store::Store::open(&config).await?;
        let policy = Policy::open(store.clone(), Domain::Internal).await?;
        let audit = AuditLog::new(AuditKey::of_portal(&[7; 32], Domain::Internal));
        let subject = SubjectId::staff("region", "gao.yue");
        let groups = vec![SubjectId::group("manager")];
        let request = RequestId("desk".to_owned());
        let staff = access::StaffContext::establish(subject, "高悦".to_owned(), "region".to_owned(), groups, request);
        let chance = std::sync::Arc::new(|| 0.0);
        Ok(Self { scheduling: Scheduling::new(store, policy, audit, Rules::default(), chance), staff })
    }

    /// A morning of half-hours, in the hospital's zone, and its id.
    async fn session(&self, department: &str, day: Date, quota: u32) -> Result<Uuid> {
        self.planned(department, &Plan { quotas: vec![(Channel::Portal, quota)], ..morning(day) }).await
    }

    async fn planned(&self, department: &str, plan: &Plan) -> Result<Uuid> {
        let now = Timestamp::now();
        let schedule = NewSchedule {
            hospital: "city-first".to_owned(),
            hospital_name: Bilingual::new("澜州市第一人民医院", "Lanzhou First People's Hospital"),
            department: department.to_owned(),
            department_name: Bilingual::new("肾内科", "Nephrology"),
            doctor: Some("d1".to_owned()),
            doctor_name: Bilingual::new("林知远", "Lin Zhiyuan"),
            title: Bilingual::new("主任医师", "Chief physician"),
            zone: "Asia/Shanghai".to_owned(),
            ..NewSchedule::default()
        };
        let id = self.scheduling.define(&self.staff, (schedule, None), now).await?;
        let planned = self.scheduling.plan(&self.staff, id, plan, now).await?;
        ensure!(planned.made == 1, "{planned:?}");
        let day = self.scheduling.day(&self.staff, plan.from, now).await?;
        let one = day.iter().find(|one| one.schedule.id == id).context("not planned")?;
        Ok(one.offered.session.id)
    }

    async fn suspend(&self, session: Uuid) -> Result<()> {
        let why = Suspension { why: "doctor-away".to_owned(), move_to: None };
        self.scheduling.suspend(&self.staff, session, why, Timestamp::now()).await?;
        Ok(())
    }
}

/// So many days from today, by the hospital's calendar.
fn in_days(days: i64) -> Date {
    Timestamp::now().to_zoned(zone()).date().checked_add(days.days()).expect("a day")
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

fn morning(day: Date) -> Plan {
    Plan {
        from: day,
        to: day,
        weekdays: vec![day.weekday()],
        except: Vec::new(),
        half_day: HalfDay::Morning,
        kind: ClinicKind::Expert,
        fee_fen: 3_050,
        begins: time(8, 0, 0, 0),
        ends: time(11, 0, 0, 0),
        band_minutes: 30,
        quotas: vec![(Channel::Portal, 6)],
        release_days: 14,
        release_time: time(0, 0, 0, 0),
        cutoff_minutes: 30,
        cancel_days: 0,
        cancel_time: time(0, 0, 0, 0),
    }
}

/// The first address on a page that begins so, as a browser reads it.
pub(super) fn href(page: &Answer, begins: &str) -> Result<String> {
    let found = page.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let found = found.map(|one| one.replace("&amp;", "&").replace("&#x2F;", "/"));
    found.into_iter().find(|one| one.starts_with(begins)).with_context(|| format!("no {begins} in {}", page.body))
}

/// What the form that posts to `action` would send, untouched.
pub(super) fn form(page: &Answer, action: &str) -> Result<Vec<(String, String)>> {
    let forms = page.body.split("<form").skip(1);
    let mut forms = forms.filter_map(|one| one.split("</form>").next());
    let wanted = format!("action=\"{action}\"");
    let form =
        forms.find(|one| one.contains(&wanted)).with_context(|| format!("no form to {action}: {}", page.body))?;
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1).filter(|one| one.contains("type=\"hidden\"")) {
        let value = |name: &str| input.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let name = value("name").context("a field without a name")?.to_owned();
        if name != "csrf_token" {
            fields.push((name, value("value").unwrap_or_default().to_owned()));
        }
    }
    Ok(fields)
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// From the page of times to the check page of the first that is free.
async fn to_check(visitor: &mut Visitor, times: &str) -> Result<Answer> {
    let page = visitor.page(times).await?;
    ensure!(page.status == 200, "{times}: {}", page.body);
    let free = page.body.split("type=\"radio\" name=\"at\"").skip(1);
    let free = free.filter(|one| !one.split('>').next().unwrap_or_default().contains("disabled"));
    let at = free.filter_map(|one| one.split("value=\"").nth(1)?.split('"').next()).next().context("no free time")?;
    let session = times.split("/sessions/").nth(1).context("no session")?;
    let (session, query) = session.split_once('?').unwrap_or((session, ""));
    let check = visitor.page(&format!("/booking/sessions/{session}/check?{query}&at={at}")).await?;
    ensure!(check.status == 200, "{}", check.body);
    Ok(check)
}

/// Confirms what the check page shows; where it leads.
async fn confirmed(visitor: &mut Visitor, check: &Answer, person: &str) -> Result<Answer> {
    let action = format!("/people/{person}/bookings");
    let fields = form(check, &action)?;
    visitor.post_form(&action, &pairs(&fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_hospital_to_a_slip_that_is_changed_and_given_back() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (shown, _) = two_known_everywhere(region);
        let portal = TestPortal::external(&database, region, &[shown]).await?;
        let desk = Desk::of(&database).await?;
        desk.session("nephrology", in_days(2), 6).await?;
        desk.session("cardiology", in_days(3), 6).await?;
        let mut patient = portal.patient(shown).await?;
        let id = own(&mut patient).await?;

        let hospitals = patient.page("/booking").await?;
        let departments = patient.page(&href(&hospitals, "/booking/hospitals/city-first")?).await?;
        let sessions = patient.page(&href(&departments, "/booking/hospitals/city-first/nephrology")?).await?;
        assert!(sessions.body.contains("林知远") && sessions.body.contains("30.50"), "{}", sessions.body);
        let times = href(&sessions, "/booking/sessions/")?;
        let check = to_check(&mut patient, &times).await?;
        assert!(check.body.contains(&shown.name) && check.body.contains("8:00–8:30"), "{}", check.body);
        let made = confirmed(&mut patient, &check, &id).await?;
        assert_eq!(made.status, 303, "{}", made.body);
        let slip = patient.page(made.location()).await?;
        assert!(slip.status == 200 && slip.body.contains("约好了，这个号是您的"), "{}", slip.body);
        let one = made.location().split('?').next().unwrap_or_default().to_owned();
        let list = patient.page(&format!("/people/{id}/bookings")).await?;
        assert_eq!(href(&list, &one)?, one, "it can be found again");
        let calendar = patient.get(&format!("{one}/calendar")).await?;
        let begins = in_days(2).at(8, 0, 0, 0).to_zoned(zone())?.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
        assert!(calendar.header("content-type").starts_with("text/calendar"), "{:?}", calendar.headers);
        assert!(calendar.body.contains(&format!("DTSTART:{begins}\r\n")), "{}", calendar.body);

        // Another in its place: the way carries it, and the old one is kept until then.
        let again = patient.page(&href(&slip, "/booking?")?).await?;
        let other = patient.page(&href(&again, "/booking/hospitals/city-first")?).await?;
        let other = patient.page(&href(&other, "/booking/hospitals/city-first/cardiology")?).await?;
        let check = to_check(&mut patient, &href(&other, "/booking/sessions/")?).await?;
        assert!(patient.page(&one).await?.body.contains("已约上"), "not before it is confirmed");
        let moved = confirmed(&mut patient, &check, &id).await?;
        assert_eq!(moved.status, 303, "{}", moved.body);
        let new = moved.location().split('?').next().unwrap_or_default().to_owned();
        assert_ne!(new, one);
        let old = patient.page(&one).await?;
        assert!(old.body.contains("已改约") && old.body.contains(&new), "{}", old.body);

        let asked = patient.page(&format!("{new}/cancel")).await?;
        assert!(asked.status == 200 && asked.body.contains("取消这次预约？"), "{}", asked.body);
        for _ in 0..2 {
            let cancelled = patient.post_form(&format!("{new}/cancel"), &[]).await?;
            assert!(cancelled.status == 303 || cancelled.status == 409, "{}", cancelled.body);
        }
        let gone = patient.page(&new).await?;
        assert!(gone.body.contains("已取消"), "{}", gone.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_one_acts_for_is_in_the_address_on_every_page_and_only_as_entrusted() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let database = Database::sqlite().await?;
    let portal = TestPortal::external(&database, region, &[one, other]).await?;
    let session = Desk::of(&database).await?.session("nephrology", in_days(2), 6).await?;
    let (mut mother, mut daughter) = (portal.patient(one).await?, portal.patient(other).await?);
    let (id, hers) = (own(&mut mother).await?, own(&mut daughter).await?);
    let times = format!("/booking/sessions/{session}?person={id}");
    let paths = [format!("/booking?person={id}"), times.clone(), format!("/people/{id}/bookings")];
    for path in &paths {
        assert_eq!(daughter.page(path).await?.status, 404, "{path}: nothing is entrusted");
    }
    let code = family::invited(&mut mother, &["view"], &["lab-results"]).await?;
    family::accepted(&mut daughter, &code).await?;
    for path in &paths {
        assert_eq!(daughter.page(path).await?.status, 404, "{path}: the record alone");
    }
    let code = family::invited(&mut mother, &["book"], &[]).await?;
    family::accepted(&mut daughter, &code).await?;
    let said = format!("您正在代{}办理", one.name);
    for path in &paths {
        let page = daughter.page(path).await?;
        assert!(page.status == 200 && page.body.contains(&said), "{path}: {} {}", page.status, page.body);
    }
    let check = to_check(&mut daughter, &times).await?;
    assert!(check.body.contains(&one.name) && check.body.contains(&said), "{}", check.body);
    let made = confirmed(&mut daughter, &check, &id).await?;
    assert_eq!(made.status, 303, "{}", made.body);
    let path = made.location().split('?').next().unwrap_or_default().to_owned();
    let slip = daughter.page(&path).await?;
    assert!(slip.body.contains(&said) && slip.body.contains(&one.name), "{}", slip.body);
    assert!(mother.page(&path).await?.body.contains(&one.name), "it is the mother's");
    let none = daughter.page(&format!("/people/{hers}/bookings")).await?;
    assert!(!none.body.contains(&path) && !none.body.contains("您正在代"), "not the daughter's: {}", none.body);
    assert_eq!(mother.page(&path.replace(&id, &hers)).await?.status, 404, "of somebody else");
    let log = mother.page(&format!("/people/{id}/access-log")).await?;
    assert!(log.body.contains("预约了门诊") && log.body.contains(&other.name), "{}", log.body);
    assert!(log.body.contains("受本人委托代办"), "why: {}", log.body);
    Ok(())
}
