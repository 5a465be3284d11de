//! The line below a picture that says what a stroke or a tint stands for.

use super::{Canvas, Fill, Hang, LINE, TEXT, label};
use crate::palette;

/// What a sample looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    Solid,
    Dashed,
    Range,
    Dot,
    Area(Fill),
}

/// A sample and its meaning.
pub(super) type Entry = (Sample, String);

const SAMPLE: f64 = 44.0;
const GAP: f64 = 32.0;

/// Entries in rows; the widths decide how many fit beside one another.
fn rows(entries: &[Entry], room: f64) -> Vec<Vec<&Entry>> {
    let mut rows: Vec<Vec<&Entry>> = Vec::new();
    let mut used = 0.0;
    for entry in entries {
        let wide = SAMPLE + 10.0 + label::width(&entry.1, TEXT) + GAP;
        if rows.is_empty() || used + wide - GAP > room {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push(entry);
        }
    }
    rows
}

/// Height of a key.
pub(super) fn height(entries: &[Entry], room: f64) -> f64 {
    rows(entries, room).len() as f64 * LINE
}

/// Draws a key from this corner on.
pub(super) fn draw(
    canvas: &Canvas,
    entries: &[Entry],
    (left, top): (f64, f64),
    room: f64,
) -> Result<(), String> {
    let ink = palette::MUTED;
    for (line, row) in rows(entries, room).into_iter().enumerate() {
        let y = top + LINE * line as f64 + LINE / 2.0;
        let mut x = left;
        for (sample, text) in row {
            let ends = [(x, y), (x + SAMPLE, y)];
            match *sample {
                Sample::Solid => canvas.line(&ends, ink, 4.0, 1.0)?,
                Sample::Dashed => canvas.dashed(&ends, ink, 3.0)?,
                Sample::Range => canvas.whisker(ends[0].0, ends[1].0, y, ink)?,
                Sample::Dot => canvas.dot((x + SAMPLE / 2.0, y), 5.0, palette::INK)?,
                Sample::Area(fill) => {
                    canvas.area((x, y - 11.0), (x + SAMPLE, y + 11.0), fill, ink)?;
                }
            }
            x += SAMPLE + 10.0;
            canvas.text((x, y), text, TEXT, ink, Hang::Left)?;
            x += label::width(text, TEXT) + GAP;
        }
    }
    Ok(())
}
