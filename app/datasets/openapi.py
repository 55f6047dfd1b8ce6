"""Typed OpenAPI documents: what each dataset's records look like and how they are read. Pure."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.core.errors import BodyTooLarge, CursorInvalid, ParameterInvalid, ServiceUnavailable, StatementTimedOut
from app.core.http import ProblemDocument, problem_response
from app.datasets import keyvalue
from app.datasets import openapi_queries as queries
from app.datasets.columns import Column
from app.datasets.errors import DatasetNotFound, DatasetReshaped, StoreUnsuitable
from app.datasets.openapi_queries import SCHEMAS
from app.datasets.openapi_writes import (
    REPETITION,
    WRITE_PROBLEMS,
    body_of,
    can_be_conditional,
    operation_of,
    write_operations,
    write_schemas,
)
from app.datasets.shape import Shape
from app.datasets.value_schemas import plain_value, shown_value
from app.keys.errors import KeyMissing, ScopeMissing

RESPONSES = "#/components/responses/"
KEPT_FRAGMENTS = 500
# The problems of the routes of records, said once: the status and the response, by the name that operations refer to.
_PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "Query": ("400", problem_response("The query cannot be understood or run", [ParameterInvalid, CursorInvalid])),
    "Key": ("400", problem_response("The address does not name a record, or has another mistake", [ParameterInvalid])),
    "NoKey": ("401", problem_response(KeyMissing.title, [KeyMissing])),
    "NoScope": ("403", problem_response(ScopeMissing.title, [ScopeMissing])),
    "NoDataset": ("404", problem_response(DatasetNotFound.title, [DatasetNotFound])),
    "NoRecord": ("404", problem_response("There is no such dataset or record", [DatasetNotFound])),
    "NoFormat": ("406", problem_response("The records cannot be had in that format")),
    "TooLarge": ("413", problem_response(BodyTooLarge.title, [BodyTooLarge])),
    "NoExport": ("422", problem_response("The export is too large")),
    "Unsuitable": ("422", problem_response(StoreUnsuitable.title, [StoreUnsuitable])),
    "NoResult": ("422", problem_response("A result is too large for its type")),
    "Unavailable": (
        "503",
        problem_response(
            "A part of the service cannot be reached, the query took too long, or the dataset was changed meanwhile",
            [ServiceUnavailable, StatementTimedOut, DatasetReshaped],
        ),
    ),
    "Problem": ("default", problem_response("Any other problem")),
    **WRITE_PROBLEMS,
}
_EVERYWHERE = ("NoKey", "NoScope", "NoDataset", "Unavailable", "Problem")
# What the fixed routes are about, in the order in which one meets them.
SECTIONS = {
    "datasets": "What there is: each dataset's columns, its key and how many records it has.",
    "records": "The records of any dataset. Those of the datasets above have routes of their own, with types.",
    "imports": "CSV files on their way into a dataset.",
    "keys": "API keys. All of it needs the scope admin.",
    "health": "Whether the service answers; no key is needed.",
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The framework's document of the fixed routes, with the schema that its problem responses refer to."""
    components = document.get("components", {})
    schemas = {**components.get("schemas", {}), "ProblemDocument": _problem_schema()}
    paths = {
        path: {method: _described_operation(operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    tags = [{"name": name, "description": text} for name, text in SECTIONS.items()]
    return {**document, "tags": tags, "paths": paths, "components": {**components, "schemas": schemas}}


def _described_operation(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation of the framework's document, as those of the typed routes are."""
    summarised = _with_summary(operation)
    if "parameters" not in operation:
        return summarised
    parameters = [REPETITION if given["name"] == REPETITION["name"] else given for given in operation["parameters"]]
    return {**summarised, "parameters": parameters}


def _with_summary(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation whose summary is the first sentence of its description, not the name of its function."""
    sentence, _, rest = operation["description"].partition(".")
    changed = {**operation, "summary": sentence, "description": rest.strip()}
    return changed if changed["description"] else {k: v for k, v in changed.items() if k != "description"}


@dataclass(frozen=True)
class Fragment:
    """What the document of everything says of one dataset: the members of its parts, as JSON without the braces."""

    tag: bytes
    paths: bytes
    schemas: bytes
    parameters: bytes


@lru_cache(KEPT_FRAGMENTS)
def fragment_of(shape: Shape, embeddable: frozenset[str]) -> Fragment:
    """A dataset's part of a document; `embeddable` are the columns whose datasets the reader may see as well.

    It is worked out once for each state of the dataset: thousands of parameters take a while.
    """
    return Fragment(
        tag=_write(_tag(shape))
        if shape.name not in SECTIONS
        else b"",  # as a section is called: then it is shown there
        paths=_members(_paths(shape, embeddable)),
        schemas=_members(_schemas(shape, embeddable)),
        parameters=_members(queries.filter_parameters(shape)),
    )


def embeddable_columns(shape: Shape, visible: Collection[str]) -> frozenset[str]:
    """The columns that refer to a dataset that the reader may see."""
    return frozenset(name for name, dataset in shape.references.items() if dataset in visible)


def describe_all(document: dict[str, Any], shapes: Sequence[Shape]) -> bytes:
    """The document of the fixed routes with the typed routes of some datasets, as JSON."""
    names = {shape.name for shape in shapes}
    fragments = [fragment_of(shape, embeddable_columns(shape, names)) for shape in shapes]
    components = {**document["components"], "responses": problem_components()}
    schemas = components.pop("schemas") | queries.shared_schemas()
    head = {name: value for name, value in document.items() if name not in ("tags", "paths", "components")}
    tags = [*(fragment.tag for fragment in fragments), *map(_write, document["tags"])]
    # Megabytes: they are put together once, not level by level.
    return b"".join(
        [
            b"{%s," % _members(head),
            *_group(b'"tags":[', tags, b"],"),
            *_group(b'"paths":{', [_members(document["paths"]), *(fragment.paths for fragment in fragments)], b"},"),
            b'"components":{%s,' % _members(components),
            *_group(b'"schemas":{', [_members(schemas), *(fragment.schemas for fragment in fragments)], b"},"),
            *_group(b'"parameters":{', [fragment.parameters for fragment in fragments], b"}}}"),
        ]
    )


def describe_dataset(document: dict[str, Any], shape: Shape, referenced: Sequence[Shape]) -> dict[str, Any]:
    """The document of one dataset alone: what a generator of clients wants. It takes over the fixed one's head.

    `referenced` are the datasets that its columns refer to, as far as the reader may see them.
    """
    info = {**document["info"], "title": shape.title or shape.name}
    info |= {"description": shape.description} if shape.description else {}
    embeddable = embeddable_columns(shape, {other.name for other in referenced})
    schemas = _schemas(shape, embeddable)
    for other in referenced:
        schemas |= record_schemas(other)
    return {
        "openapi": document["openapi"],
        "info": info,
        "tags": [_tag(shape)],
        "paths": _paths(shape, embeddable),
        "components": {
            "schemas": {**schemas, **queries.shared_schemas(), "ProblemDocument": _problem_schema()},
            "parameters": queries.filter_parameters(shape),
            "responses": problem_components(),
            "securitySchemes": document["components"]["securitySchemes"],
        },
    }


def _write(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _members(members: Mapping[str, Any]) -> bytes:
    """An object's JSON without its braces."""
    return _write(members)[1:-1]


def _group(opening: bytes, parts: Sequence[bytes], closing: bytes) -> Iterator[bytes]:
    """Parts with commas between those that are not empty."""
    yield opening
    separator = b""
    for part in filter(None, parts):
        yield separator
        yield part
        separator = b","
    yield closing


def _tag(shape: Shape) -> dict[str, Any]:
    about = shape.description or (shape.title if shape.title != shape.name else None)
    return {"name": shape.name} | ({"description": about} if about else {})


def view_schema(shape: Shape) -> dict[str, Any]:
    """The JSON schema of a record as `_select` shows it: any of its members may be left out."""
    schema: dict[str, Any] = {
        "type": "object",
        "title": f"A record of {shape.title or shape.name}, or the columns of it that `_select` names",
        "properties": {column.name: shown_value(column, shape.examples.get(column.name)) for column in shape.columns},
    }
    return schema | ({"description": shape.description} if shape.description else {})


def record_schema(shape: Shape) -> dict[str, Any]:
    """The JSON schema of a whole record. Every member is there, null where the record has no value."""
    return {
        "title": f"A record of {shape.title or shape.name}",
        "allOf": [_ref(shape, "view")],
        "required": [column.name for column in shape.columns],
    }


def record_schemas(shape: Shape) -> dict[str, Any]:
    """The schemas of a record, whole and in part."""
    return {f"{shape.name}_view": view_schema(shape), f"{shape.name}_record": record_schema(shape)}


def _schemas(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    # Named as the dataset is: unlike `ProductsRecord`, no two legal names give the same.
    next_page = {"type": ["string", "null"], "description": "`_cursor` of the next page, null on the last one"}
    members = {
        "data": {"type": "array", "items": _shown(shape, embeddable)},
        "next": next_page,
        "count": {
            "type": "integer",
            "description": "how many records there are in all pages, where `_count` asks for it",
        },
        "warnings": {
            "type": "array",
            "items": {"type": "string"},
            "description": "of a slow page: what no index serves",
        },
    }
    if shape.store == "keyvalue":
        members = {name: members[name] for name in ("data", "next")}
    page = {"type": "object", "properties": members, "required": ["data", "next"]}
    some = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": {"anyOf": [_ref(shape, "record"), {"type": "null"}]}}},
        "required": ["data"],
    }
    return {
        **record_schemas(shape),
        f"{shape.name}_page": page,
        f"{shape.name}_some": some,
        **queries.query_schemas(shape, embeddable),
        **write_schemas(shape),
    }


def _ref(shape: Shape, part: str) -> dict[str, Any]:
    return {"$ref": f"{SCHEMAS}{shape.name}_{part}"}


def _shown(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """A record as it is answered: with the records that it refers to, where that is asked for."""
    if not embeddable:
        return _ref(shape, "view")
    others = {
        name: {"anyOf": [{"$ref": f"{SCHEMAS}{shape.references[name]}_record"}, {"type": "null"}]}
        for name in sorted(embeddable)
    }
    embedded = {"_embedded": {"type": "object", "properties": others}}
    return {"allOf": [_ref(shape, "view"), {"type": "object", "properties": embedded}]}


def _paths(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    path = f"/datasets/{shape.name}"
    on_all, on_one = write_operations(shape, _key_in_path(shape), _problems)
    if shape.store == "keyvalue":
        listing = {"get": _list_part_operation(shape)} if keyvalue.listed_by(shape) else {}
        return {
            f"{path}/records": {**listing, **on_all},
            f"{path}/records/get": {"post": _get_many_operation(shape)},
            f"{path}/records/{{key}}": {"get": can_be_conditional(_get_operation(shape, embeddable)), **on_one},
        }
    return {
        f"{path}/records": {"get": _list_operation(shape, embeddable), **on_all},
        f"{path}/records/query": {"post": _query_operation(shape)},
        f"{path}/records/get": {"post": _get_many_operation(shape)},
        f"{path}/records/{{key}}": {"get": can_be_conditional(_get_operation(shape, embeddable)), **on_one},
        f"{path}/aggregate": {"get": _aggregate_operation(shape)},
    }


def _list_operation(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    link = {"Link": {"description": "the next page, where there is one", "schema": {"type": "string"}}}
    return {
        **operation_of(shape, f"list_{shape.name}_records", f"List records of {shape.title or shape.name}"),
        "description": f"Those that fulfil all conditions, in the order of {_names(shape.key)} or as `_sort` says.",
        "parameters": queries.list_parameters(shape, embeddable),
        "responses": _responses(_ref(shape, "page"), "Query", "NoFormat", "NoExport", headers=link, exports=True),
    }


def _list_part_operation(shape: Shape) -> dict[str, Any]:
    first, second = shape.key
    link = {"Link": {"description": "the next page, where there is one", "schema": {"type": "string"}}}
    return {
        **operation_of(shape, f"list_{shape.name}_records", f"List records of {shape.title or shape.name}"),
        "description": f"Those with one `{first.name}`, in the order of `{second.name}`.",
        "parameters": queries.list_parameters(shape, ()),
        "responses": _responses(_ref(shape, "page"), "Query", "Unsuitable", headers=link),
    }


def _query_operation(shape: Shape) -> dict[str, Any]:
    return {
        **operation_of(shape, f"query_{shape.name}_records", f"Query records of {shape.title or shape.name}"),
        "description": "As the list does, with conditions joined by and, or and not, and with long lists of values.",
        "requestBody": body_of(_ref(shape, "query")),
        "responses": _responses(
            _ref(shape, "page"), "Query", "NoFormat", "NoExport", "TooLarge", "OtherKind", exports=True
        ),
    }


def _get_many_operation(shape: Shape) -> dict[str, Any]:
    single = queries.key_schema(shape.key)
    keys = {"type": "array", "items": single}
    body = {"type": "object", "properties": {"keys": keys}, "required": ["keys"], "additionalProperties": False}
    return {
        **operation_of(shape, f"get_{shape.name}_records", f"Get many records of {shape.title or shape.name}"),
        "description": "In the order of their keys, null for each that there is not.",
        "requestBody": body_of(body),
        "responses": _responses(_ref(shape, "some"), "Query", "TooLarge", "OtherKind"),
    }


def _get_operation(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    etag = {"ETag": {"description": "the record's version", "schema": {"type": "string"}}}
    return {
        **operation_of(shape, f"get_{shape.name}_record", f"Get a record of {shape.title or shape.name}"),
        "parameters": [_key_in_path(shape), *queries.view_parameters(shape, embeddable)],
        "responses": _responses(_shown(shape, embeddable), "Key", "NoRecord", headers=etag),
    }


def _aggregate_operation(shape: Shape) -> dict[str, Any]:
    return {
        **operation_of(shape, f"aggregate_{shape.name}_records", f"Aggregate records of {shape.title or shape.name}"),
        "description": "Counts, sums, means and extremes of the records that fulfil all conditions.",
        "parameters": queries.aggregate_parameters(shape),
        "responses": _responses(_ref(shape, "results"), "Query", "NoResult"),
    }


def _key_in_path(shape: Shape) -> dict[str, Any]:
    return {"name": "key", "in": "path", "required": True, **_key_parameter(shape)}


def _key_parameter(shape: Shape) -> dict[str, Any]:
    key = shape.key
    if len(key) == 1:
        example = shape.examples.get(key[0].name)
        return {"description": f"The record's `{key[0].name}`.", "schema": plain_value(key[0], example)}
    return {
        "description": f"The record's {_names(key)}: the values joined by commas, each percent-encoded.",
        "schema": queries.key_schema(key),
        "style": "simple",
        "explode": False,
    }


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def problem_components() -> dict[str, Any]:
    """The responses that are problems, by the name that operations refer to."""
    return {name: response for name, (_, response) in _PROBLEMS.items()}


def _responses(
    schema: dict[str, Any], *problems: str, headers: dict[str, Any] | None = None, exports: bool = False
) -> dict[str, Any]:
    """What an operation answers: what was found, and the problems of this name beside those of every operation."""
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if exports:
        content |= {"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {"type": "string"}}}
    found = {"description": "Found", "content": content} | ({"headers": headers} if headers else {})
    return {"200": found, **_problems(*problems)}


def _problems(*names: str) -> dict[str, Any]:
    """The problems of these names beside those of every operation."""
    return {_PROBLEMS[name][0]: {"$ref": RESPONSES + name} for name in (*_EVERYWHERE, *names)}


def _problem_schema() -> dict[str, Any]:
    return ProblemDocument.model_json_schema()
