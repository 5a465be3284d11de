//! Dots over two axes, and the line through those that nothing beats.

use super::{
    Canvas, Hang, LINE, Point, TEXT, label,
    scale::Scale,
    swatch::{self, Swatch},
};
use crate::palette::{self, Color};

/// Dots on two logarithmic axes.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// The horizontal axis.
    pub x: Scale,
    /// Its ticks.
    pub x_ticks: Vec<(f64, String)>,
    /// What it counts.
    pub x_title: String,
    /// The vertical axis.
    pub y: Scale,
    /// Its ticks.
    pub y_ticks: Vec<(f64, String)>,
    /// The dots.
    pub spots: Vec<Spot>,
    /// Whose colour is whose.
    pub key: Vec<(String, Color)>,
}

/// One dot.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// In values of the axes.
    pub at: (f64, f64),
    /// The transport's.
    pub color: Color,
    /// Whether nothing beats it in both.
    pub front: bool,
}

impl Scatter {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let mut entries: Vec<(Swatch, String)> = Vec::new();
        entries.extend(self.key.iter().map(|(name, color)| (Swatch::Plain(*color), name.clone())));
        entries.push((Swatch::Ring, "beaten in both by none".into()));
        let keys = swatch::draw(canvas, &entries, height - 16.0)?;
        let ticks = self.y_ticks.iter().map(|(_, text)| label::width(text, TEXT));
        let (left, right) = (edge + ticks.fold(0.0, f64::max) + 12.0, width - edge);
        let bottom = keys - 2.0 * LINE - 12.0;
        let title = (right, bottom + 1.5 * LINE + 8.0);
        canvas.text(title, &self.x_title, TEXT, palette::MUTED, Hang::Right)?;
        for (value, text) in &self.y_ticks {
            let y = bottom - (bottom - top) * self.y.place(*value);
            canvas.line(&[(left, y), (right, y)], palette::GRID, 1.5, 1.0)?;
            canvas.text((left - 12.0, y), text, TEXT, palette::MUTED, Hang::Right)?;
        }
        for (value, text) in &self.x_ticks {
            let x = left + (right - left) * self.x.place(*value);
            canvas.line(&[(x, top), (x, bottom)], palette::GRID, 1.5, 1.0)?;
            let half = label::width(text, TEXT) / 2.0;
            let at = (x.clamp(left + half - 20.0, right - half), bottom + 8.0 + LINE / 2.0);
            canvas.text(at, text, TEXT, palette::MUTED, Hang::Center)?;
        }
        let place = |(x, y): (f64, f64)| -> Point {
            (left + (right - left) * self.x.place(x), bottom - (bottom - top) * self.y.place(y))
        };
        let mut front: Vec<(f64, f64)> =
            self.spots.iter().filter(|spot| spot.front).map(|spot| spot.at).collect();
        front.sort_by(|a, b| a.0.total_cmp(&b.0));
        // In steps: what lies above and to the right of a corner is beaten.
        let mut steps: Vec<Point> = Vec::new();
        for (at, next) in front.iter().zip(front.iter().skip(1).map(Some).chain([None])) {
            steps.push(place(*at));
            steps.extend(next.map(|next| place((next.0, at.1))));
        }
        if steps.len() > 1 {
            canvas.line(&steps, palette::MUTED, 2.0, 1.0)?;
        }
        for spot in &self.spots {
            canvas.dot(place(spot.at), 7.0, spot.color.line)?;
            if spot.front {
                canvas.ring(place(spot.at), 11.0, palette::INK)?;
            }
        }
        Ok(())
    }
}
