"""The requests of a soak, and what each answer may be.

Each request has ids that no other one has, or that name what it asks for, and
a check of the answer: a status that the documentation names, and the ids in
the body.  Statuses of connection health and of submits are those of
docs/openapi.yaml.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import yaml

Headers = dict[str, str]
Check = Callable[[int, Headers, bytes], str]

OPENAPI = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
SECRET = "mock-app-secret"

KNOWN = range(30000, 30030)                  # asked for again and again
FRESH, CARTS, ORDERS, PAYMENTS = 1_000_000, 5_000_000, 6_000_000, 7_000_000

# Groups of a hundred merchants, see t/mock/README.md: those whose body has the
# merchant's id whenever the status is 200, and all others.
GOOD = [*range(200, 222), 228, 229, 232, *range(240, 250), 612, 613]
ODD = [222, 223, 224, 225, 226, 227, 230, 231, 301, 400, 401, 403, 404, 405, 406,
       410, 428, 429, 500, 503, 510, *range(600, 612), 614, 615]

# What Violet says of one merchant passes, too.
OF_VIOLET = {401, 403, 404, 410}

# A token may expire while Violet is late: the 401 of other routes passes, too.
STREAMED = {200, 401, 502, 503, 504}


@dataclass
class Request:
    route: str
    method: str
    path: str
    check: Check
    headers: Headers = field(default_factory=dict)
    body: bytes | None = None
    streamed: bool = False            # may be cut off when Violet is
    cart: int = 0


def documented() -> dict[str, set[int]]:
    """Statuses by "METHOD path" of the page for callers."""
    paths = yaml.safe_load(OPENAPI.read_text())["paths"]
    return {f"{method.upper()} {path}": {int(status) for status in
                                         operation["responses"]
                                         if str(status).isdecimal()}
            for path, of in paths.items() for method, operation in of.items()
            if isinstance(operation, dict) and "responses" in operation}


def problem(status: int, headers: Headers, body: bytes) -> dict[str, Any]:
    """A problem document of the gateway; {} for any other body, and for the
    answer to a HEAD."""
    if not body or "problem+json" not in headers.get("content-type", ""):
        return {}
    value = json.loads(body)
    if value.get("status") != status:
        raise ValueError(f"a problem of status {value.get('status')}")
    if value.get("request_id") != headers.get("x-id"):
        raise ValueError("a problem of another request")
    return dict(value)


def has_id(body: bytes, number: int) -> bool:
    return re.search(rb'"merchant_?[iI]d": ?"?%d\b' % number, body) is not None


class Maker:
    """Makes requests at random; `routes` are the weights of their kinds."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.serial = itertools.count(1)
        self.fresh = itertools.count(FRESH)
        self.carts = itertools.count(CARTS)
        self.orders = itertools.count(ORDERS)
        self.payments = itertools.count(PAYMENTS)
        self.lately: list[int] = [CARTS]
        self.allowed = documented()
        self.kinds: list[tuple[int, Callable[[], Request]]] = [
            (22, self.hit), (12, self.miss), (8, self.brief), (4, self.refresh),
            (6, self.odd), (4, self.list_all), (2, self.report_post),
            (2, self.search), (14, self.submit), (4, self.outcome),
            (3, self.order), (2, self.payment), (5, self.webhook),
            (3, self.purge), (2, self.look_up), (3, self.status),
            (2, self.ready), (5, self.get_other), (6, self.post_other),
            (2, self.blocked), (1, self.invalid)]

    def any(self) -> Request:
        weights, makers = zip(*self.kinds)
        return self.dice.choices(makers, weights)[0]()

    # Connection health

    def report(self, route: str, number: int, more: str = "",
               prefix: str = "/v1", good: bool = True) -> Request:
        method = self.dice.choice(("GET",) * 9 + ("HEAD",))
        allowed = OF_VIOLET | self.allowed[
            f"{method} /operations/connection_health/{{merchant_id}}"] - {500}
        etag = {"If-None-Match": '"x"'} if self.dice.random() < 0.1 else {}

        def check(status: int, headers: Headers, body: bytes) -> str:
            if status not in allowed:
                return f"status {status}"
            problem(status, headers, body)
            if (status == 200 and method == "GET" and good
                    and not has_id(body, number)):
                return f"not the report of {number}"
            return ""

        path = f"{prefix}/operations/connection_health/{number}{more}"
        return Request(route, method, path, check, etag)

    def hit(self) -> Request:
        return self.report("hit", self.dice.choice(KNOWN))

    def miss(self) -> Request:
        return self.report("miss", next(self.fresh))

    def brief(self) -> Request:
        """Where reports expire after 2 s, and are renewed in the background."""
        return self.report("updating", self.dice.choice(KNOWN),
                           prefix="/brief/v1")

    def refresh(self) -> Request:
        prefix = self.dice.choice(("/v1", "/brief/v1"))
        return self.report("refresh", self.dice.choice(KNOWN), "?refresh=true",
                           prefix)

    def odd(self) -> Request:
        good = self.dice.random() < 0.5
        group = self.dice.choice(GOOD if good else ODD)
        return self.report("odd", group * 100 + self.dice.randrange(100),
                           good=good)

    def list_all(self) -> Request:
        allowed = self.allowed["GET /operations/connection_health"] - {500}

        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            if status == 200 and not has_id(body, 20100):
                return "not the list"
            return "" if status in allowed else f"status {status}"

        return Request("list", "GET", "/v1/operations/connection_health"
                       + self.dice.choice(("", "?exclude_public=false")), check)

    def report_post(self) -> Request:
        made = self.report("report by POST", next(self.fresh))
        made.method, made.streamed, made.body = "POST", True, b""
        return made

    def search(self) -> Request:
        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            if status == 200 and not has_id(body, 20100):
                return "not the search"
            return "" if status in STREAMED else f"status {status}"

        return Request("search", "POST", "/v1/operations/connection_health"
                       "/search?app_id=10000", check, body=b"{}", streamed=True)

    # Submits

    def submitted(self, route: str, method: str, path: str, number: int,
                  body: bytes | None = None, **headers: str) -> Request:
        named = {"submit": "/checkout/cart/{cart_id}/submit",
                 "outcome": "/checkout/cart/{cart_id}/submit",
                 "payment": "/checkout/cart/{cart_id}/payment",
                 "order": "/orders"}[route]
        allowed = self.allowed[f"{method} {named}"]

        def check(status: int, answered: Headers, body: bytes) -> str:
            if status not in allowed:
                return f"status {status}"
            known = problem(status, answered, body)
            if known.get("cart_id") not in (number, None):
                return f"a problem of cart {known.get('cart_id')}"
            if known.get("order") and known["order"].get("id") != number:
                return f"the order of cart {known['order'].get('id')}"
            if status == 200 and json.loads(body).get("id") != number:
                return f"not the order of cart {number}"
            return ""

        return Request(route, method, path, check,
                       {"X-Caller": f"s{next(self.serial)}", **headers}, body,
                       cart=number)

    def cart(self) -> int:
        if self.dice.random() < 0.4:
            return self.dice.choice(self.lately)
        number = next(self.carts)
        self.lately = self.lately[-200:] + [number]
        return number

    def submit(self) -> Request:
        number = self.cart()
        pad = self.dice.choice((0, 0, 0, 50_000))
        return self.submitted("submit", "POST",
                              f"/v1/checkout/cart/{number}/submit", number,
                              json.dumps({"pad": "x" * pad}).encode())

    def outcome(self) -> Request:
        number = self.dice.choice(self.lately)
        return self.submitted("outcome", "GET",
                              f"/v1/checkout/cart/{number}/submit", number)

    def order(self) -> Request:
        number = next(self.orders)
        return self.submitted("order", "POST", "/v1/orders", number,
                              json.dumps({"app_order_id": number}).encode(),
                              **{"Idempotency-Key": f'"order-{number}"'})

    def payment(self) -> Request:
        number = next(self.payments)
        return self.submitted("payment", "POST",
                              f"/v1/checkout/cart/{number}/payment", number,
                              b'{"complete_checkout": true}')

    # Operations

    def webhook(self) -> Request:
        signed = self.dice.random() < 0.8
        size = self.dice.choice((0, 0, 0, 20_000, 600_000))
        body = json.dumps({"id": self.dice.choice(KNOWN), "name": "a shop",
                           "pad": ["x" * 1000] * (size // 1000)}).encode()
        mac = hmac.digest((SECRET if signed else "wrong").encode(), body,
                          hashlib.sha256)
        allowed = {200, 503} if signed else {401}

        def check(status: int, headers: Headers, answered: bytes) -> str:
            problem(status, headers, answered)
            return "" if status in allowed else f"status {status}"

        return Request("webhook", "POST", "/hook", check, {
            "X-Violet-Topic": "MERCHANT_COMPLETE",
            "X-Violet-Hmac": base64.b64encode(mac).decode()}, body)

    def purge(self) -> Request:
        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            return "" if status in (200, 204, 503) else f"status {status}"

        return Request("purge", "POST",
                       f"/purge?merchant_id={self.dice.choice(KNOWN)}", check,
                       body=b"")

    def look_up(self) -> Request:
        name, number = self.dice.choice((
            ("merchant_id", self.dice.choice(KNOWN)),
            ("cart_id", self.dice.choice(self.lately))))

        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            if status == 200 and json.loads(body).get(name) != number:
                return f"not the look-up of {number}"
            return "" if status in (200, 404, 503) else f"status {status}"

        return Request("look up", "GET", f"/purge?{name}={number}", check)

    def status(self) -> Request:
        form, begins = self.dice.choice((("html", b"<!"), ("json", b"{"),
                                         ("prometheus", b"# ")))

        def check(status: int, headers: Headers, body: bytes) -> str:
            if status != 200 or not body.lstrip().startswith(begins):
                return f"no {form} with status {status}"
            if form == "json":
                json.loads(body)
            return ""

        return Request("status", "GET", f"/status?format={form}", check)

    def ready(self) -> Request:
        def check(status: int, headers: Headers, body: bytes) -> str:
            said = json.loads(body)["status"]
            if (said == "fail") != (status == 503):
                return f"{said} with status {status}"
            return "" if status in (200, 503) else f"status {status}"

        return Request("ready", "GET", "/ready", check)

    # Other routes

    def get_other(self) -> Request:
        path = f"/v1/merchants?tag={next(self.serial)}"

        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            if status == 200 and json.loads(body)["path"] != path:
                return "the answer of another request"
            return "" if status in STREAMED else f"status {status}"

        return Request("other", "GET", path, check, streamed=True)

    def post_other(self) -> Request:
        size = self.dice.choice((0, 100, 20_000, 200_000, 1_000_000))
        sent = f"<{next(self.serial)}>" + "x" * size

        def check(status: int, headers: Headers, body: bytes) -> str:
            problem(status, headers, body)
            if status == 200 and json.loads(body)["body"] != sent:
                return "not the body that was sent"
            return "" if status in STREAMED else f"status {status}"

        return Request("other by POST", "POST", "/v1/offers", check,
                       {"Content-Type": "application/json"}, sent.encode(),
                       streamed=True)

    def refused(self, route: str, path: str, wanted: int) -> Request:
        def check(status: int, headers: Headers, body: bytes) -> str:
            if status != wanted or not problem(status, headers, body):
                return f"status {status}"
            return ""

        return Request(route, "GET", path, check)

    def blocked(self) -> Request:
        return self.refused("blocked", "/v1/auth/token", 403)

    def invalid(self) -> Request:
        return self.refused("invalid", "/v1/orders;a=b", 400)
