"""Seeds of hostile bytes, and the mutator.

A seed is bytes that are right: a request of a caller, an answer of Violet, an
event.  mutate() makes them wrong in one to six places.  Everything follows
from the random.Random that is given.
"""

from __future__ import annotations

import gzip
import json
import random

WORDS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\r\n ", b"\r\n\t", b"\x0b",
    b"\x7f", b"\xff\xfe", b"%00", b"%0d%0a", b"%2e%2e", b"%2f", b"%5c", b"%3b",
    b"%23", b"%25", b"..", b"/../", b"//", b"/./", b"\\", b";", b";a=b", b"#",
    b"?", b"&", b"=", b"+", b"0x2A", b"042", b".json", b"/v1/", b"/v1/login",
    b"/v1/auth/token", b"/v1/orders", b"http://x", b"http://x@localhost/v1/",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"Content-Length: 5, 5\r\n", b"Content-Length: +5\r\n",
    b"Content-Length : 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding: chunked\nX: ", b"Connection: X-Violet-Token\r\n",
    b"Connection: close, Content-Length\r\n", b"X-Violet-Token: evil\r\n",
    b"X-Violet-App-Secret: evil\r\n", b"X-Violet-App-Id: 1\r\n",
    b"x_violet_token: evil\r\n", b"X-Violet-Token : evil\r\n",
    b"X-Violet-Submit: again\r\n", b"Host: evil\r\n", b"Upgrade: h2c\r\n",
    b"Expect: 100-continue\r\n", b"Range: bytes=0-1\r\n",
    b"0\r\n\r\n", b"5\r\nhello\r\n", b"ffffffffffffffff\r\n", b"-1\r\n",
    b"5;x=\n\r\n", b"GET /v1/auth/token HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2"
    b"\r\n\r\n{}", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: x-gzip, gzip\r\n", b"X-Accel-Redirect: /v1/login\r\n",
    b"X-Accel-Buffering: no\r\n", b"Set-Cookie: a=b\r\n", b"{", b"}", b"[" * 90,
    b'"', b"\\u0000", b"\\ud800", b"1e999", b"99999999999999999999", b"null",
    b'"id":1,', b'"merchant_id":43,', b'"status":"COMPLETED",',
    b"*3\r\n", b"$-1\r\n", b"$5\r\nhello\r\n", b"-ERR x\r\n", b"-LOADING\r\n",
    b"-MOVED 1 127.0.0.1:1\r\n", b"_\r\n", b"%1\r\n", b"+OK\r\n", b":-1\r\n",
    b"$4294967296\r\n", b"*2147483647\r\n", b">2\r\n"]

PATHS = [
    "/v1/merchants?a=b", "/v1/offers", "/v1/operations/connection_health/42",
    "/v1/operations/connection_health/42?refresh=true",
    "/v1/operations/connection_health", "/v1/checkout/cart/%d/submit",
    "/v1/checkout/cart/%d/payment", "/v1/orders", "/v1/login",
    "/v1/auth/token", "/violet/merchants", "/violet/login",
    "/violet/operations/connection_health/42", "/purge?merchant_id=42",
    "/status?format=json", "/ready", "/v1/operations/connection_health/search"]

BOMB = gzip.compress(b"[" + b" " * 64_000_000 + b"]")

SMUGGLED = (b"GET /v1/auth/token HTTP/1.1\r\nHost: localhost\r\n"
            b"X-Violet-Token: evil\r\n\r\n")


def caller_seed(dice: random.Random) -> bytes:
    """A request, with a body that is one of several forms, or two requests."""
    path = dice.choice(PATHS)
    path = path % dice.randrange(10**6, 10**9) if "%d" in path else path
    method = dice.choice(("GET", "POST", "POST", "HEAD", "PUT", "DELETE"))
    body = dice.choice((b"", b"{}", b'{"complete_checkout":true}',
                        b'{"app_order_id":7}', SMUGGLED, b"x" * 3000))
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    if dice.random() < 0.3:
        head += b"X-Violet-Token: evil\r\n"
    if dice.random() < 0.3:
        head += b"Connection: close\r\n"
    if method in ("GET", "HEAD") or (not body and dice.random() < 0.5):
        made = head + b"\r\n"
    elif dice.random() < 0.5:
        made = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    else:
        made = head + b"Transfer-Encoding: chunked\r\n\r\n" + (
            b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return made + (SMUGGLED if dice.random() < 0.2 else b"")


def answer_seed(dice: random.Random, body: bytes) -> bytes:
    """An answer of Violet with this body, in one of the codings of HTTP."""
    status = dice.choice((b"200 OK",) * 4 + (
        b"400 Bad Request", b"401 Unauthorized", b"404 Not Found",
        b"429 Too Many Requests", b"500 Internal Server Error",
        b"202 Accepted", b"301 Moved Permanently", b"204 No Content"))
    coding = b""
    if dice.random() < 0.3:
        body = BOMB if dice.random() < 0.1 else gzip.compress(body)
        coding = b"Content-Encoding: gzip\r\n"
    head = (b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n"
            + coding)
    if dice.random() < 0.5:
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    cut = len(body) // 2
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for part in (body[:cut], body[cut:]) if part) + b"0\r\n\r\n"


def event_seed(dice: random.Random) -> bytes:
    """The body of an event."""
    return json.dumps(dice.choice((
        {"id": 42, "name": "a shop"}, {"merchant_id": 42, "app_id": 10000},
        {"merchant_id": "42", "id": 7, "deep": [[[{}]]]},
        {"id": 9, "merchant_id": 42, "pad": ["x" * 500] * 9}, [], 1))).encode()


def mutate(data: bytes, dice: random.Random, most: int = 6) -> bytes:
    """The bytes, wrong in up to `most` places."""
    for _ in range(dice.randint(1, most)):
        n = len(data)
        i = dice.randint(0, n)
        j = min(n, i + dice.choice((1, 1, 2, 4, 16, 200)))
        # of a head more than of a body
        if dice.random() < 0.6:
            i, j = min(i, i % 300), max(min(i, i % 300), min(j, n) % 301)
        match dice.randrange(7):
            case 0:
                data = data[:i] + bytes([dice.randrange(256)]) + data[i + 1:]
            case 1:
                data = data[:i] + data[j:]
            case 2:
                data = data[:j] + data[i:]
            case 3 | 4 | 5:
                data = data[:i] + dice.choice(WORDS) + data[i:]
            case 6 if dice.random() < 0.4:
                data = data[:i]
    # a line of the header at the beginning of a line
    if dice.random() < 0.4:
        lines = data.split(b"\r\n")
        word = dice.choice(WORDS).removesuffix(b"\r\n")
        lines.insert(dice.randint(0, min(len(lines), 6)), word)
        data = b"\r\n".join(lines)
    return data
