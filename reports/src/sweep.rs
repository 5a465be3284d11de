//! What a sweep means: who wins where, by which metric, and where theory draws the boundary.
//!
//! Each transport was measured once per point of the axes that it depends on; `field` puts those
//! runs on the grid, `winner` ranks the transports of each point, and the rest renders that.
//! `tcp` is the floor that everything is held against, so it never wins.

mod boundary;
mod curves;
mod field;
mod metric;
mod page;
mod pareto;
mod text;
mod theory;
mod winner;
mod winners;

use std::path::{Path, PathBuf};

use results::{
    Loaded, Verdict,
    sweep::{Cell, Sweep},
};

use crate::{
    Error, Folder,
    chart::{Chart, Content},
    draw::{self, Frame, Size},
    palette::{self, Shade},
};
pub use field::Field;
pub use text::{csv, json, markdown, table};
pub use winner::{Ranked, Standing, ranked};

/// A sweep with the runs of its cells that are done.
#[derive(Clone, Debug)]
pub struct Swept {
    /// What was asked.
    pub sweep: Sweep,
    /// What was seen.
    pub runs: Vec<(Cell, Loaded)>,
    /// Its directory.
    pub path: PathBuf,
}

impl Swept {
    /// Reads a sweep's directory.
    ///
    /// # Errors
    /// When it holds no sweep, or one of its runs cannot be read.
    pub fn read(path: &Path) -> Result<Self, results::Error> {
        let sweep = Sweep::read(path)?;
        let runs = sweep.runs(path)?;
        Ok(Self { sweep, runs, path: path.to_owned() })
    }

    /// The worst verdict, and how many runs have it.
    pub fn verdict(&self) -> (Verdict, usize) {
        let verdicts = || self.runs.iter().map(|(_, loaded)| loaded.run.verdict);
        let worst = verdicts().max().unwrap_or(Verdict::Valid);
        (worst, verdicts().filter(|verdict| *verdict == worst).count())
    }

    /// What is written on the face of a picture that is not to be believed as it is.
    fn stamp(&self) -> Option<(String, Shade)> {
        let (verdict, count) = self.verdict();
        let missing = self.sweep.missing().len();
        match verdict {
            Verdict::Valid if missing > 0 => Some(("PARTIAL".into(), palette::SUSPECT)),
            Verdict::Valid => None,
            _ => {
                let shade =
                    if verdict == Verdict::Invalid { palette::INVALID } else { palette::SUSPECT };
                Some((format!("{verdict}: {count} of {} runs", self.runs.len()), shade))
            }
        }
    }
}

/// Writes `index.html`, `summary.md` and every chart as SVG and PNG into `out`, and returns the
/// path of the page.
///
/// # Errors
/// When nothing was measured, or the folder cannot be written.
pub fn render(swept: &Swept, out: &Path) -> Result<PathBuf, Error> {
    if swept.runs.is_empty() {
        return Err(Error::NoRun);
    }
    let charts = charts(swept)?;
    let folder = Folder::create(out)?;
    for chart in &charts {
        folder.write_chart("", chart)?;
    }
    folder.write("summary.md", markdown(swept).as_bytes())?;
    folder.write("index.html", page::page(swept, &charts)?.as_bytes())
}

/// A picture of a sweep before it is drawn.
struct Picture {
    name: &'static str,
    title: &'static str,
    subtitle: String,
    content: Content,
}

/// Every picture that the sweep has something for.
fn charts(swept: &Swept) -> Result<Vec<Chart>, Error> {
    let field = Field::new(swept);
    let ranked = ranked(&field);
    let pictures = winners::picture(&field, &ranked)
        .into_iter()
        .chain(curves::pictures(&field))
        .chain(pareto::pictures(&field));
    pictures.map(|picture| finish(picture, swept)).collect()
}

fn finish(picture: Picture, swept: &Swept) -> Result<Chart, Error> {
    let Picture { name, title, subtitle, content } = picture;
    let stamp = swept.stamp();
    let doubt = stamp.as_ref().map_or_else(String::new, |(stamp, _)| format!(" {stamp}."));
    let alt = format!("{title}. {subtitle} {}{doubt}", content.reading);
    let frame = Frame {
        title,
        subtitle: &subtitle,
        stamp: stamp.as_ref().map(|(text, shade)| (text.as_str(), *shade)),
        alt: &alt,
    };
    let draw = |size| {
        draw::draw(&content.plot, &frame, size)
            .map_err(|problem| Error::Draw { chart: name, problem })
    };
    Ok(Chart {
        name,
        title,
        svg: draw(Size::Wide)?,
        narrow: draw(Size::Narrow)?,
        reading: content.reading,
        alt,
        table: content.table,
    })
}
