//! Treatment relations from a hospital's list: whose records it opens, and what becomes of lines that are wrong.

use anyhow::Result;
use testbed::{Database, Patient, Region, TestPortal, Visitor};

/// The portal of a region where a record opens by a relation alone.
async fn portal(database: &Database, region: &Region) -> Result<TestPortal> {
    TestPortal::internal_with(database, region, |table| {
        table["record"]["treatment_relation"] = "required".into();
    })
    .await
}

/// What came of a list: the exit code and all that was said.
fn import(portal: &TestPortal, database: &Database, more: &[&str], list: &str) -> Result<(Option<i32>, String)> {
    let file = database.folder().join("list.csv");
    std::fs::write(&file, list)?;
    let file = file.display().to_string();
    let output = portal.tool(&[&["relations", "import", file.as_str()], more].concat())?;
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Ok((output.status.code(), said))
}

/// Forty days from now, as a list says it.
fn soon() -> String {
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 40);
    day.to_string()[..10].to_owned()
}

fn at<'a>(patient: &'a Patient, hospital: &str) -> Result<&'a str> {
    let known = patient.hospitals.iter().find(|(id, _)| id == hospital);
    known.map(|(_, id)| id.as_str()).ok_or_else(|| anyhow::anyhow!("{} is not known at {hospital}", patient.name))
}

async fn opens(visitor: &mut Visitor, patient: &Patient) -> Result<bool> {
    let id = super::find(visitor, &patient.resident_id).await?;
    let answer = visitor.get(&format!("/patients/{id}/demographics")).await?;
    anyhow::ensure!(matches!(answer.status, 200 | 403), "{} {}", answer.status, answer.body);
    anyhow::ensure!(!answer.body.contains("flag--glass"), "care does not close after an hour");
    Ok(answer.status == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_opens_the_records_that_it_names_to_whom_it_names() -> Result<()> {
    let region = testbed::region().await;
    let shown = region.shown_patient();
    let other = region.patients.iter().find(|one| one.name != shown.name && one.hospitals.len() > 1).expect("another");
    for database in testbed::databases().await {
        let portal = portal(&database, region).await?;
        let list = format!(
            "staff,source,patient,resident_id,name,how,until\n\
             li.wei,city-first,{},,{},encounter,{until}\n\
             lin.zhiyuan,,,{},{},consultation,{until}\n",
            at(shown, "city-first")?,
            shown.name,
            shown.resident_id,
            shown.name,
            until = soon(),
        );
        // Nobody has looked for anybody yet: a dry run asks no hospital, and opens nothing.
        let (code, said) = import(&portal, &database, &["--dry-run"], &list)?;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("0 relations would begin") && said.contains("for 2 a hospital would be asked"), "{said}");
        let (mut li_wei, mut lin) = (portal.clinician("li.wei").await?, portal.clinician("lin.zhiyuan").await?);
        let mut wang = portal.clinician("wang.fang").await?;
        assert!(!opens(&mut li_wei, shown).await?, "by a dry run");
        let (_, said) = import(&portal, &database, &["--dry-run"], &list)?;
        assert!(said.contains("2 relations would begin"), "{said}");

        let (code, said) = import(&portal, &database, &[], &list)?;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("2 relations begun, 0 stood already, 0 lines are wrong"), "{said}");
        assert!(opens(&mut li_wei, shown).await? && opens(&mut lin, shown).await?, "whom the list names");
        assert!(!opens(&mut wang, shown).await?, "whom it does not name");
        assert!(!opens(&mut li_wei, other).await?, "another patient");

        for (more, expect) in [
            (&[][..], "0 relations begun, 2 stood already, 0 lines are wrong"),
            (&["--dry-run"], "0 relations would begin, 2 stand already"),
        ] {
            let (code, said) = import(&portal, &database, more, &list)?;
            assert_eq!((code, said.contains(expect)), (Some(0), true), "{said}");
        }
        let whole = portal.tool(&["audit", "verify"])?;
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_line_is_named_and_the_good_ones_are_carried_out() -> Result<()> {
    let region = testbed::region().await;
    let shown = region.shown_patient();
    let database = Database::sqlite().await?;
    let portal = portal(&database, region).await?;
    let (patient, until) = (at(shown, "city-first")?, soon());
    let list = format!(
        "staff,source,patient,resident_id,name,how,until\n\
         nobody.here,city-first,{patient},,,,{until}\n\
         li.wei,no-such-source,{patient},,,,{until}\n\
         li.wei,city-first,no-such-patient,,,,{until}\n\
         li.wei,city-first,{patient},,王大明,,{until}\n\
         li.wei,,,{number},王大明,,{until}\n\
         li.wei,city-first,{patient},,,,2020-01-01\n\
         li.wei,city-first,{patient},,,,9999-01-01\n\
         li.wei,city-first,{patient},,,CKD 4,{until}\n\
         \"li.wei\",city-first,{patient},,{name},,{until}\n",
        number = shown.resident_id,
        name = shown.name,
    );
    let (code, said) = import(&portal, &database, &[], &list)?;
    assert_eq!(code, Some(1), "{said}");
    for (line, what) in [
        (2, "staff `nobody.here`: no such person"),
        (3, "source `no-such-source`"),
        (4, "city-first has no patient of this id"),
        (5, "another name"),
        (6, "name"),
        (7, "that day is over"),
        (8, "more than a year away"),
        (9, "how: one of encounter"),
    ] {
        let named = said.lines().find(|told| told.starts_with(&format!("line {line}: ")));
        assert!(named.is_some_and(|told| told.contains(what)), "line {line}: {said}");
    }
    assert!(said.contains("1 relations begun, 0 stood already, 8 lines are wrong"), "{said}");
    for private in [&shown.resident_id, &shown.name, "王大明", "CKD"] {
        assert!(!said.contains(private) && !portal.log().contains(private), "{private} is told: {said}");
    }
    assert!(opens(&mut portal.clinician("li.wei").await?, shown).await?);
    for no_list in ["", "staff,until\n", "\u{1f4a5}", "staff,source,patient,until,password\n"] {
        let (code, said) = import(&portal, &database, &[], no_list)?;
        assert_eq!(code, Some(1), "{no_list:?}: {said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_by_their_number_is_not_asked_for_again() -> Result<()> {
    let region = Region::start().await?;
    let shown = &region.patients[0];
    let database = Database::sqlite().await?;
    let portal = portal(&database, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    assert!(!opens(&mut clinician, shown).await?, "nobody is related yet");
    for (hospital, _) in &shown.hospitals {
        assert!(region.set_mode(hospital, sandbox::Mode::Down));
    }
    let line = |name: &str| format!("staff,resident_id,name,until\nli.wei,{},{name},{}\n", shown.resident_id, soon());
    let (code, said) = import(&portal, &database, &[], &line("王大明"))?;
    assert!(code == Some(1) && said.contains("another name"), "{said}");
    let (code, said) = import(&portal, &database, &[], &line(&shown.name))?;
    assert_eq!((code, said.contains("1 relations begun")), (Some(0), true), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_is_silent_is_no_reason_to_open_or_to_forget() -> Result<()> {
    let region = Region::start().await?;
    let shown = &region.patients[0];
    let database = Database::sqlite().await?;
    let portal = portal(&database, &region).await?;
    let list = format!("staff,source,patient,until\nli.wei,city-first,{},{}\n", at(shown, "city-first")?, soon());
    assert!(region.set_mode("city-first", sandbox::Mode::Down));
    let (code, said) = import(&portal, &database, &[], &list)?;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("line 2: city-first does not answer"), "{said}");
    assert!(region.set_mode("city-first", sandbox::Mode::Ok));
    let mut clinician = portal.clinician("li.wei").await?;
    assert!(!opens(&mut clinician, shown).await?, "the silent hospital opened it");
    let (code, said) = import(&portal, &database, &[], &list)?;
    assert_eq!((code, said.contains("1 relations begun")), (Some(0), true), "{said}");
    assert!(opens(&mut clinician, shown).await?);
    Ok(())
}
