//! Curves over a common axis, labelled at their ends.

use super::{
    Canvas, Fill, Hang, LINE, Point, TEXT,
    clutter::{Clutter, Spot},
    key::{self, Entry, Sample},
    label,
    scale::Scale,
};
use crate::palette::{self, Color};

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

/// A panel's place in pixels.
#[derive(Clone, Copy)]
struct Plane {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Scale,
    y: Scale,
}

impl Plane {
    fn across(&self, value: f64) -> f64 {
        self.left + (self.right - self.left) * self.x.place(value)
    }

    fn up(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.y.place(value)
    }

    fn at(&self, (x, y): (f64, f64)) -> Option<Point> {
        (self.x.shows(x) && self.y.shows(y)).then(|| (self.across(x), self.up(y)))
    }
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

impl Panel {
    fn draw(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
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
