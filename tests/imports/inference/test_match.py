import pytest

from app.columns.column import Column
from app.imports.errors import ColumnsMismatch
from app.imports.inference.match import Match
from app.imports.inference.match import match_columns as match
from app.imports.inference.selection import Selection


def columns(**labels: str | None) -> list[Column]:
    return [
        Column.model_validate({"name": name, "type": "text", "label": label, "required": name == "must"})
        for name, label in labels.items()
    ]


def match_columns(labels: list[str], dataset: list[Column], *, has_header: bool, is_numbered: bool = False) -> Match:
    return match(Selection(labels), dataset, has_header=has_header, is_numbered=is_numbered)


def names_of(found: Match) -> list[str | None]:
    return [None if column is None else column.name for column in found.columns]


class TestMatching:
    def test_by_label_or_by_name_in_any_order(self) -> None:
        dataset = columns(unit_price="Unit price (€)", code=None)
        matched = match_columns(["code", "Unit price (€)"], dataset, has_header=True)
        assert names_of(matched) == ["code", "unit_price"]
        matched = match_columns(["Unit Price", "Code"], dataset, has_header=True)
        assert names_of(matched) == ["unit_price", "code"]

    def test_labels_that_the_file_repeats(self) -> None:
        dataset = columns(a="a", a_2="a", column_3="")
        matched = match_columns(["a", "a", ""], dataset, has_header=True)
        assert names_of(matched) == ["a", "a_2", "column_3"]

    def test_a_column_that_may_be_null_may_be_missing(self) -> None:
        assert names_of(match_columns(["b"], columns(a=None, b=None), has_header=True)) == ["b"]

    def test_a_required_one_may_not(self) -> None:
        with pytest.raises(ColumnsMismatch, match="lacks columns that the dataset requires: must"):
            match_columns(["b"], columns(must=None, b=None), has_header=True)

    def test_an_unknown_one_is_told_with_its_neighbour(self) -> None:
        with pytest.raises(ColumnsMismatch, match=r"no column 'prise'.*'price'"):
            match_columns(["prise"], columns(price=None), has_header=True)

    def test_two_for_one_column(self) -> None:
        with pytest.raises(ColumnsMismatch, match="Two columns of the file are 'unit_price'"):
            match_columns(["Cost", "unit_price"], columns(unit_price="Cost"), has_header=True)

    def test_without_a_header_by_place(self) -> None:
        dataset = columns(a=None, b=None)
        assert match_columns(["column_1", "column_2"], dataset, has_header=False).columns == dataset
        with pytest.raises(ColumnsMismatch, match="no header and 1 columns; the dataset has 2"):
            match_columns(["column_1"], dataset, has_header=False)
