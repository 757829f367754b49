#!/usr/bin/env python3
"""Tests of the mock Violet, over real connections."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib
from pathlib import Path
from typing import Any, ClassVar

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data"
HEADERS = {"X-Violet-App-Id": "10000", "X-Violet-App-Secret": "mock-app-secret",
           "X-Violet-Token": "mock-token"}
HEALTH = "/v1/operations/connection_health/"


class Mock:
    """A mock that runs in a folder of its own."""

    def __init__(self, *options: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        port_file = Path(self.folder.name) / "port"
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "violet.py"), "--port-file",
             str(port_file), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the mock does not start")
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(10)
        self.folder.cleanup()
        return code

    def ask(self, method: str, path: str, body: bytes | None = None,
            headers: dict[str, str] | None = None,
            ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=10)
        try:
            connection.request(method, path, body,
                               HEADERS if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method: str, path: str, body: bytes | None = None,
             headers: dict[str, str] | None = None) -> Any:
        return json.loads(self.ask(method, path, body, headers)[2])

    def submit(self, cart: int) -> tuple[int, http.client.HTTPMessage, bytes]:
        return self.ask("POST", f"/v1/checkout/cart/{cart}/submit", b"{}")

    def order(self, cart: int) -> Any:
        status, _, body = self.submit(cart)
        assert status == 200, status
        return json.loads(body)

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.json("GET", "/_mock/counts", headers={})
        return counts

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """All bytes that the mock sends before it closes."""
        with socket.create_connection(("127.0.0.1", self.port),
                                      seconds) as connection:
            connection.sendall(data)
            return read_all(connection)

    def raw_submit(self, cart: int, minor: int = 1) -> bytes:
        return self.raw(submit_bytes(cart, minor))


def submit_bytes(cart: int, minor: int = 1) -> bytes:
    head = "".join(f"{n}: {v}\r\n" for n, v in HEADERS.items())
    return (f"POST /v1/checkout/cart/{cart}/submit HTTP/1.{minor}"
            "\r\nHost: mock\r\nConnection: close\r\n"
            f"Content-Length: 2\r\n{head}\r\n{{}}").encode()


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


class Case(unittest.TestCase):
    mock: ClassVar[Mock]

    @classmethod
    def setUpClass(cls) -> None:
        cls.mock = Mock("--hold", "0.4", "--token-ttl", "1")

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.mock.stop() == 0

    def setUp(self) -> None:
        self.mock.ask("POST", "/_mock/reset", headers={})


class Credentials(Case):
    def test_each_header_must_be_there_and_right(self) -> None:
        for name in HEADERS:
            for value in (None, "wrong"):
                headers = {k: v for k, v in HEADERS.items() if k != name}
                if value is not None:
                    headers[name] = value
                status, _, body = self.mock.ask("GET", "/v1/x",
                                                headers=headers)
                self.assertEqual(status, 401)
                envelope = json.loads(body)
                self.assertEqual(list(envelope), ["status", "message",
                                                  "error_code", "timestamp"])
                self.assertEqual(envelope["error_code"], 11)
        self.assertEqual(self.mock.counts()["unauthorized"], 6)

    def test_a_second_copy_of_a_header_is_wrong(self) -> None:
        head = "".join(f"{n}: {v}\r\n" for n, v in HEADERS.items())
        answer = self.mock.raw(
            (f"GET /v1/x HTTP/1.0\r\n{head}x-violet-token: mock-token"
             "\r\n\r\n").encode())
        self.assertIn(b" 401 ", answer)

    def test_login_and_refresh(self) -> None:
        app = {k: v for k, v in HEADERS.items() if k != "X-Violet-Token"}
        given = json.dumps({"username": "dev@example.com",
                            "password": "mock-password"}).encode()
        login = self.mock.json("POST", "/v1/login", given, app)
        refreshed = self.mock.json(
            "GET", "/v1/auth/token",
            headers={**app, "X-Violet-Token": login["refresh_token"]})
        self.assertEqual(list(refreshed), ["token"])
        for token in (login["token"], refreshed["token"]):
            self.assertEqual(len(token.split(".")), 3)
            status, _, _ = self.mock.ask(
                "GET", "/v1/x", headers={**app, "X-Violet-Token": token})
            self.assertEqual(status, 200)

    def test_login_refused(self) -> None:
        for body in (b"", b"[]", b'{"username":"dev@example.com"}'):
            self.assertEqual(self.mock.ask("POST", "/v1/login", body)[0], 401)
        self.assertEqual(self.mock.ask("GET", "/v1/login")[0], 405)

    def test_refresh_needs_the_refresh_token(self) -> None:
        self.assertEqual(self.mock.ask("GET", "/v1/auth/token")[0], 401)
        headers = {**HEADERS, "X-Violet-Token": "mock-refresh-token"}
        self.assertEqual(
            self.mock.ask("POST", "/v1/auth/token", b"", headers)[0], 405)

    def test_tokens_expire(self) -> None:
        headers = {**HEADERS, "X-Violet-Token": "mock-refresh-token"}
        headers["X-Violet-Token"] = self.mock.json(
            "GET", "/v1/auth/token", headers=headers)["token"]
        self.assertEqual(self.mock.ask("GET", "/v1/x", headers=headers)[0], 200)
        time.sleep(1.1)
        body = self.mock.json("GET", "/v1/x", headers=headers)
        self.assertEqual(body["message"], "Token has expired")

    def test_every_token_expires_on_demand(self) -> None:
        self.mock.ask("POST", "/_mock/expire", headers={})
        self.assertEqual(self.mock.ask("GET", "/v1/x")[0], 401)

    def test_answers_to_calls_for_a_token(self) -> None:
        refresh = {**HEADERS, "X-Violet-Token": "mock-refresh-token"}

        def call(answer: str) -> tuple[int, Any, bytes]:
            self.mock.ask("POST", f"/_mock/tokens?answer={answer}")
            return self.mock.ask("GET", "/v1/auth/token", headers=refresh)

        for answer, status in (("good", 200), ("refused", 401),
                               ("forbidden", 403), ("error", 500),
                               ("limited", 429), ("garbage", 200)):
            self.assertEqual(call(answer)[0], status, answer)
        self.assertEqual(call("empty")[2], b"{}")
        self.assertEqual(call("same")[2], call("same")[2])
        self.assertNotEqual(call("good")[2], call("good")[2])

        def claims(answer: str) -> Any:
            token = json.loads(call(answer)[2])["token"]
            return json.loads(base64.urlsafe_b64decode(
                token.split(".")[1] + "=="))

        self.assertNotIn("exp", claims("endless"))
        self.assertNotEqual(len(claims("uneven")["scopes"]),
                            len(claims("uneven")["scopes"]))
        self.assertLess(claims("expired")["exp"], time.time())
        self.mock.ask("POST", "/_mock/tokens?ttl=2.5")
        self.assertAlmostEqual(claims("good")["exp"], time.time() + 2.5,
                               delta=1)

    def test_the_secret_and_the_refresh_token_can_change(self) -> None:
        self.mock.ask("POST", "/_mock/tokens?secret=new&refresh=other")
        right = {**HEADERS, "X-Violet-App-Secret": "new",
                 "X-Violet-Token": "other"}
        old = {**right, "X-Violet-App-Secret": HEADERS["X-Violet-App-Secret"]}
        self.assertEqual(
            self.mock.ask("GET", "/v1/auth/token", headers=right)[0], 200)
        self.assertEqual(
            self.mock.ask("GET", "/v1/auth/token", headers=old)[0], 401)


class Health(Case):
    def get(self, merchant: int, query: str = "") -> Any:
        return self.mock.json("GET", f"{HEALTH}{merchant}{query}")

    def test_the_report_has_the_documented_shape(self) -> None:
        documented = json.loads((DATA / "health" / "report.json").read_bytes())
        report = self.get(42)
        self.assertEqual(report.pop("recalculated"), 1)
        self.assertEqual(set(report), set(documented))
        self.assert_within(report, documented, "report")
        self.assertEqual(report["merchant_id"], 42)

    def assert_within(self, value: Any, documented: Any, where: str) -> None:
        if isinstance(value, dict) and documented != {}:
            for name, member in value.items():
                self.assertIn(name, documented, where)
                self.assert_within(member, documented[name],
                                   f"{where}.{name}")

    def test_a_report_is_kept_until_refreshed(self) -> None:
        first = self.mock.ask("GET", HEALTH + "42")[2]
        self.assertEqual(self.mock.ask("GET", HEALTH + "42")[2], first)
        for n, spelling in enumerate(("true", "TRUE", "1", "on", "yes"), 2):
            report = self.get(42, f"?refresh={spelling}")
            self.assertEqual(report["recalculated"], n)
        self.assertEqual(self.get(42)["recalculated"], 6)
        self.assertEqual(self.get(42, "?refresh=no")["recalculated"], 6)
        self.assertEqual(self.get(43)["recalculated"], 1)
        self.assertEqual(self.mock.counts()["connection_health.refresh/42"], 5)

    def test_a_report_is_kept_by_app_id(self) -> None:
        self.assertEqual(self.get(42)["recalculated"], 1)
        self.assertEqual(self.get(42, "?app_id=10000")["recalculated"], 2)
        self.assertEqual(self.get(42)["recalculated"], 1)

    def test_refresh_must_be_a_boolean(self) -> None:
        status, _, _ = self.mock.ask("GET", HEALTH + "42?refresh=perhaps")
        self.assertEqual(status, 400)

    def test_the_custom_report_is_never_kept(self) -> None:
        first = self.mock.json("POST", HEALTH + "42", b"{}")
        second = self.mock.json("POST", HEALTH + "42", b"{}")
        self.assertEqual(first["merchantId"], 42)
        self.assertEqual(second["recalculated"], first["recalculated"] + 1)
        self.assertEqual(self.mock.counts()["connection_health_report/42"], 2)

    def test_head_is_get_without_a_body(self) -> None:
        length = len(self.mock.ask("GET", HEALTH + "42")[2])
        status, headers, body = self.mock.ask("HEAD", HEALTH + "42")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(headers["Content-Length"], str(length))

    def test_list_and_search(self) -> None:
        path = HEALTH.rstrip("/")
        self.assertEqual(self.mock.ask("GET", path)[0], 400)
        some = self.mock.json("GET", path + "?app_id=10000")
        self.assertEqual(some[0]["merchant_id"], 10000)
        found = self.mock.json("POST", HEALTH + "search?app_id=10000", b"{}")
        self.assertEqual(found["content"][0]["merchantId"], 10000)
        self.assertEqual(found["totalElements"], 3)

    def merchants(self, query: str) -> list[int]:
        path = HEALTH.rstrip("/") + "?app_id=10000" + query
        return [report["merchant_id"] for report
                in self.mock.json("GET", path)]

    def test_the_list_without_and_with_public_merchants(self) -> None:
        hidden = [10000, 20100, 20300]
        self.assertEqual(self.merchants(""), hidden)
        self.assertEqual(self.merchants("&exclude_public=TRUE"), hidden)
        self.assertEqual(self.merchants("&exclude_public=no"),
                         hidden + [20001])
        path = HEALTH.rstrip("/") + "?app_id=1&exclude_public=maybe"
        self.assertEqual(self.mock.ask("GET", path)[0], 400)
        self.assertEqual(self.mock.counts()["connection_health_list"], 4)

    def test_a_refresh_shows_in_the_list(self) -> None:
        path = HEALTH.rstrip("/") + "?app_id=10000"
        first = self.mock.ask("GET", path)[2]
        self.assertEqual(self.mock.ask("GET", path)[2], first)
        self.assertEqual(self.mock.ask("HEAD", path)[1]["Content-Length"],
                         str(len(first)))
        for query, n in (("", 2), ("&app_id=10000", 3)):
            self.get(20100, "?refresh=true" + query)
            self.assertEqual([report["recalculated"] for report
                              in self.mock.json("GET", path)], [1, n, 1])

    def test_reports_are_forgotten_on_demand(self) -> None:
        self.assertEqual(self.get(42)["recalculated"], 1)
        self.mock.ask("POST", "/_mock/forget", headers={})
        self.assertEqual(self.get(42)["recalculated"], 2)
        self.assertEqual(self.get(42)["recalculated"], 2)

    def test_states(self) -> None:
        self.assertEqual(self.get(20100)["connection"]["status"],
                         "NEEDS_ATTENTION")
        self.assertEqual(self.get(20300)["sync_status"]["status"],
                         "INCOMPLETE")
        self.assertNotIn("connection", self.get(20500))
        self.assertEqual(self.get(20600)["sync_status"]["status"], "complete")
        self.assertEqual(self.get(20700)["merchantStatus"], "ACTIVE")
        self.assertEqual(self.get(20900)["merchant_id"], "20900")
        self.assertEqual(self.get(21200)["merchant_status"],
                         "DISABLED_INACTIVE")
        self.assertNotIn("merchant_status", self.get(21700))

    def test_what_no_gateway_should_store(self) -> None:
        self.assertEqual(self.get(22300)["merchant_id"], 22301)
        self.assertFalse(any(isinstance(v, dict)
                             for v in self.get(22400).values()))
        self.assertIsInstance(self.get(22600), list)
        self.assertNotIn("merchant_id", self.get(23100))
        for merchant in (22500, 22700, 23000):
            with self.assertRaises(ValueError):
                self.get(merchant)
        large = self.mock.ask("GET", HEALTH + "22100")[2]
        self.assertGreater(len(large), 5_000_000)

    def test_around_the_report(self) -> None:
        _, headers, body = self.mock.ask("GET", HEALTH + "22200")
        self.assertEqual(headers["Content-Encoding"], "deflate")
        self.assertEqual(json.loads(zlib.decompress(body))["merchant_id"],
                         22200)
        _, headers, body = self.mock.ask("GET", HEALTH + "22800")
        self.assertEqual(headers["Transfer-Encoding"], "chunked")
        self.assertEqual(json.loads(body)["merchant_id"], 22800)
        started = time.monotonic()
        self.get(22000)
        self.assertGreater(time.monotonic() - started, 0.19)

    def test_refusals(self) -> None:
        for merchant, wanted in ((30100, 301), (40000, 400), (40100, 401),
                                 (40300, 403), (40400, 404), (42900, 429),
                                 (50000, 500), (50300, 503), (51000, 500)):
            status, headers, _ = self.mock.ask("GET", f"{HEALTH}{merchant}")
            self.assertEqual(status, wanted)
            self.assertEqual("Retry-After" in headers, wanted == 429)
            self.assertEqual("Location" in headers, wanted == 301)

    def test_answers_that_change(self) -> None:
        for merchant, wanted in ((24000, [200, 500, 500]),
                                 (24200, [200, 429, 429]),
                                 (24300, [500, 200, 200]),
                                 (24600, [200, 404, 404]),
                                 (24700, [200, 429, 429])):
            self.assertEqual([self.mock.ask("GET", f"{HEALTH}{merchant}")[0]
                              for _ in range(3)], wanted)
        self.assertEqual(self.get(24400)["connection"]["status"], "COMPLETE")
        self.assertEqual(
            self.get(24400, "?refresh=true")["connection"]["status"],
            "NEEDS_ATTENTION")
        self.get(24500)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.get(24500)
        self.get(24800)
        with self.assertRaises(http.client.IncompleteRead):
            self.get(24800)
        self.assertLess(len(self.mock.ask("GET", HEALTH + "24900")[2]), 5000)
        self.assertGreater(len(self.mock.ask("GET", HEALTH + "24900")[2]),
                           5_000_000)

    def test_429_with_and_without_a_time(self) -> None:
        self.get(24200)
        self.get(24700)
        for merchant, seconds in ((42900, "7"), (42800, None), (24200, "7"),
                                  (24700, None)):
            status, headers, _ = self.mock.ask("GET", f"{HEALTH}{merchant}")
            self.assertEqual((status, headers["Retry-After"]), (429, seconds))

    def test_faults_on_demand(self) -> None:
        path = HEALTH.rstrip("/") + "?app_id=10000"
        self.control("fault?connection_health_list=500"
                     "&connection_health/42=429")
        self.assertEqual(self.mock.ask("GET", path)[0], 500)
        self.assertEqual(self.mock.ask("GET", HEALTH + "42")[0], 429)
        self.assertEqual(self.mock.ask("GET", HEALTH + "43")[0], 200)
        self.control("fault?connection_health=600&connection_health/42=0"
                     "&connection_health_list=0")
        self.assertEqual(self.mock.ask("GET", HEALTH + "42")[0], 200)
        self.assertEqual(self.mock.ask("GET", path)[0], 200)
        with self.assertRaises(http.client.IncompleteRead):
            self.get(43)
        self.mock.ask("POST", "/_mock/reset", headers={})
        self.assertEqual(self.get(43)["merchant_id"], 43)
        for query in ("connection_health=999", "connection_health=x"):
            self.assertEqual(self.mock.ask(
                "POST", f"/_mock/fault?{query}", headers={})[0], 400)

    def test_delays_on_demand(self) -> None:
        self.control("delay?connection_health=1&connection_health/43=0")
        self.assertGreater(self.seconds(42), 0.99)
        self.assertLess(self.seconds(43), 0.99)
        self.control("delay?connection_health=0")
        self.assertLess(self.seconds(42), 0.99)

    def control(self, what: str) -> None:
        status, _, _ = self.mock.ask("POST", f"/_mock/{what}", headers={})
        self.assertEqual(status, 200)

    def seconds(self, merchant: int) -> float:
        started = time.monotonic()
        self.get(merchant)
        return time.monotonic() - started


class Submit(Case):
    def test_statuses_of_refusals_and_failures(self) -> None:
        by_id = {400: 400, 410: 400, 411: 400, 413: 403, 414: 400, 415: 400,
                 416: 404, 417: 404, 419: 400, 423: 422, 424: 400, 510: 500,
                 511: 502, 220: 202}
        for same in (301, 401, 403, 404, 408, 409, 412, 418, 422, 425, 429,
                     500, 503):
            by_id[same] = same
        for group, wanted in by_id.items():
            status, headers, _ = self.mock.submit(group * 100 + 7)
            self.assertEqual(status, wanted, group)
            self.assertEqual("Retry-After" in headers, group in (429, 503))

    def test_the_documented_exception(self) -> None:
        documented = json.loads(
            (DATA / "cart" / "single_bag_exception.json").read_bytes())
        for cart in (40000, 42200):
            self.assertEqual(json.loads(self.mock.submit(cart)[2]), documented)
        for cart in (41000, 42300):
            body = json.loads(self.mock.submit(cart)[2])
            self.assertEqual(body["data"]["skus"][0]["orderSkuId"], 88888)

    def test_the_documented_order(self) -> None:
        documented = json.loads(
            (DATA / "cart" / "order_completed.json").read_bytes())
        self.assertEqual(self.mock.order(10000), documented)
        self.assertEqual(self.mock.order(1)["id"], 1)

    def test_orders(self) -> None:
        for cart, status, bags in (
                (20000, "COMPLETED", ["ACCEPTED"]),
                (20100, "PROCESSING", ["IN_PROGRESS", "IN_PROGRESS"]),
                (20200, "PROCESSING", ["SUBMITTED", "BACKORDERED"]),
                (20300, "REQUIRES_ACTION", ["IN_PROGRESS"]),
                (20700, "COMPLETED", ["ACCEPTED", "REJECTED"]),
                (20800, "IN_PROGRESS", ["REJECTED", "REJECTED"]),
                (20900, "CANCELED", ["REJECTED", "REJECTED"]),
                (21000, "PROCESSING", ["IN_PROGRESS", "REJECTED"]),
                (22400, "IN_PROGRESS", ["REJECTED"])):
            made = self.mock.order(cart)
            self.assertEqual(made["status"], status, cart)
            self.assertEqual([bag["status"] for bag in made["bags"]], bags)

    def test_errors_of_orders(self) -> None:
        documented = json.loads(
            (DATA / "cart" / "multi_bag_errors_member.json").read_bytes()
        )["errors"][0]
        error, = self.mock.order(20700)["errors"]
        self.assertEqual(set(error), set(documented))
        self.assertEqual(error["bag_id"], 11112)
        error, = self.mock.order(21100)["errors"]
        self.assertEqual((error["type"], error["bag_id"]),
                         ("EXTERNAL_SUBMIT_CART", 11111))
        self.assertEqual(self.mock.order(20600)["errors"][0]["type"],
                         "INTERNAL_ADD_ITEM")
        self.assertNotIn("bags", self.mock.order(21400))

    def test_payments(self) -> None:
        payment, = self.mock.order(21200)["payment_transactions"]
        self.assertEqual(payment["related_bags"], ["11111", "11112"])
        self.assertEqual(payment["status"], "FAILED")
        payment, = self.mock.order(21300)["payment_transactions"]
        self.assertNotIn("related_bags", payment)
        self.assertEqual(self.mock.order(20400)["payment_status"],
                         "REQUIRES_ACTION")
        payment, = self.mock.order(20500)["payment_transactions"]
        self.assertEqual(payment["capture_status"], "REQUIRES_ACTION")

    def test_bodies_that_are_no_order(self) -> None:
        self.assertEqual(self.mock.submit(21800)[2], b"{}")
        self.assertEqual(self.mock.submit(21900)[2], b"")
        self.assertIsInstance(self.mock.order(22100), list)
        for cart in (21700, 22200):
            with self.assertRaises(ValueError):
                self.mock.order(cart)

    def test_sizes_and_times(self) -> None:
        self.assertGreater(len(self.mock.submit(21500)[2]), 5_000_000)
        started = time.monotonic()
        self.assertEqual(self.mock.order(21600)["status"], "COMPLETED")
        self.assertGreater(time.monotonic() - started, 0.29)

    def test_401_only_once(self) -> None:
        self.assertEqual([self.mock.submit(40200)[0] for _ in range(3)],
                         [401, 200, 200])


class Broken(Case):
    def test_cut_off(self) -> None:
        head, _, body = self.mock.raw_submit(60000).partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        self.assertEqual(len(body), int(length[1]) // 2)
        chunked = self.mock.raw_submit(60100)
        self.assertIn(b"Transfer-Encoding: chunked", chunked)
        self.assertFalse(chunked.endswith(b"0\r\n\r\n"))

    def test_stalled(self) -> None:
        for cart, wanted in ((60200, b""), (60600, b"HTTP/1.1 200 OK")):
            started = time.monotonic()
            self.assertTrue(self.mock.raw_submit(cart).startswith(wanted))
            self.assertGreater(time.monotonic() - started, 0.39)

    def test_closed(self) -> None:
        self.assertEqual(self.mock.raw_submit(60300), b"")
        half = self.mock.raw_submit(60400)
        self.assertTrue(half.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertNotIn(b"\r\n\r\n", half)
        with self.assertRaises(ConnectionResetError):
            self.mock.raw_submit(60700)

    def test_no_http(self) -> None:
        self.assertEqual(self.mock.raw_submit(60500),
                         b"this is no HTTP\r\n\r\n")
        self.assertIn(b"\r\n\x01nonsense\r\n", self.mock.raw_submit(60800))
        self.assertTrue(self.mock.raw_submit(60900).startswith(b"{"))
        self.assertTrue(self.mock.raw_submit(61000).endswith(b"}0123456789"))
        self.assertGreater(len(self.mock.raw_submit(61100)), 200_000)
        head = self.mock.raw_submit(61300).partition(b"\r\n\r\n")[0]
        self.assertTrue(31_000 < len(head) < 32_000, len(head))

    def test_interim_answers(self) -> None:
        self.assertTrue(self.mock.raw_submit(19000).startswith(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        self.assertTrue(self.mock.raw_submit(19100).startswith(
            b"HTTP/1.1 103 Early Hints\r\n"))

    def test_in_pieces(self) -> None:
        self.assertEqual(self.mock.order(61200)["status"], "COMPLETED")

    def test_trickles(self) -> None:
        for cart, begin in ((61400, b"HTT"), (61500, b"\r\n\r\n{\"i")):
            with socket.create_connection(("127.0.0.1", self.mock.port),
                                          10) as connection:
                connection.sendall(submit_bytes(cart))
                got = b""
                while begin not in got:
                    more = connection.recv(4096)
                    self.assertTrue(more)
                    got += more
                self.assertFalse(got.endswith(b"}"))

    def test_the_same_for_merchants(self) -> None:
        for merchant in (60000, 60300, 60500, 60700):
            with self.assertRaises((http.client.HTTPException, OSError)):
                self.mock.ask("GET", f"{HEALTH}{merchant}")
        self.assertEqual(
            self.mock.json("GET", HEALTH + "61200")["merchant_id"], 61200)


class Protocol(Case):
    def test_echo(self) -> None:
        answer = self.mock.json("PUT", "/v1/a%20b//c?d=%2e", b"hello",
                                {**HEADERS, "X-Odd": "1"})
        self.assertEqual(answer["method"], "PUT")
        self.assertEqual(answer["path"], "/v1/a%20b//c?d=%2e")
        self.assertEqual(answer["body"], "hello")
        self.assertIn(["X-Odd", "1"], answer["headers"])
        self.assertEqual(answer["headers"][0][0], "Host")

    def test_chunked_request(self) -> None:
        head = "".join(f"{n}: {v}\r\n" for n, v in HEADERS.items())
        answer = self.mock.raw(
            (f"POST /v1/x HTTP/1.1\r\nHost: m\r\nConnection: close\r\n{head}"
             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
             "0\r\nTrailer: t\r\n\r\n").encode())
        self.assertIn(b'"body": "abcde"', answer)

    def test_expect_continue(self) -> None:
        answer = self.mock.raw(
            b"POST /_mock/reset HTTP/1.1\r\nHost: m\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n{}")
        self.assertTrue(answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))

    def test_http_1_0(self) -> None:
        answer = self.mock.raw(b"GET /_mock/counts HTTP/1.0\r\n\r\n")
        self.assertIn(b"Connection: close\r\n", answer)
        answer = self.mock.raw_submit(22800, minor=0)
        self.assertNotIn(b"chunked", answer)
        self.assertTrue(answer.endswith(b"}"))

    def test_keep_alive_and_last(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.mock.port)
        for _ in range(3):
            connection.request("GET", "/v1/x?y", None, HEADERS)
            connection.getresponse().read()
        last = self.mock.json("GET", "/_mock/last", headers={})["other"]
        connection.close()
        self.assertEqual(last["line"], "GET /v1/x?y HTTP/1.1")
        self.assertEqual(last["nth"], 3)
        self.assertIn(["X-Violet-App-Id", "10000"], last["headers"])

    def test_garbage(self) -> None:
        get = b"GET /_mock/counts HTTP/1.1\r\nHost: m\r\n\r\n"
        for n, data in enumerate((
                get + b'{"eaten": 1}' + get,             # body not announced
                get + b"hello" + get,
                get + b"hello",
                b"POST /_mock/reset HTTP/1.1\r\nHost: m\r\n"  # and not sent
                b"Content-Length: 42\r\n\r\n" + get + get,
                b"GET / HTTP/2.0\r\n\r\n", b"GET /\r\n\r\n", b"\r\n" + get,
                b"GET / HTTP/1.1\r\n\r\n",                 # no Host
                b"GET / HTTP/1.1\r\nHost: m\r\nno header\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked"
                b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 1):
            answer = self.mock.raw(data)
            self.assertIn(b"HTTP/1.1 400 Bad Request", answer, data)
            self.assertEqual(self.mock.counts()["garbage"], n, data)
        last = self.mock.json("GET", "/_mock/last", headers={})
        self.assertIn("garbage", last)

    def test_spellings_are_counted_under_their_route(self) -> None:
        for path in ("/v1/operations//connection_health/42/",
                     "/v1/operations/connection_health/0x2A",
                     "/v1/operations/connection_health/%34%32",
                     "/v1/operations/x/..;/connection_health;a=b/+42",
                     "/v1/operations/connection_health/042.json"):
            self.mock.ask("GET", path)
        self.assertEqual(self.mock.counts()["connection_health/42"], 5)

    def test_counts_and_reset(self) -> None:
        self.mock.submit(20000)
        self.mock.ask("GET", "/v1/x")
        counts = self.mock.counts()
        self.assertEqual((counts["cart_submit"], counts["cart_submit/20000"],
                          counts["other"], counts["garbage"]), (1, 1, 1, 0))
        self.mock.ask("POST", "/_mock/reset", headers={})
        self.assertEqual(self.mock.counts()["cart_submit"], 0)
        self.assertNotIn("cart_submit/20000", self.mock.counts())
        self.assertEqual(
            self.mock.ask("GET", "/_mock/nothing", headers={})[0], 404)

    def test_the_page_explains_itself(self) -> None:
        _, headers, body = self.mock.ask("GET", "/_mock", headers={})
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertIn(b"| 20700-20799 |", body)
        self.assertIn(b"0 garbage", body)

    def test_the_readme_holds_the_tables(self) -> None:
        tables = subprocess.run(
            [sys.executable, str(HERE / "violet.py"), "--tables"],
            capture_output=True, text=True, check=True).stdout
        readme = (HERE / "README.md").read_text()
        for line in tables.splitlines():
            if line.startswith("|"):
                self.assertIn(line + "\n", readme)


class Many(Case):
    def test_hundreds_of_connections_at_once(self) -> None:
        head = "".join(f"{n}: {v}\r\n" for n, v in HEADERS.items())
        number = 300
        connections = [socket.create_connection(("127.0.0.1", self.mock.port))
                       for _ in range(number)]
        for i, connection in enumerate(connections):
            connection.sendall((f"GET {HEALTH}{i + 1} HTTP/1.1\r\nHost: m\r\n"
                                f"{head}\r\n").encode())
        for i, connection in enumerate(connections):
            answer = connection.recv(65536)
            self.assertIn(b'{"merchant_id": %d,' % (i + 1), answer)
        gauge = self.mock.json("GET", "/_mock/connections", headers={})
        self.assertGreaterEqual(gauge["open"], number)
        for connection in connections:
            connection.close()

    def test_fifty_slow_requests_side_by_side(self) -> None:
        statuses: list[int] = []

        def ask() -> None:
            statuses.append(self.mock.ask("GET", HEALTH + "22000")[0])

        threads = [threading.Thread(target=ask) for _ in range(50)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 50)
        self.assertLess(time.monotonic() - started, 5)   # one by one: 10 s


class Merchant(unittest.TestCase):
    """Carts whose submits end at random (--merchant)."""

    def setUp(self) -> None:
        self.mock = Mock("--merchant", "1", "--hold", "0.1")
        self.addCleanup(self.mock.stop)

    def submit(self, cart: int) -> None:
        try:
            self.mock.ask("POST", f"/v1/checkout/cart/{cart}/submit", b"{}")
        except (OSError, http.client.HTTPException):
            pass                                     # an answer that is lost

    def history(self) -> dict[str, Any]:
        return json.loads(self.mock.ask("GET", "/_mock/merchant")[2])

    def test_a_seed_chooses_the_ends(self) -> None:
        def plans() -> list[str]:
            for cart in range(1, 41):
                self.submit(cart)
            known = self.history()
            return [known[str(n)]["submits"][0]["plan"] for n in range(1, 41)]

        first = plans()
        self.mock.ask("POST", "/_mock/reset")
        self.assertEqual(plans(), first)
        self.assertGreater(len(set(first)), 5)

    def test_an_ordered_cart_is_ordered_once_more(self) -> None:
        self.mock.ask("POST", "/_mock/merchant?calm=1")
        for cart in range(1, 11):
            self.submit(cart)
        known = self.history()
        cart = next(n for n in known if known[n]["orders"])
        status, _, body = self.mock.ask("GET", f"/v1/orders/{cart}")
        self.assertEqual((status, json.loads(body)["status"]),
                         (200, "COMPLETED"))
        self.submit(int(cart))
        self.assertEqual(self.history()[cart]["orders"], 2)

    def test_connections_are_refused_for_a_time(self) -> None:
        def listens() -> bool:
            try:
                return self.mock.ask("GET", "/_mock/counts")[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        self.mock.ask("POST", "/_mock/refuse?seconds=2")
        for expected in (False, True):
            deadline = time.monotonic() + 20
            while listens() is not expected:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)


class Listening(unittest.TestCase):
    def test_a_taken_port_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = subprocess.run(
                [sys.executable, str(HERE / "violet.py"), "--port", str(port)],
                capture_output=True, text=True, timeout=10)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(port), result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def test_unix_socket(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/violet.sock"
            mock = Mock("--unix", path)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                connection.sendall(b"GET /_mock/counts HTTP/1.0\r\n\r\n")
                self.assertIn(b'"garbage": 0', read_all(connection))
            self.assertEqual(mock.stop(), 0)
            self.assertFalse(Path(path).exists())

    def test_tls(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                 "-days", "2", "-subj", "/CN=localhost",
                 "-addext", "subjectAltName=DNS:localhost",
                 "-keyout", key, "-out", certificate],
                check=True, capture_output=True)
            mock = Mock("--tls-cert", certificate, "--tls-key", key)
            context = ssl.create_default_context(cafile=certificate)
            connection = http.client.HTTPSConnection(
                "localhost", mock.port, context=context)
            connection.request("GET", "/v1/x", None, HEADERS)
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            self.assertEqual(mock.stop(), 0)


if __name__ == "__main__":
    unittest.main()
