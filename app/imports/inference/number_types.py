"""Number types: which type holds the numbers of a column, once it is known how they are written.

Numbers widen from integer over decimal to number. Pure: no I/O.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.columns.types.registry import TypeName
from app.imports.inference.number_proof import Reading
from app.imports.inference.numerals import Sighting
from app.imports.values.numeral import Numeral, is_currency, parts_of

# A double that is printed in full has no more digits.
PRINTED_DIGITS = 17
# Money has at most four digits after the point; decimals get room for larger values than the file's.
MAX_MONEY_SCALE = 4
ROOMY_PRECISION = 12
CENTS = 2
MAX_INFERRED_PRECISION = 100
MONEY = re.compile(
    r"(^|_)(price|prices|cost|costs|amount|amounts|total|subtotal|fee|fees|salary|wage|pay|balance|tax|vat|revenue|"
    r"income|budget|spend|discount|payment|usd|eur|gbp|value_usd|precio|importe|coste)(_|$)"
)
MARK_NAMES = {".": "points", ",": "commas", " ": "spaces", "'": "apostrophes", "_": "underscores"}


@dataclass(frozen=True)
class NumberType:
    """A type, its column settings and the reason; no type if no type holds all of the numbers."""

    type: TypeName | None
    members: dict[str, Any]
    why: list[str]
    # Return whether only digits beyond those of a double speak for a decimal.
    is_for_digits: bool = False


class Quantities:
    """The totals of a reading's numerals."""

    def __init__(self, reading: Reading, seen: Mapping[Numeral, Sighting]) -> None:
        self.reading = reading
        self._seen = seen
        self._parts = {
            numeral: parts_of(numeral, reading.style.point, reading.style.thousands) or (0, 0)
            for numeral in reading.fitting
        }

    @cached_property
    def whole(self) -> int:
        return max(before for before, _ in self._parts.values())

    @cached_property
    def scale(self) -> int:
        return max(behind for _, behind in self._parts.values())

    @cached_property
    def fractions(self) -> list[Numeral]:
        """Those that are not integers."""
        return [numeral for numeral, (_, behind) in self._parts.items() if behind or numeral.exponent]

    @cached_property
    def exponents(self) -> list[Numeral]:
        return [numeral for numeral in self._parts if numeral.exponent]

    @property
    def is_exact(self) -> bool:
        """Return whether a double holds each of them."""
        return all(numeral.exact for numeral in self._parts)

    @property
    def may_be_printed_doubles(self) -> bool:
        """Return whether no number has more digits than a program prints of a double."""
        return all(sum(numeral.runs) - numeral.zero_first <= PRINTED_DIGITS for numeral in self._parts)

    @property
    def is_padded(self) -> bool:
        """A zero at the end of two or more decimals, as in 0.10: written to a fixed number of them."""
        return any(behind > 1 and numeral.zero_last for numeral, (_, behind) in self._parts.items())

    @property
    def size(self) -> int:
        return max(numeral.size for numeral in self._parts)

    def style_members(self) -> dict[str, Any]:
        """The column settings that read these numbers again."""
        style, numerals = self.reading.style, self.reading.fitting
        has_groups = bool(style.thousands) and any(
            style.thousands in numeral.separators.removesuffix(style.point) for numeral in numerals
        )
        units = tuple(unit for unit in style.units if any(numeral.unit == unit for numeral in numerals))
        found = {
            "decimal_separator": style.point if self.scale or (has_groups and style.thousands == ".") else None,
            "thousands_separator": style.thousands if has_groups else None,
            "units": units or None,
            "accounting": style.accounting or None,
        }
        return {name: value for name, value in found.items() if value is not None}


def conclude_type(
    quantities: Quantities,
    seen: Mapping[Numeral, Sighting],
    name: str,
    greatest: int,
    *,
    beside_doubles: bool = False,
) -> NumberType:
    """The narrowest type that holds all numbers of a reading, for a column of that name.

    `beside_doubles`: most columns with fractions are doubles.
    """
    members = quantities.style_members()
    how = [*_describe(quantities, members)]
    if not quantities.fractions and any(is_currency(unit) for unit in members.get("units", ())):
        # Money has cents, if not in this file.
        members |= {"precision": max(quantities.whole + CENTS, ROOMY_PRECISION), "scale": CENTS}
        return NumberType("decimal", members, ["every value is an amount of money", *how])
    if not quantities.fractions:
        return _conclude_integer(quantities, members, how, greatest)
    why = [f"not integer: {first_of(quantities.fractions, seen)}", *how]
    if quantities.exponents:
        if not quantities.is_exact:
            return NumberType(None, {}, [*why, "not number: values with more digits than a double holds"])
        return NumberType("number", members, [f"not decimal: {first_of(quantities.exponents, seen)}", *how])
    return _conclude_decimal(quantities, members, why, name, beside_doubles=beside_doubles)


def _conclude_integer(quantities: Quantities, members: dict[str, Any], how: list[str], greatest: int) -> NumberType:
    if quantities.size == 0:
        return NumberType("integer", members, ["every value is an integer", *how])
    if quantities.size == 1:
        largest = f"integers up to {greatest}" if greatest else "integers"
        return NumberType("bigint", members, [f"{largest}, beyond what JavaScript holds exactly", *how])
    precision = max(quantities.whole, ROOMY_PRECISION)
    if precision > MAX_INFERRED_PRECISION:
        return NumberType(None, {}, [f"{precision} digits are too many for a number"])
    members |= {"precision": precision, "scale": 0}
    return NumberType("decimal", members, [f"integers of up to {quantities.whole} digits, beyond 64 bits", *how])


def _conclude_decimal(
    quantities: Quantities, members: dict[str, Any], why: list[str], name: str, *, beside_doubles: bool
) -> NumberType:
    whole, scale = quantities.whole, quantities.scale
    is_money = scale <= MAX_MONEY_SCALE and (quantities.is_padded or scale in (0, 2) or MONEY.search(name))
    is_grouped = "units" in members or "thousands_separator" in members or "accounting" in members
    if not is_money and not is_grouped and quantities.is_exact:
        return NumberType("number", members, [*why, f"up to {scale} digits behind the point, held exactly"])
    is_for_digits = not is_money and not is_grouped and quantities.may_be_printed_doubles
    if is_for_digits and beside_doubles:
        how = f"up to {scale} digits behind the point, as programs print doubles, which most columns beside it are"
        return NumberType("number", members, [*why, how], is_for_digits)
    precision = max(whole + scale, ROOMY_PRECISION)
    if precision > MAX_INFERRED_PRECISION:
        return NumberType(None, {}, [*why, f"{precision} digits are too many for a number"])
    members |= {"precision": precision, "scale": scale}
    digits = f"up to {show_count(whole, 'digit')} before the point and {scale} behind it"
    return NumberType("decimal", members, [*why, digits], is_for_digits)


def _describe(quantities: Quantities, members: dict[str, Any]) -> Iterable[str]:
    """The style of the numbers, if not as in JSON."""
    if quantities.scale and members.get("decimal_separator") == ",":
        yield "written with a comma before the fraction"
    if "thousands_separator" in members:
        yield f"written with {MARK_NAMES[members['thousands_separator']]} between groups of digits"
    units = members.get("units", ())
    if "%" in units:
        yield "percent is read as written: 12.5% is 12.5"
    if others := [unit for unit in units if unit != "%"]:
        yield f"{', '.join(others)} beside the number is left out"
    if "accounting" in members:
        yield "(5.00) and 5.00- are read as negative, as accountants write them"
    if quantities.reading.is_trusted:
        yield "a point is read as the decimal point, as nothing in this comma-delimited file speaks against it"


def first_of(numerals: Iterable[Numeral], seen: Mapping[Numeral, Sighting]) -> str:
    """The first of some numerals, as evidence shows it."""
    sighting = min((seen[numeral] for numeral in numerals), key=lambda sighting: sighting.line)
    return show_place(sighting.value, sighting.line)


def show_place(value: str, line: int) -> str:
    """A value and its place."""
    return f'"{value}" at line {line:,}'


def show_count(count: int, noun: str) -> str:
    """A number of things, as evidence says it."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
