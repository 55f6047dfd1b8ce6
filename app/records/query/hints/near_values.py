"""Guesses at the meaning of a text that is not a value of its column. Pure.

A guess is never used: it is only named, and only if it is unambiguous.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.columns.column import Column

_TRUE = frozenset({"1", "yes", "y", "t", "true", "on", "x", "ja", "sí", "si", "oui"})
_FALSE = frozenset({"0", "no", "n", "f", "false", "off", "nein", "non"})
_SIGNS = re.compile(r"[^0-9.,+\-eE']")
_MOST = 60
# Seconds of the year 2286: what is more counts milliseconds.
_MOST_SECONDS = 10_000_000_000


def near_value(column: Column, text: str) -> str | None:
    """The value of a column, as a text, that another text may have meant."""
    if len(text) > _MOST or column.type not in _READERS:
        return None
    near = _READERS[column.type](column, text.strip())
    if near is None or near == text:
        return None
    try:
        column.parse_comparable(near)
    except ValueError:
        return None
    return near


def _read_number(column: Column, text: str) -> str | None:
    if "%" in text:
        return None
    is_negative = text.startswith("(") and text.endswith(")")
    # An exponent is not a sign next to a number.
    digits = _SIGNS.sub("", text if re.search(r"[0-9][eE][+-]?[0-9]", text) else re.sub(r"[eE]", "", text))
    match = re.fullmatch(r"([+-]?)([0-9.,']*)([eE][+-]?[0-9]+)?", digits)
    number = _without_separators(match[2]) if match else None
    if match is None or number is None:
        return None
    whole, point, fraction = number.partition(".")
    whole = whole.lstrip("0") or "0"
    if column.type in ("integer", "bigint") and not fraction.strip("0"):
        point = fraction = ""
    sign = "-" if match[1] == "-" or is_negative else ""
    return f"{sign}{whole}{point if fraction else ''}{fraction}{match[3] or ''}"


def _without_separators(text: str) -> str | None:
    """A number without separators of thousands and with a point; None if its separators could be either."""
    text = text.replace("'", "")
    if "," in text and "." in text:
        decimal = "," if text.rfind(",") > text.rfind(".") else "."
        text = text.replace("." if decimal == "," else ",", "").replace(",", ".")
    elif text.count(",") > 1 or text.count(".") > 1:
        return re.sub("[.,]", "", text) if re.fullmatch(r"[0-9]{1,3}([.,][0-9]{3})+", text) else None
    elif "," in text:
        # Three digits after a comma prove nothing.
        text = "" if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", text) else text.replace(",", ".")
    return text if text.count(".") <= 1 and re.search("[0-9]", text) else None


def _read_boolean(column: Column, text: str) -> str | None:
    if column.booleans is not None and text in column.booleans:
        return "true" if text == column.booleans[0] else "false"
    word = text.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else None


def _read_date(_: Column, text: str) -> str | None:
    day = re.split(r"[T ]", text)[0]
    if match := re.fullmatch(r"([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})", day):
        year, _mark, month, day = match.groups()
    elif match := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", day):
        first, second, year = match.groups()
        if int(first) <= 12 and int(second) <= 12 and first != second:
            return None
        month, day = (first, second) if int(second) > 12 else (second, first)
    else:
        return None
    return f"{year}-{int(month):02}-{int(day):02}"


def _read_datetime(column: Column, text: str) -> str | None:
    if re.fullmatch(r"[0-9]{9,13}(\.[0-9]+)?", text):
        seconds = float(text) if float(text) < _MOST_SECONDS else float(text) / 1000
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    day = _read_date(column, text)
    time = re.search(r"[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?(.*)$", text)
    if day is None or (time is None and re.search("[T ]", text)):
        return None
    hour, minute, second, zone = time.groups() if time else ("0", "00", "00", "")
    # A form decodes + to a space.
    zone = re.sub(r"^ ([0-9])", r"+\1", zone or "")
    return f"{day}T{int(hour):02}:{minute}:{second or '00'}{zone.strip() or 'Z'}"


def _read_uuid(_: Column, text: str) -> str | None:
    digits = re.sub(r"^urn:uuid:|[{}\-\s]", "", text.lower())
    if not re.fullmatch("[0-9a-f]{32}", digits):
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_READERS: dict[str, Callable[[Column, str], str | None]] = {
    **dict.fromkeys(("integer", "bigint", "number", "decimal"), _read_number),
    "boolean": _read_boolean,
    "date": _read_date,
    "datetime": _read_datetime,
    "uuid": _read_uuid,
}
# The format of a type, for values that cannot be guessed.
_WRITTEN = {
    **dict.fromkeys(
        ("number", "decimal"), "Write a point before the fraction and nothing between the digits, for example 1228.55."
    ),
    **dict.fromkeys(("integer", "bigint"), "Write digits alone, for example 1228."),
    "date": "Write the year, the month and the day: 2026-01-31.",
    "datetime": "Write the day, the time and the zone: 2026-01-31T12:00:00Z; a day alone is its midnight in UTC.",
    "boolean": "Write true or false.",
}


def how_written(column: Column) -> str | None:
    """The format of values of a column's type."""
    return _WRITTEN.get(column.type)


def near_in_json(column: Column, value: Any) -> str | None:
    """The value of a column, as JSON has it, that another JSON value may have meant."""
    if isinstance(value, dict | list) or value is None:
        return None
    if column.kind.schema.get("type") == "string" and column.type not in _READERS:
        return f'"{value}"' if not isinstance(value, str | bool) else None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    near = near_value(column, text) or _if_value(column, text)
    if near is None:
        return None
    is_text = column.kind.schema.get("type") == "string"
    return f'"{near}"' if is_text else near


def guess_in_json(column: Column, value: Any) -> str:
    """The question that a message ends with, if a JSON value may have meant another one."""
    near = near_in_json(column, value)
    return f". Did you mean {near}?" if near else ""


def _if_value(column: Column, text: str) -> str | None:
    """A text if it stands for a value of a column: then JSON has it otherwise."""
    try:
        column.parse_comparable(text)
    except ValueError:
        return None
    return text
