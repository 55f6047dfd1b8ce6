"""Numeral: how a number is written, before anybody knows what its comma or its point means.

1.234 is one digit, a point and three digits. What a column's numerals prove together is for `number_proof` to say.

Pure: no I/O.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from app.columns.types.numbers import MAX_BIGINT, MAX_SAFE_INTEGER
from app.imports.values.numbers import EXACT_DIGITS

# Longer cells are checked only if they are all digits and a point.
MAX_LENGTH = 60
# A number written with more digits is not meant for a double, for any value.
MAX_DOUBLE_DIGITS = 25
CODE_LENGTH = 3
POINTS = (".", ",")
GROUP_MARKS = (",", ".", " ", "'", "_")

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AZN BAM BDT BGN BHD BND BOB BRL BWP BYN CAD CHF CLP CNY COP CRC CZK DKK DOP "
    "DZD EGP ETB EUR GBP GEL GHS GTQ HKD HNL HRK HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KHR KRW KWD KZT "
    "LBP LKR MAD MDL MKD MMK MUR MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PHP PKR PLN PYG QAR RON RSD "
    "RUB SAR SEK SGD THB TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND XAF XOF YER ZAR ZMW"
)
CURRENCY_CODES = frozenset(_CODES.split())
_SYMBOLS = (*range(0x24, 0x20D0), 0xFDFC, 0xFE69, 0xFF04, 0xFFE0, 0xFFE1, 0xFFE5, 0xFFE6)
CURRENCY_SIGNS = "".join(chr(code) for code in _SYMBOLS if unicodedata.category(chr(code)) == "Sc")
CURRENCY_WORDS = ("kr", "zł", "Kč", "Ft", "lei")
# Which three letters are a currency is looked up, for it is faster than to try each.
KNOWN_UNIT = rf"(?:[A-Z]{{0,3}}[{re.escape(CURRENCY_SIGNS)}]|[A-Z]{{3}}|{'|'.join(CURRENCY_WORDS)}|%|‰)"
_APOSTROPHE, _MINUS = "\N{RIGHT SINGLE QUOTATION MARK}", "\N{MINUS SIGN}"
# The spaces that a reader of cells passes over.
SPACES = " \t\n\f\r\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_SEPARATOR = f",.'{_APOSTROPHE}_{SPACES}"
_SPLIT = re.compile(rf"[{_SEPARATOR}]")
_WORD = re.compile(r"NaN|-?Infinity")


def is_currency(unit: str) -> bool:
    """Return whether the unit of a number says that it is money."""
    return unit in CURRENCY_CODES or unit in CURRENCY_WORDS or any(sign in CURRENCY_SIGNS for sign in unit)


@dataclass(frozen=True, slots=True)
class Numeral:
    """One notation of numbers: the counts of digits before, between and after its separators, and their other
    properties.

    `negative` is "(" or "-" if written as accountants do, else empty. `exact` says whether a double holds the number.
    """

    runs: tuple[int, ...]
    separators: str = ""
    zero_first: bool = False
    zero_last: bool = False
    unit: str = ""
    negative: str = ""
    exponent: bool = False
    exact: bool = True
    # As an integer: 0 if a double holds it, 1 if 64 bits do, else 2.
    size: int = 0


# NaN and the infinities.
WORD_NUMERAL = Numeral((), exponent=True)


@lru_cache
def _numeral_regex(units: tuple[str, ...] | None) -> re.Pattern[str]:
    """Numbers with any known unit, or with one of the given ones."""
    unit = KNOWN_UNIT if units is None else f"(?:{'|'.join(map(re.escape, units)) or '(?!)'})"
    space = f"[{SPACES}]"
    return re.compile(
        rf"(?P<minus>[-{_MINUS}]?)(?P<before>{unit}{space}?)?(?P<open>\(?)(?P<inner>{unit}{space}?)?(?P<second>[-{_MINUS}]?)"
        rf"(?P<body>[0-9]+(?:[{_SEPARATOR}][0-9]+)*|[.,][0-9]+)(?P<exponent>[eE](?P<sign>[+-]?)[0-9]{{1,4}})?"
        rf"(?P<after>{space}?{unit})?(?P<close>\)?)(?P<behind>{space}?-)?(?P<last>{space}?{unit})?"
    )


@lru_cache(maxsize=16_384)
def read_numeral(text: bytes, units: tuple[str, ...] | None = None) -> Numeral | None:
    """The numeral of a number; None if it is not a number in any style.

    It may have one of `units`, or any known one.
    """
    plain = text.decode("utf-8", "replace").strip(SPACES) if len(text) <= MAX_LENGTH else ""
    if _WORD.fullmatch(plain):
        return WORD_NUMERAL
    match = _numeral_regex(units).fullmatch(plain)
    numeral = None if match is None else _read_match(match)
    if numeral is not None and units is None and numeral.unit.isalpha() and len(numeral.unit) == CODE_LENGTH:
        numeral = numeral if numeral.unit in CURRENCY_CODES or numeral.unit in CURRENCY_WORDS else None
    if numeral is None or not any(parts_of(numeral, point, mark) for point in POINTS for mark in ("", *GROUP_MARKS)):
        return None
    return numeral


def _read_match(match: re.Match[str]) -> Numeral | None:
    """The numeral; None if it has more than one sign or unit, or is a code: 12E3 may be one."""
    beside = [match[name].strip() for name in ("before", "inner", "after", "last") if match[name]]
    minuses = [match[name] for name in ("minus", "second", "open", "behind") if match[name]]
    if bool(match["open"]) != bool(match["close"]) or len(beside) > 1 or len(minuses) > 1:
        return None
    numeral = _read_body(match["body"])
    if match["exponent"] is not None:
        if len(numeral.separators) > 1 or not (numeral.separators or match["sign"]):
            return None
        # What is written with an exponent is meant for a double, however many digits were printed.
        numeral = replace(numeral, exponent=True, exact=True)
    negative = "(" if match["open"] else "-" if match["behind"] else ""
    return replace(numeral, unit=beside[0] if beside else "", negative=negative)


def _read_body(body: str) -> Numeral:
    runs = _SPLIT.split(body)
    marks = "".join("'" if mark == _APOSTROPHE else " " if mark.isspace() else mark for mark in _SPLIT.findall(body))
    digits = "".join(runs)
    numeral = Numeral(tuple(map(len, runs)), marks, digits[0] == "0", digits[-1] == "0")
    return numeral if len(digits) <= EXACT_DIGITS else size_numeral(numeral, runs)


def size_numeral(numeral: Numeral, runs: list[str], *, is_negative: bool = False) -> Numeral:
    """A numeral of many digits with what depends on these."""
    integer = int("".join(runs))
    size = 0 if integer <= MAX_SAFE_INTEGER else 1 if integer <= MAX_BIGINT + is_negative else 2
    fraction = runs[-1] if numeral.separators[-1:] in ("", ".", ",") and len(runs) > 1 else ""
    before = "".join(runs[:-1] if fraction else runs)
    return replace(numeral, exact=_is_double(before or "0", fraction), size=size)


def _is_double(whole: str, fraction: str) -> bool:
    """Return whether the nearest double, written to as many digits after the point, is the number."""
    if len(whole) + len(fraction) > MAX_DOUBLE_DIGITS:
        return False
    return (
        f"{float(f'{whole}.{fraction}'):.{len(fraction)}f}" == f"{whole}.{fraction}"
        if fraction
        else (int(whole) <= MAX_SAFE_INTEGER)
    )


@lru_cache(maxsize=16_384)
def parts_of(numeral: Numeral, point: str, thousands: str) -> tuple[int, int] | None:
    """The digits before and after the point in a style; None if the numeral does not have that style."""
    marks, runs = numeral.separators, numeral.runs
    if not runs:
        return 0, 0
    has_fraction = marks.endswith(point)
    groups, before = (marks[:-1], runs[:-1]) if has_fraction else (marks, runs)
    if numeral.zero_first and before[0] > 1:
        return None
    if groups and (numeral.zero_first or numeral.exponent or not _are_groups(groups, before, thousands)):
        return None
    return sum(before), runs[-1] if has_fraction else 0


def _are_groups(marks: str, runs: tuple[int, ...], thousands: str) -> bool:
    if not thousands or set(marks) != {thousands} or runs[-1] != 3:
        return False
    between = set(runs[1:-1])
    in_threes = between <= {3} and 1 <= runs[0] <= 3
    # As in India: 12,34,567.
    return in_threes or (thousands == "," and between == {2} and 1 <= runs[0] <= 2)
