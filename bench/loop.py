"""How long one large answer holds the event loop of a worker: the longest time
between two calls of epoll_wait(), measured by loop.c within nginx.

Of each answer of Violet's of 4 MB the whole request counts: reading it, the
check or the judge, copies, Redis, shared memory, and sending it.
"""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import time
from pathlib import Path

from load import flood
from servers import HERE, Servers
from works import CART, REPORT, Peer, probe

BYTES = 4 * 1024 * 1024 - 1024

OWNER = '{"merchant_id":%d,"connection":{"status":"COMPLETE"},'
ORDER = ('{"id":1,"status":"%s","bags":[{"id":2,"status":"ACCEPTED"},'
         '{"id":3,"status":"%s"}],')
SKU = ('{"id":%d,"sku_id":99999,"quantity":1,"name":"A shirt","price":1990,'
       '"tags":[1,2],"image":"https://cdn.example.com/a/b/c.jpg"}')
ERROR = ('{"id":%d,"bag_id":3,"type":"EXTERNAL_SUBMIT_CART","entity_type":'
         '"BAG","message":"Item is no longer available."}')
# a list with more values than this is not stored
MERCHANT = ('{"merchant_id":%d,"connection":{"status":"COMPLETE"},"note":"'
            + 80 * "a long text about this merchant, and more of it, " + '"}')

# name: begin, an item that is repeated, end
REPORTS = {
    "report, text": (OWNER % 900100 + '"x":["', "a long text", '"]}'),
    "report, SKUs": (OWNER % 900101 + '"x":[', SKU, "]}"),
    "report, objects with one number": (OWNER % 900102 + '"x":[', '{"":1}',
                                        "]}"),
}
ORDERS = {
    "completed order, SKUs": (ORDER % ("COMPLETED", "ACCEPTED") + '"x":[',
                              SKU, "]}"),
    "completed order, objects with one number":
        (ORDER % ("COMPLETED", "ACCEPTED") + '"x":[', '{"":1}', "]}"),
    "partial order, errors": (ORDER % ("IN_PROGRESS", "REJECTED")
                              + '"errors":[', ERROR, "]}"),
    "partial order, SKUs": (ORDER % ("IN_PROGRESS", "REJECTED") + '"x":[',
                            SKU, "]}"),
    "HTML": ("<html><body>", "<p>It broke</p>", "</body></html>"),
}
# too many errors to be read, and no JSON: the outcome is unknown
UNKNOWN = ("partial order, errors", "HTML")
# asked for by many at once
CALLERS = 100
SHARED = (OWNER % 900200 + '"x":["', "a long text", '"]}')
LIST = ("[", MERCHANT, "]")


def text(form: tuple[str, str, str]) -> str:
    """The text of a form, of 4 MB."""
    begin, item, end = form
    joined = "" if begin[-1] in '">' else ","
    parts, length = [], len(begin) + len(end)

    while True:
        part = item.replace("%d", str(len(parts) + 1)) + joined
        if length + len(part) > BYTES:
            break
        parts.append(part)
        length += len(part)

    return begin + "".join(parts).rstrip(",") + end


class Longest:
    """What loop.c records."""

    def __init__(self, folder: Path):
        self.library = folder / "loop.so"
        subprocess.run(["cc", "-std=gnu11", "-O2", "-shared", "-fPIC", "-o",
                        str(self.library), str(HERE / "loop.c")], check=True)

        self.file = folder / "loop"
        self.file.write_bytes(bytes(16))
        self.file.chmod(0o666)
        with self.file.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 16)

    def env(self) -> dict:
        return dict(os.environ, LD_PRELOAD=str(self.library),
                    BENCH_LOOP=str(self.file))

    def reset(self) -> None:
        self.map[:] = bytes(16)

    def cpu(self) -> float:
        """ms of CPU time."""
        return struct.unpack("QQ", self.map[:])[0] / 1e6


def measure(servers: Servers, rounds: int) -> dict:
    """ms of CPU time by request: one figure for each round."""
    longest = Longest(servers.folder)
    redis = servers.redis_cli
    requests = {}

    for i, (name, form) in enumerate(REPORTS.items()):
        (servers.folder / f"www/reports/{900100 + i}.json").write_text(
            text(form))
        path = f"{REPORT}{900100 + i}"
        requests[name + ", miss"] = ("get", path, "miss")
        if name == "report, text":
            requests[name + ", Redis hit"] = ("get", "/redis" + path, "hit")
            requests[name + ", memory hit"] = ("get", path, "hit")

    (servers.folder / "www/reports/list.json").write_text(text(LIST))
    path = REPORT.rstrip("/")
    requests["list of merchants, miss"] = ("get", path, "miss")
    requests["list of merchants, Redis hit"] = ("get", "/redis" + path, "hit")
    requests["list of merchants, memory hit"] = ("get", path, "hit")

    (servers.folder / "www/reports/900200.json").write_text(text(SHARED))
    requests[f"{CALLERS} callers of a report, miss"] = ("flood",
                                                        REPORT + "900200", "")

    for i, (name, form) in enumerate(ORDERS.items()):
        (servers.folder / f"www/orders/{900 + i}.json").write_text(text(form))
        requests[name] = ("post", f"{CART}{900 + i}/submit", "")

    # 4 MB to Redis and back on a busy machine
    servers.values["PATIENCE"] = "connect_timeout=30s timeout=30s"
    servers.stop("violet")
    violet = servers.nginx("violet", env=longest.env())
    servers.values["PATIENCE"] = ""
    taken = {name: [] for name in requests}

    for _ in range(rounds):
        redis("FLUSHALL")
        time.sleep(0.3)

        for name, (script, path, result) in requests.items():
            peer = Peer(name, "violet", path,
                        "Cache-Status: violet; hit" * (result == "hit"),
                        502 if name in UNKNOWN else 200)
            longest.reset()
            if script == "flood":
                flood(violet, path, CALLERS)
            else:
                probe(violet.port, peer, script)
            time.sleep(0.3)
            taken[name].append(longest.cpu())

    servers.stop("violet")

    return taken
