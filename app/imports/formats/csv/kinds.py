"""Kinds: what a cell looks like, as far as that tells a header from records and one delimiter from another.

Coarser than the types of columns, and no promise of them. Pure: no I/O.
"""

import re

# What is longer is text.
MAX_TYPED = 100
# What stands for a value that is missing or withheld: neither a name nor a value.
_PLACEHOLDERS = (
    rb"n/?\.?a\.?n?|\(na\)|#n/a|#null!|#ref!|#div/0!|#value!|null|none|nil|missing|unknown|unspecified|undefined"
    rb"|suppressed|redacted|withheld|confidential|hidden|masked|not (?:available|applicable|known|reported|recorded)"
    rb"|no data|nd|n\.d\.|tbd|tba|tbc|pending|k\.a\.|\([dsxz]\)|\\n|[<>~]\s*\d+(?:\.\d+)?%?|[!-/:-@\[-`{-~]{1,4}"
)
_MONTH = rb"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_TIME = rb"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?"
_ZONE = rb"(?:\s?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?"
_DAY = (
    rb"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ./]" + _MONTH + rb"[- ./,]{0,2}\d{2,4}|"
    rb"" + _MONTH + rb"[- ]\d{1,2},?[ -]\d{4}|" + _MONTH + rb"[- ]?\d{2,4}|\d{4}[- ]" + _MONTH + rb")"
)
_SIGN = rb"(?:[$\xa3\x80]|\xc2[\xa3\xa5]|\xe2\x82\xac|(?:usd|eur|gbp|chf)\s)"
_GAP = rb"(?:[ ,.']|\xc2\xa0|\xe2\x80[\xaf\x99])"
_DIGITS = rb"(?:\d{1,3}(?:" + _GAP + rb"\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*|[.,]\d+)(?:e[+-]?\d+)?"
_KINDS = re.compile(
    rb"\s*(?:"
    rb"(?P<number>[(]?[+-]?\s?" + _SIGN + rb"?\s?[+-]?" + _DIGITS + rb"(?:\s?(?:[%\x80$]|\xe2\x82\xac))?[)]?-?)"
    rb"|(?P<date>" + _DAY + rb")"
    rb"|(?P<datetime>" + _DAY + rb"(?:\s|t)\s?" + _TIME + _ZONE + rb")"
    rb"|(?P<time>" + _TIME + rb")"
    rb"|(?P<boolean>true|false|yes|no)"
    rb"|(?P<uuid>[0-9a-f]{8}-[0-9a-f-]{27})"
    rb"|(?P<address>[a-z][a-z0-9+.-]*://\S+|[\w.+-]+@[\w-]+\.[\w.-]+|(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4})"
    rb"|(?P<missing>" + _PLACEHOLDERS + rb")"
    rb"|(?P<code>(?=\S*\d)(?=\S*[a-z])\S+)"
    rb")?\s*",
    re.IGNORECASE,
)
# Kinds of values: other texts may be names.
TYPED = frozenset(("number", "date", "datetime", "time", "boolean", "uuid", "address"))
TIMES = frozenset(("date", "datetime", "time"))
BLANK = frozenset(("empty", "missing"))
_COMMENT = re.compile(rb"\s*(?:#|%|//|--|;|!)\s*\S")
_LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
_YEAR = re.compile(rb"(?:1[89]|20)\d\d")
_INTEGER = re.compile(rb"\d{1,9}")
_SHAPES = bytes(57 if chr(code).isdecimal() else 97 if chr(code).isalpha() else code for code in range(128)) + bytes(
    range(128, 256)
)
_BRACKETS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))


def kind(cell: bytes) -> str:
    """The look of a cell: a kind of value, `code`, `missing`, `empty`, or `text`."""
    if len(cell) > MAX_TYPED:
        return "text"
    match = _KINDS.fullmatch(cell)
    return "text" if match is None else match.lastgroup or "empty"


def is_comment(cell: bytes) -> bool:
    """Return whether a line that begins with the cell may be a comment."""
    return _COMMENT.match(cell) is not None


def is_word(cell: bytes) -> bool:
    """Return whether a cell could name a column: it has a letter, is short, and is not a value."""
    return len(cell) <= MAX_TYPED and kind(cell) in ("text", "code") and _LETTER.search(cell) is not None


def is_year(cell: bytes) -> bool:
    """Return whether a cell is a year of the last centuries."""
    return _YEAR.fullmatch(cell.strip()) is not None


def whole_number(cell: bytes) -> int | None:
    """The number that a cell of a few digits is."""
    text = cell.strip()
    return int(text) if _INTEGER.fullmatch(text) else None


def is_torn(cell: bytes, delimiters: bytes) -> bool:
    """Return whether a cell looks cut out of something: it holds one of some delimiters, half a pair of brackets or
    quotes."""
    if cell.translate(None, delimiters) != cell or cell.count(b'"') % 2:
        return True
    return any(cell.count(opening) != cell.count(closing) for opening, closing in _BRACKETS)


def shape(cell: bytes) -> bytes:
    """A cell with every digit as 9 and every letter as a: codes of one sort share it."""
    return cell.strip().translate(_SHAPES)
