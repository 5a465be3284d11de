//! The scenarios that ship: every one is right, keeps its promise and is known to editors and to
//! the README.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod common;

use std::{fs, path::Path, time::Duration};

use scenarios::{Scenario, builtin, predict};

const TRANSPORTS: [&str; 5] = ["long-poll", "short-poll", "sse", "tcp", "websocket"];

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn load(name: &str) -> Scenario {
    Scenario::load(name, &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn publishes(scenario: &Scenario) -> usize {
    (1..=scenario.measure.repeat).map(|r| scenario.schedule(r).offsets_ns.len()).sum()
}

fn interval(scenario: &Scenario) -> Duration {
    humantime::parse_duration(scenario.transports["short-poll"]["interval"].as_str().unwrap())
        .unwrap()
}

/// Ramp, warm-up, window and the longest drain of every transport and block, without calibration.
fn longest_time(scenario: &Scenario) -> Duration {
    let measure = &scenario.measure;
    let drain = Duration::from_secs(1); // all is delivered after one interval; a second to start and stop
    let block = measure.ramp + measure.warmup + measure.duration + drain;
    let blocks = block * measure.repeat * scenario.transports.len() as u32;
    blocks + interval(scenario) * 2 * measure.repeat + block // the zero-client run
}

#[test]
fn every_file_in_the_folder_is_built_in() {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().to_str()?.strip_suffix(".toml").map(str::to_owned)
        })
        .filter(|name| name != "Cargo")
        .collect();
    let mut names: Vec<_> = builtin().iter().map(|builtin| builtin.name.to_owned()).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn every_one_takes_what_its_comments_invite_to_set() {
    let mut invited = 0;
    for builtin in builtin() {
        let text = fs::read_to_string(folder().join(format!("{}.toml", builtin.name))).unwrap();
        for rest in text.split("--set ").skip(1) {
            let set = rest.split_whitespace().next().unwrap().to_owned();
            Scenario::load(builtin.name, &[set]).unwrap_or_else(|error| panic!("{error}"));
            invited += 1;
        }
    }
    assert!(invited > 0, "a comment shows how to set a key");
}

#[test]
fn every_one_loads_by_name_and_by_path_to_the_same() {
    for builtin in builtin() {
        let path = folder().join(format!("{}.toml", builtin.name));
        assert_eq!(load(builtin.name), load(path.to_str().unwrap()), "{}", builtin.name);
        assert_eq!(load(builtin.name).name, builtin.name);
    }
}

#[test]
fn every_one_runs_all_transports_publishes_and_can_be_predicted() {
    for builtin in builtin() {
        let scenario = load(builtin.name);
        assert_eq!(scenario.transports.keys().collect::<Vec<_>>(), TRANSPORTS, "{}", builtin.name);
        assert!(publishes(&scenario) > 0);
        let predictions = predict::predict(
            &scenario,
            &predict::Sizes::default(),
            &predict::Calibration::default(),
        );
        assert_eq!(predictions.len() as u32, 5 * (scenario.measure.repeat + 1));
    }
}

#[test]
fn every_one_tells_editors_its_schema_and_people_what_it_is_for() {
    for builtin in builtin() {
        assert!(
            builtin.toml.starts_with("#:schema ./scenario.schema.json\nformat = 1\nabout = \""),
            "{}",
            builtin.name
        );
        let about = load(builtin.name).about;
        assert!((40..=120).contains(&about.len()), "{about}");
    }
}

#[test]
fn no_poll_interval_is_locked_to_a_periodic_feed() {
    for builtin in builtin() {
        let scenario = load(builtin.name);
        for prediction in predict::predict(
            &scenario,
            &predict::Sizes::default(),
            &predict::Calibration::default(),
        ) {
            assert!(
                !prediction.assumptions.iter().any(|text| text.contains("phase lock")),
                "{}",
                builtin.name
            );
        }
    }
}

#[test]
fn every_client_has_polled_before_the_window_opens() {
    for builtin in builtin() {
        let scenario = load(builtin.name);
        assert!(scenario.measure.warmup >= interval(&scenario), "{}", builtin.name);
    }
}

#[test]
fn quick_fits_into_a_minute_with_room_for_calibration() {
    let scenario = load("quick");
    assert!(longest_time(&scenario) <= Duration::from_secs(52), "{:?}", longest_time(&scenario));
    assert!((40..200).contains(&publishes(&scenario)), "p50 has enough publishes, p90 has not");
}

#[test]
fn baseline_has_two_thousand_publishes_and_fifty_phases_in_a_quarter_of_an_hour() {
    let scenario = load("baseline");
    assert!(publishes(&scenario) >= 2000);
    assert!(scenario.clients >= 50);
    assert_eq!(
        (scenario.feed.kind, scenario.feed.rate.to_string().as_str()),
        (scenarios::FeedKind::Poisson, "20/s")
    );
    assert!(
        longest_time(&scenario) <= Duration::from_secs(14 * 60),
        "{:?}",
        longest_time(&scenario)
    );
}

#[test]
fn fan_out_is_a_thousand_clients_at_fifty_a_second_in_five_blocks() {
    let scenario = load("fan-out");
    assert_eq!((scenario.clients, scenario.feed.rate.to_string().as_str()), (1000, "50/s"));
    assert_eq!(scenario.feed.kind, scenarios::FeedKind::Periodic);
    assert!(scenario.measure.repeat >= 5);
    assert_eq!(publishes(&scenario), 2000);
}

#[test]
fn ten_thousand_leaves_the_cores_room_for_its_polls() {
    let scenario = load("ten-thousand");
    let polls_per_second = f64::from(scenario.clients) / interval(&scenario).as_secs_f64();
    assert_eq!((scenario.clients, scenario.feed.rate.to_string().as_str()), (10_000, "1/s"));
    assert!(polls_per_second <= 2000.0, "{polls_per_second}");
    assert!(longest_time(&scenario) <= Duration::from_secs(15 * 60));
}

#[test]
fn idle_shows_heartbeats_and_empty_answers_within_five_minutes() {
    let scenario = load("idle");
    let settings = |transport: &str, key: &str| {
        humantime::parse_duration(scenario.transports[transport][key].as_str().unwrap()).unwrap()
    };
    for (transport, key) in
        [("long-poll", "hold"), ("sse", "heartbeat"), ("websocket", "heartbeat")]
    {
        assert!(
            settings(transport, key) * 2 < Duration::from_nanos(scenario.feed.rate.period_ns()),
            "{transport}"
        );
    }
    assert!(longest_time(&scenario) <= Duration::from_secs(285), "{:?}", longest_time(&scenario));
}

#[test]
fn the_replayed_feeds_show_some_hundred_updates() {
    for name in ["earthquakes", "departures"] {
        let scenario = load(name);
        let schedule = scenario.schedule(1);
        assert!((300..600).contains(&schedule.offsets_ns.len()), "{name}");
        // All payloads are padded to the same size: the stamp needs 40 bytes and the padding 9.
        let longest = schedule.fields.iter().map(String::len).max().unwrap();
        assert!(longest + 49 <= scenario.feed.payload_bytes as usize, "{name}: {longest}");
    }
    let ties = |name| {
        load(name).schedule(1).offsets_ns.windows(2).filter(|pair| pair[0] == pair[1]).count()
    };
    assert!(ties("departures") > 100, "departures are stamped to the minute");
}

#[test]
fn the_schema_on_disk_is_the_one_of_the_types() {
    let path = folder().join("scenario.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        let text = serde_json::to_string_pretty(&scenarios::schema()).unwrap();
        fs::write(&path, text + "\n").unwrap();
    }
    let on_disk = fs::read_to_string(&path).unwrap();
    let on_disk: serde_json::Value = serde_json::from_str(&on_disk).unwrap();
    // Not assert_eq: nobody wants to read both.
    let same = on_disk == scenarios::schema();
    assert!(same, "write it anew: feedlab generate schema > scenarios/scenario.schema.json");
}

#[test]
fn the_schema_accepts_what_ships_and_refuses_what_the_loader_refuses() {
    let validator = jsonschema::draft7::new(&scenarios::schema()).unwrap();
    let json =
        |toml: &str| serde_json::to_value(toml::from_str::<toml::Table>(toml).unwrap()).unwrap();
    for builtin in builtin() {
        let errors: Vec<_> =
            validator.iter_errors(&json(builtin.toml)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", builtin.name);
    }
    assert!(validator.is_valid(&json(common::RIGHT)));
    let lossy =
        |loss| json(&common::changed(&[("[server]", &format!("[link]\nloss = {loss}\n[server]"))]));
    assert!(validator.is_valid(&lossy("0.01")) && validator.is_valid(&lossy("\"1%\"")));
    assert!(!validator.is_valid(&lossy("1.5")) && !validator.is_valid(&lossy("\"much\"")));
    for (right, wrong) in [
        ("clients = 10", "clients = 0"),
        ("clients = 10", "client = 10"),
        ("format = 1", "format = 2"),
        ("\"20/s\"", "20"),
        ("\"20/s\"", "\"often\""),
        ("\"poisson\"", "\"gauss\""),
        ("payload_bytes = 128", "payload_bytes = 16"),
        ("\"5s\"", "5"),
        ("threads = 1", "cpus = []"),
        ("threads = 1", "congestion = \"\""),
        ("[transports.short-poll]\ninterval = \"1s\"\n\n[transports.tcp]", "[transports]"),
    ] {
        assert!(!validator.is_valid(&json(&common::changed(&[(right, wrong)]))), "{wrong}");
    }
}

#[test]
fn the_readme_names_every_scenario_and_every_key_with_its_range_and_default() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for builtin in builtin() {
        assert!(
            readme.contains(&format!("`{}`", builtin.name)),
            "{} is not in the README",
            builtin.name
        );
    }
    let (_, keys) = readme.split_once("## Keys").unwrap();
    let mut missing = Vec::new();
    properties(&scenarios::schema(), "", &mut |key, property| {
        // A row may be about the two directions of one thing.
        let names = |line: &&str| {
            line.strip_prefix("| ")
                .and_then(|line| line.split_once(" |"))
                .is_some_and(|(cell, _)| cell.split(", ").any(|name| name == format!("`{key}`")))
        };
        let Some(row) = keys.lines().find(names) else {
            missing.push(key.to_owned());
            return;
        };
        for fact in ["minimum", "maximum", "default"] {
            let value = property
                .get(fact)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            let value = value.map(|value| value.trim_end_matches(".0").to_owned());
            assert!(
                value.as_ref().is_none_or(|value| row.replace(',', "").contains(value)),
                "{key}: {fact} {value:?} is not in {row}"
            );
        }
    });
    assert!(missing.is_empty(), "not in the README: {missing:?}");
}

#[test]
fn the_readmes_scenario_loads_and_its_mistake_is_answered_as_it_says() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let block = |language: &str| {
        let start = readme.split_once(&format!("```{language}\n")).unwrap().1;
        start.split_once("```").unwrap().0.to_owned()
    };
    let example = block("toml");
    common::load(&example, &[]).unwrap();
    let mistake = common::load(&example.replace("\"10/s\"", "10"), &[]).unwrap_err();
    assert_eq!(mistake.replace("test.toml", "my.toml"), block("text").trim());
}

/// All keys of a schema that are no tables, with their full names.
fn properties(
    schema: &serde_json::Value,
    path: &str,
    see: &mut impl FnMut(&str, &serde_json::Value),
) {
    for (name, property) in schema["properties"].as_object().unwrap() {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if property.get("properties").is_some() {
            properties(property, &key, see);
        } else {
            see(&key, property);
        }
    }
}
