//! What is already drawn, so that words find a free place.

use super::Point;

/// A rectangle that a text would fill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Points of curves, and horizontal lines with how much they are in the way.
#[derive(Debug, Default)]
pub(super) struct Clutter {
    pub points: Vec<Point>,
    pub lines: Vec<(f64, f64)>,
}

impl Clutter {
    /// A curve covers what is between its points, too: a steep step has few of them.
    pub fn curve(&mut self, points: &[Point]) {
        const STEP: f64 = 6.0;
        self.points.extend(points.first());
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (across, down) = (to.0 - from.0, to.1 - from.1);
            let steps = (across.hypot(down) / STEP).ceil().max(1.0) as u32;
            let shares = (1..=steps).map(|step| f64::from(step) / f64::from(steps));
            self.points.extend(shares.map(|s| (from.0 + across * s, from.1 + down * s)));
        }
    }

    /// The spot that covers least; the first of equals.
    pub fn freest(&self, spots: impl IntoIterator<Item = Spot>) -> Option<Spot> {
        spots.into_iter().min_by(|a, b| self.covered(a).total_cmp(&self.covered(b)))
    }

    fn covered(&self, spot: &Spot) -> f64 {
        const AIR: f64 = 5.0;
        let tall = (spot.top - AIR)..=(spot.bottom + AIR);
        let wide = (spot.left - AIR)..=(spot.right + AIR);
        let points = self.points.iter().filter(|(x, y)| wide.contains(x) && tall.contains(y));
        let lines = self.lines.iter().filter(|(y, _)| tall.contains(y));
        points.count() as f64 + lines.map(|(_, weight)| weight).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_where_no_curve_is() {
        let clutter =
            Clutter { points: vec![(50.0, 10.0), (60.0, 12.0)], lines: vec![(100.0, 0.2)] };
        let spot = |top: f64| Spot { left: 40.0, right: 80.0, top, bottom: top + 20.0 };
        let chosen = clutter.freest([0.0, 50.0, 90.0].map(spot)).unwrap();
        assert!((chosen.top - 50.0).abs() < f64::EPSILON);
        assert!(clutter.freest([]).is_none());
    }

    #[test]
    fn words_do_not_cross_a_step_of_a_curve() {
        let mut clutter = Clutter::default();
        clutter.curve(&[(0.0, 100.0), (50.0, 100.0), (50.0, 0.0)]);
        let spot = |left: f64| Spot { left, right: left + 30.0, top: 40.0, bottom: 60.0 };
        let chosen = clutter.freest([30.0, 60.0].map(spot)).unwrap();
        assert!((chosen.left - 60.0).abs() < f64::EPSILON);
    }
}
