//! Cells over two axes in the colour of who wins there, a panel per question.

use super::{
    Canvas, Fill, Hang, LINE, Point, TEXT, label,
    swatch::{self, Swatch},
};
use crate::palette::{self, Color, Shade};

/// Panels that share their axes.
#[derive(Clone, Debug)]
pub struct Map {
    /// The values of the horizontal axis, a column each.
    pub x_ticks: Vec<String>,
    /// The values of the vertical axis, from the bottom.
    pub y_ticks: Vec<String>,
    /// What goes to the right.
    pub x_title: String,
    /// What goes upwards.
    pub y_title: String,
    /// In rows of two.
    pub panels: Vec<MapPanel>,
    /// Whose colour is whose.
    pub key: Vec<(String, Color)>,
    /// Whether any panel has a boundary of theory.
    pub theory: bool,
}

/// One panel.
#[derive(Clone, Debug)]
pub struct MapPanel {
    /// What is won.
    pub caption: String,
    /// Its cells.
    pub squares: Vec<Square>,
    /// Stretches of theory's boundary in cells from the lower left corner.
    pub borders: Vec<((f64, f64), (f64, f64))>,
}

/// One cell.
#[derive(Clone, Debug)]
pub struct Square {
    /// Column and row, from the lower left.
    pub at: (usize, usize),
    /// Who is first; `None` where nothing was measured.
    pub first: Option<Color>,
    /// Who is not told apart from the first.
    pub second: Option<Color>,
}

/// Where a panel's cells lie.
struct Plane {
    left: f64,
    top: f64,
    wide: f64,
    tall: f64,
    rows: f64,
}

impl Plane {
    fn at(&self, (x, y): (f64, f64)) -> Point {
        (self.left + x * self.wide, self.top + (self.rows - y) * self.tall)
    }
}

impl Map {
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<(), String> {
        let (width, height) = canvas.size.pixels();
        let edge = canvas.edge();
        let mut entries: Vec<(Swatch, String)> = Vec::new();
        entries.extend(self.key.iter().map(|(name, color)| (Swatch::Plain(*color), name.clone())));
        entries.push((Swatch::Tied, "no difference between the two colours".into()));
        if self.theory {
            entries.push((Swatch::Line, "theory's boundary".into()));
        }
        let keys = swatch::draw(canvas, &entries, height - 16.0)?;
        let axes = format!("→ {}   ↑ {}", self.x_title, self.y_title);
        let axes = label::wrap(&axes, TEXT, width - 2.0 * edge);
        let mut bottom = keys - 4.0;
        for line in axes.iter().rev() {
            canvas.text((edge, bottom - LINE / 2.0), line, TEXT, palette::MUTED, Hang::Left)?;
            bottom -= LINE;
        }
        let names = self.y_ticks.iter().map(|text| label::width(text, TEXT)).fold(0.0, f64::max);
        let names = names + 10.0;
        let (columns, lines) = (2.0, (self.panels.len() as f64 / 2.0).ceil());
        let each = (width - 2.0 * edge - 16.0) / columns;
        let tall = (bottom - top) / lines;
        for (place, panel) in self.panels.iter().enumerate() {
            let (column, line) = ((place % 2) as f64, (place / 2) as f64);
            let (from, to) = (edge + column * (each + 16.0), top + line * tall - 8.0);
            let heading = (from + names, to + LINE / 2.0);
            canvas.bold(heading, &panel.caption, TEXT, palette::INK, Hang::Left)?;
            let rows = self.y_ticks.len() as f64;
            let room = tall - 2.0 * LINE - 16.0;
            let plane = Plane {
                left: from + names,
                top: to + LINE + 2.0,
                wide: (each - names) / self.x_ticks.len() as f64,
                tall: room / rows,
                rows,
            };
            panel.draw(canvas, &plane)?;
            self.draw_ticks(canvas, &plane)?;
        }
        Ok(())
    }

    /// Labels below and at the left, as many as have room.
    fn draw_ticks(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        let mut free = f64::NEG_INFINITY;
        for (column, text) in self.x_ticks.iter().enumerate() {
            let (x, y) = plane.at((column as f64 + 0.5, 0.0));
            let half = label::width(text, TEXT) / 2.0;
            if x - half < free {
                continue; // it would touch the one before
            }
            free = x + half + 12.0;
            let at = (x, y + LINE / 2.0);
            canvas.text(at, text, TEXT, palette::MUTED, Hang::Center)?;
        }
        let mut free = f64::INFINITY;
        for (row, text) in self.y_ticks.iter().enumerate() {
            let (x, y) = plane.at((0.0, row as f64 + 0.5));
            if y + LINE / 2.0 > free {
                continue;
            }
            free = y - LINE / 2.0 + 4.0;
            canvas.text((x - 8.0, y), text, TEXT, palette::MUTED, Hang::Right)?;
        }
        Ok(())
    }
}

impl MapPanel {
    fn draw(&self, canvas: &Canvas, plane: &Plane) -> Result<(), String> {
        for square in &self.squares {
            let (x, y) = (square.at.0 as f64, square.at.1 as f64);
            let (from, to) = (plane.at((x, y + 1.0)), plane.at((x + 1.0, y)));
            // A hair of paper between cells.
            let (from, to) = ((from.0 + 1.0, from.1 + 1.0), (to.0 - 1.0, to.1 - 1.0));
            match (square.first, square.second) {
                (None, _) => canvas.area(from, to, Fill::Hollow, palette::GRID)?,
                (Some(first), None) => canvas.fill(from, to, first.line, 1.0)?,
                (Some(first), Some(second)) => canvas.hatched(from, to, first.line, second.line)?,
            }
        }
        for (from, to) in &self.borders {
            let ends = [plane.at(*from), plane.at(*to)];
            canvas.line(&ends, palette::PAPER, 6.0, 1.0)?;
        }
        for (from, to) in &self.borders {
            let ends = [plane.at(*from), plane.at(*to)];
            canvas.line(&ends, palette::INK, 3.0, 1.0)?;
        }
        Ok(())
    }
}

impl Canvas<'_> {
    /// A pale tint of one colour under lines of another.
    pub(super) fn hatched(
        &self,
        from: Point,
        to: Point,
        tint: Shade,
        lines: Shade,
    ) -> Result<(), String> {
        self.fill(from, to, tint, 0.35)?;
        self.area(from, to, Fill::Rising, lines)
    }

    /// A circle that is not filled.
    pub(super) fn ring(&self, at: Point, radius: f64, ink: Shade) -> Result<(), String> {
        let corner = |step: u32| {
            let angle = f64::from(step) / 24.0 * std::f64::consts::TAU;
            (at.0 + radius * angle.cos(), at.1 + radius * angle.sin())
        };
        self.line(&(0..=24).map(corner).collect::<Vec<_>>(), ink, 2.0, 1.0)
    }
}
