//! Curves over a common axis, labelled at their ends.

mod panel;

use super::{
    Canvas, Fill, Hang, LINE, TEXT,
    key::{self, Entry, Sample},
    label,
    scale::Scale,
};
use crate::palette::{self, Color};
use panel::Plane;

/// Panels above one another over one horizontal axis.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The horizontal axis.
    pub x: Scale,
    /// Its ticks.
    pub x_ticks: Vec<(f64, String)>,
    /// What it counts.
    pub x_title: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// Whether any curve is theory.
    pub theory: bool,
    /// What happened to the run, drawn below the curves of every panel.
    pub spans: Vec<Span>,
}

/// A range of the horizontal axis in which something happened; the key names it.
#[derive(Clone, Debug)]
pub struct Span {
    /// Begin and end.
    pub range: (f64, f64),
    /// How it is filled.
    pub fill: Fill,
    /// What happened.
    pub label: &'static str,
}

/// One picture over the horizontal axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What its vertical axis counts; empty where the subtitle says it.
    pub caption: String,
    /// The vertical axis.
    pub y: Scale,
    /// Its ticks.
    pub y_ticks: Vec<(f64, String)>,
    /// The curves, the later above the earlier.
    pub series: Vec<Series>,
    /// Horizontal lines.
    pub marks: Vec<Mark>,
    /// Shaded ranges of the horizontal axis.
    pub zones: Vec<Zone>,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Written at its end; empty for none.
    pub label: String,
    /// The transport's.
    pub color: Color,
    /// In values of the axes.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub stroke: Stroke,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// What was seen.
    Measured,
    /// What was seen, with too little behind it.
    Faint,
    /// What theory expects.
    Theory,
}

/// A horizontal line with a word on it.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where.
    pub value: f64,
    /// The word.
    pub label: String,
}

/// A shaded range of the horizontal axis.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Where it begins; it goes to the end.
    pub from: f64,
    /// What it is.
    pub label: String,
}

impl Lines {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let widest = |labels: &mut dyn Iterator<Item = &String>| {
            labels.map(|l| label::width(l, TEXT)).fold(0.0, f64::max)
        };
        let ticks = widest(&mut self.panels.iter().flat_map(|p| p.y_ticks.iter().map(|t| &t.1)));
        let names = widest(&mut self.panels.iter().flat_map(|p| p.series.iter().map(|s| &s.label)));
        let names = names * label::BOLD;
        let left = edge + ticks + 12.0;
        let right = width - edge - if names > 0.0 { names + 34.0 } else { 0.0 };

        let mut entries: Vec<Entry> = vec![(Sample::Solid, "measured".into())];
        if self.theory {
            entries.push((Sample::Dashed, "theory".into()));
        }
        for span in &self.spans {
            let entry = (Sample::Area(span.fill), span.label.to_owned());
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        // The key and the axis' title share a row where there is room.
        let title = label::width(&self.x_title, TEXT);
        let apart = canvas.narrow();
        let keys = key::height(&entries, width - 2.0 * edge);
        let bottom = height - 24.0 - keys - LINE - 8.0 - if apart { LINE } else { 0.0 };
        let row = height - 20.0 - keys;
        key::draw(canvas, &entries, (edge, row), width - 2.0 * edge)?;
        let title_y = if apart { row - LINE / 2.0 } else { row + LINE / 2.0 };
        let title_x = right.max(left + title).min(width - edge);
        canvas.text((title_x, title_y), &self.x_title, TEXT, palette::MUTED, Hang::Right)?;

        let gap = if self.panels.len() > 1 { 26.0 } else { 0.0 };
        let each = (bottom - top + gap) / self.panels.len().max(1) as f64;
        for (place, panel) in self.panels.iter().enumerate() {
            let from = top + each * place as f64;
            let caption = if panel.caption.is_empty() { 0.0 } else { LINE + 6.0 };
            if caption > 0.0 {
                let at = (edge, from + LINE / 2.0);
                canvas.text(at, &panel.caption, TEXT, palette::MUTED, Hang::Left)?;
            }
            let plane = Plane {
                left,
                right,
                top: from + caption + 8.0,
                bottom: from + each - gap,
                x: self.x,
                y: panel.y,
            };
            for Span { range: (from, to), fill, .. } in &self.spans {
                // A short one in a long run is seen, too.
                let (from, to) =
                    (plane.across(*from), plane.across(*to).max(plane.across(*from) + 2.0));
                canvas.area((from, plane.top), (to, plane.bottom), *fill, palette::MUTED)?;
            }
            panel.draw(canvas, &plane)?;
            if place + 1 == self.panels.len() {
                self.draw_ticks(canvas, &plane)?;
            }
        }
        Ok(())
    }

    fn draw_ticks(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        let mut free = f64::NEG_INFINITY;
        for (value, text) in &self.x_ticks {
            let x = plane.across(*value);
            let half = label::width(text, TEXT) / 2.0;
            let middle = x.clamp(plane.left + half - 20.0, plane.right.max(plane.left + half));
            if middle - half < free {
                continue; // it would touch the one before
            }
            free = middle + half + 14.0;
            let y = plane.bottom;
            canvas.line(&[(x, y), (x, y + 7.0)], palette::MUTED, 1.5, 1.0)?;
            let at = (middle, y + 12.0 + TEXT / 2.0);
            canvas.text(at, text, TEXT, palette::MUTED, Hang::Center)?;
        }
        Ok(())
    }
}
