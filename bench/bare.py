#!/usr/bin/env python3
"""Measures the least time in which many callers can be answered at once.

    bench/bare.py PORT CALLERS LENGTH

Reads one request of each of CALLERS callers, waits 0.3 s, then writes the same
LENGTH bytes to one caller after the other, without parsing and without making
headers: the time is the kernel's and the reader's.  Prints the beginning of
the writes to stderr.
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
        # a connection that only tests the port sends nothing
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
