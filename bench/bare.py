#!/usr/bin/env python3
"""The least that answering many callers at once can take.

    bench/bare.py PORT CALLERS LENGTH

Reads a request of each of so many callers, waits a little, then writes the
same bytes to one after the other: no parsing, no headers to build, nothing
but the kernel and who reads the answers.  Says when it begins on stderr.
"""

from __future__ import annotations

import socket
import sys
import time


def callers(listening: socket.socket, n: int) -> list[socket.socket]:
    found: list[socket.socket] = []

    while len(found) < n:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # who only looks whether there is somebody says nothing
        if connection.recv(4096):
            found.append(connection)
        else:
            connection.close()

    return found


def main() -> None:
    port, n, length = map(int, sys.argv[1:])
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    answer = head + b"x" * length

    with socket.create_server(("127.0.0.1", port), backlog=8192) as listening:
        while True:
            found = callers(listening, n)
            time.sleep(0.3)
            print(f"answered at {time.time():.6f}", file=sys.stderr,
                  flush=True)
            for connection in found:
                connection.sendall(answer)
            for connection in found:
                connection.close()


if __name__ == "__main__":
    main()
