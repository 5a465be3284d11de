#!/usr/bin/env python3
"""Median over the blocks of within-block ratios of server CPU, from a run printed as CSV.

    ratios.py RUN.csv WHAT     WHAT: fan-out or polls
"""
import csv
import statistics
import sys

PAIRS = {
    "fan-out": [("tcp", "bare-tcp"), ("websocket", "tcp"), ("sse", "tcp")],
    "polls": [
        ("long-poll", "bare-long-poll"), ("long-poll", "tcp"), ("short-poll", "bare-short-poll"),
    ],
}


def cost(row):
    """Server CPU in ns per delivered update, or per request for short polling."""
    count = row["requests"] if row["transport"].endswith("short-poll") else row["delivered"]
    return int(row["server_cpu_ns"]) / max(int(count), 1)


def main(path, what):
    with open(path, newline="") as file:
        rows = {(row["transport"], row["repetition"]): row for row in csv.DictReader(file)}
    for (transport, repetition), row in rows.items():
        if row["verdict"] == "INVALID":
            raise SystemExit(f"{transport}, repetition {repetition} is INVALID: no ratio means anything")
    repetitions = sorted({repetition for _, repetition in rows}, key=int)
    for one, other in PAIRS[what]:
        ratios = [
            cost(rows[one, repetition]) / cost(rows[other, repetition])
            for repetition in repetitions
            if (one, repetition) in rows and (other, repetition) in rows
        ]
        if not ratios:
            raise SystemExit(f"the run has no block with both {one} and {other}")
        suspect = [
            repetition for repetition in repetitions
            if "SUSPECT" in {rows[one, repetition]["verdict"], rows[other, repetition]["verdict"]}
        ]
        each = " ".join(f"{ratio:.3f}" for ratio in ratios)
        note = f"; SUSPECT in blocks {', '.join(suspect)}" if suspect else ""
        print(f"{one} / {other}: median {statistics.median(ratios):.3f}  ({each}){note}")


main(*sys.argv[1:])
