"""The works that are measured: peers and targets.

A target compares one figure of ours with that of a peer, as a ratio.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

REPORT = "/v1/operations/connection_health/"
CART = "/v1/checkout/cart/"
SUBMIT = CART + "%d/submit"


@dataclass
class Peer:
    label: str
    server: str         # a configuration in conf/
    path: str
    holds: str = ""     # a header that its answer must have: "name: text"
    status: int = 200


@dataclass
class Target:
    peer: str           # its label
    figure: str         # "rate" or "cpu"
    bound: float        # ours / theirs: at least for rates, at most for CPU


@dataclass
class Work:
    name: str
    title: str
    peers: list[Peer]
    targets: list[Target] = field(default_factory=list)
    script: str = "get"
    warm: int = 2       # requests before it is measured

    @property
    def ours(self) -> Peer:
        return self.peers[0]

    @property
    def each_new(self) -> bool:
        """Each request is for a merchant or a cart of its own."""
        return self.script in ("new", "submit")

    def new_path(self, peer: Peer, number: int) -> str:
        return f"{peer.path}{number}" + "/submit" * (self.script == "submit")


def read(path: str = REPORT + "1") -> Peer:
    return Peer("violet", "violet", path, "Cache-Status: violet; hit")


RETURN = Peer("return 200", "return", REPORT + "1")
PLAIN = "proxy_pass"

WORKS = [
    Work("memory", "memory hit", [
        read(), RETURN,
        Peer("Lua, dictionary", "lua", REPORT + "1",
             "Cache-Status: violet; hit"),
        Peer("proxy_cache", "proxy", REPORT + "1", "Cache-Status: HIT"),
        Peer("Varnish", "varnish", REPORT + "1", "Age: "),
        Peer("HAProxy", "haproxy", REPORT + "1", "Age: "),
    ], [
        Target("return 200", "cpu", 1.12),
        Target("Lua, dictionary", "rate", 1.2),
    ]),

    Work("redis", "Redis hit", [
        read("/redis" + REPORT + "1"), RETURN,
        Peer("Lua, Redis", "lua", "/redis" + REPORT + "1",
             "Cache-Status: violet; hit"),
    ], [
        Target("Lua, Redis", "rate", 3),
        Target("return 200", "cpu", 1.35),
    ], warm=4),

    Work("other", "other routes", [
        Peer("violet", "violet", "/v1/merchants"),
        Peer(PLAIN, "proxy", "/v1/merchants"),
    ], [Target(PLAIN, "rate", 0.98)]),

    Work("submit", "completed submit", [
        Peer("violet", "violet", SUBMIT % 1,
             "X-Violet-Cart-Outcome: completed"),
        Peer(PLAIN, "proxy", SUBMIT % 1),
        Peer("Lua, cjson", "lua", SUBMIT % 1,
             "X-Violet-Cart-Outcome: completed"),
    ], [
        Target(PLAIN, "rate", 0.92),
        Target(PLAIN, "cpu", 1.28),
    ], script="post"),

    Work("guarded", "completed submit, guarded, with Redis", [
        Peer("violet", "violet", "/guarded" + CART,
             "X-Violet-Cart-Outcome: completed"),
        Peer(PLAIN, "proxy", CART),
    ], [
        Target(PLAIN, "cpu", 1.6),
        Target(PLAIN, "rate", 0.6),
    ], script="submit", warm=1),

    Work("large", "completed submit, 300 kB", [
        Peer("violet", "violet", SUBMIT % 3,
             "X-Violet-Cart-Outcome: completed"),
        Peer(PLAIN, "proxy", SUBMIT % 3),
        Peer("Lua, cjson", "lua", SUBMIT % 3,
             "X-Violet-Cart-Outcome: completed"),
    ], [Target(PLAIN, "cpu", 1.3)], script="post"),

    Work("failed", "failed submit", [
        Peer("violet", "violet", SUBMIT % 2,
             "X-Violet-Cart-Outcome: partial"),
        Peer("Lua, cjson", "lua", SUBMIT % 2,
             "X-Violet-Cart-Outcome: partial"),
    ], [Target("Lua, cjson", "rate", 1.5)], script="post"),

    Work("miss", "miss", [
        Peer("violet", "violet", REPORT, "Cache-Status: violet; fwd=uri-miss"),
        Peer("Lua, Redis", "lua", "/redis" + REPORT,
             "Cache-Status: violet; fwd=uri-miss"),
    ], [Target("Lua, Redis", "rate", 1.3)], script="new", warm=1),

    Work("limited", "limited refresh", [
        Peer("violet", "violet", REPORT + "1?refresh=true",
             "RateLimit-Policy: ", 429),
        Peer("Lua, Redis", "lua", REPORT + "1?refresh=true",
             "RateLimit-Policy: ", 429),
    ], [Target("Lua, Redis", "rate", 1.5)]),
]


def probe(port: int, peer: Peer, script: str, path: str = "") -> int:
    """Asks once; returns the length of the body if the answer is right."""
    url = f"http://127.0.0.1:{port}{path or peer.path}"
    request = urllib.request.Request(url)

    if script in ("post", "submit"):
        request.data = json.dumps({"app_order_id": "probe"}).encode()
        request.add_header("Content-Type", "application/json")

    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error

    body = answer.read()
    name, _, text = peer.holds.partition(": ")
    said = answer.headers.get(name, "") if name else ""

    if answer.status != peer.status or not said.startswith(text) \
            or (name and not said):
        raise SystemExit(f"bench: {peer.label} at {url} said "
                         f"{answer.status} {name}: {said}, not "
                         f"{peer.status} {peer.holds}")
    return len(body)
