"""Events of Violet's webhooks, which the mock signs and sends to a gateway.

POST /_mock/webhook?to=URL sends one; the answer is the status and the body
that came back, with a space between them.  The other arguments:

  topic=NAME        X-Violet-Topic; without it there is no such header
  merchant=42       the merchant of the body
  encoding=base64   or hex: how the signature is written
  secret=TEXT       signed with another secret than the mock's
  body=TEXT         the body, instead of one that fits the topic
  bytes=N           members are added until the body has about N bytes
  chunked=1         sent with Transfer-Encoding: chunked
  gzip=1            compressed, then signed
  unsigned=1        without X-Violet-Hmac
  header=NAME:TEXT  another header, any number of times
  count=N           sent N times, on as many connections at once as `at_once`
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import itertools
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpd import Reply

SECONDS = 60.0
EVENT_IDS = itertools.count(1)


def event_body(topic: str, merchant: int) -> dict[str, Any]:
    """The entity of an event, as far as Violet's pages show it."""
    if topic.startswith("MERCHANT_PAYOUT_ACCOUNT_"):
        return {"id": 7, "merchant_id": merchant, "is_active": True,
                "account_type": "MERCHANT",
                "payment_provider_account_id": "acct_mock"}
    if topic.startswith("PRODUCT_SYNC_"):
        return {"id": 9, "merchant_id": merchant, "status": "COMPLETED",
                "total_products": 5, "total_products_synced": 5}
    if topic.startswith("ORDER_"):
        return {"id": 70, "merchant_id": merchant, "status": "ACCEPTED"}
    return {"id": merchant, "name": "Sample Merchant", "platform": "SHOPIFY",
            "store_url": "https://shop.example.com"}


def sign(secret: str, body: bytes, encoding: str) -> str:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    if encoding == "hex":
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    raise ValueError(f"no such encoding: {encoding}")


class Event:
    """One event as it is sent, built from the arguments of the control."""

    def __init__(self, query: str, secret: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True)
        self.given = dict(pairs)
        self.extra = [value.split(":", 1) for name, value in pairs
                      if name == "header"]
        self.secret = self.given.get("secret", secret)
        url = urlsplit(self.given.get("to", ""))
        if url.scheme != "http" or not url.hostname or not url.port:
            raise ValueError("to= must be http://HOST:PORT/PATH")
        self.host, self.port = url.hostname, url.port
        self.target = url.path + ("?" + url.query if url.query else "")
        self.body = self.make_body()

    def make_body(self) -> bytes:
        text = self.given.get("body")
        if text is None:
            text = json.dumps(event_body(self.given.get("topic", ""),
                                         int(self.given.get("merchant", 42))))
        size = int(self.given.get("bytes", 0))
        if size > len(text):
            number = (size - len(text)) // 1024
            more = ", ".join(f'"m{i:06}": "{"x" * 1008}"'
                             for i in range(number))
            text = f'{text[:-1]}, {more}}}' if more else text
        body = text.encode("utf-8", "surrogateescape")
        return gzip.compress(body) if "gzip" in self.given else body

    def message(self) -> bytes:
        head = [f"POST {self.target} HTTP/1.1",
                f"Host: {self.host}:{self.port}", "Connection: close",
                "Content-Type: application/json",
                f"X-Violet-Event-Id: {next(EVENT_IDS)}",
                f"X-Violet-Entity-Length: {len(self.body)}"]
        if "topic" in self.given:
            head.append(f"X-Violet-Topic: {self.given['topic']}")
        if "unsigned" not in self.given:
            head.append("X-Violet-Hmac: " + sign(
                self.secret, self.body, self.given.get("encoding", "base64")))
        if "gzip" in self.given:
            head.append("Content-Encoding: gzip")
        head += [f"{name}:{value}" for name, value in self.extra]
        body = self.body
        if "chunked" in self.given:
            head.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    async def send(self) -> tuple[int, str]:
        """The status and the body of the answer; 0 if there is none."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            sending = asyncio.create_task(self.write(writer))
            answer = await asyncio.wait_for(reader.read(), SECONDS)
            await sending
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        status = int(words[1]) if len(words) > 1 else 0
        return status, body.decode("utf-8", "backslashreplace")

    async def write(self, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.message())
            await writer.drain()
        except ConnectionError:
            pass  # the answer came before the end of the body


async def deliver(query: str, secret: str) -> Reply:
    """The reply of the control: what the gateway answered."""
    try:
        event = Event(query, secret)
        count = int(event.given.get("count", 1))
        if count == 1:
            status, body = await event.send()
            return Reply(body=f"{status} {body}".encode(),
                         content_type="text/plain; charset=utf-8")
        return Reply.of({"statuses": await repeat(event, count)})
    except (ValueError, OSError) as error:
        return Reply.of({"error": str(error)}, 400)


async def repeat(event: Event, count: int) -> dict[str, int]:
    """Sends an event so often; the number of answers by status."""
    statuses: Counter[str] = Counter()
    left = iter(range(count))

    async def caller() -> None:
        for _ in left:
            status, _ = await event.send()
            statuses[str(status)] += 1

    at_once = int(event.given.get("at_once", 8))
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return dict(statuses)
