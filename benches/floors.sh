#!/usr/bin/env bash
# Our servers against floors that owe nothing to our transports, interleaved within every block at
# the same number of clients and the same rate, and the ratios of server CPU per delivered update.
#
#   benches/floors.sh            both
#   benches/floors.sh fan-out    tcp, sse and websocket against one send() per client
#   benches/floors.sh polls      long and short polls, 1,000 clients, 10 updates/s
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

what=${1:-all}
case "$what" in
all | fan-out | polls) mkdir -p "$results" ;;
*)
    echo "there are fan-out and polls"
    exit 2
    ;;
esac
if [ "$what" != polls ]; then
    measure fan-out --rival "bare=$target/examples/bare:tcp"
fi
if [ "$what" != fan-out ]; then
    measure polls --rival "bare=$target/examples/bare:long-poll,short-poll" --set feed.rate=10/s
fi
