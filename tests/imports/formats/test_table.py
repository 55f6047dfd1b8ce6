"""Tables of cells, which every format of files yields."""

import pytest

from app.imports.formats.table import is_total


@pytest.mark.parametrize("cell", [b"Total", b"Grand total", b"TOTAL"])
def test_a_cell_that_says_total_is_one(cell: bytes) -> None:
    assert is_total(cell)


@pytest.mark.parametrize("cell", [b"Totally", b"Lamp", b"", None])
def test_other_cells_are_not(cell: bytes | None) -> None:
    assert not is_total(cell)
