from typing import Any

import pyarrow as pa
import pytest

from app.columns.column import Column
from app.imports.errors import OptionsMismatch
from app.imports.inference.settle import EXPORT_WARNING, Settled, settle_columns
from app.imports.values.cells import Conventions


def _column(kind: str, **members: Any) -> Column:
    size = {"precision": 12, "scale": 2} if kind == "decimal" else {}
    return Column.model_validate({"name": "x", "type": kind, **size, **members})


def _settle(column: Column, *texts: str, delimiter: str = ";", **options: Any) -> Settled:
    tables = [([pa.array([text.encode() for text in texts], pa.binary())], lambda place: place + 2)]
    options = {"is_all": True, **options}
    return settle_columns([column], tables, Conventions(delimiter=delimiter), **options)


class TestSettleColumns:
    @pytest.mark.parametrize(
        ("kind", "texts", "point", "mark"),
        [
            ("decimal", ["1.234,50", "2,00"], ",", "."),
            ("decimal", ["1,234.50"], ".", ","),
            ("decimal", ["1.5"], ".", None),
            ("decimal", ["1", "2"], None, None),
            ("integer", ["1.234.567", "1.000", "7"], ",", "."),
            ("integer", ["1,234,567", "12"], None, ","),
            ("text", ["1.234,50"], None, None),
        ],
    )
    def test_what_the_numbers_prove_is_kept(
        self, kind: str, texts: list[str], point: str | None, mark: str | None
    ) -> None:
        (column,) = _settle(_column(kind), *texts).columns
        assert (column.decimal_separator, column.thousands_separator) == (point, mark)

    def test_what_the_column_knows_stays(self) -> None:
        (column,) = _settle(_column("decimal", decimal_separator="."), "1.234,50").columns
        assert (column.decimal_separator, column.thousands_separator) == (".", None)

    def test_where_more_is_to_come_a_point_is_settled_for_all(self) -> None:
        assert _settle(_column("number"), "1", "2", is_all=False).columns[0].decimal_separator == "."

    def test_points_that_nothing_proves_are_warned_of(self) -> None:
        (warning,) = _settle(_column("decimal"), "1.234").warnings
        assert warning.startswith("'x' is read with a point before the fraction, which nothing in the file proves")
        assert '"1.234" at line 2' in warning
        assert _settle(_column("decimal"), "1.234", delimiter=",").warnings == []


class TestOtherOrigins:
    """Earlier files had commas before the fractions, and this one's fields end with commas."""

    COLUMN = _column("decimal", decimal_separator=",")

    def test_points_that_may_be_either_are_refused(self) -> None:
        with pytest.raises(OptionsMismatch, match=r'has points, as "1\.234" at line 2'):
            _settle(self.COLUMN, "1.234", delimiter=",")

    @pytest.mark.parametrize("texts", [["5", "7"], ["1.234,50"], ["1.234.567", "1.000"]])
    def test_what_proves_it_is_taken(self, texts: list[str]) -> None:
        assert _settle(self.COLUMN, *texts, delimiter=",").columns[0].decimal_separator == ","

    def test_an_export_is_told_by_its_header_and_its_digits(self) -> None:
        settled = _settle(self.COLUMN, "1.50", "22.00", delimiter=",", may_be_export=True)
        assert (settled.apart, settled.warnings) == ([0], [EXPORT_WARNING])
        assert settled.columns[0].decimal_separator == "."
        with pytest.raises(OptionsMismatch):
            _settle(self.COLUMN, "1.5", "22.00", delimiter=",", may_be_export=True)
