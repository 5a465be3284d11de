//! A run directory, written as measurements end, so that an interrupted run keeps what it has.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{Error, Measured, Row, Run, hlog, lines};

/// Files that grow with each measurement.
const GROWING: [&str; 6] =
    ["summary.csv", "timeline.csv", "resources.csv", "positions.csv", "delay.hlog", "request.hlog"];

/// Writer of one run's files.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    began: Duration,
    /// Lengths of the growing files when the present block began.
    block: [u64; GROWING.len()],
    spoiled: u32,
}

impl RunDirectory {
    /// Makes the directory and its parents. One that holds a run already is refused.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(Error::write(&path))?;
        let mut directory = Self {
            path,
            began: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            block: [0; GROWING.len()],
            spoiled: 0,
        };
        if directory.file("run.json").exists() || directory.file("summary.csv").exists() {
            return Err(Error::Exists(directory.path));
        }
        // A typo or a full disk costs a second now, not an hour at the end.
        directory.append_bytes("summary.csv", Row::csv(&[]).as_bytes())?;
        directory.begin_block()?;
        Ok(directory)
    }

    /// Where the run is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `run.json` in one step: a reader sees the old one or the new one, never half of it.
    pub fn write_run(&self, run: &Run) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(run)
            .map_err(|error| Error::malformed(&self.file("run.json"), &error))?;
        text.push(b'\n');
        self.replace("run.json", &text)
    }

    /// Writes down one measurement.
    pub fn append(&mut self, measured: &Measured) -> Result<(), Error> {
        let window = Duration::from_nanos(measured.row.window_ns);
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .saturating_sub(self.began);
        let start = since.saturating_sub(window);
        let tag = &measured.row.transport;
        // The histogram first: a row without its histogram would shift those that follow.
        self.append_log("delay.hlog", tag, start, window, &measured.delay)?;
        self.append_log("request.hlog", tag, start, window, &measured.request)?;
        self.append_csv("timeline.csv", &measured.timeline)?;
        self.append_csv("resources.csv", &measured.resources)?;
        self.append_csv("positions.csv", &measured.positions)?;
        self.append_csv("summary.csv", std::slice::from_ref(&measured.row))
    }

    /// Remembers where a block begins, so that [`RunDirectory::spoil_block`] can take it out again.
    pub fn begin_block(&mut self) -> Result<(), Error> {
        for (length, name) in self.block.iter_mut().zip(GROWING) {
            let path = self.path.join(name);
            *length = match fs::metadata(&path) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
                Err(error) => return Err(Error::read(&path)(error)),
            };
        }
        Ok(())
    }

    /// Moves all that was written since [`RunDirectory::begin_block`] to
    /// `spoiled-1/`, `spoiled-2/`, …: it stays for whoever wants to look, but
    /// is no part of the result.
    pub fn spoil_block(&mut self) -> Result<PathBuf, Error> {
        self.spoiled += 1;
        let aside = self.file(&format!("spoiled-{}", self.spoiled));
        fs::create_dir_all(&aside).map_err(Error::write(&aside))?;
        for (name, length) in GROWING.into_iter().zip(self.block) {
            let path = self.file(name);
            let Ok(bytes) = fs::read(&path) else {
                continue; // nothing of this kind was measured
            };
            let length = (length as usize).min(bytes.len());
            let first_line = bytes.iter().position(|&b| b == b'\n').map_or(0, |at| at + 1);
            let mut moved = Vec::new();
            if length >= first_line && !name.ends_with("hlog") {
                moved.extend_from_slice(&bytes[..first_line]);
            }
            moved.extend_from_slice(&bytes[length..]);
            let copy = aside.join(name);
            fs::write(&copy, moved).map_err(Error::write(&copy))?;
            // The copy is complete before the original is cut.
            let file = OpenOptions::new().write(true).open(&path).map_err(Error::write(&path))?;
            file.set_len(length as u64).map_err(Error::write(&path))?;
        }
        Ok(aside)
    }

    /// Writes the pooled rows and the final `run.json`, and makes sure all is on the disk.
    pub fn finish(&mut self, run: &Run, pooled: &[Row]) -> Result<(), Error> {
        self.replace("pooled.csv", &lines::csv(pooled, true))?;
        for name in GROWING {
            let path = self.file(name);
            if let Ok(file) = File::open(&path) {
                file.sync_all().map_err(Error::write(&path))?;
            }
        }
        self.write_run(run)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn append_csv<T: Serialize>(&self, name: &str, records: &[T]) -> Result<(), Error> {
        let header = is_empty(&self.file(name));
        self.append_bytes(name, &lines::csv(records, header))
    }

    fn append_log(
        &self,
        name: &str,
        tag: &str,
        start: Duration,
        window: Duration,
        histogram: &hdrhistogram::Histogram<u64>,
    ) -> Result<(), Error> {
        let mut text = Vec::new();
        if is_empty(&self.file(name)) {
            text.extend_from_slice(hlog::header(self.began).as_bytes());
        }
        text.extend_from_slice(&hlog::line(tag, start, window, histogram));
        self.append_bytes(name, &text)
    }

    fn append_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let path = self.file(name);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(Error::write(&path))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        replace(&self.path, name, bytes)
    }
}

/// Writes a file of a directory in one step: a reader sees the old one or the new one.
pub(crate) fn replace(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = directory.join(name);
    let temporary = directory.join(format!(".{name}.new"));
    File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, &path))
        .and_then(|()| File::open(directory)?.sync_all())
        .map_err(|source| {
            let _ = fs::remove_file(&temporary);
            Error::write(&path)(source)
        })
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0) || !path.exists()
}
