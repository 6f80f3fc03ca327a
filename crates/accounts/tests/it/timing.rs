//! Who measures how long a refusal takes learns nothing of who has an account.

use std::time::{Duration, Instant};

/// Refusals of each kind; the two take turns, so that whatever else the machine does falls on both.
const EACH: usize = 150;

#[tokio::test]
async fn a_known_name_is_refused_no_sooner_and_no_later_than_an_unknown_one() {
    let database = testbed::Database::sqlite().await.expect("database");
    let (store, accounts) = super::open(&database).await;
    super::make(&store, &accounts, "chen.yulan", None).await.expect("made");
    let time = async |name: &str| {
        let begun = Instant::now();
        accounts.sign_in(name, super::secret("另一个密码")).await.expect_err("refused");
        begun.elapsed()
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..EACH {
        let nobody = format!("nobody.{n}");
        if n % 2 == 0 {
            known.push(time("chen.yulan").await);
            unknown.push(time(&nobody).await);
        } else {
            unknown.push(time(&nobody).await);
            known.push(time("chen.yulan").await);
        }
    }
    let auc = chance_that_the_first_is_longer(&known, &unknown);
    // With 150 of each the figure of equal times has a standard deviation of 0.033; a work path that is left out makes
    // it 0 or 1.
    assert!((0.35..=0.65).contains(&auc), "AUC {auc}");
    println!("known and unknown names are told apart with AUC {auc:.3}");
}

/// The area under the curve: 0.5 when the times say nothing.
fn chance_that_the_first_is_longer(first: &[Duration], second: &[Duration]) -> f64 {
    let wins = |one: &Duration| {
        second
            .iter()
            .map(|other| f64::from(u8::from(one > other)) + 0.5 * f64::from(u8::from(one == other)))
            .sum::<f64>()
    };
    first.iter().map(wins).sum::<f64>() / (first.len() * second.len()) as f64
}
