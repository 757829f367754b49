"""The servers of a run: their data, their configurations, their processes.

All of it lives in a folder on tmpfs, listens on free ports of 127.0.0.1 and
is gone at the end of the run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent

SIZES = (1024, 4096, 16384, 65536, 262144, 1048576)
DELAY = 1.5


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def compact(value) -> str:
    return json.dumps(value, separators=(",", ":"))


def report(merchant: str, size: int = 0) -> str:
    """A report of a merchant, of that size."""
    data = json.loads((TOP / "t/data/health/report.json").read_text())
    data["merchant_id"] = 0

    if size and size < len(compact(data)):
        data = {key: data[key] for key in ("merchant_id", "merchant_name",
                                           "merchant_status", "connection")}
        data["connection"] = {"status": "COMPLETE"}

    text = compact(data).replace('"merchant_id":0',
                                 '"merchant_id":' + merchant)
    if size:
        text = text[:-1] + ',"note":"' + "x" * (size - len(text) - 10) + '"}'
    return text


def order(kind: str) -> str:
    """An order: "completed", "failed" or "large" (300 kB)."""
    data = json.loads((TOP / "t/data/cart/order_completed.json").read_text())

    # a dollar begins a variable in nginx's configuration
    data["currency_symbol"] = "USD"

    if kind == "large":
        skus = data["bags"][0]["skus"]
        while len(compact(data)) < 300_000:
            skus.extend(skus[:1] * 10)

    if kind == "failed":
        data["bags"].append({"id": 22222, "merchant_id": 10001,
                             "status": "REJECTED",
                             "financial_status": "UNPAID"})
        data["errors"] = [{
            "id": 1, "bag_id": 22222, "type": "EXTERNAL_SUBMIT_CART",
            "entity_id": "22222", "entity_type": "BAG", "platform": "SHOPIFY",
            "message": "One or more items in the cart are no longer "
                       "available for purchase.",
            "date_created": "2025-01-01T00:00:00+0000"}]

    return compact(data)


def cpu_seconds(pids: list[int]) -> float:
    """CPU seconds of all threads of these processes so far, from /proc.  One
    of them may have ended: nginx's cache loader does after a minute."""
    total = 0

    for pid in pids:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass

    return total / 1e9


def memory(pids: list[int]) -> int:
    """Their proportional share of memory, in kB."""
    total = 0

    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in text.split("\n"):
            if line.startswith("Pss:"):
                total += int(line.split()[1])

    return total


class Server:
    """A server: its process, its port and its workers."""

    def __init__(self, name: str, port: int, command: list[str], env=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, env=env,
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.wait()

    def wait(self) -> None:
        for _ in range(400):
            if self.process.poll() is not None:
                raise SystemExit(f"bench: {self.name} did not start: "
                                 + self.process.stderr.read())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"bench: {self.name} does not listen")

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}"
                        "/children").read_text().split()
        return [int(pid) for pid in children] or [self.process.pid]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Servers:
    """All servers of a run, started on demand."""

    def __init__(self):
        self.folder = Path("/dev/shm") / f"violet-bench.{os.getpid()}"
        self.running: dict[str, Server] = {}
        self.values: dict[str, str] = {}
        self.cpus = sorted(os.sched_getaffinity(0))

    def __enter__(self) -> Servers:
        self.folder.mkdir(mode=0o755)
        for name in ("www/reports", "www/orders", "cache", "redis",
                     "varnish", "body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.folder / name).mkdir(parents=True)
        # nginx's workers may run as another user
        for path in [self.folder, *self.folder.rglob("*")]:
            path.chmod(0o777)

        for i, size in enumerate(SIZES):
            name = str(900000 + i)
            (self.folder / f"www/reports/{name}.json").write_text(
                report(name, size))
        (self.folder / "www/orders/large.json").write_text(order("large"))

        self.values = {
            "BENCH": str(HERE), "FOLDER": str(self.folder),
            "MODULE": os.environ.get(
                "BENCH_MODULE", str(TOP / "build/ngx_violet_module.so")),
            "REPORT": report("$id"), "REPORT_1": report("1"),
            "ORDER": order("completed"), "ORDER_FAILED": order("failed"),
            "DELAY": str(DELAY), "PATIENCE": "", "STATUS": "",
        }

        self.others_on_the_other_cpus()
        try:
            self.redis()
            self.nginx("upstream")
        except BaseException:
            self.__exit__(SystemExit)
            raise
        return self

    def __exit__(self, kind, *_) -> None:
        if kind:
            for log in self.folder.glob("*.log"):
                for line in log.read_text().splitlines()[-5:]:
                    print(f"bench: {log.name}: {line}", file=sys.stderr)

        for server in reversed(list(self.running.values())):
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def others_on_the_other_cpus(self) -> None:
        """Keeps the first CPU for the gateways, if there are several."""
        if len(self.cpus) > 1:
            os.sched_setaffinity(0, self.cpus[1:])

    def mask(self, workers: int) -> str:
        bits = sum(1 << cpu for cpu in self.cpus[:workers])
        return format(bits, "b")

    def redis(self) -> None:
        port = free_port()
        self.values["REDIS_PORT"] = str(port)
        self.running["redis"] = Server("redis", port, [
            "redis-server", "--port", str(port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no",
            "--dir", str(self.folder / "redis")])

    def redis_cli(self, *words: str) -> str:
        return subprocess.run(
            ["redis-cli", "-p", self.values["REDIS_PORT"], *words],
            check=True, capture_output=True, text=True).stdout.strip()

    def put_reports(self, n: int) -> None:
        """Reports of merchants 1 to n, as the module stores them."""
        pipe = subprocess.Popen(
            ["redis-cli", "-p", self.values["REDIS_PORT"], "--pipe"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        now = str(int(time.time() * 1000))

        for merchant in range(1, n + 1):
            key = f"violet:health:sandbox-api.violet.io:10000:{merchant}"
            etag = '"' + hashlib.sha1(str(merchant).encode()).hexdigest() + '"'
            body = self.values["REPORT"].replace("$id", str(merchant))
            for words in (("HSET", key, "v", "1", "body", body,
                           "etag", etag, "state", "blocked",
                           "merchant", str(merchant),
                           "kept", "86400000", "stored_at", now),
                          ("PEXPIRE", key, "86400000")):
                pipe.stdin.write(f"*{len(words)}\r\n".encode() + b"".join(
                    f"${len(word)}\r\n{word}\r\n".encode()
                    for word in words))

        pipe.stdin.close()
        if pipe.wait():
            raise SystemExit("bench: Redis did not take the reports")

    def nginx(self, name: str, workers: int = 1, zone: str = "64m",
              env: dict | None = None) -> Server:
        port = free_port()
        if name == "upstream":
            self.values["UPSTREAM_PORT"] = str(port)

        values = dict(self.values, PORT=str(port), WORKERS=str(workers),
                      CPUS=self.mask(workers), ZONE=zone)
        text = (HERE / f"conf/{name}.conf").read_text()
        for key in ("REPORT_1", "REPORT", "ORDER_FAILED", "ORDER"):
            text = text.replace(f"@{key}@", values.pop(key))
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)

        path = self.folder / f"{name}.conf"
        path.write_text(text)
        return self.start(name, port, [
            "nginx", "-p", str(self.folder), "-c", str(path),
            "-e", str(self.folder / f"{name}.log")], env)

    def varnish(self) -> Server:
        port = free_port()
        text = (HERE / "conf/varnish.vcl").read_text()
        path = self.folder / "varnish.vcl"
        path.write_text(text.replace("@UPSTREAM_PORT@",
                                     self.values["UPSTREAM_PORT"]))
        return self.start("varnish", port, [
            "taskset", "-c", str(self.cpus[0]), "varnishd", "-F",
            "-j", "none", "-n", str(self.folder / "varnish"),
            "-a", f"127.0.0.1:{port}", "-f", str(path), "-s", "malloc,256m",
            "-p", "thread_pools=1", "-p", "timeout_idle=300"])

    def haproxy(self) -> Server:
        port = free_port()
        text = (HERE / "conf/haproxy.cfg").read_text()
        path = self.folder / "haproxy.cfg"
        path.write_text(text.replace("@PORT@", str(port)).replace(
            "@UPSTREAM_PORT@", self.values["UPSTREAM_PORT"]))
        return self.start("haproxy", port, [
            "taskset", "-c", str(self.cpus[0]), "haproxy", "-db",
            "-f", str(path)])

    def bare(self, callers: int) -> Server:
        """bare.py, on the gateway's CPU, with answers as long as a report."""
        port = free_port()
        length = len(self.values["REPORT_1"])
        return self.start("bare", port, [
            "sh", "-c", 'exec taskset -c "$0" "$1" "$2" "$3" "$4" 2> "$5"',
            str(self.cpus[0]), str(HERE / "bare.py"), str(port),
            str(callers), str(length), str(self.folder / "bare.log")])

    def start(self, name: str, port: int, command: list[str],
              env: dict | None = None) -> Server:
        self.stop(name)
        self.running[name] = Server(name, port, command, env)
        return self.running[name]

    def stop(self, name: str) -> None:
        server = self.running.pop(name, None)
        if server:
            server.stop()

    def peer(self, name: str) -> Server:
        """A gateway by its name, with one worker."""
        if name not in self.running:
            others = {"varnish": self.varnish, "haproxy": self.haproxy}
            return others[name]() if name in others else self.nginx(name)
        return self.running[name]
