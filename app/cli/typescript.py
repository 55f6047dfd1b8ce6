"""TypeScript types of a dataset, made of its OpenAPI document. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
# What is declared of a dataset, if its document has it; what these refer to comes along.
ROOTS = ("record", "view", "create", "replace", "update", "where", "query")
HEAD = "// Types of the dataset '{name}', written by `tolva types {name}`. Write them again if its columns change.\n"


def declare(document: Schema, name: str) -> str:
    """The declarations of a dataset's records, of what is sent for them, and of its filters."""
    schemas = document["components"]["schemas"]
    roots = [f"{name}_{root}" for root in ROOTS if f"{name}_{root}" in schemas]
    parts = [HEAD.format(name=name)]
    parts += [_declaration(one, schemas[one]) for one in _reached(roots, schemas)]
    if (filters := _filters(document, name)) is not None:
        parts.append(filters)
    return "\n".join(parts)


def _reached(roots: list[str], schemas: dict[str, Schema]) -> list[str]:
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
        if isinstance(reference := schema.get("$ref"), str) and reference.startswith(_PREFIX):
            yield reference.removeprefix(_PREFIX)
        for name, inner in schema.items():
            if name not in ("examples", "enum", "default"):
                yield from _references(inner)


def type_name(name: str) -> str:
    """The name of a schema's type: `ProductsRecord`."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words)


def _declaration(name: str, schema: Schema) -> str:
    about = _comment(schema.get("description"), "")
    return f"{about}export type {type_name(name)} = {type_text(schema)};\n"


def _comment(text: str | None, indent: str) -> str:
    if not text:
        return ""
    safe = " ".join(text.split()).replace("*/", "* /")
    return f"{indent}/** {safe} */\n"


def type_text(schema: Schema, indent: str = "") -> str:
    """A schema as a TypeScript type."""
    if "$ref" in schema:
        return type_name(str(schema["$ref"]).removeprefix(_PREFIX))
    if (choices := schema.get("anyOf") or schema.get("oneOf")) is not None:
        return _union(type_text(one, indent) for one in choices)
    if "enum" in schema:
        return _union(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    types = schema.get("type")
    if isinstance(types, list):
        return _union(type_text({**schema, "type": one}, indent) for one in types)
    special = {"array": _array, "object": _object}.get(str(types))
    return special(schema, indent) if special else _PLAIN.get(str(types), "unknown")


def _union(types: Iterator[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _array(schema: Schema, indent: str) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(type_text(one, indent) for one in schema['prefixItems'])}]"
    return f"readonly ({type_text(schema.get('items') or {}, indent)})[]"


def _object(schema: Schema, indent: str) -> str:
    members = schema.get("properties") or {}
    if not members:
        others = schema.get("additionalProperties")
        return f"Record<string, {type_text(others, indent) if isinstance(others, dict) else 'unknown'}>"
    required = schema.get("required") or ()
    inner = f"{indent}  "
    lines = [
        f"{_comment(one.get('description'), inner)}{inner}{_member(name)}{'' if name in required else '?'}: "
        f"{type_text(one, inner)};\n"
        for name, one in members.items()
    ]
    return f"{{\n{''.join(lines)}{indent}}}"


def _member(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)


def _filters(document: Schema, name: str) -> str | None:
    """The declaration of what the list of a dataset takes in its address."""
    operation = document["paths"].get(f"/datasets/{name}/records", {}).get("get")
    if operation is None:
        return None
    shared = document["components"].get("parameters", {})
    given = [_resolve(one, shared) for one in operation.get("parameters", ())]
    described = [one for one in given if one["in"] == "query"]
    schema = {
        "type": "object",
        "properties": {one["name"]: _of_parameter(one, document) for one in described},
        "required": [one["name"] for one in described if one.get("required")],
    }
    about = f"What GET /datasets/{name}/records takes; lists are joined by commas."
    return f"{_comment(about, '')}export type {type_name(name)}Filters = {type_text(schema)};\n"


def _resolve(parameter: Schema, shared: dict[str, Schema]) -> Schema:
    return shared[str(parameter["$ref"]).rpartition("/")[2]] if "$ref" in parameter else parameter


def _of_parameter(parameter: Schema, document: Schema) -> Schema:
    """The schema of a parameter with its description; what it refers to is put in its place."""
    schema = parameter.get("schema") or {"type": "string"}
    schemas = document["components"]["schemas"]
    while isinstance(schema.get("$ref"), str):
        schema = schemas[schema["$ref"].removeprefix(_PREFIX)]
    items = schema.get("items")
    if isinstance(items, dict) and isinstance(items.get("$ref"), str):
        schema = {**schema, "items": schemas[items["$ref"].removeprefix(_PREFIX)]}
    return {**schema, "description": parameter.get("description")}
