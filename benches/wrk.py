#!/usr/bin/env python3
"""CPU per request of our poll client and of wrk, in turns. Started by wrk.sh."""
import csv
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

# A poll every ms each is then more than a core can serve.
CLIENTS = 250
SECONDS = 4


def ours(feedlab):
    """CPU of the load workers per poll: a poll is always due and there is nothing to tell, so
    polls go as fast as the server answers, like wrk's, and both sides are busy."""
    with tempfile.TemporaryDirectory() as directory:
        arguments = [
            feedlab, "run", "fan-out", "--quiet", "--no-report", "--format", "csv",
            "--results", directory,
        ]
        for key, value in {
            "clients": CLIENTS,
            "feed.rate": "1/s",
            "measure.repeat": 1,
            "measure.duration": f"{SECONDS}s",
            "transports": '{ short-poll = { interval = "1ms" } }',
        }.items():
            arguments += ["--set", f"{key}={value}"]
        text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    for row in csv.DictReader(io.StringIO(text)):
        if row["transport"] == "short-poll":
            return int(row["client_cpu_ns"]) / int(row["requests"]) / 1000, int(row["requests"])
    raise SystemExit("the run has no short-poll row")


def theirs(feedlab):
    """The same for wrk, on the core that our workers have."""
    cores = sorted(os.sched_getaffinity(0))
    server = subprocess.Popen(
        [feedlab, "serve", "--listen", "127.0.0.1:0", "--tcp", "127.0.0.1:0",
         "--control", "127.0.0.1:0", "--transport", "short-poll"],
        stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores[:1]),
    )
    try:
        ready = json.loads(server.stdout.readline())
        url = f"http://{ready['listen']}/short-poll?after={ready['epoch']}:0"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = subprocess.run(
            ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", url],
            check=True, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores[-1:]),
        ).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        server.terminate()
    requests = next(int(line.split()[0]) for line in text.splitlines() if "requests in" in line)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    server.wait()
    return used / requests * 1e6, requests


def main(feedlab, turns):
    ratios = []
    for turn in range(int(turns)):
        mine, mine_requests = ours(feedlab)
        wrks, wrk_requests = theirs(feedlab)
        ratios.append(mine / wrks)
        print(f"turn {turn + 1}: ours {mine:.2f} µs of {mine_requests} polls, "
              f"wrk {wrks:.2f} µs of {wrk_requests} requests, ratio {ratios[-1]:.2f}", flush=True)
        time.sleep(0.5)
    print(f"median ratio {statistics.median(ratios):.2f}")


main(*sys.argv[1:])
