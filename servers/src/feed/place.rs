//! Where a client is: epochs, cursors as text, and gaps.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A cursor as it is written: `<epoch>:<seq>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The life of the log.
    pub epoch: &'a str,
    /// The last update the client has.
    pub seq: u64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl Place<'_> {
    /// Writes it without the formatting machinery: ids of events are on the hot path.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut digits = [0; 20];
        out.extend_from_slice(self.epoch.as_bytes());
        out.push(b':');
        out.extend_from_slice(super::log::decimal(self.seq, &mut digits));
    }
}

/// Where a client wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From now on.
    Now,
    /// From the oldest update that is kept; not a gap, whatever is gone.
    Oldest,
    /// After this update of this epoch.
    After(u64),
    /// After an update of another life of the log.
    OtherEpoch,
}

/// A cursor that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected <epoch>:<seq>, such as k3f9:8, or 0 for the oldest kept")]
pub struct BadCursor;

impl super::Feed {
    /// Reads a cursor that a client has sent.
    pub fn start(&self, text: &str) -> Result<Start, BadCursor> {
        if text == "0" {
            return Ok(Start::Oldest);
        }
        let (epoch, seq) = text.split_once(':').ok_or(BadCursor)?;
        // `u64::from_str` would accept a plus sign.
        if !is_epoch(epoch) || !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadCursor);
        }
        let seq = seq.parse().map_err(|_| BadCursor)?;
        Ok(if epoch == self.epoch() { Start::After(seq) } else { Start::OtherEpoch })
    }
}

/// Why updates are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The ring had dropped them.
    Evicted,
    /// The cursor belongs to another life of the log.
    Epoch,
    /// The cursor is beyond the head.
    Future,
}

/// Updates that this client will not get. Delivery goes on from the oldest kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Why.
    pub reason: Reason,
    /// How many, where that can be known.
    pub lost: Option<u64>,
}

impl fmt::Display for Gap {
    /// The JSON object of the wire: `{"reason":"evicted","lost":3}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Evicted => "evicted",
            Reason::Epoch => "epoch",
            Reason::Future => "future",
        };
        match self.lost {
            Some(lost) => write!(f, "{{\"reason\":\"{reason}\",\"lost\":{lost}}}"),
            None => write!(f, "{{\"reason\":\"{reason}\",\"lost\":null}}"),
        }
    }
}

pub(super) fn is_epoch(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Six characters: short, because it travels with every event, and of one length, so that two runs
/// send the same number of bytes. std's own random keys are random enough to tell one life from the
/// next.
pub(super) fn random_epoch() -> String {
    let mut random = RandomState::new().build_hasher().finish();
    (0..6)
        .map(|_| {
            let digit = (random % 36) as u32;
            random /= 36;
            char::from_digit(digit, 36).expect("less than 36")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Feed;
    use super::*;

    fn feed() -> Feed {
        Feed::with_epoch("k3f9", 10, 1000)
    }

    #[test]
    fn a_cursor_is_read_back_as_it_was_written() {
        let feed = feed();
        let mut text = Vec::new();
        feed.place(8).write(&mut text);
        assert_eq!(text, feed.place(8).to_string().as_bytes());
        assert_eq!(feed.start(std::str::from_utf8(&text).unwrap()), Ok(Start::After(8)));
    }

    #[test]
    fn another_epoch_is_recognised() {
        assert_eq!(feed().start("zz:8"), Ok(Start::OtherEpoch));
        assert_eq!(feed().start("0123456789abcdef:8"), Ok(Start::OtherEpoch));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in [
            "",
            ":",
            "k3f9",
            "k3f9:",
            ":8",
            "-1",
            "abc",
            "1e9",
            "K3F9:8",
            "k3f9:-1",
            "k3f9:+1",
            "k3f9:1e9",
            "k3f9:8 ",
            "k3f9:18446744073709551616",
            "0123456789abcdefg:8",
            "k3f9:8:9",
            "\0",
            "00",
            "é:1",
        ] {
            assert_eq!(feed().start(text), Err(BadCursor), "{text:?}");
        }
        assert_eq!(feed().start("k3f9:18446744073709551615"), Ok(Start::After(u64::MAX)));
    }

    #[test]
    fn each_life_has_an_epoch_of_its_own() {
        let (one, two) = (random_epoch(), random_epoch());
        assert!(is_epoch(&one) && is_epoch(&two));
        assert_ne!(one, two);
    }
}
