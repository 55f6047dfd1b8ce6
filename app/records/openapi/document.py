"""Typed OpenAPI of one dataset: what its records look like and how they are read. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

from app.access.errors import KeyMissing, ScopeMissing
from app.columns.column import Column
from app.columns.json_schema import plain_value, shown_value, with_wide_integers, without_titles
from app.columns.schema_references import schema_reference
from app.columns.types.numbers import ANY_INTEGER
from app.core.errors import BodyTooLarge, CursorInvalid, ParameterInvalid, ServiceUnavailable, StatementTimedOut
from app.core.http.problem_documents import ProblemDocument, problem_response
from app.datasets.errors import DatasetNotFound, DatasetSchemaChanged, NotSupportedByStore
from app.datasets.keyvalue import limits
from app.datasets.schema import Shape
from app.records.openapi import queries
from app.records.openapi.names import RESPONSES, about, choices_of, part_of, title_of
from app.records.openapi.parameters import aggregate_parameters, list_parameters, view_parameters
from app.records.openapi.writes import (
    WRITE_PROBLEMS,
    body_of,
    can_be_conditional,
    operation_of,
    write_operations,
    write_schemas,
)

# The problems of the routes of records, said once: the status and the response, by the name that operations refer to.
_PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "Query": ("400", problem_response("Invalid query", [ParameterInvalid, CursorInvalid])),
    "Key": ("400", problem_response("Invalid record key or parameter", [ParameterInvalid])),
    "NoKey": ("401", problem_response(KeyMissing.title, [KeyMissing])),
    "NoScope": ("403", problem_response(ScopeMissing.title, [ScopeMissing])),
    "NoDataset": ("404", problem_response(DatasetNotFound.title, [DatasetNotFound])),
    "NoRecord": ("404", problem_response("Dataset or record not found", [DatasetNotFound])),
    "NoFormat": ("406", problem_response("Format not available")),
    "TooLarge": ("413", problem_response(BodyTooLarge.title, [BodyTooLarge])),
    "NoExport": ("422", problem_response("Export too large")),
    "Unsuitable": ("422", problem_response(NotSupportedByStore.title, [NotSupportedByStore])),
    "NoResult": ("422", problem_response("Result out of range")),
    "Unavailable": (
        "503",
        problem_response(
            "Service unavailable, query timed out or dataset schema changed",
            [ServiceUnavailable, StatementTimedOut, DatasetSchemaChanged],
        ),
    ),
    "Problem": ("default", problem_response("Any other problem")),
    **WRITE_PROBLEMS,
}
_EXPORTS = "With `Accept: text/csv` or `application/x-ndjson` the response is a file of all of them."
_LINK = {"Link": {"description": "the next page, if there is one", "schema": {"type": "string"}}}
_EVERYWHERE = ("NoKey", "NoScope", "NoDataset", "Unavailable", "Problem")


def tag_of(shape: Shape) -> dict[str, Any]:
    """What groups a dataset's operations, and says what the dataset is about."""
    title = title_of(shape) if shape.title and shape.title != shape.name else None
    return {"name": shape.name, "description": about(shape) or title or f"The records of `{shape.name}`."}


def view_schema(shape: Shape, embeddable: Collection[str] = ()) -> dict[str, Any]:
    """The JSON schema of a record as `_select` and `_embed` show it: any of its members may be left out.

    `embeddable` are the columns whose datasets the reader may see as well.
    """
    embedded = {"_embedded": part_of(shape, "embedded")} if embeddable else {}
    return {
        "type": "object",
        "description": f"A record of {title_of(shape)}, or the columns of it that `_select` names.",
        "properties": {**_shown_members(shape), **embedded},
    }


def record_schema(shape: Shape) -> dict[str, Any]:
    """The JSON schema of a whole record. Every member is there, null where the record has no value."""
    # Written out: several generators do not see what is required of another schema's members.
    return {
        "type": "object",
        "description": f"A record of {title_of(shape)}." + (f" {about(shape)}" if shape.description else ""),
        "properties": _shown_members(shape),
        "required": [column.name for column in shape.columns],
    }


def _shown_members(shape: Shape) -> dict[str, Any]:
    return {
        column.name: shown_value(column, shape.examples.get(column.name), choices_of(shape, column))
        for column in shape.columns
    }


def referenced_schemas(shape: Shape) -> dict[str, Any]:
    """The schemas of a dataset that another one refers to: those of its whole records."""
    return {f"{shape.name}_record": record_schema(shape), **queries.choices_schemas(shape)}


def schemas_of(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The schemas of a dataset; `embeddable` are the columns whose datasets the reader may see as well."""
    some = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": {"anyOf": [part_of(shape, "record"), {"type": "null"}]}}},
        "required": ["data"],
    }
    keys = {"type": "array", "items": queries.key_schema(shape.key)}
    return {
        f"{shape.name}_view": view_schema(shape, embeddable),
        f"{shape.name}_record": record_schema(shape),
        **({f"{shape.name}_embedded": _embedded_schema(shape, embeddable)} if embeddable else {}),
        f"{shape.name}_page": _page_schema(shape),
        f"{shape.name}_keys": _object({"keys": keys}, ["keys"]) | {"additionalProperties": False},
        f"{shape.name}_some": some,
        **queries.query_schemas(shape, embeddable),
        **write_schemas(shape),
    }


def _page_schema(shape: Shape) -> dict[str, Any]:
    members = {
        "data": {"type": "array", "items": part_of(shape, "view")},
        "next": queries.NEXT,
        "count": {
            **ANY_INTEGER,
            "description": "the number of records in all pages, if you ask for it with `_count`",
        },
        "warnings": queries.WARNINGS,
    }
    if not shape.can.queries:
        members = {name: members[name] for name in ("data", "next", "warnings")}
    return _object(members, ["data", "next"])


def _embedded_schema(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The schema of the records that a record refers to, by the columns that do."""
    others = {
        name: {"anyOf": [schema_reference(f"{shape.references[name]}_record"), {"type": "null"}]}
        for name in sorted(embeddable)
    }
    return {"type": "object", "description": "The records that `_embed` asks for.", "properties": others}


def _object(members: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(required)}


def paths_of(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The operations on a dataset's records, by path and method."""
    path = f"/datasets/{shape.name}"
    on_all, on_one = write_operations(shape, _key_in_path(shape), _problems)
    one = f"{path}/records/{_key_template(shape)}"
    if not shape.can.queries:
        listing = {"get": _list_part_operation(shape)} if limits.listed_by(shape) else {}
        return {
            f"{path}/records": {**listing, **on_all},
            f"{path}/records/get": {"post": _get_many_operation(shape)},
            one: {"get": can_be_conditional(_get_operation(shape, embeddable)), **on_one},
        }
    return {
        f"{path}/records": {"get": _list_operation(shape, embeddable), **on_all},
        f"{path}/records/query": {"post": _query_operation(shape)},
        f"{path}/records/get": {"post": _get_many_operation(shape)},
        one: {"get": can_be_conditional(_get_operation(shape, embeddable)), **on_one},
        f"{path}/aggregate": {"get": _aggregate_operation(shape)},
    }


def _list_operation(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    return {
        **operation_of(shape, f"list_{shape.name}_records", f"List records of {title_of(shape)}"),
        "description": (f"Records that match all conditions, ordered by {_names(shape.key)} or by `_sort`. {_EXPORTS}"),
        "parameters": list_parameters(shape, embeddable),
        "responses": _responses(part_of(shape, "page"), "Query", "NoFormat", "NoExport", headers=_LINK),
    }


def _list_part_operation(shape: Shape) -> dict[str, Any]:
    first, second = shape.key
    return {
        **operation_of(shape, f"list_{shape.name}_records", f"List records of {title_of(shape)}"),
        "description": f"Those with one `{first.name}`, in the order of `{second.name}`.",
        "parameters": list_parameters(shape, ()),
        "responses": _responses(part_of(shape, "page"), "Query", "Unsuitable", headers=_LINK),
    }


def _query_operation(shape: Shape) -> dict[str, Any]:
    return {
        **operation_of(shape, f"query_{shape.name}_records", f"Query records of {title_of(shape)}"),
        "description": f"The query as JSON: conditions joined by and, or and not, and long lists of values. {_EXPORTS}",
        "requestBody": body_of(part_of(shape, "query")),
        "responses": _responses(part_of(shape, "page"), "Query", "NoFormat", "NoExport", "TooLarge", "OtherKind"),
    }


def _get_many_operation(shape: Shape) -> dict[str, Any]:
    return {
        **operation_of(shape, f"get_{shape.name}_records", f"Get many records of {title_of(shape)}"),
        "description": "The records are in the order of the keys, with null for each one that does not exist.",
        "requestBody": body_of(part_of(shape, "keys")),
        "responses": _responses(part_of(shape, "some"), "Query", "TooLarge", "OtherKind"),
    }


def _get_operation(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    etag = {"ETag": {"description": "the record's version", "schema": {"type": "string"}}}
    return {
        **operation_of(shape, f"get_{shape.name}_record", f"Get a record of {title_of(shape)}"),
        "description": f"The record with this {_names(shape.key)}. Use its `ETag` for conditional writes.",
        "parameters": [*_key_in_path(shape), *view_parameters(shape, embeddable)],
        "responses": _responses(part_of(shape, "view"), "Key", "NoRecord", headers=etag),
    }


def _aggregate_operation(shape: Shape) -> dict[str, Any]:
    return {
        **operation_of(shape, f"aggregate_{shape.name}_records", f"Aggregate records of {title_of(shape)}"),
        "description": "Counts, sums, means and extremes of the records that match all conditions.",
        "parameters": aggregate_parameters(shape),
        "responses": _responses(part_of(shape, "results"), "Query", "NoFormat", "NoResult", headers=_LINK),
    }


def _key_template(shape: Shape) -> str:
    """What stands for the key in a path; several values are parameters of their own, which every client can encode."""
    return ",".join(f"{{{name}}}" for name in _key_parameters(shape))


def _key_in_path(shape: Shape) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The record's `{column.name}`.",
            "schema": choices_of(shape, column) or plain_value(column, shape.examples.get(column.name)),
        }
        for name, column in _key_parameters(shape).items()
    ]


def _key_parameters(shape: Shape) -> dict[str, Column]:
    """The columns of the key, by the names of the parameters that hold their values."""
    return {"key": shape.key[0]} if len(shape.key) == 1 else {column.name: column for column in shape.key}


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def problem_components() -> dict[str, Any]:
    """The responses that are problems, by the name that operations refer to."""
    return {name: response for name, (_, response) in _PROBLEMS.items()}


def _responses(schema: dict[str, Any], *problems: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """What an operation answers: what was found, and the problems of this name beside those of every operation."""
    # A list's other forms are not among these: with them, clients of several generators have no type for its records.
    content = {"application/json": {"schema": schema}}
    found = {"description": "Found", "content": content} | ({"headers": headers} if headers else {})
    return {"200": found, **_problems(*problems)}


def _problems(*names: str) -> dict[str, Any]:
    """The problems of these names beside those of every operation."""
    return {_PROBLEMS[name][0]: {"$ref": RESPONSES + name} for name in (*_EVERYWHERE, *names)}


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem."""
    schema: dict[str, Any] = without_titles(with_wide_integers(ProblemDocument.model_json_schema()))
    return schema
