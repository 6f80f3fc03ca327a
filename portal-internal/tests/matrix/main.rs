//! Who may do what: everybody at every route of both portals, on people whose every field is a canary; and every guard
//! taken away in turn, to see that somebody notices.

mod canary;
mod hospital;
mod probes;
mod stage;
mod walk;

use std::path::Path;

use access::Safeguard;
use anyhow::{Context as _, Result, ensure};

use stage::{Side, Stage, Who};
use walk::{Knock, Walk};

/// Compares with a file beside the tests, or writes it (`PORTAL_GOLDEN=write`).
fn golden(name: &str, found: &str) -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    if std::env::var_os("PORTAL_GOLDEN").is_some_and(|value| value == "write") {
        return Ok(std::fs::write(&file, found)?);
    }
    let kept = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let (kept, found): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), found.lines().collect());
    let gone = kept.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}"));
    let new = found.iter().filter(|line| !kept.contains(line)).map(|line| format!("+ {line}"));
    let change = gone.chain(new).collect::<Vec<_>>().join("\n");
    ensure!(kept == found, "{name}: is it meant? Then PORTAL_GOLDEN=write.\n{change}");
    Ok(())
}

/// Everybody at every route. Returns the walks for comparison.
async fn walk_everywhere(stage: &mut Stage) -> Result<[Walk; 2]> {
    let internal = Walk::of(stage, Side::Internal, |_| true).await?;
    let external = Walk::of(stage, Side::External, |_| true).await?;
    Ok([internal, external])
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_what_is_not_theirs_anywhere() -> Result<()> {
    let mut stage = Stage::set().await?;
    let begun = std::time::Instant::now();
    let walks = walk_everywhere(&mut stage).await?;
    let cells: usize = walks.iter().flat_map(|walk| walk.cells.values()).map(Vec::len).sum();
    println!("{cells} cells in {:.1} s", begun.elapsed().as_secs_f64());
    let breaches: Vec<String> = walks.iter().flat_map(|walk| walk.breaches.clone()).collect();
    ensure!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
    // Who may see something has seen it: else the canaries prove nothing.
    for (who, least) in [(Who::PatientA, 20), (Who::PatientB, 20), (Who::Clinician, 25), (Who::Stranger, 2)] {
        let seen = walks.iter().flat_map(|walk| &walk.seen).filter(|(by, _)| *by == who).count();
        ensure!(seen >= least, "{}: {seen} canaries seen", who.name());
    }
    golden("route_access.txt", &walk::table(&[&walks[0], &walks[1]]))?;
    for guard in Safeguard::ALL {
        let found =
            probes::probe(&mut stage, *guard, &walks[usize::from(probes::side(*guard) == Side::External)]).await?;
        ensure!(found.is_empty(), "{}: {}", guard.name(), found.join("\n"));
    }
    probes::refused_routes(&mut stage).await?;
    probes::form(&mut stage).await?;
    probes::shown_is_remembered(&mut stage).await?;
    let told = probes::in_logs(&stage);
    ensure!(told.is_empty(), "{}", told.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_guard_that_is_taken_away_is_missed() -> Result<()> {
    // A quick run builds no test programs.
    if testbed::quick() {
        return Ok(());
    }
    let mut stage = Stage::set().await?;
    let about = |side: Side| {
        let guards: Vec<Safeguard> = Safeguard::ALL.iter().copied().filter(|one| probes::side(*one) == side).collect();
        move |knock: &Knock| guards.iter().any(|guard| probes::is_about(*guard, knock))
    };
    let internal = Walk::of(&mut stage, Side::Internal, about(Side::Internal)).await?;
    let walks = [internal, Walk::of(&mut stage, Side::External, about(Side::External)).await?];
    // The test programs with every guard are the programs: what they notice later is the guard's absence alone.
    for side in Side::ALL {
        stage.portal_mut(side).serve_without(&[]).await?;
    }
    for guard in [Safeguard::TreatmentRelation, Safeguard::OwnRecord, Safeguard::RouteGate, Safeguard::CsrfToken] {
        let found =
            probes::probe(&mut stage, guard, &walks[usize::from(probes::side(guard) == Side::External)]).await?;
        ensure!(found.is_empty(), "with every guard: {}: {}", guard.name(), found.join("\n"));
    }
    let mut unnoticed = Vec::new();
    for guard in Safeguard::ALL {
        let side = probes::side(*guard);
        stage.portal_mut(side).serve_without(&[guard.name()]).await?;
        let found = probes::probe(&mut stage, *guard, &walks[usize::from(side == Side::External)]).await;
        let found = found.with_context(|| format!("without {}", guard.name()))?;
        match found.first() {
            Some(first) => println!("{:<20} {:>4} {first}", guard.name(), found.len()),
            None => unnoticed.push(guard.name()),
        }
        if side == Side::External {
            stage.external.serve_without(&[]).await?;
        }
    }
    let all = Safeguard::ALL.len();
    println!("{} of {all} noticed", all - unnoticed.len());
    ensure!(unnoticed.is_empty(), "nobody misses {}", unnoticed.join(", "));
    Ok(())
}
