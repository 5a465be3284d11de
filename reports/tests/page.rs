//! What the page says besides its pictures.

#![allow(clippy::unwrap_used)]

mod synthetic;

use results::Loaded;

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
