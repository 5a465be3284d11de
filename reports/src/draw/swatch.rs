//! Names beside their colours, where no curve ends that could carry its name.

use super::{Canvas, Hang, LINE, TEXT, label};
use crate::palette::{self, Color};

const SIDE: f64 = 22.0;
const GAP: f64 = 30.0;

/// What a swatch shows.
#[derive(Clone, Debug)]
pub(super) enum Swatch {
    /// A transport's colour.
    Plain(Color),
    /// That the first two are not told apart.
    Tied,
    /// Theory's line.
    Line,
    /// A place on the front.
    Ring,
}

/// Draws entries in rows up to `bottom` and returns where they begin; of a picture that has no room
/// yet it only tells the height.
pub(super) fn draw(
    canvas: &Canvas,
    entries: &[(Swatch, String)],
    bottom: f64,
) -> Result<f64, String> {
    let (width, _) = canvas.size.pixels();
    let edge = canvas.edge();
    let mut places = Vec::new();
    let (mut x, mut row) = (edge, 0.0);
    for (_, text) in entries {
        let wide = SIDE + 10.0 + label::width(text, TEXT);
        if x + wide > width - edge && x > edge {
            (x, row) = (edge, row + 1.0);
        }
        places.push((x, row));
        x += wide + GAP;
    }
    let top = bottom - LINE * (row + 1.0);
    for ((swatch, text), (x, row)) in entries.iter().zip(places) {
        let y = top + LINE * (row + 0.5);
        let half = SIDE / 2.0;
        let corners = ((x, y - half), (x + SIDE, y + half));
        match swatch {
            Swatch::Plain(color) => canvas.fill(corners.0, corners.1, color.line, 1.0)?,
            Swatch::Tied => canvas.hatched(corners.0, corners.1, palette::MUTED, palette::MUTED)?,
            Swatch::Line => canvas.line(&[(x, y), (x + SIDE, y)], palette::INK, 3.0, 1.0)?,
            Swatch::Ring => canvas.ring((x + half, y), 9.0, palette::INK)?,
        }
        canvas.text((x + SIDE + 10.0, y), text, TEXT, palette::MUTED, Hang::Left)?;
    }
    Ok(top)
}
