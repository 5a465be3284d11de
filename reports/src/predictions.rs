//! The table of `feedlab predict`: what theory expects, and from what.

use scenarios::{Calibration, Prediction};

use crate::{
    grid::grid,
    palette, phrase,
    units::{bytes, count, percent, three, time},
};

/// What theory expects of each transport over all repetitions, what it was
/// told about this machine, and what it takes for granted.
pub fn predictions(predictions: &[Prediction], calibration: &Calibration) -> String {
    let mut sorted: Vec<&Prediction> = predictions.iter().collect();
    sorted.sort_by_key(|prediction| palette::rank(&prediction.transport));
    let headings = [
        [
            "", "delay", "delay", "delay", "delay", "mean", "in", "requests", "of them", "updates",
            "bytes", "bytes",
        ],
        ["", "mean", "p50", "p90", "p99", "age", "sync", "", "empty", "/answer", "up", "down"],
    ];
    let mut rows: Vec<Vec<String>> =
        headings.iter().map(|line| line.map(str::to_owned).to_vec()).collect();
    rows.extend(sorted.iter().map(|prediction| cells(prediction)));
    let mut out = grid(rows, &[]);
    out += &format!(
        "\nfloor: p50 {}, p99 {} (with the tail of a busy feed), mean {}; re-arm gap {}\n",
        time(calibration.floor_p50_ns),
        time(calibration.floor_p99_ns),
        time(calibration.floor_mean_ns),
        time(calibration.rearm_gap_ns)
    );
    for assumption in assumptions(sorted) {
        out += &format!("- {assumption}\n");
    }
    out
}

fn cells(prediction: &Prediction) -> Vec<String> {
    let ns = |ns: u64| time(ns as f64);
    let unknown = || "–".to_owned();
    vec![
        prediction.transport.clone(),
        ns(prediction.delay_mean_ns),
        ns(prediction.delay_p50_ns),
        ns(prediction.delay_p90_ns),
        ns(prediction.delay_p99_ns),
        prediction.age_mean_ns.map_or_else(unknown, ns),
        prediction.in_sync.map_or_else(unknown, percent),
        count(prediction.requests),
        count(prediction.empty_responses),
        prediction.updates_per_answer.map_or_else(unknown, three),
        bytes(prediction.bytes_up as f64),
        bytes(prediction.bytes_down as f64),
    ]
}

/// What predictions take for granted, each sentence once with the transports it is about.
pub fn assumptions<'a>(predictions: impl IntoIterator<Item = &'a Prediction>) -> Vec<String> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut predicted: Vec<&str> = Vec::new();
    for prediction in predictions {
        let name = prediction.transport.as_str();
        if !predicted.contains(&name) {
            predicted.push(name);
        }
        for text in &prediction.assumptions {
            match all.iter_mut().find(|(known, _)| known == text) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => all.push((text, vec![name])),
            }
        }
    }
    let whose = |names: &[&str]| match names.len() {
        several if several > 1 && several == predicted.len() => "all transports".to_owned(),
        _ => phrase::list(names),
    };
    all.into_iter().map(|(text, names)| format!("{}: {text}.", whose(&names))).collect()
}

/// Value of a quantile function that is given by points, on the straight line between two of them.
pub fn quantile(curve: &[(f64, u64)], q: f64) -> Option<f64> {
    let after = curve.partition_point(|&(at, _)| at < q).clamp(1, curve.len().max(2) - 1);
    let (&(from, low), &(to, high)) = (curve.get(after - 1)?, curve.get(after)?);
    let place = if to > from { ((q - from) / (to - from)).clamp(0.0, 1.0) } else { 0.0 };
    Some(low as f64 + place * (high as f64 - low as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_on_the_line_between_its_neighbours() {
        let curve = [(0.0, 100), (0.5, 200), (1.0, 1_000)];
        for (q, ns) in [(0.0, 100.0), (0.25, 150.0), (0.5, 200.0), (0.75, 600.0), (1.0, 1_000.0)] {
            assert_eq!(quantile(&curve, q), Some(ns));
        }
        assert_eq!(quantile(&curve[..1], 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }
}
