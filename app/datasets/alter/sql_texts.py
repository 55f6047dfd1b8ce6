"""Texts in SQL: literals, and the characters that count as spaces. Pure."""

import re
from collections.abc import Iterable

from app.datasets.tables import literal

# The spaces of all scripts, those that no line breaks at among them.
BLANKS = " \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
# What is passed over around a value.
SPACES = "\t\n\f\r" + BLANKS


def literals(texts: Iterable[str]) -> str:
    """Texts in SQL, with commas between them."""
    return ", ".join(map(literal, texts))


def escaped(text: str) -> str:
    """A text as a regular expression within an SQL literal."""
    return re.escape(text).replace("'", "''")


def guarded(written: str, fits: str) -> str:
    """Both conditions; the casts of the second would fail if the first is false."""
    return f"CASE WHEN {written} THEN {fits} ELSE false END"
