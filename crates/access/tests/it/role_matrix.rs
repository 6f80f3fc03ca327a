//! What the presets mean, written out: which group may do which act to which object. A change shows as a changed line.

use std::path::Path;

use access::{Act, Domain, Object, Role, Ruleset, SubjectId, policy::Snapshot};

const GROUPS: [&str; 11] = [
    "clinician",
    "nurse",
    "researcher",
    "teacher",
    "manager",
    "data-steward",
    "content-editor",
    "content-manager",
    "security-administrator",
    "administrator",
    "(no group)",
];

fn matrix() -> String {
    let mut text = "# Role by object by act, from the presets.\n\
                    # Written by PORTAL_GOLDEN=write cargo test -p access --test it role_matrix\n\n\
                    What a role allows where it is held:\n"
        .to_owned();
    for role in Role::ALL {
        let acts = Act::ALL.into_iter().filter(|act| role.includes(act.least_role())).map(Act::as_str);
        text.push_str(&format!("{:<24}{}\n", role.as_str(), acts.collect::<Vec<_>>().join(" ")));
    }
    for domain in [Domain::Internal, Domain::External] {
        let snapshot = Snapshot::compile(Ruleset::presets(), domain, 1);
        text.push_str(&format!("\nWho may do what in the {} portal:\n", domain.as_str()));
        let who: Vec<(&str, Vec<SubjectId>)> = match domain {
            Domain::Internal => {
                let of = |name| (name, vec![SubjectId::everyone(), SubjectId::group(name)]);
                GROUPS.into_iter().map(of).collect()
            }
            Domain::External => vec![("patient", vec![SubjectId::patients()])],
        };
        for object in objects() {
            for (name, subjects) in &who {
                let viewer = snapshot.viewer(subjects);
                let acts = Act::ALL.into_iter().filter(|act| viewer.allows(&object, *act)).map(Act::as_str);
                let acts = acts.collect::<Vec<_>>().join(" ");
                let acts = if acts.is_empty() { "-" } else { &acts };
                text.push_str(&format!("{:<26}{name:<24}{acts}\n", object.as_str()));
            }
        }
    }
    text
}

fn objects() -> Vec<Object> {
    let mut all = vec![
        Object::SITE_INTERNAL,
        Object::SITE_EXTERNAL,
        Object::PAGE_HOME,
        Object::API_DOCS,
        Object::SECTION_ADMIN,
        Object::PAGE_AUDIT,
        Object::PAGE_INDEX,
        Object::PAGE_DATA_QUALITY,
        Object::PAGE_SCHEDULES,
        Object::PAGE_JOBS,
        Object::PAGE_SOURCES,
        Object::SECTION_CONTENT,
        Object::PAGE_ARTICLES,
        Object::PAGE_NOTICES,
        Object::SECTION_RECORD,
        Object::PAGE_PATIENT_SEARCH,
        Object::RECORD_REVIEWS,
    ];
    all.extend(Object::RECORD_SECTIONS);
    all
}

#[test]
fn presets_mean_what_is_written_down() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/role_matrix.txt");
    let found = matrix();
    if std::env::var_os("PORTAL_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&file, &found).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    for (kept, found) in kept.lines().zip(found.lines()) {
        assert_eq!(kept, found, "is it meant? Then PORTAL_GOLDEN=write");
    }
    assert_eq!(kept.len(), found.len(), "is it meant? Then PORTAL_GOLDEN=write");
}
