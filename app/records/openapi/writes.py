"""Typed OpenAPI of writing records: the schemas of what is sent, and the operations that take them. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from app.columns.column import ROW_ID, Column
from app.columns.json_schema import written_value
from app.columns.rules import ADDRESSABLE, address_rule
from app.columns.schema_references import schema_reference
from app.columns.types.numbers import ANY_INTEGER
from app.core.http.names import IDEMPOTENCY_KEY, JSON, MAX_IDEMPOTENCY_KEY_LENGTH, MERGE_PATCH
from app.core.http.problem_documents import problem_response
from app.datasets.schema import DatasetSchema
from app.records.openapi.names import ANY_RECORD as ANY_RECORD_NAME
from app.records.openapi.names import choices_of, part_of, title_of

Document = dict[str, Any]

# A record of any dataset. It has a name in documents: generators give inline objects names that are invalid in Go.
ANY_RECORD_SCHEMA: Document = {
    "type": "object",
    "additionalProperties": True,
    "description": "a member for each column",
}
_ANY_RECORD: Document = schema_reference(ANY_RECORD_NAME)
# One entity tag, or several: RFC 9110, 8.8.3 and 13.1.
_TAG = r'(W/)?"[!#-~]*"'
_TAGS: Document = {
    "type": "string",
    "pattern": rf"^(\*|{_TAG}(\s*,\s*{_TAG})*)$",
    "examples": ['"0b1e96b2d2d8ae0c9d1cf5f1a3f7c1aa"'],
}
REPETITION: Document = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "schema": {"type": "string", "pattern": f"^[!-~]([ -~]{{0,{MAX_IDEMPOTENCY_KEY_LENGTH - 2}}}[!-~])?$"},
    "description": "A new UUID: a request repeated with the same one is not processed again.",
}
_IF_MATCH: Document = {
    "name": "If-Match",
    "in": "header",
    "schema": _TAGS,
    "description": "Proceed only if the record still has this ETag (`*`: if it exists); otherwise 412.",
}
_IF_NONE_MATCH: Document = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string", "enum": ["*"]},
    "description": "*: add the record, but do not replace one (412).",
}
_IF_CHANGED: Document = {
    "name": "If-None-Match",
    "in": "header",
    "schema": _TAGS,
    "description": "The ETag of your copy: if the record still has it, the response is 304.",
}
_ETAG: Document = {"ETag": {"description": "the record's version", "schema": {"type": "string"}}}
_NEW: Document = {
    **_ETAG,
    "Location": {"description": "the URL of a single record", "schema": {"type": "string"}},
}

# The same for any dataset, in the document of the fixed routes.
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
CONDITIONS: list[Document] = [_IF_MATCH]
CREATE_CONDITIONS: list[Document] = [_IF_MATCH, _IF_NONE_MATCH]


def body_of(schema: Document, *media_types: str) -> Document:
    """A request's body of a schema, in JSON by default."""
    return {"required": True, "content": {name: {"schema": schema} for name in media_types or (JSON,)}}


def described(**members: Any) -> Document:
    """The parts of a document that the framework cannot derive from a route that reads its request itself."""
    return {"security": SECURITY, **members}


def operation_of(schema: DatasetSchema, operation_id: str, summary: str) -> Document:
    """The members of every operation on a dataset's records."""
    return {"operationId": operation_id, "summary": summary, "tags": [schema.name], "security": SECURITY}


ANY_RECORD = body_of(_ANY_RECORD)
ANY_NEW = body_of(
    {
        "oneOf": [
            _ANY_RECORD,
            {"type": "array", "items": {"type": "object", "additionalProperties": True}, "minItems": 1},
        ]
    }
)
ANY_CHANGE = body_of(_ANY_RECORD, JSON, MERGE_PATCH)


# The problems of writing, by the name that operations refer to: the status and the response.
WRITE_PROBLEMS: dict[str, tuple[str, Document]] = {
    "MalformedJson": ("400", problem_response("The body is not JSON, or the URL or a header is invalid")),
    "Conflict": (
        "409",
        problem_response(
            "A unique value is taken, a referenced record does not exist, the dataset has no columns yet or is in "
            "use by an import or another request, or the request with this Idempotency-Key is still running"
        ),
    ),
    "RecordReferenced": ("409", problem_response("Another record references this one, or the dataset is busy")),
    "PreconditionFailed": ("412", problem_response("The precondition of If-Match or If-None-Match failed")),
    "RequestTooLarge": ("413", problem_response("Body or array too large")),
    "MediaTypeUnsupported": ("415", problem_response("Unsupported media type")),
    "RecordInvalid": ("422", problem_response("Invalid record, or an Idempotency-Key reused with another body")),
}
_WRITING = ("MalformedJson", "Conflict", "RequestTooLarge", "MediaTypeUnsupported", "RecordInvalid")
_ADDRESSED = ("RecordNotFound", "PreconditionFailed")


def can_be_conditional(operation: Document) -> Document:
    """The operation that gets a record, with the header that asks for it only if it has changed."""
    unchanged = {"304": {"description": "The record still has the ETag of If-None-Match", "headers": _ETAG}}
    return {
        **operation,
        "parameters": [*operation["parameters"], _IF_CHANGED],
        "responses": {**operation["responses"], **unchanged},
    }


def write_schemas(schema: DatasetSchema) -> dict[str, Document]:
    """The schemas of what is sent: a new record, a whole one at its address, and changes; and of an array's answer."""
    title = title_of(schema)
    key = {column.name for column in schema.key}
    written = [column for column in schema.columns if column.name != ROW_ID]
    values = {column.name: _written(column, schema) for column in written}
    required = [column.name for column in written if column.required]
    changes = {name: value for name, value in values.items() if name not in key}
    numbered = {ROW_ID: {**ANY_INTEGER, "description": "as in the URL"}} if ROW_ID in key else {}
    return {
        f"{schema.name}_create": _object(f"A new record of {title}.", values, required),
        # The same by another name: clients of typescript-fetch do not compile with one schema twice in a choice.
        f"{schema.name}_new": {
            "description": f"One of several new records of {title}.",
            "allOf": [part_of(schema, "create")],
        },
        f"{schema.name}_replace": _object(
            f"A whole record of {title}; its key is in the URL.",
            {**numbered, **values},
            [name for name in required if name not in key],
        ),
        f"{schema.name}_update": _object(f"Changes to a record of {title}.", changes, []),
        f"{schema.name}_created": {
            "type": "object",
            "properties": {"data": {"type": "array", "items": part_of(schema, "record")}},
            "required": ["data"],
        },
    }


def _written(column: Column, schema: DatasetSchema) -> Document:
    """The schema of what is sent for a column; one with a pattern or choices of its own cannot say what no key is."""
    value = written_value(column, schema.examples.get(column.name), choices_of(schema, column))
    if address_rule(column, [part.name for part in schema.key]) is None or column.one_of is not None:
        return value
    return {"pattern": ADDRESSABLE, **value}


def write_operations(
    schema: DatasetSchema, key: list[Document], problems: Callable[..., Document]
) -> tuple[dict[str, Document], dict[str, Document]]:
    """The operations on the path of all records and on that of one.

    `key` are the parameters of the latter; `problems` gives the responses of these names as well as those of every
    operation.
    """
    one, name, title = part_of(schema, "record"), schema.name, title_of(schema)
    post = operation_of(schema, f"create_{name}_records", f"Add a record, or an array of records, of {title}") | {
        "description": "All records of an array are added, or none. The response has the added records.",
        "parameters": [REPETITION],
        "requestBody": body_of(_new_records(schema)),
        "responses": {
            "201": _answer("Added", {"oneOf": [one, part_of(schema, "created")]}, _NEW),
            **problems(*_WRITING),
        },
    }
    put = operation_of(schema, f"replace_{name}_record", f"Add or replace a record of {title}") | {
        "description": "Adds the record with this key (201) or replaces it (200): columns that you leave out are null.",
        "parameters": [*key, *CREATE_CONDITIONS],
        "requestBody": body_of(part_of(schema, "replace")),
        "responses": {
            "200": _answer("Replaced", one, _ETAG),
            "201": _answer("Added", one, _NEW),
            **problems(*_WRITING, *_ADDRESSED),
        },
    }
    patch = operation_of(schema, f"update_{name}_record", f"Change a record of {title}") | {
        "description": "A JSON merge patch: columns that you leave out stay, null empties one.",
        "parameters": [*key, *CONDITIONS],
        "requestBody": body_of(part_of(schema, "update"), JSON, MERGE_PATCH),
        "responses": {"200": _answer("Changed", one, _ETAG), **problems(*_WRITING, *_ADDRESSED)},
    }
    delete = operation_of(schema, f"delete_{name}_record", f"Delete a record of {title}") | {
        "description": "With `If-Match`, only if the record still has that ETag.",
        "parameters": [*key, *CONDITIONS],
        "responses": {"204": {"description": "Deleted"}, **problems("MalformedJson", "RecordReferenced", *_ADDRESSED)},
    }
    return {"post": post}, {"put": put, "patch": patch, "delete": delete}


def _new_records(schema: DatasetSchema) -> Document:
    """The schema of one new record or several; without columns the two are the same."""
    one = part_of(schema, "create")
    several = {"type": "array", "items": part_of(schema, "new"), "minItems": 1}
    return {"oneOf": [one, several]} if schema.columns else one


def _answer(description: str, schema: Document, headers: Document) -> Document:
    return {"description": description, "headers": headers, "content": {JSON: {"schema": schema}}}


def _object(description: str, properties: Document, required: Sequence[str]) -> Document:
    schema: Document = {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"required": list(required)} if required else {})
