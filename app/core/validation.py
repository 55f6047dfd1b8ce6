"""The framework's validation errors in our words: none of its own sentences is shown. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import core_schema

from app.core.errors import did_you_mean

MAX_SHOWN = 60
_BUILT_IN = frozenset(get_args(core_schema.ErrorType))
# What is expected, by how the name of the framework's error begins; the longer beginning stands first.
_EXPECTED = {
    "string_": "a text",
    "bytes_": "a text",
    "int_": "a whole number",
    "float_": "a number",
    "finite_number": "a finite number",
    "decimal_": "a decimal, for example 0.10",
    "bool_": "true or false",
    "list_": "an array",
    "tuple_": "an array",
    "set_": "an array",
    "frozen_set_": "an array",
    "iterable_": "an array",
    "dict_": "an object",
    "mapping_": "an object",
    "model_": "an object",
    "dataclass_": "an object",
    "none_required": "null",
    "uuid_": "a UUID, for example 01234567-89ab-cdef-0123-456789abcdef",
    "datetime_": "a date and time with its zone, for example 2026-01-31T12:00:00Z",
    "timezone_": "a date and time with its zone, for example 2026-01-31T12:00:00Z",
    "date_": "a date, for example 2026-01-31",
    "time_delta_": "a duration, for example PT1H",
    "time_": "a time, for example 12:00:00",
    "url_": "a URL",
    "complex_": "a number",
    "json_": "a JSON value",
    "callable_type": "something else",
}
# What is wrong, from the framework's own figures.
_BOUNDS = {
    "greater_than": "it must be greater than {gt}",
    "greater_than_equal": "it must not be less than {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must not be greater than {le}",
    "multiple_of": "it takes a multiple of {multiple_of}",
    "string_too_short": "it takes {min_length} or more characters",
    "string_too_long": "it takes {max_length} characters at most",
    "bytes_too_short": "it takes {min_length} or more characters",
    "bytes_too_long": "it takes {max_length} characters at most",
    "too_short": "it takes {min_length} or more values",
    "too_long": "it takes {max_length} values at most",
    "string_pattern_mismatch": "it does not fit the pattern {pattern}",
}
_COUNTED = ("too_short", "too_long")
_CHOICES = ("literal_error", "enum", "union_tag_invalid")


@dataclass(frozen=True)
class Misfit:
    """One mistake: `where` (body, query, path, header), the position in it, a message and a hint."""

    where: str
    path: tuple[str | int, ...]
    message: str
    hint: str | None = None

    def document(self) -> dict[str, Any]:
        """The mistake as a problem lists it."""
        message = self.message[:1].upper() + self.message[1:]
        return {"in": self.where, "path": "/".join(map(str, self.path)), "message": message}


def find_misfits(errors: Sequence[Mapping[str, Any]], body: Any, body_type: Any) -> list[Misfit]:
    """The mistakes that the framework reports for a request; several at one position, one for each possible type, are
    joined. `body_type` is what the body should be: it knows the names of the members."""
    by_place: dict[tuple[str | int, ...], list[Mapping[str, Any]]] = {}
    for error in errors:
        where, *path = error["loc"]
        place = _place(path, body, is_missing=error["type"] == "missing") if where == "body" else path
        by_place.setdefault((where, *place), []).append(error)
    return [_misfit(str(place[0]), place[1:], same, body_type) for place, same in by_place.items()]


def misfits_of_members(error: ValidationError, *, with_values: bool = True) -> list[Misfit]:
    """The mistakes that a type finds in a document, one for each of its members; `with_values`: they repeat these."""
    by_member: dict[tuple[str | int, ...], list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False, include_input=with_values):
        by_member.setdefault(item["loc"][:1], []).append(item)
    return [_misfit("body", member, same, None) for member, same in by_member.items()]


def _place(path: Sequence[str | int], document: Any, *, is_missing: bool) -> list[str | int]:
    """The part of a path that is in a document: after it the framework names the types that it tried."""
    place: list[str | int] = []
    for part in path:
        in_array = isinstance(document, list) and isinstance(part, int) and part < len(document)
        if not in_array and not (isinstance(document, dict) and part in document):
            break
        document = document[part]
        place.append(part)
    return [*place, path[-1]] if is_missing and path else place


def _misfit(where: str, path: tuple[str | int, ...], errors: Sequence[Mapping[str, Any]], body_type: Any) -> Misfit:
    error = errors[0]
    hint = error.get("ctx", {}).get("hint")
    if error["type"] == "extra_forbidden":
        known = members_at(body_type, path[:-1])
        name = str(path[-1])[:MAX_SHOWN]
        return Misfit(where, path, f"there is no member '{name}' here.{did_you_mean(name, known)}", _members(known))
    if error["type"] == "missing":
        return _missing(where, path, body_type)
    expected = [_expected(one) for one in errors]
    if all(expected):
        return Misfit(where, path, f"it takes {_either(expected)}{_given(error)}", hint)
    return Misfit(where, path, _sentence(error), hint)


def _missing(where: str, path: tuple[str | int, ...], body_type: Any) -> Misfit:
    known = members_at(body_type, path[:-1]) if where == "body" else []
    if path:
        return Misfit(where, path, "it is missing", _members(known))
    return Misfit(where, path, "the request has no body", f"Send a JSON object. {_members(known) or ''}".rstrip())


def _either(expected: Sequence[str | None]) -> str:
    """Several things that a value could be, each once."""
    texts = [text for text in dict.fromkeys(expected) if text]
    if "a number" in texts:
        texts = [text for text in texts if text != "a whole number"]
    *first, last = texts
    return f"{', '.join(first)} or {last}" if first else last


def _members(known: Sequence[str]) -> str | None:
    return f"It takes: {', '.join(known)}." if known else None


def _expected(error: Mapping[str, Any]) -> str | None:
    """The expected type of a value, None if its type is not the mistake."""
    kind = str(error["type"])
    if kind in _CHOICES:
        return _choices(error)
    if kind in _BOUNDS or kind not in _BUILT_IN:
        return None
    return next((text for start, text in _EXPECTED.items() if kind.startswith(start)), None)


def _choices(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    choices = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags", ""))))
    if not choices:
        return "something else"
    return choices[0] if len(choices) == 1 else f"one of: {', '.join(choices)}"


def _sentence(error: Mapping[str, Any]) -> str:
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in _BOUNDS:
        bound = re.sub(r"\b1 (character|value)s", r"1 \1", _BOUNDS[kind].format(**context))
        return bound + ("" if kind in _COUNTED else _given(error))
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", _UNFIT))
    if kind in _CHOICES:
        return f"it takes {_choices(error)}{_given(error)}"
    return _UNFIT if kind in _BUILT_IN else str(error["msg"])


def _given(error: Mapping[str, Any]) -> str:
    return f", not {show(error['input'])}" if "input" in error else ""


_UNFIT = "it cannot be used"


def show(value: Any) -> str:
    """A value as a message repeats it: cut if it is long, only named if it has parts."""
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "an array"
    try:
        text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    except TypeError:
        return "that"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def members_at(annotation: Any, path: Sequence[str | int]) -> list[str]:
    """The members of the object that a type has at a place."""
    models = list(_models(annotation))
    for part in path:
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        # Within an array, or an object of any names, are the models of its items.
        if fields:
            models = [model for field in fields for model in _models(field.annotation)]
    return list(dict.fromkeys(field.alias or name for model in models for name, field in model.model_fields.items()))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
