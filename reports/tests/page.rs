//! What the page says besides its pictures.

#![allow(clippy::unwrap_used)]

mod synthetic;

use results::{Asked, Loaded};

fn page(loaded: &Loaded) -> String {
    reports::html(std::slice::from_ref(loaded)).unwrap()
}

#[test]
fn the_conditions_say_how_clients_came_how_long_it_warmed_up_and_who_made_the_load() {
    let mut loaded =
        synthetic::run("quick", &["clients=2", "measure.ramp=3s", "measure.warmup=1500ms"]);
    loaded.run.environment.workers = 2;
    let page = page(&loaded);
    for condition in [
        "<dt>ramp</dt><dd>3 s, in which the clients connect</dd>",
        "<dt>warm-up</dt><dd>1.5 s of publishing before the window</dd>",
        "<dt>load workers</dt><dd>2 processes per transport</dd>",
    ] {
        assert!(page.contains(condition), "{condition}");
    }
}

#[test]
fn a_number_of_workers_that_is_not_known_is_left_out() {
    let mut loaded = synthetic::run("quick", &["clients=2"]);
    loaded.run.environment.workers = 0;
    assert!(!page(&loaded).contains("<dt>load workers</dt>"));
}

#[test]
fn a_disagreement_with_theory_is_said_with_its_size_beside_the_spread() {
    let mut loaded = synthetic::run("quick", &["clients=2", "measure.repeat=3"]);
    let run = &mut loaded.run;
    let theory = |of: Option<u32>| {
        let mut all = run.predictions.iter();
        all.find(|p| p.transport == "sse" && p.repetition == of).unwrap().delay_mean_ns
    };
    let (all, each) = (theory(None), [1, 2, 3].map(|repetition| theory(Some(repetition))));
    let times = |ns: u64, percent: u64| Some(ns * (100 + percent) / 100);
    let rows = run.rows.iter_mut().filter(|row| row.transport == "sse");
    for ((row, ns), percent) in rows.zip(each).zip([10, 20, 30]) {
        row.delay_mean_ns = times(ns, percent);
    }
    let pooled = run.pooled.iter_mut().find(|row| row.transport == "sse").unwrap();
    pooled.delay_mean_ns = times(all, 20);
    let page = page(&loaded);
    let expected = "<dt>sse</dt><dd>to the same side in each repetition: mean delay 20.0\u{a0}% above (1.00 times their spread)";
    assert!(page.contains(expected), "{}", &page[page.find("Measured against").unwrap()..][..900]);
}

#[test]
fn one_repetition_is_not_said_to_agree_or_to_disagree() {
    let page = page(&synthetic::run("quick", &["clients=2"]));
    assert!(
        page.contains(
            "with one repetition</dt><dd>there is no spread to hold a difference against."
        )
    );
    assert!(
        !page.contains("within the spread") && !page.contains("within the repetitions’ spread")
    );
}

#[test]
fn numbers_that_are_invalid_are_not_held_against_theory() {
    let loaded = synthetic::run("quick", &["clients=2"]);
    let loaded = synthetic::spoil(loaded, results::Verdict::Invalid, "ledger", "2 are missing");
    let expected = "<dt>websocket</dt><dd>INVALID, so there is nothing to compare theory with.";
    assert!(page(&loaded).contains(expected));
}

#[test]
fn how_to_make_a_run_again_is_on_its_page_and_in_its_summary() {
    let mut loaded = synthetic::run("quick", &["clients=3"]);
    assert!(page(&loaded).contains("<code>feedlab run quick</code>, with the same"));
    let sets = vec!["clients=3".into(), r#"link.cut=[{ at = "1s", for = "<2s" }]"#.into()];
    loaded.run.asked = Some(Asked { scenario: "quick".into(), sets, ..Asked::default() });
    let line = r#"feedlab run quick --set clients=3 --set 'link.cut=[{ at = "1s", for = "<2s" }]'"#;
    assert!(reports::markdown(&loaded.run).ends_with(&format!("\n```sh\n{line}\n```\n")));
    let page = page(&loaded);
    assert!(!page.contains("with the same <code>--set"));
    let shown = page.split_once("run again: <code>").unwrap().1.split_once("</code>").unwrap().0;
    let read = ["&lt;", "&quot;", "&#x27;"].iter().zip(["<", "\"", "'"]);
    assert_eq!(read.fold(shown.to_owned(), |text, (from, to)| text.replace(from, to)), line);
}
