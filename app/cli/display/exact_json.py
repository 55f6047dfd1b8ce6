"""JSON whose numbers stay the texts that they are: 0.10 is not 0.1, and no digit of a long one is lost. Pure."""

import json
from typing import Any

# The members of an image in a record; no file would have all of these in a cell.
_OF_IMAGES = {"id", "url", "width", "height", "alt", "color", "placeholder", "variants"}


class Number(str):
    """A number as JSON writes it."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)


def parse(text: str) -> Any:
    """The value of a JSON text, its numbers as they are written.

    Raises:
        ValueError: it is not JSON.
    """
    return _DECODER.decode(text)


def write(value: Any) -> str:
    """The JSON text, in one line, of a value that `parse` gave."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{write(name)}:{write(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(write, value))}]"
    return json.dumps(value, ensure_ascii=False)


def cell(value: Any) -> str:
    """A value as a table shows it: texts without quotes, an image by its id, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == _OF_IMAGES:
        return str(value["id"])
    return str(value) if isinstance(value, str) else write(value)
