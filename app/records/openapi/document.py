"""Typed OpenAPI of one dataset: what its records look like and how they are read. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

from app.access.errors import KeyMissing, ScopeMissing
from app.columns.column import Column
from app.columns.json_schema import plain_value, shown_value, with_wide_integers, without_titles
from app.columns.schema_references import schema_reference
from app.columns.types.numbers import ANY_INTEGER
from app.core.errors import (
    BodyTooLarge,
    CursorInvalid,
    ParameterInvalid,
    ServiceUnavailable,
    SlowReadsBusy,
    StatementTimedOut,
)
from app.core.http.problem_documents import ProblemDocument, problem_response
from app.datasets.errors import DatasetNotFound, DatasetSchemaChanged, NotSupportedByStore
from app.datasets.schema import DatasetSchema
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
from app.records.query.operators import listed_by

# The problems of the routes of records, said once: the status and the response, by the name that operations refer to.
_PROBLEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "QueryInvalid": ("400", problem_response("Invalid query", [ParameterInvalid, CursorInvalid])),
    "RecordKeyInvalid": ("400", problem_response("Invalid record key or parameter", [ParameterInvalid])),
    "KeyMissing": ("401", problem_response(KeyMissing.title, [KeyMissing])),
    "ScopeMissing": ("403", problem_response(ScopeMissing.title, [ScopeMissing])),
    "DatasetNotFound": ("404", problem_response(DatasetNotFound.title, [DatasetNotFound])),
    "RecordNotFound": ("404", problem_response("Dataset or record not found", [DatasetNotFound])),
    "FormatNotAvailable": ("406", problem_response("Format not available")),
    "BodyTooLarge": ("413", problem_response(BodyTooLarge.title, [BodyTooLarge])),
    "ExportTooLarge": ("422", problem_response("Export too large")),
    "NotSupportedByStore": ("422", problem_response(NotSupportedByStore.title, [NotSupportedByStore])),
    "ResultOutOfRange": ("422", problem_response("Result out of range")),
    "ServiceUnavailable": (
        "503",
        problem_response(
            "Service unavailable, query timed out, too many slow reads or dataset schema changed",
            [ServiceUnavailable, StatementTimedOut, SlowReadsBusy, DatasetSchemaChanged],
        ),
    ),
    "Problem": ("default", problem_response("Any other problem")),
    **WRITE_PROBLEMS,
}
_EXPORTS = "With `Accept: text/csv` or `application/x-ndjson` the response is a file of all of them."
_LINK = {"Link": {"description": "the next page, if there is one", "schema": {"type": "string"}}}
_EVERYWHERE = ("KeyMissing", "ScopeMissing", "DatasetNotFound", "ServiceUnavailable", "Problem")


def tag_of(schema: DatasetSchema) -> dict[str, Any]:
    """The tag of a dataset's operations, with the dataset's description."""
    title = title_of(schema) if schema.title and schema.title != schema.name else None
    return {"name": schema.name, "description": about(schema) or title or f"The records of `{schema.name}`."}


def view_schema(schema: DatasetSchema, embeddable: Collection[str] = ()) -> dict[str, Any]:
    """The JSON schema of a record as `_select` and `_embed` show it: any of its members may be left out.

    `embeddable` are the columns whose datasets the reader may see as well.
    """
    embedded = {"_embedded": part_of(schema, "embedded")} if embeddable else {}
    return {
        "type": "object",
        "description": f"A record of {title_of(schema)}, or the columns of it that `_select` names.",
        "properties": {**_shown_members(schema), **embedded},
    }


def record_schema(schema: DatasetSchema) -> dict[str, Any]:
    """The JSON schema of a whole record. It has every member, null if the record has no value."""
    # WriteResult out: several generators do not see what is required of another schema's members.
    return {
        "type": "object",
        "description": f"A record of {title_of(schema)}." + (f" {about(schema)}" if schema.description else ""),
        "properties": _shown_members(schema),
        "required": [column.name for column in schema.columns],
    }


def _shown_members(schema: DatasetSchema) -> dict[str, Any]:
    return {
        column.name: shown_value(column, schema.examples.get(column.name), choices_of(schema, column))
        for column in schema.columns
    }


def referenced_schemas(schema: DatasetSchema) -> dict[str, Any]:
    """The schemas of a dataset that another one refers to: those of its whole records."""
    return {f"{schema.name}_record": record_schema(schema), **queries.choices_schemas(schema)}


def schemas_of(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    """The schemas of a dataset; `embeddable` are the columns whose datasets the reader may see as well."""
    some = {
        "type": "object",
        "properties": {"data": {"type": "array", "items": {"anyOf": [part_of(schema, "record"), {"type": "null"}]}}},
        "required": ["data"],
    }
    keys = {"type": "array", "items": queries.key_schema(schema.key)}
    return {
        f"{schema.name}_view": view_schema(schema, embeddable),
        f"{schema.name}_record": record_schema(schema),
        **({f"{schema.name}_embedded": _embedded_schema(schema, embeddable)} if embeddable else {}),
        f"{schema.name}_page": _page_schema(schema),
        f"{schema.name}_keys": _object({"keys": keys}, ["keys"]) | {"additionalProperties": False},
        f"{schema.name}_records": some,
        **queries.query_schemas(schema, embeddable),
        **write_schemas(schema),
    }


def _page_schema(schema: DatasetSchema) -> dict[str, Any]:
    members = {
        "data": {"type": "array", "items": part_of(schema, "view")},
        "next": queries.NEXT,
        "count": {
            **ANY_INTEGER,
            "description": "the number of records in all pages, if you ask for it with `_count`",
        },
        "warnings": queries.WARNINGS,
    }
    if not schema.can.queries:
        members = {name: members[name] for name in ("data", "next", "warnings")}
    return _object(members, ["data", "next"])


def _embedded_schema(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    """The schema of the records that a record refers to, by the columns that do."""
    others = {
        name: {"anyOf": [schema_reference(f"{schema.references[name]}_record"), {"type": "null"}]}
        for name in sorted(embeddable)
    }
    return {"type": "object", "description": "The records that `_embed` asks for.", "properties": others}


def _object(members: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(required)}


def paths_of(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    """The operations on a dataset's records, by path and method."""
    path = f"/datasets/{schema.name}"
    on_all, on_one = write_operations(schema, _key_in_path(schema), _problems)
    one = f"{path}/records/{_key_template(schema)}"
    if not schema.can.queries:
        listing = {"get": _list_part_operation(schema)} if listed_by(schema) else {}
        return {
            f"{path}/records": {**listing, **on_all},
            f"{path}/records/get": {"post": _get_many_operation(schema)},
            one: {"get": can_be_conditional(_get_operation(schema, embeddable)), **on_one},
        }
    return {
        f"{path}/records": {"get": _list_operation(schema, embeddable), **on_all},
        f"{path}/records/query": {"post": _query_operation(schema)},
        f"{path}/records/get": {"post": _get_many_operation(schema)},
        one: {"get": can_be_conditional(_get_operation(schema, embeddable)), **on_one},
        f"{path}/aggregate": {"get": _aggregate_operation(schema)},
    }


def _list_operation(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    return {
        **operation_of(schema, f"list_{schema.name}_records", f"List records of {title_of(schema)}"),
        "description": (
            f"Records that match all conditions, ordered by {_names(schema.key)} or by `_sort`. {_EXPORTS}"
        ),
        "parameters": list_parameters(schema, embeddable),
        "responses": _responses(
            part_of(schema, "page"), "QueryInvalid", "FormatNotAvailable", "ExportTooLarge", headers=_LINK
        ),
    }


def _list_part_operation(schema: DatasetSchema) -> dict[str, Any]:
    first, second = schema.key
    return {
        **operation_of(schema, f"list_{schema.name}_records", f"List records of {title_of(schema)}"),
        "description": f"Those with one `{first.name}`, in the order of `{second.name}`.",
        "parameters": list_parameters(schema, ()),
        "responses": _responses(part_of(schema, "page"), "QueryInvalid", "NotSupportedByStore", headers=_LINK),
    }


def _query_operation(schema: DatasetSchema) -> dict[str, Any]:
    return {
        **operation_of(schema, f"query_{schema.name}_records", f"Query records of {title_of(schema)}"),
        "description": f"The query as JSON: conditions joined by and, or and not, and long lists of values. {_EXPORTS}",
        "requestBody": body_of(part_of(schema, "query")),
        "responses": _responses(
            part_of(schema, "page"),
            "QueryInvalid",
            "FormatNotAvailable",
            "ExportTooLarge",
            "BodyTooLarge",
            "MediaTypeUnsupported",
        ),
    }


def _get_many_operation(schema: DatasetSchema) -> dict[str, Any]:
    return {
        **operation_of(schema, f"get_{schema.name}_records", f"Get many records of {title_of(schema)}"),
        "description": "The records are in the order of the keys, with null for each one that does not exist.",
        "requestBody": body_of(part_of(schema, "keys")),
        "responses": _responses(part_of(schema, "records"), "QueryInvalid", "BodyTooLarge", "MediaTypeUnsupported"),
    }


def _get_operation(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    etag = {"ETag": {"description": "the record's version", "schema": {"type": "string"}}}
    return {
        **operation_of(schema, f"get_{schema.name}_record", f"Get a record of {title_of(schema)}"),
        "description": f"The record with this {_names(schema.key)}. Use its `ETag` for conditional writes.",
        "parameters": [*_key_in_path(schema), *view_parameters(schema, embeddable)],
        "responses": _responses(part_of(schema, "view"), "RecordKeyInvalid", "RecordNotFound", headers=etag),
    }


def _aggregate_operation(schema: DatasetSchema) -> dict[str, Any]:
    return {
        **operation_of(schema, f"aggregate_{schema.name}_records", f"Aggregate records of {title_of(schema)}"),
        "description": "Counts, sums, means and extremes of the records that match all conditions.",
        "parameters": aggregate_parameters(schema),
        "responses": _responses(
            part_of(schema, "results"), "QueryInvalid", "FormatNotAvailable", "ResultOutOfRange", headers=_LINK
        ),
    }


def _key_template(schema: DatasetSchema) -> str:
    """The key in a path template; several values are parameters of their own, which every client can encode."""
    return ",".join(f"{{{name}}}" for name in _key_parameters(schema))


def _key_in_path(schema: DatasetSchema) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The record's `{column.name}`.",
            "schema": choices_of(schema, column) or plain_value(column, schema.examples.get(column.name)),
        }
        for name, column in _key_parameters(schema).items()
    ]


def _key_parameters(schema: DatasetSchema) -> dict[str, Column]:
    """The columns of the key, by the names of the parameters that hold their values."""
    return {"key": schema.key[0]} if len(schema.key) == 1 else {column.name: column for column in schema.key}


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def problem_components() -> dict[str, Any]:
    """The responses that are problems, by the name that operations refer to."""
    return {name: response for name, (_, response) in _PROBLEMS.items()}


def _responses(schema: dict[str, Any], *problems: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """The responses of an operation: the result, and the problems of this name as well as those of every operation."""
    # A list's other forms are not among these: with them, clients of several generators have no type for its records.
    content = {"application/json": {"schema": schema}}
    found = {"description": "Found", "content": content} | ({"headers": headers} if headers else {})
    return {"200": found, **_problems(*problems)}


def _problems(*names: str) -> dict[str, Any]:
    """The problems of these names as well as those of every operation."""
    return {_PROBLEMS[name][0]: {"$ref": RESPONSES + name} for name in (*_EVERYWHERE, *names)}


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem."""
    schema: dict[str, Any] = without_titles(with_wide_integers(ProblemDocument.model_json_schema()))
    return schema
