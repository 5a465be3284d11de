//! Bad input about the link, TLS and stalls: one line that names file, line, key and what is allowed.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use common::{Mistake, RIGHT, changed, load, sentences};

const MISTAKES: &[Mistake] = &[
    (
        "tls not a flag",
        &[("[server]", "[link]\n[server]"), ("clients = 10", "clients = 10\ntls = 1")],
    ),
    ("resumption without TLS", &[("clients = 10", "clients = 10\ntls_resumption = false")]),
    ("link not a table", &[("clients = 10", "clients = 10\nlink = \"3g\"")]),
    ("link preset unknown", &[("[server]", "[link]\npreset = \"5g\"\n[server]")]),
    ("link key unknown", &[("[server]", "[link]\nlatency = \"5ms\"\n[server]")]),
    ("rtt a number", &[("[server]", "[link]\nrtt = 80\n[server]")]),
    ("loss negative", &[("[server]", "[link]\nloss = -0.1\n[server]")]),
    ("loss over one", &[("[server]", "[link]\nloss = 1.5\n[server]")]),
    ("loss one way over one", &[("[server]", "[link]\nloss_up = 2\n[server]")]),
    ("loss of a percentage over 90", &[("[server]", "[link]\nloss = \"95%\"\n[server]")]),
    ("loss of a negative percentage", &[("[server]", "[link]\nloss_down = \"-1%\"\n[server]")]),
    ("loss a text without a percent sign", &[("[server]", "[link]\nloss = \"0.01\"\n[server]")]),
    ("bursts without loss", &[("[server]", "[link]\nloss_burst = 4\n[server]")]),
    (
        "bursts that are shorter than chance makes them",
        &[("[server]", "[link]\nloss = 0.8\nloss_burst = 2\n[server]")],
    ),
    ("reorder without jitter", &[("[server]", "[link]\nreorder = true\n[server]")]),
    ("bandwidth 0", &[("[server]", "[link]\ndown = \"0Mbit/s\"\n[server]")]),
    ("bandwidth in bytes", &[("[server]", "[link]\nup = \"1MB/s\"\n[server]")]),
    ("queue without bandwidth", &[("[server]", "[link]\nqueue = \"10ms\"\n[server]")]),
    (
        "queue smaller than a packet",
        &[("[server]", "[link]\ndown = \"1.6Mbit/s\"\nqueue = \"1ms\"\n[server]")],
    ),
    (
        "queue one way smaller than a packet",
        &[("[server]", "[link]\nup = \"8Mbit/s\"\nqueue_up = \"1000B\"\n[server]")],
    ),
    (
        "default queue smaller than a packet",
        &[("[server]", "[link]\ndown = \"64kbit/s\"\n[server]")],
    ),
    (
        "cut beyond the window",
        &[("[server]", "[link]\n[[link.cut]]\nat = \"4s\"\nfor = \"2s\"\n[server]")],
    ),
    ("cut without its length", &[("[server]", "[link]\n[[link.cut]]\nat = \"1s\"\n[server]")]),
    (
        "cut of an unknown direction",
        &[(
            "[server]",
            "[link]\n[[link.cut]]\nat = \"1s\"\nfor = \"1s\"\ndirection = \"left\"\n[server]",
        )],
    ),
    ("cut not a list", &[("[server]", "[link]\ncut = \"1s\"\n[server]")]),
    (
        "second freeze beyond the window",
        &[(
            "threads = 1",
            "threads = 1\n[[server.freeze]]\nat = \"1s\"\nfor = \"1s\"\n\
             [[server.freeze]]\nat = \"5s\"\nfor = \"1s\"",
        )],
    ),
    (
        "freeze longer than its period",
        &[(
            "threads = 1",
            "threads = 1\n[[server.freeze]]\nat = \"1s\"\nevery = \"1s\"\nfor = \"1s\"",
        )],
    ),
    (
        "freezes that overlap",
        &[(
            "threads = 1",
            "threads = 1\n[[server.freeze]]\nat = \"1s\"\nfor = \"1s\"\n\
             [[server.freeze]]\nat = \"1500ms\"\nfor = \"1s\"",
        )],
    ),
    (
        "freeze with an unknown key",
        &[("threads = 1", "threads = 1\n[[server.freeze]]\nat = \"1s\"\nlasts = \"1s\"")],
    ),
    (
        "queue of a month",
        &[("[server]", "[link]\nup = \"8Mbit/s\"\nqueue = \"30 days\"\n[server]")],
    ),
    (
        "queue of a terabyte",
        &[("[server]", "[link]\nup = \"8Mbit/s\"\nqueue_up = \"1000000MiB\"\n[server]")],
    ),
    (
        "queue of a time that is too large at its bandwidth",
        &[("[server]", "[link]\nup = \"1Gbit/s\"\nqueue = \"10s\"\n[server]")],
    ),
    (
        "queue of a direction without bandwidth",
        &[("[server]", "[link]\nup = \"8Mbit/s\"\nqueue_down = \"10ms\"\n[server]")],
    ),
    (
        "queue of both directions that each replaces",
        &[(
            "[server]",
            "[link]\nup = \"8Mbit/s\"\nqueue = \"10ms\"\nqueue_up = \"20ms\"\n[server]",
        )],
    ),
    (
        "round trip that both directions replace",
        &[(
            "[server]",
            "[link]\nrtt = \"80ms\"\ndelay_down = \"10ms\"\ndelay_up = \"10ms\"\n[server]",
        )],
    ),
    (
        "jitter that both directions replace",
        &[(
            "[server]",
            "[link]\njitter = \"8ms\"\njitter_down = \"1ms\"\njitter_up = \"0s\"\n[server]",
        )],
    ),
    (
        "loss that both directions replace",
        &[("[server]", "[link]\nloss = 0.1\nloss_down = 0.2\nloss_up = 0\n[server]")],
    ),
    (
        "bursts that are shorter one way than chance makes them",
        &[("[server]", "[link]\nloss_up = 0.8\nloss_burst = 2\n[server]")],
    ),
    (
        "cut in the silence after the last update",
        &[
            ("\"poisson\"", "\"periodic\""),
            ("\"20/s\"", "\"1/2s\""),
            ("[server]", "[link]\n[[link.cut]]\nat = \"4s\"\nfor = \"900ms\"\n[server]"),
        ],
    ),
    (
        "freeze longer than the publisher's patience",
        &[("threads = 1", "threads = 1\n[[server.freeze]]\nat = \"1s\"\nfor = \"30s\"")],
    ),
    (
        "more freezes than fit",
        &[
            ("\"5s\"", "\"24h\""),
            ("\"20/s\"", "\"1/s\""),
            (
                "threads = 1",
                "threads = 1\n[[server.freeze]]\nat = \"1s\"\nevery = \"2ms\"\nfor = \"1ms\"",
            ),
        ],
    ),
    (
        "freezes that touch",
        &[(
            "threads = 1",
            "threads = 1\n[[server.freeze]]\nat = \"1s\"\nfor = \"1s\"\n\
             [[server.freeze]]\nat = \"2s\"\nfor = \"1s\"",
        )],
    ),
];

#[test]
fn every_mistake_has_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(sentences(folder.path(), MISTAKES));
}

#[test]
fn a_queue_of_its_own_is_all_that_a_direction_needs() {
    // A tenth of a second, the default for both, would not hold a packet.
    let own = "[link]\ndown = \"96kbit/s\"\nqueue_down = \"4KiB\"\n[server]";
    load(&changed(&[("[server]", own)]), &[]).unwrap();
    let other = "[link]\nup = \"96kbit/s\"\nqueue = \"4KiB\"\ndown = \"9Mbit/s\"\n\
                 queue_down = \"9KiB\"\n[server]";
    load(&changed(&[("[server]", other)]), &[]).unwrap();
}

#[test]
fn loss_of_each_direction_alone_counts() {
    let own = "[link]\nloss = 0.8\nloss_down = 0.1\nloss_up = 0.1\nloss_burst = 2\n[server]";
    let error = load(&changed(&[("[server]", own)]), &[]).unwrap_err();
    assert!(error.contains("link.loss: must not be there"), "{error}");
    let alone = "[link]\nloss_down = 0.1\nloss_up = 0.1\nloss_burst = 2\n[server]";
    load(&changed(&[("[server]", alone)]), &[]).unwrap();
}

#[test]
fn a_loss_may_be_said_in_percent() {
    let file = changed(&[("[server]", "[link]\nloss = \"1%\"\nloss_up = \"0.5 %\"\n[server]")]);
    let link = load(&file, &[]).unwrap().link.unwrap();
    assert_eq!((link.loss, link.loss_down, link.loss_up), (0.01, None, Some(0.005)));
    let set = load(&file, &["link.loss=2%", "link.loss_up=7%"]).unwrap().link.unwrap();
    assert_eq!((set.loss, set.loss_up), (0.02, Some(0.07)));
    let error = load(&file, &["link.loss=91%"]).unwrap_err();
    assert!(error.starts_with("--set link.loss=91%: link.loss: must be a share from 0 to 0.9"));
}

#[test]
fn what_a_preset_says_for_both_directions_may_be_replaced_in_each() {
    let preset = "[link]\npreset = \"3g\"\ndelay_down = \"100ms\"\ndelay_up = \"50ms\"\n[server]";
    load(&changed(&[("[server]", preset)]), &[]).unwrap();
}

#[test]
fn what_the_file_says_for_both_directions_is_left_over_when_the_command_line_says_it_for_each() {
    let file = changed(&[("[server]", "[link]\nrtt = \"80ms\"\n[server]")]);
    let each = ["link.delay_down=10ms", "link.delay_up=20ms"];
    let link = load(&file, &each).unwrap().link.unwrap();
    let way = (link.way_down().delay.as_millis(), link.way_up().delay.as_millis());
    assert_eq!(way, (10, 20));
    load(&file, &[&each[..], &["link.rtt=5ms"]].concat()).expect_err("but not set there as well");
}

#[test]
fn what_the_command_line_leaves_without_effect_is_nobody_s_mistake() {
    let leaves = |file: &str, sets: &[&str], own: &str| {
        load(file, sets).unwrap_or_else(|error| panic!("{sets:?}: {error}"));
        load(file, &[sets, &[own]].concat()).expect_err("but not set there as well")
    };
    let link = |keys: &str| changed(&[("[server]", &format!("[link]\n{keys}\n[server]"))]);
    let tls = changed(&[("clients = 10", "clients = 10\ntls = true\ntls_resumption = true")]);
    leaves(&tls, &["tls=false"], "tls_resumption=false");
    let bursts = link("loss = 0.1\nloss_burst = 4");
    leaves(&bursts, &["link.loss=0"], "link.loss_burst=2");
    leaves(&bursts, &["link.loss_down=0", "link.loss_up=0"], "link.loss_burst=2");
    let disorder = link("jitter = \"5ms\"\nreorder = true");
    leaves(&disorder, &["link.jitter=0s"], "link.reorder=true");
    let queue = link("preset = \"3g\"\nqueue = \"50ms\"");
    leaves(&queue, &["link.preset=transatlantic"], "link.queue=20ms");
    let queue = link("preset = \"3g\"\nqueue_up = \"50ms\"");
    leaves(&queue, &["link.preset=transatlantic"], "link.queue_up=20ms");
}

#[test]
fn bursts_are_as_long_as_chance_makes_them_or_longer() {
    let file = |loss, burst| {
        changed(&[("[server]", &format!("[link]\nloss = {loss}\nloss_burst = {burst}\n[server]"))])
    };
    for (loss, burst) in [(0.8, 1.0), (0.8, 5.0), (0.01, 1.011), (0.5, 2.0)] {
        load(&file(loss, burst), &[]).unwrap();
    }
    for (loss, burst, least) in [(0.8, 4.9, "5"), (0.01, 1.01, "1.011"), (0.5, 1.9, "2")] {
        let error = load(&file(loss, burst), &[]).unwrap_err();
        assert!(error.contains(&format!("must be 1 or at least {least} with a loss")), "{error}");
    }
}

#[test]
fn a_link_whose_disorder_is_left_over_gives_tcp_no_reason_to_send_again() {
    let file = changed(&[("[server]", "[link]\njitter = \"5ms\"\nreorder = true\n[server]")]);
    let loses = |sets: &[&str]| load(&file, sets).unwrap().link.unwrap().way_up().loses();
    assert!(loses(&[]) && !loses(&["link.jitter=0s"]));
}

#[test]
fn a_freeze_that_comes_again_does_so_while_it_ends_in_the_window() {
    let freeze = "threads = 1\n[[server.freeze]]\nat = \"1s\"\nevery = \"1s\"\nfor = \"900ms\"";
    let scenario = load(&changed(&[("threads = 1", freeze)]), &[]).unwrap();
    let count = |millis| scenario.server.freezes(std::time::Duration::from_millis(millis)).len();
    assert_eq!((count(4900), count(4899), count(1899)), (4, 3, 0));
    load(RIGHT, &["measure.duration=24h", "feed.rate=1/min"]).expect("no freeze is in it");
}
