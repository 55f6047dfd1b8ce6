"""Fields: typed columns as fields of PostgreSQL's binary COPY format, whole columns at a time.

A field is its length and its bytes, everything big-endian, as the COPY command's documentation has it.

Pure: no I/O.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column

DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = DAYS_TO_2000 * 86_400_000_000
NUMERIC_BASE = 10_000
BASE_DIGITS = 4
NULL = b"\xff\xff\xff\xff"

# A column's part of a row, one piece after the other: the same bytes in every row, a big-endian number, or a string of
# of any length.
Piece: TypeAlias = bytes | npt.NDArray[np.generic] | pa.Array


def side_by_side(pieces: Sequence[bytes | npt.NDArray[np.generic]], count: int) -> pa.Array:
    """Pieces of fixed size as one array of strings."""
    layout = [(str(place), f"V{len(p)}" if isinstance(p, bytes) else p.dtype) for place, p in enumerate(pieces)]
    rows = np.empty(count, layout)
    # What is the same in every row is written all at once, the rest over it.
    pattern = b"".join(p if isinstance(p, bytes) else bytes(p.dtype.itemsize) for p in pieces)
    rows.view(f"V{len(pattern)}")[:] = np.void(pattern)
    for place, piece in enumerate(pieces):
        if not isinstance(piece, bytes):
            rows[str(place)] = piece
    offsets = np.arange(count + 1, dtype=np.int32) * rows.dtype.itemsize
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(rows)])


def _sized(pieces: list[bytes | npt.NDArray[np.generic]], array: pa.Array) -> list[Piece]:
    """A value of fixed size after its length; a null is the length -1 and nothing else."""
    size = sum(len(piece) if isinstance(piece, bytes) else piece.dtype.itemsize for piece in pieces)
    pieces = [size.to_bytes(4, "big"), *pieces]
    if array.null_count == 0:
        return list(pieces)
    return [pc.if_else(array.is_valid(), side_by_side(pieces, len(array)), pa.scalar(NULL, pa.binary()))]


def _as_numpy(array: pa.Array, zero: object) -> npt.NDArray[np.generic]:
    filled = pc.fill_null(array, zero) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def encode_integers(array: pa.Array, _: Column | None = None) -> list[Piece]:
    return _sized([_as_numpy(array, 0).astype(">i8")], array)


def encode_numbers(array: pa.Array, _: Column) -> list[Piece]:
    return _sized([_as_numpy(array, 0.0).astype(">f8")], array)


def encode_booleans(array: pa.Array, _: Column) -> list[Piece]:
    return _sized([_as_numpy(array, False).astype(np.uint8)], array)


def encode_dates(array: pa.Array, _: Column) -> list[Piece]:
    days = _as_numpy(array.view(pa.int32()), 0)
    return _sized([(days - DAYS_TO_2000).astype(">i4")], array)


def encode_datetimes(array: pa.Array, _: Column) -> list[Piece]:
    micros = _as_numpy(array.view(pa.int64()), 0)
    return _sized([(micros - MICROSECONDS_TO_2000).astype(">i8")], array)


def encode_texts(array: pa.Array, _: Column | None = None) -> list[Piece]:
    lengths = pc.fill_null(pc.binary_length(array), -1).to_numpy(zero_copy_only=False)
    return [lengths.astype(">i4"), array.view(pa.binary())]


def encode_uuids(array: pa.Array, _: Column) -> list[Piece]:
    sizes = np.where(np.asarray(array.is_valid().to_numpy(zero_copy_only=False)), 16, -1)
    return [sizes.astype(">i4"), array.cast(pa.binary())]


def encode_json(array: pa.Array, _: Column) -> list[Piece]:
    """jsonb: a version byte, then the text."""
    lengths = pc.fill_null(pc.binary_length(array), -2).to_numpy(zero_copy_only=False)
    version = pc.if_else(array.is_valid(), pa.scalar(b"\x01", pa.binary()), pa.scalar(b"", pa.binary()))
    return [(lengths + 1).astype(">i4"), version, array.view(pa.binary())]


def encode_decimals(array: pa.Array, column: Column) -> list[Piece]:
    """numeric: how many digits of base 10,000, the first one's power, the sign, the scale, and the digits."""
    assert column.precision is not None
    assert column.scale is not None
    if pa.types.is_string(array.type):
        return encode_texts(pa.array([_numeric(text) for text in array.to_pylist()], pa.binary()))
    scaled = _as_numpy(array, 0).astype(np.int64)
    behind = -(-column.scale // BASE_DIGITS)
    before = max(-(-(column.precision - column.scale) // BASE_DIGITS), 1)
    whole, fraction = np.divmod(np.abs(scaled), 10**column.scale)
    digits: list[npt.NDArray[np.generic]] = []
    for _ in range(before):
        whole, group = np.divmod(whole, NUMERIC_BASE)
        digits.insert(0, group.astype(">i2"))
    # The last group may have less than four digits; filling up the whole fraction would not fit 64 bits.
    size = 10 ** (column.scale - (behind - 1) * BASE_DIGITS) if behind else 1
    for _ in range(behind):
        fraction, group = np.divmod(fraction, size)
        digits.insert(before, (group * (NUMERIC_BASE // size)).astype(">i2"))
        size = NUMERIC_BASE
    sign = np.where(scaled < 0, 0x4000, 0).astype(">u2")
    header = (before + behind).to_bytes(2, "big") + (before - 1).to_bytes(2, "big")
    return _sized([header, sign, column.scale.to_bytes(2, "big"), *digits], array)


def _numeric(text: str | None) -> bytes | None:
    """One decimal of any size as PostgreSQL's numeric."""
    if text is None:
        return None
    number = Decimal(text)
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    written = "".join(map(str, digits)) + "0" * max(exponent, 0)
    written = written.rjust(scale + 1, "0")
    whole, fraction = written[: len(written) - scale], written[len(written) - scale :]
    whole = whole.rjust(-(-len(whole) // BASE_DIGITS) * BASE_DIGITS, "0")
    fraction = fraction.ljust(-(-scale // BASE_DIGITS) * BASE_DIGITS, "0")
    groups = [
        int((whole + fraction)[place : place + BASE_DIGITS]) for place in range(0, len(whole + fraction), BASE_DIGITS)
    ]
    header = [len(groups), len(whole) // BASE_DIGITS - 1, 0x4000 if sign else 0, scale]
    return b"".join(part.to_bytes(2, "big", signed=True) for part in (*header, *groups))
