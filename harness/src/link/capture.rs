//! All packets of a link in a file that Wireshark and tcpdump read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::clock::SECOND_NS;

/// Classic pcap with timestamps in ns (draft-ietf-opsawg-pcap, section 4).
const MAGIC_NS: u32 = 0xa1b2_3c4d;
/// Packets begin with their IP header (LINKTYPE_RAW, same draft's registry).
const LINKTYPE_RAW: u32 = 101;
/// No packet is cut short.
const SNAP_BYTES: u32 = 65_535;
/// Small enough that the kernel takes a full buffer in some ten µs, in which packets wait.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a capture loses at most when the process is killed, as it is when a run is interrupted.
const UNWRITTEN_NS: u64 = 100_000_000;

/// A capture that is being written. After an error it writes no more, and keeps what went wrong.
pub struct Capture {
    path: PathBuf,
    file: io::Result<BufWriter<File>>,
    /// `CLOCK_REALTIME` less `CLOCK_MONOTONIC`, ns: taken once, so that a step of the wall clock
    /// does not change the order of packets.
    offset_ns: u64,
    /// When the oldest packet came that may not be in the file yet, ns of `CLOCK_MONOTONIC`.
    unwritten_since_ns: Option<u64>,
}

impl Capture {
    /// Begins a file, replacing one that is there; its header is in it then.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, offset_ns: u64) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let begun = file.write_all(&file_header());
        let file = begun.map(|()| BufWriter::with_capacity(BUFFER_BYTES, file));
        Ok(Self { path: path.to_owned(), file, offset_ns, unwritten_since_ns: None })
    }

    /// Adds a packet that came at `now_ns` of `CLOCK_MONOTONIC`.
    pub fn add(&mut self, now_ns: u64, packet: &[u8]) {
        let Ok(file) = &mut self.file else { return };
        let header = packet_header(now_ns + self.offset_ns, packet.len() as u32);
        if let Err(error) = file.write_all(&header).and_then(|()| file.write_all(packet)) {
            self.file = Err(error);
        }
        self.unwritten_since_ns.get_or_insert(now_ns);
    }

    /// When what is buffered is to be written, ns of `CLOCK_MONOTONIC`; `None` if nothing is.
    pub fn write_due_ns(&self) -> Option<u64> {
        self.unwritten_since_ns.map(|since_ns| since_ns + UNWRITTEN_NS)
    }

    /// Writes what is buffered, if that is due; nothing else should be for some ten µs.
    pub fn write_if_due(&mut self, now_ns: u64) {
        if self.write_due_ns().is_none_or(|due_ns| now_ns < due_ns) {
            return;
        }
        self.unwritten_since_ns = None;
        if let Ok(file) = &mut self.file
            && let Err(error) = file.flush()
        {
            self.file = Err(error);
        }
    }

    /// Writes what is buffered; the sentence of what went wrong, if anything has.
    pub fn finish(self) -> Option<String> {
        let finished = self.file.and_then(|mut file| file.flush());
        let path = self.path.display();
        finished.err().map(|error| {
            format!("the capture {path} is incomplete, because writing it failed: {error}")
        })
    }
}

/// `FILE.pcap` becomes `FILE-sse-2.pcap`: a file per row's name and repetition.
#[must_use]
pub fn path_of(path: &Path, label: &str, repetition: u32) -> PathBuf {
    let extension = path
        .extension()
        .map_or_else(String::new, |extension| format!(".{}", extension.to_string_lossy()));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{label}-{repetition}{extension}"))
}

/// Whether a capture could be written there; a file of that name stays as it is.
///
/// # Errors
/// Why not.
pub fn check(path: &Path) -> io::Result<()> {
    let was_there = path.symlink_metadata().is_ok();
    // A pipe that nobody reads would block.
    OpenOptions::new().append(true).create(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if was_there { Ok(()) } else { fs::remove_file(path) }
}

fn file_header() -> [u8; 24] {
    let mut header = [0; 24];
    let (version, zone, accuracy) = (2_u32 | 4 << 16, 0, 0);
    let fields = [MAGIC_NS, version, zone, accuracy, SNAP_BYTES, LINKTYPE_RAW];
    for (place, field) in header.chunks_exact_mut(4).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    header
}

fn packet_header(time_ns: u64, bytes: u32) -> [u8; 16] {
    let mut header = [0; 16];
    let fields = [(time_ns / SECOND_NS) as u32, (time_ns % SECOND_NS) as u32, bytes, bytes];
    for (place, field) in header.chunks_exact_mut(4).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_has_its_packets_with_their_times_and_lengths() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("packets.pcap");
        let mut capture = Capture::create(&path, 1_700_000_000 * SECOND_NS).unwrap();
        capture.add(3 * SECOND_NS + 7, &[0x45, 1, 2]);
        capture.add(4 * SECOND_NS, &[0x45]);
        assert_eq!(capture.finish(), None);
        let bytes = fs::read(path).unwrap();
        assert_eq!(bytes.len(), 24 + 16 + 3 + 16 + 1);
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((word(0), word(20)), (0xa1b2_3c4d, 101));
        assert_eq!((word(24), word(28), word(32), word(36)), (1_700_000_003, 7, 3, 3));
        assert_eq!(&bytes[40..43], [0x45, 1, 2]);
        assert_eq!((word(43), word(51)), (1_700_000_004, 1));
    }

    #[test]
    fn a_packet_is_in_the_file_after_a_tenth_of_a_second_and_the_header_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("packets.pcap");
        let written = || fs::metadata(&path).unwrap().len();
        let mut capture = Capture::create(&path, 0).unwrap();
        assert_eq!((written(), capture.write_due_ns()), (24, None));
        capture.add(1_000, &[0x45; 40]);
        capture.add(2_000, &[0x45; 40]);
        let due_ns = capture.write_due_ns().unwrap();
        assert_eq!(due_ns, 100_001_000);
        capture.write_if_due(due_ns - 1);
        assert_eq!(written(), 24);
        capture.write_if_due(due_ns);
        assert_eq!((written(), capture.write_due_ns()), (24 + 2 * 56, None));
    }

    #[test]
    fn a_disk_that_is_full_ends_the_capture_with_a_sentence() {
        let mut capture = Capture::create(Path::new("/dev/full"), 0).unwrap();
        for now_ns in 0..100 {
            capture.add(now_ns, &[0x45; 1500]);
        }
        let sentence = capture.finish().unwrap();
        assert!(sentence.contains("/dev/full is incomplete") && sentence.contains("No space"));
    }

    #[test]
    fn a_check_refuses_what_cannot_be_written_and_leaves_all_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let [fresh, there, folder] =
            ["fresh", "there", "folder"].map(|name| directory.path().join(name));
        fs::write(&there, "kept").unwrap();
        fs::create_dir(&folder).unwrap();
        assert!(check(&fresh).is_ok() && !fresh.exists());
        assert!(check(&there).is_ok());
        assert_eq!(fs::read(&there).unwrap(), b"kept");
        assert!(check(&folder).is_err() && folder.is_dir());
        assert!(check(&folder.join("none/packets.pcap")).is_err());
    }

    #[test]
    fn each_row_and_repetition_has_a_file_of_its_own() {
        let name = |path| path_of(Path::new(path), "sse", 2).display().to_string();
        assert_eq!(name("a.b/wire.pcap"), "a.b/wire-sse-2.pcap");
        assert_eq!(name("wire"), "wire-sse-2");
    }
}
