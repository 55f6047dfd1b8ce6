"""The part of the OpenAPI documents that says what is asked of records in JSON, and what aggregates answer. Pure.

The conditions on each type's values are said once for all datasets. A dataset's own part refers to them.
"""

from collections.abc import Collection, Sequence
from typing import Any

from app.columns.column import Column
from app.columns.json_schema import allowed_values, compared_value, image_schemas, number_schemas, or_null
from app.columns.schema_references import schema_reference
from app.columns.types.numbers import ANY_INTEGER, ANY_NUMBER
from app.columns.types.registry import TYPES
from app.datasets.schema import DatasetSchema
from app.records.openapi.names import (
    COUNTING,
    KEY_PART,
    choices_name,
    choices_of,
    column_part,
    conditions_name,
    filter_name,
    part_of,
)
from app.records.query.functions import COUNT, PERIODS, can_group, periods_of, result_type
from app.records.query.operators import OPERATORS, Operator

_JUNCTIONS = {"_and": "All of these hold.", "_or": "One of these holds, or more."}
FLAG = {"type": "boolean"}
_HOW_MANY = {**ANY_INTEGER, "minimum": 0}
COUNT_MODES = {"type": "string", "enum": ["none", "exact", "estimated"]}
SEARCH_WORDS = {"type": "string", "pattern": r"\S"}
NEXT = {"type": ["string", "null"], "description": "`_cursor` of the next page, null on the last one"}
WARNINGS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "conditions that may not mean what you intended, and for a slow page the parts that no index serves",
}


def _period_schema(name: str) -> dict[str, Any]:
    return or_null({key: value for key, value in PERIODS[name][1].items() if key != "examples"})


def operand(operator: Operator, value: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an operator takes."""
    if operator.takes == "flag":
        return FLAG
    if operator.takes == "value":
        return value
    pair = {"minItems": 2, "maxItems": 2} if operator.takes == "pair" else {}
    return {"type": "array", "items": value, **pair}


def _conditions(names: Sequence[str], value: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The schema of the conditions on a column in a body; `named` are the values that it may be equal to."""
    members = {
        name: {
            "description": f"It {OPERATORS[name].about}.",
            **operand(OPERATORS[name], named if OPERATORS[name].names_values else value),
        }
        for name in names
    }
    return {"type": "object", "properties": members, "additionalProperties": False, "minProperties": 1}


def _filter(conditions: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The schema of what may be asked of a column: what it is, or conditions."""
    # Not `oneOf`: clients of typescript-fetch do not compile with an enumeration or a date in it.
    return {"anyOf": [named, conditions]}


def shared_schemas() -> dict[str, Any]:
    """The schemas that datasets refer to: numbers, keys, and what may be asked of each type's values."""
    shared: dict[str, Any] = {
        **number_schemas(),
        **image_schemas(),
        KEY_PART: {"oneOf": [{"type": "string"}, ANY_NUMBER]},
        COUNTING: COUNT_MODES,
    }
    for name, kind in TYPES.items():
        value = compared_value(name)
        shared[conditions_name(name)] = _conditions(kind.operators, value, value)
        if "eq" in kind.operators:
            shared[filter_name(name)] = _filter(schema_reference(conditions_name(name)), value)
    return shared


def choices_schemas(schema: DatasetSchema) -> dict[str, Any]:
    """The schemas of the values that columns allow."""
    return {name: allowed_values(column) for column in schema.columns if (name := choices_name(schema, column))}


def query_schemas(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    """The schemas of a dataset's queries: allowed values, conditions, the body of a query and aggregates' results."""
    choices = choices_schemas(schema)
    if not schema.can.queries:
        return choices
    conditions = {
        column_part(schema, column, "conditions"): _own_conditions(schema, column)
        for column in schema.columns
        if column.one_of is not None
    }
    result = {"type": "object", "properties": _result_members(schema), "additionalProperties": False}
    return {
        **choices,
        **conditions,
        f"{schema.name}_where": _where(schema),
        f"{schema.name}_query": _query_body(schema, embeddable),
        f"{schema.name}_result": result,
        f"{schema.name}_results": results_schema(part_of(schema, "result")),
    }


def results_schema(result: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an aggregate answers, its single results being as `result` says."""
    members = {
        "data": {"type": "array", "items": result},
        "next": NEXT,
        "complete": {"type": "boolean", "description": "false: there are more results"},
    }
    properties = {**members, "warnings": WARNINGS}
    return {"type": "object", "properties": properties, "required": list(members)}


def _where(schema: DatasetSchema) -> dict[str, Any]:
    this = part_of(schema, "where")
    junctions = {
        name: {"type": "array", "items": this, "minItems": 1, "description": about}
        for name, about in _JUNCTIONS.items()
    }
    columns = {column.name: _column_filter(schema, column) for column in schema.columns}
    members = {**columns, **junctions, "_not": this}
    return {"type": "object", "properties": members, "additionalProperties": False}


def _own_conditions(schema: DatasetSchema, column: Column) -> dict[str, Any]:
    """The schema of the conditions on a column that allows some values only."""
    return _conditions(column.kind.operators, compared_value(column.type), allowed(schema, column))


def allowed(schema: DatasetSchema, column: Column) -> dict[str, Any]:
    """The schema of the values that a column with `one_of` takes."""
    return choices_of(schema, column) or allowed_values(column)


def _column_filter(schema: DatasetSchema, column: Column) -> dict[str, Any]:
    if column.one_of is not None:
        return _filter(schema_reference(column_part(schema, column, "conditions")), allowed(schema, column))
    name = filter_name(column.type) if "eq" in column.kind.operators else conditions_name(column.type)
    return schema_reference(name)


# The members of any query's body other than conditions; null means that a member is left out. A `default` would have
# openapi-typescript take a member for required.
_QUERY_MEMBERS: dict[str, Any] = {
    "limit": {**or_null(ANY_INTEGER), "minimum": 1, "description": "50 by default"},
    "cursor": {"type": ["string", "null"], "description": "`next` of the previous page"},
    "count": or_null(schema_reference(COUNTING)),
    "spreadsheet": or_null(FLAG),
}


def _query_body(schema: DatasetSchema, embeddable: Collection[str]) -> dict[str, Any]:
    members = {"where": part_of(schema, "where"), **_QUERY_MEMBERS}
    if schema.columns:
        members["select"] = or_null({**names_schema(column_names(schema)), "minItems": 1})
        members["sort"] = or_null(names_schema(sort_names(schema)))
    if schema.has_texts:
        members["q"] = or_null(SEARCH_WORDS)
    if embeddable:
        members["embed"] = or_null(names_schema(sorted(embeddable)))
    return {"type": "object", "properties": members, "additionalProperties": False}


def names_schema(names: Sequence[str]) -> dict[str, Any]:
    """The schema of a list of some of these names."""
    # Without `uniqueItems`, of which clients of typescript-fetch make a Set.
    return {"type": "array", "items": {"type": "string", "enum": list(names)}}


def column_names(schema: DatasetSchema) -> list[str]:
    """The columns that a record's view can have."""
    return [column.name for column in schema.columns]


def sort_names(schema: DatasetSchema) -> list[str]:
    """The sort terms of records, in both directions."""
    names = [column.name for column in schema.columns if column.kind.can_be_sorted]
    return [*names, *(f"-{name}" for name in names)]


def key_schema(key: Sequence[Column]) -> dict[str, Any]:
    """The schema of a record's key in a body: its value, or an array of its values."""
    values = [compared_value(column.type) for column in key]
    if len(values) == 1:
        return values[0]
    # What does not know `prefixItems` takes each value for one of `items`.
    item = values[0] if all(value == values[0] for value in values) else schema_reference(KEY_PART)
    return {"type": "array", "prefixItems": values, "items": item, "minItems": len(values), "maxItems": len(values)}


def _result_members(schema: DatasetSchema) -> dict[str, Any]:
    members: dict[str, Any] = {COUNT: {**_HOW_MANY, "description": "how many records there are"}}
    for column in schema.columns:
        if can_group(column):
            common = _result_of(column.type)
            members[column.name] = common if column.name != COUNT else {"anyOf": [common, _HOW_MANY]}
        members |= {f"{column.name}__{period}": _period_schema(period) for period in periods_of(column)}
        members |= {f"{column.name}__{name}": _result_schema(name, column) for name in column.kind.aggregates}
    return members


def _result_schema(function: str, column: Column) -> dict[str, Any]:
    if function.startswith(COUNT):
        return _HOW_MANY
    if function == "avg" and column.kind.json_type == "integer":
        return or_null(TYPES["number"].schema)  # always finite
    return _result_of(result_type(function, column))


def _result_of(type_name: str) -> dict[str, Any]:
    """The schema of what a group has in common, or a function gives: a value of a type, or null."""
    schema = compared_value(type_name)
    return or_null({name: value for name, value in schema.items() if name not in ("pattern", "minimum", "maximum")})


_ANY_VALUES = {"type": "array", "items": {"type": ["string", "number"]}}
ANY_KEYS = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"anyOf": [{"type": ["string", "number"]}, _ANY_VALUES]}}},
    "required": ["keys"],
    "additionalProperties": False,
}
ANY_QUERY = {
    "type": "object",
    "properties": {
        "where": {"type": "object", "description": "conditions that all hold", "examples": [{"price": {"gte": 10}}]},
        **_QUERY_MEMBERS,
        **{name: {"type": ["array", "null"], "items": {"type": "string"}} for name in ("select", "sort", "embed")},
        "q": or_null(SEARCH_WORDS),
    },
    "additionalProperties": False,
}
