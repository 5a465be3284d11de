//! Plotters at work: from the description of a picture to its SVG.
//!
//! Plotters draws on whole pixels and knows no dashes, so pictures are drawn
//! four times as large, and what plotters cannot say is added to its SVG.

mod bars;
mod brackets;
mod clutter;
mod fill;
mod forest;
mod key;
pub mod label;
mod lines;
mod map;
pub mod scale;
mod scatter;
mod swatch;

pub use bars::{Bar, Bars, Group, Segment};
pub use brackets::{Bracket, Brackets};
pub use fill::Fill;
pub use forest::{Forest, Twig, Whorl};
pub use lines::{Lines, Mark, Panel, Series, Span, Stroke, Zone};
pub use map::{Map, MapPanel, Square};
pub use scatter::{Scatter, Spot};

use plotters::{
    backend::SVGBackend,
    coord::Shift,
    drawing::{DrawingArea, IntoDrawingArea},
    element::{Circle, PathElement, Rectangle, Text},
    style::{
        Color as _, FontStyle, IntoFont, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::palette::{self, Shade};

/// Text of charts in pixels at 1,280: 18 points, which the last row of a room can read.
pub const TEXT: f64 = 24.0;
/// Height of a line of text.
pub const LINE: f64 = 30.0;
/// Size of a chart's title.
pub const TITLE: f64 = 32.0;

/// Plotters' pixels per pixel: coordinates are integers, and steps in a line show.
const FINE: f64 = 4.0;
/// An opacity that nothing else uses marks the lines that become dashed.
const DASHED: f64 = 0.95;

/// What a picture shows.
#[derive(Clone, Debug)]
pub enum Plot {
    /// Curves over a common axis.
    Lines(Lines),
    /// Horizontal bars in groups.
    Bars(Bars),
    /// Cells over two axes.
    Map(Map),
    /// Dots over two axes.
    Scatter(Scatter),
    /// Intervals of ratios in groups.
    Forest(Forest),
    /// Horizontal bars on a logarithmic axis, with a bracket at each end.
    Brackets(Brackets),
}

/// The words around a picture.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// What it is, in a few words.
    pub title: &'a str,
    /// How to read the axes.
    pub subtitle: &'a str,
    /// What everyone must see who sees nothing but this picture: `SUSPECT: …`.
    pub stamp: Option<(&'a str, Shade)>,
    /// Text alternative.
    pub alt: &'a str,
}

/// A picture's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For slides, print and screens: 1,280 × 720.
    Wide,
    /// For telephones: 640 × 800.
    Narrow,
}

impl Size {
    /// Width and height.
    pub fn pixels(self) -> (f64, f64) {
        match self {
            Self::Wide => (1280.0, 720.0),
            Self::Narrow => (640.0, 800.0),
        }
    }
}

/// Draws a picture and returns its SVG.
pub fn draw(plot: &Plot, frame: &Frame, size: Size) -> Result<String, String> {
    let (width, height) = size.pixels();
    let fine = ((width * FINE) as u32, (height * FINE) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        let mut canvas = Canvas { area, size };
        canvas.fill((0.0, 0.0), (width, height), palette::PAPER, 1.0)?;
        let top = canvas.heading(frame)?;
        match plot {
            Plot::Lines(lines) => lines.draw(&mut canvas, top)?,
            Plot::Bars(bars) => bars.draw(&mut canvas, top)?,
            Plot::Map(map) => map.draw(&mut canvas, top)?,
            Plot::Scatter(scatter) => scatter.draw(&mut canvas, top)?,
            Plot::Forest(forest) => forest.draw(&mut canvas, top)?,
            Plot::Brackets(brackets) => brackets.draw(&mut canvas, top)?,
        }
        canvas.area.present().map_err(failed)?;
    }
    Ok(finish(&svg, frame, size))
}

/// Adds what plotters' SVG cannot say.
fn finish(svg: &str, frame: &Frame, size: Size) -> String {
    let (width, height) = size.pixels();
    let body = svg.split_once(">\n").map_or(svg, |(_, body)| body);
    let dashes = format!("opacity=\"1\" stroke-dasharray=\"{} {}\"", 9.0 * FINE, 7.0 * FINE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{}",
        width * FINE,
        height * FINE,
        escape(frame.title),
        escape(frame.alt),
        body.replace(&format!("opacity=\"{DASHED}\""), &dashes),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where a text hangs on its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hang {
    Left,
    Center,
    Right,
}

type Point = (f64, f64);

/// A drawing area in pixels.
struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    size: Size,
}

impl Canvas<'_> {
    fn narrow(&self) -> bool {
        self.size == Size::Narrow
    }

    /// Title, subtitle and stamp; returns where the picture may begin.
    fn heading(&mut self, frame: &Frame) -> Result<f64, String> {
        let (width, _) = self.size.pixels();
        let edge = self.edge();
        let mut y = 24.0;
        let mut room = width - 2.0 * edge;
        if let Some((stamp, shade)) = frame.stamp {
            let long = label::width(stamp, TEXT) * label::BOLD + 28.0;
            let at = if self.narrow() { edge } else { width - edge - long };
            let top = y - 6.0;
            self.fill((at, top), (at + long, top + 38.0), shade, 1.0)?;
            self.bold((at + 14.0, top + 19.0), stamp, TEXT, palette::PAPER, Hang::Left)?;
            if self.narrow() {
                y += 48.0;
            } else {
                room -= long + 20.0;
            }
        }
        for line in label::wrap(frame.title, TITLE * label::BOLD, room) {
            self.bold((edge, y + 20.0), &line, TITLE, palette::INK, Hang::Left)?;
            y += 40.0;
        }
        for line in label::wrap(frame.subtitle, TEXT, width - 2.0 * edge) {
            self.text((edge, y + 17.0), &line, TEXT, palette::MUTED, Hang::Left)?;
            y += LINE + 2.0;
        }
        Ok(y + 20.0)
    }

    /// Space left empty at the sides.
    fn edge(&self) -> f64 {
        if self.narrow() { 20.0 } else { 40.0 }
    }

    fn text(&self, at: Point, text: &str, size: f64, ink: Shade, hang: Hang) -> Result<(), String> {
        self.write(at, text, size, ink, hang, FontStyle::Normal)
    }

    fn bold(&self, at: Point, text: &str, size: f64, ink: Shade, hang: Hang) -> Result<(), String> {
        self.write(at, text, size, ink, hang, FontStyle::Bold)
    }

    fn write(
        &self,
        at: Point,
        text: &str,
        size: f64,
        ink: Shade,
        hang: Hang,
        weight: FontStyle,
    ) -> Result<(), String> {
        let hang = match hang {
            Hang::Left => HPos::Left,
            Hang::Center => HPos::Center,
            Hang::Right => HPos::Right,
        };
        // Plotters divides by 1.24 on its way to the SVG.
        let font = ("sans-serif", size * FINE * 1.24).into_font().style(weight);
        let color = ink.rgb();
        let style = TextStyle::from(font).color(&color).pos(Pos::new(hang, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), pixel(at), style)).map_err(failed)
    }

    fn fill(&self, from: Point, to: Point, ink: Shade, opacity: f64) -> Result<(), String> {
        let style = ink.rgb().mix(opacity).filled();
        self.area.draw(&Rectangle::new([pixel(from), pixel(to)], style)).map_err(failed)
    }

    fn line(&self, points: &[Point], ink: Shade, thick: f64, opacity: f64) -> Result<(), String> {
        let style = ink.rgb().mix(opacity).stroke_width((thick * FINE) as u32);
        let points: Vec<_> = points.iter().map(|&point| pixel(point)).collect();
        self.area.draw(&PathElement::new(points, style)).map_err(failed)
    }

    fn dashed(&self, points: &[Point], ink: Shade, thick: f64) -> Result<(), String> {
        self.line(points, ink, thick, DASHED)
    }

    fn dot(&self, at: Point, radius: f64, ink: Shade) -> Result<(), String> {
        self.area
            .draw(&Circle::new(pixel(at), (radius * FINE) as i32, ink.rgb().filled()))
            .map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn pixel((x, y): Point) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}
