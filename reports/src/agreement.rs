//! Measurement against theory, in words: how far they are apart, and how that compares with how
//! far repetitions are apart.
//!
//! Each repetition has its own publish times and so its own prediction, and is compared with that:
//! what is left is disagreement and noise, and the spread of it over the repetitions is the noise.

use results::{Row, Run};
use scenarios::Prediction;

use crate::{phrase, units::three, view::Subject};

/// Spreads below this share are rounding.
const ROUNDING: f64 = 1e-6;

/// How far one quantity of a transport is from theory.
#[derive(Clone, Debug)]
pub struct Difference {
    what: &'static str,
    /// All repetitions together, as a share of theory.
    pub share: f64,
    /// Each repetition.
    repetitions: Vec<f64>,
}

/// A quantity that is both measured and predicted.
struct Quantity {
    what: &'static str,
    measured: fn(&Row) -> Option<f64>,
    theory: fn(&Prediction) -> Option<f64>,
}

const QUANTITIES: [Quantity; 4] = [
    Quantity {
        what: "mean delay",
        measured: |row| row.delay_mean_ns.map(|ns| ns as f64),
        theory: |p| Some(p.delay_mean_ns as f64),
    },
    Quantity {
        what: "mean age",
        measured: |row| row.age_mean_ns.map(|ns| ns as f64),
        theory: |p| p.age_mean_ns.map(|ns| ns as f64),
    },
    Quantity {
        what: "requests",
        measured: |row| Some(row.requests as f64),
        theory: |p| Some(p.requests as f64),
    },
    Quantity {
        what: "bytes",
        measured: |row| (row.delivered > 0).then(|| (row.bytes_up + row.bytes_down) as f64),
        theory: |p| Some((p.bytes_up + p.bytes_down) as f64),
    },
];

/// A line for each transport that theory says something of, and at the end what they lack.
pub fn of(run: &Run, subjects: &[Subject]) -> Vec<(String, String)> {
    let line = |subject: &Subject| {
        subject.prediction.as_ref()?;
        let text = if subject.is_invalid(run) {
            "INVALID, so there is nothing to compare theory with".to_owned()
        } else {
            words(&differences(run, subject))?
        };
        Some((subject.name.to_owned(), text))
    };
    let mut lines: Vec<(String, String)> = subjects.iter().filter_map(line).collect();
    if !lines.is_empty() && subjects.iter().any(|subject| subject.rows.len() < 2) {
        let text = "there is no spread to hold a difference against";
        lines.push(("with one repetition".into(), text.into()));
    }
    lines
}

/// How far the mean delay is from theory; nothing of a transport that is INVALID.
pub fn delay(run: &Run, subject: &Subject) -> Option<Difference> {
    if subject.is_invalid(run) {
        return None;
    }
    difference(run, subject, &QUANTITIES[0])
}

fn differences(run: &Run, subject: &Subject) -> Vec<Difference> {
    QUANTITIES.iter().filter_map(|quantity| difference(run, subject, quantity)).collect()
}

fn difference(run: &Run, subject: &Subject, quantity: &Quantity) -> Option<Difference> {
    let share = |row: &Row, theory: &Prediction| {
        let theory = (quantity.theory)(theory).filter(|&theory| theory > 0.0)?;
        Some((quantity.measured)(row)? / theory - 1.0)
    };
    let of_row = |row: &&Row| share(row, run.prediction(subject.name, row.repetition)?);
    Some(Difference {
        what: quantity.what,
        share: share(subject.pooled, subject.prediction.as_ref()?)?,
        repetitions: subject.rows.iter().filter_map(of_row).collect(),
    })
}

/// First what the repetitions cannot explain, then what they can.
fn words(differences: &[Difference]) -> Option<String> {
    let (inside, outside): (Vec<&Difference>, Vec<&Difference>) =
        differences.iter().partition(|difference| difference.within().is_some_and(|within| within));
    let each = |all: &[&Difference], text: fn(&Difference) -> String| {
        all.iter().map(|difference| text(difference)).collect::<Vec<_>>().join("; ")
    };
    let mut parts = Vec::new();
    if !outside.is_empty() {
        parts.push(each(&outside, |difference| match difference.within() {
            None => difference.off(),
            Some(_) => format!("{}, {}", difference.off(), difference.beside_spread()),
        }));
    }
    if !inside.is_empty() {
        parts.push(format!(
            "within the spread of its repetitions: {}",
            each(&inside, Difference::off)
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Difference {
    /// `mean delay 3.21 % above theory`.
    fn off(&self) -> String {
        format!("{} {} theory", self.what, phrase::off(self.share))
    }

    fn spread(&self) -> Option<(f64, f64)> {
        let low = self.repetitions.iter().copied().reduce(f64::min)?;
        let high = self.repetitions.iter().copied().reduce(f64::max)?;
        (self.repetitions.len() > 1).then_some((low, high))
    }

    /// Whether some repetitions are above theory and some below; `None` of a single one.
    fn within(&self) -> Option<bool> {
        self.spread().map(|(low, high)| low <= ROUNDING && high >= -ROUNDING)
    }

    /// The difference in spreads of the repetitions.
    pub fn beside_spread(&self) -> String {
        let Some((low, high)) = self.spread() else {
            return "and one repetition has no spread to hold this against".into();
        };
        if low <= ROUNDING && high >= -ROUNDING {
            "which is within the spread of its repetitions".into()
        } else if high - low < ROUNDING {
            "alike in each repetition".into()
        } else {
            let times = three(self.share.abs() / (high - low));
            format!("on the same side in each repetition, by {times} times their spread")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(share: f64, repetitions: &[f64]) -> Difference {
        Difference { what: "mean delay", share, repetitions: repetitions.to_vec() }
    }

    #[test]
    fn a_difference_that_the_repetitions_do_not_explain_is_measured_in_their_spread() {
        let all = [difference(0.03, &[0.02, 0.03, 0.04]), difference(0.001, &[-0.01, 0.02])];
        assert_eq!(
            words(&all).unwrap(),
            "mean delay 3.00 % above theory, on the same side in each repetition, by \
             1.50 times their spread; within the \
             spread of its repetitions: mean delay 0.100 % above theory"
        );
    }

    #[test]
    fn one_repetition_has_no_spread() {
        let text = words(&[difference(-0.2, &[-0.2])]).unwrap();
        assert_eq!(text, "mean delay 20.0 % below theory");
        assert!(difference(-0.2, &[-0.2]).beside_spread().contains("one repetition"));
    }

    #[test]
    fn what_is_the_same_in_each_repetition_has_no_spread_to_divide_by() {
        assert_eq!(
            words(&[difference(0.02, &[0.02, 0.02])]).unwrap(),
            "mean delay 2.00 % above theory, alike in each repetition"
        );
        let agreed = words(&[difference(0.0, &[0.0, 0.0])]).unwrap();
        assert!(agreed.starts_with("within the spread"), "{agreed}");
        assert_eq!(words(&[]), None);
    }
}
