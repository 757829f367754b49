"""POST /v1/checkout/cart/{id}/submit: every way that it can end.

The cart's id chooses the ending, a hundred ids for each (207xx is 20700 to
20799).  Shapes come from the samples of Violet's documentation in
t/data/cart; statuses and codes that Violet does not document are inventions.
"""

from __future__ import annotations

import copy
import json
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, Callable

from broken import Row, broken, rows as broken_rows
from httpd import Ending, Reply

Json = dict[str, Any]
Maker = Callable[[int, int], Reply]       # cart id, how often it was submitted

DATA = Path(__file__).resolve().parent.parent / "data" / "cart"
ORDER: Json = json.loads((DATA / "order_completed.json").read_bytes())
ERRORS: list[Json] = json.loads(
    (DATA / "multi_bag_errors_member.json").read_bytes())["errors"]
EXCEPTION: Json = json.loads((DATA / "single_bag_exception.json").read_bytes())

FIRST_BAG, SECOND_BAG = 11111, 11112
HTML = (b"<html><head><title>Oops</title></head>"
        b"<body><h1>Oops</h1></body></html>")

_ENDINGS: dict[int, Maker] = {}
_ROWS: list[Row] = []


def ending(group: int, answer: str,
           verdict: str) -> Callable[[Maker], Maker]:
    def add(make: Maker) -> Maker:
        assert group not in _ENDINGS
        _ENDINGS[group] = make
        _ROWS.append(Row(group, answer, verdict))
        return make
    return add


def submit(cart: int, nth: int) -> Reply:
    group = cart // 100
    wrong = broken(group, Reply.of(order(cart)))
    if wrong is not None:
        return wrong
    return _ENDINGS.get(group, completed)(cart, nth)


def table() -> list[Row]:
    unknown = "unknown, 502, later, UPSTREAM_INVALID"
    return sorted(_ROWS, key=lambda row: row.group) + broken_rows(
        unknown,
        {602: "unknown, 504, later, UPSTREAM_TIMEOUT",
         606: "unknown, 502 or 504, later",
         610: "as the module reads it (nginx drops the ten bytes)",
         612: "completed, unchanged", 613: "completed, unchanged",
         614: "unknown, 504, later, UPSTREAM_TIMEOUT",
         615: "unknown, 504, later, UPSTREAM_TIMEOUT"})


# Orders

def order(cart: int, status: str = "COMPLETED", **changes: Any) -> Json:
    """The documentation's completed order, as that of this cart."""
    made = copy.deepcopy(ORDER)
    made.update(id=cart, order_id=cart, status=status, **changes)
    for bag in made["bags"]:
        bag["order_id"] = cart
    for transaction in made["payment_transactions"]:
        transaction["order_id"] = cart
    return made


def two_bags(cart: int, status: str, first: tuple[str, str],
             second: tuple[str, str], errors: list[Json]) -> Json:
    """An order of two bags, each with (status, financial status)."""
    made = order(cart, status, errors=errors)
    other = copy.deepcopy(made["bags"][0])
    other.update(id=SECOND_BAG, merchant_id=10001, merchant_name="Second Store")
    made["bags"].append(other)
    for bag, (bag_status, money) in zip(made["bags"], (first, second)):
        bag.update(status=bag_status, financial_status=money)
    made["payment_transactions"][0]["related_bags"] = [
        str(FIRST_BAG), str(SECOND_BAG)]
    return made


def with_payment(made: Json, **changes: Any) -> Json:
    made["payment_transactions"][0].update(changes)
    return made


def bag_error(cart: int, bag: int | None, **changes: Any) -> Json:
    return {**ERRORS[0], "order_id": cart, "bag_id": bag, **changes}


def money_error(cart: int) -> Json:
    return {"id": 4711, "error_code": "card_declined",
            "message": "Your card was declined.", "transaction_id": 99999,
            "resolved": False, "date_created": "2024-08-29T22:52:52+0000",
            "order_id": cart}


# Answers without an order

def exception(status: int, message: str, error: str | None = None,
              code: int | None = None, **rest: Any) -> Reply:
    """Violet's API exception."""
    value: Json = {"message": message}
    if error is not None:
        value["error"] = error
    if code is not None:
        value["code"] = code
    return Reply.of(value, status, **rest)


def envelope(status: int, message: str, error_code: int = 11) -> Reply:
    """Violet's older error envelope."""
    return Reply.of({"status": status, "message": message,
                     "error_code": error_code,
                     "timestamp": int(time.time() * 1000)}, status)


def spring(status: int, error: str, path: str) -> Reply:
    """The error that Spring Boot writes by itself."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime())
    return Reply.of({"timestamp": stamp, "status": status, "error": error,
                     "path": path}, status)


def html(status: int) -> Reply:
    return Reply(status, HTML, content_type="text/html")


def camel(value: Any) -> Any:
    """The same JSON with its keys in camelCase."""
    if isinstance(value, dict):
        return {camel_key(k): camel(v) for k, v in value.items()}
    if isinstance(value, list):
        return [camel(v) for v in value]
    return value


def camel_key(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


# The endings, by group of ids.  First those under 2xx.

@ending(190, "`100 Continue` sent as if it were final, then the order",
        "unknown, 502, later, UPSTREAM_INVALID")
def interim_then_order(cart: int, nth: int) -> Reply:
    body = json.dumps(order(cart)).encode()
    return Reply(body=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                 b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
                 ending=Ending.RAW)


@ending(191, "`103 Early Hints`, then closed",
        "unknown, 502, later, UPSTREAM_INVALID")
def interim_only(cart: int, nth: int) -> Reply:
    return Reply(body=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
                 ending=Ending.RAW)


@ending(200, "200, order `COMPLETED`, one bag `ACCEPTED` (any id not listed "
        "here too)", "completed, unchanged")
def completed(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart))


@ending(201, "200, order `PROCESSING`, both bags `IN_PROGRESS`",
        "pending, unchanged")
def pending(cart: int, nth: int) -> Reply:
    waiting = ("IN_PROGRESS", "AUTHORIZED")
    return Reply.of(with_payment(
        two_bags(cart, "PROCESSING", waiting, waiting, []),
        status="AUTHORIZED", capture_status="AUTHORIZED"))


@ending(202, "200, two bags, `SUBMITTED` and `BACKORDERED`, no `errors`",
        "pending, unchanged")
def two_accepted(cart: int, nth: int) -> Reply:
    made = two_bags(cart, "PROCESSING", ("SUBMITTED", "AUTHORIZED"),
                    ("BACKORDERED", "PENDING"), [])
    del made["errors"]
    return Reply.of(made)


@ending(203, "200, order status `REQUIRES_ACTION`",
        "requires_action, unchanged")
def action_status(cart: int, nth: int) -> Reply:
    return Reply.of(waiting_for_shopper(cart, "REQUIRES_ACTION"))


@ending(204, "200, order `IN_PROGRESS`, its `payment_status` "
        "`REQUIRES_ACTION`", "requires_action, unchanged")
def action_payment(cart: int, nth: int) -> Reply:
    return Reply.of(waiting_for_shopper(cart, "IN_PROGRESS",
                                        payment_status="REQUIRES_ACTION"))


@ending(205, "200, order `IN_PROGRESS`, a transaction's `capture_status` and "
        "`status` `REQUIRES_ACTION`", "requires_action, unchanged")
def action_transaction(cart: int, nth: int) -> Reply:
    return Reply.of(with_payment(
        waiting_for_shopper(cart, "IN_PROGRESS"),
        status="REQUIRES_ACTION", capture_status="REQUIRES_ACTION"))


def waiting_for_shopper(cart: int, status: str, **changes: Any) -> Json:
    made = with_payment(order(cart, status, **changes),
                        status="AUTHORIZED", capture_status="AUTHORIZED")
    made["bags"][0].update(status="IN_PROGRESS", financial_status="UNPAID")
    return made


@ending(206, "200, order `COMPLETED`, stale `errors[]` of type "
        "`INTERNAL_ADD_ITEM` and `EXTERNAL_ADD_ITEM` on its accepted bag",
        "completed, unchanged")
def stale_errors(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart, errors=[
        bag_error(cart, FIRST_BAG, type="INTERNAL_ADD_ITEM",
                  message="The item was already in the cart."),
        bag_error(cart, FIRST_BAG, id=55556, type="EXTERNAL_ADD_ITEM",
                  message="Only 2 left; the quantity was lowered.")]))


@ending(207, "200, order `COMPLETED`, bag 11111 `ACCEPTED`, bag 11112 "
        "`REJECTED` and named in `errors[]`",
        "partial, violet_cart_partial_status, new_cart_for_failed_bags")
def one_of_two(cart: int, nth: int) -> Reply:
    return Reply.of(two_bags(
        cart, "COMPLETED", ("ACCEPTED", "PAID"), ("REJECTED", "VOIDED"),
        [bag_error(cart, SECOND_BAG)]))


@ending(208, "200, order `IN_PROGRESS`, both bags failed",
        "failed, 422, after_change")
def all_failed(cart: int, nth: int) -> Reply:
    return Reply.of(both_rejected(cart, "IN_PROGRESS"))


@ending(209, "200, order `CANCELED`, both bags failed",
        "failed, 422, new_cart")
def all_failed_canceled(cart: int, nth: int) -> Reply:
    return Reply.of(both_rejected(cart, "CANCELED"))


def both_rejected(cart: int, status: str) -> Json:
    rejected = ("REJECTED", "VOIDED")
    return with_payment(two_bags(cart, status, rejected, rejected, [
        bag_error(cart, FIRST_BAG),
        bag_error(cart, SECOND_BAG, id=55556, entity_id=str(SECOND_BAG),
                  entity_type="BAG", platform="MAGENTO",
                  message="The shipping method is no longer available.")]),
        status="AUTHORIZED", capture_status="AUTHORIZED")


@ending(210, "200, order `PROCESSING`, bag 11111 `IN_PROGRESS`, bag 11112 "
        "`REJECTED`", "unknown, 502, later")
def failed_and_pending(cart: int, nth: int) -> Reply:
    return Reply.of(two_bags(
        cart, "PROCESSING", ("IN_PROGRESS", "AUTHORIZED"),
        ("REJECTED", "VOIDED"), [bag_error(cart, SECOND_BAG)]))


@ending(211, "200, order `COMPLETED`, `EXTERNAL_SUBMIT_CART` on its accepted "
        "bag, which is `UNPAID`: a contradiction",
        "unknown, 502, manual")
def contradiction(cart: int, nth: int) -> Reply:
    made = order(cart, errors=[bag_error(cart, FIRST_BAG)])
    made["bags"][0]["financial_status"] = "UNPAID"
    return Reply.of(made)


@ending(212, "200, order `IN_PROGRESS`, transaction `FAILED` with its own "
        "`errors[]`, `related_bags` as strings; bags `IN_PROGRESS`",
        "failed, 422, after_change, PAYMENT_FAILED")
def payment_failed(cart: int, nth: int) -> Reply:
    waiting = ("IN_PROGRESS", "UNPAID")
    return Reply.of(with_payment(
        two_bags(cart, "IN_PROGRESS", waiting, waiting, []),
        status="FAILED", capture_status="FAILED", errors=[money_error(cart)]))


@ending(213, "200, order `IN_PROGRESS`, transaction "
        "`REQUIRES_PAYMENT_METHOD` without `related_bags` and `errors`",
        "failed, 422, after_change, PAYMENT_FAILED")
def payment_method_needed(cart: int, nth: int) -> Reply:
    waiting = ("IN_PROGRESS", "UNPAID")
    made = with_payment(
        two_bags(cart, "IN_PROGRESS", waiting, waiting, []),
        status="REQUIRES_PAYMENT_METHOD", capture_status="PROCESSING")
    del made["payment_transactions"][0]["related_bags"]
    del made["payment_transactions"][0]["errors"]
    return Reply.of(made)


@ending(214, "200, order `IN_PROGRESS` without `bags`, with blocking "
        "`errors[]`", "unknown, 502, manual")
def errors_without_bags(cart: int, nth: int) -> Reply:
    made = order(cart, "IN_PROGRESS", errors=[
        bag_error(cart, None, entity_id=str(cart), entity_type="ORDER",
                  message="The order could not be placed.")])
    del made["bags"], made["payment_transactions"]
    return Reply.of(made)


@ending(215, "200, a completed order of 5 MB",
        "unknown, 502, later (over violet_buffer_limit)")
def huge(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart, padding="p" * (5 << 20)))


@ending(216, "200 after 300 ms, order `COMPLETED`", "completed, unchanged")
def slow(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart), delay=0.3)


@ending(217, "200, `application/json`, but the body is a sentence",
        "unknown, 502, later, UPSTREAM_INVALID")
def no_json(cart: int, nth: int) -> Reply:
    return Reply(body=b"Your order is on its way!")


@ending(218, "200, `{}`", "unknown, 502, later, UPSTREAM_INVALID")
def empty_object(cart: int, nth: int) -> Reply:
    return Reply.of({})


@ending(219, "200, empty body", "unknown, 502, later, UPSTREAM_INVALID")
def empty_body(cart: int, nth: int) -> Reply:
    return Reply()


@ending(220, "202, an API exception", "failed, 422, after_change")
def accepted_exception(cart: int, nth: int) -> Reply:
    return Reply.of(EXCEPTION, 202)


@ending(221, "200, a JSON array", "unknown, 502, later, UPSTREAM_INVALID")
def array(cart: int, nth: int) -> Reply:
    return Reply.of([order(cart)])


@ending(222, "200, an order, truncated JSON (the HTTP answer is complete)",
        "unknown, 502, later, UPSTREAM_INVALID")
def broken_json(cart: int, nth: int) -> Reply:
    return Reply(body=json.dumps(order(cart)).encode()[:-2])


@ending(223, "200, order `IN_PROGRESS`, bag 11111 `ACCEPTED`, bag 11112 "
        "`IN_PROGRESS`, its transaction `FAILED`", "partial, violet_cart_partial_status, new_cart_for_failed_bags")
def paid_and_declined(cart: int, nth: int) -> Reply:
    made = two_bags(cart, "IN_PROGRESS", ("ACCEPTED", "PAID"),
                    ("IN_PROGRESS", "UNPAID"), [])
    paid = made["payment_transactions"][0]
    paid["related_bags"] = [str(FIRST_BAG)]
    made["payment_transactions"].append(
        {**paid, "id": 99998, "related_bags": [str(SECOND_BAG)],
         "status": "FAILED", "capture_status": "FAILED",
         "errors": [money_error(cart)]})
    return Reply.of(made)


@ending(224, "200, order `IN_PROGRESS`, its bag `REJECTED`, empty `errors[]`",
        "failed, 422, after_change")
def silent_rejection(cart: int, nth: int) -> Reply:
    made = with_payment(order(cart, "IN_PROGRESS", errors=[]),
                        status="AUTHORIZED", capture_status="AUTHORIZED")
    made["bags"][0].update(status="REJECTED", financial_status="VOIDED")
    return Reply.of(made)


@ending(225, "200, completed order with its statuses in lower case",
        "completed, unchanged")
def lower_case(cart: int, nth: int) -> Reply:
    made = order(cart, "completed")
    made["bags"][0]["status"] = "accepted"
    return Reply.of(with_payment(made, status="captured",
                                 capture_status="captured"))


@ending(226, "200, as 207xx with the bags' ids as strings, above 2^53",
        "partial, violet_cart_partial_status, new_cart_for_failed_bags")
def large_ids(cart: int, nth: int) -> Reply:
    text = one_of_two(cart, nth).body.decode()
    for bag in (FIRST_BAG, SECOND_BAG):
        large = f'"90071992547{bag}"'
        text = text.replace(f'"{bag}"', large).replace(f": {bag}", f": {large}")
    return Reply(body=text.encode())


@ending(227, "200, completed order, `Content-Encoding: deflate` unasked",
        "unknown, 502, later, UPSTREAM_INVALID")
def zipped(cart: int, nth: int) -> Reply:
    return Reply(body=zlib.compress(json.dumps(order(cart)).encode()),
                 headers=[("Content-Encoding", "deflate")])


@ending(228, "200, completed order, chunked", "completed, unchanged")
def chunked(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart), chunked=True)


@ending(229, "200, completed order with `X-Accel-Redirect`, `Set-Cookie`, "
        "`ETag` and other headers of its own", "completed, unchanged")
def odd_headers(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart), headers=ODD_HEADERS)


ODD_HEADERS = [("X-Accel-Redirect", "/v1/elsewhere"),
               ("X-Accel-Expires", "1"), ("X-Accel-Buffering", "no"),
               ("Set-Cookie", "JSESSIONID=of-somebody; Path=/"),
               ("Cache-Control", "no-store"), ("ETag", '"violet"'),
               ("Expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
               ("X-Violet-Merchant-State", "ready"),
               ("X-Violet-Cart-Outcome", "completed")]


@ending(301, "301 with `Location`",
        "unknown, 502, later, UPSTREAM_INVALID")
def moved(cart: int, nth: int) -> Reply:
    return Reply(301, HTML, [("Location", "https://example.com/elsewhere")],
                 "text/html")


# Refusals

@ending(400, "400, API exception of one bag, SKUs in snake_case",
        "failed, 400, after_change, ITEM_UNAVAILABLE")
def refused_400(cart: int, nth: int) -> Reply:
    return Reply.of(EXCEPTION, 400)


@ending(401, "401, older envelope, although the credentials were right",
        "failed, 502, later, CREDENTIALS_REJECTED")
def expired(cart: int, nth: int) -> Reply:
    return envelope(401, "Token has expired")


@ending(402, "401 the first time, then as 200xx",
        "without a second token as 401xx")
def expired_once(cart: int, nth: int) -> Reply:
    return expired(cart, nth) if nth == 1 else completed(cart, nth)


@ending(403, "403, HTML", "unknown, 502, manual, CREDENTIALS_REJECTED")
def forbidden(cart: int, nth: int) -> Reply:
    return html(403)


@ending(404, "404, API exception", "failed, 404, new_cart, CART_NOT_FOUND")
def not_found(cart: int, nth: int) -> Reply:
    return exception(404, f"Cart {cart} not found.", "cart_not_found", 2404)


@ending(408, "408, empty body", "unknown, 408, later, OTHER")
def timed_out(cart: int, nth: int) -> Reply:
    return Reply(408)


@ending(409, "409, API exception `bag_submission_in_progress`",
        "unknown, 409, later, SUBMIT_IN_PROGRESS")
def in_progress(cart: int, nth: int) -> Reply:
    return exception(409, "A bag of this cart is being submitted.",
                     "bag_submission_in_progress", 2409)


@ending(410, "400, API exception, SKUs in camelCase",
        "failed, 400, after_change, ITEM_UNAVAILABLE")
def refused_400_camel(cart: int, nth: int) -> Reply:
    return Reply.of(camel(EXCEPTION), 400)


@ending(411, "400, `code` 2503 and a message, no `error`, no `data`",
        "failed, 400, after_change, from the message")
def bare_code(cart: int, nth: int) -> Reply:
    return exception(400, "Could not complete external cart: The shipping "
                     "method is no longer available.", code=2503)


@ending(412, "412, API exception",
        "failed, 412, after_change, CART_NOT_READY")
def not_priced(cart: int, nth: int) -> Reply:
    return exception(412, "The cart has not been priced.",
                     "cart_not_priced", 2412)


@ending(413, "403, API exception `blocked_address`",
        "failed, 403, after_change, ADDRESS_INVALID")
def blocked_address(cart: int, nth: int) -> Reply:
    return exception(403, "Orders to this address are blocked.",
                     "blocked_address", 4236)


@ending(414, "400, API exception: the cart is already submitted",
        "unknown, 400, later, ALREADY_SUBMITTED")
def already_submitted(cart: int, nth: int) -> Reply:
    return exception(400, "This cart has already been submitted.",
                     "cart_already_submitted", 2414)


@ending(415, "400, API exception of a general `error`, its message says that "
        "the order is already completed",
        "unknown, 400, later, ALREADY_SUBMITTED")
def already_completed(cart: int, nth: int) -> Reply:
    return exception(400, f"Order {cart} is already completed.",
                     "bad_request", 2400)


@ending(416, "404, HTML", "unknown, 404, later, OTHER")
def not_found_html(cart: int, nth: int) -> Reply:
    return html(404)


@ending(417, "404, as Spring Boot says it by itself",
        "failed, 404, new_cart, CART_NOT_FOUND")
def not_found_spring(cart: int, nth: int) -> Reply:
    return spring(404, "Not Found", f"/v1/checkout/cart/{cart}/submit")


@ending(418, "418, JSON of an unknown shape", "unknown, 418, later, OTHER")
def teapot(cart: int, nth: int) -> Reply:
    return Reply.of({"teapot": True, "brews": ["Earl Grey"]}, 418)


@ending(419, "400, API exception with a decline of the card",
        "failed, 400, after_change, PAYMENT_FAILED")
def declined(cart: int, nth: int) -> Reply:
    return exception(400, "Payment failed: Your card was declined.",
                     "payment_failed", 2419)


@ending(420, "401, API exception of a merchant's payment token",
        "unknown, 502, manual, CREDENTIALS_REJECTED")
def payment_token(cart: int, nth: int) -> Reply:
    return exception(401, "Could not complete external cart: Payment token "
                          "expired", "external_cart_completion_error", 2503)


@ending(422, "422, API exception, SKUs in snake_case",
        "failed, 422, after_change, ITEM_UNAVAILABLE")
def refused_422(cart: int, nth: int) -> Reply:
    return Reply.of(EXCEPTION, 422)


@ending(423, "422, API exception, SKUs in camelCase",
        "failed, 422, after_change, ITEM_UNAVAILABLE")
def refused_422_camel(cart: int, nth: int) -> Reply:
    return Reply.of(camel(EXCEPTION), 422)


@ending(424, "400, older envelope",
        "failed, 400, after_change, from the message")
def refused_envelope(cart: int, nth: int) -> Reply:
    return envelope(400, "The cart holds no items.", 20)


@ending(425, "425, empty body", "unknown, 425, later, OTHER")
def too_early(cart: int, nth: int) -> Reply:
    return Reply(425)


@ending(429, "429, API exception, `Retry-After: 7`",
        "unknown, 429, later, RATE_LIMITED")
def throttled(cart: int, nth: int) -> Reply:
    return exception(429, "The platform of a merchant is busy.",
                     "platform_throttled", 2429,
                     headers=[("Retry-After", "7")])


# Failures

@ending(500, "500, API exception", "unknown, 500, later, UPSTREAM_ERROR")
def failed_json(cart: int, nth: int) -> Reply:
    return exception(500, "Something went wrong on our side.",
                     "internal_error", 1000)


@ending(503, "503, as Spring Boot says it, `Retry-After: 5`",
        "unknown, 503, later, UPSTREAM_ERROR")
def unavailable(cart: int, nth: int) -> Reply:
    reply = spring(503, "Service Unavailable",
                   f"/v1/checkout/cart/{cart}/submit")
    reply.headers = [("Retry-After", "5")]
    return reply


@ending(510, "500, HTML", "unknown, 500, later, UPSTREAM_ERROR")
def failed_html(cart: int, nth: int) -> Reply:
    return html(500)


@ending(511, "502, a completed order as its body",
        "unknown, 502, later, UPSTREAM_ERROR")
def failed_with_order(cart: int, nth: int) -> Reply:
    return Reply.of(order(cart), 502)


def open_cart(cart: int, **changes: Any) -> Json:
    """The order of a cart that was not submitted."""
    made = with_payment(order(cart, "IN_PROGRESS"),
                        status="REQUIRES_AUTHORIZATION",
                        capture_status="REQUIRES_AUTHORIZATION")
    made["bags"][0].update({"status": "IN_PROGRESS",
                            "financial_status": "UNPAID",
                            "external_id": None, "date_submitted": None,
                            **changes})
    return made


def early_error(cart: int) -> Json:
    made = open_cart(cart)
    made["errors"] = [bag_error(cart, FIRST_BAG, type="EXTERNAL_CREATE_CART")]
    return made


def dated(cart: int, ago: int) -> Json:
    """With a bag that was submitted so many seconds ago."""
    date = time.strftime("%Y-%m-%dT%H:%M:%S+0000",
                         time.gmtime(time.time() - ago))
    return open_cart(cart, date_submitted=date)


def authorized(cart: int, intent_based: bool) -> Json:
    """The shopper has authorized the payment, perhaps before the submit."""
    made = with_payment(open_cart(cart), status="AUTHORIZED",
                        capture_status="REQUIRES_AUTHORIZATION")
    return {**made, "intent_based_checkout": intent_based}


# What a read shows of a cart, by POST /_mock/cart?ID=KIND.

READS: dict[str, Callable[[int], Json]] = {
    "open": open_cart,
    "submitted": lambda cart: open_cart(cart, status="SUBMITTED"),
    "processing": lambda cart: {**open_cart(cart), "status": "PROCESSING"},
    "rejected": lambda cart: {**open_cart(cart, status="REJECTED"),
                              "status": "CANCELED"},
    "external": lambda cart: open_cart(cart, external_id="4711"),
    "dated": lambda cart: dated(cart, 0),
    "earlier": lambda cart: dated(cart, 7200),
    "early": early_error,
    "intent": lambda cart: authorized(cart, True),
    "authorized": lambda cart: authorized(cart, False),
    "completed": order,
    "partial": lambda cart: two_bags(
        cart, "COMPLETED", ("ACCEPTED", "PAID"), ("REJECTED", "VOIDED"),
        [bag_error(cart, SECOND_BAG)]),
    "mixed": lambda cart: two_bags(
        cart, "IN_PROGRESS", ("IN_PROGRESS", "UNPAID"),
        ("REJECTED", "VOIDED"), []),
    "order": order,
    "other": lambda cart: order(cart + 1),
}


class Carts:
    """Remembers how often each cart was submitted, and what reads show."""

    def __init__(self) -> None:
        self.submitted: Counter[int] = Counter()
        self.shown: dict[int, str] = {}

    def submit(self, cart: int) -> Reply:
        self.submitted[cart] += 1
        return submit(cart, self.submitted[cart])

    def show(self, cart: int, kind: str) -> None:
        if kind not in READS:
            raise ValueError(f"no such kind of a cart: {kind}")
        self.shown[cart] = kind

    def read(self, cart: int, of_order: bool = False) -> Reply:
        """The order of a cart, as a control or its submit says.

        A cart that nothing is known of was not submitted.  From 40000 to
        999999, where a submit does not succeed, the order of an even id was
        not submitted, and that of an odd id was.
        """
        kind = self.shown.get(cart)
        if kind == "order" and not of_order:
            return exception(404, "Cart not found.", "cart_not_found", 404)
        if kind is not None:
            return Reply.of(READS[kind](cart))
        if not self.submitted[cart] or (400 <= cart // 100 < 10000
                                        and cart % 2 == 0):
            return Reply.of(open_cart(cart))
        return Reply.of(order(cart))
