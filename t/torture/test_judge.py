#!/usr/bin/env python3
"""The judge of a torture run against histories that break each rule, and
against histories that look like it and do not."""

from __future__ import annotations

import argparse
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from callers import FIRST, LONGEST, Ask, Caller, Judge, Run  # noqa: E402

NOW = 1_000_000.0


def submit(caller: str, at: float = 0, **changes: Any) -> dict[str, Any]:
    """A submit that Violet got, and that the merchant accepted at once."""
    return {"arrived": NOW + at, "caller": caller, "plan": "answered",
            "shown": 0, "decided": 0, "made": True, "partly": False, **changes}


def lost(caller: str, at: float = 0) -> dict[str, Any]:
    return submit(caller, at, made=False, decided=None, shown=None)


def ask(tag: str, outcome: str = "", at: float = 0, **changes: Any) -> Ask:
    return Ask(tag, NOW + at, 0, ended=NOW + at + 1, status=200,
               outcome=outcome, **changes)


class Rules(unittest.TestCase):
    def found(self, submits: list[dict[str, Any]], *asks: Ask,
              word: str = "completed", faults: str = "", log: str = "",
              host: bool = False, lasts: float = 10) -> list[str]:
        folder = Path(self.enterContext(TemporaryDirectory()))
        (folder / "faults").write_text(faults)
        (folder / "log").write_text(log)
        run = Run(argparse.Namespace(
            clock=folder, day_clock=folder, masters=[], hold=folder / "hold",
            faults=folder / "faults", host=host, seed="1", gateways=[1, 2],
            logs=[folder / "log"]))
        run.callers.append(Caller("a", FIRST, NOW, NOW + lasts, "one", word,
                                  list(asks)))
        merchant = {str(FIRST): {"orders": sum(s["made"] for s in submits),
                                 "submits": submits, "reads": []}}
        return Judge(run, merchant).violations(FIRST)

    def test_once(self) -> None:
        self.assertEqual(self.found([submit("a0")], ask("a0", "completed")),
                         [])
        self.assertEqual(self.found([lost("a0"), submit("a1", 100)],
                                    ask("a0", "unknown"),
                                    ask("a1", "completed", 100)), [])

    def test_twice(self) -> None:
        both = [submit("a0"), submit("a1", 100)]
        self.assertEqual(self.found(both, ask("a0"), ask("a1", at=100)),
                         ["ordered twice"])
        self.assertEqual(self.found(both, ask("a0"),
                                    ask("a1", at=100, again=True)), [])
        # after the submit that was wanted, another one that nobody wanted
        self.assertEqual(self.found([lost("a0"), submit("a1", 50),
                                     submit("a2", 100)],
                                    ask("a0"), ask("a1", at=50, again=True),
                                    ask("a2", at=100)), ["ordered twice"])

    def test_twice_as_documented(self) -> None:
        both = [submit("a0"), submit("a1", 100)]
        asks = [ask("a0"), ask("a1", at=100)]
        log = ("[warn] violet: submit of cart 1 is sent although Redis is away "
               "and has no claim of it: another host may send it, too, "
               'request: "POST /v1/checkout/cart/1/submit?caller={} HTTP/1.1"')
        for tag in ("a0", "a1"):
            self.assertEqual(self.found(both, *asks, log=log.format(tag),
                                        host=True),
                             ["ordered twice, as documented"])
        # without that line, or where nothing may be sent without Redis
        fault = f"{NOW + 50} {NOW + 60} redis stopped\n"
        for text, host in ((log.format("a2"), True), ("", True),
                           (log.format("a0"), False)):
            self.assertEqual(self.found(both, *asks, faults=fault, log=text,
                                        host=host), ["ordered twice"])

    def test_told_wrongly(self) -> None:
        part = submit("a0", partly=True)
        for submits, outcome, wrong in (
                ([lost("a0")], "completed", "told completed, not ordered"),
                ([part], "completed", "told completed, ordered in part"),
                ([submit("a0")], "partial",
                 "told partial, not ordered or ordered whole"),
                ([lost("a0")], "partial",
                 "told partial, not ordered or ordered whole"),
                ([submit("a0")], "failed", "told failed, ordered")):
            self.assertEqual(self.found(submits, ask("a0", outcome)), [wrong])
        self.assertEqual(self.found([part], ask("a0", "partial")), [])
        self.assertEqual(self.found([lost("a0")], ask("a0", "failed")), [])

    def test_questions(self) -> None:
        self.assertEqual(self.found([submit("a0")],
                                    ask("a0", "completed", question=True)),
                         ["a question was sent as a submit"])
        made = [submit("a0")]
        late = [submit("a0", decided=300)]
        none = ask("a1", "none", 100, question=True)
        fault = f"{NOW + 50} {NOW + 60} redis emptied\n"
        wrong = ["told not submitted, ordered"]
        self.assertEqual(self.found(made, ask("a0"), none), wrong)
        self.assertEqual(self.found(late, ask("a0"), none), wrong)
        self.assertEqual(self.found(late, ask("a0"), none, faults=fault), [])
        self.assertEqual(self.found(made, ask("a0"), none, faults=fault),
                         wrong)
        self.assertEqual(self.found([lost("a0")], ask("a0"), none), [])

    def test_blocked(self) -> None:
        once = [submit("a0")]
        self.assertEqual(self.found(once, ask("a0"), word=""), ["blocked"])
        self.assertEqual(self.found(once, ask("a0"), lasts=LONGEST + 1),
                         ["blocked"])
        self.assertEqual(self.found(once, ask("a0"), lasts=LONGEST - 1), [])


if __name__ == "__main__":
    unittest.main()
