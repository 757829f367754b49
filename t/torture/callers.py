#!/usr/bin/env python3
"""The callers of a torture run, its clock, and the judge at its end.

Callers do what the documentation says: they submit a cart, wait and repeat on
"later", and stop at any other word.  Some ask two gateways at once, some leave,
some ask in between what became of the submit, some send X-Violet-Submit: again
instead of waiting, and some make an order by POST orders with a key.
This program moves the clocks of gateways, Redis and mock, since doubt takes
minutes: times are "moved" seconds unless they are called real.  SIGUSR1 says
that no more faults come: then each caller must get its last word in time.
At the end it compares what callers were told with what the merchant has, and
writes a report in JSON.  See Torture.pm for the faults.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import json
import os
import random
import re
import signal
import socket
import struct
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FIRST = 5_000_000          # id of the first cart
AT_ONCE = 60               # requests under way
REQUEST_SECONDS = 30.0     # real: then the caller takes the answer for lost

STILL = 1.5                # real s without a move, then eight moves
MOVES, MOVE = 8, 8         # of so many s each: less than a claim is renewed in

KINDS = ("one", "two", "leaves", "repeats", "insists", "orders", "watched")

PAUSE_LOST = 5.0           # s until a caller repeats who got no answer
PAUSE_PENDING = 20.0

# The documentation's longest pause of one doubt is an hour; an order of the
# mock is pending for at most eight minutes; a flight that died takes 30 s.
LONGEST = 3600 + 480 + 30 + 90


@dataclass
class Ask:
    """One request of a caller, and the answer to it."""

    tag: str
    begun: float
    gateway: int
    again: bool = False               # X-Violet-Submit: again
    question: bool = False            # GET: nothing may be sent
    ended: float = 0.0
    status: int = 0                   # 0: no answer
    outcome: str = ""
    retry: str = ""
    reason: str = ""
    after: float = 0.0
    replayed: bool = False


@dataclass
class Caller:
    name: str
    cart: int
    begun: float = 0.0
    ended: float = 0.0
    kind: str = ""
    word: str = ""                    # the last one
    asks: list[Ask] = field(default_factory=list)


class Clock:
    """The time of day of the run, moved ahead of the real one."""

    def __init__(self, files: list[Path], masters: list[int],
                 hold: Path) -> None:
        self.files = files            # of the gateways; of Redis and the mock
        self.masters = masters
        self.hold = hold              # while it exists nothing is moved
        self.ahead = 0
        self.moves: list[tuple[float, int]] = [(0.0, 0)]
        self.sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.serial = itertools.count()

    def now(self) -> float:
        return time.time() + self.ahead

    def moved(self, real: float) -> float:
        """The moved time of a real one."""
        return real + max(ahead for at, ahead in self.moves if at <= real)

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.sleepers,
                       (self.now() + seconds, next(self.serial), done))
        await done

    def wake(self) -> None:
        while self.sleepers and self.sleepers[0][0] <= self.now():
            _, _, done = heapq.heappop(self.sleepers)
            if not done.done():
                done.set_result(None)

    def move(self, seconds: int) -> None:
        """All clocks at once; a signal makes each worker look at its timers."""
        self.ahead += seconds
        gateways, others = self.files
        put(gateways, self.ahead, self.ahead)
        put(others, self.ahead, 0)
        self.moves.append((time.time(), self.ahead))
        for master in self.masters:
            for worker in children(master):
                try:
                    os.kill(worker, signal.SIGALRM)
                except ProcessLookupError:
                    pass


def put(file: Path, day: int, count: int) -> None:
    with file.open("r+b") as out:
        out.write(struct.pack("qq", day, count))


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


class Run:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.clock = Clock([options.clock, options.day_clock],
                           options.masters, options.hold)
        self.callers: list[Caller] = []
        self.room = asyncio.Semaphore(AT_ONCE)
        self.under_way = 0
        self.calm_since: float | None = None
        self.over = False

    # Callers

    async def cart(self, number: int) -> None:
        dice = random.Random(f"{self.options.seed}/callers/{number}")
        kind = dice.choices(KINDS, (44, 16, 8, 8, 9, 8, 7))[0]
        names = "ab" if kind in ("two", "leaves", "watched") else "a"
        tasks = [self.caller(number, name, random.Random(
            f"{self.options.seed}/{number}/{name}"), kind) for name in names]
        await asyncio.gather(*tasks)

    async def caller(self, number: int, name: str, dice: random.Random,
                     kind: str) -> None:
        caller = Caller(name, number, kind=kind)
        self.callers.append(caller)
        if kind == "watched" and name == "b":
            await self.watch(caller, dice)
            return
        if kind == "leaves" and name == "b":
            await self.clock.sleep(dice.uniform(0, 20))
        caller.begun = self.clock.now()
        gateway = dice.randrange(2)
        if kind == "two" and name == "b":
            gateway = 1 - gateway
        patience = None
        if kind == "leaves" and name == "a":
            patience = dice.choice((0.002, 0.02, 0.2))
        changes = dice.choice((0, 0, 1))
        once_more = kind == "repeats"
        insists = 2 if kind == "insists" or (kind == "orders"
                                             and dice.random() < 0.3) else 0
        again = False

        while not self.over:
            ask = await self.ask(caller, gateway, patience, again)
            again = False
            if patience is not None and ask.status == 0:
                caller.word = "left"
                break
            pause = after(ask)
            if pause is None and ask.retry == "after_change" and changes:
                changes -= 1
                pause = 2.0
            if pause is None and ask.outcome == "completed" and once_more:
                once_more = False
                pause = dice.uniform(1, 600)
            if insists and ask.outcome == "unknown" and (
                    pause is None or dice.random() < 0.3):
                insists -= 1
                again = True
                pause = dice.uniform(1, 30)
            if pause is None:
                caller.word = (ask.outcome if ask.outcome == "completed"
                               else f"{ask.outcome}, {ask.retry}")
                break
            await self.clock.sleep(pause)
            gateway = dice.randrange(2)
        caller.ended = self.clock.now()

    async def watch(self, caller: Caller, dice: random.Random) -> None:
        """Asks what became of the submit, and sends nothing."""
        caller.begun = self.clock.now()
        for _ in range(dice.randint(2, 8)):
            if self.over:
                break
            await self.ask(caller, dice.randrange(2), None, question=True)
            await self.clock.sleep(dice.uniform(1, 120))
        caller.word = "watched"
        caller.ended = self.clock.now()

    async def ask(self, caller: Caller, gateway: int, patience: float | None,
                  again: bool = False, question: bool = False) -> Ask:
        async with self.room:
            tag = f"{caller.cart}{caller.name}{len(caller.asks)}"
            ask = Ask(tag, self.clock.now(), gateway, again, question)
            caller.asks.append(ask)
            self.under_way += 1
            try:
                async with asyncio.timeout(patience or REQUEST_SECONDS):
                    await submit(self.options.gateways[gateway], caller, ask)
            except (OSError, TimeoutError, ValueError, EOFError):
                ask.status = 0
            finally:
                self.under_way -= 1
                ask.ended = self.clock.now()
            return ask

    # Time

    async def keep_time(self) -> None:
        while not self.over:
            if self.calm_since is not None and not self.under_way:
                await asyncio.sleep(0.03)
                self.clock.wake()
                if self.under_way or not self.clock.sleepers:
                    continue
                left = self.clock.sleepers[0][0] - self.clock.now()
                self.clock.move(max(1, int(left) + 1))
                self.check_end()
                continue
            await self.stand(STILL if self.calm_since is None else 0.3)
            for _ in range(MOVES):
                await self.caught_up()
                if self.clock.hold.exists():
                    break
                self.clock.move(MOVE)
                await self.stand(0.04)
            self.check_end()

    async def stand(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(0.01)
            self.clock.wake()

    async def caught_up(self) -> None:
        """Violet has read what was sent to it: its lateness is the plan's.  So
        has Redis, unless it is stopped: on a busy machine a move would end the
        time of claims that Redis had no turn to read."""
        await exchange(self.options.mock,
                       b"GET /_mock/connections HTTP/1.0\r\n\r\n")
        try:
            async with asyncio.timeout(0.3):
                await exchange(self.options.redis, b"QUIT\r\n")
        except TimeoutError:
            pass

    def check_end(self) -> None:
        if (self.calm_since is not None
                and self.clock.now() > self.calm_since + 3 * LONGEST):
            self.over = True
            for _, _, done in self.clock.sleepers:
                if not done.done():
                    done.set_result(None)

    def calm(self) -> None:
        self.calm_since = self.clock.now()

    async def all(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1,
                                                      self.calm)
        keeper = asyncio.create_task(self.keep_time())
        begun, tasks = time.monotonic(), []
        seconds = self.options.seconds * 0.85
        for i in range(self.options.carts):
            due = begun + seconds * i / self.options.carts
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(self.cart(FIRST + i)))
        await asyncio.gather(*tasks)
        self.over = True
        await keeper


async def exchange(port: int, sent: bytes) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await reader.read()
        writer.close()
    except OSError:
        pass


def request(caller: Caller, ask: Ask) -> bytes:
    # lines of the gateways' logs have the arguments of their request
    path, body = f"/v1/checkout/cart/{caller.cart}/submit?caller={ask.tag}", "{}"
    headers = f"Host: localhost\r\nConnection: close\r\nX-Caller: {ask.tag}\r\n"
    if caller.kind == "orders":
        path = f"/v1/orders?caller={ask.tag}"
        body = json.dumps({"app_order_id": caller.cart})
        headers += f"Idempotency-Key: \"order-{caller.cart}\"\r\n"
    if ask.again:
        headers += "X-Violet-Submit: again\r\n"
    if ask.question:
        return f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode()
    return (f"POST {path} HTTP/1.1\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


async def submit(port: int, caller: Caller, ask: Ask) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(caller, ask))
        raw = await reader.read()
    finally:
        writer.close()
    head, gap, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:]
                   if ": " in line)
    if not gap or int(headers.get("content-length", len(body))) != len(body):
        raise EOFError
    ask.outcome = headers.get("x-violet-cart-outcome", "")
    ask.replayed = "x-violet-submit-replayed" in headers
    ask.after = float(headers.get("retry-after", 0))
    if "problem+json" in headers.get("content-type", ""):
        problem = json.loads(body)
        ask.retry = problem.get("retry") or ""
        reasons = [e.get("reason") for e in problem.get("errors") or []]
        ask.reason = reasons[0] if reasons else problem.get("title", "")
    ask.status = int(lines[0].split(" ")[1])


def after(ask: Ask) -> float | None:
    """Seconds until the submit is repeated; None: that was the last word."""
    if ask.status == 0:
        return PAUSE_LOST
    if ask.retry == "later":
        return max(ask.after, 1.0)
    if ask.outcome == "pending":
        return PAUSE_PENDING
    if not ask.outcome:
        return PAUSE_LOST             # an answer of nginx itself
    return None


# The judge

class Judge:
    def __init__(self, run: Run, merchant: Json) -> None:
        self.run = run
        self.merchant = merchant
        self.faults = faults_of(run)
        self.unheard = unheard_of(run.options.logs)
        self.asks: dict[int, list[Ask]] = defaultdict(list)
        self.callers: dict[int, list[Caller]] = defaultdict(list)
        for caller in run.callers:
            self.callers[caller.cart].append(caller)
            self.asks[caller.cart] += caller.asks

    def report(self) -> Json:
        run, found = self.run, defaultdict(list)
        for cart in self.callers:
            for kind in self.violations(cart):
                found[kind].append(cart)
        asks = [ask for some in self.asks.values() for ask in some]
        submits = [s for c in self.merchant.values() for s in c["submits"]]
        # what the documentation allows comes last
        kinds = sorted(found, key=lambda kind: kind.endswith("documented"))
        shown = itertools.islice(
            (cart for kind in kinds for cart in found[kind]), 3)
        waits = [c.ended - max(c.begun, run.calm_since or 0)
                 for c in run.callers if c.ended > (run.calm_since or 0)]
        return {
            "carts": len(self.callers), "callers": len(run.callers),
            "requests": len(asks),
            "submits": len(submits),
            "carts sent more than once": sum(
                len(c["submits"]) > 1 for c in self.merchant.values()),
            "most submits of a cart": max(
                (len(c["submits"]) for c in self.merchant.values()),
                default=0),
            "orders": sum(c["orders"] for c in self.merchant.values()),
            "carts of two bags, ordered in part": sum(
                any(s["made"] and s["partly"] for s in c["submits"])
                for c in self.merchant.values()),
            "carts ordered twice by again": sum(
                c["orders"] > 1 and not self.twice(int(number), c)
                for number, c in self.merchant.items()),
            "callers by kind": Counter(
                c.kind if c.name == "a" else f"{c.kind}, second"
                for c in run.callers),
            "reads": sum(len(c["reads"]) for c in self.merchant.values()),
            "moved seconds": round(run.clock.ahead),
            "longest wait after the faults": round(max(waits, default=0)),
            "longest wait": round(max(
                (c.ended - c.begun for c in run.callers if c.ended),
                default=0)),
            "last words": Counter(c.word or "none" for c in run.callers),
            "manual": Counter(
                f"{c.asks[-1].reason}, {self.truth(c.cart)}"
                for c in run.callers if c.word.endswith("manual")),
            "plans": Counter(s["plan"] for s in submits),
            "answers": Counter(
                f"{a.status} {a.outcome or '-'}"
                f"{' ' + a.reason if a.reason else ''}" for a in asks),
            "sent without Redis": len(self.unheard),
            "violations": {k: len(v) for k, v in found.items()},
            "histories": [self.history(cart) for cart in shown],
        }

    def truth(self, cart: int) -> str:
        known = self.merchant.get(str(cart))
        return f"ordered {known['orders'] if known else 0} times"

    def violations(self, cart: int) -> list[str]:
        known = self.merchant.get(str(cart), {"orders": 0, "submits": []})
        found = []
        if self.twice(cart, known):
            found.append("ordered twice, as documented"
                         if self.documented(known) else "ordered twice")
        for wrong in WRONG:
            if any(wrong(self, ask, known) for ask in self.asks[cart]):
                found.append(str(wrong.__doc__))
        for caller in self.callers[cart]:
            since = max(caller.begun, self.run.calm_since or 0)
            if not caller.word or caller.ended - since > LONGEST:
                found.append("blocked")
                break
        return found

    def twice(self, cart: int, known: Json) -> bool:
        """A submit after the first that made an order was not an "again"."""
        insisted = {ask.tag for ask in self.asks[cart] if ask.again}
        made = sorted((s for s in known["submits"] if s["made"]),
                      key=lambda s: s["arrived"])
        return any(s["caller"] not in insisted for s in made[1:])

    def documented(self, known: Json) -> bool:
        """A gateway sent it without Redis, which the configuration allows,
        and its log says so."""
        return self.run.options.host and any(
            s["made"] and s["caller"] in self.unheard
            for s in known["submits"])

    def completed_not_ordered(self, ask: Ask, known: Json) -> bool:
        """told completed, not ordered"""
        return ask.outcome == "completed" and not known["orders"]

    def completed_in_part(self, ask: Ask, known: Json) -> bool:
        """told completed, ordered in part"""
        made = [s for s in known["submits"] if s["made"]]
        return (ask.outcome == "completed" and bool(made)
                and all(s["partly"] for s in made))

    def partial_wrongly(self, ask: Ask, known: Json) -> bool:
        """told partial, not ordered or ordered whole"""
        return ask.outcome == "partial" and not any(
            s["made"] and s["partly"] for s in known["submits"])

    def failed_but_ordered(self, ask: Ask, known: Json) -> bool:
        """told failed, ordered"""
        return ask.outcome == "failed" and any(
            s["made"] and (s["caller"] == ask.tag
                           or s["arrived"] < ask.begun - 2 * MOVE)
            for s in known["submits"])

    def question_sent(self, ask: Ask, known: Json) -> bool:
        """a question was sent as a submit"""
        return ask.question and any(s["caller"] == ask.tag
                                    for s in known["submits"])

    def none_but_ordered(self, ask: Ask, known: Json) -> bool:
        """told not submitted, ordered"""
        return ask.outcome == "none" and any(
            s["made"] and s["arrived"] < ask.begun - 2 * MOVE
            and (s["arrived"] + s["decided"] < ask.begun - 2 * MOVE
                 or not self.redis_away(known, ask.ended))
            for s in known["submits"])

    def redis_away(self, known: Json, *more: float) -> bool:
        """Redis failed between the submits, or shortly before."""
        times = [s["arrived"] for s in known["submits"]] + list(more)
        return any(kind.startswith("redis")
                   and begun < max(times) and ended > min(times) - 2 * MOVE
                   for begun, ended, kind in self.faults)

    def history(self, cart: int) -> str:
        """Everything that is known of a cart, in the order of time."""
        known = self.merchant.get(str(cart), {"orders": 0, "submits": [],
                                              "reads": []})
        events: list[tuple[float, str]] = []
        for caller in self.callers[cart]:
            for ask in caller.asks:
                how = (" (again)" if ask.again
                       else " (question)" if ask.question else "")
                events.append((ask.begun, f"caller {ask.tag} asks gateway "
                               f"{ask.gateway}{how}"))
                events.append((ask.ended, f"caller {ask.tag} gets {ask.status}"
                               f" {ask.outcome} {ask.retry} {ask.reason} "
                               f"after={ask.after:g}"
                               f"{' replayed' if ask.replayed else ''}"))
        for s in known["submits"]:
            events.append((s["arrived"], f"Violet gets the submit of "
                           f"{s['caller']}: {s['plan']} "
                           f"(shown {s['shown']}, decided {s['decided']})"))
        events += [(at, f"Violet is read: {what}")
                   for at, what in known["reads"]]
        if events:
            first, last = min(events)[0], max(events)[0]
            events += [(at, f"fault: {kind}, until {end - first:.3f}")
                       for at, end, kind in self.faults
                       if first - 2 * MOVE < end and at < last]
        lines = [f"cart {cart}, seed {self.run.options.seed}: "
                 f"{', '.join(self.violations(cart))}; "
                 f"{known['orders']} orders"]
        lines += [f"{at - first:10.3f} {what}" for at, what in sorted(events)]
        lines += gateway_lines(self.run.options.logs, cart)
        lines += redis_lines(self.run.options.redis, cart)
        return "\n".join(lines)


# what no caller may have been told
WRONG = (Judge.completed_not_ordered, Judge.completed_in_part,
         Judge.partial_wrongly, Judge.failed_but_ordered,
         Judge.question_sent, Judge.none_but_ordered)


def faults_of(run: Run) -> list[tuple[float, float, str]]:
    faults = []
    try:
        text = run.options.faults.read_text()
    except OSError:
        text = ""
    for line in text.splitlines():
        begun, ended, kind = line.split(" ", 2)
        faults.append((run.clock.moved(float(begun)),
                       run.clock.moved(float(ended)), kind))
    return faults


def unheard_of(logs: list[Path]) -> set[str]:
    """The submits that gateways sent although Redis was away, or had lost its
    data."""
    wanted = re.compile(r"is sent although Redis .*[?&]caller=(\w+)")
    return {match[1] for log in logs if log.exists()
            for match in map(wanted.search, log.open(errors="replace"))
            if match}


def gateway_lines(logs: list[Path], cart: int) -> list[str]:
    wanted = re.compile(rf"\b{cart}\b")
    return [f"gateway {i}: {line.rstrip()[:400]}"
            for i, log in enumerate(logs)
            for line in log.open(errors="replace") if wanted.search(line)]


def redis_lines(port: int, cart: int) -> list[str]:
    """The record in Redis, by commands that fit on a line."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as link:
            link.settimeout(1)
            link.sendall(b"AUTH admin admin\r\nKEYS *%d*\r\n" % cart)
            time.sleep(0.2)
            keys = re.findall(rb"\S*%d\S*" % cart, link.recv(65536))
            lines = []
            for key in keys:
                link.sendall(b"GET %b\r\nHGETALL %b\r\n" % (key, key))
                time.sleep(0.2)
                lines.append(f"Redis: {key.decode()}: "
                             f"{link.recv(65536)!r}")
            return lines or ["Redis has no record"]
    except OSError as error:
        return [f"Redis: {error}"]


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--carts", type=int, required=True)
    add("--seconds", type=float, required=True)
    add("--seed", required=True)
    add("--host", action="store_true", help="without_redis=host")
    add("--mock", type=int, required=True)
    add("--redis", type=int, required=True)
    add("--gateways", type=int, nargs=2, required=True)
    add("--masters", type=int, nargs=2, required=True)
    add("--logs", type=Path, nargs=2, required=True)
    for name in ("clock", "day-clock", "hold", "faults", "report"):
        add(f"--{name}", type=Path, required=True)
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    run = Run(options)
    asyncio.run(run.all())
    url = f"http://127.0.0.1:{options.mock}/_mock/merchant"
    with urllib.request.urlopen(url, timeout=60) as answer:
        merchant = json.load(answer)
    report = Judge(run, merchant).report()
    options.report.write_text(json.dumps(report, indent=2))
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
