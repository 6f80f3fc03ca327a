//! CPU time of the calling thread, and rounds of two things measured in turns: machines are shared and noisy.
//! Development only; other crates' benches may include this file by path.

/// Nanoseconds this thread has run on a processor (Linux `/proc/thread-self/schedstat`; exact to a scheduler tick, so
/// measure stretches of at least 100 ms).
pub fn thread_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0)
}

/// CPU time of one run of `work`, in nanoseconds.
pub fn measure(work: impl FnOnce()) -> f64 {
    let before = thread_ns();
    work();
    thread_ns().saturating_sub(before) as f64
}

/// Medians of `rounds` interleaved measurements: of `a`, of `b`, and of their ratio within a round.
pub fn versus(rounds: usize, mut a: impl FnMut(), mut b: impl FnMut()) -> (f64, f64, f64) {
    let (mut of_a, mut of_b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    a();
    b();
    for round in 0..rounds {
        // Whoever comes second finds the caches filled by the other: take turns.
        let (x, y) = if round % 2 == 0 {
            let x = measure(&mut a);
            (x, measure(&mut b))
        } else {
            let y = measure(&mut b);
            (measure(&mut a), y)
        };
        of_a.push(x);
        of_b.push(y);
        ratios.push(x / y.max(1.0));
    }
    (median(of_a), median(of_b), median(ratios))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
