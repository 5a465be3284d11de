//! Long polling: ask, wait until there is news, ask again.

use std::time::Duration;

use super::poll::Poll;
use super::request::{self, CONDITIONAL, COOKIE_BYTES, KEEP_ALIVE};
use super::{Client, Following, Start};
use crate::clock;
use crate::dial::Dial;
use crate::inbox::{Inbox, Next};
use servers::{Knob, KnobKind, Params};

pub const CLIENT: Client = Client {
    name: "long-poll",
    knobs: &[HOLD, REARM_DELAY, OUTSTANDING, KEEP_ALIVE, CONDITIONAL, COOKIE_BYTES, REPLAY],
    check,
    patience: |params| params.duration(&REARM_DELAY),
    follow,
};

const HOLD: Knob = Knob {
    name: "hold",
    about: "longest time for which the server may hold a request",
    default: "25s",
    kind: KnobKind::Duration { min: Duration::from_secs(1), max: Duration::from_secs(55) },
};

const REARM_DELAY: Knob = Knob {
    name: "rearm_delay",
    about: "pause between an answer and the next request",
    default: "0s",
    kind: KnobKind::Duration { min: Duration::ZERO, max: Duration::from_secs(60) },
};

/// RFC 6202 section 5.2: with a request waiting behind the one that is answered the server can go
/// on at once. More than two help only if more answers fall into one gap.
const OUTSTANDING: Knob = Knob {
    name: "outstanding",
    about: "requests in flight, pipelined on the connection",
    default: "1",
    kind: KnobKind::Integer { min: 1, max: 8 },
};

/// Used by the calibration: with one update to a page and the cursor at the oldest, the server
/// never has to hold, and the cycle of the exchange is the re-arm gap.
const REPLAY: Knob = Knob {
    name: "replay",
    about: "calibration only: ask for the oldest update again and again, one to an answer",
    default: "false",
    kind: KnobKind::Flag,
};

fn follow(dial: Dial, inbox: Inbox, params: Params, start: Start) -> Following {
    Box::pin(async move {
        let hold = params.duration(&HOLD);
        let rearm_delay_ns = params.duration(&REARM_DELAY).as_nanos() as u64;
        let outstanding = params.integer(&OUTSTANDING) as usize;
        let replay = params.flag(&REPLAY);
        let limit = if replay { "&limit=1" } else { "" };
        dial.alarm.until(start.at_ns).await;
        let ask = ("/long-poll", format!("&hold={}{limit}", hold.as_secs()));
        let mut poll = Poll::start(&dial, &inbox, &params, start, ask).await?;
        loop {
            if replay {
                poll.rewind();
            }
            while poll.outstanding() < outstanding {
                poll.ask().await?;
            }
            poll.answer().await?;
            let now_ns = clock::now_ns();
            poll.quiet(now_ns, Next::Unknown);
            if rearm_delay_ns > 0 {
                dial.alarm.until(now_ns + rearm_delay_ns).await;
            }
        }
    })
}

/// What cannot be together with requests that are sent before the last answer is there.
fn check(params: &Params) -> Result<(), (&'static str, String)> {
    request::check(params)?;
    let outstanding = params.integer(&OUTSTANDING);
    if outstanding > 1 && !params.flag(&KEEP_ALIVE) {
        let problem = "must be 1 where keep_alive is false: requests are pipelined on a connection";
        return Err((
            OUTSTANDING.name,
            format!("{problem}, and {outstanding} need one that stays"),
        ));
    }
    if outstanding > 1 && params.flag(&CONDITIONAL) {
        let problem = "must be 1 where conditional is true: a request that is sent before the last";
        return Err((OUTSTANDING.name, format!("{problem} answer is there cannot name its ETag")));
    }
    Ok(())
}
