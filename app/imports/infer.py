"""Infer: the type of every column from all of its values, with the evidence.

A type is a candidate until a value is met that it cannot hold; what remains does not depend on how the file was cut
into chunks. Numbers widen from integer over decimal to number; whatever no candidate holds is text.

Pure: no I/O.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.datasets.column_types import MAX_SAFE_INTEGER
from app.datasets.columns import Column, TypeName
from app.datasets.rules import UNADDRESSABLE
from app.imports import cells
from app.imports.candidates import (
    Booleans,
    Candidate,
    Decimals,
    Integers,
    Numbers,
    Reader,
    date_candidate,
    datetime_candidate,
)
from app.imports.cells import Conventions, to_mask
from app.imports.formats import KNOWN_FORMATS
from app.imports.names import name_columns
from app.imports.parse import is_total

# Candidates are first tried on a few values: most die there.
PROBE = 64
# Money has at most four digits behind the point; decimals get room for larger values than the file's.
MAX_MONEY_SCALE = 4
ROOMY_PRECISION = 12
MAX_INFERRED_PRECISION = 100
MAX_KEY_LENGTH = 200
TYPE_MEMBERS = ("precision", "scale", "date_format")
MONEY = re.compile(
    r"(^|_)(price|prices|cost|costs|amount|amounts|total|subtotal|fee|fees|salary|wage|pay|balance|tax|vat|revenue|"
    r"income|budget|spend|discount|payment|usd|eur|gbp|value_usd|precio|importe|coste)(_|$)"
)
_UNADDRESSABLE = pa.array([text.encode() for text in UNADDRESSABLE], pa.binary())
KEY_NAME = re.compile(r"^(id|key|code|sku|uuid|slug)$|(_id|_key|_code|_no|_number|_uuid|id)$")


@dataclass(frozen=True)
class Proposal:
    """The columns of a new dataset as its first file suggests them, why, and the columns that may be its key."""

    columns: list[Column]
    evidence: list[list[str]]
    keys: list[str]
    warnings: list[str]


@dataclass
class ColumnInference:
    """What is known of one column of the file."""

    name: str
    label: str
    conventions: Conventions
    values: int = 0
    nulls: int = 0
    empty: int = 0
    longest: int = 0
    unique: bool = True
    addresses: bool = True
    misfits: dict[str, str] = field(default_factory=dict)
    _candidates: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        conventions = self.conventions
        given = conventions.date_formats.get(self.name)
        formats = [given] if given else KNOWN_FORMATS
        self._integers = Integers(conventions)
        self._decimals = Decimals(conventions)
        self._booleans = Booleans(conventions.booleans)
        self._candidates = [
            self._booleans,
            self._integers,
            *(date_candidate(text) for text in formats),
            Reader("uuid", cells.UUID, cells.read_uuids),
        ]

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Take the column's next cells into account; `line_of` tells the line of one of them."""
        self.nulls += array.null_count
        self.values += len(array) - array.null_count
        lengths = pc.binary_length(array)
        empty = pc.sum(pc.equal(lengths, 0)).as_py() or 0
        self.empty += empty
        self.longest = max(self.longest, pc.max(lengths).as_py() or 0)
        if self.unique and len(array):
            self.unique = not array.null_count and not empty and _are_distinct(array, lengths)
        if self.unique and self.addresses:
            self.addresses = not pc.any(pc.is_in(array, _UNADDRESSABLE), min_count=0).as_py()
        if not self._candidates:
            return
        places = None
        if array.null_count or empty:
            mask = pc.fill_null(pc.greater(lengths, 0), False)
            places = np.flatnonzero(to_mask(mask))
            array = array.filter(mask)
        if len(array):
            self._try(array, lambda place: line_of(place if places is None else int(places[place])))

    def _try(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        probe = array.slice(0, PROBE)
        # The list grows while a number widens.
        for candidate in list(self._candidates):
            self._try_one(candidate, probe, array, line_of)

    def _try_one(self, candidate: Candidate, probe: pa.Array, array: pa.Array, line_of: Callable[[int], int]) -> None:
        misfit = candidate.misfit(probe)
        if misfit is None and len(array) > PROBE:
            misfit = candidate.misfit(array)
        if misfit is None:
            return
        value = array[misfit].as_py()[:60].decode("utf-8", "replace")
        self.misfits[candidate.name] = f'"{value}" at line {line_of(misfit):,}'
        self._candidates.remove(candidate)
        wider = self._wider(candidate)
        if wider is not None:
            self._candidates.append(wider)
            self._try_one(wider, probe, array, line_of)

    def _wider(self, candidate: Candidate) -> Candidate | None:
        if candidate is self._integers:
            self._decimals.widen(self._integers)
            return self._decimals
        if candidate is self._decimals and self._decimals.exact:
            return Numbers(self.conventions)
        if candidate is self._decimals:
            self.misfits["number"] = "values with more digits than a double holds"
        if candidate.name.startswith("date "):
            # A date alone is a datetime too, its midnight.
            return datetime_candidate(candidate.name.removeprefix("date "), self.conventions.timezone)
        return None

    def column(self) -> tuple[Column, list[str]]:
        """The column as proposed, and why."""
        kind, members, why = self._conclude()
        column = Column.model_validate({"name": self.name, "type": kind, "label": self.label, **members})
        return column, [*why, f"{self.values:,} values, {self.nulls:,} nulls"]

    def proposes(self, column: Column) -> bool:
        """Whether the column, as it would be proposed now, has the type of `column`."""
        kind, members, _ = self._conclude()
        return kind == column.type and all(getattr(column, name) == members.get(name) for name in TYPE_MEMBERS)

    @property
    def warning(self) -> str | None:
        """What someone should know of the column before trusting its type."""
        dates = [name.split(" ", 1)[1] for name in self._alive() if name.startswith("date")]
        if len(dates) < 2:
            return None
        return (
            f"'{self.name}' could be dates written {' or '.join(dates)}: it stays text. "
            f"Say which with date_format, as {self.name}={dates[0]}."
        )

    def _alive(self) -> list[str]:
        return [candidate.name for candidate in self._candidates] if self.values > self.empty else []

    def _conclude(self) -> tuple[TypeName, dict[str, object], list[str]]:
        alive = self._alive()
        if "boolean" in alive and self._booleans.is_plausible:
            return "boolean", {}, ["every value is one of a pair"]
        if "integer" in alive:
            return self._conclude_integer()
        if "decimal" in alive:
            return self._conclude_decimal()
        if "number" in alive:
            return "number", {}, [f"not decimal: {self.misfits['decimal']}"]
        if "uuid" in alive:
            return "uuid", {}, ["every value is a UUID"]
        return self._conclude_date(alive) or ("text", {}, self._why_text())

    def _conclude_date(self, alive: list[str]) -> tuple[TypeName, dict[str, object], list[str]] | None:
        kinds: tuple[TypeName, ...] = ("date", "datetime")
        for kind in kinds:
            formats = [name.split(" ", 1)[1] for name in alive if name.startswith(f"{kind} ")]
            if len(formats) > 1:
                return "text", {}, [f"every value is a {kind} in more than one format: {', '.join(formats)}"]
            if formats:
                members = {} if formats[0] == cells.ISO_DATE else {"date_format": formats[0]}
                return kind, dict(members), [f"every value is written {formats[0]}"]
        return None

    def _conclude_integer(self) -> tuple[TypeName, dict[str, object], list[str]]:
        least, greatest = self._integers.least, self._integers.greatest
        if max(abs(least), abs(greatest)) <= MAX_SAFE_INTEGER:
            return "integer", {}, ["every value is an integer"]
        return "bigint", {}, [f"integers up to {max(greatest, -least)}, beyond what JavaScript holds exactly"]

    def _conclude_decimal(self) -> tuple[TypeName, dict[str, object], list[str]]:
        found = self._decimals
        why = [f"not integer: {self.misfits['integer']}"]
        is_money = found.scale <= MAX_MONEY_SCALE and (found.padded or found.scale in (0, 2) or MONEY.search(self.name))
        if not is_money and found.exact:
            return "number", {}, [*why, f"up to {found.scale} digits behind the point, held exactly"]
        precision = max(found.whole + found.scale, ROOMY_PRECISION)
        if precision > MAX_INFERRED_PRECISION:
            return "text", {}, [*why, f"{precision} digits are too many for a number"]
        members: dict[str, object] = {"precision": precision, "scale": found.scale}
        return "decimal", members, [*why, f"up to {found.whole} digits before the point and {found.scale} behind it"]

    def _why_text(self) -> list[str]:
        names = ("integer", "decimal", "number", "boolean", "date YYYY-MM-DD", "datetime YYYY-MM-DD")
        why = [f"not {name.split(' ')[0]}: {self.misfits[name]}" for name in names if name in self.misfits]
        return why[:3] or ["no values"]

    def may_be_key(self, column: Column, position: int) -> bool:
        """Whether the column looks like one that addresses records: unique as far as seen, never null, and by its name
        or its place in front meant for it. All of its values can stand in an address."""
        if not self.unique or not self.addresses or not self.values or self.longest > MAX_KEY_LENGTH:
            return False
        if column.type not in ("text", "integer", "bigint", "uuid", "date", "datetime"):
            return False
        return position == 0 or column.type == "uuid" or KEY_NAME.search(self.name) is not None


def _are_distinct(array: pa.Array, lengths: pa.Array) -> bool:
    """Whether no two values are the same, none of them null; cheap where they grow, as the numbers of rows do."""
    count = len(array) - 1
    before, after = array.slice(0, count), array.slice(1)
    longer = pc.greater(lengths.slice(1), lengths.slice(0, count))
    as_long = pc.equal(lengths.slice(1), lengths.slice(0, count))
    grow = pc.or_(longer, pc.and_(as_long, pc.greater(after, before)))
    return bool(pc.all(grow, min_count=0).as_py()) or len(pc.unique(array)) == count + 1


class TableInference:
    """What is known of all columns of a file, chunk by chunk.

    A total below the last record is no record: the last row so far is held back when it begins with such a word, and
    takes part only when another follows or its word is a text among texts.
    """

    def __init__(self, labels: Sequence[str], conventions: Conventions) -> None:
        names = zip(name_columns(labels), labels, strict=True)
        self.columns = [ColumnInference(name, label, conventions) for name, label in names]
        self.records = 0
        self.warnings: list[str] = []
        self._held: tuple[list[pa.Array], int] | None = None

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
        """Settle whether the file's last row is a total."""
        if self._held is not None and self.columns[0].column()[0].type == "text":
            arrays, line = self._held
            word = arrays[0][0].as_py().decode().strip()
            self.warnings.append(
                f"Line {line:,}, the last one, begins with '{word}' and is a record like the others: "
                "take it out of the file if it sums them up."
            )
            self._release()

    def agrees(self, columns: Sequence[Column]) -> bool:
        """Whether all that is known so far would propose these columns."""
        return all(found.proposes(column) for found, column in zip(self.columns, columns, strict=True))

    def propose(self) -> Proposal:
        """The columns as they are known so far."""
        concluded = [found.column() for found in self.columns]
        columns = [column for column, _ in concluded]
        return Proposal(
            columns,
            [why for _, why in concluded],
            propose_keys(self.columns, columns),
            [*(found.warning for found in self.columns if found.warning), *self.warnings],
        )

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
        if found.may_be_key(column, position)
    ]
    return [name for _, _, name in sorted(likely)]
