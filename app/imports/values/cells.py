"""Cells: whole columns of bytes read as values of a type, strictly.

Every reader takes an Arrow array of bytes and returns the typed array, null for a cell that is null or not a value of
the type, and a mask of the misfits (None without any). A reader looks at all cells at once first; only if one of them
is not written plainly does it look at each. Spaces of any sort around a value of any type but text are ignored, and a
cell that is empty or holds spaces only is null in any type but text.

Pure: no I/O.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.date_formats import PIVOT
from app.columns.types.uuid import UuidType
from app.core.strict_json import MAX_DEPTH, MAX_DOCUMENT_BYTES, JsonInvalid, parse_json, write_json
from app.imports.values.date_patterns import Pattern
from app.imports.values.dates import days_from_civil, month_numbers, seconds_of_day

if TYPE_CHECKING:
    from app.imports.values.image_names import ImageNames

Mask = npt.NDArray[np.bool_]
Cells = tuple[pa.Array, Mask | None]

ISO_DATE = "YYYY-MM-DD"
UUID = f"^{UuidType.pattern}$"
BOOLEAN_PAIRS = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"))
EPOCH_YEAR_1 = -719_162
EPOCH_YEAR_10000 = 2_932_897
DAY = 86_400_000_000


# Any space as its bytes, the no-break ones among them.
SPACE = r"(?:\s|\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"


@dataclass(frozen=True)
class Conventions:
    """The formats of a file's values, from its options. What these leave open is known of its columns or proven by its
    values."""

    decimal_separator: str | None = None
    thousands_separator: str | None = None
    units: tuple[str, ...] = ()
    booleans: tuple[str, str] | None = None
    date_formats: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    # The largest JSON document.
    document_bytes: int = MAX_DOCUMENT_BYTES
    # A comma in a number is less likely if commas end fields.
    delimiter: str = ","
    # Those that a column of images has its ids by; without them its cells are ids.
    images: "ImageNames | None" = None


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


_HEX_VALUES = np.full(256, 255, np.uint8)
_HEX_VALUES[list(b"0123456789")] = np.arange(10)
_HEX_VALUES[list(b"abcdef")] = np.arange(10, 16)
_HEX_VALUES[list(b"ABCDEF")] = np.arange(10, 16)


def match_cells(array: pa.Array, pattern: str) -> tuple[pa.Array, Mask]:
    """The cells, trimmed, that fit a pattern, as strings (null elsewhere), and a mask of those that neither do nor are
    blank.
    """
    trimmed = blank_to_null(trim(array))
    good = pc.match_substring_regex(trimmed, pattern)
    kept = pc.if_else(pc.fill_null(good, False), trimmed, pa.scalar(None, pa.binary()))
    bad = to_mask(trimmed.is_valid()) & ~to_mask(good)
    return kept.view(pa.string()), bad


def trim(array: pa.Array) -> pa.Array:
    """The cells without the spaces around them."""
    if _may_have_spaces(array) and pc.any(pc.match_substring_regex(array, f"^{SPACE}|{SPACE}$")).as_py():
        return pc.replace_substring_regex(array, f"^{SPACE}+|{SPACE}+$", b"")
    return array


_OF_SPACES = np.zeros(256, np.bool_)
_OF_SPACES[list(b"\t\n\f\r ")] = True
_OF_SPACES[128:] = True


def _may_have_spaces(array: pa.Array) -> bool:
    """Return whether the first or the last byte of a cell may be one of a space."""
    _, offsets, data = array.buffers()
    if data is None or not data.size:
        return False
    content = np.frombuffer(data, np.uint8)
    places = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    # A cell without bytes looks at another's: that may show a space that is not there, never the other way.
    firsts, lasts = np.minimum(places[:-1], len(content) - 1), np.maximum(places[1:] - 1, 0)
    return bool(_OF_SPACES[content[firsts]].any() or _OF_SPACES[content[lasts]].any())


_FIRST_OF_SPACES = np.zeros(256, np.bool_)
_FIRST_OF_SPACES[list(b"\t\n\f\r \xc2\xe1\xe2\xe3")] = True


def may_begin_with_space(array: pa.Array) -> bool:
    """Return whether the first byte of a cell, none of them null or empty, may be one of a space."""
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array)]
    return bool(_FIRST_OF_SPACES[np.frombuffer(data, np.uint8)[starts]].any())


def words_to_null(array: pa.Array, words: Sequence[str]) -> pa.Array:
    """The cells that are one of some words, but for the spaces around, as null."""
    if not words:
        return array
    missing = pc.is_in(trim(array), pa.array([word.encode() for word in words], pa.binary()))
    return pc.if_else(missing, pa.scalar(None, array.type), array)


def read_text(array: pa.Array) -> Cells:
    """Texts; the caller has seen to it that the bytes are UTF-8."""
    return array.view(pa.string()), None


@cache
def boolean_words(pair: tuple[str, str] | None, *, only: bool = True) -> tuple[pa.Array, pa.Array]:
    """The words that stand for true and those that stand for false: of a pair only these two, or true and false too."""
    pairs = (*BOOLEAN_PAIRS, ("1", "0")) if pair is None else () if only else BOOLEAN_PAIRS[:1]
    true = [spelling for word, _ in pairs for spelling in _spellings(word)]
    false = [spelling for _, word in pairs for spelling in _spellings(word)]
    if pair is not None:
        true = [pair[0], *(word for word in true if word not in pair)]
        false = [pair[1], *(word for word in false if word not in pair)]
    return tuple(pa.array([word.encode() for word in words], pa.binary()) for words in (true, false))


def _spellings(word: str) -> tuple[str, str, str]:
    return word, word.upper(), word.capitalize()


def read_booleans(array: pa.Array, pair: tuple[str, str] | None, *, only: bool = True) -> Cells:
    """Booleans: true/false, t/f, yes/no, y/n and 1/0 in any case, or only the given pair; if not `only`, true/false
    too, for a column whose files have their own words while an export has these.
    """
    array = blank_to_null(array)
    true, false = boolean_words(pair, only=only)
    words = pa.concat_arrays([true, false])
    places = pc.index_in(array, words)
    bad = to_mask(pc.and_(array.is_valid(), places.is_null()))
    if bad.any():
        array = blank_to_null(trim(array))
        places = pc.index_in(array, words)
        bad = to_mask(pc.and_(array.is_valid(), places.is_null()))
    return pc.less(places, len(true)), bad if bad.any() else None


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
    missing = bad | ~to_mask(kept.is_valid())
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
    """The groups of a pattern as integers, 0 for a group without digits; a month's name as its number."""
    struct = pc.extract_regex(kept, regex)
    groups: dict[str, npt.NDArray[np.int64]] = {}
    for part in struct.type:
        text = pc.struct_field(struct, part.name)
        if part.name == "name":
            groups["month"] = month_numbers(text)
            continue
        digits = pc.if_else(pc.fill_null(pc.match_substring_regex(text, r"^[0-9]+$"), False), text, "0")
        groups[part.name] = np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    if "short" in groups:
        groups["year"] = groups["short"] + np.where(groups["short"] < PIVOT, 2000, 1900)
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
    missing = bad | ~to_mask(kept.is_valid())
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
        kept, wrong = match_cells(array, UUID)
        array, bad = kept.view(pa.binary()), wrong if wrong.any() else None
    valid = array.is_valid()
    text = pc.replace_substring(pc.fill_null(array, b"0" * 32), "-", "")
    digits = _HEX_VALUES[np.frombuffer(pa.concat_arrays([text]).buffers()[2], np.uint8, len(array) * 32)]
    pairs = digits.reshape(len(array), 16, 2)
    content = (pairs[:, :, 0] << 4 | pairs[:, :, 1]).tobytes()
    values = pa.Array.from_buffers(pa.binary(16), len(array), [None, pa.py_buffer(content)])
    return pc.if_else(valid, values, pa.scalar(None, pa.binary(16))), bad


def read_json(array: pa.Array, most: int = MAX_DOCUMENT_BYTES) -> Cells:
    """JSON documents as texts.

    A text with a duplicate member, one that PostgreSQL cannot hold, and one with more than `most` bytes with its
    numbers written in full, is not a document.
    """
    array = blank_to_null(array)
    if (blank := pc.fill_null(pc.match_substring_regex(array, f"^{SPACE}*$"), False)).true_count:
        array = pc.if_else(blank, pa.scalar(None, array.type), array)
    bad = np.fromiter(
        (value is not None and not _is_json(value, most) for value in array.to_pylist()), np.bool_, len(array)
    )
    return pc.if_else(pa.array(bad), pa.scalar(None, pa.string()), array.view(pa.string())), bad if bad.any() else None


def _is_json(value: bytes, most: int) -> bool:
    try:
        document = parse_json(value, most)
        # What cannot be stored is written as an escape, and nothing is nested without brackets.
        if _UNSTORABLE.search(value) or value.count(b"[") + value.count(b"{") > MAX_DEPTH:
            write_json(document)
    except JsonInvalid:
        return False
    return True


_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
