"""Encode: typed columns become rows of PostgreSQL's binary COPY format, whole columns at a time.

The format is that of the COPY command's documentation: a signature, then for each row the number of its fields and for
each field its length and its bytes, everything big-endian. A column becomes arrays of byte strings, one a row; joining
them row by row gives the rows.

Pure: no I/O.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.columns import Column

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"

DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = DAYS_TO_2000 * 86_400_000_000
NUMERIC_BASE = 10_000
BASE_DIGITS = 4

# The arrays whose strings, one behind the other, make up a column's part of each row.
Pieces = list[pa.Array]


def encode_rows(columns: Sequence[Column], arrays: Sequence[pa.Array], numbers: Sequence[pa.Array] = ()) -> memoryview:
    """The rows of typed arrays (as `cells` reads them) in the binary format, without signature and trailer.

    `numbers` are further 64-bit integers that come behind the columns.
    """
    count = len(arrays[0])
    if count == 0:
        return memoryview(b"")
    head = np.full(count, len(columns) + len(numbers), ">i2")
    pieces = [_fixed(head)]
    for column, array in zip(columns, arrays, strict=True):
        pieces += ENCODERS[column.type](array, column)
    for array in numbers:
        pieces += _encode_integers(array)
    rows = pc.binary_join_element_wise(
        *pieces, pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=""
    )
    return memoryview(rows.buffers()[2])[: int(np.frombuffer(rows.buffers()[1], np.int32)[count])]


def _fixed(values: npt.NDArray[np.generic]) -> pa.Array:
    """Items of one size as an array of byte strings, without a copy."""
    offsets = np.arange(len(values) + 1, dtype=np.int32) * values.dtype.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(values), buffers)


def _sized(values: npt.NDArray[np.generic], array: pa.Array) -> Pieces:
    """Values of one size behind their length; a null is the length -1 and nothing else."""
    rows = np.empty(len(values), [("size", ">i4"), ("value", values.dtype)])
    rows["size"] = values.dtype.itemsize
    rows["value"] = values
    pieces = _fixed(rows)
    return [_with_nulls(pieces, array)]


def _with_nulls(pieces: pa.Array, array: pa.Array) -> pa.Array:
    if array.null_count == 0:
        return pieces
    return pc.if_else(array.is_valid(), pieces, pa.scalar(b"\xff\xff\xff\xff", pa.binary()))


def _as_numpy(array: pa.Array, zero: object) -> npt.NDArray[np.generic]:
    filled = pc.fill_null(array, zero) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _encode_integers(array: pa.Array, _: Column | None = None) -> Pieces:
    return _sized(_as_numpy(array, 0).astype(">i8"), array)


def _encode_numbers(array: pa.Array, _: Column) -> Pieces:
    return _sized(_as_numpy(array, 0.0).astype(">f8"), array)


def _encode_booleans(array: pa.Array, _: Column) -> Pieces:
    return _sized(_as_numpy(array, False).astype(np.uint8), array)


def _encode_dates(array: pa.Array, _: Column) -> Pieces:
    days = _as_numpy(array.view(pa.int32()), 0)
    return _sized((days - DAYS_TO_2000).astype(">i4"), array)


def _encode_datetimes(array: pa.Array, _: Column) -> Pieces:
    micros = _as_numpy(array.view(pa.int64()), 0)
    return _sized((micros - MICROSECONDS_TO_2000).astype(">i8"), array)


def _encode_texts(array: pa.Array, _: Column | None = None) -> Pieces:
    lengths = pc.fill_null(pc.binary_length(array), -1).to_numpy(zero_copy_only=False)
    return [_fixed(lengths.astype(">i4")), array.view(pa.binary())]


def _encode_uuids(array: pa.Array, _: Column) -> Pieces:
    sizes = np.where(np.asarray(array.is_valid().to_numpy(zero_copy_only=False)), 16, -1)
    return [_fixed(sizes.astype(">i4")), array.cast(pa.binary())]


def _encode_json(array: pa.Array, _: Column) -> Pieces:
    """jsonb: a version byte, then the text."""
    lengths = pc.fill_null(pc.binary_length(array), -2).to_numpy(zero_copy_only=False)
    version = pc.if_else(array.is_valid(), pa.scalar(b"\x01", pa.binary()), pa.scalar(b"", pa.binary()))
    return [_fixed((lengths + 1).astype(">i4")), version, array.view(pa.binary())]


def _encode_decimals(array: pa.Array, column: Column) -> Pieces:
    """numeric: how many digits of base 10,000, the first one's power, the sign, the scale, and the digits."""
    assert column.precision is not None
    assert column.scale is not None
    if pa.types.is_string(array.type):
        return _encode_texts(pa.array([_numeric(text) for text in array.to_pylist()], pa.binary()))
    scaled = _as_numpy(array, 0).astype(np.int64)
    behind = -(-column.scale // BASE_DIGITS)
    before = max(-(-(column.precision - column.scale) // BASE_DIGITS), 1)
    rows = np.empty(
        len(scaled),
        [("count", ">i2"), ("weight", ">i2"), ("sign", ">u2"), ("scale", ">i2"), ("digits", ">i2", (before + behind,))],
    )
    rows["count"] = before + behind
    rows["weight"] = before - 1
    rows["sign"] = np.where(scaled < 0, 0x4000, 0)
    rows["scale"] = column.scale
    power = 10**column.scale
    whole, fraction = np.divmod(np.abs(scaled), power)
    for place in range(before - 1, -1, -1):
        whole, rows["digits"][:, place] = np.divmod(whole, NUMERIC_BASE)
    # The last group may have less than four digits; filling up the whole fraction would not fit 64 bits.
    group = 10 ** (column.scale - (behind - 1) * BASE_DIGITS) if behind else 1
    for place in range(before + behind - 1, before - 1, -1):
        fraction, digits = np.divmod(fraction, group)
        rows["digits"][:, place] = digits * (NUMERIC_BASE // group)
        group = NUMERIC_BASE
    return _sized(rows, array)


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


ENCODERS: dict[str, Callable[[pa.Array, Column], Pieces]] = {
    "text": _encode_texts,
    "integer": _encode_integers,
    "bigint": _encode_integers,
    "number": _encode_numbers,
    "decimal": _encode_decimals,
    "boolean": _encode_booleans,
    "date": _encode_dates,
    "datetime": _encode_datetimes,
    "uuid": _encode_uuids,
    "json": _encode_json,
    "image": _encode_texts,
}
