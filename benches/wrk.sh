#!/usr/bin/env bash
# Our poll client against wrk: CPU of the load generator per request, against the same server, both
# pinned to the same core, in turns. Needs wrk and python3. Nearly all answers are 204: there is
# nothing new. wrk's CPU has its start and its connecting in it, ours only the window's.
#
#   benches/wrk.sh [TURNS]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk >/dev/null || { echo "wrk is not installed: apt-get install wrk"; exit 2; }

cargo build --release --quiet -p harness
target=${CARGO_TARGET_DIR:-target}/release
exec python3 benches/wrk.py "$target/feedlab" "${1:-5}"
