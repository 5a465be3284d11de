//! The table of charts. A chart is one file that turns a run into a sentence,
//! a data table and the description of a picture; drawing it is not its business.

mod age;
mod bar_each;
mod bytes;
mod causes;
mod delay;
mod idle;
mod memory;
mod noise;
mod packets;
mod position;
mod requests;
mod server_cpu;
mod stall;
mod timeline;

use results::{Loaded, Verdict};
use serde::Serialize;

use crate::{
    Error,
    draw::{self, Frame, Plot, Size},
    palette::{self, Shade},
    view::View,
};

/// All charts, in the order of the page. A new chart is one file and one line.
pub static ALL: &[ChartKind] = &[
    delay::KIND,
    stall::KIND,
    age::KIND,
    bytes::KIND,
    idle::KIND,
    packets::KIND,
    requests::KIND,
    server_cpu::KIND,
    memory::KIND,
    position::KIND,
    timeline::KIND,
    noise::KIND,
];

/// A chart before it meets a run.
#[derive(Clone, Copy, Debug)]
pub struct ChartKind {
    /// Name of its files and its anchor on the page.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// How to read its axes, under the conditions of the run.
    pub subtitle: fn(&View) -> &'static str,
    /// What it makes of a run; `None` if the run has nothing for it.
    pub content: fn(&View) -> Option<Content>,
}

/// What a chart makes of a run.
#[derive(Clone, Debug)]
pub struct Content {
    /// What it shows in this run, in one sentence.
    pub reading: String,
    /// The numbers of the picture.
    pub table: DataTable,
    /// The picture.
    pub plot: Plot,
}

/// A chart of a run, ready to be shown.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Name of its files and its anchor on the page.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What it shows in this run, in one sentence.
    pub reading: String,
    /// Text alternative of the picture.
    pub alt: String,
    /// The picture, 1,280 × 720.
    pub svg: String,
    /// The same for a narrow screen, 640 × 800.
    pub narrow: String,
    /// The numbers of the picture.
    pub table: DataTable,
}

/// Numbers in human units.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DataTable {
    /// Names of the columns; the first names the line.
    pub columns: Vec<String>,
    /// As many cells as columns in each.
    pub rows: Vec<Vec<String>>,
}

impl DataTable {
    /// A table with these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).to_vec(), rows: Vec::new() }
    }
}

/// Draws every chart that the run has something for.
pub fn charts(loaded: &Loaded) -> Result<Vec<Chart>, Error> {
    let view = View::new(loaded);
    ALL.iter()
        .filter_map(|kind| Some((kind, (kind.content)(&view)?)))
        .map(|(kind, content)| finish(kind, content, &view))
        .collect()
}

fn finish(kind: &ChartKind, content: Content, view: &View) -> Result<Chart, Error> {
    let verdict = view.run.verdict;
    let stamp = stamp(view);
    let doubt = match verdict {
        Verdict::Valid => String::new(),
        _ => format!(" This run is {verdict}: see its warnings."),
    };
    let subtitle = (kind.subtitle)(view);
    let alt = format!("{}. {subtitle} {}{doubt}", kind.title, content.reading);
    let frame = Frame {
        title: kind.title,
        subtitle,
        stamp: stamp.as_ref().map(|(text, shade)| (text.as_str(), *shade)),
        alt: &alt,
    };
    let draw = |size| {
        draw::draw(&content.plot, &frame, size)
            .map_err(|problem| Error::Draw { chart: kind.name, problem })
    };
    Ok(Chart {
        name: kind.name,
        title: kind.title,
        svg: draw(Size::Wide)?,
        narrow: draw(Size::Narrow)?,
        reading: content.reading,
        alt,
        table: content.table,
    })
}

/// What is written on the face of a chart that is not to be believed as it is.
fn stamp(view: &View) -> Option<(String, Shade)> {
    let verdict = view.run.verdict;
    let shade = match verdict {
        Verdict::Invalid => palette::INVALID,
        Verdict::Suspect => palette::SUSPECT,
        Verdict::Valid if view.run.partial => return Some(("PARTIAL".into(), palette::SUSPECT)),
        Verdict::Valid => return None,
    };
    let mut rules: Vec<&str> = Vec::new();
    for warning in view.run.warnings.iter().filter(|w| w.severity == verdict) {
        if !rules.contains(&warning.rule.as_str()) {
            rules.push(&warning.rule);
        }
    }
    let more = if rules.len() > 2 { ", …" } else { "" };
    rules.truncate(2);
    let colon = if rules.is_empty() { "" } else { ": " };
    Some((format!("{verdict}{colon}{}{more}", rules.join(", ")), shade))
}
