"""The part of the OpenAPI documents that says how records are asked for: filters, lists, queries and aggregates. Pure.

What datasets have in common is said once: the conditions on each type's values, and each parameter that says nothing of
its dataset. A dataset's own part refers to them. The schema of a list stands in its parameter, where generators look
for how it is written.
"""

from collections.abc import Collection, Sequence
from typing import Any

from app.datasets import keyvalue
from app.datasets.aggregates import COUNT, PERIODS, can_group, periods_of, result_type
from app.datasets.column_types import ANY_INTEGER, ANY_NUMBER, TYPES
from app.datasets.columns import Column
from app.datasets.openapi_names import (
    COUNTING,
    KEY_PART,
    PARAMETERS,
    choices_name,
    choices_of,
    column_part,
    conditions_name,
    filter_name,
    in_comment,
    part_of,
    schema_reference,
)
from app.datasets.operators import OPERATORS, Operator, operators_of, parameter_name
from app.datasets.shape import Shape
from app.datasets.value_schemas import allowed_values, compared_value, number_schemas, or_null

_JUNCTIONS = {"_and": "All of these hold.", "_or": "One of these holds, or more."}
_FLAG = {"type": "boolean"}
_HOW_MANY = {**ANY_INTEGER, "minimum": 0}
_COUNT = {"type": "string", "enum": ["none", "exact", "estimated"]}
_COMMAS = {"style": "form", "explode": False}
# A document in an address. Generators pass over a parameter that has `content` in place of a schema, and its operation.
_JSON_TEXT = {
    "type": "string",
    "format": "json",
    "contentMediaType": "application/json",
    "examples": ['{"color":"red"}'],
}
_SEARCH_WORDS = {"type": "string", "pattern": r"\S"}
WARNINGS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "what may not be meant as it was asked for, and of a slow page what no index serves",
}
_DAYS = "A date alone is its midnight in UTC, and a time without a zone is in UTC."


def _period_schema(name: str) -> dict[str, Any]:
    return or_null({key: value for key, value in PERIODS[name][1].items() if key != "examples"})


def _operand(operator: Operator, value: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an operator takes."""
    if operator.takes == "flag":
        return _FLAG
    if operator.takes == "value":
        return value
    pair = {"minItems": 2, "maxItems": 2} if operator.takes == "pair" else {}
    return {"type": "array", "items": value, **pair}


def _in_address(schema: dict[str, Any]) -> dict[str, Any]:
    """The members of a query parameter that takes values of a schema; in an address, no list is empty."""
    if schema.get("type") != "array":
        return {"schema": schema}
    return {"schema": {"minItems": 1, **schema}, **_COMMAS}


def _conditions(names: Sequence[str], value: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The schema of the conditions on a column in a body; `named` are the values that it may be equal to."""
    members = {
        name: {
            "description": f"It {OPERATORS[name].about}.",
            **_operand(OPERATORS[name], named if OPERATORS[name].names_values else value),
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
        KEY_PART: {"oneOf": [{"type": "string"}, ANY_NUMBER]},
        COUNTING: _COUNT,
    }
    for name, kind in TYPES.items():
        value = compared_value(name)
        shared[conditions_name(name)] = _conditions(kind.operators, value, value)
        if "eq" in kind.operators:
            shared[filter_name(name)] = _filter(schema_reference(conditions_name(name)), value)
    return shared


def choices_schemas(shape: Shape) -> dict[str, Any]:
    """The schemas of the values that columns allow."""
    return {name: allowed_values(column) for column in shape.columns if (name := choices_name(shape, column))}


def query_schemas(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    """The schemas of a dataset's queries: allowed values, conditions, the body of a query and aggregates' results."""
    choices = choices_schemas(shape)
    if shape.store == "keyvalue":
        return choices
    conditions = {
        column_part(shape, column, "conditions"): _own_conditions(shape, column)
        for column in shape.columns
        if column.one_of is not None
    }
    result = {"type": "object", "properties": _result_members(shape), "additionalProperties": False}
    return {
        **choices,
        **conditions,
        f"{shape.name}_where": _where(shape),
        f"{shape.name}_query": _query_body(shape, embeddable),
        f"{shape.name}_result": result,
        f"{shape.name}_results": results_schema(part_of(shape, "result")),
    }


def results_schema(result: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an aggregate answers, its single results being as `result` says."""
    members = {
        "data": {"type": "array", "items": result},
        "next": {"type": ["string", "null"], "description": "`_cursor` of the next page, null on the last one"},
        "complete": {"type": "boolean", "description": "false: there are more results"},
    }
    properties = {**members, "warnings": WARNINGS}
    return {"type": "object", "properties": properties, "required": list(members)}


def _where(shape: Shape) -> dict[str, Any]:
    this = part_of(shape, "where")
    junctions = {
        name: {"type": "array", "items": this, "minItems": 1, "description": about}
        for name, about in _JUNCTIONS.items()
    }
    columns = {column.name: _column_filter(shape, column) for column in shape.columns}
    members = {**columns, **junctions, "_not": this}
    return {"type": "object", "properties": members, "additionalProperties": False}


def _own_conditions(shape: Shape, column: Column) -> dict[str, Any]:
    """The schema of the conditions on a column that allows some values only."""
    return _conditions(column.kind.operators, compared_value(column.type), _allowed(shape, column))


def _allowed(shape: Shape, column: Column) -> dict[str, Any]:
    """The schema of the values that a column with `one_of` takes."""
    return choices_of(shape, column) or allowed_values(column)


def _column_filter(shape: Shape, column: Column) -> dict[str, Any]:
    if column.one_of is not None:
        return _filter(schema_reference(column_part(shape, column, "conditions")), _allowed(shape, column))
    name = filter_name(column.type) if "eq" in column.kind.operators else conditions_name(column.type)
    return schema_reference(name)


# What the body of any query has beside conditions; there, null is as if a member were left out. A `default` would have
# openapi-typescript take a member for required.
_QUERY_MEMBERS: dict[str, Any] = {
    "limit": {**or_null(ANY_INTEGER), "minimum": 1, "description": "50 where it is left out"},
    "cursor": {"type": ["string", "null"], "description": "`next` of the previous page"},
    "count": or_null(schema_reference(COUNTING)),
    "spreadsheet": or_null(_FLAG),
}


def _query_body(shape: Shape, embeddable: Collection[str]) -> dict[str, Any]:
    members = {"where": part_of(shape, "where"), **_QUERY_MEMBERS}
    if shape.columns:
        members["select"] = or_null({**_names(_column_names(shape)), "minItems": 1})
        members["sort"] = or_null(_names(_sort_names(shape)))
    if shape.has_texts:
        members["q"] = or_null(_SEARCH_WORDS)
    if embeddable:
        members["embed"] = or_null(_names(sorted(embeddable)))
    return {"type": "object", "properties": members, "additionalProperties": False}


def _names(names: Sequence[str]) -> dict[str, Any]:
    # Without `uniqueItems`, of which clients of typescript-fetch make a Set.
    return {"type": "array", "items": {"type": "string", "enum": list(names)}}


def _column_names(shape: Shape) -> list[str]:
    return [column.name for column in shape.columns]


def _sort_names(shape: Shape) -> list[str]:
    names = [column.name for column in shape.columns if column.kind.can_be_sorted]
    return [*names, *(f"-{name}" for name in names)]


def key_schema(key: Sequence[Column]) -> dict[str, Any]:
    """The schema of a record's key in a body: its value, or an array of its values."""
    values = [compared_value(column.type) for column in key]
    if len(values) == 1:
        return values[0]
    # What does not know `prefixItems` takes each value for one of `items`.
    item = values[0] if all(value == values[0] for value in values) else schema_reference(KEY_PART)
    return {"type": "array", "prefixItems": values, "items": item, "minItems": len(values), "maxItems": len(values)}


def parameters_of(shape: Shape) -> dict[str, Any]:
    """The parameters that a dataset's operations refer to: one for each column and operator, and those of all lists."""
    return own_parameters(shape) | shared_parameters(shape)


def own_parameters(shape: Shape) -> dict[str, Any]:
    """Those that no other dataset has."""
    return _parameters(shape, [(column, name) for column, name in _filters(shape) if _is_own(column, name)])


def shared_parameters(shape: Shape) -> dict[str, Any]:
    """Those that every dataset has, or every one with a column of this name and type: the same ones, by their names."""
    filters = _parameters(shape, [(column, name) for column, name in _filters(shape) if not _is_own(column, name)])
    return filters if shape.store == "keyvalue" else {**SHARED, **filters}


def _parameters(shape: Shape, filters: Sequence[tuple[Column, str]]) -> dict[str, Any]:
    return {_component_name(shape, column, name): _filter_parameter(shape, column, name) for column, name in filters}


def _is_own(column: Column, operator: str) -> bool:
    """Whether a parameter has something of its dataset: what the column is about, an example, its allowed values."""
    return operator == "eq" or (column.one_of is not None and OPERATORS[operator].names_values)


def _component_name(shape: Shape, column: Column, operator: str) -> str:
    # No name of a dataset has two underscores in a row: `price__gte.decimal` is not one of a dataset's own.
    name = parameter_name(column, operator)
    return f"{shape.name}.{name}" if _is_own(column, operator) else f"{name}.{column.type}"


def _filters(shape: Shape) -> list[tuple[Column, str]]:
    """What the records of a dataset can be filtered by: columns, each with an operator."""
    if shape.store == "keyvalue":
        return keyvalue.listed_by(shape)
    return [(column, name) for column in shape.columns for name in operators_of(column)]


def _filter_parameter(shape: Shape, column: Column, name: str) -> dict[str, Any]:
    operator = OPERATORS[name]
    parameter: dict[str, Any] = {"name": parameter_name(column, name), "in": "query"}
    if shape.store == "keyvalue" and column == shape.key[0]:
        parameter["required"] = True
    said = in_comment(column.description or column.label or "")
    about = said if name == "eq" else f"`{column.name}` {operator.about}."
    if column.type == "datetime" and operator.takes != "flag":
        parameter["description"] = f"{about.rstrip('.')}. {_DAYS}".removeprefix(". ")
    elif about and name not in _PLAIN:
        parameter["description"] = about
    if column.type == "json" and operator.takes == "value":
        return {**parameter, "schema": _JSON_TEXT}
    choices = _allowed(shape, column) if operator.names_values and column.one_of is not None else None
    value = choices or TYPES[column.type].schema
    example = shape.examples.get(column.name)
    if name == "eq" and example is not None and choices is None:
        value = {**value, "examples": [example]}
    return {**parameter, **_in_address(_operand(operator, value))}


# What their names say already.
_PLAIN = ("gt", "gte", "lt", "lte", "in")


def filter_references(shape: Shape) -> list[dict[str, Any]]:
    """What an operation's parameters say of the filters it takes."""
    return [{"$ref": PARAMETERS + _component_name(shape, column, name)} for column, name in _filters(shape)]


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, **_in_address(schema)}


def _any_list(example: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "examples": [[example]]}


LIMIT = _query(
    "_limit",
    {**ANY_INTEGER, "minimum": 1, "default": 50},
    "Maximum number of records: 1,000 per page unless it is set otherwise, unlimited for exports.",
)
CURSOR = _query("_cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, "`next` of the previous page.")
SELECT_TEXT = "The columns that are shown; the others are left out."
SORT_TEXT = (
    "What the records are sorted by; prefix a column with `-` to sort it in descending order. Missing values come last."
)
EMBED_TEXT = "Columns whose records of the other dataset come along, in `_embedded`."
MEASURES_TEXT = "What is computed."
GROUPS_TEXT = "What the records of one result have in common; left out: nothing."
RESULTS_TEXT = "Members of the results that they are sorted by; prefix one with `-` to sort it in descending order."
SEARCH = _query(
    "_q",
    _SEARCH_WORDS,
    'Words that the texts contain; `"in quotes"` next to each other, `or` between choices, `-` before what is absent.',
)
COUNT_PARAMETER = _query(
    "_count",
    {**_COUNT, "default": "none"},
    "Whether the page says how many records there are in all pages; `estimated` is quick with any number of them.",
)
RESULT_LIMIT = _query("_limit", {**ANY_INTEGER, "minimum": 1}, "How many results at most.")
SPREADSHEET = _query(
    "_spreadsheet",
    {**_FLAG, "default": False},
    "Of text/csv: no text is taken for a formula, and letters of every language are read as what they are.",
)


# No name of a dataset or of a column begins with an underscore.
SHARED = {given["name"]: given for given in (LIMIT, CURSOR, SEARCH, COUNT_PARAMETER, SPREADSHEET)}
SHARED["_limit.results"] = RESULT_LIMIT


def _shared(*names: str) -> list[dict[str, Any]]:
    return [{"$ref": PARAMETERS + name} for name in names]


def view_parameters(shape: Shape, embeddable: Collection[str]) -> list[dict[str, Any]]:
    """The parameters that say what is shown of a record."""
    embed = [_query("_embed", _names(sorted(embeddable)), EMBED_TEXT)] if embeddable else []
    return [_query("_select", _names(_column_names(shape)), SELECT_TEXT), *embed] if shape.columns else []


def list_parameters(shape: Shape, embeddable: Collection[str]) -> list[dict[str, Any]]:
    """All that a list takes."""
    if shape.store == "keyvalue":
        names = [shape.key[-1].name, f"-{shape.key[-1].name}"]
        sort = _query("_sort", {**_names(names), "maxItems": 1}, "The direction of the list.")
        return [LIMIT, CURSOR, sort, *view_parameters(shape, embeddable), *filter_references(shape)]
    sorts = [_query("_sort", _names(_sort_names(shape)), SORT_TEXT)] if shape.columns else []
    view = view_parameters(shape, embeddable)
    others = _shared(*(["_q"] if shape.has_texts else []), "_count", "_spreadsheet")
    return [*_shared("_limit", "_cursor"), *sorts, *view, *others, *filter_references(shape)]


def aggregate_parameters(shape: Shape) -> list[dict[str, Any]]:
    """All that an aggregate takes."""
    groups, measures = _group_names(shape), _measure_names(shape)
    results = [*dict.fromkeys([*groups, *measures])]
    parameters = [_query("_aggregate", {**_names(measures), "default": [COUNT]}, MEASURES_TEXT)]
    if groups:
        parameters += [
            _query("_group", _names(groups), GROUPS_TEXT),
            _query("_sort", _names([*results, *(f"-{name}" for name in results)]), RESULTS_TEXT),
        ]
    others = _shared("_limit.results", "_cursor", *(["_q"] if shape.has_texts else []), "_spreadsheet")
    return [*parameters, *others, *filter_references(shape)]


def _group_names(shape: Shape) -> list[str]:
    return [
        name
        for column in shape.columns
        if can_group(column)
        for name in (column.name, *(f"{column.name}__{period}" for period in periods_of(column)))
    ]


def _measure_names(shape: Shape) -> list[str]:
    return [COUNT, *(f"{column.name}__{name}" for column in shape.columns for name in column.kind.aggregates)]


def _result_members(shape: Shape) -> dict[str, Any]:
    members: dict[str, Any] = {COUNT: {**_HOW_MANY, "description": "how many records there are"}}
    for column in shape.columns:
        if can_group(column):
            common = _result_of(column.type)
            members[column.name] = common if column.name != COUNT else {"anyOf": [common, _HOW_MANY]}
        members |= {f"{column.name}__{period}": _period_schema(period) for period in periods_of(column)}
        members |= {f"{column.name}__{name}": _result_schema(name, column) for name in column.kind.aggregates}
    return members


def _result_schema(function: str, column: Column) -> dict[str, Any]:
    if function.startswith(COUNT):
        return _HOW_MANY
    if function == "avg" and column.type == "integer":
        return or_null(TYPES["number"].schema)  # always finite
    return _result_of(result_type(function, column))


def _result_of(type_name: str) -> dict[str, Any]:
    """The schema of what a group has in common, or a function gives: a value of a type, or null."""
    schema = compared_value(type_name)
    return or_null({name: value for name, value in schema.items() if name not in ("pattern", "minimum", "maximum")})


# What the routes of any dataset take, whose columns they do not know.
ANY_FILTER = {
    "name": "filters",
    "in": "query",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    "style": "form",
    "explode": True,
    "description": f"`column=value` or `column__operator=value`; the operators are {', '.join(OPERATORS)}.",
}
ANY_VIEW = [_query("_select", _any_list("price"), SELECT_TEXT), _query("_embed", _any_list("category"), EMBED_TEXT)]
ANY_LIST = [
    *(LIMIT, CURSOR, _query("_sort", _any_list("-price"), SORT_TEXT), *ANY_VIEW, SEARCH, COUNT_PARAMETER, SPREADSHEET),
    ANY_FILTER,
]
ANY_AGGREGATE = [
    _query("_aggregate", _any_list("price__sum"), MEASURES_TEXT),
    _query("_group", _any_list("category"), GROUPS_TEXT),
    _query("_sort", _any_list("-price__sum"), RESULTS_TEXT),
    *(RESULT_LIMIT, CURSOR, SEARCH, SPREADSHEET, ANY_FILTER),
]
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
        "q": or_null(_SEARCH_WORDS),
    },
    "additionalProperties": False,
}
