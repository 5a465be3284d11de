//! Horizontal bars on a logarithmic axis from one, each with a bracket at its end: what is known to
//! be, and what is known not to be.

use super::{
    Canvas, Hang, LINE, TEXT, label,
    scale::{Scale, number},
};
use crate::palette::{self, Color};

/// Bars on a common logarithmic axis.
#[derive(Clone, Debug)]
pub struct Brackets {
    /// From top to bottom.
    pub bars: Vec<Bracket>,
    /// What the axis counts.
    pub axis: &'static str,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bracket {
    /// Whose it is.
    pub name: String,
    /// Its colour.
    pub color: Color,
    /// Where the bar ends; 0 for one that never begins.
    pub low: f64,
    /// Where the bracket ends; `None`: it is open.
    pub high: Option<f64>,
    /// What is written below the bar.
    pub label: String,
}

/// Room for the axis below.
const AXIS: f64 = 2.0 * LINE + 10.0;

impl Brackets {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let names = self.bars.iter().map(|bar| label::width(&bar.name, TEXT) * label::BOLD);
        let names = names.fold(0.0, f64::max);
        let left = edge + if canvas.narrow() { 0.0 } else { names + 24.0 };
        let right = width - edge - 30.0;
        let ends = self.bars.iter().flat_map(|bar| [1.0, bar.low, bar.high.unwrap_or(bar.low)]);
        let Scale::Log(_, end) = Scale::log(ends) else { return Ok(()) };
        let scale = Scale::Log(1.0, end);
        let at = |value: f64| left + scale.place(value) * (right - left);
        let bottom = height - 24.0 - AXIS;
        for (value, text) in scale.ticks(if canvas.narrow() { 4 } else { 7 }, number) {
            let x = at(value);
            canvas.line(&[(x, top), (x, bottom)], palette::GRID, 1.5, 1.0)?;
            canvas.text((x, bottom + LINE * 0.7), &text, TEXT, palette::MUTED, Hang::Center)?;
        }
        let axis = (f64::midpoint(left, right), bottom + LINE * 1.8);
        canvas.text(axis, self.axis, TEXT, palette::MUTED, Hang::Center)?;
        let pitch = (bottom - top) / self.bars.len().max(1) as f64;
        for (place, bar) in self.bars.iter().enumerate() {
            let upper = top + place as f64 * pitch;
            bar.draw(canvas, (left, upper, pitch), at)?;
        }
        Ok(())
    }
}

impl Bracket {
    fn draw(
        &self,
        canvas: &Canvas,
        (left, upper, pitch): (f64, f64, f64),
        at: impl Fn(f64) -> f64,
    ) -> Result<(), String> {
        let edge = canvas.edge();
        let head = if canvas.narrow() { LINE } else { 0.0 };
        let words = label::wrap(&self.label, TEXT, canvas.size.pixels().0 - edge - left);
        let thick = (pitch - head - words.len() as f64 * LINE - 12.0).clamp(8.0, 40.0);
        // Name, bar and words stay together in the middle of their place.
        let block = head + thick + words.len() as f64 * LINE;
        let upper = upper + (pitch - block).max(0.0) / 2.0;
        let middle = upper + head + thick / 2.0;
        let name = if canvas.narrow() { upper + LINE * 0.5 } else { middle };
        canvas.bold((edge, name), &self.name, TEXT, self.color.text, Hang::Left)?;
        if self.low >= 1.0 {
            let (from, to) = ((left, middle - thick / 2.0), (at(self.low), middle + thick / 2.0));
            canvas.fill(from, to, self.color.line, 1.0)?;
        }
        if let Some(high) = self.high {
            canvas.whisker(at(self.low.max(1.0)), at(high), middle, palette::INK)?;
        }
        let base = [(left, middle - thick / 2.0 - 3.0), (left, middle + thick / 2.0 + 3.0)];
        canvas.line(&base, palette::MUTED, 1.5, 1.0)?;
        for (line, text) in words.iter().enumerate() {
            let y = middle + thick / 2.0 + LINE * (0.6 + line as f64);
            // Paper behind it, so that the grid does not run through the letters.
            let wide = label::width(text, TEXT);
            let (from, to) = ((left + 4.0, y - 15.0), (left + 12.0 + wide, y + 15.0));
            canvas.fill(from, to, palette::PAPER, 1.0)?;
            canvas.text((left + 8.0, y), text, TEXT, palette::INK, Hang::Left)?;
        }
        Ok(())
    }
}
