"""JSON read strictly and written exactly: what is ambiguous, or could not be stored, is refused. Pure.

A number with a point or an exponent is a Decimal here, never a float: `0.10` stays what it is.
"""

import json
from collections import Counter
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

# Levels of objects and arrays in one document; PostgreSQL and Python both give up somewhere behind it.
MAX_DEPTH = 200
# PostgreSQL's numeric holds 16,383 digits behind the point: a number's own digits and its exponent together stay below.
MAX_DIGITS = 4300
MAX_EXPONENT_DIGITS = 4


class JsonInvalid(ValueError):
    """A text is not JSON that means one thing; the message is the reason, a clause without a full stop."""


def parse_json(text: str | bytes) -> Any:
    """The value that a JSON text, in UTF-8 where it is bytes, stands for.

    Raises:
        JsonInvalid: it is not JSON, names a member twice, or holds NaN, a number or a depth that cannot be stored.
    """
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except UnicodeDecodeError:
        raise JsonInvalid("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise JsonInvalid(f"{error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise JsonInvalid(_TOO_DEEP) from None
    except JsonInvalid:
        raise
    except ValueError:
        # Python turns no longer text into an integer.
        raise JsonInvalid(f"a number has more than {MAX_DIGITS:,} digits") from None


def write_json(value: Any) -> str:
    """The JSON text of a value that `parse_json` gave.

    Raises:
        JsonInvalid: it cannot be stored: nested too deeply, or with NUL or half a surrogate pair in a text.
    """
    return _write(value, 0)


def is_json(text: str) -> bool:
    """Whether a text is JSON that means one thing and can be stored."""
    try:
        write_json(parse_json(text))
    except JsonInvalid:
        return False
    return True


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"


def _write(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _write_text(value)
    if not isinstance(value, dict | list):
        return str(value) if isinstance(value, Decimal) else json.dumps(value)
    if depth == MAX_DEPTH:
        raise JsonInvalid(_TOO_DEEP)
    if isinstance(value, list):
        return f"[{','.join([_write(item, depth + 1) for item in value])}]"
    members = [f"{_write_text(name)}:{_write(member, depth + 1)}" for name, member in value.items()]
    return f"{{{','.join(members)}}}"


def _write_text(text: str) -> str:
    if not is_storable_text(text):
        raise JsonInvalid("a text in it holds NUL or half a surrogate pair")
    return encode_basestring(text)


def _read_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        twice = next(name for name, count in Counter(name for name, _ in members).items() if count > 1)
        raise JsonInvalid(f"an object has the member {json.dumps(twice[:100])} twice")
    return found


def _read_number(text: str) -> Decimal:
    exponent = text.lower().partition("e")[2].lstrip("+-0")
    if len(text) > MAX_DIGITS or len(exponent) > MAX_EXPONENT_DIGITS:
        raise JsonInvalid(f"a number has too many digits: {text[:40]}")
    return Decimal(text)


def _refuse_constant(name: str) -> None:
    raise JsonInvalid(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_read_object, parse_float=_read_number, parse_constant=_refuse_constant)
