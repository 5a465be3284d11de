//! What tells the parts of a bar apart: solid tints, and patterns that survive print and any eye.

use super::{Canvas, Point};
use crate::palette::{self, Shade};

/// How an area is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// With so much of the transport's colour.
    Tint(f64),
    /// Not at all: an outline.
    Hollow,
    /// With lines from the lower left to the upper right.
    Rising,
    /// With horizontal lines.
    Level,
    /// With lines both ways.
    Crossed,
    /// With the colour of text, whatever the transport.
    Ink,
}

/// Pixels between the lines of a pattern; nearer ones run together in a small picture.
const STEP: f64 = 9.0;
/// Width of a line of a pattern.
const STROKE: f64 = 1.8;
/// Below this width a pattern cannot be seen.
const NARROWEST: f64 = 4.0;

impl Canvas<'_> {
    /// A filled rectangle.
    pub(super) fn area(
        &self,
        from: Point,
        to: Point,
        fill: Fill,
        color: Shade,
    ) -> Result<(), String> {
        match fill {
            Fill::Tint(tint) => return self.fill(from, to, color, tint),
            Fill::Ink => return self.fill(from, to, palette::INK, 1.0),
            _ if to.0 - from.0 < NARROWEST => return self.fill(from, to, color, 0.5),
            Fill::Hollow | Fill::Rising | Fill::Level | Fill::Crossed => {}
        }
        let half = STROKE / 2.0;
        let (upper, lower) = ((from.0 + half, from.1 + half), (to.0 - half, to.1 - half));
        let corners = [upper, (lower.0, upper.1), lower, (upper.0, lower.1), upper];
        self.line(&corners, color, STROKE, 1.0)?;
        let rising = || rising(upper, lower);
        let falling = || rising().into_iter().map(|(x, y)| (upper.0 + lower.0 - x, y)).collect();
        let patterns: Vec<Vec<Point>> = match fill {
            Fill::Rising => vec![rising()],
            Fill::Level => vec![level(upper, lower)],
            Fill::Crossed => vec![rising(), falling()],
            _ => Vec::new(),
        };
        patterns.iter().try_for_each(|points| self.line(points, color, STROKE, 1.0))
    }
}

/// All diagonals as one line that goes from one to the next along the outline, which hides it.
fn rising(upper: Point, lower: Point) -> Vec<Point> {
    let (wide, tall) = (lower.0 - upper.0, lower.1 - upper.1);
    // Where a diagonal that is so far from the upper left corner leaves at the left or below, and
    // where it leaves above or at the right.
    let start = |far: f64| (upper.0 + (far - tall).max(0.0), upper.1 + far.min(tall));
    let end = |far: f64| (upper.0 + far.min(wide), upper.1 + (far - wide).max(0.0));
    let mut points = Vec::new();
    let mut last = 0.0;
    let mut upwards = true;
    let mut far = STEP;
    while far < wide + tall {
        let corner = |at: f64| (last < at && at < far).then_some(());
        if upwards {
            points.extend(corner(tall).map(|()| (upper.0, lower.1)));
            points.extend([start(far), end(far)]);
        } else {
            points.extend(corner(wide).map(|()| (lower.0, upper.1)));
            points.extend([end(far), start(far)]);
        }
        (last, far, upwards) = (far, far + STEP, !upwards);
    }
    points
}

fn level(upper: Point, lower: Point) -> Vec<Point> {
    let count = ((lower.1 - upper.1) / STEP).round().max(2.0);
    let step = (lower.1 - upper.1) / count;
    let lines = (1..count as u32).flat_map(|line| {
        let y = upper.1 + step * f64::from(line);
        let ends = [(upper.0, y), (lower.0, y)];
        if line % 2 == 1 { ends } else { [ends[1], ends[0]] }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stays_inside_and_goes_from_line_to_line_along_the_outline() {
        for (wide, tall) in [(100.0, 40.0), (12.0, 40.0), (40.0, 40.0), (5.0, 3.0)] {
            let (upper, lower) = ((10.0, 20.0), (10.0 + wide, 20.0 + tall));
            for points in [rising(upper, lower), level(upper, lower)] {
                for (x, y) in &points {
                    let inside = (upper.0..=lower.0).contains(x) && (upper.1..=lower.1).contains(y);
                    assert!(inside, "{x} {y} in {wide} × {tall}");
                }
                for pair in points.windows(2) {
                    let (across, down) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
                    let slope = across.abs() < 1e-9 || down.abs() < 1e-9;
                    assert!(slope || (across + down).abs() < 1e-9, "{pair:?}");
                }
            }
        }
    }
}
