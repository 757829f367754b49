"""How the callers of a soak talk: HTTP/1.1 by sockets, HTTP/2 and 3 by curl.

A conversation is some requests on one connection, in one of these manners:
one after another, pipelined, read slowly, sent slowly, or left in the middle.
Its answers go to Tally.take().
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from soak_requests import Headers, Request

MANNERS = {"in turn": 40, "pipelined": 15, "slow reader": 8,
           "slow sender": 8, "leaves": 18, "leaves in the answer": 6}

# Until a caller takes an answer for lost: far above every time-out of a gateway
PATIENCE = 120.0

CURL_BATCH = 12


@dataclass
class Answer:
    status: int
    headers: Headers
    body: bytes


@dataclass
class Gateway:
    name: str
    port: int                         # HTTP/1.1
    tls: int                          # HTTP/2
    quic: int                         # HTTP/3; 0: not here
    steady: bool                      # neither killed nor reloaded


@dataclass
class Tally:
    """What was answered, and what is wrong with it."""

    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    sent: int = 0
    answered: int = 0

    def fault(self, gateway: Gateway, request: Request, text: str,
              body: bytes = b"") -> None:
        kind = re.sub(r"\d{4,}", "N", text)
        name = f"{request.route}: {kind}"
        self.wrong[name] += 1
        if self.wrong[name] <= 2:
            self.examples.append(f"gateway {gateway.name}: {request.method} "
                                 f"{request.path}: {text} {body[:300]!r}")

    def take(self, gateway: Gateway, request: Request,
             answer: Answer) -> None:
        self.answered += 1
        self.statuses[f"{request.route} {answer.status}"] += 1
        try:
            text = request.check(answer.status, answer.headers, answer.body)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            text = f"{type(error).__name__} {error}"
        if text:
            self.fault(gateway, request, text, answer.body)

    def lost(self, gateway: Gateway, request: Request, how: str) -> None:
        """No whole answer.  A gateway whose workers are killed may have none,
        and a streamed answer ends where Violet's ends."""
        if gateway.steady and not request.streamed:
            self.fault(gateway, request, f"no whole answer: {how}")
        else:
            self.statuses[f"{request.route} lost"] += 1


def bytes_of(request: Request, last: bool) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1", "Host: localhost",
             *(f"{name}: {value}" for name, value in request.headers.items())]
    if request.body is not None:
        lines.append(f"Content-Length: {len(request.body)}")
    if last:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + (request.body or b"")


async def read_answer(reader: asyncio.StreamReader, request: Request,
                      slowly: bool) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in
               (line.split(": ", 1) for line in lines if ": " in line)}
    status = int(first.split(" ")[1])
    if request.method == "HEAD" or status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding") == "chunked":
        body = await read_chunks(reader)
    elif "content-length" in headers:
        body = await read_length(reader, int(headers["content-length"]),
                                 slowly)
    else:
        body = await reader.read()
    return Answer(status, headers, body)


async def read_length(reader: asyncio.StreamReader, length: int,
                      slowly: bool) -> bytes:
    parts, pauses = [], 30 if slowly else 0
    while length:
        part = await reader.read(min(length, 4096 if pauses else 1 << 20))
        if not part:
            raise EOFError("cut off")
        parts.append(part)
        length -= len(part)
        if pauses:
            pauses -= 1
            await asyncio.sleep(0.05)
    return b"".join(parts)


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        part = await reader.readexactly(size + 2)
        if size == 0:
            return b"".join(parts)
        parts.append(part[:-2])


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Caller:
    def __init__(self, tally: Tally, dice: random.Random) -> None:
        self.tally = tally
        self.dice = dice

    async def talk(self, gateway: Gateway, requests: list[Request]) -> None:
        manner = self.dice.choices([*MANNERS], [*MANNERS.values()])[0]
        self.tally.kinds[manner] += 1
        if manner == "pipelined":
            # a large body before another request is no pipeline of callers
            requests = [r for r in requests if len(r.body or b"") < 1000]
        else:
            requests = requests[:1 if manner != "in turn" else 4]
        small = 4096 if manner == "slow reader" else 0
        waiting = list(requests)
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await connect(gateway.port, small)
                try:
                    await self.hold(manner, gateway, waiting, reader, writer)
                finally:
                    writer.close()
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            if not manner.startswith("leaves") and waiting:
                self.tally.lost(gateway, waiting[0], type(error).__name__)

    async def hold(self, manner: str, gateway: Gateway,
                   waiting: list[Request], reader: asyncio.StreamReader,
                   writer: asyncio.StreamWriter) -> None:
        self.tally.sent += len(waiting)
        if manner.startswith("leaves"):
            await self.leave(manner, waiting[0], reader, writer)
            return
        if manner == "pipelined":
            writer.write(b"".join(bytes_of(r, r is waiting[-1])
                                  for r in waiting))
        while waiting:
            request = waiting[0]
            if manner != "pipelined":
                await self.send(manner, bytes_of(request, len(waiting) == 1),
                                writer)
            answer = await read_answer(reader, request,
                                       manner == "slow reader")
            waiting.pop(0)
            self.tally.take(gateway, request, answer)
            if answer.headers.get("connection") == "close":
                return

    async def send(self, manner: str, data: bytes,
                   writer: asyncio.StreamWriter) -> None:
        if manner == "slow sender":
            cuts = sorted(self.dice.randrange(len(data)) for _ in range(5))
            for begin, end in zip([0, *cuts], cuts):
                writer.write(data[begin:end])
                await writer.drain()
                await asyncio.sleep(self.dice.uniform(0, 0.3))
            data = data[cuts[-1]:]
        writer.write(data)
        await writer.drain()

    async def leave(self, manner: str, request: Request,
                    reader: asyncio.StreamReader,
                    writer: asyncio.StreamWriter) -> None:
        data = bytes_of(request, False)
        if manner == "leaves" and self.dice.random() < 0.4:
            data = data[:self.dice.randrange(len(data))]
        writer.write(data)
        await writer.drain()
        if manner == "leaves in the answer":
            await reader.read(self.dice.choice((1, 100, 5000)))
        else:
            await asyncio.sleep(self.dice.choice((0, 0.001, 0.02, 0.3)))
        if self.dice.random() < 0.5:
            reset(writer)

    # HTTP/2 and HTTP/3

    async def curl(self, gateway: Gateway, version: int,
                   requests: list[Request]) -> None:
        """Several requests at once on one connection; some batches leave."""
        leaves = self.dice.random() < 0.15
        manner = f"HTTP/{version}" + (", leaves" if leaves else "")
        self.tally.kinds[manner] += 1
        self.tally.sent += len(requests)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            port = gateway.quic if version == 3 else gateway.tls
            option = "http3-only" if version == 3 else "http2"
            (folder / "curl").write_text("\nnext\n".join(
                f"{option}\n{curl_lines(r, port, folder, i)}"
                for i, r in enumerate(requests)))
            limit = self.dice.choice(("0.05", "0.5")) if leaves else PATIENCE
            process = await asyncio.create_subprocess_exec(
                "curl", "-s", "--parallel", "--config", folder / "curl",
                stdout=asyncio.subprocess.DEVNULL)
            try:
                async with asyncio.timeout(float(limit)):
                    await process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            if leaves:
                return
            for i, request in enumerate(requests):
                self.read_file(gateway, request, folder / f"{i}")

    def read_file(self, gateway: Gateway, request: Request,
                  file: Path) -> None:
        raw = file.read_bytes() if file.exists() else b""
        head, gap, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if not gap:
            self.tally.lost(gateway, request, "curl")
            return
        headers = {name.lower(): value for name, value in
                   (line.split(": ", 1) for line in lines[1:]
                    if ": " in line)}
        length = int(headers.get("content-length", len(body)))
        if request.method != "HEAD" and length != len(body):
            self.tally.lost(gateway, request, "curl, cut off")
            return
        self.tally.take(gateway, request,
                        Answer(int(lines[0].split(" ")[1]), headers, body))


async def connect(port: int, small: int) -> tuple[asyncio.StreamReader,
                                                  asyncio.StreamWriter]:
    if not small:
        return await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, small)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection,
                                                  ("127.0.0.1", port))
    return await asyncio.open_connection(sock=connection, limit=16384)


def curl_lines(request: Request, port: int, folder: Path, i: int) -> str:
    lines = ["insecure", "include", f'output = "{folder}/{i}"',
             f'url = "https://127.0.0.1:{port}{request.path}"',
             f"max-time = {PATIENCE:.0f}", 'header = "Expect:"']
    for name, value in request.headers.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'header = "{name}: {quoted}"')
    if request.method == "HEAD":
        lines.append("head")
    elif request.body is not None:
        (folder / f"{i}.body").write_bytes(request.body)
        lines += [f'data-binary = "@{folder}/{i}.body"',
                  f'request = "{request.method}"']
    return "\n".join(lines)
