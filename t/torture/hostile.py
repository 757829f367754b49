#!/usr/bin/env python3
"""Hostile peers of a gateway: callers, Violet, Redis and senders of webhooks.

This program is the Violet of the gateway, stands between the gateway and its
Redis, and sends mutated bytes as a caller and as Violet's webhooks.  Each case
follows from the seed and its number.  Whatever is sent:

- What reaches Violet is one well-formed request with the gateway's credentials
  and no other ones, for the route for which the gateway took it (it sends
  $violet_route in X-Route), and never a route of logins.
- An answer is the one to its request, and no answer has a secret in it.
- An event with a wrong signature is refused.
- The gateway answers a plain request after each of the cases.

The kept inputs of t/fuzz/corpus/socket.tar.gz are sent first, as they are.  An
input that brings an answer, a line of the log or a request at Violet of a new
kind is written to the folder --found.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import random
import re
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mock"))

import httpd  # noqa: E402
import violet  # noqa: E402
from hostile_bytes import (answer_seed, caller_seed,  # noqa: E402
                           event_seed, mutate)
from httpd import Ending, Reply, Request  # noqa: E402

SECRETS = (b"mock-app-secret", b"mock-token", b"mock-refresh-token")
HOOK_SECRET = b"mock-app-secret"
CREDENTIALS = {"x-violet-app-id": "10000",
               "x-violet-app-secret": "mock-app-secret",
               "x-violet-token": "mock-token"}

# What the gateway may call the routes of the mock, which has more of them.  An
# exchange of its own has no name of a route.
OWN = {"connection_health", "connection_health_list", "cart_submit",
       "cart_payment", "order_create", "cart_outcome"}
SAME = {"connection_health": {"connection_health"},
        "connection_health_list": {"connection_health_list"},
        "connection_health_report": {"connection_health_report"},
        "connection_health_search": {"other"},
        "cart_submit": {"cart_submit"}, "cart_payment": {"cart_payment"},
        "order_create": {"order_create"},
        "cart_read": {"other", "cart_submit", "cart_payment", "cart_outcome",
                      "order_create"},
        "other": {"other", "cart_payment"}}

WEIGHTS = {"caller": 60, "answer": 16, "reply": 12, "stored": 4, "event": 8}
QUIET = 0.25                      # s without a byte: no more is coming
FIRST = 60.0                      # s until the first byte of a plain answer


class Server(httpd.Server):
    """Keeps a connection open after raw bytes as often as not."""

    dice = random.Random(1)

    async def _send(self, reader: asyncio.StreamReader,
                    writer: asyncio.StreamWriter, request: Request,
                    reply: Reply) -> bool:
        if reply.ending is not Ending.RAW:
            return await super()._send(reader, writer, request, reply)
        writer.write(reply.body)
        await writer.drain()
        return self.dice.random() < 0.5


class Watcher(violet.Violet):
    """Violet, which looks at each request that reaches it."""

    def __init__(self, options: argparse.Namespace,
                 hostile: "Hostile") -> None:
        super().__init__(options)
        self.server = Server(self.answer, self.garbage, 3.0)
        self.hostile = hostile
        self.planned: dict[int, bytes] = {}

    async def answer(self, request: Request) -> Reply:
        route, number = violet.route_of(request)
        self.hostile.reached(route, request)
        if number in self.planned:
            return Reply(body=self.planned[number], ending=Ending.RAW)
        if route == "other":
            return Reply.of({"path": request.target,
                             "seen": request.values("X-Seen")})
        return await super().answer(request)

    def garbage(self, data: bytes, connection: int, nth: int) -> None:
        """A caller may leave while it sends a body, and a body may look like a
        request; a head is always whole and well-formed."""
        line, *fields = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        names = [field.partition(b":")[0].lower() for field in fields]
        if (httpd.REQUEST_LINE.fullmatch(line) is None
                or any(httpd.HEADER_LINE.fullmatch(field) is None
                       for field in fields)):
            self.hostile.wrong("not HTTP at Violet", data)
        elif (names.count(b"content-length")
              + names.count(b"transfer-encoding") > 1
              or names.count(b"host") != 1):
            self.hostile.wrong("two lengths or hosts at Violet", data)


class Hostile:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.watcher = Watcher(violet.parse_options(
            ["--port", str(options.violet)]), self)
        self.lately: deque[bytes] = deque(maxlen=40)
        self.counts: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.faults: list[str] = []
        self.wrong_kinds: Counter[str] = Counter()
        self.spoiled = 0              # replies of Redis that are mutated next
        self.dice = random.Random(f"{options.seed}/redis")
        self.end = time.monotonic() + options.seconds

    # What is wrong

    def wrong(self, kind: str, data: bytes) -> None:
        self.wrong_kinds[kind] += 1
        if self.wrong_kinds[kind] <= 2:
            self.faults.append(f"{kind}: {data[:600]!r}; lately: "
                               + ", ".join(repr(one[:200])
                                           for one in [*self.lately][-4:]))

    def reached(self, route: str, request: Request) -> None:
        """A request at Violet."""
        text = f"{request.line} {request.headers}".encode()
        self.counts["requests at Violet"] += 1
        said = request.values("X-Route")
        for name, value in CREDENTIALS.items():
            if request.values(name) != [value]:
                self.wrong(f"{name} is {request.values(name)}", text)
        if route in ("login", "token"):
            self.wrong("a route of logins", text)
        elif not set(said or OWN) & SAME[route] or len(said) > 1:
            self.wrong(f"{route} was taken for {said}", text)
        if any(name.lower() not in CREDENTIALS
               and re.sub(r"[^a-z]", "-", name.lower()) in CREDENTIALS
               for name, _ in request.headers):
            self.wrong("credentials in another spelling", text)

    def answered(self, raw: bytes, what: bytes) -> None:
        """All bytes that a caller got."""
        if any(secret in raw for secret in SECRETS):
            self.wrong("a secret in an answer", what + b" -> " + raw)
        # a body right behind its header, of its length: the answer to a HEAD
        # has none, and HTTP/0.9 has no header
        for match in re.finditer(
                rb"Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*"
                rb"X-Id: (\w+)\r\n(?:[^\r\n]+\r\n)*\r\n"
                rb'(\{"path": [^\n]*?"seen": \["(\w+)"\]\})', raw):
            if int(match[1]) == len(match[3]) and match[2] != match[4]:
                self.wrong("the answer to another request", raw)

    def novel(self, kind: str, data: bytes, raw: bytes) -> None:
        """Keeps an input whose answer is of a new kind."""
        words = re.findall(rb'HTTP/1\.1 \d+|Cache-Status: violet; \w+=?[\w-]*'
                           rb'|X-Violet-Cart-Outcome: \w+|urn:ngx-violet:[\w-]+'
                           rb'|"detail":"[^"]{0,60}', raw)
        key = kind + b" ".join(words[:6]).decode("latin-1")
        key = re.sub(r"\d{4,}", "N", key)
        if key in self.seen or len(data) > 8192:
            return
        self.seen.add(key)
        if self.options.found:
            name = hashlib.sha1(data).hexdigest()[:16]
            (self.options.found / f"{kind}.{name}").write_bytes(data)

    # Talking to the gateway

    async def send(self, data: bytes, first: float = QUIET) -> bytes:
        """What comes back, until nothing more does."""
        raw = b""
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.options.gateway)
        except OSError:
            self.wrong("the gateway takes no connection", data)
            return raw
        try:
            writer.write(data)
            await writer.drain()
            while True:
                async with asyncio.timeout(QUIET if raw else first):
                    part = await reader.read(1 << 16)
                if not part:
                    break
                raw += part
        except (OSError, TimeoutError):
            pass
        finally:
            writer.close()
        return raw

    async def plain(self, number: int) -> None:
        """A plain request gets its answer."""
        path = f"/v1/merchants?plain={number}"
        raw = await self.send(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Connection: close\r\n\r\n".encode(), FIRST)
        if f'"path": "{path}"'.encode() not in raw:
            self.wrong("a plain request is not answered", raw)
        self.answered(raw, path.encode())

    # The cases

    async def case(self, kind: str, data: bytes | None,
                   dice: random.Random) -> None:
        self.counts[kind] += 1
        await getattr(self, kind)(data, dice)

    async def caller(self, data: bytes | None, dice: random.Random) -> None:
        data = data or mutate(caller_seed(dice), dice)
        self.lately.append(data)
        raw = await self.send(data)
        self.answered(raw, data)
        self.novel("caller", data, raw)

    async def answer(self, data: bytes | None, dice: random.Random) -> None:
        """Of one merchant, cart or other path: the id is the case's own."""
        number = dice.randrange(10**6, 2 * 10**9)
        path, body = dice.choice((
            ("GET /v1/operations/connection_health/%d", {
                "merchant_id": number, "connection": {"status": "COMPLETE"}}),
            ("POST /v1/checkout/cart/%d/submit", {
                "id": number, "status": "COMPLETED", "bags": [
                    {"id": 1, "status": "ACCEPTED", "external_id": "7"}]}),
            ("GET /v1/checkout/cart/%d", {"id": number, "bags": []})))
        data = data or mutate(answer_seed(dice, json.dumps(body).encode()),
                              dice, 3)
        self.lately.append(data[:4000])
        self.watcher.planned[number] = data
        raw = await self.send((path % number).encode() + b" HTTP/1.1\r\n"
                              b"Host: localhost\r\nContent-Length: 0\r\n"
                              b"Connection: close\r\n\r\n", FIRST)
        del self.watcher.planned[number]
        self.answered(raw, data)
        self.novel("answer", data, raw)
        if not raw and "submit" in path:
            self.wrong("a submit without an answer", data)

    async def reply(self, data: bytes | None, dice: random.Random) -> None:
        """Some replies of Redis are mutated while a request needs them."""
        self.spoiled = dice.randint(1, 3)
        path = dice.choice((
            "GET /v1/operations/connection_health/%d" % dice.randrange(1, 60),
            "POST /v1/checkout/cart/%d/submit" % dice.randrange(10**6, 10**9),
            "GET /purge?merchant_id=%d" % dice.randrange(1, 60),
            "POST /purge?merchant_id=%d" % dice.randrange(1, 60)))
        raw = await self.send(f"{path} HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 0\r\nConnection: close\r\n\r\n"
                              .encode(), FIRST)
        self.answered(raw, path.encode())
        if not raw.startswith(b"HTTP/1.1 "):
            self.wrong("no answer while Redis is hostile", path.encode())

    async def stored(self, data: bytes | None, dice: random.Random) -> None:
        """A value in Redis is mutated, and asked for."""
        async with Link(self.options.redis) as link:
            number = dice.randrange(1, 60)
            key = f"violet:health:violet_api:10000:{number}".encode()
            fields = await link.call(b"HGETALL", key)
            if isinstance(fields, list) and fields:
                i = dice.randrange(0, len(fields), 2)
                await link.call(b"HSET", key, fields[i],
                                mutate(fields[i + 1], dice, 3))
            path = f"GET /v1/operations/connection_health/{number}"
            keys = await link.call(b"KEYS", b"violet:submit:*")
            if isinstance(keys, list) and keys and dice.random() < 0.5:
                key = dice.choice(sorted(keys))
                value = await link.call(b"GET", key)
                if isinstance(value, bytes) and key.rsplit(b":", 1)[1].isdigit():
                    await link.call(b"SET", key, mutate(value, dice, 3))
                    path = ("POST /v1/checkout/cart/"
                            f"{int(key.rsplit(b':', 1)[1])}/submit")
        raw = await self.send(f"{path} HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 0\r\nConnection: close\r\n\r\n"
                              .encode(), FIRST)
        self.answered(raw, path.encode())
        if not raw.startswith(b"HTTP/1.1 "):
            self.wrong("no answer to a hostile value", path.encode())

    async def event(self, data: bytes | None, dice: random.Random) -> None:
        body = data or mutate(event_seed(dice), dice)
        self.lately.append(body)
        right = dice.random() < 0.7
        mac = hmac.digest(HOOK_SECRET, body, hashlib.sha256)
        text = base64.b64encode(mac) if dice.random() < 0.5 else mac.hex(
            ).encode()
        if not right:
            text = mutate(text, dice)
            right = text.strip() in (base64.b64encode(mac), mac.hex().encode())
        topic = b"MERCHANT_COMPLETE"
        topic = topic if dice.random() < 0.7 else mutate(topic, dice, 2)
        clean = not re.search(rb"[\r\n\0]", text + topic)
        raw = await self.send(
            b"POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"X-Violet-Topic: %b\r\nX-Violet-Hmac: %b\r\nContent-Length: %d"
            b"\r\n\r\n%b" % (topic, text, len(body), body), FIRST)
        self.answered(raw, body)
        self.novel("event", body, raw)
        if clean and not right and not raw.startswith(
                (b"HTTP/1.1 401", b"HTTP/1.1 400")) and not same(text, mac):
            self.wrong("an event with a wrong signature", text + b" " + raw)

    # Redis, through this program

    async def redis(self, reader: asyncio.StreamReader,
                    writer: asyncio.StreamWriter) -> None:
        try:
            there, to = await asyncio.open_connection("127.0.0.1",
                                                      self.options.redis)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.pass_on(reader, to, False),
                             self.pass_on(there, writer, True))

    async def pass_on(self, reader: asyncio.StreamReader,
                      writer: asyncio.StreamWriter, replies: bool) -> None:
        try:
            while data := await reader.read(1 << 16):
                if replies and self.spoiled:
                    self.spoiled -= 1
                    self.counts["replies of Redis"] += 1
                    data = mutate(data, self.dice, 3)
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    # All of it

    async def work(self, numbers: Any, kept: list[tuple[str, bytes]]) -> None:
        while time.monotonic() < self.end or kept:
            if kept:
                kind, data = kept.pop()
                await self.case(kind, data, random.Random(data))
                continue
            number = next(numbers)
            if self.options.cases and number >= self.options.cases:
                return
            dice = random.Random(f"{self.options.seed}/{number}")
            kind = dice.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
            await self.case(kind, None, dice)
            if number % 20 == 0:
                await self.plain(number)

    async def all(self) -> None:
        await self.watcher.server.listen("127.0.0.1", self.options.violet)
        proxy = await asyncio.start_server(self.redis, "127.0.0.1",
                                           self.options.proxy)
        await self.gateway_listens()
        self.end = time.monotonic() + self.options.seconds
        kept = [(file.name.split(".")[0], file.read_bytes())
                for file in sorted(self.options.corpus.iterdir())]
        self.counts["kept inputs"] = len(kept)
        numbers = iter(range(1 << 62))
        await asyncio.gather(*(self.work(numbers, kept)
                               for _ in range(self.options.at_once)))
        await self.plain(-1)
        proxy.close()
        await self.watcher.server.close()

    async def gateway_listens(self) -> None:
        while not (await self.probe()):
            await asyncio.sleep(0.05)

    async def probe(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1",
                                                      self.options.gateway)
        except OSError:
            return False
        writer.close()
        return True


def same(text: bytes, mac: bytes) -> bool:
    """Another spelling of the same signature."""
    bare = text.strip()
    try:
        return bytes.fromhex(bare.decode()) == mac
    except ValueError:
        pass
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4)) == mac
    except ValueError:
        return False


class Link:
    """A few commands to Redis, as its administrator."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> "Link":
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port)
        await self.call(b"AUTH", b"admin", b"admin")
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.writer.close()

    async def call(self, *words: bytes) -> Any:
        self.writer.write(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%b\r\n" % (len(word), word) for word in words))
        return await self.read()

    async def read(self) -> Any:
        line = await self.reader.readuntil(b"\r\n")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            if rest == b"-1":
                return None
            return (await self.reader.readexactly(int(rest) + 2))[:-2]
        if kind == b"*":
            return [await self.read() for _ in range(int(rest))]
        return rest


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--seconds", type=float, required=True)
    add("--cases", type=int, default=0, help="at most so many; 0: any number")
    add("--seed", required=True)
    add("--at-once", type=int, default=12)
    for name in ("gateway", "violet", "proxy", "redis"):
        add(f"--{name}", type=int, required=True, help="a port")
    add("--corpus", type=Path, required=True)
    add("--found", type=Path)
    add("--report", type=Path, required=True)
    return parser.parse_args()


def main() -> int:
    hostile = Hostile(parse_options())
    asyncio.run(hostile.all())
    hostile.options.report.write_text(json.dumps({
        "counts": hostile.counts, "kinds of answers": len(hostile.seen),
        "wrong": hostile.wrong_kinds, "examples": hostile.faults}, indent=1))
    return 1 if hostile.wrong_kinds else 0


if __name__ == "__main__":
    sys.exit(main())
