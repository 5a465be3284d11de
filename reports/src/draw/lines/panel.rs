//! One panel: grid and curves, what their ends are called, and where there is room for words.

use super::{
    super::{
        Canvas, Hang, LINE, Point, TEXT,
        clutter::{Clutter, Spot},
        label,
        scale::Scale,
    },
    Panel, Series, Stroke,
};
use crate::palette;

/// A panel's place in pixels.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: Scale,
    pub y: Scale,
}

impl Plane {
    pub fn across(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.x.place(value)
    }

    fn up(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.y.place(value)
    }

    fn at(&self, (x, y): (f64, f64)) -> Option<Point> {
        (self.x.shows(x) && self.y.shows(y)).then(|| (self.across(x), self.up(y)))
    }
}

impl Panel {
    pub(super) fn draw(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        for zone in &self.zones {
            let from = (plane.across(zone.from), plane.top);
            canvas.fill(from, (plane.right, plane.bottom), palette::ZONE, 1.0)?;
        }
        for (value, text) in &self.y_ticks {
            let y = plane.up(*value);
            canvas.line(&[(plane.left, y), (plane.right, y)], palette::GRID, 1.5, 1.0)?;
            let at = (plane.left - 12.0, y);
            canvas.text(at, text, TEXT, palette::MUTED, Hang::Right)?;
        }
        let base = [(plane.left, plane.bottom), (plane.right, plane.bottom)];
        canvas.line(&base, palette::MUTED, 1.5, 1.0)?;
        for mark in &self.marks {
            let y = plane.up(mark.value);
            // Not dashed: that is theory, and a mark was measured.
            canvas.line(&[(plane.left, y), (plane.right, y)], palette::MUTED, 1.5, 1.0)?;
        }
        // A curve that ends early must not seem to go on, so what leads from its end to its label
        // is a grid line below all curves.
        for (_, end) in self.ends(plane) {
            canvas.line(&[end, (plane.right + 6.0, end.1)], palette::GRID, 1.5, 1.0)?;
        }
        // The floor is the last transport and is drawn first: nobody must hide behind it.
        for pass in [Stroke::Faint, Stroke::Measured, Stroke::Theory] {
            for series in self.series.iter().rev().filter(|series| series.stroke == pass) {
                series.draw(canvas, plane)?;
            }
        }
        self.draw_words(canvas, plane)?;
        self.draw_labels(canvas, plane)
    }

    /// The words of marks and zones, where they cover least.
    fn draw_words(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        let mut clutter = Clutter::default();
        for series in &self.series {
            let points: Vec<Point> = series.points.iter().filter_map(|&p| plane.at(p)).collect();
            clutter.curve(&points);
        }
        // Grid lines are only a little in the way.
        clutter.lines.extend(self.y_ticks.iter().map(|(value, _)| (plane.up(*value), 0.2)));
        clutter.lines.extend(self.marks.iter().map(|mark| (plane.up(mark.value), 1.0)));
        for mark in &self.marks {
            let (y, wide) = (plane.up(mark.value), label::width(&mark.label, TEXT));
            let spots = [(8.0, 7.0), (8.0, -LINE), (16.0 - wide, 7.0), (16.0 - wide, -LINE)];
            let spots = spots.map(|(x, below)| {
                let from = if x > 0.0 { plane.left } else { plane.right - 24.0 };
                let (left, top) = (from + x, y + below);
                Spot { left, right: left + wide, top, bottom: top + LINE - 7.0 }
            });
            let inside = spots.into_iter().filter(|spot| spot.bottom < plane.bottom);
            if let Some(spot) = clutter.freest(inside) {
                let at = (spot.left, f64::midpoint(spot.top, spot.bottom));
                canvas.text(at, &mark.label, TEXT, palette::MUTED, Hang::Left)?;
            }
        }
        for zone in &self.zones {
            let right = plane.right - 8.0;
            let room = (right - plane.across(zone.from) - 8.0).max(120.0);
            let lines = label::wrap(&zone.label, TEXT, room);
            let wide = lines.iter().map(|line| label::width(line, TEXT)).fold(0.0, f64::max);
            let tall = LINE * lines.len() as f64;
            let steps = ((plane.bottom - plane.top - tall) / 8.0).max(0.0) as u32;
            let spots = (0..=steps).map(|step| plane.top + 8.0 * f64::from(step));
            let spots =
                spots.map(|top| Spot { left: right - wide, right, top, bottom: top + tall });
            let top = clutter.freest(spots).map_or(plane.top, |spot| spot.top);
            for (line, text) in lines.iter().enumerate() {
                let at = (right, top + LINE * (line as f64 + 0.5));
                canvas.text(at, text, TEXT, palette::MUTED, Hang::Right)?;
            }
        }
        Ok(())
    }

    /// Where the curves end that are labelled there.
    fn ends(&self, plane: &Plane) -> Vec<(&Series, Point)> {
        self.series
            .iter()
            .filter(|series| !series.label.is_empty())
            .filter_map(|series| {
                let end = series.points.iter().rev().find_map(|&p| plane.at(p))?;
                Some((series, end))
            })
            .collect()
    }

    fn draw_labels(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        let ends = self.ends(plane);
        let wanted: Vec<f64> = ends.iter().map(|(_, (_, y))| *y).collect();
        let places = label::spread(&wanted, LINE - 2.0, plane.top, plane.bottom);
        for ((series, end), y) in ends.into_iter().zip(places) {
            let (from, to) = (plane.right + 6.0, plane.right + 28.0);
            canvas.line(&[(from, end.1), (to - 4.0, y)], series.color.line, 1.5, 0.7)?;
            canvas.bold((to, y), &series.label, TEXT, series.color.text, Hang::Left)?;
        }
        Ok(())
    }
}

impl Series {
    fn draw(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        let points: Vec<Point> = self.points.iter().filter_map(|&p| plane.at(p)).collect();
        let ink = self.color.line;
        match (points.as_slice(), self.stroke) {
            ([], _) => Ok(()),
            ([one], _) => canvas.dot(*one, 5.0, ink),
            (_, Stroke::Measured) => canvas.line(&points, ink, 5.0, 1.0),
            (_, Stroke::Faint) => canvas.line(&points, ink, 3.0, 0.4),
            (_, Stroke::Theory) => {
                // Cased in paper, so that dashes are seen even where they lie on the measured line.
                canvas.dashed(&points, palette::PAPER, 3.5)?;
                canvas.dashed(&points, self.color.text, 2.0)
            }
        }
    }
}
