from typing import Any

import numpy as np
import pyarrow as pa

from app.columns.column import Column
from app.imports.formats.table import Fault, Table
from app.imports.inference.pick import Picked, in_file_order, pick_columns

PICKED = Picked(["a", "b", "c", ""], [2, 0], [3])


def _table(*columns: list[bytes | None], faults: list[Fault] | None = None) -> Table:
    arrays: list[Any] = [pa.array(column, pa.binary()) for column in columns]
    return Table(arrays, np.arange(len(columns[0])), faults or [], formulas=[1, 2, 3, 4])


class TestPicked:
    def test_nothing_is_asked_of_the_others(self) -> None:
        assert PICKED.omitted == frozenset({1})


class TestInFileOrder:
    def test_a_column_stands_at_its_place(self) -> None:
        one, other = Column(name="one", type="text"), Column(name="other", type="text")
        assert in_file_order([one, other], PICKED) == [other, None, one, None]
        assert in_file_order([one, other], None) == [one, other]


class TestPickColumns:
    def test_the_loaded_ones_come_in_their_order(self) -> None:
        table = pick_columns(_table([b"1"], [b"2"], [b"3"], [None]), PICKED)
        assert [column.to_pylist() for column in table.columns] == [[b"3"], [b"1"]]
        assert table.formulas == [3, 1]

    def test_a_value_without_a_column_is_a_fault(self) -> None:
        table = pick_columns(_table([b"1", b"4"], [b"2", b"5"], [b"3", b"6"], [b" ", b"x"]), PICKED)
        assert [column.to_pylist() for column in table.columns] == [[b"3"], [b"1"]]
        (fault,) = table.faults
        assert (fault.code, fault.rows.tolist(), fault.values.to_pylist()) == ("value_without_column", [1], [b"x"])

    def test_a_fault_follows_its_field(self) -> None:
        faults = [Fault(np.array([0]), None, "x", "y", pa.array([b"z"]), field) for field in (0, 1, 2, 9, None)]
        table = pick_columns(_table([b"1"], [b"2"], [b"3"], [None], faults=faults), PICKED)
        assert [(fault.field, fault.column) for fault in table.faults] == [
            (1, None),
            (None, "b"),
            (0, None),
            (9, None),
            (None, None),
        ]
