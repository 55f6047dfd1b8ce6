"""JSON read strictly and written exactly: what is ambiguous, or could not be stored, is refused. Pure.

A number with a point or an exponent is a Decimal here, never a float: `0.10` stays what it is.
"""

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from app.core.json_mistakes import find_remedy

# Levels of objects and arrays in one document; PostgreSQL and Python both give up somewhere above it.
MAX_DEPTH = 200
# Digits before the point, and after it, of a number that is written in full: a double has 309 and 340 at most. More
# than 4,300 would be more than Python reads, and 1e9999 is 10,000 bytes to PostgreSQL.
MAX_DIGITS = 500
MAX_EXPONENT_DIGITS = 4
# Bytes of a document whose numbers are written in full, as PostgreSQL does.
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024


class JsonInvalid(ValueError):
    """A text is not JSON that means one thing; the message is the reason, a clause without a full stop.

    `hint` says what to change, if that is known.
    """

    def __init__(self, reason: str, *, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


class DocumentTooLarge(JsonInvalid):
    """A document is larger than it may be once its numbers are written in full."""


def parse_json(text: str | bytes, most: int = MAX_DOCUMENT_BYTES) -> Any:
    """The value that a JSON text, in UTF-8 if it is bytes, stands for; with its numbers in full it has `most` bytes.

    Raises:
        JsonInvalid: it is not JSON, names a member twice, or holds NaN, a number or a depth that cannot be stored.
        DocumentTooLarge: it becomes too large.
    """
    decoder = _DECODER if _most_written(text) <= most else _decoder(_Written(len(text), most).read_number)
    return _decode(text, decoder)


def parse_stored(text: str) -> Any:
    """The value of a document that is stored already, which may hold larger numbers than are taken today.

    Raises:
        JsonInvalid: it is nested too deeply.
    """
    return _decode(text, _STORED)


def _most_written(text: str | bytes) -> int:
    """An upper bound of a document's size once its numbers are written in full: only exponents make them longer."""
    exponents = text.count("e") + text.count("E") if isinstance(text, str) else text.count(b"e") + text.count(b"E")
    return len(text) + exponents * 2 * MAX_DIGITS


def _decode(text: str | bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text if isinstance(text, str) else text.decode())
    except UnicodeDecodeError:
        raise JsonInvalid("it is not UTF-8", hint="Send JSON in UTF-8.") from None
    except json.JSONDecodeError as error:
        reason = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise JsonInvalid(reason, hint=find_remedy(error)) from None
    except RecursionError:
        raise JsonInvalid(_TOO_DEEP) from None


def write_json(value: Any, most: int | None = None) -> str:
    """The JSON text of a value that `parse_json` gave, its numbers in full, as PostgreSQL writes them.

    Raises:
        JsonInvalid: it cannot be stored: nested too deeply, with a number of too many digits, or with NUL or half a
            surrogate pair in a text.
        DocumentTooLarge: it has more bytes than `most`, if that is given.
    """
    text = _write(value, 0)
    if most is not None and len(text.encode()) > most:
        raise _too_large(most)
    return text


def is_json(text: str) -> bool:
    """Return whether a text is JSON that means one thing and can be stored."""
    try:
        write_json(parse_json(text))
    except JsonInvalid:
        return False
    return True


def is_storable_text(text: str) -> bool:
    """Return whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"


def _too_large(most: int) -> DocumentTooLarge:
    return DocumentTooLarge(f"with its numbers written in full it has more than {most:,} bytes")


def _write(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _write_text(value)
    if not isinstance(value, dict | list):
        return _write_number(value) if isinstance(value, Decimal) else json.dumps(value)
    if depth == MAX_DEPTH:
        raise JsonInvalid(_TOO_DEEP)
    if isinstance(value, list):
        return f"[{','.join([_write(item, depth + 1) for item in value])}]"
    members = [f"{_write_text(name)}:{_write(member, depth + 1)}" for name, member in value.items()]
    return f"{{{','.join(members)}}}"


def _write_number(value: Decimal) -> str:
    if _is_long(value):
        raise _too_long(str(value))
    return f"{value:f}"


def _write_text(text: str) -> str:
    if not is_storable_text(text):
        raise JsonInvalid("a string in it contains NUL or half a surrogate pair")
    return encode_basestring(text)


def _read_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        twice = next(name for name, count in Counter(name for name, _ in members).items() if count > 1)
        raise JsonInvalid(f"an object has the member {json.dumps(twice[:100])} twice")
    return found


def _read_integer(text: str) -> int:
    # A sign is not a digit.
    if len(text) > MAX_DIGITS and len(text.removeprefix("-")) > MAX_DIGITS:
        raise _too_long(text)
    return int(text)


def _has_exponent(text: str) -> bool:
    return "e" in text or "E" in text


def _read_number(text: str) -> Decimal:
    if len(text) <= MAX_DIGITS and not _has_exponent(text):
        return Decimal(text)
    exponent = text.lower().partition("e")[2].lstrip("+-0")
    if len(exponent) > MAX_EXPONENT_DIGITS:
        raise _too_long(text)
    number = Decimal(text)
    if _is_long(number):
        raise _too_long(text)
    return number


def _is_long(number: Decimal) -> bool:
    """Return whether a number has too many digits before or after the point when it is written in full."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return number.adjusted() >= MAX_DIGITS or -exponent > MAX_DIGITS


def _too_long(text: str) -> JsonInvalid:
    return JsonInvalid(f"a number has more than {MAX_DIGITS} digits before or after the point: {text[:40]}")


class _Written:
    """Counts the bytes of a document whose numbers are written in full, while it is read."""

    def __init__(self, size: int, most: int) -> None:
        self._size = 0
        self._most = most
        self._add(size)

    def read_number(self, text: str) -> Decimal:
        number = _read_number(text)
        if _has_exponent(text):
            self._add(len(f"{number:f}") - len(text))
        return number

    def _add(self, size: int) -> None:
        self._size += size
        if self._size > self._most:
            raise _too_large(self._most)


def _refuse_constant(name: str) -> None:
    hint = f'Send null, or to a column of type number the text "{name}".'
    raise JsonInvalid(f"{name} is not JSON", hint=hint)


def _decoder(
    read_number: Callable[[str], Decimal], read_integer: Callable[[str], int | Decimal] = _read_integer
) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_read_object,
        parse_int=read_integer,
        parse_float=read_number,
        parse_constant=_refuse_constant,
    )


_DECODER = _decoder(_read_number)
# Every number is a Decimal: Python makes no integer of so many digits.
_STORED = _decoder(Decimal, Decimal)
