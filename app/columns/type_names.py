"""Names of column types in other databases and languages. Pure."""

import re
from typing import Any

from pydantic_core import PydanticCustomError

from app.columns.types.registry import TYPES
from app.core.errors import did_you_mean

_EXACT_OR_NOT = ("number", "decimal")
_WHOLE = ("integer", "bigint")
# By their names in small letters, without spaces: the types that may be meant, the likeliest first.
_CALLED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("string", "str", "varchar", "char", "character", "charactervarying", "nvarchar"), ("text",)),
    **dict.fromkeys(("longtext", "mediumtext", "clob", "citext", "email", "url", "uri", "enum", "category"), ("text",)),
    **dict.fromkeys(("int", "int2", "int4", "int32", "smallint", "tinyint", "mediumint", "short"), ("integer",)),
    **dict.fromkeys(("serial", "whole", "wholenumber", "year", "count"), ("integer",)),
    **dict.fromkeys(("int8", "int64", "long", "bigserial", "biginteger", "uint64", "hugeint"), _WHOLE),
    **dict.fromkeys(("float", "float4", "float8", "float32", "float64", "double", "real"), _EXACT_OR_NOT),
    "doubleprecision": ("number",),
    **dict.fromkeys(("numeric", "dec", "money", "currency", "bigdecimal", "smallmoney"), ("decimal",)),
    **dict.fromkeys(("bool", "bit", "logical", "flag", "yesno", "checkbox"), ("boolean",)),
    **dict.fromkeys(("timestamp", "timestamptz", "timestampz", "datetimetz", "datetime2", "date-time"), ("datetime",)),
    **dict.fromkeys(("timestampwithtimezone", "timestampwithouttimezone", "instant", "time"), ("datetime",)),
    **dict.fromkeys(("jsonb", "object", "array", "list", "dict", "map", "struct", "record", "any"), ("json",)),
    **dict.fromkeys(("guid", "uniqueidentifier", "uuid4"), ("uuid",)),
    **dict.fromkeys(("file", "picture", "photo", "img", "blob"), ("image",)),
}  # fmt: skip
_SIZED = re.compile(r"([a-z ]+?)\s*\(\s*([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\)")


def check_type_name(value: Any) -> Any:
    """The value as it is.

    Raises:
        PydanticCustomError: it is a text that names no type; its hint names those that may be meant.
    """
    if not isinstance(value, str) or value in TYPES:
        return value
    text = value[:100].strip().lower()
    sized = _SIZED.fullmatch(text)
    kinds = _find_types(sized[1] if sized else text)
    near = f" Did you mean {' or '.join(repr(kind) for kind in kinds)}?" if kinds else did_you_mean(text, TYPES)
    hint = _hint(kinds, sized) or f"The types are: {', '.join(TYPES)}."
    raise PydanticCustomError(
        "unknown_type", "there is no type '{name}'.{near}", {"name": value[:100], "near": near, "hint": hint}
    )


def _find_types(text: str) -> tuple[str, ...]:
    return (text,) if text in TYPES else _CALLED.get(text.replace(" ", ""), ())


def _hint(kinds: tuple[str, ...], sized: re.Match[str] | None) -> str | None:
    """The hint for a size after a type, and for a choice between two types."""
    if sized is not None and kinds == ("text",):
        return f'Give the length as a member of its own: "type": "text", "max_length": {sized[2]}.'
    if "decimal" in kinds:
        precision, scale = (sized[2], sized[3] or "0") if sized is not None else ("12", "2")
        exact = f'decimal is exact: "type": "decimal", "precision": {precision}, "scale": {scale}'
        return f"{exact}; number is a double." if "number" in kinds else f"A {exact}."
    if kinds == _WHOLE:
        return "integer holds up to 2^53-1, which JavaScript reads exactly; bigint has 64 bits, as a text."
    return None
