//! What a link's own bookkeeping costs per packet, beside the two system calls that carry it.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use harness::link::account::Account;
use harness::link::effect::{Direction, Path};

/// Connections whose packets come in turn, so that each finds its state out of the cache.
const CONNECTIONS: u16 = 10_000;

/// An IPv4 packet with 100 bytes of TCP payload from a client's port.
fn packet(port: u16) -> [u8; 140] {
    let mut packet = [0; 140];
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&140_u16.to_be_bytes());
    packet[9] = 6;
    packet[20..22].copy_from_slice(&port.to_be_bytes());
    packet[32] = 5 << 4;
    packet[33] = 16;
    packet
}

fn carry(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("link");
    group.throughput(Throughput::Elements(1));
    let mut account = Account::default();
    let (mut packet, mut number) = (packet(0), 0_u32);
    group.bench_function("account", |bencher| {
        bencher.iter(|| {
            let port = 1024 + (number % u32::from(CONNECTIONS)) as u16;
            packet[20..22].copy_from_slice(&port.to_be_bytes());
            packet[24..28].copy_from_slice(&(number / u32::from(CONNECTIONS) * 100).to_be_bytes());
            number += 1;
            account.observe(Direction::Up, black_box(&packet));
            account.arrive(Direction::Up, black_box(&packet));
        });
    });
    let millisecond = std::time::Duration::from_millis(1);
    let asked = scenarios::Link {
        rtt: 20 * millisecond,
        jitter: millisecond,
        loss: 0.01,
        down: scenarios::Bandwidth::new(1_000_000_000),
        ..scenarios::Link::default()
    };
    let mut path = Path::new(&asked.way_down(), Direction::Down, 1);
    let mut now_ns = 0;
    group.bench_function("loss, rate and delay", |bencher| {
        bencher.iter(|| {
            now_ns += 10_000;
            path.admit(black_box(now_ns), 140)
        });
    });
    group.finish();
}

criterion_group!(benches, carry);
criterion_main!(benches);
