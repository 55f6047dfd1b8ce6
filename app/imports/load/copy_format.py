"""Encode: typed columns become rows of PostgreSQL's binary COPY format, whole columns at a time.

The format is that of the COPY command's documentation: a signature, then for each row the number of its fields and for
each field its length and its bytes, everything big-endian. A column becomes arrays of byte strings, one a row; joining
them row by row gives the rows.

Pure: no I/O.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.column import Column
from app.imports.values.cell_types import CELL_TYPES
from app.imports.values.copy_fields import Piece, encode_integers, side_by_side

SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"


def encode_rows(columns: Sequence[Column], arrays: Sequence[pa.Array], numbers: Sequence[pa.Array] = ()) -> memoryview:
    """The rows of typed arrays (as `cells` reads them) in the binary format, without signature and trailer.

    `numbers` are further 64-bit integers that come after the columns.
    """
    count = len(arrays[0])
    if count == 0:
        return memoryview(b"")
    pieces: list[Piece] = [(len(columns) + len(numbers)).to_bytes(2, "big")]
    for column, array in zip(columns, arrays, strict=True):
        pieces += CELL_TYPES[column.type].encode(array, column)
    for array in numbers:
        pieces += encode_integers(array)
    rows = pc.binary_join_element_wise(
        *_strings(pieces, count), pa.scalar(b"", pa.binary()), null_handling="replace", null_replacement=""
    )
    return memoryview(rows.buffers()[2])[: int(np.frombuffer(rows.buffers()[1], np.int32)[count])]


def _strings(pieces: Sequence[Piece], count: int) -> Iterator[pa.Array]:
    """The pieces as arrays of strings; neighbours whose size is the same in every row become one array."""
    for is_string, run in groupby(pieces, lambda piece: isinstance(piece, pa.Array)):
        if is_string:
            yield from run
        else:
            yield side_by_side(list(run), count)
