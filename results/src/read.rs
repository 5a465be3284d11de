//! A run directory, read back.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hdrhistogram::Histogram;
use serde::de::DeserializeOwned;

use crate::{Error, FORMAT_VERSION, Position, Resource, Row, Run, Second, Verdict, Warning, hlog};

/// A histogram and whose it is.
pub type TaggedHistogram = (String, u32, Histogram<u64>);

/// A run with everything that its directory holds.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `run.json`, with the rows of `summary.csv` and `pooled.csv`.
    pub run: Run,
    /// `delay.hlog`: transport, repetition, delays in ns.
    pub histograms: Vec<TaggedHistogram>,
    /// `request.hlog`: transport, repetition, request round-trip times in ns.
    pub requests: Vec<TaggedHistogram>,
    /// `timeline.csv`.
    pub timeline: Vec<Second>,
    /// `resources.csv`.
    pub resources: Vec<Resource>,
    /// `positions.csv`.
    pub positions: Vec<Position>,
    /// Where it was read from.
    pub path: PathBuf,
}

impl Loaded {
    /// The delays of a transport over all its repetitions.
    pub fn delay(&self, transport: &str) -> Option<Histogram<u64>> {
        merged(&self.histograms, transport)
    }

    /// The request round-trip times of a transport over all its repetitions.
    pub fn request(&self, transport: &str) -> Option<Histogram<u64>> {
        merged(&self.requests, transport)
    }
}

fn merged(all: &[TaggedHistogram], transport: &str) -> Option<Histogram<u64>> {
    let of = all.iter().filter(|(name, ..)| name == transport);
    crate::pool::merge(of.map(|(.., histogram)| histogram))
}

impl Run {
    /// Reads a run directory. A last line that was cut off by a crash is left out.
    pub fn read(directory: &Path) -> Result<Loaded, Error> {
        let mut run = read_run(&directory.join("run.json"))?;
        run.rows = read_csv(&directory.join("summary.csv"))?;
        if run.partial && run.verdict == Verdict::Valid {
            // Who is killed has no time to say so.
            let message = "the run is not complete: it was ended before its time, without a word";
            run.warn([Warning::new("partial", Verdict::Suspect, message)]);
        }
        let unsaid: Vec<Warning> = unsaid(&run).collect();
        if !unsaid.is_empty() {
            run.warn(unsaid);
        }
        let histograms = tagged(&directory.join("delay.hlog"), &run.rows)?;
        let requests = tagged(&directory.join("request.hlog"), &run.rows)?;
        run.pooled = read_csv(&directory.join("pooled.csv"))?;
        if run.pooled.is_empty() {
            // The run was interrupted before it could pool.
            run.pooled = crate::pool::pool(&run.rows, &histograms, &requests, &run.predictions);
        }
        Ok(Loaded {
            run,
            histograms,
            requests,
            timeline: read_csv(&directory.join("timeline.csv"))?,
            resources: read_csv(&directory.join("resources.csv"))?,
            positions: read_csv(&directory.join("positions.csv"))?,
            path: directory.to_owned(),
        })
    }
}

/// Of INVALID rows whose reasons were lost. A row is written after its trial and its warnings after
/// the block, so whoever is killed in between leaves a run behind that knows nothing of the row.
fn unsaid(run: &Run) -> impl Iterator<Item = Warning> {
    let said = |row: &Row| {
        run.warnings.iter().any(|warning| {
            warning.severity == Verdict::Invalid
                && warning.transport.as_ref() == Some(&row.transport)
                && (warning.repetition.is_none() || warning.repetition == row.repetition)
        })
    };
    let invalid = run.rows.iter().filter(|row| row.verdict == Verdict::Invalid);
    invalid.filter(move |row| !said(row)).map(|row| {
        let message = "the row is INVALID, and the run was ended before it could say why";
        Warning::new("partial", Verdict::Invalid, message).about(&row.transport, row.repetition)
    })
}

fn read_run(path: &Path) -> Result<Run, Error> {
    let text = fs::read(path).map_err(Error::read(path))?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| Error::malformed(path, &error))?;
    // Before the rest: a newer run may have keys that this feedlab cannot read at all.
    let found = value
        .get("format_version")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| Error::malformed(path, &"no format_version"))?;
    if found != u64::from(FORMAT_VERSION) {
        return Err(Error::Version { path: path.to_owned(), found });
    }
    serde_json::from_value(value).map_err(|error| Error::malformed(path, &error))
}

/// All complete lines of a file; nothing if the file is not there.
fn complete_lines(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::read(path)(error)),
    };
    let end = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    bytes.truncate(end);
    Ok(bytes)
}

fn read_csv<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    csv::Reader::from_reader(complete_lines(path)?.as_slice())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| Error::malformed(path, &error))
}

/// Histograms with their repetition: the k-th of a tag belongs to the transport's k-th row.
fn tagged(path: &Path, rows: &[Row]) -> Result<Vec<TaggedHistogram>, Error> {
    let log = complete_lines(path)?;
    let mut repetitions: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for row in rows.iter().rev() {
        repetitions.entry(&row.transport).or_default().push(row.repetition.unwrap_or_default());
    }
    let all = hlog::read(&log).map_err(|problem| Error::malformed(path, &problem))?;
    Ok(all
        .into_iter()
        .filter_map(|(tag, histogram)| {
            let repetition = repetitions.get_mut(tag.as_str())?.pop()?;
            Some((tag, repetition, histogram))
        })
        .collect())
}
