"""The query parameters of records in the OpenAPI documents. Pure.

Each parameter without anything of its dataset is defined once, and the operations refer to it. The schema of a list is
in its parameter, in which generators look for its style.
"""

from collections.abc import Collection, Sequence
from typing import Any

from app.columns.column import Column
from app.columns.schema_references import in_comment
from app.columns.types.numbers import ANY_INTEGER
from app.datasets.schema import DatasetSchema
from app.records.openapi.names import PARAMETERS
from app.records.openapi.queries import (
    COUNT_MODES,
    FLAG,
    SEARCH_WORDS,
    allowed,
    column_names,
    names_schema,
    operand,
    sort_names,
)
from app.records.query.functions import COUNT, can_group, periods_of
from app.records.query.operators import OPERATORS, listed_by, operators_of, parameter_name

_COMMAS = {"style": "form", "explode": False}
# A document in an address. Generators pass over a parameter that has `content` in place of a schema, and its operation.
_JSON_TEXT = {
    "type": "string",
    "format": "json",
    "contentMediaType": "application/json",
    "examples": ['{"color":"red"}'],
}


def _in_address(schema: dict[str, Any]) -> dict[str, Any]:
    """The members of a query parameter that takes values of a schema; in an address, no list is empty."""
    if schema.get("type") != "array":
        return {"schema": schema}
    return {"schema": {"minItems": 1, **schema}, **_COMMAS}


def parameters_of(schema: DatasetSchema) -> dict[str, Any]:
    """The parameters that a dataset's operations refer to: one for each column and operator, and those of all lists."""
    return own_parameters(schema) | shared_parameters(schema)


def own_parameters(schema: DatasetSchema) -> dict[str, Any]:
    """Those that no other dataset has."""
    return _parameters(schema, [(column, name) for column, name in _filters(schema) if _is_own(column, name)])


def shared_parameters(schema: DatasetSchema) -> dict[str, Any]:
    """Those that every dataset has, or every one with a column of this name and type: the same ones, by their names."""
    filters = _parameters(schema, [(column, name) for column, name in _filters(schema) if not _is_own(column, name)])
    return {**SHARED, **filters} if schema.can.queries else filters


def _parameters(schema: DatasetSchema, filters: Sequence[tuple[Column, str]]) -> dict[str, Any]:
    return {_component_name(schema, column, name): _filter_parameter(schema, column, name) for column, name in filters}


def _is_own(column: Column, operator: str) -> bool:
    """Return whether a parameter has something of its dataset: the column's description, an example, allowed values."""
    return operator == "eq" or (column.one_of is not None and OPERATORS[operator].names_values)


def _component_name(schema: DatasetSchema, column: Column, operator: str) -> str:
    # No name of a dataset has two underscores in a row: `price__gte.decimal` is not one of a dataset's own.
    name = parameter_name(column, operator)
    return f"{schema.name}.{name}" if _is_own(column, operator) else f"{name}.{column.type}"


def _filters(schema: DatasetSchema) -> list[tuple[Column, str]]:
    """The filters of a dataset's records: columns, each with an operator."""
    if not schema.can.queries:
        return listed_by(schema)
    return [(column, name) for column in schema.columns for name in operators_of(column)]


def _filter_parameter(schema: DatasetSchema, column: Column, name: str) -> dict[str, Any]:
    operator = OPERATORS[name]
    parameter: dict[str, Any] = {"name": parameter_name(column, name), "in": "query"}
    if not schema.can.queries and column == schema.key[0]:
        parameter["required"] = True
    said = in_comment(column.description or column.label or "")
    about = said if name == "eq" else f"`{column.name}` {operator.about}."
    if column.kind.query_note and operator.takes != "flag":
        parameter["description"] = f"{about.rstrip('.')}. {column.kind.query_note}".removeprefix(". ")
    elif about and not operator.is_plain:
        parameter["description"] = about
    if column.kind.is_document and operator.takes == "value":
        return {**parameter, "schema": _JSON_TEXT}
    choices = allowed(schema, column) if operator.names_values and column.one_of is not None else None
    value = choices or column.kind.schema
    example = schema.examples.get(column.name)
    if name == "eq" and example is not None and choices is None:
        value = {**value, "examples": [example]}
    return {**parameter, **_in_address(operand(operator, value))}


def filter_references(schema: DatasetSchema) -> list[dict[str, Any]]:
    """The parameters of an operation for its filters."""
    return [{"$ref": PARAMETERS + _component_name(schema, column, name)} for column, name in _filters(schema)]


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, **_in_address(schema)}


def _any_list(example: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "examples": [[example]]}


LIMIT = _query(
    "_limit",
    {**ANY_INTEGER, "minimum": 1, "default": 50},
    "Maximum number of records: 1,000 per page by default, unlimited for exports.",
)
CURSOR = _query("_cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, "`next` of the previous page.")
SELECT_TEXT = "The columns to return; the others are left out."
SORT_TEXT = "The columns to sort by; prefix one with `-` for descending order. Missing values come last."
EMBED_TEXT = "Columns whose referenced records are embedded, in `_embedded`."
MEASURES_TEXT = "The results to compute."
GROUPS_TEXT = "The columns to group by; left out: one result of all records."
RESULTS_TEXT = "Members of the results to sort by; prefix one with `-` for descending order."
SEARCH = _query(
    "_q",
    SEARCH_WORDS,
    'Words that the texts contain; `"in quotes"` next to each other, `or` between choices, `-` before what is absent.',
)
COUNT_PARAMETER = _query(
    "_count",
    {**COUNT_MODES, "default": "none"},
    "Count the records of all pages; `estimated` is fast with any number of records.",
)
RESULT_LIMIT = _query("_limit", {**ANY_INTEGER, "minimum": 1}, "Maximum number of results.")
SPREADSHEET = _query(
    "_spreadsheet",
    {**FLAG, "default": False},
    "For text/csv: safe to open in a spreadsheet, without formulas and with letters of every language.",
)
# No name of a dataset or of a column begins with an underscore.
SHARED = {given["name"]: given for given in (LIMIT, CURSOR, SEARCH, COUNT_PARAMETER, SPREADSHEET)}
SHARED["_limit.results"] = RESULT_LIMIT


def _shared(*names: str) -> list[dict[str, Any]]:
    return [{"$ref": PARAMETERS + name} for name in names]


def view_parameters(schema: DatasetSchema, embeddable: Collection[str]) -> list[dict[str, Any]]:
    """The parameters that say what is shown of a record."""
    embed = [_query("_embed", names_schema(sorted(embeddable)), EMBED_TEXT)] if embeddable else []
    return [_query("_select", names_schema(column_names(schema)), SELECT_TEXT), *embed] if schema.columns else []


def list_parameters(schema: DatasetSchema, embeddable: Collection[str]) -> list[dict[str, Any]]:
    """All that a list takes."""
    if not schema.can.queries:
        names = [schema.key[-1].name, f"-{schema.key[-1].name}"]
        sort = _query("_sort", {**names_schema(names), "maxItems": 1}, "The sort order.")
        return [LIMIT, CURSOR, sort, *view_parameters(schema, embeddable), *filter_references(schema)]
    sorts = [_query("_sort", names_schema(sort_names(schema)), SORT_TEXT)] if schema.columns else []
    view = view_parameters(schema, embeddable)
    others = _shared(*(["_q"] if schema.has_texts else []), "_count", "_spreadsheet")
    return [*_shared("_limit", "_cursor"), *sorts, *view, *others, *filter_references(schema)]


def aggregate_parameters(schema: DatasetSchema) -> list[dict[str, Any]]:
    """All that an aggregate takes."""
    groups, measures = _group_names(schema), _measure_names(schema)
    results = [*dict.fromkeys([*groups, *measures])]
    parameters = [_query("_aggregate", {**names_schema(measures), "default": [COUNT]}, MEASURES_TEXT)]
    if groups:
        parameters += [
            _query("_group", names_schema(groups), GROUPS_TEXT),
            _query("_sort", names_schema([*results, *(f"-{name}" for name in results)]), RESULTS_TEXT),
        ]
    others = _shared("_limit.results", "_cursor", *(["_q"] if schema.has_texts else []), "_spreadsheet")
    return [*parameters, *others, *filter_references(schema)]


def _group_names(schema: DatasetSchema) -> list[str]:
    return [
        name
        for column in schema.columns
        if can_group(column)
        for name in (column.name, *(f"{column.name}__{period}" for period in periods_of(column)))
    ]


def _measure_names(schema: DatasetSchema) -> list[str]:
    return [COUNT, *(f"{column.name}__{name}" for column in schema.columns for name in column.kind.aggregates)]


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
