//! Draws reports of simulated runs, to look at charts and page without measuring:
//! `cargo run -p reports --example gallery -- FOLDER`.

use std::{env, path::Path};

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

fn main() {
    let folder = env::args().nth(1).expect("the first argument names a folder");
    let runs = vec![
        ("idle", synthetic::run("idle", &["measure.duration=30s", "measure.repeat=1"])),
        ("bursty", synthetic::run("bursty", &["clients=50", "measure.duration=20s"])),
        ("big-messages", synthetic::run("big-messages", &["clients=20", "measure.duration=5s"])),
        ("quick", synthetic::run("quick", &[])),
        ("baseline", synthetic::run("baseline", &[])),
        ("fan-out", synthetic::run("fan-out", &["clients=400", "measure.duration=5s"])),
        ("link", synthetic::run("quick", &synthetic::LINK)),
        ("tls", synthetic::run("quick", &synthetic::TLS)),
        ("tls-loopback", synthetic::run("quick", &["clients=8", "tls=true"])),
        ("idle-link", synthetic::run("idle", &["link.preset=transatlantic"])),
        ("stall", synthetic::run("baseline", &synthetic::STALL)),
        ("stall-link", synthetic::run("quick", &synthetic::CUT)),
        (
            "suspect",
            synthetic::spoil(
                synthetic::run("quick", &["measure.repeat=3"]),
                results::Verdict::Suspect,
                "steal",
                "the hypervisor took 3.1 % of the machine's time: repeat the run when the host is quieter",
            ),
        ),
    ];
    let worst = "of 15350 expected updates 2 missing: this is not the feed that was published; look \
                 for the fault before reading any number";
    let invalid = synthetic::run("quick", &["clients=1000", "measure.duration=2s"]);
    let invalid = synthetic::spoil(invalid, results::Verdict::Invalid, "ledger", worst);
    let alone = synthetic::only(synthetic::run("quick", &[]), "sse");
    let nothing = "of 5,300 expected updates 5,300 missing";
    let silent = synthetic::silent(synthetic::run("quick", &[]));
    let silent = synthetic::spoil(silent, results::Verdict::Invalid, "ledger", nothing);
    let last = [("invalid", invalid), ("alone", alone), ("silent", silent)];
    let runs = runs.into_iter().chain(last);
    let runs: Vec<_> = runs.collect();
    for (name, loaded) in &runs {
        let index = reports::render(std::slice::from_ref(loaded), &Path::new(&folder).join(name));
        println!("{}", index.expect("the folder can be written").display());
        println!("{}", reports::table(&loaded.run, Some(120), true));
    }
    let all: Vec<_> = runs.into_iter().map(|(_, loaded)| loaded).collect();
    let index = reports::render(&all, &Path::new(&folder).join("all"));
    println!("{}", index.expect("the folder can be written").display());
}
