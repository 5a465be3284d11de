//! What the load clients' side of one delivery costs: decode the envelope and record the arrival.

use std::hint::black_box;
use std::rc::Rc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use harness::decode::{Listener, Said, envelope};
use harness::inbox::Inbox;
use harness::tally::{Tally, Window};
use results::Causes;

fn record(criterion: &mut Criterion) {
    let tally = Rc::new(Tally::default());
    let window = Window {
        first: 1,
        last: u64::MAX - 1,
        start_ns: 0,
        last_intended_ns: u64::MAX / 2,
        end_ns: u64::MAX / 2,
    };
    tally.open(window, Vec::new(), Vec::new());
    let inbox = Inbox::new(tally, 0);
    let mut group = criterion.benchmark_group("inbox");
    group.throughput(Throughput::Elements(1));
    let mut n = 0;
    group.bench_function("decode and record", |bencher| {
        bencher.iter(|| {
            n += 1;
            let text = format!(
                r#"{{"seq":{n},"data":{{"n":{n},"t":{},"pad":"xxxxxxxxxxxxxxxxxxxxxxxx"}}}}"#,
                n * 1_000
            );
            let stamp = envelope::read(black_box(text.as_bytes())).expect("an envelope of ours");
            inbox.arrived(n * 1_000 + 500);
            (&mut &inbox).hear(Said::Update(stamp), Causes { payload: 90, ..Causes::default() });
        });
    });
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
