"""Chosen: columns with options from before their file was read, or without a name.

Pure: no I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from app.columns.column import MAX_PRECISION, NUMERIC, Column
from app.columns.conventions import OF_NUMBERS
from app.imports.choices import ColumnChoice, first_mistake
from app.imports.inference.column_inference import ColumnInference, Conclusion, NearMiss
from app.imports.inference.infer import TableInference
from app.imports.inference.number_types import ROOMY_PRECISION
from app.imports.inference.selection import Selection
from app.imports.values import cells, numbers
from app.imports.values.cells import Conventions
from app.imports.values.number_style import NumberStyle, style_of
from app.imports.values.numbers import PLAIN_NUMBER, Plain


def infer_table(selection: Selection, conventions: Conventions) -> TableInference:
    """Build a file's columns before its first record, from their options."""
    named = zip(selection.labels, selection.names, strict=True)
    columns = [_begin(selection, conventions, place, *pair) for place, pair in enumerate(named)]
    return TableInference(columns, conventions.delimiter)


def _begin(selection: Selection, conventions: Conventions, place: int, label: str, name: str) -> ColumnInference:
    choice = selection.choices.get(place)
    if choice is not None and choice.omit:
        return OmittedColumn(f"column_{place + 1}", label, conventions)
    if choice is not None:
        return ChosenColumn(name, label, conventions, choice, choice=choice)
    return ColumnInference(name, label, conventions) if label else UnnamedColumn(name, label, conventions)


@dataclass
class OmittedColumn(ColumnInference):
    """A column that is left out, with any values."""

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Look at nothing."""

    @property
    def is_loaded(self) -> bool:
        return False


@dataclass
class UnnamedColumn(ColumnInference):
    """A column without a name: it is left out as long as it has no value, as what follows a last delimiter is."""

    has_values: bool = False

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        super().update(array, line_of)
        if not self.has_values and array.null_count < len(array):
            self.has_values = bool(pc.any(pc.greater(pc.binary_length(cells.trim(array)), 0)).as_py())

    @property
    def is_loaded(self) -> bool:
        return self.has_values


@dataclass
class ChosenColumn(ColumnInference):
    """A column with options; if they give the type, no other is tried."""

    choice: ColumnChoice = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._size: _DecimalSize | None = None
        if self.choice.type == "decimal" and self.choice.precision is None:
            self._size = _DecimalSize(style_of(self.choice, self.conventions), _bounds(self.choice))

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        super().update(array, line_of)
        if self._size is not None:
            self._size.take(cells.words_to_null(array, self.choice.nulls or ()))

    @property
    def _is_open(self) -> bool:
        # Of numbers it is still to be found out how they are written.
        return self.choice.type in (None, *NUMERIC) and super()._is_open

    def conclude(self) -> Conclusion:
        if self.choice.type is None:
            return super().conclude()
        return Conclusion(self.choice.type, self._learn(), [f"{self.choice.type} was given"])

    def _learn(self) -> dict[str, Any]:
        """The style that the numbers of a column with a given type prove, and their size."""
        if self.choice.type not in NUMERIC:
            return {}
        found = super().conclude()
        misses = sorted(self._near_misses(), key=lambda miss: miss.misfits)
        readings = [(found.type, found.members), *((miss.type, miss.members) for miss in misses if miss.is_proven)]
        best = next((members for kind, members in readings if kind in NUMERIC), {})
        proven = {name: value for name, value in best.items() if name in OF_NUMBERS}
        return proven if self._size is None else proven | self._size.members_beside(best)

    def near_misses(self) -> list[NearMiss]:
        return super().near_misses() if self.choice.type is None else []

    def column(self) -> tuple[Column, list[str]]:
        """The column as it was chosen, with what its values say of the rest, and why.

        What was chosen may not go with the type that the values have: then the column is without it, and `mistake` says
        so.
        """
        self.mistake = ""
        found = self.conclude()
        members = {"type": found.type, "label": self.label, **found.members}
        why = [*found.why, f"{self.values:,} values, {self.nulls:,} nulls"]
        try:
            return Column.model_validate(members | self.choice.members | {"name": self.name}), why
        except ValidationError as error:
            self.mistake = f"'{self.label or self.name}', which is {found.type}: {first_mistake(error)}"
            return Column.model_validate(members | {"name": self.name}), why

    def proposes(self, column: Column) -> bool:
        """Return whether the column, as it would be proposed now, is `column`; a key's columns are also required."""
        return self.column()[0].model_copy(update={"required": column.required}) == column


def _bounds(choice: ColumnChoice) -> list[Decimal]:
    """The bounds that a decimal's size must hold as well as the file's values."""
    given = [choice.min, choice.max, *(choice.one_of or ())]
    found = []
    for value in given:
        try:
            found += [] if value is None else [Decimal(str(value))]
        except InvalidOperation:
            continue
    return [value for value in found if value.is_finite()]


class _DecimalSize:
    """Count the digits of a column's plain numbers; other cells are not decimals of any size."""

    def __init__(self, style: NumberStyle, bounds: Sequence[Decimal]) -> None:
        self._style = style
        self._whole = self._scale = 0
        for value in bounds:
            exponent = value.as_tuple().exponent
            assert isinstance(exponent, int)
            self._grow(value.adjusted() + 1, -exponent)

    def take(self, array: pa.Array) -> None:
        normal, _ = numbers.normalise_numbers(cells.blank_to_null(array), self._style)
        kept, _ = cells.match_cells(normal, PLAIN_NUMBER)
        kept = kept.drop_null()
        plain = Plain(kept.filter(pc.match_substring_regex(kept, "[0-9]")).view(pa.binary()))
        if len(plain.lengths):
            self._grow(int((plain.whole_digits - plain.is_fraction).max()), int(plain.scales.max()))

    def _grow(self, whole: int, scale: int) -> None:
        self._whole, self._scale = max(self._whole, whole), max(self._scale, scale)

    def members_beside(self, other: Mapping[str, Any]) -> dict[str, int]:
        """Precision and scale that hold these numbers and those of another size."""
        scale = min(max(self._scale, other.get("scale", 0)), MAX_PRECISION)
        whole = max(self._whole, other.get("precision", 0) - other.get("scale", 0))
        return {"precision": min(max(whole + scale, ROOMY_PRECISION), MAX_PRECISION), "scale": scale}
