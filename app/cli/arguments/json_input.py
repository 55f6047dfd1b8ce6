"""JSON on the command line: as it is, of a file as `@file`, or of the standard input as `-`."""

import json
import sys
from pathlib import Path
from typing import Any

import typer


def read_text(given: str, hint: str) -> str:
    """The text that an argument stands for; `hint` is the argument's name."""
    try:
        if given == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        if given.startswith("@"):
            return Path(given[1:]).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"{given[1:]} cannot be read: {error.strerror}", param_hint=hint) from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{given} is not UTF-8", param_hint=hint) from None
    return given


def read_json(given: str, hint: str, example: str) -> tuple[str, Any]:
    """The JSON text that an argument stands for, and its value; the text is what is sent, for it is exact."""
    text = read_text(given, hint)
    try:
        return text, json.loads(text)
    except ValueError as error:
        way = f"Give JSON such as '{example}', @FILE, or - for the standard input"
        raise typer.BadParameter(f"this is not JSON: {error}. {way}", param_hint=hint) from None
    except RecursionError:
        raise typer.BadParameter("this JSON is nested too deeply", param_hint=hint) from None


def read_object(given: str | None, hint: str) -> dict[str, Any]:
    """The JSON object that an option stands for; an empty one if it is left out."""
    if given is None:
        return {}
    _, value = read_json(given, hint, '{"title": "Stock"}')
    if not isinstance(value, dict):
        raise typer.BadParameter("this JSON is not an object", param_hint=hint)
    return value
