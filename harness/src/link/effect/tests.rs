use std::time::Duration;

use proptest::prelude::*;
use scenarios::Bottleneck;

use super::*;

/// Packets as (ns after the one before, bytes).
fn packets() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0_u64..3_000_000, 40_u64..=1500), 1..300)
}

fn bottleneck(bits_per_second: u64, queue_bytes: u64) -> Bottleneck {
    let bandwidth = scenarios::Bandwidth::new(bits_per_second).unwrap();
    Bottleneck { bandwidth, queue_bytes }
}

fn ways() -> impl Strategy<Value = Way> {
    let cut = (0_u64..200, 1_u64..100).prop_map(|(begin, lasts)| {
        (Duration::from_millis(begin), Duration::from_millis(begin + lasts))
    });
    let rate = prop::option::of((8_000_u64..1_000_000_000, 0_u64..100_000));
    (
        0_u64..50_000,
        0_u64..20_000,
        any::<bool>(),
        0.0..1.0_f64,
        1.0..20.0_f64,
        rate,
        prop::collection::vec(cut, 0..3),
    )
        .prop_map(|(delay, jitter, reorder, loss, loss_burst, rate, cuts)| Way {
            delay: Duration::from_micros(delay),
            jitter: Duration::from_micros(jitter),
            reorder,
            loss,
            loss_burst,
            bottleneck: rate.map(|(bits, queue)| bottleneck(bits, queue)),
            cuts,
        })
}

/// When a packet comes, and when it is due or why it is dropped.
type Fate = (u64, Result<u64, Cause>);

fn carry(way: &Way, seed: u64, packets: &[(u64, u64)]) -> (Path, Vec<Fate>) {
    let mut path = Path::new(way, Direction::Down, seed);
    path.open_window(0);
    let mut now_ns = 0;
    let fates = packets.iter().map(|(gap_ns, bytes)| {
        now_ns += gap_ns;
        (now_ns, path.admit(now_ns, *bytes))
    });
    let fates = fates.collect();
    (path, fates)
}

proptest! {
    #[test]
    fn every_packet_is_passed_or_dropped_for_one_cause(way in ways(), packets in packets(), seed: u64) {
        let (path, fates) = carry(&way, seed, &packets);
        let sum = |is_passed: bool| -> Amount {
            let chosen = packets.iter().zip(&fates).filter(|(_, (_, fate))| fate.is_ok() == is_passed);
            chosen.map(|((_, bytes), _)| Amount { packets: 1, bytes: *bytes }).sum()
        };
        prop_assert_eq!(path.drops().total(), sum(false));
        let offered: u64 = packets.iter().map(|(_, bytes)| bytes).sum();
        prop_assert_eq!(sum(true).bytes + path.drops().total().bytes, offered);
    }

    #[test]
    fn packets_keep_their_order_unless_it_may_change(way in ways(), packets in packets(), seed: u64) {
        let way = Way { reorder: false, ..way };
        let (path, fates) = carry(&way, seed, &packets);
        let dues: Vec<u64> = fates.iter().filter_map(|(_, fate)| fate.ok()).collect();
        prop_assert!(dues.is_sorted() && !path.reorders());
    }

    #[test]
    fn no_packet_is_due_before_the_delay_has_passed_nor_after_delay_jitter_and_a_full_queue(
        way in ways(), packets in packets(), seed: u64,
    ) {
        let (_, fates) = carry(&way, seed, &packets);
        let least_ns = way.delay.as_nanos() as u64;
        let queued_ns = way.bottleneck.map_or(0, |bottleneck| {
            bottleneck.bandwidth.wire_ns(bottleneck.queue_bytes + 1500) + 2
        });
        let most_ns = least_ns + way.jitter.as_nanos() as u64 + queued_ns;
        for (now_ns, fate) in fates {
            if let Ok(due_ns) = fate {
                prop_assert!(due_ns >= now_ns + least_ns);
                prop_assert!(due_ns <= now_ns + most_ns, "{} ns", due_ns - now_ns);
            }
        }
    }

    #[test]
    fn a_bottleneck_is_never_faster_than_its_rate(
        bits in 8_000_u64..10_000_000_000, queue in 0_u64..1_000_000, packets in packets(),
    ) {
        // All at once, too: then only the rounding could make it faster.
        for hurry in [1, 1_000_000_000] {
            let packets: Vec<_> = packets.iter().map(|(gap, bytes)| (gap / hurry, *bytes)).collect();
            let way = Way { bottleneck: Some(bottleneck(bits, queue)), ..Way::default() };
            let (_, fates) = carry(&way, 0, &packets);
            let passed: Vec<(u64, u64)> = fates
                .iter()
                .zip(&packets)
                .filter_map(|((_, fate), (_, bytes))| fate.ok().map(|due_ns| (due_ns, *bytes)))
                .collect();
            for (first, (begin_ns, _)) in passed.iter().enumerate().step_by(7) {
                let mut bytes = 0;
                for (end_ns, more) in &passed[first + 1..] {
                    bytes += more;
                    // The begin was rounded up to a ns.
                    let carried = u128::from(end_ns - begin_ns + 1) * u128::from(bits);
                    prop_assert!(carried >= u128::from(bytes) * 8_000_000_000);
                }
            }
        }
    }

    #[test]
    fn a_bottleneck_that_is_never_idle_is_not_slower_than_its_rate_either(
        bits in 8_000_u64..10_000_000_000, sizes in prop::collection::vec(40_u64..=1500, 1..200),
    ) {
        let way = Way { bottleneck: Some(bottleneck(bits, 1 << 40)), ..Way::default() };
        let packets: Vec<_> = sizes.iter().map(|bytes| (0, *bytes)).collect();
        let (_, fates) = carry(&way, 0, &packets);
        let bytes: u64 = sizes.iter().sum();
        let exact = (u128::from(bytes) * 8_000_000_000).div_ceil(u128::from(bits)) as u64;
        prop_assert_eq!(fates.last().unwrap().1, Ok(exact));
    }

    #[test]
    fn equal_seeds_lose_the_same_packets_whatever_the_jitter(
        loss in 0.01..0.9_f64, loss_burst in 1.0..10.0_f64, seed: u64, packets in packets(),
    ) {
        let calm = Way { loss, loss_burst, ..Way::default() };
        let shaken = Way { jitter: Duration::from_millis(5), ..calm.clone() };
        let lost = |way: &Way| -> Vec<bool> {
            carry(way, seed, &packets).1.iter().map(|(_, fate)| fate.is_err()).collect()
        };
        prop_assert_eq!(lost(&calm), lost(&calm));
        prop_assert_eq!(lost(&calm), lost(&shaken));
    }
}

/// Whether each of many packets is lost.
fn losses(loss: f64, loss_burst: f64, count: usize, direction: Direction) -> Vec<bool> {
    let way = Way { loss, loss_burst, ..Way::default() };
    let mut path = Path::new(&way, direction, 5);
    (0..count).map(|now_ns| path.admit(now_ns as u64, 100).is_err()).collect()
}

#[test]
fn the_share_of_lost_packets_is_within_four_deviations_of_the_binomial() {
    let count = 400_000;
    for loss in [0.001, 0.01, 0.3, 0.99] {
        for direction in Direction::BOTH {
            let losses = losses(loss, 1.0, count, direction);
            let lost = losses.iter().filter(|lost| **lost).count() as f64;
            let mean = loss * count as f64;
            let deviation = (mean * (1.0 - loss)).sqrt();
            assert!((lost - mean).abs() < 4.0 * deviation, "{lost} of {count} at {loss}");
        }
    }
    assert!(losses(1.0, 1.0, 1000, Direction::Up).into_iter().all(|lost| lost));
    assert!(losses(1.0, 5.0, 1000, Direction::Up).into_iter().all(|lost| lost));
    assert!(!losses(0.0, 5.0, 1000, Direction::Up).into_iter().any(|lost| lost));
}

#[test]
fn both_directions_lose_other_packets() {
    let [up, down] = Direction::BOTH.map(|direction| losses(0.5, 1.0, 1000, direction));
    assert_ne!(up, down);
}

#[test]
fn bursts_have_the_length_and_the_share_that_were_asked_for() {
    for (loss, length) in [(0.01, 3.0), (0.05, 8.0), (0.2, 1.5)] {
        let losses = losses(loss, length, 2_000_000, Direction::Down);
        let lost = losses.iter().filter(|lost| **lost).count() as f64;
        let bursts = losses.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
        // Bursts have geometric lengths: the mean of so many is within some percent.
        assert!((lost / bursts / length - 1.0).abs() < 0.03, "{} not {length}", lost / bursts);
        assert!((lost / losses.len() as f64 / loss - 1.0).abs() < 0.06, "{lost}");
    }
}

#[test]
fn a_cut_begins_with_the_window_and_ends() {
    let way =
        Way { cuts: vec![(Duration::from_secs(1), Duration::from_secs(2))], ..Way::default() };
    let mut path = Path::new(&way, Direction::Up, 0);
    let second = 1_000_000_000;
    // Before anybody has said when the window opens.
    assert_eq!(path.admit(second, 40), Ok(second));
    path.open_window(10 * second);
    for (now_ns, fate) in [
        (second + 1, Ok(second + 1)),
        (11 * second - 1, Ok(11 * second - 1)),
        (11 * second, Err(Cause::Cut)),
        (12 * second - 1, Err(Cause::Cut)),
        (12 * second, Ok(12 * second)),
    ] {
        assert_eq!(path.admit(now_ns, 40), fate);
    }
    assert_eq!(path.drops().cut, Amount { packets: 2, bytes: 80 });
}

#[test]
fn jitter_that_may_reorder_does_and_spreads_evenly() {
    let jitter = Duration::from_millis(10);
    let way = Way { jitter, reorder: true, ..Way::default() };
    let packets = vec![(1000, 100); 10_000];
    let (path, fates) = carry(&way, 3, &packets);
    let delays: Vec<u64> = fates.iter().map(|(now_ns, fate)| fate.unwrap() - now_ns).collect();
    assert!(path.reorders() && !fates.iter().map(|(_, fate)| fate.unwrap()).is_sorted());
    let mean_ns = delays.iter().sum::<u64>() as f64 / delays.len() as f64;
    // The mean of 10,000 draws from [0, 10 ms] has a deviation of 0.029 ms.
    assert!((mean_ns - 5e6).abs() < 0.15e6, "{mean_ns}");
}

#[test]
fn an_idle_line_takes_a_packet_that_is_larger_than_its_queue() {
    let way = Way { bottleneck: Some(bottleneck(8_000, 100)), ..Way::default() };
    let mut path = Path::new(&way, Direction::Up, 0);
    assert_eq!(path.admit(0, 1500), Ok(1_500_000_000));
    // That one is on the wire until it has been sent, and leaves the whole queue to others.
    assert_eq!(path.admit(0, 60), Ok(1_560_000_000));
    assert_eq!(path.admit(1_499_999_999, 41), Err(Cause::Queue));
    assert_eq!(path.admit(1_499_999_999, 40), Ok(1_600_000_000));
    // The second one is on the wire, and 40 bytes wait.
    assert_eq!(path.admit(1_500_000_000, 61), Err(Cause::Queue));
    assert_eq!(path.admit(1_500_000_000, 60), Ok(1_660_000_000));
}

#[test]
fn a_queue_of_one_packet_holds_one_beside_the_one_that_is_being_sent() {
    let way = Way { bottleneck: Some(bottleneck(12_000_000, 1500)), ..Way::default() };
    let mut path = Path::new(&way, Direction::Down, 0);
    // A packet of 1500 bytes takes 1 ms.
    assert_eq!(path.admit(0, 1500), Ok(1_000_000));
    assert_eq!(path.admit(0, 1500), Ok(2_000_000));
    assert_eq!(path.admit(0, 40), Err(Cause::Queue));
    assert_eq!(path.admit(999_999, 40), Err(Cause::Queue));
    assert_eq!(path.admit(1_000_000, 1500), Ok(3_000_000));
    assert_eq!(path.drops().queue, Amount { packets: 2, bytes: 80 });
}

#[test]
fn the_table_has_each_effect_once_with_a_stream_of_its_own() {
    let streams: std::collections::BTreeSet<_> = ALL.iter().map(|effect| effect.stream).collect();
    assert_eq!(streams.len(), ALL.len());
}
