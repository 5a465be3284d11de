#!/usr/bin/env python3
"""Median over the blocks of within-block ratios of server CPU, from a run printed as CSV.

    ratios.py RUN.csv WHAT     WHAT: fan-out, long-poll or short-poll
"""
import csv
import statistics
import sys

PAIRS = {
    "fan-out": [("tcp", "bare-tcp"), ("websocket", "tcp"), ("sse", "tcp")],
    "long-poll": [("long-poll", "bare-long-poll"), ("long-poll", "tcp")],
    "short-poll": [("short-poll", "bare-short-poll")],
}


def cost(row, what):
    """Server CPU in ns per delivered update, or per request for short polling."""
    count = row["requests"] if what == "short-poll" else row["delivered"]
    return int(row["server_cpu_ns"]) / max(int(count), 1)


def main(path, what):
    with open(path, newline="") as file:
        rows = {(row["transport"], row["repetition"]): row for row in csv.DictReader(file)}
    repetitions = sorted({repetition for _, repetition in rows}, key=int)
    for one, other in PAIRS[what]:
        ratios = [
            cost(rows[one, repetition], what) / cost(rows[other, repetition], what)
            for repetition in repetitions
            if (one, repetition) in rows and (other, repetition) in rows
        ]
        if ratios:
            each = " ".join(f"{ratio:.3f}" for ratio in ratios)
            print(f"{one} / {other}: median {statistics.median(ratios):.3f}  ({each})")


main(*sys.argv[1:])
