"""The JSON schemas of a column's values: as records show them, as they are sent, and as queries compare them. Pure."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from app.datasets.column_types import ANY_INTEGER, MAX_BIGINT, MAX_SAFE_INTEGER, TYPES
from app.datasets.columns import Column
from app.datasets.patterns import anchored

Schema = dict[str, Any]

# What JSON has no number for.
NOT_FINITE = ("NaN", "Infinity", "-Infinity")
NUMBER_NOTE = "NaN, Infinity and -Infinity, which JSON has no number for, are texts."
# JSON's numbers are read as binary ones nearly everywhere: their bounds are told only where these are exact.
_EXACT_DIGITS = 15
# What documents show for a value where nothing is known of the records.
_EXAMPLES: dict[str, str | int | float] = {
    "integer": 42,
    "bigint": "9007199254740993",
    "number": 1.5,
    "date": "2026-01-31",
    "datetime": "2026-01-31T12:00:00.000000Z",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
}


def shown_value(column: Column, example: Any = None) -> Schema:
    """The schema of what a record shows in a column, null included where it may be missing."""
    schema = plain_value(column, example)
    if column.type == "decimal" and column.one_of is None:
        behind = rf"\.[0-9]{{{column.scale}}}" if column.scale else ""
        schema["pattern"] = f"^-?[0-9]{{1,{column.precision}}}{behind}$"
    return _complete(schema, column)


def written_value(column: Column, example: Any = None) -> Schema:
    """The schema of what is sent for a column: what a record shows, and a number where nothing is lost by it."""
    schema = plain_value(column, example)
    if column.one_of is not None:
        schema |= allowed_values(column)
    else:
        if column.type == "decimal":
            schema |= _decimal_number(column)
        if column.type == "bigint":
            schema |= {"type": ["string", "integer"], "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER}
    return _complete(schema, column)


def compared_value(type_name: str) -> Schema:
    """The schema of a value of a type that is only compared: an exact one may be a number, of any digits."""
    schema = TYPES[type_name].schema
    if type_name == "bigint":
        return {**schema, "type": ["string", "integer"], "minimum": -MAX_BIGINT - 1, "maximum": MAX_BIGINT}
    if type_name == "number":
        return not_finite_too(schema, type_name)
    if type_name == "decimal":
        return {**schema, "type": ["string", "number"]}
    return schema


def allowed_values(column: Column) -> Schema:
    """The schema of the values that a column with `one_of` takes: as records show them, decimals as numbers too."""
    values: list[str | int | float] = [_as_shown(value, column) for value in column.one_of or ()]
    if column.type == "integer":
        return {**ANY_INTEGER, "enum": values}
    if column.type != "decimal":
        return {"type": column.kind.schema["type"], "enum": values}
    return {"type": ["string", "number"], "enum": [*values, *(_number(value) for value in values)]}


def _number(text: str | float) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def plain_value(column: Column, example: Any = None) -> Schema:
    """The schema of a value that is there, with all that JSON schemas can say of the column's constraints.

    `example` is a value of the column's own, as a record shows it; without one, a value that any such column may have.
    """
    schema = dict(column.kind.schema)
    if column.description or column.label:
        schema["description"] = column.description or column.label
    if column.one_of is not None:
        schema["enum"] = [_as_shown(value, column) for value in column.one_of]
    if column.max_length is not None:
        schema["maxLength"] = column.max_length
    if column.pattern is not None:
        schema["pattern"] = anchored(column.pattern)
    if column.type in ("integer", "number"):
        bounds = {"minimum": column.min, "maximum": column.max}
        schema |= {name: _as_shown(bound, column) for name, bound in bounds.items() if bound is not None}
    shown = example if example is not None else _example(column)
    return schema if shown is None else schema | {"examples": [shown]}


def decimal_pattern(precision: int, scale: int) -> str:
    """The texts that stand for decimals of at most `scale` digits behind the point and `precision` in all."""
    before = precision - scale
    whole = f"(0|[1-9][0-9]{{0,{before - 1}}})" if before else "0"
    behind = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
    return f"^-?{whole}{behind}$"


def _decimal_number(column: Column) -> Schema:
    precision, scale = column.precision or 0, column.scale or 0
    schema: Schema = {"type": ["string", "number"], "pattern": decimal_pattern(precision, scale)}
    if precision - scale > _EXACT_DIGITS:
        return schema
    beyond = 10 ** (precision - scale)
    least, most = column.min, column.max
    schema |= {"exclusiveMinimum": -beyond} if least is None else {"minimum": float(least)}
    return schema | ({"exclusiveMaximum": beyond} if most is None else {"maximum": float(most)})


def not_finite_too(schema: Schema, type_name: str, texts: Sequence[str] = NOT_FINITE) -> Schema:
    """The schema of a number with the texts that stand for what JSON has no number for; of another type, as it is."""
    return {"anyOf": [schema, {"type": "string", "enum": list(texts)}]} if type_name == "number" and texts else schema


def or_null(schema: Schema) -> Schema:
    """The schema with null."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "type" not in schema:
        return schema
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*types, "null"], **choices}


def with_wide_integers(value: Any) -> Any:
    """A part of a document in which every integer has a format: without one, generators read 32 bits."""
    if isinstance(value, list):
        return [with_wide_integers(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    members = {n: inner if n in ("examples", "default") else with_wide_integers(inner) for n, inner in value.items()}
    return {**ANY_INTEGER, **members} if members.get("type") == "integer" else members


def _complete(schema: Schema, column: Column) -> Schema:
    """The schema with what JSON has no number for and with null, where a column may hold them."""
    if column.type == "number" and (texts := _not_finite(column)):
        said = schema.pop("description", "").rstrip(".")
        about = {"description": f"{said}. {NUMBER_NOTE}" if said else NUMBER_NOTE}
        examples = {"examples": schema.pop("examples")} if "examples" in schema else {}
        schema = {**not_finite_too(schema, column.type, texts), **about, **examples}
    return schema if column.required else or_null(schema)


def _not_finite(column: Column) -> list[str]:
    """Which of NOT_FINITE a column of numbers may hold: a bound keeps out all that is not within it."""
    if column.one_of is not None:
        return []
    allowed = {"NaN": column.min is None and column.max is None}
    allowed |= {"Infinity": column.max is None, "-Infinity": column.min is None}
    return [text for text in NOT_FINITE if allowed[text]]


def _as_shown(value: str | float, column: Column) -> str | int | float:
    """A value of a constraint as records show it."""
    parsed = column.parse_bound(value)
    if column.type == "decimal":
        return f"{parsed:.{column.scale}f}"
    if column.type == "datetime":
        return f"{parsed.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    shown: str | int | float = parsed if column.kind.schema.get("type") != "string" else str(parsed)
    return shown


def _example(column: Column) -> str | int | float | None:
    """A value to show in documents, where it can be told that the constraints allow it."""
    if column.one_of is not None or column.min is not None or column.max is not None:
        return None
    if column.type == "decimal":
        whole = "1" if column.precision != column.scale else "0"
        return f"{whole}.{'5':0<{column.scale}}" if column.scale else whole
    return _EXAMPLES.get(column.type)
