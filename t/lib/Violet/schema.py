"""Validates problems against a JSON Schema, for Violet/Schema.pm.

Reads "LENGTH\n" and so many bytes, again and again; answers each with one
line, empty if the document is valid, else what is wrong with it.
"""

import json
import sys

from jsonschema import Draft202012Validator


def violation(validator: Draft202012Validator, data: bytes) -> str:
    try:
        document = json.loads(data)
    except ValueError as error:
        return f"no JSON: {error}"
    found = [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
             for error in validator.iter_errors(document)]
    return "; ".join(found).replace("\n", " ")[:2000]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    while line := sys.stdin.buffer.readline():
        data = sys.stdin.buffer.read(int(line))
        print(violation(validator, data).encode("ascii", "replace").decode(),
              flush=True)


if __name__ == "__main__":
    main()
