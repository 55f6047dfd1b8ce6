from typing import Any

import pytest

from app.imports.choices import ColumnChoice
from app.imports.errors import ColumnOptionsInvalid, OptionsMismatch
from app.imports.inference.selection import Selection, name_formats, select_columns

LABELS = ["Id", "Unit price", "Notes", "Notes", ""]


def _select(*choices: dict[str, Any], labels: list[str] = LABELS) -> Selection:
    return select_columns(labels, [ColumnChoice.model_validate(choice) for choice in choices])


class TestSelectColumns:
    @pytest.mark.parametrize(
        ("label", "place"), [("Id", 0), (" Unit price ", 1), ("unit_price", 1), ("notes_2", 3), ("column_5", 4)]
    )
    def test_by_label_or_by_the_name_that_it_makes(self, label: str, place: int) -> None:
        assert list(_select({"label": label}).choices) == [place]

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (["Prise"], "The file has no column 'Prise'."),
            (["unit prise"], "Did you mean 'Unit price'?"),
            (["Notes"], "The file has 2 columns 'Notes'"),
            (["Id", "id"], "Two choices are about the column 'Id'"),
        ],
    )
    def test_what_is_not_clear_is_refused(self, labels: list[str], message: str) -> None:
        with pytest.raises(ColumnOptionsInvalid) as raised:
            _select(*({"label": label} for label in labels))
        assert message in raised.value.detail

    def test_of_many_labels_the_first_are_shown(self) -> None:
        with pytest.raises(ColumnOptionsInvalid) as raised:
            _select({"label": "x"}, labels=[f"c{number}" for number in range(35)])
        assert str(raised.value.hint).endswith("'c29' and 5 more.")


class TestNames:
    def test_a_chosen_one_goes_before_the_others(self) -> None:
        selection = _select({"label": "Notes_2".lower(), "name": "notes"}, {"label": "Id", "omit": True})
        assert selection.omitted == frozenset({0})
        assert selection.names[1:4] == ["unit_price", "notes_2", "notes"]

    def test_none_is_the_header_of_another_column(self) -> None:
        with pytest.raises(ColumnOptionsInvalid, match="which is the header of another column"):
            _select({"label": "a", "name": "b"}, labels=["a", "b"]).check_names()
        _select({"label": "a", "name": "b"}, {"label": "b", "omit": True}, labels=["a", "b"]).check_names()
        _select({"label": "a", "name": "b"}, {"label": "b", "name": "a"}, labels=["a", "b"]).check_names()


class TestNameFormats:
    def test_they_are_given_by_label_or_by_name(self) -> None:
        formats = {"Due on": "DD/MM/YYYY", "paid": "MM/DD/YYYY", "elsewhere": "YYYY-MM-DD"}
        named = name_formats(formats, ["Due on", "Paid"], ["due_on", "paid"], ["elsewhere"])
        assert named == {"due_on": "DD/MM/YYYY", "paid": "MM/DD/YYYY"}

    def test_one_of_no_column_is_refused(self) -> None:
        with pytest.raises(OptionsMismatch, match="Did you mean 'due_on'"):
            name_formats({"due_onn": "DD/MM/YYYY"}, ["Due on"], ["due_on"])
