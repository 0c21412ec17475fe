//! Time, and what many of them say together.

use std::time::{Duration, Instant};

/// Starts a stopwatch. The bench measures real time on the real clock.
#[expect(clippy::disallowed_methods, reason = "a stopwatch, not the product's time")]
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// How long every good request took, sorted.
#[derive(Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// From what was measured, in any order.
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The value that this share of all do not exceed, in milliseconds; none without any.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0
            .get(rank.saturating_sub(1))
            .map(|latency| latency.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let latencies = Latencies::new((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(latencies.count(), 100);
        assert_eq!(latencies.percentile(0.5), Some(50.0));
        assert_eq!(latencies.percentile(0.99), Some(99.0));
        assert_eq!(latencies.percentile(1.0), Some(100.0));
    }

    #[test]
    fn nothing_measured_has_no_percentile() {
        assert_eq!(Latencies::default().percentile(0.5), None);
        let one = Latencies::new(vec![Duration::from_millis(3)]);
        assert_eq!((one.percentile(0.5), one.percentile(0.99)), (Some(3.0), Some(3.0)));
    }
}
