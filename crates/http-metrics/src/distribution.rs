//! Counts values by buckets.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::proto::{Bucket, Histogram, Summary};

use crate::error::BucketError;

/// Nanoseconds in a second: durations are counted in whole ones.
pub(crate) const NANOSECONDS: f64 = 1e9;

/// Bytes in a byte: sizes are counted as they are.
pub(crate) const BYTES: f64 = 1.0;

/// The upper bounds of a distribution's buckets, in the unit that is exposed, and in whole numbers of a smaller one:
/// what is counted is compared and added up exactly, and faster than floating point.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    upper: Box<[f64]>,
    limits: Box<[u64]>,
    scale: f64,
}

impl Bounds {
    /// `scale` is the number of counted units per exposed unit.
    pub(crate) fn new(upper: &[f64], scale: f64) -> Result<Self, BucketError> {
        // The bucket without a bound is always there.
        let upper = upper.strip_suffix(&[f64::INFINITY]).unwrap_or(upper);
        if let Some(bound) = upper.iter().find(|bound| !bound.is_finite() || **bound < 0.0) {
            return Err(BucketError::OutOfRange(*bound));
        }
        if let Some(pair) = upper.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(BucketError::NotAscending(pair[0], pair[1]));
        }
        let limits = upper.iter().map(|bound| (bound * scale).round() as u64).collect();
        Ok(Self { upper: upper.into(), limits, scale })
    }
}

/// Counts of values, and their sum. The number of values is the sum of the counts, so it never contradicts them.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// One for each bound, and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Distribution {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self { counts: (0..=bounds.limits.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    pub(crate) fn observe(&self, bounds: &Bounds, value: u64) {
        // The search starts at the lowest bound, because most requests are quick and most bodies small.
        let bucket = bounds.limits.iter().position(|limit| value <= *limit).unwrap_or(bounds.limits.len());
        self.counts[bucket].fetch_add(1, Relaxed);
        if value != 0 {
            self.sum.fetch_add(value, Relaxed);
        }
    }

    pub(crate) fn total(&self) -> Total {
        Total {
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum: u128::from(self.sum.load(Relaxed)),
        }
    }
}

/// What one or more distributions of the same bounds have counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Total {
    counts: Vec<u64>,
    sum: u128,
}

impl Total {
    pub(crate) fn add(&mut self, other: Self) {
        self.counts.resize(other.counts.len(), 0);
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn histogram(&self, bounds: &Bounds) -> Histogram {
        let mut cumulative = 0;
        let buckets = bounds.upper.iter().zip(&self.counts).map(|(bound, count)| {
            cumulative += count;
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(cumulative);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(self.count());
        histogram.set_sample_sum(self.sum as f64 / bounds.scale);
        histogram
    }

    /// The count and the sum alone.
    pub(crate) fn summary(&self, bounds: &Bounds) -> Summary {
        let mut summary = Summary::default();
        summary.set_sample_count(self.count());
        summary.set_sample_sum(self.sum as f64 / bounds.scale);
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() {
        let bounds = Bounds::new(&[0.1, 0.3, f64::INFINITY], NANOSECONDS).unwrap();
        let distribution = Distribution::new(&bounds);
        for nanoseconds in [0, 100_000_000, 100_000_001, 300_000_000, 300_000_001] {
            distribution.observe(&bounds, nanoseconds);
        }
        let histogram = distribution.total().histogram(&bounds);
        let buckets: Vec<_> = histogram.get_bucket().iter().map(|b| (b.upper_bound(), b.cumulative_count())).collect();
        assert_eq!(buckets, [(0.1, 2), (0.3, 4)]);
        assert_eq!(histogram.get_sample_count(), 5);
        assert!((histogram.get_sample_sum() - 0.800_000_002).abs() < 1e-12);
    }

    #[test]
    fn bounds_must_ascend_from_nought() {
        assert_eq!(Bounds::new(&[1.0, 1.0], BYTES).unwrap_err(), BucketError::NotAscending(1.0, 1.0));
        assert_eq!(Bounds::new(&[-1.0], BYTES).unwrap_err(), BucketError::OutOfRange(-1.0));
        assert!(matches!(Bounds::new(&[f64::NAN], BYTES), Err(BucketError::OutOfRange(_))));
        assert!(Bounds::new(&[], BYTES).is_ok());
    }
}
