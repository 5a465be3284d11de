//! The page, its pictures, and what must never be in them.

#![allow(clippy::unwrap_used)]

mod synthetic;

use std::{fs, path::Path};

use reports::{Chart, chart};
use results::{Loaded, Measured, Run, RunDirectory, Verdict};

fn small() -> Loaded {
    synthetic::run("quick", &["clients=8"])
}

fn charts(loaded: &Loaded) -> Vec<Chart> {
    chart::charts(loaded).unwrap()
}

fn page(runs: &[Loaded]) -> String {
    reports::html(runs).unwrap()
}

/// The page without its pictures, which have snapshots of their own.
fn text_of(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(start) = rest.find("<svg") {
        text += &rest[..start];
        text += "<svg/>";
        rest = &rest[rest.find("</svg>").unwrap() + "</svg>".len()..];
    }
    text + rest
}

/// A run in which nothing worked.
fn broken() -> Loaded {
    synthetic::silent(small())
}

#[test]
fn every_chart_has_a_sentence_an_alternative_and_its_numbers() {
    let charts = charts(&small());
    let names: Vec<&str> = charts.iter().map(|chart| chart.name).collect();
    assert_eq!(
        names,
        ["delay", "age", "bytes", "requests", "server-cpu", "memory", "position", "timeline"]
    );
    for chart in charts {
        assert!(chart.reading.ends_with('.') && chart.reading.len() > 30, "{}", chart.reading);
        assert!(chart.alt.contains(&chart.reading), "{}", chart.alt);
        assert!(chart.svg.contains("<title>") && chart.svg.contains("role=\"img\""));
        assert!(!chart.table.rows.is_empty(), "{}", chart.name);
        for row in &chart.table.rows {
            let cells = row.len();
            assert!(cells == 1 || cells == chart.table.columns.len(), "{}: {row:?}", chart.name);
        }
    }
}

#[test]
fn every_chart_that_has_a_prediction_draws_it() {
    for chart in charts(&small()) {
        let predicted = !["server-cpu", "memory"].contains(&chart.name);
        let drawn = chart.svg.contains("stroke-dasharray") && chart.svg.contains("\ntheory\n");
        assert_eq!(drawn, predicted, "{}", chart.name);
    }
}

#[test]
fn a_transport_has_the_same_colour_in_every_chart() {
    for chart in charts(&small()) {
        for (name, color) in [("short-poll", "#AF4D00"), ("websocket", "#005F94")] {
            let label = format!("fill=\"{color}\" font-weight=\"bold\">\n{name}\n");
            assert!(chart.svg.contains(&label), "{name} in {}", chart.name);
        }
    }
}

#[test]
fn a_run_that_is_not_valid_says_so_on_the_face_of_every_chart() {
    for verdict in [Verdict::Suspect, Verdict::Invalid] {
        let loaded = synthetic::spoil(small(), verdict, "steal", "why");
        for chart in charts(&loaded) {
            let stamp = format!("\n{verdict}: steal\n");
            assert!(chart.svg.contains(&stamp) && chart.narrow.contains(&stamp), "{}", chart.name);
            assert!(chart.alt.contains(verdict.word()));
        }
    }
    assert!(charts(&small()).iter().all(|chart| !chart.svg.contains("SUSPECT")));
}

#[test]
fn a_picture_never_changes_by_accident() {
    let charts = charts(&small());
    let requests = charts.iter().find(|chart| chart.name == "requests").unwrap();
    insta::assert_snapshot!(requests.svg);
}

#[test]
fn the_page_never_changes_by_accident() {
    insta::assert_snapshot!(text_of(&page(&[small()])));
}

#[test]
fn the_same_run_gives_the_same_page() {
    assert_eq!(page(&[small()]), page(&[small()]));
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = page(&[small()]);
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for request in
        ["http://", "https://", "<script", "<link rel=\"stylesheet", "@import", "url(", "src="]
    {
        assert!(!page.contains(request), "{request}");
    }
}

#[test]
fn words_of_a_scenario_are_text_and_not_markup() {
    let mut loaded = small();
    loaded.run.scenario.about = "<script>alert('é')</script>".into();
    let loaded = synthetic::spoil(loaded, Verdict::Suspect, "x", "1 < 2 & \"3\"");
    let page = page(&[loaded]);
    assert!(!page.contains("<script>"));
    assert!(page.contains("&lt;script&gt;"));
    assert!(page.contains("1 &lt; 2 &amp; &quot;3&quot;"));
}

#[test]
fn a_run_in_which_nothing_was_delivered_is_shown_without_a_single_nan() {
    let loaded = broken();
    let page = page(std::slice::from_ref(&loaded));
    let table = reports::table(&loaded.run, Some(120), false);
    let markdown = reports::markdown(&loaded.run);
    let json = reports::json(&loaded.run);
    for text in [&page, &table, &markdown, &json] {
        for word in ["NaN", "inf ", ">inf", "-inf", "null ms"] {
            assert!(!text.contains(word), "{word}");
        }
    }
    assert!(table.contains("nothing was delivered"), "{table}");
    assert!(page.contains("There is nothing to draw."));
    assert!(table.contains("no floor was measured") && !table.contains(" all "), "{table}");
}

#[test]
fn no_picture_has_a_place_that_is_not_a_number() {
    for chart in charts(&small()).into_iter().chain(charts(&broken())) {
        assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf"), "{}", chart.name);
        // A float that was cast at its end of the range would be drawn far outside.
        assert!(!chart.svg.contains("2147483647"), "{}", chart.name);
    }
}

#[test]
fn a_sixth_transport_is_shown_without_a_prediction() {
    let mut loaded = small();
    let rename = |name: &mut String| {
        if name == "websocket" {
            *name = "mqtt".into();
        }
    };
    for row in loaded.run.rows.iter_mut().chain(&mut loaded.run.pooled) {
        rename(&mut row.transport);
    }
    loaded.histograms.iter_mut().for_each(|(name, ..)| rename(name));
    loaded.timeline.iter_mut().for_each(|second| rename(&mut second.transport));
    let page = page(&[loaded]);
    assert!(page.contains("mqtt"));
    assert!(page.contains(".dot.mqtt"));
}

#[test]
fn a_single_client_has_no_chart_of_positions() {
    let loaded = synthetic::run("quick", &["clients=1"]);
    assert!(charts(&loaded).iter().all(|chart| chart.name != "position"));
}

#[test]
fn several_runs_are_put_side_by_side() {
    let page = page(&[small(), synthetic::run("quick", &["clients=2"])]);
    assert!(page.contains("2 runs side by side"));
    assert!(page.contains("id=\"run-1-delay\"") && page.contains("id=\"run-2-delay\""));
}

#[test]
fn several_runs_keep_their_files_apart() {
    // One chart each: drawing is slow without optimisation.
    let mut loaded = broken();
    loaded.run.pooled.truncate(1);
    loaded.run.pooled[0].connected = 8;
    loaded.run.pooled[0].server_pss_bytes = Some(9_000_000);
    loaded.run.pooled[0].server_pss_empty_bytes = Some(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    reports::render(&[loaded.clone(), loaded], folder.path()).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "1-memory.png",
            "1-memory.svg",
            "2-memory.png",
            "2-memory.svg",
            "index.html",
            "summary.md"
        ]
    );
}

#[test]
fn every_chart_is_there_as_svg_and_as_png_of_the_same_picture() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = small();
    reports::render(std::slice::from_ref(&loaded), folder.path()).unwrap();
    for chart in charts(&loaded) {
        let svg = fs::read_to_string(folder.path().join(format!("{}.svg", chart.name))).unwrap();
        assert_eq!(svg, chart.svg);
        let png = fs::read(folder.path().join(format!("{}.png", chart.name))).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (2560, 1440));
    }
}

#[test]
fn a_report_is_drawn_again_from_a_run_directory() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = small();
    let directory = write(&loaded, &folder.path().join("quick-1"));
    let again = Run::read(&directory).unwrap();
    let (one, other) = (charts(&loaded), charts(&again));
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one.svg, other.svg, "{}", one.name);
        assert_eq!(one.table, other.table, "{}", one.name);
    }
    assert_eq!(reports::json(&loaded.run), reports::json(&again.run));
}

fn write(loaded: &Loaded, path: &Path) -> std::path::PathBuf {
    let mut directory = RunDirectory::create(path).unwrap();
    for row in &loaded.run.rows {
        let of = |name: &str, repetition: u32| {
            name == row.transport && Some(repetition) == row.repetition
        };
        let histogram = loaded.histograms.iter().find(|(n, r, _)| of(n, *r)).unwrap();
        directory
            .append(&Measured {
                row: row.clone(),
                causes: results::Direction::default(),
                link: None,
                life: None,
                delay: histogram.2.clone(),
                request: loaded.requests.iter().find(|(n, r, _)| of(n, *r)).unwrap().2.clone(),
                timeline: loaded
                    .timeline
                    .iter()
                    .filter(|s| of(&s.transport, s.repetition))
                    .cloned()
                    .collect(),
                resources: Vec::new(),
                positions: loaded
                    .positions
                    .iter()
                    .filter(|p| of(&p.transport, p.repetition))
                    .cloned()
                    .collect(),
                warnings: Vec::new(),
            })
            .unwrap();
    }
    directory.finish(&loaded.run, &loaded.run.pooled).unwrap();
    directory.path().to_owned()
}

#[test]
fn nothing_to_report_on_is_an_error_that_says_what_to_name() {
    let error = reports::render(&[], Path::new("/nowhere")).unwrap_err().to_string();
    assert!(error.starts_with("no run was given"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let error = reports::render(&[small()], Path::new("/dev/null/report")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write /dev/null/report"), "{error}");
}
