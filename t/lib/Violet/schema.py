"""Validates problems against the published schemas, chosen by their type.

    schema.py              reads "LENGTH\n" and so many bytes, again and again;
                           answers each with one line, empty if the document
                           is valid, else what is wrong (for Violet/Schema.pm)
    schema.py FOLDER [all] the same records in all files of a folder; prints
                           what is wrong and a sum, exits with 1 if anything
                           is.  With "all" each type must be among them.
"""

import json
import pathlib
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from jsonschema import Draft202012Validator

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
REQUEST_ID = re.compile(rb'(?<="request_id":")[0-9a-f]{32}(?=")')
CART = "urn:ngx-violet:cart-submit-"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((DOCS / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def types(schema: Draft202012Validator) -> list[str]:
    return schema.schema["properties"]["type"]["enum"]


class Schemas:
    def __init__(self) -> None:
        self.cart = validator("cart-error.schema.json")
        self.own = validator("problem.schema.json")

    def types(self) -> list[str]:
        return types(self.cart) + types(self.own)

    def violation(self, data: bytes) -> str:
        try:
            document = parse(data)
        except (ValueError, RecursionError) as error:
            return f"no JSON: {error}"
        schema = self.own
        if type_of(document).startswith(CART):
            schema = self.cart
            thin(document)
        found = [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
                 for error in schema.iter_errors(document)]
        return "; ".join(found).replace("\n", " ")[:2000]


def type_of(document: Any) -> str:
    value = document.get("type") if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def thin(document: dict[str, Any]) -> None:
    """Keeps one of the entries of a long list that differ only in digits: the
    schema has no bounds for numbers, and 16384 errors take seconds."""
    for key in ("errors", "bags"):
        entries = document.get(key)
        if isinstance(entries, list) and len(entries) > 1000:
            document[key] = list({re.sub(r"\d+", "0", json.dumps(entry)): entry
                                  for entry in entries}.values())


def refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def parse(data: bytes) -> Any:
    """Parses strictly, but reads only the first 40 digits of an integer."""
    return json.loads(data.decode("utf-8"), parse_constant=refuse,
                      parse_int=lambda digits: int(digits[:40]))


def records(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline():
        yield file.read(int(line))


def answer(schemas: Schemas) -> None:
    for data in records(sys.stdin.buffer):
        print(schemas.violation(data).encode("ascii", "replace").decode(),
              flush=True)


def look_over(schemas: Schemas, folder: str, want_all: bool) -> int:
    seen, wrong = 0, 0
    known: set[bytes] = set()
    counts: Counter[str] = Counter()
    for path in sorted(pathlib.Path(folder).glob("*")):
        with path.open("rb") as file:
            for data in records(file):
                seen += 1
                alike = REQUEST_ID.sub(b"", data)
                if alike in known:
                    continue
                known.add(alike)
                if violation := schemas.violation(data):
                    wrong += 1
                    if wrong <= 40:
                        print(f"{path.name}: {violation}\n"
                              f"    {data[:1000].decode('ascii', 'replace')}")
                else:
                    counts[type_of(parse(data))] += 1
    missing = [name for name in schemas.types() if not counts[name]]
    if want_all and missing:
        wrong += len(missing)
        print("no test has seen a valid", ", ".join(missing))
    print(f"{seen} problems, {len(known)} different, {wrong} wrong")
    return 1 if wrong else 0


def main() -> int:
    schemas = Schemas()
    if len(sys.argv) == 1:
        answer(schemas)
        return 0
    return look_over(schemas, sys.argv[1], "all" in sys.argv[2:])


def run() -> None:
    result.append(main())


if __name__ == "__main__":
    # an order within a problem may be nested 10,000 deep
    sys.setrecursionlimit(100_000)
    threading.stack_size(512 * 1024 * 1024)
    result: list[int] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    sys.exit(result[0] if result else 2)
