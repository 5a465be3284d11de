#!/usr/bin/env bash
# Our servers against floors that owe nothing to our transports, interleaved within every block at
# the same number of clients and the same rate, and the ratios of server CPU per delivered update.
#
#   benches/floors.sh            all three
#   benches/floors.sh fan-out    tcp, sse and websocket against one send() per client
#   benches/floors.sh long-poll  1,000 clients, 10 updates/s
#   benches/floors.sh short-poll 1,000 polls/s
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet -p harness
cargo build --release --quiet -p servers --example bare
target=${CARGO_TARGET_DIR:-target}/release
results=results/local/floors-$(date -u +%Y%m%dT%H%M%S)

measure() {
    name=$1
    shift
    "$target/feedlab" run fan-out --quiet --no-report --format csv --results "$results/$name" "$@" \
        >"$results-$name.csv"
    python3 benches/ratios.py "$results-$name.csv" "$name"
    mv "$results-$name.csv" "$results/$name.csv"
}

mkdir -p "$results"
case "${1:-all}" in
all | fan-out)
    measure fan-out --rival "bare=$target/examples/bare:tcp"
    ;;&
all | long-poll)
    measure long-poll --rival "bare=$target/examples/bare:long-poll" --set feed.rate=10/s
    ;;&
all | short-poll)
    measure short-poll --rival "bare=$target/examples/bare:short-poll" --set feed.rate=10/s
    ;;
esac
