"""Makes the load and measures it: wrk for throughput and CPU, h2load for
latency.

wrk has no fixed rate.  h2load has a fixed rate for each connection (--rps) and
logs the beginning and the duration of each request; it speaks HTTP/1.1 with
--h1.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from servers import HERE, Server, cpu_seconds

CONNECTIONS = 32


@dataclass
class Round:
    rate: float         # requests a second
    cpu: float          # of the gateway's workers, in microseconds a request
    other: int          # answers that were not 2xx or 3xx
    requests: int
    redis: float = 0    # CPU of Redis, in microseconds a request


def wrk(server: Server, path: str, seconds: float, script: str = "get",
        arguments: tuple = (), connections: int = CONNECTIONS) -> Round:
    """One round at full speed."""
    workers = server.workers()
    before = cpu_seconds(workers)

    run = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s",
         "--timeout", "60s", "-s", str(HERE / f"wrk/{script}.lua"),
         f"http://127.0.0.1:{server.port}{path}",
         "--", *map(str, arguments)],
        capture_output=True, text=True,
        env=dict(os.environ, BENCH_FOLDER=str(HERE)))

    spent = cpu_seconds(workers) - before

    for line in run.stdout.split("\n"):
        if line.startswith("bench "):
            requests, duration, status, errors = map(int, line.split()[1:])
            break
    else:
        raise SystemExit(f"bench: wrk failed: {run.stdout}{run.stderr}")

    if errors or not requests:
        raise SystemExit(f"bench: {server.name} {path}: {errors} of "
                         f"{requests} requests failed")

    return Round(requests / duration * 1e6, spent / requests * 1e6, status,
                 requests)


def latencies(server: Server, path: str, rate: float, seconds: float,
              folder: Path, body: Path | None = None,
              connections: int = CONNECTIONS) -> list[int]:
    """Microseconds of each request at a fixed rate, connections excluded."""
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)

    command = ["h2load", "--h1", "-t1", f"-c{connections}",
               f"--rps={rate / connections:.3f}",
               f"-D{max(1, round(seconds))}", f"--log-file={log}"]
    if body:
        command += ["-d", str(body), "-H", "Content-Type: application/json"]

    run = subprocess.run(
        command + [f"http://127.0.0.1:{server.port}{path}"],
        capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"bench: h2load failed: {run.stderr}")

    rows = [line.split("\t") for line in log.read_text().splitlines()]
    if not rows:
        raise SystemExit(f"bench: h2load got no answer: {run.stdout}")
    first = min(int(row[0]) for row in rows)

    # leave out the first 0.1 s, in which h2load connects
    return [int(row[2]) for row in rows
            if int(row[0]) - first > 100_000 and int(row[1]) > 0]


def beside(server: Server, path: str, seconds: float, folder: Path,
           load: tuple | None) -> list[int]:
    """Microseconds of a request that one caller sends 500 times a second while
    wrk makes a load: a path, a script and its arguments, or nothing."""
    if load:
        # wrk begins first and ends last
        other = threading.Thread(target=wrk, args=(server, load[0],
                                                   seconds + 1, *load[1:]))
        other.start()
        time.sleep(0.3)

    taken = latencies(server, path, 500, seconds, folder, connections=1)

    if load:
        other.join()

    return taken


def flood(server: Server, path: str, callers: int) -> float:
    """Sends all requests at once, see callers.py; the end of the last answer
    in seconds since the epoch."""
    run = subprocess.run([str(HERE / "callers.py"), str(server.port), path,
                          str(callers)], capture_output=True, text=True)

    if run.returncode:
        raise SystemExit(f"bench: {server.name}: {run.stderr}")
    return float(run.stdout)
