"""Carts whose submits end at random, as a seed chooses, and the truth of it.

A plan is drawn for each submit of a cart: the answer that Violet gives, if it
gives one, and when the merchant gets the order, if it does.  A read shows what
has become of the cart at that moment.  Nothing is done by a timer: what a cart
is follows from the time of day, which a test may move.

A submit of a cart that was ordered, or will be, makes one more order: the
merchant of this mock has no protection of its own.  One cart in five has two
bags, of which the merchant may accept the first alone.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

import carts
from httpd import Ending, Reply

Json = dict[str, Any]

LATEST = 35.0          # s from a submit until the latest order appears
HISTORY = 60           # reads of one cart that are remembered


@dataclass(frozen=True)
class Plan:
    """What happens to one submit; times are seconds after its arrival."""

    name: str                     # for the report
    answer: str                   # order, exception, error, html, limited, …
    shown: float | None = None    # the bag is SUBMITTED from then on
    decided: float | None = None  # the merchant accepts or rejects it
    accepted: bool = True
    partly: bool = False          # accepted: the first of two bags alone

    def makes(self) -> bool:
        """The merchant will have the order."""
        return self.decided is not None and self.accepted


@dataclass
class Submit:
    arrived: float
    caller: str
    plan: Plan


@dataclass
class Cart:
    submits: list[Submit] = field(default_factory=list)
    reads: list[tuple[float, str]] = field(default_factory=list)

    def stage(self, now: float) -> str:
        """open, SUBMITTED, REJECTED, PARTLY or ACCEPTED, as a read shows."""
        stages = ["open", "REJECTED", "SUBMITTED", "PARTLY", "ACCEPTED"]
        best = "open"
        for submit in self.submits:
            age, plan = now - submit.arrived, submit.plan
            if plan.decided is not None and age >= plan.decided:
                seen = ("REJECTED" if not plan.accepted
                        else "PARTLY" if plan.partly else "ACCEPTED")
            elif plan.shown is not None and age >= plan.shown:
                seen = "SUBMITTED"
            else:
                seen = "open"
            best = max(best, seen, key=stages.index)
        return best

    def taken(self) -> bool:
        """An earlier submit has made an order, or will make it."""
        return any(submit.plan.makes() for submit in self.submits)

    def rejected(self) -> bool:
        """The merchant has rejected an earlier submit, or will reject it."""
        return any(submit.plan.decided is not None and not submit.plan.accepted
                   for submit in self.submits)


def bags_of(number: int) -> int:
    return 2 if number % 5 == 0 else 1


def draw(dice: random.Random, calm: bool, bags: int) -> Plan:
    """A plan; a calm one is answered at once."""
    later = dice.uniform(1, LATEST)
    many: list[tuple[int, Plan]] = [
        (40, Plan("answered", "order", 0, 0)),
        (8, Plan("refused", "exception")),
    ]
    if not calm:
        soon, end = dice.uniform(0, 30), dice.uniform(30, 400)
        many += [
            (6, Plan("made late, never answered", "stall", later, later)),
            (4, Plan("made, never answered", "stall", 0, 0)),
            (6, Plan("lost before it is made", "cut")),
            (5, Plan("stalled, nothing made", "stall")),
            (6, Plan("made, answer lost", "cut", 0, 0)),
            (3, Plan("made later, answer lost", "reset", later, later)),
            (4, Plan("500, made", "error", 0, 0)),
            (3, Plan("500, made later", "error", later, later)),
            (4, Plan("500, nothing made", "error")),
            (2, Plan("HTML, made", "html", 0, 0)),
            (2, Plan("HTML, nothing made", "html")),
            (2, Plan("429, nothing made", "limited")),
            (2, Plan("409, made", "conflict", 0, 0)),
            (5, Plan("in progress, accepted", "order", soon, end)),
            (3, Plan("in progress, rejected", "order", soon, end, False)),
            (3, Plan("submitted, accepted", "order", 0, end)),
            (2, Plan("submitted, rejected", "order", 0, end, False)),
            (2, Plan("lost, submitted, accepted", "cut", later, later + end)),
            (2, Plan("lost, submitted, rejected", "cut", later, later + end,
                     False)),
            (1, Plan("rejected", "order", 0, 0, False)),
        ]
    if bags == 2:
        many += [(20, Plan("partly accepted", "order", 0, 0, partly=True))]
    if bags == 2 and not calm:
        many += [
            (6, Plan("partly accepted, answer lost", "cut", 0, 0,
                     partly=True)),
            (6, Plan("in progress, partly accepted", "order", soon, end,
                     partly=True)),
            (4, Plan("partly accepted late, never answered", "stall", later,
                     later, partly=True)),
        ]
    weights, plans = zip(*many)
    return dice.choices(plans, weights)[0]


class Merchant:
    """All carts of one run."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.carts: dict[int, Cart] = {}
        self.reads = 0
        self.calm = False         # every answer arrives from now on
        self.lies = 0.06          # the share of reads that fail

    def submit(self, number: int, caller: str) -> Reply:
        now = time.time()
        cart = self.carts.setdefault(number, Cart())
        nth = len(cart.submits) + 1
        dice = random.Random(f"{self.seed}/{number}/{nth}")
        plan = draw(dice, self.calm, bags_of(number))
        if cart.taken():
            plan = Plan("one order more", "order", 0, 0)
        elif cart.rejected():
            plan = Plan("of a rejected cart", "order")
        cart.submits.append(Submit(now, caller, plan))
        return self.answer(number, cart, plan, now)

    @staticmethod
    def answer(number: int, cart: Cart, plan: Plan, now: float) -> Reply:
        match plan.answer:
            case "stall":
                return Reply(ending=Ending.STALL)
            case "cut":
                return Reply(ending=Ending.NOTHING)
            case "reset":
                return Reply(ending=Ending.RESET)
            case "error":
                return carts.exception(500, "Internal server error")
            case "html":
                return carts.html(502)
            case "limited":
                return carts.spring(429, "Too Many Requests", "/v1")
            case "conflict":
                return carts.exception(409, "The cart is being submitted.",
                                       "bag_submission_in_progress", 2510)
            case "exception":
                return carts.exception(
                    400, "Could not complete external cart: One or more items "
                    "in the cart are no longer available for purchase.",
                    "external_cart_completion_error", 2503)
        return Reply.of(shown(number, cart.stage(now)))

    def read(self, number: int, of_order: bool) -> Reply:
        cart = self.carts.setdefault(number, Cart())
        self.reads += 1
        dice = random.Random(f"{self.seed}/read/{self.reads}")
        lie = "" if self.calm or dice.random() >= self.lies else dice.choice(
            ("500", "cut", "stall", "html", "other", "half"))
        stage = cart.stage(time.time())
        # after it was accepted, one cart in four is an order only
        gone = (stage in ("ACCEPTED", "PARTLY") and number % 4 == 0
                and not of_order)
        note = lie or ("404" if gone else stage)
        cart.reads[:-HISTORY] = []
        cart.reads.append((time.time(), note))

        whole = Reply.of(shown(number, stage))
        match note:
            case "500":
                return carts.exception(500, "Internal server error")
            case "cut":
                return Reply(ending=Ending.NOTHING)
            case "stall":
                return Reply(ending=Ending.STALL)
            case "html":
                return carts.html(200)
            case "other":
                return Reply.of(shown(number + 1, "open"))
            case "half":
                whole.ending = Ending.CUT
            case "404":
                return carts.exception(404, "Cart not found.",
                                       "cart_not_found", 404)
        return whole

    def set(self, given: list[tuple[str, str]]) -> None:
        for name, value in given:
            if name == "calm":
                self.calm = value == "1"
            elif name == "lies":
                self.lies = float(value)
            else:
                raise ValueError(f"no such setting: {name}")

    def history(self) -> Json:
        """What became of each cart; times are of the mock's clock."""
        return {str(number): {
            "orders": sum(s.plan.makes() for s in cart.submits),
            "submits": [{"arrived": s.arrived, "caller": s.caller,
                         "plan": s.plan.name, "shown": s.plan.shown,
                         "decided": s.plan.decided, "made": s.plan.makes(),
                         "partly": s.plan.partly}
                        for s in cart.submits],
            "reads": cart.reads} for number, cart in self.carts.items()}


def shown(number: int, stage: str) -> Json:
    """The order of a cart at a stage."""
    bag, payment = {
        "ACCEPTED": ("ACCEPTED", "CAPTURED"),
        "PARTLY": ("ACCEPTED", "CAPTURED"),
        "REJECTED": ("REJECTED", "CANCELLED"),
        "SUBMITTED": ("SUBMITTED", "AUTHORIZED"),
        "open": ("IN_PROGRESS", "REQUIRES_AUTHORIZATION")}[stage]
    money = {"ACCEPTED": "PAID", "REJECTED": "VOIDED",
             "SUBMITTED": "AUTHORIZED", "IN_PROGRESS": "UNPAID"}
    status = {"ACCEPTED": "COMPLETED", "REJECTED": "CANCELED",
              "SUBMITTED": "PROCESSING", "IN_PROGRESS": "IN_PROGRESS"}[bag]
    if bags_of(number) == 1:
        made = carts.order(number, status)
        made["bags"][0].update(status=bag, financial_status=money[bag])
    else:
        other = "REJECTED" if stage == "PARTLY" else bag
        errors = ([carts.bag_error(number, carts.SECOND_BAG)]
                  if stage == "PARTLY" else [])
        made = carts.two_bags(number, status, (bag, money[bag]),
                              (other, money[other]), errors)
    for one in made["bags"]:
        one.update(date_submitted=None, external_id=None)
    if bag == "ACCEPTED":
        made["bags"][0]["external_id"] = str(number)
        if stage == "ACCEPTED":
            made["bags"][-1]["external_id"] = str(number)
        return made
    return carts.with_payment(made, status=payment, capture_status=payment)
