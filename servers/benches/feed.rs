//! What one update costs before a system call is made: to publish, to encode for each transport, to
//! read by a cursor, and to wake up 1, 100 or 10,000 clients, by our own seats and by the two
//! alternatives of tokio.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use servers::Feed;
use servers::feed::{Cursor, Encoder, Limit, Payload, Start};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, watch};

const ONE_WRITE: Limit = Limit { updates: 1000, bytes: 256 << 10 };

/// A payload of so many bytes.
fn payload(bytes: usize) -> String {
    format!("{{\"p\":\"{}\"}}", "x".repeat(bytes - 8))
}

fn parsed(text: &str) -> Payload<'_> {
    Payload::parse(text.as_bytes()).expect("it is JSON")
}

fn feed() -> Feed {
    Feed::new(4096, 64 << 20)
}

fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish");
    for bytes in [128, 1024, 65_536] {
        let (feed, text) = (feed(), payload(bytes));
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("checked", bytes), |bencher| {
            bencher.iter(|| feed.publish([parsed(black_box(&text))]));
        });
    }
    group.finish();
}

fn encode_per_transport(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for (bytes, updates) in [(128, 1), (128, 100), (65_536, 1)] {
        let (feed, text) = (feed(), payload(bytes));
        feed.publish((0..updates).map(|_| parsed(&text)));
        group.throughput(Throughput::Elements(updates));
        for transport in servers::ALL {
            let id = BenchmarkId::new(transport.name, format!("{updates}x{bytes}"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    let mut out = Vec::new();
                    feed.cursor(Start::Oldest)
                        .read(ONE_WRITE, |_, slice| (transport.encode)(slice, &mut out));
                    out
                });
            });
        }
    }
    group.finish();
}

fn cursor_read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cursor");
    let (feed, text) = (feed(), payload(128));
    feed.publish((0..1000).map(|_| parsed(&text)));
    let encoder = Encoder::new(servers::ALL[0].encode, ONE_WRITE);
    group.bench_function("ready, as everyone else", |bencher| {
        bencher.iter(|| feed.cursor(Start::After(999)).ready(&encoder));
    });
    group.bench_function("ready, nothing new", |bencher| {
        bencher.iter(|| feed.cursor(Start::After(1000)).ready(&encoder));
    });
    for updates in [1, 100, 1000] {
        let start = Start::After(1000 - updates);
        group.throughput(Throughput::Elements(updates));
        group.bench_function(BenchmarkId::new("handles", updates), |bencher| {
            bencher.iter(|| feed.cursor(start).updates(ONE_WRITE));
        });
    }
    group.finish();
}

/// From a publish until the last of N tasks has the encoded update in its hands. The three differ
/// only in what wakes the tasks up.
fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan-out");
    group.sample_size(20);
    for clients in [1, 100, 10_000] {
        group.throughput(Throughput::Elements(clients));
        let text = payload(128);
        let encoder = || Arc::new(Encoder::new(servers::ALL[0].encode, ONE_WRITE));
        group.bench_function(BenchmarkId::new("seats", clients), |bencher| {
            let (feed, encoder) = (feed(), encoder());
            let followers = Followers::spawn(clients, |reached| {
                let (mut cursor, encoder) = (feed.cursor(Start::Now), Arc::clone(&encoder));
                async move {
                    reached.one();
                    loop {
                        black_box(cursor.next(&encoder).await);
                        reached.one();
                    }
                }
            });
            followers.time(bencher, || {
                feed.publish([parsed(&text)]);
            });
        });
        group.bench_function(BenchmarkId::new("Notify", clients), |bencher| {
            let (feed, encoder, notify) = (feed(), encoder(), Arc::new(Notify::new()));
            let followers = Followers::spawn(clients, |reached| {
                let (mut cursor, encoder) = (feed.cursor(Start::Now), Arc::clone(&encoder));
                let notify = Arc::clone(&notify);
                async move {
                    loop {
                        let notified = notify.notified();
                        reached.one();
                        notified.await;
                        black_box(cursor.ready(&encoder));
                    }
                }
            });
            followers.time(bencher, || {
                feed.publish([parsed(&text)]);
                notify.notify_waiters();
            });
        });
        group.bench_function(BenchmarkId::new("watch", clients), |bencher| {
            let (feed, encoder, (head, _)) = (feed(), encoder(), watch::channel(0));
            let followers = Followers::spawn(clients, |reached| {
                let (mut cursor, encoder) = (feed.cursor(Start::Now), Arc::clone(&encoder));
                let mut head = head.subscribe();
                async move {
                    reached.one();
                    while head.changed().await.is_ok() {
                        black_box(*head.borrow_and_update());
                        black_box(cursor.ready(&encoder));
                        reached.one();
                    }
                }
            });
            followers.time(bencher, || {
                head.send_replace(feed.publish([parsed(&text)]));
            });
        });
    }
    group.finish();
}

/// A look at a cursor that has everything, as a task does it at each wake-up for another reason.
fn idle_poll(criterion: &mut Criterion) {
    let feed = feed();
    let mut cursor: Cursor = feed.cursor(Start::Now);
    let mut context = Context::from_waker(Waker::noop());
    criterion.bench_function("cursor/poll, nothing new", |bencher| {
        bencher.iter(|| matches!(cursor.poll_ready(&mut context), Poll::Pending));
    });
}

/// Tasks that count themselves when they were reached, and once at the beginning.
struct Followers {
    runtime: Runtime,
    reached: Reached,
    clients: u64,
}

#[derive(Clone)]
struct Reached(Arc<AtomicU64>);

impl Reached {
    fn one(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Followers {
    fn spawn<F>(clients: u64, follow: impl Fn(Reached) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let reached = Reached(Arc::default());
        for _ in 0..clients {
            runtime.spawn(follow(reached.clone()));
        }
        let followers = Self { runtime, reached, clients };
        followers.runtime.block_on(followers.until(clients));
        followers
    }

    async fn until(&self, count: u64) {
        while self.reached.0.load(Relaxed) < count {
            tokio::task::yield_now().await;
        }
    }

    fn time(&self, bencher: &mut Bencher<'_>, mut publish: impl FnMut()) {
        bencher.iter_custom(|rounds| {
            self.runtime.block_on(async {
                let began = Instant::now();
                for _ in 0..rounds {
                    let all = self.reached.0.load(Relaxed) + self.clients;
                    publish();
                    self.until(all).await;
                }
                began.elapsed()
            })
        });
    }
}

criterion_group!(benches, publish, encode_per_transport, cursor_read, idle_poll, fan_out);
criterion_main!(benches);
