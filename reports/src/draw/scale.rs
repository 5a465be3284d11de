//! From values to places on an axis, and the ticks between them.

use crate::units;

/// How an axis stretches its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From zero to the largest value.
    Linear(f64, f64),
    /// Each decade has the same length.
    Log(f64, f64),
    /// Quantiles on 1/(1−q): each nine has the same length. From 0 to this quantile.
    Tail(f64),
}

impl Scale {
    /// A linear axis from zero that has room for `values`.
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let most = finite(values).fold(0.0, f64::max);
        let top = if most > 0.0 { most } else { 1.0 };
        let step = step(top, 4);
        Self::Linear(0.0, (top / step).ceil() * step)
    }

    /// A logarithmic axis around `values`, of a decade at least.
    pub fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for value in finite(values).filter(|&value| value > 0.0) {
            low = low.min(value);
            high = high.max(value);
        }
        if high == 0.0 {
            (low, high) = (1.0, 10.0);
        }
        // To the next 1, 2 or 5 outside, so that no line runs along the edge.
        let (mut low, mut high) = (nice_below(low / 1.05), nice_above(high * 1.05));
        while high / low < 9.9 {
            (low, high) = (nice_below(low / 1.1), nice_above(high * 1.1));
        }
        Self::Log(low, high)
    }

    /// The place of a value, 0 at the start of the axis and 1 at its end.
    pub fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Log(low, high) => (value.max(low) / low).ln() / (high / low).ln(),
            Self::Tail(end) => nines(value.min(end)) / nines(end),
        }
    }

    /// Whether an axis can show a value at all.
    pub fn shows(self, value: f64) -> bool {
        value.is_finite() && (!matches!(self, Self::Log(..)) || value > 0.0)
    }

    /// About as many ticks as asked for, never many more.
    pub fn ticks(self, about: usize, label: fn(f64) -> String) -> Vec<(f64, String)> {
        let values = match self {
            Self::Linear(low, high) => {
                let step = step(high - low, about);
                let count = ((high - low) / step + 1e-6).floor() as u32;
                (0..=count).map(|k| low + f64::from(k) * step).collect()
            }
            Self::Log(low, high) => log_ticks(low, high, about),
            Self::Tail(end) => {
                let mut values = vec![0.0, 0.5];
                values.extend(
                    (1..9).map(|k| 1.0 - 10_f64.powi(-k)).take_while(|q| *q <= end + 1e-12),
                );
                return values.into_iter().map(|q| (q, quantile(q))).collect();
            }
        };
        values.into_iter().map(|v| (v, label(v))).collect()
    }
}

/// `p50`-like labels of a tail axis: `50 %`, `99.9 %`.
fn quantile(q: f64) -> String {
    // As many digits as the quantile has nines, and no rounding up to 100.
    let digits = (nines(q).round() as usize).saturating_sub(2);
    format!("{:.digits$} %", q * 100.0)
}

fn nines(q: f64) -> f64 {
    -(1.0 - q).max(1e-12).log10()
}

fn finite(values: impl IntoIterator<Item = f64>) -> impl Iterator<Item = f64> {
    values.into_iter().filter(|value| value.is_finite())
}

/// 1, 2 or 5 times a power of ten.
fn step(span: f64, about: usize) -> f64 {
    let rough = span / about.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= rough * 0.999)
        .unwrap_or(10.0);
    factor * power
}

fn nice_below(value: f64) -> f64 {
    let power = 10_f64.powf((value * 1.000_001).log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|f| f * power <= value * 1.000_001);
    factor.unwrap_or(1.0) * power
}

fn nice_above(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= value * 0.999_999);
    factor.unwrap_or(10.0) * power
}

fn log_ticks(low: f64, high: f64, about: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let inside = |value: &f64| *value >= low * 0.999 && *value <= high * 1.001;
    let all = |factors: &[f64], stride: usize| -> Vec<f64> {
        (first..=last)
            .step_by(stride)
            .flat_map(|k| factors.iter().map(move |f| f * 10_f64.powi(k)))
            .filter(inside)
            .collect()
    };
    let choices = [all(&[1.0, 2.0, 5.0], 1), all(&[1.0], 1), all(&[1.0], 2)];
    let fits = |ticks: &&Vec<f64>| ticks.len() <= about + 2;
    choices.iter().find(fits).unwrap_or(&choices[2]).clone()
}

/// Ticks that are plain numbers.
pub fn number(value: f64) -> String {
    units::trimmed(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, about: usize) -> Vec<String> {
        let ticks = scale.ticks(about, units::time_tick);
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn a_linear_axis_begins_at_zero_and_ends_on_a_tick() {
        let scale = Scale::from_zero([3.0, 87.0, f64::NAN]);
        assert_eq!(scale, Scale::Linear(0.0, 100.0));
        assert!((scale.place(50.0) - 0.5).abs() < 1e-9);
        assert_eq!(scale.ticks(4, number).len(), 3);
        assert_eq!(Scale::from_zero([]), Scale::Linear(0.0, 1.0));
    }

    #[test]
    fn a_logarithmic_axis_has_a_tick_per_decade_and_more_where_there_is_room() {
        let wide = Scale::log([55_000.0, 480e6]);
        assert_eq!(wide, Scale::Log(50_000.0, 1e9));
        assert_eq!(labels(wide, 6), ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
        let narrow = Scale::log([50_000.0, 90_000.0]);
        assert!(labels(narrow, 6).len() >= 3, "{narrow:?}");
        assert_eq!(Scale::log([]), Scale::log([1.0, 10.0]));
    }

    #[test]
    fn a_tail_axis_gives_each_nine_the_same_length() {
        let scale = Scale::Tail(0.999);
        let step = scale.place(0.99) - scale.place(0.9);
        assert!((scale.place(0.999) - scale.place(0.99) - step).abs() < 1e-9);
        assert_eq!(labels(scale, 6), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
    }

    #[test]
    fn every_value_has_a_finite_place() {
        for scale in [Scale::Linear(0.0, 1.0), Scale::Log(1.0, 10.0), Scale::Tail(0.99)] {
            for value in [0.0, 0.5, 1.0, 1e12] {
                assert!(scale.place(value).is_finite(), "{scale:?} {value}");
            }
        }
    }
}
