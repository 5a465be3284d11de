#!/usr/bin/env bash
# What the link does, held against what it should do. Each takes minutes and wants the machine to
# itself; the figures of every repetition are printed.
#
#   benches/link.sh relay        round trips, loss, rate and capacity of the link alone
#   benches/link.sh bytes        every byte has a cause: five transports, plain and TLS, without and with loss
#   benches/link.sh packets      packets per pushed message, per poll and per long poll
#   benches/link.sh long-poll    delays of long polls at d = 25 ms from 1 to 100 updates/s
#   benches/link.sh knee         where long polls leave WebSocket: 4 updates/s, one-way delays around 125 ms
#   benches/link.sh stall        what push and a poller that times itself see of a server that stands still
#   benches/link.sh lossy        1 % of at least 100,000 packets
#   benches/link.sh fan-out      1,000 clients at 50 updates/s through the link
#   benches/link.sh rate         goodput of the tcp floor through 1.6 Mbit/s
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet -p harness --bin feedlab --example link
target=${CARGO_TARGET_DIR:-target}/release
what=${1:-}
results=results/local/link-$what-$(date -u +%Y%m%dT%H%M%S)

# NAME SCENARIO --set …: a run, as NAME.csv
measure() {
    name=$1
    shift
    mkdir -p "$results"
    "$target/feedlab" run "$@" --quiet --no-report --format csv --results "$results/$name" \
        >"$results/$name.csv"
}

judge() {
    python3 benches/link.py "$what" "$results"/*.csv
}

only() { # transports…
    tables=$(printf '"%s" = {}, ' "$@")
    printf 'transports={ %s }' "${tables%, }"
}

case "$what" in
relay)
    for part in machine rtt loss rate capacity; do "$target/examples/link" "$part"; done
    ;;
bytes)
    for loss in 0 0.02; do
        for tls in false true; do
            measure "loss-$loss-tls-$tls" quick --set link.rtt=20ms --set "link.loss=$loss" \
                --set "tls=$tls" --set measure.repeat=2 --pcap "$results/loss-$loss-tls-$tls.pcap"
        done
    done
    judge
    ;;
packets)
    # Further apart than an acknowledgement is put off (40 ms), and nearer.
    measure slow quick --set link.rtt=0s --set feed.kind=periodic --set feed.rate=2/s \
        --set transports.short-poll.interval=101ms --set measure.repeat=3
    measure fast quick --set link.rtt=0s --set feed.kind=periodic --set feed.rate=100/s \
        --set transports.short-poll.interval=11ms --set measure.repeat=3 --set clients=5
    judge
    ;;
long-poll)
    for rate in 1 5 10 20 100; do
        seconds=$((rate == 1 ? 300 : 2100 / rate))
        measure "$(printf '%03d' "$rate")" baseline --set "$(only long-poll)" --set clients=10 \
            --set link.rtt=50ms --set "feed.rate=$rate/s" --set "measure.duration=${seconds}s" \
            --set measure.repeat=1
    done
    judge
    ;;
knee)
    for delay in 100 120 124 126 130 150; do
        measure "$delay" baseline --set "$(only long-poll websocket)" --set clients=10 \
            --set "link.rtt=$((2 * delay))ms" --set feed.kind=periodic --set feed.rate=4/s \
            --set measure.duration=20s --set measure.repeat=1
    done
    judge
    ;;
stall)
    measure stall stall
    judge
    ;;
lossy)
    measure lossy baseline --set link.rtt=10ms --set link.loss=0.01 --set feed.rate=100/s --set measure.repeat=2
    judge
    ;;
fan-out)
    measure fan-out fan-out --set link.rtt=0s --set "$(only websocket tcp)"
    judge
    ;;
rate)
    # 20 % more than fits, so that the bottleneck is never idle; what is behind comes in the drain.
    measure rate baseline --set "$(only tcp)" --set clients=1 --set link.rtt=40ms \
        --set link.down=1.6Mbit/s --set link.queue=64KiB --set feed.kind=periodic --set feed.rate=160/s \
        --set feed.payload_bytes=1400 --set measure.duration=20s --set measure.repeat=3
    judge
    ;;
*)
    sed -n '2,14s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
