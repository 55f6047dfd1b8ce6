"""Numbers: whole columns of bytes read as integers, decimals and doubles, strictly, as `cells` reads the other types.

Pure: no I/O.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.imports.values.cells import SPACE, Cells, Mask, blank_to_null, either, match_cells, to_mask, trim
from app.imports.values.number_style import JSON_STYLE, NumberStyle

# The longest decimals that a double holds exactly once scaled to an integer.
EXACT_DIGITS = 15
# Decimals of more digits do not fit 64 bits once scaled.
MAX_SCALED_PRECISION = 18
# Longer ones are rare enough to be looked at one by one.
MAX_PLAIN_LENGTH = 400
PLAIN_NUMBER = r"^-?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?$"
# A fraction of noughts makes the same integer.
INTEGER = r"^-?(?:0|[1-9][0-9]{0,18})(?:\.0+)?$"
NUMBER = r"^(?:-?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?|NaN|-?Infinity)$"


class Plain:
    """The shape of numbers that are all written plainly: an optional minus, digits without leading zeros, at most one
    point with digits on both sides. `is_plain` says whether they are; the other members hold only then.
    """

    def __init__(self, array: pa.Array) -> None:
        self.valid = None if array.null_count == 0 else to_mask(array.is_valid())
        self.array = array if self.valid is None else pc.fill_null(array, b"0")
        buffers = self.array.buffers()
        start = self.array.offset
        self._offsets = np.frombuffer(buffers[1], np.int32)[start : start + len(array) + 1]
        size = int(self._offsets[-1])
        self._bytes = np.frombuffer(buffers[2], np.uint8, size) if size else np.empty(0, np.uint8)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        return np.diff(self._offsets)

    @cached_property
    def negative(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._bytes[self._offsets[:-1]] == ord("-"))

    @cached_property
    def point(self) -> npt.NDArray[np.int32]:
        """The position of the point in each, -1 without a point."""
        if not self._point_count:
            return np.full(len(self.lengths), -1, np.int32)
        return np.asarray(pc.find_substring(self.array, ".").to_numpy(), np.int32)

    @cached_property
    def scales(self) -> npt.NDArray[np.int32]:
        """The digits after each point."""
        return np.where(self.point < 0, 0, self.lengths - self.point - 1).astype(np.int32)

    @cached_property
    def whole_digits(self) -> npt.NDArray[np.int32]:
        """The digits before each point; a lone 0 counts as one."""
        ends = np.where(self.point < 0, self.lengths, self.point)
        return (ends - self.negative).astype(np.int32)

    @property
    def ends_in_zero(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._bytes[self._offsets[1:] - 1] == ord("0"))

    @property
    def is_fraction(self) -> npt.NDArray[np.bool_]:
        """Which have a lone 0 before the point."""
        return np.asarray((self._first_digit == ord("0")) & (self.whole_digits == 1))

    @cached_property
    def _first_digit(self) -> npt.NDArray[np.uint8]:
        return np.asarray(self._bytes[self._offsets[:-1] + self.negative])

    @cached_property
    def _content(self) -> npt.NDArray[np.uint8]:
        return self._bytes[self._offsets[0] :]

    @cached_property
    def _point_count(self) -> int:
        return int(np.count_nonzero(self._content == ord(".")))

    @cached_property
    def is_plain(self) -> bool:
        if len(self.lengths) == 0:
            return True
        return self._has_numeric_bytes and self._has_points_between_digits and not self._has_leading_zeros

    @property
    def _has_numeric_bytes(self) -> bool:
        """Return whether there are digits, points and minuses only, and a minus only in front."""
        content = self._content
        if self.lengths.min() == 0 or self.lengths.max() > MAX_PLAIN_LENGTH:
            return False
        minuses = np.count_nonzero(content == ord("-"))
        # Bytes below "0" wrap around to large ones.
        digits = np.count_nonzero(content - np.uint8(ord("0")) < 10)
        if digits + self._point_count + minuses != len(content):
            return False
        return bool(minuses == np.count_nonzero(self.negative))

    @property
    def odd(self) -> Mask:
        """Which have a byte that no plain number has."""
        content = self._content
        numeric = (content - np.uint8(ord("0")) < 10) | (content == ord(".")) | (content == ord("-"))
        mask = np.zeros(len(self.lengths), np.bool_)
        mask[np.searchsorted(self._offsets - self._offsets[0], np.flatnonzero(~numeric), side="right") - 1] = True
        return mask

    @property
    def _has_points_between_digits(self) -> bool:
        pointed = self.point >= 0
        if self._point_count != np.count_nonzero(pointed):
            return False
        return bool(self.whole_digits.min() >= 1 and (self.scales[pointed] >= 1).all())

    @property
    def _has_leading_zeros(self) -> bool:
        return bool(((self._first_digit == ord("0")) & (self.whole_digits > 1)).any())

    @property
    def is_whole(self) -> bool:
        return not self._point_count

    def floats(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.array.view(pa.string()).cast(pa.float64()).to_numpy(), np.float64)

    def typed(self, values: npt.NDArray[np.generic]) -> pa.Array:
        """The values as an array, null for null cells."""
        return pa.array(values, mask=None if self.valid is None else ~self.valid)


def normalise_numbers(array: pa.Array, style: NumberStyle) -> Cells:
    """Numbers of another style, as (1.234,56 €), written as -1234.56; null and masked if they do not follow it."""
    if style == JSON_STYLE:
        return array, None
    array = _with_plain_marks(array)
    if style.units:
        array = _without_units(array, style.units)
    if style.accounting:
        array = pc.replace_substring_regex(array, r"^\(([^-()]+)\)$|^([^-()]*[^-() ]) ?-$", r"-\1\2")
    kept, bad = match_cells(array, style.pattern)
    if style.thousands:
        kept = pc.replace_substring(kept, style.thousands, "")
    if style.point != ".":
        kept = pc.replace_substring(kept, style.point, ".")
    return kept.view(pa.binary()), bad


def _with_plain_marks(array: pa.Array) -> pa.Array:
    """Trimmed cells with any space, apostrophe and minus as ASCII has them."""
    array = trim(array)
    if pc.any(pc.match_substring_regex(array, r"[^\x00-\x7f]")).as_py():
        for mark, plain in ((SPACE, b" "), (r"\xe2\x80\x99", b"'"), (r"\xe2\x88\x92", b"-")):
            array = pc.replace_substring_regex(array, mark, plain)
    return array


def _without_units(array: pa.Array, units: tuple[str, ...]) -> pa.Array:
    """Numbers without the unit before or after them; a unit alone stays, because it is not a number."""
    # The longest first: kg is not k before a g.
    unit = f"(?:{'|'.join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))})"
    bare = pc.replace_substring_regex(array, rf"^(\(?-?) ?{unit} ?", r"\1")
    behind = pc.replace_substring_regex(array, rf" ?{unit}(\)?-?)$", r"\1")
    bare = pc.if_else(pc.equal(bare, array), behind, bare)
    return pc.if_else(pc.equal(pc.binary_length(bare), 0), array, bare)


def _read_apart(array: pa.Array, odd: Mask, read: Callable[[pa.Array], Cells]) -> Cells | None:
    """The cells with the odd ones read apart from the others, which may then all be plain; None if they are many."""
    if not 0 < 4 * np.count_nonzero(odd) <= len(odd):
        return None
    mask = pa.array(odd)
    values, bad = read(pc.if_else(mask, pa.scalar(None, array.type), array))
    odd_values, odd_bad = read(array.filter(mask))
    if odd_bad is not None:
        of_all = np.zeros(len(odd), np.bool_)
        of_all[odd] = odd_bad
        bad = either(bad, of_all)
    return pc.replace_with_mask(values, mask, odd_values), bad


def _match_numbers(array: pa.Array, pattern: str) -> tuple[pa.Array, Mask]:
    """As `match_cells`; a minus may be the one of typography."""
    if pc.any(pc.match_substring(array, "\N{MINUS SIGN}")).as_py():
        array = pc.replace_substring(trim(array), "\N{MINUS SIGN}", "-")
    return match_cells(array, pattern)


def read_integers(array: pa.Array) -> Cells:
    """64-bit integers; 10.0 is one too."""
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain and plain.is_whole and _fits_bigint(plain):
        return plain.typed(plain.array.view(pa.string()).cast(pa.int64()).to_numpy()), None
    if (cells := _read_apart(array, plain.odd, read_integers)) is not None:
        return cells
    kept, bad = _match_numbers(array, INTEGER)
    kept = pc.replace_substring_regex(kept, r"\..*", "")
    # Nineteen digits may or may not fit; few columns have them.
    long = to_mask(pc.greater_equal(pc.utf8_length(kept), 19))
    for index in np.flatnonzero(long):
        bad[index] |= not -(2**63) <= int(kept[int(index)].as_py()) < 2**63
    kept = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), kept)
    return kept.cast(pa.int64()), bad


def _fits_bigint(plain: Plain) -> bool:
    return len(plain.lengths) == 0 or int(plain.whole_digits.max()) <= 18


def read_decimals(array: pa.Array, precision: int, scale: int) -> Cells:
    """Decimals of at most `scale` digits after the point and `precision` in total.

    The values are integers of 10^-scale if they fit 64 bits (a precision of 18 at most), else texts.
    """
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain and _is_scalable(plain, precision, scale) and not _misfits(plain, precision, scale).any():
        return _scaled(plain, scale), None
    if (cells := _read_apart(array, plain.odd, lambda few: read_decimals(few, precision, scale))) is not None:
        return cells
    kept, bad = _match_numbers(array, PLAIN_NUMBER)
    bad |= to_mask(pc.match_substring_regex(kept, r"^-?$"))
    kept = pc.replace_substring_regex(_without(kept, bad), r"^(-?)\.", r"\10.")
    plain = Plain(kept.view(pa.binary()))
    misfits = _misfits(plain, precision, scale) & to_mask(kept.is_valid())
    kept, bad = _without(kept, misfits), bad | misfits
    plain = Plain(kept.view(pa.binary()))
    if _is_scalable(plain, precision, scale):
        return _scaled(plain, scale), bad
    if precision > MAX_SCALED_PRECISION:
        return kept, bad
    values = [None if text is None else int(Decimal(text).scaleb(scale)) for text in kept.to_pylist()]
    return pa.array(values, pa.int64()), bad


def _without(array: pa.Array, mask: Mask) -> pa.Array:
    """The cells, null for the masked ones."""
    return pc.if_else(pa.array(mask), pa.scalar(None, array.type), array) if mask.any() else array


def _misfits(plain: Plain, precision: int, scale: int) -> Mask:
    """Which plain decimals have too many digits before or after the point."""
    return (plain.scales > scale) | (plain.whole_digits - plain.is_fraction > precision - scale)


def _is_scalable(plain: Plain, precision: int, scale: int) -> bool:
    """Return whether plain decimals become integers of 10^-scale by way of doubles, exactly."""
    if len(plain.lengths) == 0:
        return precision <= MAX_SCALED_PRECISION
    return precision <= MAX_SCALED_PRECISION and int(plain.whole_digits.max()) + scale <= EXACT_DIGITS


def _scaled(plain: Plain, scale: int) -> pa.Array:
    return plain.typed(np.rint(plain.floats() * 10.0**scale).astype(np.int64))


def read_numbers(array: pa.Array) -> Cells:
    """Doubles, NaN and Infinity among them; a number too large for a double is a misfit."""
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain:
        return plain.typed(plain.floats()), None
    if (cells := _read_apart(array, plain.odd, read_numbers)) is not None:
        return cells
    kept, bad = _match_numbers(array, NUMBER)
    bad |= to_mask(pc.match_substring_regex(kept, r"^-?(?:[eE]|$)"))
    kept = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), kept)
    values = pc.replace_substring(kept, "Infinity", "inf").cast(pa.float64())
    overflow = to_mask(pc.is_inf(values)) & ~to_mask(pc.match_substring(kept, "Infinity"))
    return pc.if_else(pa.array(overflow), pa.scalar(None, pa.float64()), values), bad | overflow
