"""Report: what an import did not accept, counted exactly, shown in part, and streamed whole to a file in the bucket."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from app.core.aws.storage import ObjectWriter
from app.imports.formats.table import VALUE_LIMIT, Fault, Places, Positions
from app.imports.models import DETAIL_LIMIT, REJECTION_FIELDS

# Rejections that are built at a time: there may be as many as the file has cells.
PORTION = 8 * 1024
_SCHEMA = pa.schema(
    [pa.field(name, pa.int64() if name in ("line", "record", "offset") else pa.string()) for name in REJECTION_FIELDS]
)


@dataclass(frozen=True)
class Rejections:
    """Some rejections in file order, those of one record together: a table, its CSV, and how many there are."""

    table: pa.Table
    csv: bytes
    totals: Counter[tuple[str | None, str]]
    rows: int


def locate_faults(faults: list[Fault], places: Places) -> Iterator[Rejections]:
    """The faults of a table, whose records are at these places, as rejections, a number of them at a time."""
    every = _Faults(faults)
    offsets = places.offsets(every.rows)
    for portion in every.portions():
        rows = every.rows[portion]
        columns = [
            pa.array(places.lines(rows)),
            pa.array(places.records(rows)),
            pa.array(offsets[portion]),
            every.columns.take(every.kinds[portion]),
            every.values.take(pa.array(portion)),
            every.codes.take(every.kinds[portion]),
            every.messages.take(every.message_places[portion]),
        ]
        table = pa.Table.from_arrays(columns, schema=_SCHEMA)
        # In file order, so that those of one record are side by side.
        records = 1 + np.count_nonzero(np.diff(rows))
        yield Rejections(table, _as_csv(table), every.count(portion), int(records))


class _Faults:
    """The faults of a table put one after the other: `kinds` says which of them each belongs to."""

    def __init__(self, faults: list[Fault]) -> None:
        self._names = [(fault.column, fault.code) for fault in faults]
        self.columns = pa.array([fault.column for fault in faults], pa.string())
        self.codes = pa.array([fault.code for fault in faults])
        self.rows = np.concatenate([fault.rows for fault in faults])
        self.kinds = np.repeat(np.arange(len(faults)), [len(fault.rows) for fault in faults])
        self.values = pa.concat_arrays([_show_values(fault.values) for fault in faults])
        # One for each fault, or one for each row of it.
        each = [pa.array([m]) if isinstance(m := fault.message, str) else m for fault in faults]
        self.messages = pa.concat_arrays(each)
        first = np.cumsum([0, *(len(messages) for messages in each)])
        self.message_places = np.concatenate(
            [
                np.full(len(fault.rows), start) if isinstance(fault.message, str) else np.arange(start, end)
                for fault, start, end in zip(faults, first[:-1], first[1:], strict=True)
            ]
        )

    def portions(self) -> Iterator[Positions]:
        """Their places in file order, those of one record together."""
        order = np.argsort(self.rows, kind="stable")
        rows = self.rows[order]
        start = 0
        while start < len(order):
            end = start + PORTION
            if end < len(order):
                # A record has fewer than a portion has.
                end = max(int(np.searchsorted(rows, rows[end])), start + 1)
            yield order[start:end]
            start = end

    def count(self, places: Positions) -> "Counter[tuple[str | None, str]]":
        """The number for each column and code."""
        totals: Counter[tuple[str | None, str]] = Counter()
        for kind, count in enumerate(np.bincount(self.kinds[places], minlength=len(self._names)).tolist()):
            totals[self._names[kind]] += count
        return +totals


def _show_values(values: pa.Array) -> pa.Array:
    """Cells as texts that JSON and PostgreSQL can hold, cut to VALUE_LIMIT characters."""
    try:
        texts = values.cast(pa.string())
    except pa.ArrowInvalid:
        shown = [None if value is None else value.decode("utf-8", "backslashreplace") for value in values.to_pylist()]
        texts = pa.array(shown, pa.string())
    texts = pc.utf8_slice_codeunits(texts, 0, VALUE_LIMIT)
    return pc.replace_substring(texts, "\0", "␀")


def list_rejections(rows: list[dict[str, Any]]) -> Rejections:
    """Rejections that are known one by one, each with all of REJECTION_FIELDS, in file order."""
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    totals = Counter((row["column"], row["code"]) for row in rows)
    return Rejections(table, _as_csv(table), totals, len({row["record"] for row in rows}))


class Report:
    """Takes rejections in and keeps the totals, the first DETAIL_LIMIT of them and the number of rows.

    The whole list goes to `writer`, which the first rejection opens.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._writer: ObjectWriter | None = None
        self._totals: Counter[tuple[str | None, str]] = Counter()
        self.rejections: list[dict[str, Any]] = []
        self.rows = 0

    @property
    def totals(self) -> list[dict[str, Any]]:
        """The number of rejections for each column and code, the most frequent first."""
        return [
            {"column": column, "code": code, "count": count} for (column, code), count in self._totals.most_common()
        ]

    async def add(self, found: Rejections) -> None:
        """Take some rejections in."""
        if found.rows == 0:
            return
        self.rows += found.rows
        self._totals.update(found.totals)
        self._keep_first(found.table)
        if self._writer is None:
            self._writer = ObjectWriter(self._key, "text/csv; charset=utf-8")
            await self._writer.write((",".join(REJECTION_FIELDS) + "\n").encode())
        await self._writer.write(found.csv)

    def _keep_first(self, table: pa.Table) -> None:
        """Keep the first in file order; conflicts are found after later rows of the file."""
        if len(self.rejections) == DETAIL_LIMIT and table["record"][0].as_py() > self.rejections[-1]["record"]:
            return
        merged = [*self.rejections, *table.slice(0, DETAIL_LIMIT).to_pylist()]
        self.rejections = sorted(merged, key=lambda row: row["record"])[:DETAIL_LIMIT]

    async def close(self) -> None:
        """Publish the file, if it has any content."""
        if self._writer is not None:
            await self._writer.finish()
            self._writer = None

    async def discard(self) -> None:
        """Remove all traces."""
        if self._writer is not None:
            await self._writer.abort()


def _as_csv(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pyarrow.csv.write_csv(table, target, pyarrow.csv.WriteOptions(include_header=False))
    return target.getvalue()
