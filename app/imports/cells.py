"""Cells: whole columns of bytes read as values of a type, strictly.

Every reader takes an Arrow array of bytes and answers the typed array, null where a cell is null or is not a value of
the type, and a mask of the cells that are not (None when all are). A reader looks at all cells at once first; only when
one of them is not written plainly does it look at each. Spaces around a value of any type but text are passed over, and
an empty cell is null in any type but text.

Pure: no I/O.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.core.json_text import MAX_DEPTH, JsonInvalid, parse_json, write_json
from app.imports.calendar import days_from_civil, month_numbers, seconds_of_day
from app.imports.formats import Pattern

Mask = npt.NDArray[np.bool_]
Cells = tuple[pa.Array, Mask | None]

MAX_SAFE_INTEGER = 2**53 - 1
# The longest decimals that a double holds exactly once scaled to an integer.
EXACT_DIGITS = 15
# Decimals of more digits do not fit 64 bits once scaled.
MAX_SCALED_PRECISION = 18
# Longer ones are rare enough to be looked at one by one.
MAX_PLAIN_LENGTH = 400
ISO_DATE = "YYYY-MM-DD"
PLAIN_NUMBER = r"^-?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?$"
INTEGER = r"^-?(?:0|[1-9][0-9]{0,18})$"
NUMBER = r"^(?:-?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?|NaN|-?Infinity)$"
UUID = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
BOOLEAN_PAIRS = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"))
EPOCH_YEAR_1 = -719_162
EPOCH_YEAR_10000 = 2_932_897
DAY = 86_400_000_000


@dataclass(frozen=True)
class Conventions:
    """How a file writes its values: what its options say or its dialect shows."""

    decimal_separator: str = "."
    thousands_separator: str = ""
    units: tuple[str, ...] = ()
    booleans: tuple[str, str] | None = None
    date_formats: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"


def to_mask(array: pa.Array) -> Mask:
    """A boolean array as a mask; null counts as false."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), np.bool_)


def either(first: Mask | None, second: Mask | None) -> Mask | None:
    """The cells that one mask or the other has; None stands for a mask without any."""
    if first is None or second is None:
        return second if first is None else first
    return first | second


def blank_to_null(array: pa.Array) -> pa.Array:
    """An empty cell, quoted or not, as null."""
    lengths = pc.binary_length(array)
    if pc.sum(pc.equal(lengths, 0)).as_py():
        return pc.if_else(pc.equal(lengths, 0), pa.scalar(None, array.type), array)
    return array


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
        """Where the point stands in each, -1 where there is none."""
        if not self._point_count:
            return np.full(len(self.lengths), -1, np.int32)
        return np.asarray(pc.find_substring(self.array, ".").to_numpy(), np.int32)

    @cached_property
    def scales(self) -> npt.NDArray[np.int32]:
        """The digits behind each point."""
        return np.where(self.point < 0, 0, self.lengths - self.point - 1).astype(np.int32)

    @cached_property
    def whole_digits(self) -> npt.NDArray[np.int32]:
        """The digits before each point; a lone 0 counts as one."""
        ends = np.where(self.point < 0, self.lengths, self.point)
        return (ends - self.negative).astype(np.int32)

    @property
    def is_fraction(self) -> npt.NDArray[np.bool_]:
        """Which have a lone 0 before the point."""
        return np.asarray((self._first_digit == ord("0")) & (self.whole_digits == 1))

    @property
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
        """Whether there are digits, points and minuses only, and a minus only in front."""
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
        """The values as an array, null where the cells were."""
        return pa.array(values, mask=None if self.valid is None else ~self.valid)


_HEX_VALUES = np.full(256, 255, np.uint8)
_HEX_VALUES[list(b"0123456789")] = np.arange(10)
_HEX_VALUES[list(b"abcdef")] = np.arange(10, 16)
_HEX_VALUES[list(b"ABCDEF")] = np.arange(10, 16)


def match_cells(array: pa.Array, pattern: str) -> tuple[pa.Array, Mask]:
    """The cells, trimmed, that fit a pattern, as strings (null elsewhere), and a mask of those that do not."""
    trimmed = _trim(array)
    good = pc.match_substring_regex(trimmed, pattern)
    kept = pc.if_else(pc.fill_null(good, False), trimmed, pa.scalar(None, pa.binary()))
    bad = to_mask(array.is_valid()) & ~to_mask(good)
    return kept.view(pa.string()), bad


def _trim(array: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(array, r"^\s|\s$")).as_py():
        return pc.replace_substring_regex(array, r"^\s+|\s+$", b"")
    return array


def normalise_numbers(array: pa.Array, conventions: Conventions) -> Cells:
    """Numbers of another convention, as 1.234,56, written as 1234.56; null and masked where they do not follow it."""
    if conventions.units:
        array = _without_units(array, conventions.units)
    point, thousands = conventions.decimal_separator, conventions.thousands_separator
    if point == "." and not thousands:
        return array, None
    mark = re.escape(point)
    whole = r"(?:0|[1-9][0-9]*)"
    if thousands:
        whole = rf"(?:0|[1-9][0-9]{{0,2}}(?:{re.escape(thousands)}[0-9]{{3}})+|[1-9][0-9]*)"
    kept, bad = match_cells(array, rf"^-?{whole}?(?:{mark}[0-9]+)?(?:[eE][+-]?[0-9]{{1,4}})?$")
    if thousands:
        kept = pc.replace_substring(kept, thousands, "")
    if point != ".":
        kept = pc.replace_substring(kept, point, ".")
    return kept.view(pa.binary()), bad


def _without_units(array: pa.Array, units: tuple[str, ...]) -> pa.Array:
    """Numbers without what stands before or behind them; a unit alone stays, for it is no number."""
    # The longest first: kg is no k before a g.
    unit = f"(?:{'|'.join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))})"
    bare = pc.replace_substring_regex(_trim(array), rf"^(-?)\s?{unit}\s?", r"\1")
    bare = pc.replace_substring_regex(bare, rf"\s?{unit}$", b"")
    return pc.if_else(pc.equal(pc.binary_length(bare), 0), array, bare)


def _read_apart(array: pa.Array, odd: Mask, read: Callable[[pa.Array], Cells]) -> Cells | None:
    """The cells with the odd ones read apart from the others, which may then all be plain; None where they are many."""
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


def read_text(array: pa.Array) -> Cells:
    """Texts; the caller has seen to it that the bytes are UTF-8."""
    return array.view(pa.string()), None


def read_integers(array: pa.Array) -> Cells:
    """64-bit integers."""
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain and plain.is_whole and _fits_bigint(plain):
        return plain.typed(plain.array.view(pa.string()).cast(pa.int64()).to_numpy()), None
    if (cells := _read_apart(array, plain.odd, read_integers)) is not None:
        return cells
    kept, bad = match_cells(array, INTEGER)
    # Nineteen digits may or may not fit; few columns have them.
    long = to_mask(pc.greater_equal(pc.utf8_length(kept), 19))
    for index in np.flatnonzero(long):
        bad[index] |= not -(2**63) <= int(kept[int(index)].as_py()) < 2**63
    kept = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), kept)
    return kept.cast(pa.int64()), bad


def _fits_bigint(plain: Plain) -> bool:
    return len(plain.lengths) == 0 or int(plain.whole_digits.max()) <= 18


def read_decimals(array: pa.Array, precision: int, scale: int) -> Cells:
    """Decimals of at most `scale` digits behind the point and `precision` in all.

    The values are integers of 10^-scale where they fit 64 bits (a precision of 18 at most), else texts.
    """
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain and _is_scalable(plain, precision, scale) and not _misfits(plain, precision, scale).any():
        return _scaled(plain, scale), None
    if (cells := _read_apart(array, plain.odd, lambda few: read_decimals(few, precision, scale))) is not None:
        return cells
    kept, bad = match_cells(array, PLAIN_NUMBER)
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
    """The cells, null where the mask says."""
    return pc.if_else(pa.array(mask), pa.scalar(None, array.type), array) if mask.any() else array


def _misfits(plain: Plain, precision: int, scale: int) -> Mask:
    """Which plain decimals have too many digits before or behind the point."""
    return (plain.scales > scale) | (plain.whole_digits - plain.is_fraction > precision - scale)


def _is_scalable(plain: Plain, precision: int, scale: int) -> bool:
    """Whether plain decimals become integers of 10^-scale by way of doubles, exactly."""
    if len(plain.lengths) == 0:
        return precision <= MAX_SCALED_PRECISION
    return precision <= MAX_SCALED_PRECISION and int(plain.whole_digits.max()) + scale <= EXACT_DIGITS


def _scaled(plain: Plain, scale: int) -> pa.Array:
    return plain.typed(np.rint(plain.floats() * 10.0**scale).astype(np.int64))


def read_numbers(array: pa.Array) -> Cells:
    """Doubles, NaN and Infinity among them; a number too large for a double is none."""
    array = blank_to_null(array)
    plain = Plain(array)
    if plain.is_plain:
        return plain.typed(plain.floats()), None
    if (cells := _read_apart(array, plain.odd, read_numbers)) is not None:
        return cells
    kept, bad = match_cells(array, NUMBER)
    bad |= to_mask(pc.match_substring_regex(kept, r"^-?(?:[eE]|$)"))
    kept = pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), kept)
    values = pc.replace_substring(kept, "Infinity", "inf").cast(pa.float64())
    overflow = to_mask(pc.is_inf(values)) & ~to_mask(pc.match_substring(kept, "Infinity"))
    return pc.if_else(pa.array(overflow), pa.scalar(None, pa.float64()), values), bad | overflow


@cache
def boolean_words(pair: tuple[str, str] | None) -> pa.Array:
    """The words that stand for a boolean: those for true, then as many for false."""
    pairs = (*BOOLEAN_PAIRS, ("1", "0"))
    if pair is not None:
        words = [pair[0], pair[1]]
    else:
        words = [spelling for true, _ in pairs for spelling in _spellings(true)]
        words += [spelling for _, false in pairs for spelling in _spellings(false)]
    return pa.array([word.encode() for word in words], pa.binary())


def _spellings(word: str) -> tuple[str, str, str]:
    return word, word.upper(), word.capitalize()


def read_booleans(array: pa.Array, pair: tuple[str, str] | None) -> Cells:
    """Booleans: true/false, t/f, yes/no, y/n and 1/0 in any case, or only the pair that is given."""
    array = blank_to_null(array)
    words = boolean_words(pair)
    places = pc.index_in(array, words)
    bad = to_mask(pc.and_(array.is_valid(), places.is_null()))
    if bad.any():
        places = pc.index_in(_trim(array), words)
        bad = to_mask(pc.and_(array.is_valid(), places.is_null()))
    return pc.less(places, len(words) // 2), bad if bad.any() else None


def read_dates(array: pa.Array, pattern: str) -> Cells:
    """Dates in one format, as YYYY-MM-DD or D/M/YYYY."""
    array = blank_to_null(array)
    if pattern == ISO_DATE and (dates := _iso_dates(array)) is not None:
        return dates, None
    kept, bad = match_cells(array, Pattern(pattern).date_regex)
    if kept.null_count == len(kept):
        return kept.cast(pa.date32()), bad if bad.any() else None
    fields = _extract(kept, Pattern(pattern).date_regex)
    days, real = days_from_civil(fields["year"], fields["month"], fields["day"])
    bad |= to_mask(kept.is_valid()) & ~real
    missing = bad | ~to_mask(array.is_valid())
    return pa.array(days.astype(np.int32), mask=missing).view(pa.date32()), bad if bad.any() else None


def _iso_dates(array: pa.Array) -> pa.Array | None:
    lengths = pc.min_max(pc.binary_length(array)).as_py()
    if lengths["min"] not in (10, None) or lengths["max"] not in (10, None):
        return None
    try:
        dates = array.view(pa.string()).cast(pa.date32())
    except pa.ArrowInvalid:
        return None
    least = pc.min(dates.view(pa.int32())).as_py()
    return dates if least is None or least >= EPOCH_YEAR_1 else None


def _extract(kept: pa.Array, regex: str) -> dict[str, npt.NDArray[np.int64]]:
    """The groups of a pattern as integers, 0 where a group has no digits; a month's name as its number."""
    struct = pc.extract_regex(kept, regex)
    groups: dict[str, npt.NDArray[np.int64]] = {}
    for part in struct.type:
        text = pc.struct_field(struct, part.name)
        if part.name == "name":
            groups["month"] = month_numbers(text)
            continue
        digits = pc.if_else(pc.fill_null(pc.match_substring_regex(text, r"^[0-9]+$"), False), text, "0")
        groups[part.name] = np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    return groups


def read_datetimes(array: pa.Array, pattern: str, timezone: str) -> Cells:
    """Times in microseconds UTC: RFC 3339 and its relatives, or a date format followed by a time of day.

    A time without a zone is one of `timezone`; one that the zone's clocks skip is refused. A date alone is its
    midnight.
    """
    array = blank_to_null(array)
    if pattern == ISO_DATE and (times := _iso_datetimes(array, timezone)) is not None:
        return times, None
    form = Pattern(pattern)
    kept, bad = match_cells(array, form.datetime_regex)
    if kept.null_count == len(kept):
        return kept.cast(pa.timestamp("us")), bad if bad.any() else None
    fields = _extract(kept, form.datetime_regex)
    days, real = days_from_civil(fields["year"], fields["month"], fields["day"])
    struct = pc.extract_regex(kept, form.datetime_regex)
    text = {name: pc.struct_field(struct, name) for name in ("fraction", "half", "zone")}
    seconds, possible = seconds_of_day(fields, to_mask(pc.match_substring_regex(text["half"], "^ ?[pP]")), text["half"])
    micros = _microseconds(text["fraction"])
    zoned, shift = _zone_shift(text["zone"])
    local = days * DAY + seconds * 1_000_000 + micros
    utc, exists = _to_utc(local, zoned, shift, timezone)
    # A zone may move a time out of the years that a date can have.
    dated = (utc >= EPOCH_YEAR_1 * DAY) & (utc < EPOCH_YEAR_10000 * DAY)
    bad |= to_mask(kept.is_valid()) & ~(real & possible & exists & dated)
    missing = bad | ~to_mask(array.is_valid())
    return pa.array(utc, mask=missing).view(pa.timestamp("us")), bad if bad.any() else None


def _iso_datetimes(array: pa.Array, timezone: str) -> pa.Array | None:
    shortest = pc.min(pc.binary_length(array)).as_py()
    if shortest is not None and shortest < len("2026-01-31T12:00"):
        return None
    text = array.view(pa.string())
    try:
        times = text.cast(pa.timestamp("us", "UTC")).view(pa.timestamp("us"))
    except pa.ArrowInvalid:
        if timezone != "UTC":
            return None
        try:
            times = text.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            return None
    ends = pc.min_max(times.view(pa.int64())).as_py()
    is_dated = ends["min"] is None or (ends["min"] >= EPOCH_YEAR_1 * DAY and ends["max"] < EPOCH_YEAR_10000 * DAY)
    return times if is_dated else None


def _microseconds(fraction: pa.Array) -> npt.NDArray[np.int64]:
    padded = pc.utf8_rpad(pc.fill_null(fraction, ""), 6, "0")
    return np.asarray(padded.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _zone_shift(zone: pa.Array) -> tuple[Mask, npt.NDArray[np.int64]]:
    """Which cells name a zone, and its distance from UTC in microseconds."""
    distinct = pc.dictionary_encode(pc.fill_null(zone, ""))
    shifts = np.array([_zone_seconds(name) for name in distinct.dictionary.to_pylist()] or [0], np.int64)
    named = np.array([bool(name) for name in distinct.dictionary.to_pylist()] or [False], np.bool_)
    places = distinct.indices.to_numpy()
    return named[places], shifts[places] * 1_000_000


def _zone_seconds(name: str) -> int:
    digits = re.sub(r"\D", "", name).ljust(4, "0")
    if name.strip() in ("", "Z", "z"):
        return 0
    sign = -1 if "-" in name else 1
    return sign * (int(digits[:2]) * 3600 + int(digits[2:4]) * 60)


def _to_utc(
    local: npt.NDArray[np.int64], zoned: Mask, shift: npt.NDArray[np.int64], timezone: str
) -> tuple[npt.NDArray[np.int64], Mask]:
    exists = np.ones(len(local), np.bool_)
    if timezone == "UTC" or zoned.all():
        return local - shift, exists
    naive = pa.array(local).view(pa.timestamp("us"))
    assumed = pc.assume_timezone(naive, timezone, ambiguous="earliest", nonexistent="earliest")
    back = pc.local_timestamp(assumed).view(pa.int64()).to_numpy()
    exists = zoned | (back == local)
    return np.where(zoned, local - shift, assumed.view(pa.timestamp("us")).view(pa.int64()).to_numpy()), exists


def read_uuids(array: pa.Array) -> Cells:
    """UUIDs as their 16 bytes."""
    array = blank_to_null(array)
    bad = None
    fits = pc.match_substring_regex(array, UUID)
    if not pc.all(pc.fill_null(fits, True)).as_py():
        kept, bad = match_cells(array, UUID)
        array = kept.view(pa.binary())
    valid = array.is_valid()
    text = pc.replace_substring(pc.fill_null(array, b"0" * 32), "-", "")
    digits = _HEX_VALUES[np.frombuffer(pa.concat_arrays([text]).buffers()[2], np.uint8, len(array) * 32)]
    pairs = digits.reshape(len(array), 16, 2)
    content = (pairs[:, :, 0] << 4 | pairs[:, :, 1]).tobytes()
    values = pa.Array.from_buffers(pa.binary(16), len(array), [None, pa.py_buffer(content)])
    return pc.if_else(valid, values, pa.scalar(None, pa.binary(16))), bad


def read_json(array: pa.Array) -> Cells:
    """JSON documents as texts; one that names a member twice, or that PostgreSQL cannot hold, is none."""
    array = blank_to_null(array)
    bad = np.fromiter((value is not None and not _is_json(value) for value in array.to_pylist()), np.bool_, len(array))
    return pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), array.view(pa.string())), bad if bad.any() else None


def _is_json(value: bytes) -> bool:
    try:
        document = parse_json(value)
        # What cannot be stored is written as an escape, and nothing is nested without brackets.
        if _UNSTORABLE.search(value) or value.count(b"[") + value.count(b"{") > MAX_DEPTH:
            write_json(document)
    except JsonInvalid:
        return False
    return True


_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
