"""Typed OpenAPI of one dataset: what its records look like and how they are read. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

from app.core.errors import BodyTooLarge, CursorInvalid, ParameterInvalid, ServiceUnavailable, StatementTimedOut
from app.core.http import ProblemDocument, problem_response
from app.datasets import keyvalue
from app.datasets import openapi_queries as queries
from app.datasets.column_types import ANY_INTEGER
from app.datasets.columns import Column
from app.datasets.errors import DatasetNotFound, DatasetReshaped, StoreUnsuitable
from app.datasets.openapi_queries import SCHEMAS
from app.datasets.openapi_writes import (
    WRITE_PROBLEMS,
    body_of,
    can_be_conditional,
    operation_of,
    write_operations,
    write_schemas,
)
from app.datasets.shape import Shape
from app.datasets.value_schemas import plain_value, shown_value, with_wide_integers
from app.keys.errors import KeyMissing, ScopeMissing

RESPONSES = "#/components/responses/"
# The problems of the routes of records, said once: the status and the response, by the name that operations refer to.
_PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "Query": ("400", problem_response("The query cannot be understood or run", [ParameterInvalid, CursorInvalid])),
    "Key": ("400", problem_response("The address does not name a record, or has another mistake", [ParameterInvalid])),
    "NoKey": ("401", problem_response(KeyMissing.title, [KeyMissing])),
    "NoScope": ("403", problem_response(ScopeMissing.title, [ScopeMissing])),
    "NoDataset": ("404", problem_response(DatasetNotFound.title, [DatasetNotFound])),
    "NoRecord": ("404", problem_response("There is no such dataset or record", [DatasetNotFound])),
    "NoFormat": ("406", problem_response("The records are not available in that format")),
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


def tag_of(shape: Shape) -> dict[str, Any]:
    """What groups a dataset's operations, and says what the dataset is about."""
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


def schemas_of(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The schemas of a dataset; `embeddable` are the columns whose datasets the reader may see as well."""
    # Named as the dataset is: unlike `ProductsRecord`, no two legal names give the same.
    next_page = {"type": ["string", "null"], "description": "`_cursor` of the next page, null on the last one"}
    members = {
        "data": {"type": "array", "items": _shown(shape, embeddable)},
        "next": next_page,
        "count": {
            **ANY_INTEGER,
            "description": "how many records there are in all pages, where `_count` asks for it",
        },
        "warnings": queries.WARNINGS,
    }
    if shape.store == "keyvalue":
        members = {name: members[name] for name in ("data", "next", "warnings")}
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


def paths_of(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The operations on a dataset's records, by path and method."""
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
    link = {"Link": {"description": "the next page, where there is one", "schema": {"type": "string"}}}
    return {
        **operation_of(shape, f"aggregate_{shape.name}_records", f"Aggregate records of {shape.title or shape.name}"),
        "description": "Counts, sums, means and extremes of the records that fulfil all conditions.",
        "parameters": queries.aggregate_parameters(shape),
        "responses": _responses(_ref(shape, "results"), "Query", "NoFormat", "NoResult", headers=link, exports=True),
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


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem."""
    schema: dict[str, Any] = with_wide_integers(ProblemDocument.model_json_schema())
    return schema
