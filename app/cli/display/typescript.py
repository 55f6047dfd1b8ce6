"""TypeScript types of a dataset, generated from its OpenAPI document. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
# What is declared of a dataset, if its document has it; what these refer to comes along.
ROOTS = ("record", "view", "page", "create", "replace", "update", "where", "query", "results")
HEAD = "// Types of the dataset '{name}', written by `tolva types {name}`. Write them again if its columns change.\n"


def declare(document: Schema, name: str) -> str:
    """The declarations of a dataset's records, of what is sent for them, and of its filters."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    whole = {one: _merged(schema, schemas) for one, schema in schemas.items()}
    roots = [f"{name}_{root}" for root in ROOTS if f"{name}_{root}" in whole]
    listing = document["paths"].get(f"/datasets/{name}/records", {}).get("get")
    own = {} if listing is None else {f"{name}_filters": _filters(document, listing)}
    reached = _reached([*roots, *_references(own)], whole)
    types = _Types([*own, *reached])
    return "\n".join(
        [
            HEAD.format(name=name),
            *(types.declaration(one, whole[one]) for one in reached),
            *(types.declaration(one, schema) for one, schema in own.items()),
        ]
    )


def _merged(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """A schema with what it takes from others, `allOf` them, as members of its own."""
    if "allOf" not in schema:
        return schema
    whole: Schema = {"type": "object", "properties": {}, "required": []}
    for part in [*schema["allOf"], {name: member for name, member in schema.items() if name != "allOf"}]:
        one = _merged(schemas[_target(part)] if "$ref" in part else part, schemas)
        whole["properties"] |= one.get("properties") or {}
        whole["required"] += one.get("required") or []
        whole |= {name: member for name, member in one.items() if name not in ("properties", "required")}
    return whole


def _target(reference: Schema) -> str:
    return str(reference["$ref"]).removeprefix(_PREFIX)


def _reached(roots: Sequence[str], schemas: dict[str, Schema]) -> list[str]:
    """Schemas, and those that they refer to."""
    found: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop(0)
        if name not in found and name in schemas:
            found[name] = None
            waiting += _references(schemas[name])
    return list(found)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield _target(schema)
        for name, inner in schema.items():
            if name not in ("examples", "enum", "default"):
                yield from _references(inner)


def _filters(document: Schema, listing: Schema) -> Schema:
    """The schema of what a list takes in its address."""
    shared = document["components"].get("parameters", {})
    given = [shared[_parameter(one)] if "$ref" in one else one for one in listing.get("parameters", ())]
    taken = [one for one in given if one["in"] == "query"]
    return {
        "type": "object",
        "description": "What a list takes in its address; lists of values are joined by commas.",
        "properties": {one["name"]: _of_parameter(one, document["components"]["schemas"]) for one in taken},
        "required": [one["name"] for one in taken if one.get("required")],
    }


def _parameter(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _of_parameter(parameter: Schema, schemas: dict[str, Schema]) -> Schema:
    """The schema of a parameter with its description; what it refers to is put in its place."""
    schema = _resolved(parameter.get("schema") or {"type": "string"}, schemas)
    if isinstance(schema.get("items"), dict):
        schema = {**schema, "items": _resolved(schema["items"], schemas)}
    return {**schema, "description": parameter.get("description")}


def _resolved(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    while isinstance(schema.get("$ref"), str):
        schema = schemas[_target(schema)]
    return schema


class _Types:
    """The types of schemas, by the schemas' names: no two have the same name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            words = re.split(r"[^A-Za-z0-9]+", name)
            wanted = unique = "".join(word[:1].upper() + word[1:] for word in words)
            number = 2
            while unique in self._names.values():
                unique = f"{wanted}_{number}"
                number += 1
            self._names[name] = unique

    def declaration(self, name: str, schema: Schema) -> str:
        """The declaration of a schema's type."""
        return f"{_comment(schema, '')}export type {self._names[name]} = {self._text(schema, '')};\n"

    def _text(self, schema: Schema, indent: str) -> str:
        if "$ref" in schema:
            return self._names.get(_target(schema), "unknown")
        if (choices := schema.get("anyOf") or schema.get("oneOf")) is not None:
            return _union(self._text(one, indent) for one in choices)
        if "allOf" in schema:
            return " & ".join(self._text(one, indent) for one in schema["allOf"])
        if "enum" in schema:
            return _union(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        types = schema.get("type")
        if isinstance(types, list):
            return _union(self._text({**schema, "type": one}, indent) for one in types)
        special = {"array": self._array, "object": self._object}.get(str(types))
        return special(schema, indent) if special else _PLAIN.get(str(types), "unknown")

    def _array(self, schema: Schema, indent: str) -> str:
        if "prefixItems" in schema:
            return f"readonly [{', '.join(self._text(one, indent) for one in schema['prefixItems'])}]"
        item = self._text(schema.get("items") or {}, indent)
        return f"readonly {item if item.isidentifier() else f'({item})'}[]"

    def _object(self, schema: Schema, indent: str) -> str:
        members = schema.get("properties") or {}
        if not members:
            others = schema.get("additionalProperties")
            return f"Record<string, {self._text(others, indent) if isinstance(others, dict) else 'unknown'}>"
        required = schema.get("required") or ()
        inner = f"{indent}  "
        lines = [
            f"{_comment(one, inner)}{inner}{_member(name, name in required)}: {self._text(one, inner)};\n"
            for name, one in members.items()
        ]
        return f"{{\n{''.join(lines)}{indent}}}"


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _member(name: str, is_required: bool) -> str:
    shown = name if _IDENTIFIER.fullmatch(name) else json.dumps(name)
    return shown if is_required else f"{shown}?"


def _comment(schema: Schema, indent: str) -> str:
    text = schema.get("description")
    if not text:
        return ""
    safe = " ".join(str(text).split()).replace("*/", "* /")
    return f"{indent}/** {safe} */\n"
