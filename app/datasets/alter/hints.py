"""Hints: which conventions texts may be written by, as far as some of them show it. Pure.

What is proposed here is only tried: a hint is given once it has been found to fit.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, get_args

from pydantic import ValidationError

from app.columns.column import Column
from app.columns.conventions import MAX_UNIT_LENGTH, ThousandsSeparator
from app.datasets.alter.number_texts import MINUS
from app.datasets.alter.sql_texts import SPACES

# The members that a column is given, as `{"units": ["€"]}`.
Settings = Mapping[str, Any]

MAX_NULLS = 3
PAIR = 2
# A sign that fewer than one number in so many has is not a unit of the column.
RARE = 20
_NUMBER = re.compile(rf"^([^0-9]*?)([-{MINUS}]?[.,]?[0-9](?:.*[0-9])?)([^0-9]*)$", re.DOTALL)
# Words for a missing value, in any case, as well as texts without letters and digits.
_MISSING = frozenset({
    "na", "n/a", "n.a.", "n.a", "nan", "null", "nil", "none", "nd", "n.d.", "n/d", "unknown", "missing", "void", "tbd",
    "tba", "k.a.", "s/d", "s.d.", "s/o", "#n/a", "\\n",
})  # fmt: skip
_ORDERS = ("DD/MM/YYYY", "MM/DD/YYYY", "YYYY/MM/DD", "DD/MM/YY", "MM/DD/YY", "YY/MM/DD", "DD/MON/YYYY", "DD/MON/YY")
_MARKS = ("/", ".", "-", " ")
_OTHER_FORMATS = ("YYYYMMDD", "DDMMYYYY", "MMDDYYYY", "MON DD, YYYY", "MON DD YYYY", "DD. MON YYYY")
# Words for true and for false with only one opposite.
_TRUE = frozenset({
    "true", "yes", "y", "on", "sí", "si", "sì", "ja", "j", "oui", "o", "sim", "s", "да", "tak", "evet", "vrai", "wahr",
    "verdadero", "vero", "x", "是", "はい",
})  # fmt: skip
_FALSE = frozenset({
    "false", "no", "n", "off", "nein", "non", "não", "nao", "нет", "nej", "nie", "faux", "falsch", "falso", "否",
})  # fmt: skip


def propose_settings(after: Column, misfits: Sequence[str], fits: Sequence[str]) -> list[Settings]:
    """The conventions that may make a column's texts fit, the fewest members first.

    `misfits` are some texts that are not values of the column so far, `fits` some that are.
    """
    texts = [text.strip(SPACES) for text in misfits]
    fitting = [bare for text in fits if (bare := text.strip(SPACES))]
    nulls = _placeholders(texts)
    written = [text for text in texts if text not in nulls]
    if not written and not fitting:
        # Then they are the values themselves.
        nulls, written = [], texts
    proposed = _proposals(after, written, fitting)
    missing = {"nulls": [*(after.nulls or ()), *nulls]} if nulls else {}
    distinct: dict[str, Settings] = {}
    for settings in sorted(({**given, **missing} for given in ({}, *proposed)), key=len):
        if settings and apply_settings(after, settings) is not None:
            distinct.setdefault(describe_settings(settings), settings)
    return list(distinct.values())


def apply_settings(after: Column, settings: Settings) -> Column | None:
    """The column with other conventions, None if these contradict each other."""
    try:
        return Column.model_validate(after.model_dump(exclude_none=True) | dict(settings))
    except ValidationError:
        return None


def describe_settings(settings: Settings) -> str:
    """Settings as the body of a request has them."""
    return ", ".join(f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in settings.items())


def _placeholders(texts: Iterable[str]) -> list[str]:
    """The texts that stand for a missing value, if they are few."""
    found = {text for text in texts if text.lower() in _MISSING or not any(map(str.isalnum, text))}
    return sorted(found) if len(found) <= MAX_NULLS else []


def _proposals(after: Column, misfits: Sequence[str], fits: Sequence[str]) -> Iterator[Settings]:
    if after.kind.is_number:
        yield from _number_settings(after, misfits)
    elif after.kind.is_date:
        formats = [order.replace("/", mark) for order, mark in product(_ORDERS, _MARKS)]
        yield from ({"date_format": written} for written in (*formats, *_OTHER_FORMATS))
    elif after.type == "boolean":
        yield from _boolean_settings({*misfits, *fits} - {"", *(after.nulls or ())})


def _number_settings(after: Column, misfits: Sequence[str]) -> Iterator[Settings]:
    parts = [match.groups() for match in map(_NUMBER.match, misfits) if match is not None]
    found = Counter(unit for before, _, behind in parts for side in (before, behind) if (unit := _unit(side)))
    signs = [sign for sign, count in found.items() if count * RARE >= len(parts) and sign not in (after.units or ())]
    common: dict[str, Any] = {}
    # Numbers of two units, as of two currencies, are not to be taken for numbers of one.
    if len(signs) == 1:
        common["units"] = [*(after.units or ()), *signs]
    if any("(" in before or behind.strip(SPACES).startswith(("-", MINUS)) for before, _, behind in parts):
        common["accounting"] = True
    for point, separator in product((".", ","), (None, *get_args(ThousandsSeparator))):
        settings = dict(common)
        if point != (after.decimal_separator or "."):
            settings["decimal_separator"] = point
        if separator is not None and separator != after.thousands_separator:
            settings["thousands_separator"] = separator
        yield settings


def _unit(side: str) -> str:
    """The text next to a number, without signs and brackets; empty if it is not a unit."""
    unit = side.strip(SPACES + "()-" + MINUS)
    return unit if len(unit) <= MAX_UNIT_LENGTH and not re.search(r"[0-9.,+\-]", unit) else ""


def _boolean_settings(words: set[str]) -> Iterator[Settings]:
    """The two words of a column, the one for true first if that is known."""
    if len(words) > PAIR:
        words = words - set(_placeholders(words))
    if len(words) != PAIR:
        return
    one, other = sorted(words)
    if one.lower() not in _FALSE and other.lower() not in _TRUE:
        yield {"booleans": [one, other]}
    if other.lower() not in _FALSE and one.lower() not in _TRUE:
        yield {"booleans": [other, one]}
