//! Bad input: one line that names file, line, key and the allowed range.

mod common;

use std::fmt::Write as _;

use common::{Mistake, RIGHT, load, sentences};
use scenarios::Scenario;

const MISTAKES: &[Mistake] = &[
    ("not TOML", &[("clients = 10", "clients = = 10")]),
    ("a key twice", &[("clients = 10", "clients = 10\nclients = 11")]),
    ("unclosed string", &[("\"a test\"", "\"a test")]),
    ("number too large for TOML", &[("clients = 10", "clients = 99999999999999999999")]),
    ("unknown key", &[("clients = 10", "client = 10")]),
    ("unknown key in a table", &[("payload_bytes = 128", "payload_byts = 128")]),
    ("unknown key near nothing", &[("payload_bytes = 128", "colour = 128")]),
    ("unknown table", &[("[server]", "[sever]")]),
    ("a key with a dot", &[("clients = 10", "clients = 10\n\"feed.rate\" = \"5/s\"")]),
    ("the name is not a key", &[("clients = 10", "clients = 10\nname = \"x\"")]),
    ("format missing", &[("format = 1\n", "")]),
    ("format unknown", &[("format = 1", "format = 2")]),
    ("about missing", &[("about = \"a test\"\n", "")]),
    ("about empty", &[("\"a test\"", "\" \"")]),
    ("about on two lines", &[("\"a test\"", "\"a\\ntest\"")]),
    ("clients missing", &[("clients = 10\n", "")]),
    ("clients 0", &[("clients = 10", "clients = 0")]),
    ("clients negative", &[("clients = 10", "clients = -3")]),
    ("clients too many", &[("clients = 10", "clients = 5000000000")]),
    ("clients a float", &[("clients = 10", "clients = 10.5")]),
    ("clients a text", &[("clients = 10", "clients = \"many\"")]),
    ("clients a table", &[("clients = 10", "clients = {}")]),
    (
        "feed not a table",
        &[("[feed]\nkind = \"poisson\"\nrate = \"20/s\"\npayload_bytes = 128", "feed = 3")],
    ),
    ("kind missing", &[("kind = \"poisson\"\n", "")]),
    ("kind unknown", &[("\"poisson\"", "\"gauss\"")]),
    ("rate missing", &[("rate = \"20/s\"\n", "")]),
    ("rate a number", &[("\"20/s\"", "20")]),
    ("rate without a time", &[("\"20/s\"", "\"20\"")]),
    ("rate 0", &[("\"20/s\"", "\"0/s\"")]),
    ("rate negative", &[("\"20/s\"", "\"-5/s\"")]),
    ("rate not a number", &[("\"20/s\"", "\"nan/s\"")]),
    ("rate infinite", &[("\"20/s\"", "\"inf/s\"")]),
    ("rate per nothing", &[("\"20/s\"", "\"5/0s\"")]),
    ("rate above what a clock resolves", &[("\"20/s\"", "\"1e9/s\"")]),
    ("rate that fills the memory", &[("\"20/s\"", "\"1000000/s\""), ("\"5s\"", "\"1h\"")]),
    ("rate that publishes nothing", &[("\"poisson\"", "\"periodic\""), ("\"20/s\"", "\"1/h\"")]),
    ("payload smaller than its stamp", &[("payload_bytes = 128", "payload_bytes = 16")]),
    ("payload too large", &[("payload_bytes = 128", "payload_bytes = 2000000")]),
    ("twins a number", &[("seed = 7", "twins = 1")]),
    ("expect not a table", &[("clients = 10", "clients = 10\nexpect = \"fast\"")]),
    ("expect without a transport", &[("[server]", "[expect]\ndelay_p99 = \"< 1s\"\n[server]")]),
    ("expect of who does not run", &[("[server]", "[expect.tpc]\nmissing = \"<= 0\"\n[server]")]),
    ("expect nothing", &[("[server]", "[expect.tcp]\n[server]")]),
    ("expect a number", &[("[server]", "[expect.tcp]\nmissing = 0\n[server]")]),
    ("latest_value", &[("payload_bytes = 128", "latest_value = 1")]),
    ("speed without a trace", &[("payload_bytes = 128", "speed = 2")]),
    ("trace without its kind", &[("payload_bytes = 128", "trace = \"x.csv\"")]),
    ("on without bursts", &[("payload_bytes = 128", "on = \"1s\"")]),
    ("bursts without on", &[("\"poisson\"", "\"bursts\"")]),
    ("bursts without off", &[("kind = \"poisson\"", "kind = \"bursts\"\non = \"1s\"")]),
    ("on 0", &[("kind = \"poisson\"", "kind = \"bursts\"\non = \"0s\"\noff = \"1s\"")]),
    ("a trace with a rate", &[("kind = \"poisson\"", "kind = \"trace\"\ntrace = \"good.csv\"")]),
    ("trace not named", &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"")]),
    (
        "trace missing",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"none.csv\"")],
    ),
    (
        "trace unsorted",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"unsorted.csv\"")],
    ),
    (
        "trace empty",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"empty.csv\"")],
    ),
    (
        "trace without at_ms",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"headless.csv\"")],
    ),
    (
        "trace with a ragged row",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"ragged.csv\"")],
    ),
    (
        "trace with a negative time",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"negative.csv\"")],
    ),
    (
        "trace with the payload's own names",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"shadow.csv\"")],
    ),
    (
        "trace that is not text",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"binary.csv\"")],
    ),
    (
        "trace too slow for the window",
        &[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"late.csv\"")],
    ),
    (
        "speed 0",
        &[(
            "kind = \"poisson\"\nrate = \"20/s\"",
            "kind = \"trace\"\ntrace = \"good.csv\"\nspeed = 0",
        )],
    ),
    (
        "speed not a number",
        &[(
            "kind = \"poisson\"\nrate = \"20/s\"",
            "kind = \"trace\"\ntrace = \"good.csv\"\nspeed = nan",
        )],
    ),
    (
        "speed infinite",
        &[(
            "kind = \"poisson\"\nrate = \"20/s\"",
            "kind = \"trace\"\ntrace = \"good.csv\"\nspeed = inf",
        )],
    ),
    ("duration 0", &[("\"5s\"", "\"0s\"")]),
    ("duration a number", &[("\"5s\"", "5")]),
    ("duration without a unit", &[("\"5s\"", "\"5\"")]),
    ("duration negative", &[("\"5s\"", "\"-5s\"")]),
    ("duration that overflows", &[("\"5s\"", "\"99999999999999999999s\"")]),
    ("duration too long", &[("\"5s\"", "\"100 days\"")]),
    ("window shorter than the poll interval", &[("interval = \"1s\"", "interval = \"6s\"")]),
    ("ramp negative", &[("[measure]", "[measure]\nramp = \"-1s\"")]),
    ("warmup without a unit", &[("[measure]", "[measure]\nwarmup = 3")]),
    ("repeat 0", &[("repeat = 2", "repeat = 0")]),
    ("seed negative", &[("seed = 7", "seed = -7")]),
    ("workers 0", &[("seed = 7", "workers = 0")]),
    ("threads 0", &[("threads = 1", "threads = 0")]),
    ("cpus empty", &[("threads = 1", "cpus = []")]),
    ("cpus negative", &[("threads = 1", "cpus = [-1]")]),
    ("cpus twice", &[("threads = 1", "cpus = [1, 1]")]),
    ("cpus not a list", &[("threads = 1", "cpus = \"0-3\"")]),
    ("history 0", &[("threads = 1", "history = 0")]),
    ("coalesce a word", &[("threads = 1", "coalesce = \"yes\"")]),
    ("congestion empty", &[("threads = 1", "congestion = \"\"")]),
    ("congestion no name", &[("threads = 1", "congestion = \"reno; rm\"")]),
    (
        "transports empty",
        &[("[transports.short-poll]\ninterval = \"1s\"\n\n[transports.tcp]", "[transports]")],
    ),
    (
        "transports missing",
        &[("[transports.short-poll]\ninterval = \"1s\"\n\n[transports.tcp]", "")],
    ),
    (
        "transport not a table",
        &[(
            "[transports.short-poll]\ninterval = \"1s\"\n\n[transports.tcp]",
            "[transports]\ntcp = true",
        )],
    ),
    ("transport with a date", &[("interval = \"1s\"", "interval = 2024-01-01")]),
    ("transport with infinity", &[("interval = \"1s\"", "interval = inf")]),
];

const TRACES: &[(&str, &[u8])] = &[
    ("good.csv", b"at_ms,x\n0,1\n10,2\n"),
    ("unsorted.csv", b"at_ms,x\n0,1\n10,2\n5,3\n"),
    ("empty.csv", b"at_ms,x\n"),
    ("headless.csv", b"time,x\n0,1\n"),
    ("ragged.csv", b"at_ms,x\n0,1\n10\n"),
    ("negative.csv", b"at_ms,x\n-5,1\n"),
    ("shadow.csv", b"at_ms,n\n0,1\n"),
    ("binary.csv", b"at_ms,x\n0,\xff\n"),
    ("late.csv", b"at_ms,x\n60000,1\n"),
];

#[test]
fn the_scenario_that_the_mistakes_are_made_in_is_right() {
    load(RIGHT, &[]).expect("nothing is wrong with it");
}

#[test]
fn every_mistake_has_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in TRACES {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    insta::assert_snapshot!(sentences(folder.path(), MISTAKES));
}

#[test]
fn every_mistake_on_the_command_line_names_the_set() {
    let sets = [
        "clients",
        "clients=0",
        "clients=ten",
        "=5",
        "feed..rate=5/s",
        "feed rate=5/s",
        "feed.rate=",
        "feed.rate=5",
        "feed.rat=5/s",
        "clients.of=3",
        "feed.speed=2",
        "feed.kind=trace",
        "feed.trace=none.csv",
        "measure.duration=5",
        "measure.duration=500ms",
        "transports.short-poll.interval=1h",
        "transports=5",
        "transports={}",
        "about=a\nb",
        "server.cpus=[0, 0]",
        r#"feed={ kind = "poisson" }"#,
        r#"feed={ kind = "poisson", rate = "5/s", speed = 2 }"#,
        r#"feed={ kind = "trace", trace = "none.csv", rate = "5/s" }"#,
        r#"link={ loss = "1%", loss_down = 0.2, loss_up = 0 }"#,
        r#"link={ preset = "3g", rtt = "80ms", delay_down = "9ms", delay_up = "9ms" }"#,
        r#"link={ queue = "10ms" }"#,
        r#"link={ up = "8Mbit/s", queue = "10ms", queue_up = "20ms" }"#,
        r#"link={ queue_down = "10ms" }"#,
        r#"link={ cut = [{ at = "1s" }] }"#,
    ];
    let mut sentences = String::new();
    for set in sets {
        let error = load(RIGHT, &[set]).expect_err(set);
        assert!(!error.contains('\n'), "{set:?} takes more than one line: {error}");
        writeln!(sentences, "{error}").unwrap();
    }
    insta::assert_snapshot!(sentences);
}

#[test]
fn a_scenario_that_is_not_there_is_said_with_those_that_are() {
    let error = |name: &str| Scenario::load(name, &[]).unwrap_err().to_string();
    insta::assert_snapshot!(
        [error("basline"), error("nothing"), error("no/such.toml"), error("/")].join("\n")
    );
}

#[test]
fn an_error_found_later_still_names_the_line() {
    let scenario = load(RIGHT, &["transports.tcp.depth=3"]).unwrap();
    let error = |key| {
        scenario.error_at(key, "must be right").to_string().rsplit('/').next().unwrap().to_owned()
    };
    assert_eq!(
        error("transports.short-poll.interval"),
        "test.toml:19: transports.short-poll.interval: must be right"
    );
    assert_eq!(
        error("transports.tcp.depth"),
        "--set transports.tcp.depth=3: transports.tcp.depth: must be right"
    );
    // A default that turns out wrong has the place of its table.
    assert_eq!(
        error("transports.short-poll.pacing"),
        "test.toml:18: transports.short-poll.pacing: must be right"
    );
    assert_eq!(error("nothing.of.this"), "test.toml:1: nothing.of.this: must be right");
}
