#!/usr/bin/env python3
"""The callers of a soak, and what is measured meanwhile.

Many conversations at once go to two gateways until the time is over; no fault
comes in its last part.  Once in two seconds the memory and the
descriptors of each worker of the steady gateway and the pages of its zone are
written to a table.  At the end its connections must have gone, and the
merchant must have each cart once at most.  The report is in JSON.  See
Soak.pm for servers and faults.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import statistics
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callers import children, gateway_lines
from soak_clients import CURL_BATCH, Caller, Gateway, Tally
from soak_requests import Maker

Json = dict[str, Any]

EVERY = 2.0                       # s between two samples
GROWTH, SLACK = 1.10, 2048        # of a worker's memory; kB
CONNECTIONS = 24                  # that a worker keeps: to Violet, to Redis
CLOSED = 30.0                     # s until all others have gone


@dataclass
class Sample:
    at: float
    memory: list[int]             # kB of each worker, without shared memory
    descriptors: list[int]
    zone: int                     # kB
    answered: int


def anonymous(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss_Anon:\s+(\d+)", text, re.M)
    return int(found[1]) if found else 0


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}",
                                timeout=60) as answer:
        return bytes(answer.read())


def zone_used(port: int) -> int:
    text = get(port, "/status?format=prometheus").decode()
    found = re.search(r'^violet_zone_bytes\{state="used"\} (\d+)', text, re.M)
    return int(found[1]) // 1024 if found else 0


class Soak:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.dice = random.Random(f"{options.seed}/callers")
        self.maker = Maker(self.dice)
        self.tally = Tally()
        self.samples: list[Sample] = []
        self.begun = time.monotonic()
        self.gateways = [Gateway(name, int(port), int(tls), int(quic),
                                 name == "a")
                         for name, port, tls, quic in
                         (text.split(":") for text in options.gateways)]
        self.pids = children(options.steady)

    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def over(self) -> bool:
        return self.seconds() > self.options.seconds

    async def converse(self) -> None:
        caller = Caller(self.tally, self.dice)
        while not self.over():
            gateway = self.dice.choice(self.gateways)
            await caller.talk(gateway, [self.maker.any() for _ in range(
                self.dice.randint(1, 8))])
            await asyncio.sleep(self.dice.uniform(0, self.options.pause))

    async def converse_by_curl(self, version: int) -> None:
        caller = Caller(self.tally, self.dice)
        while not self.over():
            gateway = self.dice.choice(self.gateways)
            await caller.curl(gateway, version, [
                self.maker.any() for _ in range(CURL_BATCH)])
            await asyncio.sleep(self.dice.uniform(0, 2))

    async def watch(self) -> None:
        port = self.gateways[0].port
        with self.options.table.open("a") as out:
            while not self.over():
                zone = await asyncio.to_thread(zone_used, port)
                sample = Sample(self.seconds(),
                                [anonymous(pid) for pid in self.pids],
                                [descriptors(pid) for pid in self.pids],
                                zone, self.tally.answered)
                self.samples.append(sample)
                print(f"{self.options.offset + sample.at:.1f}", *sample.memory,
                      *sample.descriptors, sample.zone, sample.answered,
                      sum(self.tally.wrong.values()), sep="\t", file=out,
                      flush=True)
                await asyncio.sleep(EVERY)

    async def all(self) -> Json:
        before = [descriptors(pid) for pid in self.pids]
        tasks = [self.converse() for _ in range(self.options.at_once)]
        tasks.append(self.converse_by_curl(2))
        if self.gateways[0].quic:
            tasks.append(self.converse_by_curl(3))
        await asyncio.gather(self.watch(), *tasks)
        after = await self.settled(before)
        merchant = json.loads(await asyncio.to_thread(
            get, self.options.mock, "/_mock/merchant"))
        return self.report(before, after, merchant)

    async def settled(self, before: list[int]) -> list[int]:
        """The descriptors of the steady workers, when callers have left."""
        end = time.monotonic() + CLOSED
        while True:
            now = [descriptors(pid) for pid in self.pids]
            if (all(n <= b + CONNECTIONS for n, b in zip(now, before))
                    or time.monotonic() > end):
                return now
            await asyncio.sleep(0.5)

    # The report

    def memory(self) -> tuple[list[int], list[int]]:
        """The memory of each worker after the warm-up and at the end: the
        tenth of the samples with the least, for a large answer that is under
        way is no leak."""
        def least(samples: list[Sample]) -> list[int]:
            return [int(statistics.quantiles(column, n=10)[0])
                    for column in zip(*(s.memory for s in samples))]

        n = len(self.samples)
        if n < 16:
            return [], []
        return (least(self.samples[n // 4:n // 2]),
                least(self.samples[-n // 4:]))

    def history(self, cart: int, known: Json) -> list[str]:
        """All that is known of a cart: at Violet, of faults, in the logs."""
        events = [(s["arrived"], f"Violet gets the submit of {s['caller']}: "
                   f"{s['plan']}") for s in known["submits"]]
        events += [(at, f"Violet is read: {what}")
                   for at, what in known["reads"]]
        first = min(events)[0]
        for line in self.options.faults.read_text().splitlines():
            begun, ended, kind = line.split(" ", 2)
            events.append((float(begun), f"fault: {kind}, "
                           f"until {float(ended) - first:.3f}"))
        return [f"cart {cart}, {known['orders']} orders",
                *(f"{at - first:10.3f} {what}" for at, what in sorted(events)),
                *gateway_lines(self.options.logs, cart)]

    def report(self, before: list[int], after: list[int],
               merchant: Json) -> Json:
        wrong = dict(self.tally.wrong)
        examples = list(self.tally.examples)
        twice = {cart: known for cart, known in merchant.items()
                 if known["orders"] > 1}
        for cart in itertools.islice(twice, 2):
            examples += self.history(int(cart), twice[cart])
        if twice:
            wrong["ordered twice"] = len(twice)
        if children(self.options.steady) != self.pids:
            wrong["a worker of the steady gateway ended"] = 1
        if any(n > b + CONNECTIONS for n, b in zip(after, before)):
            wrong["descriptors are left"] = 1
        warm, end = self.memory()
        if self.options.memory and any(n > w * GROWTH + SLACK
                                       for w, n in zip(warm, end)):
            wrong["the memory of a worker grows"] = 1
        return {
            "requests": self.tally.sent, "answers": self.tally.answered,
            "conversations": self.tally.kinds,
            "answers by route and status": self.tally.statuses,
            "carts submitted": sum(bool(c["submits"])
                                   for c in merchant.values()),
            "submits at Violet": sum(len(c["submits"])
                                     for c in merchant.values()),
            "orders": sum(c["orders"] for c in merchant.values()),
            "kB of each worker after the warm-up": warm,
            "kB of each worker at the end": end,
            "descriptors of each worker before": before,
            "descriptors of each worker at the end": after,
            "most descriptors": max((max(s.descriptors)
                                     for s in self.samples), default=0),
            "kB of the zone": [s.zone for s in self.samples][-1:],
            "wrong": wrong, "examples": examples}


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--seconds", type=float, required=True)
    add("--seed", required=True)
    add("--at-once", type=int, required=True)
    add("--pause", type=float, required=True, help="s at most, of a caller")
    add("--memory", action="store_true", help="memory must not grow")
    add("--mock", type=int, required=True)
    add("--gateways", nargs=2, required=True, help="name:port:tls:quic")
    add("--steady", type=int, required=True, help="pid of its master")
    add("--offset", type=float, required=True, help="of the table's times")
    add("--logs", type=Path, nargs=2, required=True)
    for name in ("table", "faults", "report"):
        add(f"--{name}", type=Path, required=True)
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    report = asyncio.run(Soak(options).all())
    options.report.write_text(json.dumps(report, indent=2))
    return 1 if report["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
