#!/usr/bin/env python3
"""Many callers who ask for the same report at once.

    bench/callers.py PORT PATH CALLERS

Prints when the last answer was whole, in seconds since the epoch.  The callers
keep their connections until then, as services do.  h2load closes each at once,
and then half of the gateway's time goes into closing connections.
"""

from __future__ import annotations

import re
import resource
import select
import socket
import sys
import time


def length_of(begin: bytes) -> int:
    """The length of a whole answer, by its first bytes."""
    head, _, _ = begin.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)

    if not head.startswith(b"HTTP/1.1 200 ") or not length:
        raise SystemExit(f"no report, but {head!r}")

    return len(head) + 4 + int(length[1])


def main() -> None:
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    poll = select.epoll()
    callers: dict[int, socket.socket] = {}

    for _ in range(count):
        caller = socket.create_connection(("127.0.0.1", port), 60)
        caller.sendall(request)
        poll.register(caller.fileno(), select.EPOLLIN)
        callers[caller.fileno()] = caller

    buffer = memoryview(bytearray(1 << 20))
    left: dict[int, int] = {}
    done = 0

    while done < count:
        ready = poll.poll(60)

        if not ready:
            raise SystemExit(f"{done} of {count} callers have an answer")

        for number, _ in ready:
            got = callers[number].recv_into(buffer)

            if not got:
                if left.get(number) != 0:
                    raise SystemExit("a caller got no whole answer")
                poll.unregister(number)
                continue

            if number not in left:
                left[number] = length_of(bytes(buffer[:512]))

            left[number] -= got

            if left[number] == 0:
                done += 1

    print(time.time())


if __name__ == "__main__":
    main()
