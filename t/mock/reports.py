"""Connection-health reports: the merchant's id chooses what is reported.

A hundred ids for each kind of report (201xx is 20100 to 20199).  A report
is calculated once and then repeated, as Violet does for 24 hours, until it
is asked for with refresh; `recalculated` counts the calculations.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from datetime import datetime, timezone
from typing import Any, Callable

from broken import Row, broken, rows as broken_rows
from carts import ODD_HEADERS, camel, envelope, exception, html, spring
from httpd import Reply

Json = dict[str, Any]
Variation = Callable[[Json], Json]
Refusal = Callable[[int], Reply]


def plain(merchant: int, n: int) -> Json:
    """The n-th report of a merchant that is ready for orders."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    stamp = now.replace("+00:00", "Z")
    return {
        "merchant_id": merchant,
        "merchant_name": f"Store {merchant}",
        "merchant_email": f"st***@store-{merchant}.example",
        "merchant_status": "ACTIVE",
        "platform": "SHOPIFY",
        "store_url": f"https://store-{merchant}.example",
        "distribution_type": "PUBLIC" if merchant % 2 else "PRIVATE",
        "recalculated": n,
        "connection": section({
            "isConnected": True, "hasActivePlatformPlan": True,
            "hasShippingMethods": True,
            "storeScopes": {"hasValidScopes": True,
                            "requiredScopes": ["read_products",
                                               "write_orders"],
                            "missingScopes": []},
            "connected": True}),
        "scope_validation": section({"valid": True, "missing_scopes": []}),
        "sync_status": section({
            "id": merchant * 10, "merchant_id": merchant,
            "status": "COMPLETED", "abort": False, "total_products": 128,
            "total_products_synced": 128, "resync_required": False,
            "date_last_synced": stamp, "taxonomy_synced": True,
            "webhooks_created": True, "date_shipping_last_synced": stamp,
            "app_id": 10000}),
        "invalid_products": section({"count": 0}),
        "offers_published": section({"sync_complete": True, "count": 128}),
        "payout_account": section({
            "id": merchant * 10 + 1, "account_type": "MERCHANT",
            "account_id": merchant, "merchant_id": merchant, "app_id": 10000,
            "is_active": True, "country_code": "US",
            "payment_provider": "STRIPE",
            "payment_provider_account_id": f"acct_{merchant}",
            "payment_provider_account_type": "EXPRESS", "errors": [],
            "date_created": "2025-07-10T06:36:40.135Z",
            "date_last_modified": stamp}),
        "migration": section("NOT_APPLICABLE"),
        "commission_rate": {"status": "COMPLETE", "default_rate": 10.0,
                            "overrides": []},
    }


def section(results: Any) -> Json:
    return {"status": "COMPLETE", "results": results}


SECTIONS = tuple(k for k, v in plain(1, 1).items() if isinstance(v, dict))


def with_section(name: str, status: str, message: str = "") -> Variation:
    def change(report: Json) -> Json:
        report[name]["status"] = status
        if message:
            report[name]["error"] = {"message": message,
                                     "error": f"{name}_error", "code": 3001}
        return report
    return change


def with_member(**changes: Any) -> Variation:
    return lambda report: {**report, **changes}


def without(*names: str) -> Variation:
    return lambda report: {k: v for k, v in report.items() if k not in names}


def in_lower_case(report: Json) -> Json:
    for name in SECTIONS:
        report[name]["status"] = "complete"
    report["migration"]["status"] = "not_applicable"
    return report


def blocked(report: Json) -> Json:
    report["connection"]["results"].update(isConnected=False, connected=False)
    return with_section("connection", "NEEDS_ATTENTION",
                        "The store does not answer.")(report)


def camel_blocked(report: Json) -> Json:
    changed: Json = camel(blocked(report))
    return changed


# group of ids: the report's content, its state by the contract, its maker

VARIATIONS: dict[int, tuple[str, str, Variation]] = {
    200: ("complete (any id not listed here too)", "ready", dict),
    201: ("`connection` `NEEDS_ATTENTION`", "blocked", blocked),
    202: ("`payout_account` `ERROR`", "blocked", with_section(
        "payout_account", "ERROR", "The account could not be read.")),
    203: ("`sync_status` `INCOMPLETE`", "degraded", with_section(
        "sync_status", "INCOMPLETE")),
    204: ("`sync_status` `PENDING_REVIEW`, which is not documented",
          "degraded", with_section("sync_status", "PENDING_REVIEW")),
    205: ("without its `connection` section", "degraded",
          without("connection")),
    206: ("complete, statuses in lower case, one `not_applicable`", "ready",
          in_lower_case),
    207: ("camelCase keys", "ready", camel),
    208: ("camelCase keys, `connection` `NEEDS_ATTENTION`", "blocked",
          camel_blocked),
    209: ("`merchant_id` as a string", "ready", lambda report: {
        **report, "merchant_id": str(report["merchant_id"])}),
    210: ("`merchant_status` `INACTIVE`", "blocked",
          with_member(merchant_status="INACTIVE")),
    211: ("`merchant_status` `DISABLED`", "blocked",
          with_member(merchant_status="DISABLED")),
    212: ("`merchant_status` `DISABLED_INACTIVE`", "blocked",
          with_member(merchant_status="DISABLED_INACTIVE")),
    213: ("`merchant_status` `FOR_DELETION`", "blocked",
          with_member(merchant_status="FOR_DELETION")),
    214: ("`merchant_status` `APPLICATION_DENIED`", "blocked",
          with_member(merchant_status="APPLICATION_DENIED")),
    215: ("`merchant_status` `NEW`", "degraded",
          with_member(merchant_status="NEW")),
    216: ("`merchant_status` `APPLICATION_IN_PROGRESS`", "degraded",
          with_member(merchant_status="APPLICATION_IN_PROGRESS")),
    217: ("without `merchant_status`", "ready", without("merchant_status")),
    218: ("`merchant_status` `active`", "ready",
          with_member(merchant_status="active")),
    219: ("complete, after 1 s", "ready", dict),
    220: ("complete, after 200 ms", "ready", dict),
    221: ("complete, 5 MB", "not stored: over violet_buffer_limit",
          with_member(padding="p" * (5 << 20))),
    222: ("complete, `Content-Encoding: deflate` unasked", "not stored", dict),
    223: ("the report of another merchant", "not stored", lambda report: {
        **report, "merchant_id": report["merchant_id"] + 1}),
    224: ("no section at all", "not stored", without(*SECTIONS)),
    225: ("a sentence as `application/json`", "not stored", dict),
    226: ("a list with the report in it", "not stored", dict),
    227: ("empty body", "not stored", dict),
    228: ("complete, chunked", "ready", dict),
    229: ("complete, with `X-Accel-Redirect`, `Set-Cookie`, `ETag` and other "
          "headers of its own", "ready", dict),
    230: ("truncated JSON (the HTTP answer is complete)", "not stored", dict),
    231: ("without `merchant_id`", "not stored", without("merchant_id")),
    232: ("`connection` `NOT_APPLICABLE`", "ready",
          with_section("connection", "NOT_APPLICABLE")),
    240: ("complete the first time, then 500", "ready, then stale or 502",
          dict),
    241: ("complete the first time, then stalled", "ready, then stale or 504",
          dict),
    242: ("complete the first time, then 429 with `Retry-After: 7`",
          "ready, then stale or 429", dict),
    243: ("500 the first time, then complete", "502 problem, then ready",
          dict),
    244: ("complete the first time, then `NEEDS_ATTENTION`",
          "ready, then blocked", dict),
    245: ("complete the first time, then closed before the header",
          "ready, then stale or 502", dict),
    246: ("complete the first time, then 404", "ready, then 404", dict),
    247: ("complete the first time, then 429 without `Retry-After`",
          "ready, then stale or 429", dict),
    248: ("complete the first time, then truncated", "ready, then stale or 502",
          dict),
    249: ("complete the first time, then 5 MB", "ready, then stale or 502",
          dict),
}

# group of ids: a refusal; the contract's treatment of it

REFUSALS: dict[int, tuple[str, str, Refusal]] = {
    301: ("301 with `Location`", "502 problem", lambda merchant: Reply(
        301, headers=[("Location", "https://example.com/elsewhere")])),
    400: ("400, API exception", "passes", lambda merchant: exception(
        400, "That cannot be asked.", "bad_request", 2400)),
    401: ("401, older envelope, although the credentials were right",
          "passes", lambda merchant: envelope(401, "Token has expired")),
    403: ("403, API exception", "passes", lambda merchant: exception(
        403, f"Merchant {merchant} is not connected to your app.",
        "merchant_not_connected", 2403)),
    404: ("404, API exception", "passes", lambda merchant: exception(
        404, f"Merchant {merchant} not found.", "merchant_not_found", 2404)),
    405: ("403, HTML", "stale or 502 problem", lambda merchant: html(403)),
    406: ("404, HTML", "passes", lambda merchant: html(404)),
    410: ("410, API exception", "passes", lambda merchant: exception(
        410, f"Merchant {merchant} has left.", "merchant_gone", 2410)),
    428: ("429, API exception, without `Retry-After`", "stale or 429 problem",
          lambda merchant: throttled(None)),
    429: ("429, API exception, `Retry-After: 7`", "stale or 429 problem",
          lambda merchant: throttled()),
    500: ("500, API exception", "stale or 502 problem",
          lambda merchant: failed()),
    503: ("503, as Spring Boot says it", "stale or 502 problem",
          lambda merchant: spring(
              503, "Service Unavailable",
              f"/v1/operations/connection_health/{merchant}")),
    510: ("500, HTML", "stale or 502 problem", lambda merchant: html(500)),
}


def failed() -> Reply:
    return exception(500, "Something went wrong on our side.",
                     "internal_error", 1000)


def throttled(seconds: int | None = 7) -> Reply:
    return exception(429, "The platform of the merchant is busy.",
                     "platform_throttled", 2429,
                     headers=[] if seconds is None
                     else [("Retry-After", str(seconds))])


def faulty(group: int, merchant: int, good: Reply) -> Reply | None:
    """The refusal, or the broken form of a good reply, of a group of ids."""
    if group in REFUSALS:
        return REFUSALS[group][2](merchant)
    return broken(group, good)


def table() -> list[Row]:
    rows = [Row(group, answer, state)
            for group, (answer, state, _) in VARIATIONS.items()]
    rows += [Row(group, answer, treatment)
             for group, (answer, treatment, _) in REFUSALS.items()]
    return rows + broken_rows("stale or 502 problem", {
        602: "stale or 504 problem", 606: "stale or 502/504 problem",
        610: "as the module reads it (nginx drops the ten bytes)",
        612: "ready", 613: "ready",
        614: "stale or 504 problem", 615: "stale or 504 problem"})


class Reports:
    """Calculates reports and keeps them, as Violet does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], Json] = {}
        self.calculated: Counter[int] = Counter()
        self.asked: Counter[int] = Counter()

    def get(self, merchant: int, app_id: str, refresh: bool) -> Reply:
        self.asked[merchant] += 1
        key = (merchant, app_id)
        if refresh or key not in self.kept:
            report = self.calculate(merchant)
            if refresh:                    # the list shows it as well
                for other in [k for k in self.kept if k[0] == merchant]:
                    self.kept[other] = report
            self.kept[key] = report
        return self.reply(merchant, self.kept[key])

    def post(self, merchant: int) -> Reply:
        """The custom report: never kept, in camelCase."""
        self.asked[merchant] += 1
        return self.reply(merchant, camel(self.calculate(merchant)))

    def several(self, merchants: tuple[int, ...], app_id: str) -> list[Json]:
        for merchant in merchants:
            if (merchant, app_id) not in self.kept:
                self.kept[merchant, app_id] = self.calculate(merchant)
        return [self.kept[merchant, app_id] for merchant in merchants]

    def forget(self) -> None:
        """As if 24 hours were over: the next request calculates a report."""
        self.kept.clear()

    def calculate(self, merchant: int) -> Json:
        self.calculated[merchant] += 1
        n = self.calculated[merchant]
        group = merchant // 100
        change = VARIATIONS.get(group, VARIATIONS[200])[2]
        if group == 244 and n > 1:
            change = blocked
        return change(plain(merchant, n))

    def reply(self, merchant: int, report: Json) -> Reply:
        group = merchant // 100
        good = Reply.of(report)
        if 240 <= group <= 249:
            return self.in_turn(merchant, group, good)
        return faulty(group, merchant, good) or dressed(group, good)

    def in_turn(self, merchant: int, group: int, good: Reply) -> Reply:
        """Answers that differ from the second time on."""
        first = self.asked[merchant] == 1
        if group == 243:
            return failed() if first else good
        if first or group == 244:
            return good
        if group == 240:
            return failed()
        if group == 249:
            report = json.loads(good.body)
            return Reply.of(VARIATIONS[221][2](report))
        return faulty({241: 602, 242: 429, 245: 603, 246: 404, 247: 428,
                       248: 600}[group], merchant, good) or good


def dressed(group: int, good: Reply) -> Reply:
    """Variations of the answer around a report."""
    if group in (219, 220):
        good.delay = 1.0 if group == 219 else 0.2
    elif group == 222:
        good.body = zlib.compress(good.body)
        good.headers = [("Content-Encoding", "deflate")]
    elif group == 225:
        good.body = b"All is well with this merchant."
    elif group == 226:
        good.body = json.dumps([json.loads(good.body)]).encode()
    elif group == 227:
        good.body = b""
    elif group == 228:
        good.chunked = True
    elif group == 229:
        good.headers = list(ODD_HEADERS)
    elif group == 230:
        good.body = good.body[:-2]
    return good
