"""Holds docs/openapi.yaml against real exchanges, for t/request/openapi.t.

Reads a file with one exchange a line, as JSON: name, method, path (below the
prefix, with its query), status, headers (names in lower case), body (a string
of bytes).  Prints a line for each part of an exchange that the description
does not allow, and for each response, header and media type of the description
that no exchange has shown.

The description must stand alone, and its schemas of problems must be those of
the published files.  Only the schema of an order differs: the file lets any
object pass, since the values in it are Violet's.
"""

import json
import pathlib
import re
import sys
from typing import Any

import yaml
from jsonschema import Draft202012Validator

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"

PUBLISHED = {"CartError": "cart-error.schema.json",
             "Problem": "problem.schema.json"}

Json = dict[str, Any]


class Description:
    """The description without its references: none of them is recursive."""

    def __init__(self) -> None:
        self.files: dict[str, Json] = {}
        self.root = self.load("openapi.yaml")
        self.ours = {name.lower() for name in self.root["components"]["headers"]}
        self.shown: set[tuple[str, ...]] = set()

    def load(self, name: str) -> Json:
        if name not in self.files:
            text = (DOCS / name).read_text(encoding="utf-8")
            self.files[name] = yaml.safe_load(text)
        return self.files[name]

    def whole(self, node: Any, file: str = "openapi.yaml") -> Any:
        if isinstance(node, list):
            return [self.whole(item, file) for item in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            name, _, pointer = node["$ref"].partition("#")
            target: Any = self.load(name or file)
            for step in pointer.split("/")[1:]:
                target = target[step]
            return self.whole(target, name or file)
        return {key: self.whole(value, file) for key, value in node.items()
                if key not in ("$id", "$schema", "$defs")}

    def references(self, node: Any) -> list[str]:
        if isinstance(node, list):
            return [name for item in node for name in self.references(item)]
        if not isinstance(node, dict):
            return []
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + self.references(list(node.values()))

    def check_schemas(self) -> list[str]:
        faults = [f"$ref: {name} is in another file"
                  for name in self.references(self.root)
                  if not name.startswith("#")]
        for name, file in PUBLISHED.items():
            bundled = self.whole({"$ref": f"#/components/schemas/{name}"})
            published = self.whole({"$ref": file})
            if name == "CartError":
                bundled["properties"].pop("order")
                order = published["properties"].pop("order")
                if order.get("type") != ["object", "null"]:
                    faults.append(f"{file}: an order may be any object")
            if bundled != published:
                faults.append(f"components/schemas/{name} differs from {file}")
        return faults

    def operation(self, method: str, path: str) -> tuple[str, Json] | None:
        plain = re.split("[?;]", path)[0]
        # a path without parameters goes before one with parameters
        for template in sorted(self.root["paths"], key=lambda t: "{" in t):
            pattern = re.sub(r"\{\w+\}", r"[^/]+", template)
            item = self.root["paths"][template]
            if re.fullmatch(pattern, plain) and method.lower() in item:
                return f"{method} {template}", item[method.lower()]
        return None

    def check(self, exchange: Json) -> list[str]:
        found = self.operation(exchange["method"], exchange["path"])
        if not found:
            return ["no such operation"]
        name, operation = found
        status = str(exchange["status"])
        for key in (status, status[0] + "XX", "default"):
            if key in operation["responses"]:
                break
        else:
            return [f"{name} has no response {status}"]
        reference = operation["responses"][key]
        response = self.whole(reference)
        self.shown.add((name, key))
        # any operation may show an example that several of them share
        place = reference.get("$ref", f"{name} {key}")
        return [f"{name} {key}: {fault}" for fault in
                self.check_headers(place, response, exchange)
                + self.check_body(place, response, exchange)
                + self.check_retry(exchange)]

    def check_headers(self, place: str, response: Json,
                      exchange: Json) -> list[str]:
        faults = []
        listed = {name.lower(): header
                  for name, header in response.get("headers", {}).items()}
        sent = exchange["headers"]
        for name, header in listed.items():
            if name not in sent:
                if header.get("required"):
                    faults.append(f"{name} is missing")
                continue
            self.shown.add((place, "header", name))
            value: Any = sent[name]
            if header["schema"].get("type") == "integer" and value.isdigit():
                value = int(value)
            faults += [f"{name}: {error.message}" for error in
                       Draft202012Validator(header["schema"]).iter_errors(value)]
        faults += [f"{name} is not listed" for name in sent
                   if name in self.ours and name not in listed]
        return faults

    def check_retry(self, exchange: Json) -> list[str]:
        """A problem has Retry-After if its word is "later", and with no other
        word; without a word if its status is 429 or 503."""
        headers = exchange["headers"]
        if (exchange["method"] == "HEAD"
                or headers.get("content-type") != "application/problem+json"):
            return []
        word = json.loads(exchange["body"].encode("latin-1")).get("retry")
        wanted = (word == "later" if word
                  else exchange["status"] in (429, 503))
        if wanted == ("retry-after" in headers):
            return []
        return [f"Retry-After and retry {word} do not agree"]

    def check_body(self, place: str, response: Json,
                   exchange: Json) -> list[str]:
        content = response.get("content", {})
        body = exchange["body"].encode("latin-1")
        if exchange["method"] == "HEAD" or not body:
            if body or (content and exchange["method"] != "HEAD"
                        and "*/*" not in content):
                return ["a body that must not be there, or no body"]
            return []
        media = exchange["headers"].get("content-type", "").partition(";")[0]
        # "anything" is an answer of Violet; the gateway's own are listed
        kind = media
        if media not in content and media != "application/problem+json":
            kind = "*/*"
        if kind not in content:
            return [f"the media type {media} is not listed"]
        self.shown.add((place, "content", kind))
        if not media.endswith("json"):
            return []
        try:
            document = json.loads(body)
        except ValueError as error:
            return [f"no JSON: {error}"]
        return [f"{error.json_path}: {error.message}"[:500] for error in
                Draft202012Validator(content[kind].get("schema", {}))
                .iter_errors(document)]

    def not_shown(self) -> list[str]:
        faults = []
        for path, item in self.root["paths"].items():
            for method in ("get", "head", "post"):
                for key, response in item.get(method, {}).get("responses",
                                                              {}).items():
                    faults += self.not_shown_of(f"{method.upper()} {path}",
                                                key, response)
        return faults

    def not_shown_of(self, name: str, key: str, reference: Json) -> list[str]:
        place = reference.get("$ref", f"{name} {key}")
        response = self.whole(reference)
        wanted = [(name, key)]
        wanted += [(place, "header", header.lower())
                   for header in response.get("headers", {})]
        wanted += [(place, "content", kind)
                   for kind in response.get("content", {})]
        faults = [" ".join(claim) + " was not shown" for claim in wanted
                  if claim not in self.shown]
        self.shown.update(wanted)
        return faults


def main() -> None:
    description = Description()
    for fault in description.check_schemas():
        print(fault)
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            exchange = json.loads(line)
            for fault in description.check(exchange):
                print(f"{exchange['name']}: {fault}")
    for fault in description.not_shown():
        print(fault)


if __name__ == "__main__":
    main()
