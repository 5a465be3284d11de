//! Long polling: ask, wait until there is news, ask again.

use std::time::Duration;

use super::poll::Poll;
use super::{Client, Following, Start};
use crate::clock;
use crate::dial::Dial;
use crate::inbox::{Inbox, Next};
use servers::{Knob, KnobKind, Params};

pub const CLIENT: Client = Client {
    name: "long-poll",
    knobs: &[HOLD, REARM_DELAY, REPLAY],
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
        let replay = params.flag(&REPLAY);
        let limit = if replay { "&limit=1" } else { "" };
        dial.alarm.until(start.at_ns).await;
        let query = format!("&hold={}{limit}", hold.as_secs());
        let mut poll = Poll::start(&dial, &inbox, "/long-poll", query).await?;
        loop {
            if replay {
                poll.rewind();
            }
            poll.exchange().await?;
            let now_ns = clock::now_ns();
            poll.socket().quiet(now_ns, Next::Unknown);
            if rearm_delay_ns > 0 {
                dial.alarm.until(now_ns + rearm_delay_ns).await;
            }
        }
    })
}
