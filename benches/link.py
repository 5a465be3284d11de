#!/usr/bin/env python3
"""Holds runs through a link, printed as CSV, against theory.

    link.py WHAT RUN.csv…     WHAT: bytes, packets, long-poll, knee, stall, lossy, fan-out or rate
"""
import csv
import json
import math
import pathlib
import shutil
import subprocess
import sys

MS = 1e6


def rows(path):
    """The rows of a run; one that is INVALID ends it all."""
    with open(path, newline="") as file:
        found = list(csv.DictReader(file))
    for row in found:
        if row["verdict"] == "INVALID":
            raise SystemExit(f"{path}: {row['transport']} is INVALID: no figure means anything")
    return found


def number(row, name):
    return float(row[name]) if row[name] else math.nan


def place(path, row):
    return f"{pathlib.Path(path).stem:>20}  {row['transport']:>10} {row['repetition']}  {row['verdict']:>7}"


def captured(path, row):
    """Bytes that tshark finds in the capture of a row; nothing without tshark."""
    stem = pathlib.Path(path).with_suffix("")
    capture = f"{stem}-{row['transport']}-{row['repetition']}.pcap"
    if not shutil.which("tshark"):
        return None
    command = ["tshark", "-r", capture, "-T", "fields", "-e", "frame.len"]
    lengths = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return sum(map(int, lengths))


def bytes_(paths):
    print("sum of causes, bytes of the link and bytes that tshark finds in the capture")
    for path in paths:
        for row in rows(path):
            causes, link = int(row["life_cause_bytes"]), int(row["life_link_bytes"])
            seen = captured(path, row)
            same = causes == link and seen in (None, link)
            tshark = "no tshark" if seen is None else seen
            print(f"{place(path, row)}  {causes} {link} {tshark}  {'the same' if same else 'NOT THE SAME'}"
                  f"  lost {row['link_lost_packets']} of packets, missing updates {row['missing']}")


def packets(paths):
    print("packets per update (push) or per exchange (polls)")
    for path in paths:
        for row in rows(path):
            sent = number(row, "link_packets_up") + number(row, "link_packets_down")
            count = number(row, "requests") or number(row, "delivered")
            print(f"{place(path, row)}  {sent / count:.3f}")


def closed_long_poll(rate, gap):
    """Mean and 99th percentile of the wait for the next request: a Poisson feed, no hold."""
    x = rate * gap
    waiting = x / (x + math.exp(-x))
    return gap / 2 * waiting, max(0.0, gap * (1 - 0.01 / waiting))


def long_poll(paths):
    print("ms; theory is the closed form for g = 50 ms on top of d = 25 ms, and the run's own prediction")
    for path in paths:
        rate = int(pathlib.Path(path).stem)
        mean, tail = (25 + 1e3 * wait for wait in closed_long_poll(rate, 0.050))
        for row in rows(path):
            if row["transport"] != "long-poll":
                continue
            print(f"{place(path, row)}  mean {number(row, 'delay_mean_ns') / MS:7.2f} "
                  f"(closed {mean:6.2f}, own times {number(row, 'predicted_delay_mean_ns') / MS:6.2f})  "
                  f"p99 {number(row, 'delay_p99_ns') / MS:7.2f} "
                  f"(closed {tail:6.2f}, own times {number(row, 'predicted_delay_p99_ns') / MS:6.2f})")


def knee(paths):
    print("mean delay over the one-way delay d; long polls go from 1 to 2 at d = (250 ms - s - pc) / 2")
    for path in paths:
        delay = float(pathlib.Path(path).stem)
        for row in rows(path):
            mean = number(row, "delay_mean_ns") / MS
            predicted = number(row, "predicted_delay_mean_ns") / MS
            print(f"{place(path, row)}  mean {mean:8.2f} ms = {mean / delay:.3f} d  (theory {predicted:8.2f})")


def stall(paths):
    print("ms; S = 100, P = 2000, d = 4: p99 = d + 0.8 S + floor; and what a poller that times itself reports")
    for path in paths:
        found = rows(path)
        floor = min(number(row, "delay_p50_ns") for row in found) / MS
        for row in found:
            p99 = number(row, "delay_p99_ns") / MS
            request = number(row, "request_p99_ns") / MS
            print(f"{place(path, row)}  p99 {p99:7.2f} = {p99 / (80 + floor):.3f} x theory  "
                  f"request p99 {request:7.2f}  stood still {number(row, 'server_frozen_ns') / 1e9:.2f} s")


def directory(path):
    """The run directory of a CSV: the only one in the folder of its name."""
    return next(pathlib.Path(path).with_suffix("").iterdir())


def lossy(paths):
    print("packets lost as asked, of all over the connections' whole life; updates missing")
    for path in paths:
        with open(directory(path) / "run.json") as file:
            lives = {
                (causes["transport"], str(causes["repetition"])): causes["life"]["link"]
                for causes in json.load(file)["causes"]
            }
        sums = [0, 0]
        for row in rows(path):
            life = lives[row["transport"], row["repetition"]]
            total = life["up"]["packets"] + life["down"]["packets"]
            lost = int(row["link_lost_packets"])
            sums = [sums[0] + lost, sums[1] + total]
            print(f"{place(path, row)}  {lost} of {total} = {lost / total:.4%}  missing {row['missing']}")
        print(f"{'all':>20}  {sums[0]} of {sums[1]} = {sums[0] / sums[1]:.4%}")


def fan_out(paths):
    for path in paths:
        for row in rows(path):
            seconds = number(row, "window_ns") / 1e9
            sent = number(row, "link_packets_up") + number(row, "link_packets_down")
            share = number(row, "relay_cpu_ns") / number(row, "window_ns")
            print(f"{place(path, row)}  {sent / seconds:9.0f} packets/s  relay {share:6.1%} of a core  "
                  f"unasked drops {row['link_unasked_drops']}  late p99 {number(row, 'relay_late_p99_ns') / 1e3:.0f} us")


def rate(paths):
    print("goodput of the tcp floor: bytes above TCP, from the fifth second on; rate x 1448/1500 is 1.5445")
    for path in paths:
        per_update = {
            (row["transport"], row["repetition"]): number(row, "bytes_down") / number(row, "delivered")
            for row in rows(path)
        }
        with open(directory(path) / "timeline.csv", newline="") as file:
            seconds = list(csv.DictReader(file))
        for key, size in per_update.items():
            steady = [
                int(second["delivered"]) for second in seconds
                if (second["transport"], second["repetition"]) == key and 5 <= int(second["second"]) < 20
            ]
            goodput = sum(steady) / len(steady) * size * 8 / 1e6
            print(f"{key}  {goodput:.4f} Mbit/s = {goodput / (1.6 * 1448 / 1500):.4f}")


JUDGES = {
    "bytes": bytes_, "packets": packets, "long-poll": long_poll, "knee": knee, "stall": stall,
    "lossy": lossy, "fan-out": fan_out, "rate": rate,
}
JUDGES[sys.argv[1]](sys.argv[2:])
