//! Ratios with their intervals around the line of no difference: a forest plot.

use super::{
    Canvas, Hang, LINE, TEXT, label,
    scale::{self, Scale},
};
use crate::palette::{self, Color};

/// Groups of intervals on a common axis of ratios.
#[derive(Clone, Debug)]
pub struct Forest {
    /// From top to bottom.
    pub groups: Vec<Whorl>,
    /// Names and colours, in the order of the intervals within a group.
    pub key: Vec<(String, Color)>,
}

/// The intervals of one thing.
#[derive(Clone, Debug)]
pub struct Whorl {
    /// What it is.
    pub name: String,
    /// What is made of it, at the right.
    pub note: String,
    /// From where to where a difference is none.
    pub band: (f64, f64),
    /// From top to bottom.
    pub twigs: Vec<Twig>,
}

/// One interval.
#[derive(Clone, Copy, Debug)]
pub struct Twig {
    /// The transport's.
    pub color: Color,
    /// Lower limit of the ratio.
    pub low: f64,
    /// The ratio.
    pub middle: f64,
    /// Upper limit.
    pub high: f64,
    /// Whether the difference is one; drawn strong then.
    pub decided: bool,
}

/// No axis goes farther than this either way; an interval that does ends in an arrow.
const FARTHEST: f64 = 8.0;

impl Forest {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let widest = |text: fn(&Whorl) -> &String| {
            self.groups.iter().map(|g| label::width(text(g), TEXT)).fold(0.0, f64::max)
        };
        let narrow = canvas.narrow();
        // On a telephone names stand above their group, and notes beside them.
        let (left, right) = if narrow {
            (edge, width - edge)
        } else {
            let names = widest(|group| &group.name) * label::BOLD;
            (edge + names + 24.0, width - edge - widest(|group| &group.note) - 24.0)
        };
        let rows = self.key_rows(width - 2.0 * edge);
        let key_top = height - 18.0 - LINE * rows.len() as f64;
        draw_key(canvas, &rows, key_top)?;
        let bottom = key_top - LINE - 20.0;
        let reach = self.reach();
        let axis = Axis { left, right, scale: Scale::Log(1.0 / reach, reach) };
        let each = (bottom - top) / self.groups.len().max(1) as f64;
        axis.draw_ticks(canvas, top, bottom, reach)?;
        for (place, group) in self.groups.iter().enumerate() {
            let from = top + each * place as f64;
            let head = if narrow { LINE.min(each / 2.0) } else { 0.0 };
            group.draw(canvas, &axis, (from + head, from + each), head)?;
        }
        let one = axis.across(1.0);
        canvas.line(&[(one, top), (one, bottom)], palette::INK, 1.5, 1.0)?;
        canvas.line(&[(left, bottom), (right, bottom)], palette::MUTED, 1.5, 1.0)
    }

    /// How far the axis goes: to the farthest limit, and beyond every band.
    fn reach(&self) -> f64 {
        let twigs = self.groups.iter().flat_map(|group| &group.twigs);
        let limits = twigs.flat_map(|twig| [1.0 / twig.low, twig.high]);
        let bands = self.groups.iter().map(|group| group.band.1.powi(2));
        let all = limits.chain(bands).filter(|value| value.is_finite());
        all.fold(1.05, f64::max).powf(1.08).min(FARTHEST)
    }

    fn key_rows(&self, room: f64) -> Vec<Vec<&(String, Color)>> {
        let mut rows: Vec<Vec<&(String, Color)>> = vec![Vec::new()];
        let mut used = label::width(LEAD, TEXT);
        for entry in &self.key {
            let wide = 28.0 + label::width(&entry.0, TEXT) * label::BOLD;
            if used + wide > room {
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
}

fn draw_key(canvas: &Canvas, rows: &[Vec<&(String, Color)>], top: f64) -> Result<(), String> {
    canvas.text((canvas.edge(), top + LINE / 2.0), LEAD, TEXT, palette::MUTED, Hang::Left)?;
    for (line, row) in rows.iter().enumerate() {
        let mut x = canvas.edge();
        if line == 0 {
            x += label::width(LEAD, TEXT);
        }
        for (name, color) in row {
            let y = top + LINE * (line as f64 + 0.5);
            canvas.bold((x + 14.0, y), name, TEXT, color.text, Hang::Left)?;
            x += 28.0 + label::width(name, TEXT) * label::BOLD;
        }
    }
    Ok(())
}

/// Colour alone tells nobody enough.
const LEAD: &str = "In each group from the top:";

struct Axis {
    left: f64,
    right: f64,
    scale: Scale,
}

impl Axis {
    fn across(&self, ratio: f64) -> f64 {
        self.left + (self.right - self.left) * self.scale.place(ratio).clamp(0.0, 1.0)
    }

    /// Ticks at as many plain ratios as there is room for.
    fn draw_ticks(&self, canvas: &Canvas, top: f64, bottom: f64, reach: f64) -> Result<(), String> {
        let ratios: &[f64] = match reach {
            reach if reach > 3.0 => &[0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0],
            reach if reach > 1.6 => &[0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0],
            reach if reach > 1.15 => &[0.65, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5],
            _ => &[0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1],
        };
        for &ratio in ratios.iter().filter(|ratio| ratio.max(1.0 / **ratio) <= reach) {
            let x = self.across(ratio);
            canvas.line(&[(x, top), (x, bottom)], palette::GRID, 1.5, 1.0)?;
            let at = (x, bottom + 8.0 + TEXT / 2.0);
            canvas.text(at, &scale::number(ratio), TEXT, palette::MUTED, Hang::Center)?;
        }
        Ok(())
    }
}

impl Whorl {
    /// Between two heights; a head above them takes the name where there is no room beside.
    fn draw(
        &self,
        canvas: &Canvas,
        axis: &Axis,
        (top, bottom): (f64, f64),
        head: f64,
    ) -> Result<(), String> {
        let (from, to) = (axis.across(self.band.0), axis.across(self.band.1));
        canvas.fill((from, top + 2.0), (to, bottom - 2.0), palette::GRID, 0.8)?;
        let (edge, width) = (canvas.edge(), canvas.size.pixels().0);
        let y = if head > 0.0 { top - head / 2.0 } else { f64::midpoint(top, bottom) };
        canvas.bold((edge, y), &self.name, TEXT, palette::INK, Hang::Left)?;
        canvas.text((width - edge, y), &self.note, TEXT, palette::MUTED, Hang::Right)?;
        let pitch = ((bottom - top - 8.0) / self.twigs.len().max(1) as f64).min(14.0);
        let first = f64::midpoint(top, bottom) - pitch * (self.twigs.len() as f64 - 1.0) / 2.0;
        for (place, twig) in self.twigs.iter().enumerate() {
            twig.draw(canvas, axis, first + pitch * place as f64, pitch)?;
        }
        Ok(())
    }
}

impl Twig {
    fn draw(&self, canvas: &Canvas, axis: &Axis, y: f64, pitch: f64) -> Result<(), String> {
        let (thick, radius): (f64, f64) = if self.decided { (4.0, 6.0) } else { (2.0, 4.0) };
        let (from, to) = (axis.across(self.low), axis.across(self.high));
        let ink = self.color.line;
        canvas.line(&[(from, y), (to, y)], ink, thick, 1.0)?;
        let tip = (pitch * 0.35).min(5.0);
        for (beyond, x, inward) in [
            (axis.scale.place(self.low) < 0.0, from, 1.0),
            (axis.scale.place(self.high) > 1.0, to, -1.0),
        ] {
            if beyond {
                let arrow = [(x + inward * 8.0, y - tip), (x, y), (x + inward * 8.0, y + tip)];
                canvas.line(&arrow, ink, 2.0, 1.0)?;
            }
        }
        canvas.dot((axis.across(self.middle), y), radius.min(pitch * 0.45), ink)
    }
}
