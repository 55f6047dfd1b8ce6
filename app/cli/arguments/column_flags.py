"""Flags of `tolva import` that say something of single columns: `--type total=decimal(12,2)`."""

import re
from typing import Any

import typer

_TYPE = re.compile(r"([a-z]+)(?:\(\s*(\d+)\s*,\s*(\d+)\s*\))?")


def parse_columns(types: list[str], names: list[str], omitted: list[str]) -> list[dict[str, Any]]:
    """Collect the options of columns, by their labels in the order of their first mention."""
    choices: dict[str, dict[str, Any]] = {}
    for pair in types:
        label, text = _split(pair, "--type", "total=decimal(12,2)")
        choices.setdefault(label, {}).update(parse_type(text))
    for pair in names:
        label, name = _split(pair, "--name", "Unit price=price")
        choices.setdefault(label, {})["name"] = name
    for label in omitted:
        choices.setdefault(label, {})["omit"] = True
    return [{"label": label, **members} for label, members in choices.items()]


def _split(pair: str, flag: str, example: str) -> tuple[str, str]:
    """Split a label, which may contain the sign too, and its value."""
    label, sign, said = pair.rpartition("=")
    if not (sign and said):
        raise typer.BadParameter(f"'{pair}' cannot be read; write it like {example}", param_hint=flag)
    return label, said.strip()


def parse_type(text: str) -> dict[str, Any]:
    """A column's type with its digits: `decimal(12,2)`."""
    match = _TYPE.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"'{text}' is not a type; write integer or decimal(12,2)", param_hint="--type")
    kind, precision, scale = match.groups()
    return {"type": kind} if precision is None else {"type": kind, "precision": int(precision), "scale": int(scale)}


def split_names(text: str) -> list[str]:
    """Names with commas between them; none for ''."""
    return [name.strip() for name in text.split(",")] if text.strip() else []
