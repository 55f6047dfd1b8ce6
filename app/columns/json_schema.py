"""The JSON schemas of a column's values: as records show them, as they are sent, and as queries compare them. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS
from app.columns.rules import constraint_rules
from app.columns.schema_references import IMAGE, NUMBER, in_comment, schema_reference
from app.columns.schema_references import NOT_FINITE as NOT_FINITE_NAME
from app.columns.types.base import Schema, Shown
from app.columns.types.image import ID_PATTERN
from app.columns.types.numbers import ANY_INTEGER, NOT_FINITE
from app.columns.types.registry import TYPES

_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")

# The widths that records show the URLs of.
IMAGE_WIDTHS = ("256", "640", "1280")
NUMBER_NOTE = "NaN, Infinity and -Infinity, which JSON has no number for, are texts."
IMAGE_NOTE = "An image's id, the filename of one of the dataset's images, or the URL of one."
# The words of a schema that hold values, not schemas.
_VALUES = ("const", "default", "enum", "example", "examples")


def shown_value(column: Column, example: Any = None, choices: Schema | None = None) -> Schema:
    """The schema of a column in a record, including null if it is nullable.

    `choices` refers to the schema of the column's allowed values, if that has a name.
    """
    if column.kind.is_image:
        return _complete({**schema_reference(IMAGE), **_description(column)}, column)
    schema = _chosen(column, choices) or plain_value(column, example)
    # Clients in Go check the pattern if an answer has several schemas, and fail: there a nullable value is not a
    # string.
    schema.pop("pattern", None)
    return _complete(schema, column)


def written_value(column: Column, example: Any = None, choices: Schema | None = None) -> Schema:
    """The schema of what is sent for a column: as records show it, so that what was read can be sent back.

    That exact values may be numbers too is not said: most generators would make a class of its own for each.
    """
    chosen = _chosen(column, choices)
    if chosen is not None:
        return _complete(chosen, column)
    schema = plain_value(column, example)
    if column.kind.is_image:
        about = schema.get("description", "").rstrip(".")
        schema["description"] = f"{about}. {IMAGE_NOTE}" if about else IMAGE_NOTE
    if column.one_of is None:
        schema |= column.kind.written_schema
    return _complete(schema, column)


def compared_value(type_name: str) -> Schema:
    """The schema of a value of a type that is only compared, in a body."""
    return schema_reference(NUMBER) if TYPES[type_name].not_finite else TYPES[type_name].schema


def allowed_values(column: Column) -> Schema:
    """The schema of the values that a column with `one_of` takes, as records show them."""
    kind = {name: value for name, value in column.kind.schema.items() if name in ("type", "format")}
    values = CONSTRAINTS["one_of"].schema(column.kind, column.one_of or ())["enum"]
    texts = [value for value in values if isinstance(value, str)]
    names = {"x-enum-varnames": _names_of(texts)} if texts and not _are_names(texts) else {}
    return {**kind, "enum": values, **names}


def _are_names(texts: Sequence[str]) -> bool:
    """Return whether generators can turn each text into a constant: they write them in capitals."""
    return all(_NAME.fullmatch(text) for text in texts) and len({text.upper() for text in texts}) == len(texts)


def _names_of(texts: Sequence[str]) -> list[str]:
    """A name for each of some texts, all of them different."""
    names: list[str] = []
    for number, text in enumerate(texts):
        name = re.sub("[^A-Z0-9]+", "_", text.upper()).strip("_")
        name = name if name[:1].isalpha() else f"VALUE_{name}" if name else f"VALUE_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def number_schemas() -> dict[str, Schema]:
    """The schemas of a number of any size, by their names: what JSON has no number for is a text."""
    return {
        NOT_FINITE_NAME: {"type": "string", "enum": list(NOT_FINITE), "description": NUMBER_NOTE},
        NUMBER: {"anyOf": [TYPES["number"].schema, schema_reference(NOT_FINITE_NAME)], "description": NUMBER_NOTE},
    }


def image_schemas() -> dict[str, Schema]:
    """The schema of an image as records show it, by its name."""
    text, side = {"type": "string"}, {**ANY_INTEGER, "minimum": 1}
    widths = {
        width: {**text, "description": f"the URL of a copy {width} pixels wide at most"} for width in IMAGE_WIDTHS
    }
    members = {
        "id": {**text, "pattern": f"^{ID_PATTERN}$"},
        "url": {**text, "description": "of a WebP for most uses: it opens without a key, and never changes"},
        "width": {**side, "description": "of the picture, in pixels"},
        "height": side,
        "alt": {"type": ["string", "null"], "description": "says what the picture shows, to who does not see it"},
        "color": {**text, "pattern": "^#[0-9a-f]{6}$", "description": "the colour to fill its place with meanwhile"},
        "placeholder": {**text, "description": "a very small picture as a data URI, to show until the other is there"},
        "variants": {"type": "object", "properties": widths, "required": list(widths)},
    }
    return {
        IMAGE: {
            "type": "object",
            "description": "An image as records show it.",
            "properties": members,
            "required": list(members),
        }
    }


def _chosen(column: Column, choices: Schema | None) -> Schema | None:
    """The schema of one of the allowed values, if these have a name."""
    if choices is None:
        return None
    return {**choices, **_description(column)}


def _description(column: Column) -> Schema:
    about = column.description or column.label
    return {"description": in_comment(about)} if about else {}


def plain_value(column: Column, example: Any = None) -> Schema:
    """The schema of a value that is there, with all that JSON schemas can say of the column's constraints.

    `example` is a value of the column's own, as a record shows it; without one, a value that any such column may have.
    """
    schema = {**column.kind.schema, **_description(column)}
    if column.one_of is not None:
        schema |= allowed_values(column)
    for rule in constraint_rules(column):
        schema |= CONSTRAINTS[rule.code].schema(column.kind, rule.bound)
    shown = example if example is not None else _example(column)
    return schema if shown is None else schema | {"examples": [shown]}


def or_null(schema: Schema) -> Schema:
    """The schema with null."""
    if "$ref" in schema:
        others = {name: value for name, value in schema.items() if name != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **others}
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
    members = {n: inner if n in _VALUES else with_wide_integers(inner) for n, inner in value.items()}
    return {**ANY_INTEGER, **members} if members.get("type") == "integer" else members


def without_titles(value: Any, *, holds_names: bool = False) -> Any:
    """A part of a document without the titles that the framework gives its schemas: generators name classes by them.

    `holds_names`: its members are not the words of a schema, and one of them may be called `title`.
    """
    if isinstance(value, list):
        return [without_titles(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: inner if name in _VALUES and not holds_names else without_titles(inner, holds_names=name == "properties")
        for name, inner in value.items()
        if holds_names or name != "title"
    }


def _complete(schema: Schema, column: Column) -> Schema:
    """The schema with the strings for NaN and infinities and with null, if a column may hold them."""
    if texts := _not_finite(column):
        schema = _with_texts(schema, texts)
    return schema if column.required else or_null(schema)


def _with_texts(number: Schema, texts: Sequence[str]) -> Schema:
    """The schema of a number or one of some texts."""
    said = number.pop("description", "").rstrip(".")
    about = {"description": f"{said}. {NUMBER_NOTE}" if said else NUMBER_NOTE}
    examples = number.pop("examples", None)
    if list(texts) == list(NOT_FINITE):
        return {**schema_reference(NUMBER), **about}
    shown = {"examples": examples} if examples else {}
    return {"anyOf": [number, {"type": "string", "enum": list(texts)}], **about, **shown}


def _not_finite(column: Column) -> list[str]:
    """The values without a number in JSON that a column may hold: a bound keeps out all that is not within it."""
    if column.one_of is not None:
        return []
    allowed = {"NaN": column.min is None and column.max is None}
    allowed |= {"Infinity": column.max is None, "-Infinity": column.min is None}
    return [text for text in column.kind.not_finite if allowed[text]]


def _example(column: Column) -> Shown | None:
    """A value to show in documents, if the constraints certainly allow it."""
    is_bound = column.one_of is not None or column.min is not None or column.max is not None
    return None if is_bound else column.kind.sample
