//! What a poll answers, and what an envelope must be.

use serde_json::Value;
use serde_json::value::RawValue;

use super::cursor::Cursor;
use super::wire::Answer;
use super::{Check, Seen, instead};
use crate::decode::envelope;

/// The body of a poll's answer.
#[derive(serde::Deserialize)]
pub struct Page {
    /// Where the client then is.
    pub cursor: String,
    /// What was lost, if anything.
    pub gap: Option<Value>,
    /// The envelopes.
    pub updates: Vec<Box<RawValue>>,
}

impl Page {
    /// Reads a 200.
    pub fn read(answer: &Answer) -> Result<Self, Seen> {
        answer.is(200)?;
        let page: Result<Self, _> = serde_json::from_slice(&answer.body);
        page.or_else(|error| {
            instead(format!(
                "{}, which is no {{\"cursor\":…,\"updates\":[…]}}: {error}",
                answer.shown()
            ))
        })
    }

    /// Wants the payloads behind `after`, and the cursor at the last of them.
    pub fn holds(&self, after: &Cursor, payloads: &[String]) -> Check {
        let texts: Vec<&str> = self.updates.iter().map(|update| update.get()).collect();
        follow(after, payloads, &texts)?;
        let seq = after.seq + payloads.len() as u64;
        let last = Cursor { epoch: after.epoch.clone(), seq }.to_string();
        if self.cursor == last {
            Ok(())
        } else {
            instead(format!("the cursor {}, not {last}", self.cursor))
        }
    }
}

/// Wants these envelopes to carry these payloads, without a hole in their numbers.
pub fn follow(after: &Cursor, payloads: &[String], envelopes: &[&str]) -> Check {
    if envelopes.len() != payloads.len() {
        return instead(format!("{} updates instead of {}", envelopes.len(), payloads.len()));
    }
    for ((seq, payload), envelope) in (after.seq + 1..).zip(payloads).zip(envelopes) {
        holds(seq, payload, envelope)?;
    }
    Ok(())
}

/// Wants `{"seq":8,"data":<payload>}`, as the load clients read it.
pub fn holds(seq: u64, payload: &str, text: &str) -> Check {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return instead(format!("{text}, which is no JSON: {error}")),
    };
    if value["seq"].as_u64() != Some(seq) {
        return instead(format!("seq {} where {seq} follows", value["seq"]));
    }
    let expected: Value = serde_json::from_str(payload).unwrap_or_default();
    if value["data"] != expected {
        return instead(format!("data {} instead of {payload}", value["data"]));
    }
    match envelope::read(text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => instead(error.to_string()),
    }
}

/// The number of an envelope.
pub fn seq(text: &str) -> Result<u64, Seen> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    value["seq"].as_u64().map_or_else(|| instead(format!("{text}, which has no seq")), Ok)
}
