//! What is loaded is what was meant, and no input makes the loader panic.

mod common;

use common::{RIGHT, changed, load, load_in};
use proptest::prelude::*;
use scenarios::Scenario;

#[test]
fn sets_win_over_the_file_and_the_last_one_over_the_others() {
    let sets = [
        "feed.rate=5/s",
        "clients=3",
        "clients=4",
        "about=now otherwise",
        "transports.sse.heartbeat=1s",
        "server.cpus=[0, 2]",
    ];
    let scenario = load(RIGHT, &sets).unwrap();
    assert_eq!(scenario.feed.rate.to_string(), "5/s");
    assert_eq!((scenario.clients, scenario.about.as_str()), (4, "now otherwise"));
    assert_eq!(scenario.transports["sse"]["heartbeat"], "1s");
    assert_eq!(scenario.server.cpus, Some(vec![0, 2]));
}

#[test]
fn a_set_can_choose_the_transports() {
    let scenario = load(RIGHT, &["transports={ tcp = {} }"]).unwrap();
    assert_eq!(scenario.transports.keys().collect::<Vec<_>>(), ["tcp"]);
}

#[test]
fn a_table_that_is_set_whole_is_what_setting_each_of_its_keys_is() {
    let whole = [
        r#"feed={ kind = "periodic", rate = "5/s" }"#,
        r#"link={ preset = "3g", delay_down = "10ms", delay_up = "20ms", cut = [{ at = "1s", for = "1s" }] }"#,
    ];
    let each = [
        "feed.kind=periodic",
        "feed.rate=5/s",
        "feed.payload_bytes=256",
        "link.preset=3g",
        "link.delay_down=10ms",
        "link.delay_up=20ms",
        r#"link.cut=[{ at = "1s", for = "1s" }]"#,
    ];
    assert_eq!(load(RIGHT, &whole).unwrap(), load(RIGHT, &each).unwrap());
    let file = changed(&[("[server]", "[link]\nrtt = \"80ms\"\n[server]")]);
    load(&file, &whole).expect("nothing is left of the file's link");
    load(RIGHT, &[whole[1], "link.rtt=5ms"]).expect_err("set for both, and for each");
}

#[test]
fn another_kind_on_the_command_line_leaves_the_keys_of_the_old_one_behind() {
    let bursts = changed(&[("kind = \"poisson\"", "kind = \"bursts\"\non = \"1s\"\noff = \"1s\"")]);
    load(&bursts, &["feed.kind=periodic"]).expect("on and off no longer matter");
    load(&bursts, &["feed.kind=periodic", "feed.on=2s"])
        .expect_err("but it makes no sense to set them");
}

#[test]
fn a_file_that_begins_with_a_byte_order_mark_is_read() {
    load(&format!("\u{feff}{RIGHT}"), &[]).expect("some editors write it");
}

#[test]
fn a_scenario_survives_the_pipe_to_a_worker() {
    for builtin in scenarios::builtin() {
        let scenario = Scenario::load(builtin.name, &[]).unwrap();
        let json = serde_json::to_string(&scenario).unwrap();
        let back: Scenario = serde_json::from_str(&json).unwrap();
        assert_eq!(back, scenario);
        assert_eq!(back.schedule(1), scenario.schedule(1), "{}", builtin.name);
    }
}

fn any_toml() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|x| format!("{x:?}").to_lowercase()),
        any::<bool>().prop_map(|b| b.to_string()),
        "[a-z0-9/. -]{0,12}".prop_map(|s| format!("{s:?}")),
        "[0-9]{1,25}(ns|ms|s|h|days)".prop_map(|s| format!("{s:?}")),
        "[0-9.e-]{1,9}/[0-9]{0,3}(ms|s|min|h)".prop_map(|s| format!("{s:?}")),
        Just("1979-05-27T07:32:00Z".to_owned()),
        Just("[]".to_owned()),
        Just("[1, 2.0, \"x\"]".to_owned()),
        Just("{ a = { b = 1 } }".to_owned()),
    ];
    let key = prop_oneof![
        Just("clients"),
        Just("format"),
        Just("feed.kind"),
        Just("feed.rate"),
        Just("feed.speed"),
        Just("feed.on"),
        Just("feed.off"),
        Just("feed.trace"),
        Just("feed.payload_bytes"),
        Just("measure.duration"),
        Just("measure.repeat"),
        Just("measure.seed"),
        Just("server.cpus"),
        Just("server.history"),
        Just("transports"),
        Just("transports.short-poll"),
        Just("transports.short-poll.interval"),
        Just("other.key"),
    ];
    (key, leaf).prop_map(|(key, value)| format!("{key}={value}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_loader_panic(text in any::<String>()) {
        if let Err(error) = load(&text, &[]) {
            prop_assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn no_line_of_toml_makes_the_loader_panic(lines in proptest::collection::vec("[a-z\\[\\].=\"0-9{}, -]{0,30}", 0..8)) {
        if let Err(error) = load(&lines.join("\n"), &[]) {
            prop_assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn no_set_makes_the_loader_panic_and_what_passes_publishes_something(sets in proptest::collection::vec(any_toml(), 1..4)) {
        let sets: Vec<_> = sets.iter().map(String::as_str).collect();
        match load(RIGHT, &sets) {
            Err(error) => prop_assert!(!error.contains('\n'), "{error}"),
            Ok(scenario) => prop_assert!(!scenario.schedule(1).offsets_ns.is_empty()),
        }
    }

    #[test]
    fn no_trace_makes_the_loader_panic(rows in "[a-z0-9,\"\n-]{0,80}") {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), format!("at_ms,{rows}")).unwrap();
        let text = changed(&[("kind = \"poisson\"\nrate = \"20/s\"", "kind = \"trace\"\ntrace = \"t.csv\"")]);
        if let Err(error) = load_in(folder.path(), &text, &[]) {
            prop_assert!(!error.contains('\n'), "{error}");
        }
    }
}
