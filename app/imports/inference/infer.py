"""Infer: the type of every column from all of its values, with the evidence.

Pure: no I/O.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app.columns.column import Column
from app.imports.formats.table import is_total
from app.imports.inference.column_inference import ColumnInference
from app.imports.inference.column_warnings import warn_of

MAX_KEY_LENGTH = 200
# Of a file of many columns more warnings are not read; the evidence of each column says the same.
MAX_WARNINGS = 20
# The nearest types that a column does not have are shown, no more.
MAX_CANDIDATES = 5
KEY_NAME = re.compile(r"^(id|key|code|sku|uuid|slug)$|(_id|_key|_code|_no|_number|_uuid|id)$")


@dataclass(frozen=True)
class Proposal:
    """The columns of a new dataset as its first file suggests them, why, and the columns that may be its key.

    `candidates` are, for each column, the types that it nearly has.
    """

    columns: list[Column]
    evidence: list[list[str]]
    keys: list[str]
    warnings: list[str]
    candidates: list[list[dict[str, Any]]]
    # The index of each column in the file, from 0.
    places: list[int]
    # Why some columns cannot be as they were chosen.
    mistakes: list[str]


class TableInference:
    """The inference of all columns of a file, chunk by chunk.

    A total below the last record is not a record: the last row so far is held back if it begins with such a word, and
    takes part only if another follows or its word is a text among texts.
    """

    def __init__(self, columns: Sequence[ColumnInference], delimiter: str) -> None:
        self.columns = columns
        self.records = 0
        self.warnings: list[str] = []
        self._held: tuple[list[pa.Array], int] | None = None
        self._is_comma_delimited = delimiter == ","
        self._uses_commas = False

    def update(self, arrays: Sequence[pa.Array], line_of: Callable[[int], int]) -> None:
        """Take further rows into account; `line_of` tells the line of one of them."""
        count = len(arrays[0])
        if count == 0:
            return
        self.records += count
        self._release()
        if is_total(arrays[0][count - 1].as_py()):
            self._held = [array.slice(count - 1) for array in arrays], line_of(count - 1)
            count -= 1
        for column, array in zip(self.columns, arrays, strict=True):
            column.update(array.slice(0, count), line_of)

    def finish(self) -> None:
        """Settle whether the file's last row is a total, and let the columns know of each other."""
        if self._held is not None and self.columns[0].conclude().type == "text":
            arrays, line = self._held
            word = arrays[0][0].as_py().decode().strip()
            self.warnings.append(
                f"Line {line:,}, the last one, begins with '{word}' and is a record like the others: "
                "take it out of the file if it sums them up."
            )
            self._release()
        for column in self.columns:
            column.finish()
        self._compare()

    @property
    def places(self) -> list[int]:
        """The places of the file's columns that are loaded, from 0."""
        return [place for place, found in enumerate(self.columns) if found.is_loaded]

    @property
    def _loaded(self) -> list[ColumnInference]:
        return [found for found in self.columns if found.is_loaded]

    def agrees(self, columns: Sequence[Column]) -> bool:
        """Return whether the inference so far would propose these columns."""
        self._compare()
        # Columns are added to those that are loaded, and none is taken away: as many are the same ones.
        loaded = self._loaded
        return len(loaded) == len(columns) and all(
            found.proposes(column) for found, column in zip(loaded, columns, strict=True)
        )

    def propose(self) -> Proposal:
        """The columns as they are known so far."""
        self._compare()
        loaded = self._loaded
        concluded = [found.column() for found in loaded]
        columns = [column for column, _ in concluded]
        misses = [found.near_misses()[:MAX_CANDIDATES] for found in loaded]
        return Proposal(
            columns,
            [why for _, why in concluded],
            propose_keys(loaded, columns),
            [*self._column_warnings(), *self.warnings],
            [[miss.document for miss in found] for found in misses],
            self.places,
            [found.mistake for found in loaded if found.mistake],
        )

    def _compare(self) -> None:
        """Let the columns know what the others are that matters to their own type."""
        concluded = [found.conclude() for found in self.columns]
        commas = self._is_comma_delimited and any(found.uses_commas for found in concluded)
        if commas != self._uses_commas:
            # How they are written decides which of them are doubles.
            self._uses_commas = commas
            for found in self.columns:
                found.beside_commas = commas
            concluded = [found.conclude() for found in self.columns]
        in_doubt = sum(conclusion.is_for_digits for conclusion in concluded)
        doubles = sum(conclusion.type == "number" and not conclusion.is_for_digits for conclusion in concluded)
        for found in self.columns:
            found.beside_doubles = doubles > in_doubt

    def _column_warnings(self) -> list[str]:
        warnings = [warning for found in self._loaded if (warning := warn_of(found))]
        if len(warnings) <= MAX_WARNINGS:
            return warnings
        more = len(warnings) - MAX_WARNINGS
        return [*warnings[:MAX_WARNINGS], f"{more:,} more columns are like these: see the evidence of each."]

    def _release(self) -> None:
        if self._held is None:
            return
        arrays, line = self._held
        self._held = None
        for column, array in zip(self.columns, arrays, strict=True):
            column.update(array, lambda _: line)


def propose_keys(inferred: Sequence[ColumnInference], columns: Sequence[Column]) -> list[str]:
    """The columns that may be the key, the likeliest first."""
    likely = [
        (0 if column.name == "id" else 1 if KEY_NAME.search(column.name) else 2, position, column.name)
        for position, (found, column) in enumerate(zip(inferred, columns, strict=True))
        if _may_be_key(found, column, position)
    ]
    return [name for _, _, name in sorted(likely)]


def _may_be_key(found: ColumnInference, column: Column, position: int) -> bool:
    """Return whether the column looks like a key: unique as far as seen, never null, and meant for it by its name or
    its first position. All of its values can be part of a URL.
    """
    if not found.unique or not found.addresses or not found.values or found.longest > MAX_KEY_LENGTH:
        return False
    if found.blank and column.type != "text":
        return False
    if column.type not in ("text", "integer", "bigint", "uuid", "date", "datetime"):
        return False
    return position == 0 or column.type == "uuid" or KEY_NAME.search(column.name) is not None
