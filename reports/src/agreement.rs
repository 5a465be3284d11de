//! Measurement against theory, in words: how far they are apart, and how that compares with how
//! far repetitions are apart.
//!
//! Each repetition has its own publish times and so its own prediction, and is compared with that:
//! what is left is disagreement and noise, and the spread of it over the repetitions is the noise.
//! The calibration is one for all of them: its own error is to the same side in each.

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
    if !lines.is_empty()
        && let Some(text) = left_out(run, subjects)
    {
        lines.push(("what theory leaves out".into(), text));
    }
    if !lines.is_empty() && subjects.iter().any(|subject| subject.rows.len() < 2) {
        let text = "there is no spread to hold a difference against";
        lines.push(("with one repetition".into(), text.into()));
    } else if !lines.is_empty() {
        let text = "all repetitions are held against one calibration, so what is to the same side \
                    in each is an error of the theory or of the calibration, or what theory leaves out";
        lines.push(("how far this goes".into(), text.into()));
    }
    lines
}

/// What the link does and theory does not know, so that a difference is not taken for an error.
fn left_out(run: &Run, subjects: &[Subject]) -> Option<String> {
    let link = run.scenario.link.as_ref()?;
    let ways = [link.way_down(), link.way_up()];
    let mut of = Vec::new();
    if ways.iter().any(|way| way.loss > 0.0) {
        of.push("loss");
    }
    if ways.iter().any(|way| !way.cuts.is_empty()) {
        of.push("cuts");
    }
    // Order changes only where jitter differs from packet to packet.
    if ways.iter().any(|way| way.reorder && !way.jitter.is_zero()) {
        of.push("reordering");
    }
    if subjects.iter().any(|s| s.pooled.link_queue_dropped_packets.is_some_and(|n| n > 0)) {
        of.push("full queues");
    }
    let what = phrase::list(&of);
    (!of.is_empty()).then(|| {
        format!(
            "the link’s {what}: differences of this run contain what that costs, so they do not \
             test theory"
        )
    })
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
    let list = |within: Option<bool>, text: fn(&Difference) -> String| {
        let of = differences.iter().filter(|difference| difference.within() == within);
        let texts: Vec<String> = of.map(text).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    };
    let outside = |d: &Difference| match d.spreads() {
        Some(spreads) => format!("{} ({spreads} times their spread)", d.off()),
        None => format!("{} (alike in all)", d.off()),
    };
    let parts = [
        list(None, Difference::off),
        list(Some(false), outside).map(|all| format!("to the same side in each repetition: {all}")),
        list(Some(true), Difference::off)
            .map(|all| format!("within the repetitions’ spread: {all}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Difference {
    /// `mean delay 3.21 % above`.
    fn off(&self) -> String {
        match phrase::off(self.share).as_str() {
            "exactly at" => format!("{} as expected", self.what),
            side => format!("{} {side}", self.what),
        }
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

    /// The difference in spreads of the repetitions; `None` where they have none.
    fn spreads(&self) -> Option<String> {
        let (low, high) = self.spread()?;
        (high - low >= ROUNDING).then(|| three(self.share.abs() / (high - low)))
    }

    /// The difference beside the spread of the repetitions.
    pub fn beside_spread(&self) -> String {
        match (self.within(), self.spreads()) {
            (None, _) => "and one repetition has no spread to hold this against".into(),
            (Some(true), _) => "which is within the spread of its repetitions".into(),
            (_, None) => "alike in each repetition".into(),
            (_, Some(spreads)) => {
                format!("to the same side in each repetition, by {spreads} times their spread")
            }
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
            "to the same side in each repetition: mean delay 3.00 % above (1.50 times their \
             spread); within the repetitions’ spread: mean delay 0.100 % above"
        );
    }

    #[test]
    fn one_repetition_has_no_spread() {
        let text = words(&[difference(-0.2, &[-0.2])]).unwrap();
        assert_eq!(text, "mean delay 20.0 % below");
        assert!(difference(-0.2, &[-0.2]).beside_spread().contains("one repetition"));
    }

    #[test]
    fn what_is_the_same_in_each_repetition_has_no_spread_to_divide_by() {
        assert_eq!(
            words(&[difference(0.02, &[0.02, 0.02])]).unwrap(),
            "to the same side in each repetition: mean delay 2.00 % above (alike in all)"
        );
        let agreed = words(&[difference(0.0, &[0.0, 0.0])]).unwrap();
        assert_eq!(agreed, "within the repetitions’ spread: mean delay as expected");
        assert_eq!(words(&[]), None);
    }
}
