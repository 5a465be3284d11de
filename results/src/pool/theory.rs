//! What theory expects of the repetitions that were measured.
//!
//! A run that was interrupted has fewer repetitions than were predicted, and the publish times of
//! each are their own: what is pooled of one side is compared with the same of the other.

use scenarios::{Overload, Prediction};

use crate::Row;

/// What theory expects of these rows of one transport together; `None` if it said nothing of one
/// of them.
///
/// Of all repetitions it is the prediction as it was written before the first window, of some of
/// them the mixture of theirs: means with the weights of the measured means, counts added up,
/// percentiles of the mixed distribution.
pub fn theory(of: &[&Row], predictions: &[Prediction]) -> Option<Prediction> {
    let transport = &of.first()?.transport;
    let mut own = predictions.iter().filter(|p| p.transport == *transport);
    let predicted = own.clone().filter(|p| p.repetition.is_some()).count();
    if of.len() >= predicted {
        return own.find(|p| p.repetition.is_none()).cloned();
    }
    let parts = of.iter().map(|row| {
        let part = own.clone().find(|p| p.repetition == row.repetition)?;
        Some((*row, part))
    });
    let parts: Vec<(&Row, &Prediction)> = parts.collect::<Option<_>>()?;
    mixture(&parts)
}

fn mixture(parts: &[(&Row, &Prediction)]) -> Option<Prediction> {
    let (_, first) = parts.first()?;
    let curves: Vec<(f64, &[(f64, u64)])> =
        parts.iter().map(|(row, p)| (row.published as f64, p.delay_curve.as_slice())).collect();
    let at = |q: f64| quantile(&curves, q).map(|ns| ns.round() as u64);
    let sum = |field: fn(&Prediction) -> u64| parts.iter().map(|(_, p)| field(p)).sum();
    let published = |row: &Row, _: &Prediction| row.published as f64;
    let window = |row: &Row, _: &Prediction| row.window_ns as f64;
    let answers = |_: &Row, p: &Prediction| p.requests.saturating_sub(p.empty_responses) as f64;
    let whole = |mean: Option<f64>| mean.map(|mean| mean.round() as u64);
    let ns = |value: Option<u64>| value.map(|ns| ns as f64);
    Some(Prediction {
        transport: first.transport.clone(),
        repetition: None,
        delay_mean_ns: whole(mean(parts, published, |p| Some(p.delay_mean_ns as f64)))?,
        delay_p50_ns: at(0.5)?,
        delay_p90_ns: at(0.9)?,
        delay_p99_ns: at(0.99)?,
        delay_max_ns: parts.iter().map(|(_, p)| p.delay_max_ns).max()?,
        age_mean_ns: whole(mean(parts, window, |p| ns(p.age_mean_ns))),
        age_peak_ns: whole(mean(parts, published, |p| ns(p.age_peak_ns))),
        in_sync: mean(parts, window, |p| p.in_sync),
        versions_seen: mean(parts, published, |p| p.versions_seen),
        requests: sum(|p| p.requests),
        empty_responses: sum(|p| p.empty_responses),
        updates_per_answer: mean(parts, answers, |p| p.updates_per_answer),
        bytes_up: sum(|p| p.bytes_up),
        bytes_down: sum(|p| p.bytes_down),
        delay_curve: first
            .delay_curve
            .iter()
            .map(|&(q, _)| Some((q, at(q)?)))
            .collect::<Option<_>>()?,
        overloads: Overload::worst(parts.iter().flat_map(|(_, p)| p.overloads.iter().copied())),
        assumptions: first.assumptions.clone(),
    })
}

fn mean(
    parts: &[(&Row, &Prediction)],
    weight: impl Fn(&Row, &Prediction) -> f64,
    value: impl Fn(&Prediction) -> Option<f64>,
) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (row, prediction) in parts {
        let weight = weight(row, prediction);
        sum += weight * value(prediction)?;
        weights += weight;
    }
    (weights > 0.0).then(|| sum / weights)
}

/// Quantile of a mixture of distributions, each given by its weight and its quantile function;
/// `None` if one of them has no points.
fn quantile(curves: &[(f64, &[(f64, u64)])], q: f64) -> Option<f64> {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for (_, curve) in curves {
        low = low.min(curve.first()?.1 as f64);
        high = high.max(curve.last()?.1 as f64);
    }
    let all: f64 = curves.iter().map(|(weight, _)| weight).sum();
    // Half a nanosecond is less than anything here means.
    while high - low > 0.5 {
        let middle = f64::midpoint(low, high);
        let below: f64 = curves.iter().map(|(weight, curve)| weight * share(curve, middle)).sum();
        if below < q * all {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Share of a distribution that is at most `x`, between the points of its quantile function.
fn share(curve: &[(f64, u64)], x: f64) -> f64 {
    let after = curve.partition_point(|&(_, ns)| ns as f64 <= x);
    match (after.checked_sub(1).map(|before| curve[before]), curve.get(after)) {
        (None, _) => 0.0,
        (Some(_), None) => 1.0,
        (Some((q, ns)), Some(&(next, end))) => {
            q + (next - q) * (x - ns as f64) / (end as f64 - ns as f64)
        }
    }
}
