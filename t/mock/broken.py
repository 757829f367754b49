"""Answers that do not arrive whole: ids 600xx to 615xx, on any route."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from httpd import Ending, Reply


@dataclass(frozen=True)
class Row:
    """A line of the tables in GET /_mock and README.md."""

    group: int                                 # ids group*100 .. group*100+99
    answer: str
    verdict: str

    def ids(self) -> str:
        return f"{self.group * 100}-{self.group * 100 + 99}"


Broken = Callable[[Reply], Reply]

_WAYS: dict[int, tuple[str, Broken]] = {
    600: ("truncated: half of the announced `Content-Length`, then closed",
          lambda good: replace(good, ending=Ending.CUT)),
    601: ("truncated: chunked, closed without the last chunk",
          lambda good: replace(good, chunked=True, ending=Ending.CUT)),
    602: ("stalled: no byte for 30 s, then closed",
          lambda good: replace(good, ending=Ending.STALL)),
    603: ("closed before the header",
          lambda good: replace(good, ending=Ending.NOTHING)),
    604: ("closed after half of the header",
          lambda good: replace(good, ending=Ending.HALF_HEADER)),
    605: ("not HTTP: a line of text, then closed",
          lambda good: Reply(body=b"this is no HTTP\r\n\r\n",
                             ending=Ending.RAW)),
    606: ("stalled: header and half of the body, then no byte for 30 s",
          lambda good: replace(good, ending=Ending.STALL_BODY)),
    607: ("connection reset before the header",
          lambda good: replace(good, ending=Ending.RESET)),
    608: ("a malformed header line",
          lambda good: Reply(
              body=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\x01nonsense"
                   b"\r\n\r\n%b" % (len(good.body), good.body),
              ending=Ending.RAW)),
    609: ("a correct body without any header, as in HTTP/0.9",
          lambda good: Reply(body=good.body, ending=Ending.RAW)),
    610: ("ten bytes more than `Content-Length` says, then closed",
          lambda good: Reply(
              body=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n%b0123456789"
                   % (len(good.body), good.body),
              ending=Ending.RAW)),
    611: ("a header of 200 kB",
          lambda good: replace(good, headers=[
              (f"X-Filler-{i}", "f" * 1000) for i in range(200)])),
    612: ("complete and correct, but in 40 pieces",
          lambda good: replace(good, ending=Ending.DRIBBLE)),
    613: ("complete and correct, with a header of 31 kB",
          lambda good: replace(good, headers=[
              ("X-Filler", "f" * 5000)] + [
              (f"X-Filler-{i}", "f" * 986) for i in range(26)])),
    614: ("endless: one byte each 0.3 s, from the first byte on",
          lambda good: replace(good, ending=Ending.TRICKLE)),
    615: ("endless: the header, then one byte each 0.3 s",
          lambda good: replace(good, ending=Ending.TRICKLE_BODY)),
}


def broken(group: int, good: Reply) -> Reply | None:
    """The good reply, broken in the way of that group of ids."""
    way = _WAYS.get(group)
    return way[1](good) if way else None


def rows(verdict: str, exceptions: dict[int, str]) -> list[Row]:
    return [Row(group, answer, exceptions.get(group, verdict))
            for group, (answer, _) in _WAYS.items()]
