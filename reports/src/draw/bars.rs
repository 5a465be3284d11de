//! Horizontal bars in groups, with their values at their ends instead of an axis.

use super::{
    Canvas, Fill, Hang, LINE, TEXT,
    key::{self, Entry, Sample},
    label,
};
use crate::palette::{self, Color};

/// Groups of bars on a common scale from zero.
#[derive(Clone, Debug)]
pub struct Bars {
    /// From top to bottom.
    pub groups: Vec<Group>,
    /// What the fills stand for.
    pub key: Vec<(Fill, String)>,
    /// What theory's mark is called.
    pub theory: &'static str,
}

/// The bars of one transport.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub color: Color,
    /// Its bars.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    /// What tells it from its neighbours in the group; empty if it is alone.
    pub caption: String,
    /// Its parts from the left.
    pub segments: Vec<Segment>,
    /// Its value in human units.
    pub label: String,
    /// Where theory expects its end.
    pub predicted: Option<f64>,
    /// Where it ends in the lowest and in the highest repetition.
    pub range: Option<(f64, f64)>,
    /// Single values, drawn as dots over it.
    pub dots: Vec<f64>,
}

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Its length.
    pub value: f64,
    /// What tells it from the others.
    pub fill: Fill,
}

impl Bar {
    /// Its value.
    pub fn length(&self) -> f64 {
        self.segments.iter().map(|segment| segment.value).sum()
    }

    /// The right end of everything that is drawn.
    fn reach(&self) -> f64 {
        let range = self.range.map_or(0.0, |(_, high)| high);
        let dots = self.dots.iter().copied().fold(0.0, f64::max);
        self.length().max(self.predicted.unwrap_or(0.0)).max(range).max(dots)
    }
}

/// Where the bars stand.
struct Layout {
    /// Where bars begin.
    left: f64,
    /// Pixels per value.
    scale: f64,
    /// Height of a bar.
    thick: f64,
    /// Height of a bar and the space below it.
    pitch: f64,
    /// Height of the name above a group; zero where names are at the left.
    head: f64,
    /// Space below a group.
    gap: f64,
}

impl Bars {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let entries = self.entries();
        let keys = key::height(&entries, width - 2.0 * edge);
        key::draw(canvas, &entries, (edge, height - 20.0 - keys), width - 2.0 * edge)?;
        let layout = self.layout(canvas, height - 44.0 - keys - top);
        let mut y = top + layout.gap / 2.0;
        for group in &self.groups {
            let bars = group.bars.len() as f64 * layout.pitch;
            let name = if layout.head > 0.0 {
                (edge, y + layout.head / 2.0)
            } else {
                (edge, y + bars / 2.0)
            };
            canvas.bold(name, &group.name, TEXT, group.color.text, Hang::Left)?;
            y += layout.head;
            for bar in &group.bars {
                bar.draw(canvas, &layout, y + layout.pitch / 2.0, group.color)?;
                y += layout.pitch;
            }
            y += layout.gap;
        }
        Ok(())
    }

    fn entries(&self) -> Vec<Entry> {
        let bars = || self.groups.iter().flat_map(|group| &group.bars);
        let mut entries: Vec<Entry> =
            self.key.iter().map(|(fill, text)| (Sample::Area(*fill), text.clone())).collect();
        if bars().any(|bar| bar.predicted.is_some()) {
            entries.push((Sample::Dashed, self.theory.into()));
        }
        if bars().any(|bar| bar.range.is_some()) {
            entries.push((Sample::Range, "lowest to highest repetition".into()));
        }
        if bars().any(|bar| !bar.dots.is_empty()) {
            entries.push((Sample::Dot, "one pair".into()));
        }
        entries
    }

    fn layout(&self, canvas: &Canvas, room: f64) -> Layout {
        let (width, _) = canvas.size.pixels();
        let edge = canvas.edge();
        let widest = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| label::width(text, TEXT)).fold(0.0, f64::max)
        };
        let bars = || self.groups.iter().flat_map(|group| &group.bars);
        let names = widest(&mut self.groups.iter().map(|group| &group.name)) * label::BOLD;
        let captions = widest(&mut bars().map(|bar| &bar.caption));
        let captions = if captions > 0.0 { captions + 14.0 } else { 0.0 };
        let left = edge + captions + if canvas.narrow() { 0.0 } else { names + 24.0 };
        let scale = bars()
            .filter(|bar| bar.reach() > 0.0)
            .map(|bar| {
                let free = width - edge - left - 14.0 - label::width(&bar.label, TEXT);
                free.max(40.0) / bar.reach()
            })
            .fold(f64::INFINITY, f64::min);
        let count = bars().count().max(1) as f64;
        let groups = self.groups.len().max(1) as f64;
        let head = if canvas.narrow() { LINE + 2.0 } else { 0.0 };
        let least = (room / groups * 0.16).min(26.0);
        let pitch = ((room - groups * (least + head)) / count).min(76.0);
        let gap = (room - groups * head - count * pitch) / groups;
        Layout {
            left,
            scale: if scale.is_finite() { scale } else { 0.0 },
            thick: (pitch * 0.78).min(52.0),
            pitch,
            head,
            gap,
        }
    }
}

impl Bar {
    fn draw(&self, canvas: &Canvas, layout: &Layout, y: f64, color: Color) -> Result<(), String> {
        let half = layout.thick / 2.0;
        let at = |value: f64| layout.left + value * layout.scale;
        if !self.caption.is_empty() {
            let place = (layout.left - 14.0, y);
            canvas.text(place, &self.caption, TEXT, palette::MUTED, Hang::Right)?;
        }
        let mut from = 0.0;
        for segment in self.segments.iter().filter(|segment| segment.value > 0.0) {
            let to = from + segment.value;
            // A hair of paper between segments, but a segment is never thinner than a hair.
            let right = (at(to) - 2.0).max(at(from) + 1.5);
            let (upper, lower) = ((at(from), y - half), (right, y + half));
            canvas.area(upper, lower, segment.fill, color.line)?;
            from = to;
        }
        let base = [(layout.left, y - half - 3.0), (layout.left, y + half + 3.0)];
        canvas.line(&base, palette::MUTED, 1.5, 1.0)?;
        if let Some((low, high)) = self.range {
            canvas.whisker(at(low), at(high), y, palette::INK)?;
        }
        if let Some(predicted) = self.predicted {
            let x = at(predicted);
            let ends = [(x, y - half - 5.0), (x, y + half + 5.0)];
            canvas.dashed(&ends, palette::INK, 3.0)?;
        }
        for dot in &self.dots {
            canvas.dot((at(*dot), y), 5.0, palette::INK)?;
        }
        let end = (at(self.reach()) + 12.0, y);
        canvas.text(end, &self.label, TEXT, palette::INK, Hang::Left)
    }
}

impl Canvas<'_> {
    /// A range: a thin line with caps.
    pub(super) fn whisker(
        &self,
        from: f64,
        to: f64,
        y: f64,
        ink: palette::Shade,
    ) -> Result<(), String> {
        self.line(&[(from, y), (to, y)], ink, 2.0, 1.0)?;
        for x in [from, to] {
            self.line(&[(x, y - 7.0), (x, y + 7.0)], ink, 2.0, 1.0)?;
        }
        Ok(())
    }
}
