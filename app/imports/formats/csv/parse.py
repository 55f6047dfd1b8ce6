"""Parse: a chunk of whole records becomes one array of bytes a column, and a fault for each record of a wrong shape.

Arrow's CSV parser reads a regular chunk; it accepts more than it should, so that its number of rows is compared with
the splitter's, and any chunk that differs or is irregular is read by the tokenizer of `split`. Both give one table.

Pure: no I/O.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from app.imports.formats.csv.formulas import count_formulas, may_hold_formulas
from app.imports.formats.csv.split import MAX_FIELDS, Chunk
from app.imports.formats.csv.tokenizer import (
    LINE_END,
    MALFORMED,
    MAX_SHOWN,
    NO_FIELD,
    RETURN,
    Grammar,
    Malformed,
    Record,
    Tokenizer,
)
from app.imports.formats.table import Doubtful, Fault, Positions, Table, drop_rows

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Layout:
    """The expected layout of a record: its number of fields, and the unquoted words for null.

    `headers` are the rows of the header: a row that repeats one of them is not data. `surplus` is the usual number of
    empty fields of records after the last column; None if a record with any cannot be trusted. With `quoted_nulls` the
    words of `nulls` stand for null even if they are quoted.
    """

    width: int
    nulls: tuple[bytes, ...] = (b"",)
    pad_short_rows: bool = False
    max_field: int = 1 << 62
    headers: tuple[tuple[bytes, ...], ...] = ()
    surplus: int | None = 0
    quoted_nulls: bool = False
    # The indexes of fields that are not loaded, with any values.
    omitted: frozenset[int] = frozenset()

    @property
    def fields(self) -> int:
        """The usual number of fields of a record."""
        return self.width + (self.surplus or 0)


def parse_chunk(chunk: Chunk, grammar: Grammar, layout: Layout) -> Table:
    """The chunk's records as columns; those of a wrong shape become faults."""
    table = _parse_regular(chunk, grammar, layout) if chunk.records is None else None
    if table is None:
        records = chunk.records
        if records is None:
            tokenizer = Tokenizer(grammar, max_fields=MAX_FIELDS)
            records = list(tokenizer.read(chunk.data, final=True))
        table = _parse_records(chunk, records, layout)
    _reject_headers(table, chunk, layout)
    if layout.quoted_nulls:
        table.columns = [_without_words(column, layout.nulls) for column in table.columns]
    # One byte is found far faster than several.
    if BYTE_ORDER_MARK[:1] in chunk.data:
        _reject_marks(table, chunk)
    if may_hold_formulas(chunk.data):
        table.formulas = count_formulas(table.columns)
    if not chunk.is_utf8 or b"\0" in chunk.data:
        _reject_unreadable(table, layout)
    if len(chunk.data) > layout.max_field:
        _reject_long_fields(table, layout)
    return table


def _parse_regular(chunk: Chunk, grammar: Grammar, layout: Layout) -> Table | None:
    """Parse a chunk with Arrow, or return None if the tokenizer must decide."""
    count, width = len(chunk.starts), layout.fields
    if count == 0:
        return Table(_no_rows(layout.width), np.empty(0, np.int64))
    arrays = _read_arrow(chunk.data, grammar, layout)
    rows, faults = np.arange(count), list[Fault]()
    if arrays is None:
        found = _count_fields(chunk, grammar.delimiter)
        if _may_be_made_to_fit(chunk, grammar, layout, found):
            return None
        rows = np.flatnonzero(found == width)
        faults = _width_faults(chunk, np.flatnonzero(found != width), found[found != width], layout)
        arrays = _read_arrow(_records_of(chunk, found == width), grammar, layout) if len(rows) else _no_rows(width)
    if arrays is None or len(arrays[0]) != len(rows):
        return None
    if grammar.skip_space:
        arrays = [_without_spaces(array, layout.nulls) for array in arrays]
    if any(pc.any(pc.greater(pc.binary_length(array), 0)).as_py() for array in arrays[layout.width :]):
        return None
    return Table(arrays[: layout.width], rows, faults)


def _without_spaces(array: pa.Array, nulls: tuple[bytes, ...]) -> pa.Array:
    """Unquoted values without the spaces before them; what stands for null may be left."""
    values = pc.replace_substring_regex(array, "^ +", "")
    return pc.if_else(pc.is_in(values, pa.array(nulls, pa.binary())), pa.scalar(None, pa.binary()), values)


def _without_words(array: pa.Array, nulls: tuple[bytes, ...]) -> pa.Array:
    """The values without those that stand for null, which may have been quoted; the empty text is one."""
    words = pa.array([null for null in nulls if null], pa.binary())
    return pc.if_else(pc.is_in(array, words), pa.scalar(None, pa.binary()), array)


def _no_rows(width: int) -> list[pa.Array]:
    return [pa.array([], pa.binary()) for _ in range(width)]


def _count_fields(chunk: Chunk, delimiter: bytes) -> Positions:
    """The number of fields of each record of a regular chunk."""
    delimiters = np.flatnonzero(np.frombuffer(chunk.data, np.uint8) == delimiter[0])
    if len(chunk.quotes):
        delimiters = delimiters[np.searchsorted(chunk.quotes, delimiters) % 2 == 0]
    return np.diff(np.searchsorted(delimiters, np.append(chunk.starts, len(chunk.data)))) + 1


def _may_be_made_to_fit(chunk: Chunk, grammar: Grammar, layout: Layout, found: Positions) -> bool:
    """Return whether a record with too few or too many fields may be taken all the same, as far as its last
    byte tells."""
    if ((found < layout.fields) & (layout.pad_short_rows | (found >= layout.width))).any():
        return True
    starts = chunk.starts[found > layout.fields]
    ends = np.append(chunk.record_ends, len(chunk.data))
    lasts = ends[np.searchsorted(ends, starts)] - 1
    array = np.frombuffer(chunk.data, np.uint8)
    for _ in range(2):
        lasts -= array[lasts] == RETURN
    return bool(np.isin(array[lasts], np.frombuffer(grammar.delimiter + grammar.quote + b" ", np.uint8)).any())


def _records_of(chunk: Chunk, wanted: npt.NDArray[np.bool_]) -> bytes:
    """The data of some of a chunk's records."""
    sizes = np.diff(np.append(chunk.starts, len(chunk.data)))
    array = np.frombuffer(chunk.data, np.uint8, offset=int(chunk.starts[0]))
    return array[np.repeat(wanted, sizes)].tobytes()


def _read_arrow(data: bytes, grammar: Grammar, layout: Layout) -> list[pa.Array] | None:
    """Parse some records with Arrow; None if one has another number of fields, or is not regular."""
    names = [str(index) for index in range(layout.fields)]
    # Arrow takes an empty last field for quoted if the one before it is quoted and no line end follows.
    data = data if data.endswith((b"\n", b"\r")) else data + b"\n"
    # One block: Arrow loses bytes of line ends inside quotes at the borders of its own blocks.
    reading = pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1)
    parsing = pyarrow.csv.ParseOptions(
        delimiter=grammar.delimiter.decode(),
        quote_char=grammar.quote.decode() or False,
        newlines_in_values=bool(grammar.quote),
        ignore_empty_lines=not grammar.keep_blank,
    )
    converting = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.binary()),
        check_utf8=False,
        null_values=[null.decode() for null in layout.nulls],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    try:
        table = pyarrow.csv.read_csv(pa.BufferReader(data), reading, parsing, converting)
    except pa.ArrowInvalid:
        return None
    return [one_array(column) for column in table.columns]


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column of one table read as one block is one array already; any other is put together."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _width_faults(chunk: Chunk, rows: Positions, found: Positions, layout: Layout) -> list[Fault]:
    """The records at `rows`, whose number of fields, `found`, is too small or too large."""
    few = found < layout.fields
    wrong = (("too_few_fields", layout.fields, few), ("too_many_fields", layout.width, ~few))
    return [
        _width_fault(chunk, code, rows[mask], found[mask], expected) for code, expected, mask in wrong if mask.any()
    ]


def _width_fault(chunk: Chunk, code: str, rows: Positions, found: Positions, expected: int) -> Fault:
    fields = "field" if expected == 1 else "fields"
    counts, places = np.unique(found, return_inverse=True)
    messages = pa.array([f"expected {expected} {fields}, found {count}" for count in counts.tolist()])
    return _row_fault(chunk, code, messages.take(pa.array(places)), rows)


def _row_fault(chunk: Chunk, code: str, message: str | pa.Array, places: Positions) -> Fault:
    """Whole records that are refused; each shows its first line."""
    return Fault(places, None, code, message, _first_lines(chunk, chunk.starts[places]))


def _first_lines(chunk: Chunk, starts: Positions) -> pa.Array:
    """The first lines of some of a chunk's records, as far as they are shown."""
    data, line_ends = chunk.data, chunk.line_ends
    last = int(starts[-1])
    match = LINE_END.search(data, last, last + MAX_SHOWN)
    # If the last record may be long, its line's end is not among the chunk's.
    ends = np.append(line_ends, match.start() if match else min(last + MAX_SHOWN, len(data)))
    ends = ends[np.searchsorted(line_ends, starts)]
    array = np.frombuffer(data, np.uint8)
    for _ in range(2):
        ends = ends - (array[np.maximum(ends - 1, 0)] == RETURN)
    lengths = np.clip(ends - starts, 0, MAX_SHOWN)
    offsets = np.concatenate((np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)))
    shown = array[np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])]
    return pa.Array.from_buffers(pa.binary(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(shown.tobytes())])


def _parse_records(chunk: Chunk, records: list[Record | Malformed], layout: Layout) -> Table:
    good: list[list[bytes | None]] = []
    rows: list[int] = []
    broken: dict[tuple[str, int], list[int]] = defaultdict(list)
    wrong: list[tuple[int, int]] = []
    doubtful: list[tuple[int, int]] = []
    for row, record in enumerate(records):
        if isinstance(record, Malformed):
            broken[record.code, record.field].append(row)
            continue
        fields = _fields(record, layout.nulls)
        if not _fits(record, fields, layout):
            wrong.append((row, record.width))
            continue
        if record.width > layout.fields:
            doubtful.append((row, record.width))
        good.append((fields + [None] * (layout.width - len(fields)))[: layout.width])
        rows.append(row)
    columns = zip(*good, strict=True) if good else [()] * layout.width
    table = Table([pa.array(values, pa.binary()) for values in columns], np.array(rows, np.int64))
    table.faults = _width_faults(chunk, *_pairs(wrong), layout) if wrong else []
    for (code, place), found in broken.items():
        texts = pa.array([records[row].text for row in found], pa.binary())  # type: ignore[union-attr]  # all are Malformed
        field_place = None if place == NO_FIELD else place
        table.faults.append(Fault(np.array(found, np.int64), None, code, MALFORMED[code], texts, field_place))
    if doubtful:
        places, widths = _pairs(doubtful)
        fault = _width_fault(chunk, "too_many_fields", places, widths, layout.width)
        table.doubtful = Doubtful(fault, widths - layout.fields)
    return table


def _pairs(found: list[tuple[int, int]]) -> tuple[Positions, Positions]:
    pairs = np.array(found, np.int64)
    return pairs[:, 0], pairs[:, 1]


def _fits(record: Record, fields: list[bytes | None], layout: Layout) -> bool:
    """Return whether a record has the columns' fields, and after them only empty ones."""
    if record.width == layout.fields:
        return not any(fields[layout.width :])
    if record.width < layout.width:
        return layout.pad_short_rows
    if any(record.fields[layout.width :]):
        return False
    if record.width < layout.fields:
        # If the last one is empty, a delimiter may be missing before it.
        return bool(fields[layout.width - 1]) or layout.pad_short_rows
    # An empty cell that is quoted is a value: with a gap before it a delimiter too many may have moved it.
    is_moved = None in fields[: layout.width] and max(record.quoted, default=0) >= layout.width
    return layout.surplus is not None and not is_moved


def _fields(record: Record, nulls: tuple[bytes, ...]) -> list[bytes | None]:
    quoted = record.quoted
    return [None if value in nulls and index not in quoted else value for index, value in enumerate(record.fields)]


def _reject_headers(table: Table, chunk: Chunk, layout: Layout) -> None:
    """Refuse the rows that repeat the header, as in concatenated files."""
    for header in layout.headers:
        named = [place for place, cell in enumerate(header) if cell]
        if len(named) < 2:
            continue
        same = _equals(table.columns[named[0]], header[named[0]])
        if BYTE_ORDER_MARK[:1] in chunk.data and named[0] == 0:
            for written in (header[0], b'"' + header[0] + b'"'):
                same |= _equals(table.columns[0], BYTE_ORDER_MARK + written)
        if not same.any():
            continue
        for place in named[1:]:
            same &= _equals(table.columns[place], header[place])
        if same.any():
            table.faults.append(_row_fault(chunk, "repeated_header", "the header again", table.rows[same]))
            drop_rows(table, same)


def _reject_marks(table: Table, chunk: Chunk) -> None:
    """Refuse the rows at the beginning of a file that was appended to another."""
    marked = np.array(pc.fill_null(pc.starts_with(table.columns[0], BYTE_ORDER_MARK), False).to_numpy(False), np.bool_)
    if marked.any():
        message = "a byte order mark before the record, as where files were put one behind the other"
        table.faults.append(_row_fault(chunk, "byte_order_mark", message, table.rows[marked]))
        drop_rows(table, marked)


def _equals(column: pa.Array, value: bytes) -> npt.NDArray[np.bool_]:
    same = pc.fill_null(pc.equal(column, pa.scalar(value, pa.binary())), False)
    return np.array(same.to_numpy(zero_copy_only=False), np.bool_)


def _reject_long_fields(table: Table, layout: Layout) -> None:
    too_long = np.zeros(len(table.rows), np.bool_)
    for index, column in enumerate(table.columns):
        if index in layout.omitted:
            continue
        long = pc.fill_null(pc.greater(pc.binary_length(column), layout.max_field), False).to_numpy(
            zero_copy_only=False
        )
        if long.any():
            values = pc.binary_slice(column.filter(pa.array(long)), 0, MAX_SHOWN)
            message = f"more than {layout.max_field:,} bytes"
            table.faults.append(Fault(table.rows[long], None, "field_too_long", message, values, index))
            too_long |= long
    if too_long.any():
        drop_rows(table, too_long)


def _reject_unreadable(table: Table, layout: Layout) -> None:
    """Refuse the cells that hold a NUL or bytes that are not UTF-8."""
    unreadable = np.zeros(len(table.rows), np.bool_)
    for index, column in enumerate(table.columns):
        if index in layout.omitted:
            continue
        wrong: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for place, value in enumerate(column.to_pylist()):
            if value is not None and not value.isascii() and (message := _bad_bytes(value)):
                wrong["invalid_encoding"].append((place, message))
            elif value is not None and b"\0" in value:
                wrong["nul_character"].append((place, "a NUL character, which no text may hold"))
        for code, found in wrong.items():
            places = [place for place, _ in found]
            messages = pa.array([message for _, message in found])
            values = pc.binary_slice(column.take(pa.array(places)), 0, MAX_SHOWN)
            table.faults.append(Fault(table.rows[places], None, code, messages, values, index))
            unreadable[places] = True
    if unreadable.any():
        drop_rows(table, unreadable)


def _bad_bytes(value: bytes) -> str:
    """The first bytes of a cell that are not UTF-8; empty if all are."""
    try:
        value.decode()
    except UnicodeDecodeError as error:
        return f"byte {value[error.start : error.end].hex(' ')} at {error.start} of the cell is not UTF-8"
    return ""
