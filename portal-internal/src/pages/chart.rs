//! Bars side by side, each of parts: a chart in units of its own, which a page draws as wide as it is.

use serde::Serialize;

/// In its own units.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 120;
/// Between two bars.
const GAP: u64 = 3;

/// A chart.
#[derive(Debug, Serialize)]
pub struct Chart {
    width: u64,
    height: u64,
    /// How many the highest bar stands for.
    pub most: u64,
    bars: Vec<Bar>,
}

/// A part of a bar.
#[derive(Debug, Serialize)]
struct Bar {
    /// What of, a word of its class.
    part: &'static str,
    x: u64,
    y: u64,
    width: u64,
    height: u64,
}

impl Chart {
    /// Each of `spans` is one bar, of its parts from below; the highest is as high as the chart.
    pub fn new<const N: usize>(spans: impl ExactSizeIterator<Item = [(&'static str, u64); N]>) -> Self {
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let spans: Vec<_> = spans.collect();
        let whole = |span: &[(&str, u64); N]| span.iter().map(|(_, n)| n).sum::<u64>();
        let most = spans.iter().map(whole).max().unwrap_or_default();
        let mut bars = Vec::new();
        for (nth, span) in (0..count).zip(spans) {
            let (x, end) = (nth * WIDTH / count, (nth + 1) * WIDTH / count);
            let mut below = 0;
            for (part, n) in span.into_iter().filter(|(_, n)| *n > 0) {
                // By what is below, so that rounding never lets a bar grow over the chart.
                let (low, high) = (below * HEIGHT / most, (below + n) * HEIGHT / most);
                let height = (high - low).max(1);
                bars.push(Bar { part, x, y: (HEIGHT - high).min(HEIGHT - height), width: end - x - GAP, height });
                below += n;
            }
        }
        Self { width: WIDTH, height: HEIGHT, most, bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(spans: &[[u64; 2]]) -> Chart {
        Chart::new(spans.iter().map(|[good, bad]| [("good", *good), ("bad", *bad)]))
    }

    #[test]
    fn bars_stand_side_by_side_and_within_the_chart() {
        let all = chart(&[[0, 0], [1, 1], [7, 0]]);
        let drawn: Vec<_> = all.bars.iter().map(|bar| (bar.part, bar.x, bar.y + bar.height)).collect();
        assert_eq!(drawn, [("good", 240, 120), ("bad", 240, 103), ("good", 480, 120)]);
        assert!(all.bars.iter().all(|bar| bar.x + bar.width < WIDTH && bar.height <= HEIGHT && bar.height > 0));
        assert_eq!((all.bars[2].height, all.most), (HEIGHT, 7));
        assert!(chart(&[[0, 0]]).bars.is_empty() && chart(&[]).bars.is_empty());
        // One of many is still seen, and within.
        let few = chart(&[[1, 100_000], [100_001, 0]]);
        assert!(few.bars.iter().all(|bar| bar.height >= 1 && bar.y + bar.height <= HEIGHT), "{few:?}");
    }
}
