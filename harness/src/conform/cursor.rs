//! `k3f9:8`

use std::fmt;

use super::{Seen, instead};

/// A place in a feed's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The life of the log.
    pub epoch: String,
    /// The last update that was seen.
    pub seq: u64,
}

impl Cursor {
    /// Reads one, as strictly as the protocol writes it.
    pub fn read(text: &str) -> Result<Self, Seen> {
        let is_epoch = |epoch: &str| {
            (1..=16).contains(&epoch.len())
                && epoch.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        };
        let is_number = |seq: &str| seq.bytes().all(|byte| byte.is_ascii_digit());
        match text.split_once(':') {
            Some((epoch, seq)) if is_epoch(epoch) && is_number(seq) => match seq.parse() {
                Ok(seq) => Ok(Self { epoch: epoch.to_owned(), seq }),
                Err(_) => instead(format!("the cursor {text:?}, whose number is no u64")),
            },
            _ => instead(format!("the cursor {text:?}, which is not <epoch>:<seq>")),
        }
    }

    /// So many updates earlier.
    pub fn back(&self, count: u64) -> Self {
        Self { epoch: self.epoch.clone(), seq: self.seq.saturating_sub(count) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}
