//! What is run, and how it differs from the scenario that it starts from.

use super::Setup;

const fn setup(
    name: &'static str,
    sets: &'static [&'static str],
    quick: &'static [&'static str],
) -> Setup {
    Setup { name, base: "baseline", sets, quick }
}

/// All of them, in no order: the plan takes them as the checks come.
pub const ALL: &[Setup] = &[
    setup(
        "push",
        &[
            "clients=10",
            "link.rtt=50ms",
            "feed.rate=100/s",
            "measure.duration=22s",
            "transports={ tcp = {}, sse = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    setup(
        "poll-uniform",
        &[
            "clients=200",
            "feed.rate=20/s",
            "measure.duration=108s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[
            "feed.rate=25/s",
            "measure.duration=5s",
            "transports={ short-poll = { interval = '200ms' } }",
        ],
    ),
    setup(
        "fixed-delay",
        &[
            "clients=200",
            "link.rtt=50ms",
            "feed.rate=5/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '1s', pacing = 'fixed-delay' } }",
        ],
        &[],
    ),
    setup(
        "poll-zero",
        &[
            "clients=20",
            "link.rtt=100ms",
            "feed.rate=20/s",
            "measure.duration=30s",
            "transports={ short-poll = { interval = '1ms' } }",
        ],
        &[],
    ),
    setup(
        "phase-lock",
        &[
            "clients=200",
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=30s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &["measure.duration=4s"],
    ),
    setup(
        "long-poll-low",
        &[
            "clients=10",
            "link.rtt=20ms",
            "feed.rate=2.5/s",
            "measure.duration=840s",
            "transports={ long-poll = {} }",
        ],
        &[],
    ),
    setup(
        "long-poll-high",
        &[
            "clients=10",
            "link.rtt=50ms",
            "feed.rate=100/s",
            "measure.duration=22s",
            "transports={ long-poll = {} }",
        ],
        &["measure.duration=4s"],
    ),
    knee("knee-100", &["link.rtt=200ms"]),
    knee("knee-120", &["link.rtt=240ms"]),
    knee("knee-130", &["link.rtt=260ms"]),
    knee("knee-150", &["link.rtt=300ms"]),
    setup(
        "empties",
        &[
            "clients=20",
            "feed.rate=0.5/s",
            "measure.duration=120s",
            "transports={ long-poll = { hold = '1s', rearm_delay = '100ms' } }",
        ],
        &[],
    ),
    setup(
        "empties-quiet",
        &[
            "clients=20",
            "feed.kind=periodic",
            "feed.rate=1/min",
            "measure.duration=240s",
            "transports={ long-poll = { hold = '1s' } }",
        ],
        &[],
    ),
    load("poll-load-0.1", &["feed.rate=0.1/s", "measure.duration=60s"]),
    load("poll-load-1", &["feed.rate=1/s", "measure.duration=20s"]),
    load("poll-load-100", &["feed.rate=100/s", "measure.duration=20s"]),
    setup(
        "half-empty",
        &[
            "clients=50",
            "feed.rate=4/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[],
    ),
    setup(
        "latest-value",
        &[
            "clients=50",
            "feed.rate=4/s",
            "measure.duration=60s",
            "feed.latest_value=true",
            "transports={ short-poll = { interval = '250ms' } }",
        ],
        &[],
    ),
    setup(
        "packets-slow",
        &[
            "clients=20",
            "link.rtt=0s",
            "feed.kind=periodic",
            "feed.rate=10/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '101ms' }, long-poll = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    setup(
        "packets-fast",
        &[
            "clients=5",
            "link.rtt=0s",
            "feed.kind=periodic",
            "feed.rate=100/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '11ms' }, long-poll = {}, websocket = {} }",
        ],
        &["measure.duration=2s"],
    ),
    Setup {
        name: "stall",
        base: "stall",
        sets: &[
            "measure.duration=203s",
            "transports={ short-poll = { interval = '10ms' }, websocket = {} }",
        ],
        quick: &[],
    },
    setup(
        "age",
        &[
            "clients=50",
            "feed.rate=10/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '200ms' }, websocket = {} }",
        ],
        &[
            "feed.rate=20/s",
            "measure.duration=4s",
            "transports={ short-poll = { interval = '100ms' }, websocket = {} }",
        ],
    ),
    setup(
        "coherence",
        &[
            "clients=50",
            "link.rtt=40ms",
            "feed.rate=10/s",
            "measure.duration=60s",
            "transports={ short-poll = { interval = '500ms' } }",
        ],
        &[],
    ),
    fan_out("fan-out-100", &["clients=100"]),
    fan_out("fan-out-400", &["clients=400"]),
    fan_out("fan-out-1600", &["clients=1600"]),
    fan_out("fan-out-3200", &["clients=3200"]),
    break_even("break-even-1000", &["transports={ short-poll = { interval = '1s' } }"]),
    break_even(
        "break-even-500",
        &["transports={ short-poll = { interval = '500ms' }, websocket = {} }"],
    ),
    break_even("break-even-250", &["transports={ short-poll = { interval = '250ms' } }"]),
    break_even(
        "batching-20",
        &["feed.rate=20/s", "transports={ long-poll = { rearm_delay = '100ms' }, websocket = {} }"],
    ),
    break_even(
        "batching-100",
        &[
            "feed.rate=100/s",
            "transports={ long-poll = { rearm_delay = '100ms' }, websocket = {} }",
        ],
    ),
    setup(
        "closure",
        &[
            "clients=500",
            "feed.kind=periodic",
            "feed.rate=50/s",
            "measure.duration=10s",
            "transports={ websocket = {} }",
        ],
        &[],
    ),
    tripwire("nagle-off", &["server.nodelay=false"]),
    tripwire("nagle-on", &["server.nodelay=true"]),
    setup(
        "timer-tokio",
        &[
            "clients=5",
            "feed.rate=20/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '10ms', pacing = 'fixed-delay', timer = 'tokio' } }",
        ],
        &[],
    ),
    setup(
        "timer-exact",
        &[
            "clients=5",
            "feed.rate=20/s",
            "measure.duration=10s",
            "transports={ short-poll = { interval = '10ms', pacing = 'fixed-delay' } }",
        ],
        &[],
    ),
    memory("memory-few", &["clients=100", LIBRARYS]),
    memory("memory-many", &["clients=1000", LIBRARYS]),
    memory("memory-few-4k", &["clients=100", SMALL]),
    memory("memory-many-4k", &["clients=1000", SMALL]),
];

/// The read buffer as tungstenite ships it, and a small one. They are allocated when a client first
/// says something, which is its answer to a heartbeat.
const LIBRARYS: &str =
    "transports={ websocket = { read_buffer_bytes = 131072, heartbeat = '500ms' } }";
const SMALL: &str = "transports={ websocket = { read_buffer_bytes = 4096, heartbeat = '500ms' } }";

/// Four updates a second around the delay at which a long poll no longer comes back in time.
const fn knee(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-knee", sets, quick: &[] }
}

const fn load(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-load", sets, quick: &[] }
}

const fn fan_out(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-fan-out", sets, quick: &[] }
}

const fn break_even(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-break-even", sets, quick: &[] }
}

const fn tripwire(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-tripwire", sets, quick: &[] }
}

const fn memory(name: &'static str, sets: &'static [&'static str]) -> Setup {
    Setup { name, base: "validate-memory", sets, quick: &[] }
}

/// Setups of a family: what they have in common.
pub(super) const FAMILIES: &[(&str, &[&str])] = &[
    (
        "validate-knee",
        &[
            "clients=10",
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=26s",
            "transports={ long-poll = {}, websocket = {} }",
        ],
    ),
    ("validate-load", &["clients=1000", "transports={ short-poll = { interval = '1s' } }"]),
    (
        "validate-fan-out",
        &[
            "feed.kind=periodic",
            "feed.rate=4/s",
            "measure.duration=10s",
            "transports={ websocket = {} }",
        ],
    ),
    (
        "validate-break-even",
        &[
            "clients=20",
            "link.rtt=0s",
            "feed.rate=10/s",
            "feed.payload_bytes=100",
            "measure.duration=20s",
        ],
    ),
    (
        "validate-tripwire",
        &[
            "clients=5",
            "feed.kind=periodic",
            "feed.rate=10/s",
            "measure.duration=20s",
            "transports={ short-poll = { interval = '250ms', writes = 2 } }",
        ],
    ),
    ("validate-memory", &["feed.kind=periodic", "feed.rate=1/s", "measure.duration=5s"]),
];
