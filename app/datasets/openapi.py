"""Typed OpenAPI documents: what each dataset's records look like and how they are read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import CursorInvalid, ParameterInvalid, ServiceUnavailable, StatementTimedOut
from app.core.http import ProblemDocument, problem_response, problem_responses
from app.datasets.columns import Column
from app.datasets.errors import DatasetNotFound
from app.keys.errors import KeyMissing, ScopeMissing

SCHEMAS = "#/components/schemas/"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
NUMBER_NOTE = "NaN, Infinity and -Infinity, which JSON has no number for, are texts."
PROBLEMS = {
    **problem_responses(ParameterInvalid, CursorInvalid, KeyMissing, ScopeMissing),
    **problem_responses(DatasetNotFound, ServiceUnavailable, StatementTimedOut),
    "default": problem_response("Any other problem"),
}
# What the fixed routes are about, in the order in which one meets them.
SECTIONS = {
    "datasets": "What there is: each dataset's columns, its key and how many records it has.",
    "records": "The records of any dataset. Those of the datasets above have routes of their own, with types.",
    "imports": "CSV files on their way into a dataset.",
    "keys": "API keys. All of it needs the scope admin.",
    "health": "Whether the service answers; no key is needed.",
}


@dataclass(frozen=True)
class Shape:
    """What a document says of a dataset: `columns` as its records show them, `key` those that address a record."""

    name: str
    title: str | None
    description: str | None
    columns: Sequence[Column]
    key: Sequence[Column]


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The framework's document of the fixed routes, with the schema that its problem responses refer to."""
    components = document.get("components", {})
    schemas = {**components.get("schemas", {}), "ProblemDocument": _problem_schema()}
    paths = {
        path: {method: _with_summary(operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    tags = [{"name": name, "description": text} for name, text in SECTIONS.items()]
    return {**document, "tags": tags, "paths": paths, "components": {**components, "schemas": schemas}}


def _with_summary(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation whose summary is the first sentence of its description, not the name of its function."""
    sentence, _, rest = operation["description"].partition(".")
    changed = {**operation, "summary": sentence, "description": rest.strip()}
    return changed if changed["description"] else {k: v for k, v in changed.items() if k != "description"}


def add_datasets(document: dict[str, Any], shapes: Sequence[Shape]) -> dict[str, Any]:
    """The document of the fixed routes with the typed routes of some datasets."""
    components = document["components"]
    paths = dict(document["paths"])
    schemas = dict(components["schemas"])
    for shape in shapes:
        paths |= _paths(shape)
        schemas |= _schemas(shape)
    # A dataset may be called as a section is: then it is shown there.
    tags = [*(_tag(shape) for shape in shapes if shape.name not in SECTIONS), *document["tags"]]
    return {**document, "tags": tags, "paths": paths, "components": {**components, "schemas": schemas}}


def describe_dataset(document: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The document of one dataset alone: what a generator of clients wants. It takes over the fixed one's head."""
    info = {**document["info"], "title": shape.title or shape.name}
    info |= {"description": shape.description} if shape.description else {}
    return {
        "openapi": document["openapi"],
        "info": info,
        "tags": [_tag(shape)],
        "paths": _paths(shape),
        "components": {
            "schemas": {**_schemas(shape), "ProblemDocument": _problem_schema()},
            "securitySchemes": document["components"]["securitySchemes"],
        },
    }


def _tag(shape: Shape) -> dict[str, Any]:
    about = shape.description or (shape.title if shape.title != shape.name else None)
    return {"name": shape.name} | ({"description": about} if about else {})


def record_schema(shape: Shape) -> dict[str, Any]:
    """The JSON schema of a record. Every member is there, null where the record has no value."""
    schema: dict[str, Any] = {
        "type": "object",
        "title": f"A record of {shape.title or shape.name}",
        "properties": {column.name: _value_schema(column) for column in shape.columns},
        "required": [column.name for column in shape.columns],
    }
    return schema | ({"description": shape.description} if shape.description else {})


def _value_schema(column: Column) -> dict[str, Any]:
    schema = column.json_schema()
    if column.type == "number":
        said = schema.get("description", "")
        schema["description"] = f"{said.rstrip('.')}. {NUMBER_NOTE}" if said else NUMBER_NOTE
    if column.required or "type" not in schema:
        return schema
    schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _schemas(shape: Shape) -> dict[str, Any]:
    # Named as the dataset is: unlike `ProductsRecord`, no two legal names give the same.
    page = {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"$ref": f"{SCHEMAS}{shape.name}_record"}},
            "next": {"type": ["string", "null"], "description": "`_cursor` of the next page, null on the last one"},
        },
        "required": ["data", "next"],
    }
    return {f"{shape.name}_record": record_schema(shape), f"{shape.name}_page": page}


def _paths(shape: Shape) -> dict[str, Any]:
    path = f"/datasets/{shape.name}/records"
    return {path: {"get": _list_operation(shape)}, f"{path}/{{key}}": {"get": _get_operation(shape)}}


def _list_operation(shape: Shape) -> dict[str, Any]:
    link = {"Link": {"description": "the next page, where there is one", "schema": {"type": "string"}}}
    return {
        "operationId": f"list_{shape.name}_records",
        "summary": f"List records of {shape.title or shape.name}",
        "description": f"They come in the order of {_names(shape.key)}.",
        "tags": [shape.name],
        "security": SECURITY,
        "parameters": [
            _query("_limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}, "How many at most."),
            _query("_cursor", {"type": "string"}, "`next` of the page before."),
        ],
        "responses": _responses(f"{shape.name}_page", link),
    }


def _get_operation(shape: Shape) -> dict[str, Any]:
    return {
        "operationId": f"get_{shape.name}_record",
        "summary": f"Get a record of {shape.title or shape.name}",
        "tags": [shape.name],
        "security": SECURITY,
        "parameters": [{"name": "key", "in": "path", "required": True, **_key_parameter(shape.key)}],
        "responses": {
            **_responses(
                f"{shape.name}_record", {"ETag": {"description": "the record's version", "schema": {"type": "string"}}}
            ),
            "404": problem_response("There is no such dataset or record", [DatasetNotFound]),
        },
    }


def _key_parameter(key: Sequence[Column]) -> dict[str, Any]:
    if len(key) == 1:
        return {"description": f"The record's `{key[0].name}`.", "schema": key[0].json_schema()}
    return {
        "description": f"The record's {_names(key)}: the values joined by commas, each percent-encoded.",
        "schema": {"type": "string"},
    }


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _responses(schema: str, headers: dict[str, Any]) -> dict[str, Any]:
    found = {
        "description": "Found",
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": SCHEMAS + schema}}},
    }
    return {"200": found, **{str(status): response for status, response in PROBLEMS.items()}}


def _problem_schema() -> dict[str, Any]:
    return ProblemDocument.model_json_schema()
