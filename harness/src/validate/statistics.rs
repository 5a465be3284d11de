//! The few sums that the checks share. All are functions of values.

use hdrhistogram::Histogram;

/// Median of some values; not a number without any.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        many => f64::midpoint(values[(many - 1) / 2], values[many / 2]),
    }
}

/// Mean and standard deviation.
pub fn moments(values: &[f64]) -> (f64, f64) {
    let many = values.len() as f64;
    let mean = values.iter().sum::<f64>() / many;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (many - 1.0)).sqrt())
}

/// Slope and coefficient of determination of the straight line through some points.
pub fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let many = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / many;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let xx = sum(&|point| (point.0 - x).powi(2));
    let yy = sum(&|point| (point.1 - y).powi(2));
    let xy = sum(&|point| (point.0 - x) * (point.1 - y));
    (xy / xx, xy * xy / (xx * yy))
}

/// The largest distance between a histogram's distribution and U(low, high): the statistic of
/// Kolmogorov and Smirnov.
pub fn distance_from_uniform(histogram: &Histogram<u64>, low: f64, high: f64) -> f64 {
    let total = histogram.len() as f64;
    let mut below = 0.0;
    let mut distance: f64 = 0.0;
    for bucket in histogram.iter_recorded() {
        let at = |value: u64| ((value as f64 - low) / (high - low)).clamp(0.0, 1.0);
        let value = bucket.value_iterated_to();
        distance = distance.max((at(histogram.lowest_equivalent(value)) - below / total).abs());
        below += bucket.count_at_value() as f64;
        distance = distance.max((at(histogram.highest_equivalent(value)) - below / total).abs());
    }
    distance
}

/// What that distance reaches in one of twenty samples of the hypothesis itself (asymptotic, 1.358/√n;
/// Smirnov 1948). The clients of one publish share its time, so publishes count and deliveries do
/// not.
pub fn critical_distance(publishes: u64) -> f64 {
    1.358 / (publishes as f64).sqrt()
}

/// Part of a histogram's values above `value`.
pub fn share_above(histogram: &Histogram<u64>, value: f64) -> f64 {
    let total = histogram.len() as f64;
    1.0 - histogram.count_between(0, value.max(0.0) as u64) as f64 / total
}

/// Distance between two waits on a circle of `cycle`: a wait just above 0 and one just below the
/// cycle are neighbours.
pub fn around(value: f64, center: f64, cycle: f64) -> f64 {
    (value - center + cycle / 2.0).rem_euclid(cycle) - cycle / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_values_are_nearer_to_uniform_than_the_critical_distance_and_others_are_not() {
        let mut even = Histogram::<u64>::new(3).unwrap();
        let mut skew = Histogram::<u64>::new(3).unwrap();
        for k in 0..1_000_u64 {
            even.record(1_000_000 + k * 1_000).unwrap();
            skew.record(1_000_000 + k * k).unwrap();
        }
        let distance = |histogram| distance_from_uniform(histogram, 1e6, 2e6);
        assert!(distance(&even) < 0.01, "{}", distance(&even));
        assert!(distance(&skew) > critical_distance(1_000), "{}", distance(&skew));
    }

    #[test]
    fn a_line_is_found_and_noise_takes_from_its_determination() {
        let exact: Vec<(f64, f64)> = (1..6).map(|x| (f64::from(x), f64::from(3 * x + 1))).collect();
        let (slope, determination) = line(&exact);
        assert!((slope - 3.0).abs() < 1e-12 && (determination - 1.0).abs() < 1e-12);
        let (_, determination) = line(&[(1.0, 1.0), (2.0, 9.0), (3.0, 2.0)]);
        assert!(determination < 0.5);
    }

    #[test]
    fn waits_on_both_sides_of_a_cycles_end_are_neighbours() {
        assert!((around(1.0, 249.0, 250.0) - 2.0).abs() < 1e-9);
        assert!((around(249.0, 1.0, 250.0) + 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert!((median([4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-12);
        let (mean, deviation) = moments(&[1.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (deviation - 2.0_f64.sqrt()).abs() < 1e-12);
    }
}
