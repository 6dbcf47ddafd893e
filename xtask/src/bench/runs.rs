//! The runs of one load, and what they say together.

use super::load::Measured;

/// The runs of one load, in their order. Those of other loads took turns with them.
pub(crate) struct Runs(Vec<Measured>);

impl Runs {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, run: Measured) {
        self.0.push(run);
    }

    /// The run whose rate is the median.
    pub(crate) fn middle(&self) -> Measured {
        let mut runs = self.0.clone();
        runs.sort_by(|left, right| left.rate.total_cmp(&right.rate));
        let none = Measured {
            rate: f64::NAN,
            median: f64::NAN,
            slow: f64::NAN,
        };
        runs.get(runs.len() / 2).copied().unwrap_or(none)
    }

    /// How they did beside others: the median ratio of two that ran one after the other. Where the
    /// processor is slower for a while, it is so for both.
    pub(crate) fn beside(&self, others: &Self) -> f64 {
        let neighbours = self.0.iter().zip(&others.0);
        let mut ratios: Vec<_> = neighbours
            .map(|(one, other)| one.rate / other.rate)
            .collect();
        median(&mut ratios)
    }
}

pub(super) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(rates: &[f64]) -> Runs {
        let run = |rate: &f64| Measured {
            rate: *rate,
            median: *rate,
            slow: *rate,
        };
        Runs(rates.iter().map(run).collect())
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn the_median_ignores_the_outliers() {
        assert!(close(median(&mut [9.0, 1.0, 2.0]), 2.0));
        assert!(close(runs(&[5.0, 900.0, 1.0]).middle().median, 5.0));
        assert!(median(&mut []).is_nan());
        assert!(runs(&[]).middle().rate.is_nan());
    }

    #[test]
    fn a_processor_that_slows_down_for_both_changes_no_ratio() {
        let ours = runs(&[50.0, 25.0, 50.0]);
        let others = runs(&[100.0, 50.0, 50.0]);
        assert!(close(ours.beside(&others), 0.5));
    }
}
