"""Parse: a chunk of whole records becomes one array of bytes a column, and a fault for each record of a wrong shape.

Arrow's CSV parser reads a regular chunk; it accepts more than it should, so that its number of rows is compared with
the splitter's, and any chunk that differs or is irregular is read by the tokenizer of `split`. Both give one table.

Pure: no I/O.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from app.imports.split import Chunk, Grammar, Malformed, Positions, Record, read_records

VALUE_LIMIT = 200
MALFORMED = {
    "text_after_quote": "text after a closing quote; a quote inside a quoted field is written twice",
    "unterminated_quote": "a quoted field is never closed",
}


@dataclass(frozen=True)
class Layout:
    """What a record should look like: its fields' number, and what stands for null when it is not quoted."""

    width: int
    nulls: tuple[bytes, ...] = (b"",)
    pad_short_rows: bool = False
    max_field: int = 1 << 62


@dataclass(frozen=True)
class Fault:
    """Records of one chunk that share one mistake: `rows` are their places among the chunk's records, from 0.

    `values` holds what was found, one for each row.
    """

    rows: Positions
    column: str | None
    code: str
    message: str
    values: pa.Array


@dataclass
class Table:
    """The records of a chunk that have the right shape: an array of bytes a column; `rows` as in `Fault`."""

    columns: list[pa.Array]
    rows: Positions
    faults: list[Fault] = field(default_factory=list)
    # Records whose surplus fields were all empty.
    trimmed: int = 0


def parse_chunk(chunk: Chunk, grammar: Grammar, layout: Layout) -> Table:
    """The chunk's records as columns; those of a wrong shape become faults."""
    table = _parse_regular(chunk, grammar, layout) if chunk.records is None else None
    if table is None:
        records = chunk.records
        if records is None:
            records = list(read_records(chunk.data, grammar, final=True))
        table = _parse_records(chunk, records, layout)
    if len(chunk.data) > layout.max_field:
        _reject_long_fields(table, layout)
    return table


def _parse_regular(chunk: Chunk, grammar: Grammar, layout: Layout) -> Table | None:
    """What Arrow makes of a chunk, or None where the tokenizer must decide."""
    short: list[tuple[int, int]] = []

    def note_invalid(row: pyarrow.csv.InvalidRow) -> str:
        if row.actual_columns > layout.width or layout.pad_short_rows:
            return "error"
        short.append((row.number - 1, row.actual_columns))
        return "skip"

    count = len(chunk.starts)
    if count == 0:
        return Table([pa.array([], pa.binary()) for _ in range(layout.width)], np.empty(0, np.int64))
    try:
        arrays = _read_arrow(chunk.data, grammar, layout, note_invalid)
    except pa.ArrowInvalid:
        return None
    if len(arrays[0]) + len(short) != count:
        return None
    if grammar.skip_space:
        arrays = [pc.replace_substring_regex(array, "^ +", "") for array in arrays]
    rows = np.arange(count)
    if short:
        rows = np.delete(rows, [row for row, _ in short])
    return Table(arrays, rows, _short_faults(chunk, short, layout.width))


def _read_arrow(data: bytes, grammar: Grammar, layout: Layout, note_invalid: object) -> list[pa.Array]:
    names = [str(index) for index in range(layout.width)]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        # One block: Arrow loses bytes of line ends inside quotes where its own blocks meet.
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=grammar.delimiter.decode(),
            quote_char=grammar.quote.decode() or False,
            newlines_in_values=bool(grammar.quote),
            ignore_empty_lines=not grammar.keep_blank,
            invalid_row_handler=note_invalid,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            check_utf8=False,
            null_values=[null.decode() for null in layout.nulls],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return [one_array(column) for column in table.columns]


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column of one table read as one block is one array already; any other is put together."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _short_faults(chunk: Chunk, short: list[tuple[int, int]], width: int) -> list[Fault]:
    by_found: dict[int, list[int]] = defaultdict(list)
    for row, found in short:
        by_found[found].append(row)
    return [
        _shape_fault(chunk, "too_few_fields", f"expected {width} fields, found {found}", rows)
        for found, rows in by_found.items()
    ]


def _shape_fault(chunk: Chunk, code: str, message: str, rows: list[int]) -> Fault:
    places = np.array(rows, np.int64)
    starts = chunk.starts[places]
    values = [_first_line(chunk.data, int(start)) for start in starts]
    return Fault(places, None, code, message, pa.array(values, pa.binary()))


def _first_line(data: bytes, start: int) -> bytes:
    return data[start : start + VALUE_LIMIT * 4].split(b"\n", 1)[0].rstrip(b"\r")


def _parse_records(chunk: Chunk, records: list[Record | Malformed], layout: Layout) -> Table:
    good: list[list[bytes | None]] = []
    rows: list[int] = []
    wrong: dict[tuple[str, str], list[int]] = defaultdict(list)
    trimmed = 0
    for row, record in enumerate(records):
        if isinstance(record, Malformed):
            message = f"{MALFORMED[record.code]} (field {record.field + 1}, near {_show(record.text)})"
            wrong[record.code, message].append(row)
            continue
        fields = _fields(record, layout.nulls)
        surplus = len(fields) - layout.width
        if surplus > 0 and not any(fields[layout.width :]):
            del fields[layout.width :]
            trimmed += 1
        elif surplus < 0 and layout.pad_short_rows:
            fields += [None] * -surplus
        elif surplus:
            code = "too_many_fields" if surplus > 0 else "too_few_fields"
            wrong[code, f"expected {layout.width} fields, found {len(fields)}"].append(row)
            continue
        good.append(fields)
        rows.append(row)
    columns = zip(*good, strict=True) if good else [()] * layout.width
    faults = [_shape_fault(chunk, code, message, places) for (code, message), places in wrong.items()]
    return Table([pa.array(values, pa.binary()) for values in columns], np.array(rows, np.int64), faults, trimmed)


def _fields(record: Record, nulls: tuple[bytes, ...]) -> list[bytes | None]:
    quoted = record.quoted
    return [None if value in nulls and index not in quoted else value for index, value in enumerate(record.fields)]


def _show(text: bytes) -> str:
    return repr(text.decode("utf-8", "replace"))


def _reject_long_fields(table: Table, layout: Layout) -> None:
    keep = np.ones(len(table.rows), np.bool_)
    for index, column in enumerate(table.columns):
        long = pc.fill_null(pc.greater(pc.binary_length(column), layout.max_field), False).to_numpy(
            zero_copy_only=False
        )
        if long.any():
            values = pa.array([value[:VALUE_LIMIT] for value in column.filter(pa.array(long)).to_pylist()], pa.binary())
            message = f"field {index + 1} has more than {layout.max_field:,} bytes"
            table.faults.append(Fault(table.rows[long], None, "field_too_long", message, values))
            keep &= ~long
    if not keep.all():
        mask = pa.array(keep)
        table.columns = [column.filter(mask) for column in table.columns]
        table.rows = table.rows[keep]
