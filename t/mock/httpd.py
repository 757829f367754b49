"""A small HTTP/1.1 server on asyncio whose answers may end in any bad way.

It reads requests strictly: what is not a well-formed request is *garbage*,
and is reported as such, for on a kept-alive connection garbage means that
the client sent a body that it had not announced, or announced one that it
did not send.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
import json
import re
import socket
import ssl
import struct
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Awaitable, Callable

METHODS = frozenset(
    "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
REQUEST_LINE = re.compile(rb"([A-Z]+) ([!-~\x80-\xff]+) HTTP/1\.([01])")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r\n")

HEAD_LIMIT = 1 << 20
HEAD_SECONDS = 2.0
BODY_SECONDS = 30.0

Headers = list[tuple[str, str]]


class Garbage(Exception):
    """The bytes received (the argument) are not an HTTP request."""


class Ending(enum.Enum):
    """How an answer ends."""

    WHOLE = "whole, connection kept"
    CLOSE = "whole, then closed"
    CUT = "closed after half of the body"
    STALL = "nothing for a long time, then closed"
    STALL_BODY = "half of the body, then nothing for a long time"
    NOTHING = "closed before the header"
    HALF_HEADER = "closed after half of the header"
    RESET = "reset before the header"
    DRIBBLE = "whole, in many small pieces"
    TRICKLE = "a byte now and then"
    TRICKLE_BODY = "the header, then a byte now and then"
    RAW = "the bytes as they are, then closed"


@dataclass(frozen=True)
class Request:
    line: str
    method: str
    target: str
    version: int                      # the minor one of HTTP/1.x
    headers: Headers
    body: bytes
    connection: int                   # serial number of the connection
    nth: int                          # which request on that connection

    def values(self, name: str) -> list[str]:
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def keeps_alive(self) -> bool:
        said = ",".join(self.values("Connection")).lower()
        options = {option.strip() for option in said.split(",")}
        return "close" not in options and (
            self.version == 1 or "keep-alive" in options)


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    content_type: str = "application/json"
    chunked: bool = False
    delay: float = 0.0
    ending: Ending = Ending.WHOLE

    @classmethod
    def of(cls, value: Any, status: int = 200, **rest: Any) -> Reply:
        return cls(status, json.dumps(value).encode(), **rest)

    def head(self, request: Request, keep: bool) -> bytes:
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}",
                 f"Date: {formatdate(usegmt=True)}",
                 "Server: mock-violet"]
        if self.body or self.status >= 200:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.is_chunked(request):
            lines.append("Transfer-Encoding: chunked")
        elif not (self.chunked or self.status in (204, 304)):
            lines.append(f"Content-Length: {len(self.body)}")
        if not keep:
            lines.append("Connection: close")
        elif request.version == 0:
            lines.append("Connection: keep-alive")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def is_chunked(self, request: Request) -> bool:
        """HTTP/1.0 has no chunks: the end of the connection ends a body."""
        return self.chunked and request.version == 1


Handler = Callable[[Request], Awaitable[Reply]]
GarbageHandler = Callable[[bytes, int, int], None]


@dataclass
class Gauge:
    open: int = 0
    peak: int = 0
    accepted: int = 0


class Server:
    """Accepts connections, reads requests, sends what the handler replies."""

    def __init__(self, handler: Handler, on_garbage: GarbageHandler,
                 hold: float = 30.0) -> None:
        self.handler = handler
        self.on_garbage = on_garbage
        self.hold = hold
        self.gauge = Gauge()
        self._serial = itertools.count(1)
        self._listeners: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[Any]] = set()
        self._refusal: asyncio.Task[None] | None = None

    async def listen(self, host: str, port: int,
                     tls: ssl.SSLContext | None = None) -> int:
        listener = await asyncio.start_server(
            self._accept, host, port, limit=HEAD_LIMIT, backlog=4096, ssl=tls)
        self._listeners.append(listener)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    async def listen_unix(self, path: str) -> None:
        self._listeners.append(await asyncio.start_unix_server(
            self._accept, path, limit=HEAD_LIMIT, backlog=4096))

    def refuse(self, seconds: float) -> None:
        """Closes everything soon, and listens again after some seconds."""
        if self._refusal is None or self._refusal.done():
            self._refusal = asyncio.create_task(self._refuse(seconds))

    async def _refuse(self, seconds: float) -> None:
        await asyncio.sleep(0.05)              # the answer to the control
        addresses = [s.getsockname() for listener in self._listeners
                     for s in listener.sockets if s.family == socket.AF_INET]
        await self.close()
        self._listeners.clear()
        await asyncio.sleep(seconds)
        for host, port in addresses:
            await self.listen(host, port)

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader,
                      writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.gauge.accepted += 1
        self.gauge.open += 1
        self.gauge.peak = max(self.gauge.peak, self.gauge.open)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass                              # the client left, or a stop
        finally:
            self.gauge.open -= 1
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader,
                        writer: asyncio.StreamWriter) -> None:
        serial = next(self._serial)
        for nth in itertools.count(1):
            try:
                request = await read_request(reader, writer, serial, nth)
            except Garbage as garbage:
                self.on_garbage(garbage.args[0], serial, nth)
                writer.write(b"HTTP/1.1 400 Bad Request\r\n"
                             b"Content-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            if request is None:
                return
            reply = await self.handler(request)
            if not await self._send(reader, writer, request, reply):
                return

    async def _send(self, reader: asyncio.StreamReader,
                    writer: asyncio.StreamWriter,
                    request: Request, reply: Reply) -> bool:
        """Sends the reply; returns whether the connection stays open."""
        ending = reply.ending
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if ending is Ending.NOTHING:
            return False
        if ending is Ending.RESET:
            reset(writer)
            return False
        if ending is Ending.STALL:
            await self._hold(reader)
            return False
        if ending is Ending.RAW:
            writer.write(reply.body)
            await writer.drain()
            return False

        keep = (request.keeps_alive() and ending is not Ending.CLOSE
                and not (reply.chunked and request.version == 0))
        head = reply.head(request, keep)
        if ending is Ending.HALF_HEADER:
            writer.write(head[:len(head) // 2])
            await writer.drain()
            return False

        body = b"" if request.method == "HEAD" else reply.body
        if ending in (Ending.CUT, Ending.STALL_BODY):
            body = body[:len(body) // 2]
        if reply.is_chunked(request) and request.method != "HEAD":
            whole = ending not in (Ending.CUT, Ending.STALL_BODY)
            body = in_chunks(body, whole)
        if ending is Ending.DRIBBLE:
            await dribble(writer, head + body)
            return keep

        if ending in (Ending.TRICKLE, Ending.TRICKLE_BODY):
            if ending is Ending.TRICKLE_BODY:
                writer.write(head)
                head = b""
            await trickle(reader, writer, head + body)
            return False

        writer.write(head + body)
        await writer.drain()
        if ending is Ending.STALL_BODY:
            await self._hold(reader)
        return keep and ending is Ending.WHOLE

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        """Waits; returns at once when the client has left."""
        try:
            async with asyncio.timeout(self.hold):
                await reader.read(1)
        except TimeoutError:
            pass


async def read_request(reader: asyncio.StreamReader,
                       writer: asyncio.StreamWriter,
                       serial: int, nth: int) -> Request | None:
    """The next request of a connection, None at its end."""
    first = await reader.read(1)
    if not first:
        return None
    raw = first + await read_head(reader, first)
    line, *fields = raw[:-4].split(b"\r\n")
    match = REQUEST_LINE.fullmatch(line)
    if match is None or match[1].decode() not in METHODS:
        raise Garbage(raw)
    headers: Headers = []
    for text in fields:
        pair = HEADER_LINE.fullmatch(text)
        if pair is None:
            raise Garbage(raw)
        headers.append((pair[1].decode(), pair[2].rstrip().decode("latin-1")))

    request = Request(line.decode("latin-1"), match[1].decode(),
                      match[2].decode("latin-1"), int(match[3]), headers,
                      b"", serial, nth)
    body = await read_body(reader, writer, request, raw)
    if REQUEST_LINE.match(body):
        raise Garbage(raw + body)         # the next request, eaten as a body
    return replace(request, body=body)


async def read_head(reader: asyncio.StreamReader, first: bytes) -> bytes:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise Garbage(first + error.partial) from None
    except TimeoutError:
        raise Garbage(first) from None
    except asyncio.LimitOverrunError as error:
        raise Garbage(first + await reader.read(error.consumed)) from None


async def read_body(reader: asyncio.StreamReader,
                    writer: asyncio.StreamWriter,
                    request: Request, raw: bytes) -> bytes:
    lengths = request.values("Content-Length")
    codings = request.values("Transfer-Encoding")
    hosts = request.values("Host")
    if len(lengths) + len(codings) > 1 or len(hosts) > 1 or (
            not hosts and request.version == 1):
        raise Garbage(raw)
    if not lengths and not codings:
        return b""
    if [v.lower() for v in request.values("Expect")] == ["100-continue"]:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    try:
        async with asyncio.timeout(BODY_SECONDS):
            if codings:
                if codings[0].lower() != "chunked":
                    raise Garbage(raw)
                return await read_chunks(reader, raw)
            if not lengths[0].isdecimal() or not lengths[0].isascii():
                raise Garbage(raw)
            return await reader.readexactly(int(lengths[0]))
    except asyncio.IncompleteReadError as error:
        raise Garbage(raw + error.partial) from None
    except (TimeoutError, asyncio.LimitOverrunError):
        raise Garbage(raw) from None


async def read_chunks(reader: asyncio.StreamReader, raw: bytes) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        match = CHUNK_LINE.fullmatch(line)
        if match is None:
            raise Garbage(raw + body + line)
        size = int(match[1], 16)
        if size == 0:
            break
        chunk = await reader.readexactly(size + 2)
        if not chunk.endswith(b"\r\n"):
            raise Garbage(raw + body + chunk)
        body += chunk[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass                                              # trailers
    return body


def in_chunks(body: bytes, whole: bool, size: int = 1000) -> bytes:
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces)
    return coded + (b"0\r\n\r\n" if whole else b"")


async def dribble(writer: asyncio.StreamWriter, data: bytes) -> None:
    size = max(1, len(data) // 40)
    for i in range(0, len(data), size):
        writer.write(data[i:i + size])
        await writer.drain()
        await asyncio.sleep(0.003)


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
                  data: bytes) -> None:
    """A byte in 0.3 s, until the client has left."""
    for i in range(len(data)):
        writer.write(data[i:i + 1])
        await writer.drain()
        try:
            async with asyncio.timeout(0.3):
                if not await reader.read(1):
                    return
        except TimeoutError:
            pass


def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
    writer.transport.abort()
