//! The floor: a length and an envelope, again and again.

use std::time::{Duration, Instant};

use super::page;
use super::push::Push;
use super::wire::{PATIENCE, Wire};
use super::{Check, Rule, Subject, instead};

pub const RULES: &[Rule] = &[Rule {
    name: "envelopes",
    says: "Per update a u32 length, big-endian, and the envelope, from now on.",
    of: &["tcp"],
    needed: true,
    check: envelopes,
}];

fn envelopes(subject: &Subject, _: &str) -> Check {
    let Some(at) = &subject.tcp else { return instead("no address") };
    let mut wire = Wire::connect(at)?;
    // Nothing says when the server has taken a connection: from the first update on there is no hole.
    let asked = Instant::now();
    while wire.buffer.is_empty() {
        if asked.elapsed() > PATIENCE {
            return instead("nothing of all that was published");
        }
        subject.publish_some(1)?;
        wire.look(Duration::from_millis(50))?;
    }
    let (payloads, head) = subject.publish_some(3)?;
    let mut push = Push::tcp(wire);
    let mut seq = page::seq(&push.update()?.0)?;
    while seq < head.seq {
        let (envelope, _) = push.update()?;
        seq += 1;
        match (seq + 3).checked_sub(head.seq + 1) {
            Some(place) => page::holds(seq, &payloads[place as usize], &envelope)?,
            None if page::seq(&envelope)? != seq => {
                return instead(format!("{envelope} where {seq} follows"));
            }
            None => {}
        }
    }
    Ok(())
}
