#!/usr/bin/env python3
"""A mock of Violet's API, to run and test a gateway in front of it.

See README.md beside this file for what it answers; GET /_mock of the
running mock shows the same with its counts.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import resource
import secrets
import signal
import ssl
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote

import carts
import merchant
import reports
import webhook
from broken import Row
from httpd import Ending, Reply, Request, Server

ROUTES = ("connection_health", "connection_health_report",
          "connection_health_list", "connection_health_search",
          "cart_submit", "cart_payment", "order_create", "cart_read",
          "login", "token", "other", "garbage", "unauthorized")

TRUE, FALSE = ("true", "on", "yes", "1"), ("false", "off", "no", "0", "")


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A mock of Violet's API.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes any free one")
    add("--port-file", type=Path, help="gets the port, once it listens")
    add("--unix", type=Path, help="listen on this socket as well")
    add("--app-id", default="10000")
    add("--app-secret", default="mock-app-secret")
    add("--token", default="mock-token", help="an access token that is good")
    add("--refresh-token", default="mock-refresh-token")
    add("--username", default="dev@example.com")
    add("--password", default="mock-password")
    add("--token-ttl", type=float, default=86400,
        help="seconds that a token from login or refresh is good")
    add("--token-grace", type=float, default=0.0,
        help="seconds for which one that has expired is still taken")
    add("--hold", type=float, default=30.0,
        help="seconds that a stalled answer stalls")
    add("--merchant", metavar="SEED",
        help="submits end at random, see merchant.py")
    add("--tls-cert", type=Path, help="speak TLS on the port")
    add("--tls-key", type=Path)
    add("--log", action="store_true", help="a line a request on stdout")
    add("--tables", action="store_true",
        help="print the tables of ids in Markdown, and exit")
    options = parser.parse_args(arguments)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    return options


class Tokens:
    """The valid access and refresh tokens."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.access: dict[str, float] = {options.token: float("inf")}
        self.refresh: set[str] = {options.refresh_token}
        self.secret: str = options.app_secret
        self.ttl: float = options.token_ttl
        self.answer = "good"
        self.last = ""

    def issue(self) -> str:
        """An access token in the form of Violet's."""
        now = time.time()
        until = now + self.ttl
        if self.answer == "expired":
            until = now - 1
        claims: dict[str, Any] = {"sub": self.options.username, "scopes": ["ROLE_DEVELOPER"],
                  "user_id": 10000, "user_type": "DEVELOPER",
                  "merchant_ids": [], "developer_id": 10000,
                  "app_id": self.options.app_id, "iss": "https://violet.io",
                  "iat": int(now), "exp": int(until),
                  "jti": secrets.token_hex(8)}
        if self.ttl < 60:
            claims["exp"] = until  # whole seconds would halve a short life
        if self.answer == "endless":
            del claims["exp"]
        if self.answer == "uneven" and len(self.access) % 2:
            claims["scopes"] = ["ROLE_DEVELOPER"] * 200
        signed = b".".join(base64url(json.dumps(part).encode())
                           for part in ({"alg": "HS512"}, claims))
        mac = hmac.digest(b"mock", signed, hashlib.sha512)
        token = (signed + b"." + base64url(mac)).decode()
        self.access[token] = until
        self.last = token
        return token

    def issue_refresh(self) -> str:
        token = "rt_" + secrets.token_hex(16)
        self.refresh.add(token)
        return token

    def answered(self, good: Callable[[], Reply]) -> Reply:
        """The reply to a call for a token, as /_mock/tokens has set it."""
        match self.answer:
            case "refused" | "forbidden":
                status = 401 if self.answer == "refused" else 403
                return carts.envelope(status, "Invalid credentials")
            case "error":
                return carts.spring(500, "Internal Server Error", "/v1")
            case "limited":
                return carts.spring(429, "Too Many Requests", "/v1")
            case "garbage":
                return Reply(body=b"this is no JSON")
            case "html":
                return Reply(body=b"<html>hello</html>",
                             content_type="text/html")
            case "empty":
                return Reply.of({})
            case "hostile":
                return Reply.of({"token": "a\r\nX-Evil: 1"})
            case "long":
                return Reply.of({"token": "a" * 20000})
            case "stalled":
                return replace(good(), ending=Ending.STALL)
            case "cut":
                return replace(good(), ending=Ending.CUT)
            case "slow":
                return replace(good(), delay=0.5)
            case "same" if self.last:
                return Reply.of({"token": self.last})
        return good()

    def set(self, query: str) -> None:
        for name, value in parse_qsl(query):
            match name:
                case "answer":
                    self.answer = value
                case "ttl":
                    self.ttl = float(value)
                case "secret":
                    self.secret = value
                case "refresh":
                    self.refresh = {value}

    def expire(self) -> None:
        """Lets every access token expire now."""
        self.access = dict.fromkeys(self.access, 0.0)


def base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Violet:
    """Violet: routes, credentials, and the counts of requests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.server = Server(self.answer, self.garbage, options.hold)
        self.reset()

    def reset(self) -> None:
        self.tokens = Tokens(self.options)
        self.reports = reports.Reports()
        self.carts = carts.Carts()
        seed = self.options.merchant
        self.merchant = None if seed is None else merchant.Merchant(seed)
        self.counts: Counter[str] = Counter(dict.fromkeys(ROUTES, 0))
        self.last: dict[str, Any] = {}
        self.delays: dict[str, float] = {}
        self.faults: dict[str, int] = {}

    async def answer(self, request: Request) -> Reply:
        if (request.method, request.path) == ("POST", "/_mock/webhook"):
            return await webhook.deliver(request.query, self.tokens.secret)
        if request.path == "/_mock" or request.path.startswith("/_mock/"):
            return self.control(request)
        route, number = route_of(request)
        self.note(route, number, request)
        refusal = self.check_credentials(route, request)
        if refusal is not None:
            self.counts["unauthorized"] += 1
            reply = refusal
        else:
            reply = self.spoil(route, number,
                               self.serve(route, number, request))
        if self.options.log:
            print(f"{request.connection}.{request.nth} {route} "
                  f"\"{request.line}\" {reply.status}", flush=True)
        return reply

    def note(self, route: str, number: int | None, request: Request) -> None:
        self.counts[route] += 1
        if number is not None:
            self.counts[f"{route}/{number}"] += 1
        self.last[route] = {
            "line": request.line, "headers": request.headers,
            "body": request.body.decode("utf-8", "backslashreplace"),
            "connection": request.connection, "nth": request.nth,
            "time": time.time()}

    def spoil(self, route: str, number: int | None, reply: Reply) -> Reply:
        """The reply, delayed or broken by POST /_mock/delay and /_mock/fault."""
        names = (f"{route}/{number}", route)
        fault = next((self.faults[n] for n in names if n in self.faults), 0)
        if fault:
            reply = reports.faulty(fault, number or 0, reply) or reply
        reply.delay += next(
            (self.delays[n] for n in names if n in self.delays), 0.0)
        return reply

    def garbage(self, data: bytes, connection: int, nth: int) -> None:
        self.counts["garbage"] += 1
        text = data[:4096].decode("utf-8", "backslashreplace")
        self.last["garbage"] = {
            "line": text.partition("\n")[0].rstrip("\r"), "headers": [],
            "body": text, "connection": connection, "nth": nth,
            "time": time.time()}
        if self.options.log:
            print(f"{connection}.{nth} garbage {text[:200]!r}", flush=True)

    # Credentials

    def check_credentials(self, route: str, request: Request) -> Reply | None:
        """The 401, unless the request has each valid header exactly once."""
        invalid = carts.envelope(
            401, "One or more of your API Credentials are invalid")
        if (request.values("X-Violet-App-Id") != [self.options.app_id]
                or request.values("X-Violet-App-Secret")
                != [self.tokens.secret]):
            return invalid
        if route == "login":
            return None
        tokens = request.values("X-Violet-Token")
        if len(tokens) != 1:
            return invalid
        if route == "token":
            return None if tokens[0] in self.tokens.refresh else invalid
        until = self.tokens.access.get(tokens[0])
        if until is None:
            return invalid
        if until + self.options.token_grace < time.time():
            self.counts["expired"] += 1
            return carts.envelope(401, "Token has expired")
        return None

    def login(self, request: Request) -> Reply:
        if request.method != "POST":
            return carts.spring(405, "Method Not Allowed", request.path)
        try:
            given = json.loads(request.body)
        except ValueError:
            given = None
        if not isinstance(given, dict) or (
                given.get("username") != self.options.username
                or given.get("password") != self.options.password):
            return carts.envelope(
                401, "One or more of your API Credentials are invalid")
        return Reply.of({
            "id": 10000, "first_name": "Super", "last_name": "Mario",
            "email": self.options.username, "type": "DEVELOPER",
            "verified": True, "status": "ACTIVE",
            "date_created": "2017-06-15T01:01:01+0000",
            "date_last_modified": "2017-06-15T01:01:01+0000",
            "roles": [{"name": "ROLE_DEVELOPER", "permissions": []}],
            "tos_accepted": True, "payment_configured": True,
            "token": self.tokens.issue(),
            "refresh_token": self.tokens.issue_refresh(),
            "merchant_id": None, "store_url": None})

    def token(self, request: Request) -> Reply:
        if request.method != "GET":
            return carts.spring(405, "Method Not Allowed", request.path)
        return Reply.of({"token": self.tokens.issue()})

    # Routes

    def serve(self, route: str, number: int | None, request: Request) -> Reply:
        if route == "login":
            return self.tokens.answered(lambda: self.login(request))
        if route == "token":
            return self.tokens.answered(lambda: self.token(request))
        if self.merchant is not None and number is not None:
            if route in ("cart_submit", "cart_payment"):
                caller = request.values("X-Caller")
                return self.merchant.submit(number, ",".join(caller))
            if route == "cart_read":
                return self.merchant.read(number, "/orders/" in request.path)
        if self.merchant is not None and route == "order_create":
            caller = request.values("X-Caller")
            return self.merchant.submit(body_of(request)["app_order_id"],
                                        ",".join(caller))
        if route == "cart_submit":
            assert number is not None
            return self.carts.submit(number)
        if route == "cart_payment":
            assert number is not None
            return self.carts.submit(number)
        if route == "order_create":
            cart = body_of(request).get("app_order_id")
            return self.carts.submit(cart if isinstance(cart, int) else 10000)
        if route == "cart_read":
            assert number is not None
            of_order = "/orders/" in request.path
            return self.carts.read(number, of_order)
        if route.startswith("connection_health"):
            return self.serve_health(route, number, request)
        return echo(request)

    def serve_health(self, route: str, number: int | None,
                     request: Request) -> Reply:
        arguments = dict(reversed(parse_qsl(request.query, True)))  # first wins
        app_id = arguments.get("app_id", "")
        if route == "connection_health_report":
            assert number is not None
            return self.reports.post(number)
        if route == "connection_health":
            assert number is not None
            said = arguments.get("refresh", "").strip().lower()
            if said not in TRUE + FALSE:
                return carts.spring(400, "Bad Request", request.path)
            if said in TRUE:
                self.counts["connection_health.refresh"] += 1
                self.counts[f"connection_health.refresh/{number}"] += 1
            return self.reports.get(number, app_id, said in TRUE)

        if not app_id:
            return carts.spring(400, "Bad Request", request.path)
        hidden = arguments.get("exclude_public", "true").strip().lower()
        if hidden not in TRUE + FALSE:
            return carts.spring(400, "Bad Request", request.path)
        listed = (10000, 20100, 20300)
        some = self.reports.several(
            listed if hidden in TRUE else listed + (20001,), app_id)
        if route == "connection_health_list":
            return Reply.of(some)
        return Reply.of(carts.camel({
            "content": some, "total_elements": len(some), "total_pages": 1,
            "last": True, "first": True, "size": 20, "number": 1,
            "empty": False}))

    # Control

    def control(self, request: Request) -> Reply:
        asked = (request.method, request.path)
        if asked == ("GET", "/_mock"):
            return Reply(body=self.page().encode(),
                         content_type="text/plain; charset=utf-8")
        if asked == ("GET", "/_mock/counts"):
            return Reply.of(dict(sorted(self.counts.items())))
        if asked == ("GET", "/_mock/last"):
            return Reply.of(self.last)
        if asked == ("GET", "/_mock/merchant") and self.merchant is not None:
            return Reply.of(self.merchant.history())
        if asked == ("GET", "/_mock/connections"):
            return Reply.of(vars(self.server.gauge))
        if asked == ("POST", "/_mock/reset"):
            self.reset()
            return Reply.of({"reset": True})
        if asked == ("POST", "/_mock/expire"):
            self.tokens.expire()
            return Reply.of({"expired": True})
        if asked == ("POST", "/_mock/tokens"):
            self.tokens.set(request.query)
            return Reply.of({"set": True})
        if asked == ("POST", "/_mock/forget"):
            self.reports.forget()
            return Reply.of({"forgot": True})
        try:
            return self.control_replies(asked, parse_qsl(request.query))
        except ValueError as error:
            return Reply.of({"error": str(error)}, 400)

    def control_replies(self, asked: tuple[str, str],
                        given: list[tuple[str, str]]) -> Reply:
        """Changes the answers of routes, or of single ids, from now on."""
        if asked == ("POST", "/_mock/merchant") and self.merchant is not None:
            self.merchant.set(given)
            return Reply.of(dict(given))
        if asked == ("POST", "/_mock/refuse"):
            self.server.refuse(sum(float(value) for _, value in given))
            return Reply.of(dict(given))
        if asked == ("POST", "/_mock/delay"):
            self.delays |= {name: float(value) for name, value in given}
            return Reply.of(self.delays)
        if asked == ("POST", "/_mock/cart"):
            for name, kind in given:
                self.carts.show(int(name), kind)
            return Reply.of(dict(given))
        if asked == ("POST", "/_mock/fault"):
            wanted = {name: int(value) for name, value in given}
            for group in wanted.values():
                if group and reports.faulty(group, 0, Reply()) is None:
                    raise ValueError(f"no such fault: {group}")
            self.faults |= wanted
            return Reply.of(self.faults)
        return Reply.of({"error": "no such control; GET /_mock lists them"},
                        404)

    def page(self) -> str:
        counts = "\n".join(f"{n:8} {route}"
                           for route, n in sorted(self.counts.items()))
        return (f"{PAGE}\nCounts since the start or the last reset:\n\n"
                f"{counts}\n\n{tables()}")


PAGE = """\
This is a mock of Violet's API (https://docs.violet.io), with no shop behind it.

Every route needs X-Violet-App-Id, X-Violet-App-Secret and X-Violet-Token;
these here need nothing:

  GET  /_mock              this page
  GET  /_mock/counts       requests by route, and by route and id
  GET  /_mock/last         the last request of each route
  GET  /_mock/connections  connections: open now, the most at once, accepted
  POST /_mock/reset        forget everything
  POST /_mock/expire       every access token known is expired
  POST /_mock/forget       the next request for a report calculates it again
  POST /_mock/delay?NAME=S delays the answers of a route (connection_health) or
                           of one id (connection_health/42) by so many seconds
  POST /_mock/fault?NAME=G makes them answer like the ids of group G in the
                           tables (500: like 500xx); 0 ends it
  POST /_mock/cart?ID=KIND what a read shows of a cart: open, submitted,
                           processing, rejected, external, dated, earlier,
                           early, authorized, intent, completed, partial,
                           mixed, order (404 as a cart), other
  POST /_mock/tokens?...   how calls for a token are answered
  POST /_mock/refuse?seconds=S  close all connections, and listen again after
                           so many seconds
  POST /_mock/webhook?to=URL  send a signed event, see webhook.py
  GET  /_mock/merchant     with --merchant: what became of each cart
  POST /_mock/merchant?... with --merchant: calm=1, every answer arrives from
                           now on; lies=S, the share of reads that fail
"""


def tables() -> str:
    return (
        "Merchants: connection_health/{id}\n\n"
        + markdown("state or treatment", reports.table())
        + "\nCarts: checkout/cart/{id}/submit\n\n"
        + markdown("outcome, status, retry, reason", carts.table()))


def markdown(third: str, rows: list[Row]) -> str:
    lines = [f"| ids | Violet answers | {third} |", "|---|---|---|"]
    lines += [f"| {row.ids()} | {row.answer} | {row.verdict} |"
              for row in rows]
    return "\n".join(lines) + "\n"


# Routing.  A path is parsed as leniently as any version of Spring parsed it, so
# that the mock counts a spelling that slips through a gateway under the route
# that it would have reached.

def segments_of(path: str) -> list[str]:
    segments: list[str] = []
    for raw in unquote(path, "latin-1").replace("\\", "/").split("/"):
        segment = raw.partition(";")[0]
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return segments


def number_of(segment: str, bits: int) -> int | None:
    """A path variable, as Spring converts it to an integer."""
    text = re.sub(r"\s", "", segment).removesuffix(".json")
    match = re.fullmatch(r"([+-]?)(?:(0[xX]|#)([0-9a-fA-F]+)|([0-9]+))", text)
    if match is None:
        return None
    sign, _, hexadecimal, decimal = match.groups()
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    number = -number if sign == "-" else number
    return number if abs(number) < 1 << (bits - 1) else None


def route_of(request: Request) -> tuple[str, int | None]:
    reading = request.method in ("GET", "HEAD")
    match segments_of(request.path):
        case ["v1", "login"]:
            return "login", None
        case ["v1", "auth", "token"]:
            return "token", None
        case ["v1", "operations", "connection_health"] if reading:
            return "connection_health_list", None
        case ["v1", "operations", "connection_health", "search"] if (
                request.method == "POST"):
            return "connection_health_search", None
        case ["v1", "operations", "connection_health", segment]:
            merchant = number_of(segment, 32)
            if merchant is not None and reading:
                return "connection_health", merchant
            if merchant is not None and request.method == "POST":
                return "connection_health_report", merchant
        case ["v1", "checkout", "cart", segment, "submit"]:
            cart = number_of(segment, 64)
            if cart is not None and request.method == "POST":
                return "cart_submit", cart
        case ["v1", "checkout", "cart", segment, "payment"]:
            cart = number_of(segment, 64)
            if cart is not None and completes(request):
                return "cart_payment", cart
        case ["v1", "orders"]:
            if request.method == "POST":
                return "order_create", None
        case ["v1", "checkout", "cart", segment] | ["v1", "orders", segment]:
            cart = number_of(segment, 64)
            if cart is not None and request.method == "GET":
                return "cart_read", cart
    return "other", None


def body_of(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(request.body)
    except ValueError:
        given = None
    return given if isinstance(given, dict) else {}


def completes(request: Request) -> bool:
    return (request.method == "POST"
            and body_of(request).get("complete_checkout") is True)


def echo(request: Request) -> Reply:
    return Reply.of({
        "method": request.method, "path": request.target,
        "headers": request.headers,
        "body": request.body.decode("utf-8", "backslashreplace")})


async def serve(options: argparse.Namespace) -> None:
    tls = None
    if options.tls_cert is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.tls_cert, options.tls_key)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    server = Violet(options).server
    port = await server.listen(options.host, options.port, tls)
    if options.unix is not None:
        await server.listen_unix(str(options.unix))
    if options.port_file is not None:
        partial = options.port_file.with_name(options.port_file.name + ".part")
        partial.write_text(f"{port}\n")
        partial.replace(options.port_file)
    print(f"mock Violet listens on {options.host}:{port}", flush=True)
    await stop.wait()
    await server.close()
    if options.unix is not None:
        options.unix.unlink(missing_ok=True)


def main() -> int:
    options = parse_options()
    if options.tables:
        print(tables(), end="")
        return 0
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        asyncio.run(serve(options))
    except OSError as error:
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
