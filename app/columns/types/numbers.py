"""Numbers: integers that JSON holds exactly and those of 64 bits, doubles, and decimals. Pure."""

import math
import re
import struct
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any, ClassVar

from app.columns.conventions import OF_NUMBERS
from app.columns.types.base import ARITHMETIC, COUNTS, EXTREMES, ColumnType, Schema, Shown
from app.core.aws.dynamo_json import Attributes
from app.core.strict_json import MAX_DIGITS

MAX_SAFE_INTEGER = 2**53 - 1
MAX_BIGINT = 2**63 - 1
# The numbers that JSON shows as texts, having no number for them.
NOT_FINITE = ("NaN", "Infinity", "-Infinity")
# Generators read an integer without a format as one of 32 bits.
ANY_INTEGER: Schema = {"type": "integer", "format": "int64"}
# And a number without one as one of 32 bits too.
ANY_NUMBER: Schema = {"type": "number", "format": "double"}
# PostgreSQL writes numbers with up to so many digits before the point in full.
PLAIN_DIGITS = 15
LEAST_PLAIN_EXPONENT = -4
# So many tell a number from every other.
MAX_PLAIN_DIGITS = 17
# DynamoDB's numbers have so many digits and this magnitude.
MAX_STORED_DIGITS = 38
LEAST_STORED, MAX_STORED = 1e-130, 1e126
# What is added to an integer for its sort key, so that no text of one has a sign.
_OFFSET = MAX_BIGINT + 1
_OFFSET_DIGITS = len(str(2 * _OFFSET))
_SIGN = 1 << 63
_ALL_BITS = (1 << 64) - 1
_EXACT = Context(prec=2 * MAX_DIGITS)


class WholeType(ColumnType[int]):
    """Integers from `least` to `most`."""

    least: int
    most: int
    sql = "bigint"
    is_number = True
    members = OF_NUMBERS
    aggregates = COUNTS + EXTREMES + ARITHMETIC

    def read(self, text: str) -> int:
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text) is None:
            raise ValueError
        value = int(text)
        if not self.least <= value <= self.most:
            raise ValueError
        return value

    def write_attribute(self, value: int) -> Attributes:
        return {"N": str(value)}

    @staticmethod
    def restore(text: str) -> int:
        # DynamoDB may write a number otherwise than it was given.
        return int(text) if text.lstrip("-").isdecimal() else int(Decimal(text))

    def sort_key(self, value: int) -> str:
        return f"{value + _OFFSET:0{_OFFSET_DIGITS}}"


class IntegerType(WholeType):
    """Integers that every program that reads JSON holds exactly."""

    name = "integer"
    article = "an integer"
    example = "as 42, from -9007199254740991 to 9007199254740991, without leading zeros"
    least, most = -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER
    schema: ClassVar[Schema] = {**ANY_INTEGER, "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER}
    sample = 42

    def read_json(self, value: Any) -> int:
        return _read_whole(value)

    def show(self, value: int) -> str:
        return str(value)

    def decode(self, value: int) -> Shown:
        return value


class BigintType(WholeType):
    """Integers of 64 bits, which JSON shows as texts."""

    name = "bigint"
    article = "a 64-bit integer"
    example = "as 9007199254740993, without leading zeros"
    least, most = -MAX_BIGINT - 1, MAX_BIGINT
    schema: ClassVar[Schema] = {"type": "string", "format": "int64", "pattern": "^-?(0|[1-9][0-9]{0,18})$"}
    sample = "9007199254740993"
    json_sql = "{}::text"

    def read_json(self, value: Any) -> int:
        return self.parse(value) if isinstance(value, str) else _read_whole(value)

    def show(self, value: int) -> str:
        return f'"{value}"'


class NumberType(ColumnType[float]):
    """Doubles."""

    name = "number"
    sql = "double precision"
    restore = float
    article = "a number"
    example = "as 1.5 or 1e-3"
    schema: ClassVar[Schema] = ANY_NUMBER
    sample = 1.5
    not_finite = NOT_FINITE
    is_number = True
    members = OF_NUMBERS
    aggregates = COUNTS + EXTREMES + ARITHMETIC

    def read(self, text: str) -> float:
        if text in NOT_FINITE:
            return float(text)
        if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", text) is None:
            raise ValueError
        value = float(text)
        if math.isinf(value):
            raise ValueError
        return value

    def read_json(self, value: Any) -> float:
        if isinstance(value, str):
            if value not in NOT_FINITE:
                raise ValueError
            return float(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError
        number = float(value)
        if math.isinf(number):
            raise ValueError
        return number

    def show(self, value: float) -> str:
        if math.isfinite(value):
            return _lay_out(_shortest(value))
        return '"NaN"' if math.isnan(value) else f'"{"-" if value < 0 else ""}Infinity"'

    def decode(self, value: float) -> Shown:
        return value

    def write_attribute(self, value: float) -> Attributes:
        is_exact = LEAST_STORED <= abs(value) < MAX_STORED or (value == 0 and math.copysign(1, value) > 0)
        return {"N" if is_exact else "S": repr(value)}

    def sort_key(self, value: float) -> str:
        # One NaN, after all others, and one zero: they are the same key to PostgreSQL too.
        value = float("nan") if value != value else value + 0.0  # noqa: PLR0124  # only NaN is not what it is
        (bits,) = struct.unpack(">Q", struct.pack(">d", value))
        return f"{bits ^ (_ALL_BITS if bits & _SIGN else _SIGN):016x}"


class DecimalType(ColumnType[Decimal]):
    """Exact decimals, which JSON shows as texts.

    A column's have at most `precision` digits in all, `scale` of them after the point. Without them it is the type of
    what functions compute, whose values are only compared.
    """

    name = "decimal"
    sql = "numeric"
    restore = Decimal
    article = "a decimal"
    example = "as 0.10"
    # No `format`: generators read `decimal` as a double.
    schema: ClassVar[Schema] = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"}
    json_sql = "{}::text"
    is_number = True
    members = ("precision", "scale", *OF_NUMBERS)
    aggregates = COUNTS + EXTREMES + ARITHMETIC

    def __init__(self, precision: int = 0, scale: int = 0) -> None:
        self.precision = precision
        self.scale = scale
        whole = "1" if precision != scale else "0"
        self.sample = f"{whole}.{'5':0<{scale}}" if scale else whole

    @property
    def sized_sql(self) -> str:
        """The type's name in PostgreSQL with its size, such as `numeric(12,2)`."""
        return f"numeric({self.precision},{self.scale})"

    @property
    def described(self) -> str:
        """The words of messages for what a value has to be."""
        before = self.precision - self.scale
        return f"a decimal with at most {before} digits before and {self.scale} after the decimal point"

    def sized(self, precision: int | None, scale: int | None) -> "DecimalType":
        """The type of a column that declares these.

        Raises:
            ValueError: one of them is missing, or there are more digits after the point than in all.
        """
        if precision is None or scale is None:
            raise ValueError("a decimal needs `precision` and `scale`, as 12 and 2")
        if scale > precision:
            raise ValueError(f"scale {scale} is more than precision {precision}")
        return DecimalType(precision, scale)

    def read(self, text: str) -> Decimal:
        if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) is None:
            raise ValueError
        return Decimal(text)

    def parse(self, text: str) -> Decimal:
        """The decimal that `text` stands for.

        Raises:
            ValueError: it is no number, or has more digits than fit; the message says so.
        """
        value = self.parse_comparable(text)
        if not self.fits(value):
            raise ValueError(f"'{text[:200]}' does not fit decimal({self.precision},{self.scale})")
        return value

    def fits(self, value: Decimal) -> bool:
        """Return whether a decimal is held exactly."""
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        return -exponent <= self.scale and (value == 0 or value.adjusted() < self.precision - self.scale)

    def read_json(self, value: Any) -> Decimal:
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError
        # A number's value counts, not how it is written: 1.500 and 1.5 are the same to every program that sends JSON.
        number = _EXACT.normalize(Decimal(value))
        if not self.fits(number):
            raise ValueError
        return number

    def show(self, value: Decimal) -> str:
        return f'"{self.write(value)}"'

    def decode(self, value: Decimal) -> Shown:
        return self.write(value)

    def write_attribute(self, value: Decimal) -> Attributes:
        return {"N" if self.precision <= MAX_STORED_DIGITS else "S": self.write(value)}

    @property
    def written_schema(self) -> Schema:
        """The pattern of the decimals that fit."""
        before = self.precision - self.scale
        whole = f"(0|[1-9][0-9]{{0,{before - 1}}})" if before else "0"
        behind = rf"(\.[0-9]{{1,{self.scale}}})?" if self.scale else ""
        return {"pattern": f"^-?{whole}{behind}$"}

    def write(self, value: Decimal) -> str:
        """A decimal with all of its column's digits after the point."""
        return f"{abs(value) if value == 0 else value:.{self.scale}f}"

    def sort_key(self, value: Decimal) -> str:
        return self._sort_scaled(value, ROUND_FLOOR)

    def least_sort_key(self, value: Decimal) -> str:
        """The text that sorts as the least decimal that fits and is not below `value`."""
        return self._sort_scaled(value, ROUND_CEILING)

    def greatest_sort_key(self, value: Decimal) -> str:
        """The text that sorts as the greatest decimal that fits and is not above `value`."""
        return self._sort_scaled(value, ROUND_FLOOR)

    def _sort_scaled(self, value: Decimal, rounding: str) -> str:
        most = 10**self.precision
        sign, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        number = int("".join(map(str, digits))) * (-1 if sign else 1)
        shift = exponent + self.scale
        if shift >= 0:
            scaled = number * 10 ** min(shift, self.precision + 1)
        else:
            # Division of integers rounds down; of the negative it rounds up.
            scaled = number // 10**-shift if rounding == ROUND_FLOOR else -(-number // 10**-shift)
        return f"{max(-most, min(most, scaled)) + most:0{self.precision + 1}}"


def _read_whole(value: Any) -> int:
    """The integer that a JSON number is: 1, but 1.0 and 1e2 are integers too.

    Raises:
        ValueError: it is not an integer that JSON holds exactly.
    """
    if type(value) is int:
        number = value
    elif isinstance(value, Decimal) and value == value.to_integral_value():
        number = int(value)
    else:
        raise ValueError
    if not -MAX_SAFE_INTEGER <= number <= MAX_SAFE_INTEGER:
        raise ValueError
    return number


def _shortest(value: float) -> Decimal:
    """The decimal with the fewest digits that is nearer to a number than to any other.

    Python's own may lie halfway to the next number, from where rounding to even finds back; PostgreSQL's never does.
    """
    shortest = Decimal(repr(value))
    # Below, halfway between two numbers has more digits than any of them is written with.
    if abs(value) < 2.0**53 or not _is_halfway(shortest, value):
        return shortest
    longer = (Decimal(f"{value:.{count}e}") for count in range(len(shortest.as_tuple().digits), MAX_PLAIN_DIGITS))
    return next(number for number in longer if float(number) == value and not _is_halfway(number, value))


def _is_halfway(written: Decimal, value: float) -> bool:
    exact = Fraction(value)
    neighbours = (math.nextafter(value, limit) for limit in (math.inf, -math.inf))
    return any(
        Fraction(written) * 2 == exact + Fraction(neighbour) for neighbour in neighbours if math.isfinite(neighbour)
    )


def _lay_out(number: Decimal) -> str:
    sign, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits))
    first = exponent + len(digits) - 1
    minus = "-" if sign else ""
    if LEAST_PLAIN_EXPONENT <= first < PLAIN_DIGITS:
        return f"{minus}{Decimal((0, digits, exponent)):f}"
    fraction = f".{written[1:]}" if len(written) > 1 else ""
    return f"{minus}{written[0]}{fraction}e{'-' if first < 0 else '+'}{abs(first):02}"
