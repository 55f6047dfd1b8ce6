from typing import Any

import pytest
from pydantic import ValidationError

from app.columns.column import Column
from app.columns.conventions import MAX_NULLS, MAX_UNITS, Conventions


class TestUnits:
    @pytest.mark.parametrize("unit", ["$", "kg", "%", "US $", "m/s", "x" * 20])
    def test_what_stands_beside_a_number(self, unit: str) -> None:
        assert Conventions(units=(unit,)).units == (unit,)

    @pytest.mark.parametrize("unit", ["", " kg", "kg ", "m2", "+", "-", ".", ",", "x" * 21])
    def test_what_could_be_part_of_the_number_is_refused(self, unit: str) -> None:
        with pytest.raises(ValidationError, match="is no unit"):
            Conventions(units=(unit,))

    def test_there_are_not_too_many(self) -> None:
        with pytest.raises(ValidationError):
            Conventions(units=tuple("u" * n for n in range(1, 21)) + ("v",) * (MAX_UNITS - 19))
        with pytest.raises(ValidationError):
            Conventions(nulls=("-",) * (MAX_NULLS + 1))


class TestOfColumns:
    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"type": "text", "units": ["$"]}, "`units` goes with numbers"),
            ({"type": "date", "accounting": True}, "`accounting` goes with numbers"),
            ({"type": "text", "booleans": ["y", "n"]}, "`booleans` goes with boolean"),
            ({"type": "integer", "thousands_separator": ",", "decimal_separator": ","}, "are the same"),
            ({"type": "integer", "thousands_separator": "."}, None),
            ({"type": "integer", "thousands_separator": "-"}, "thousands_separator"),
        ],
    )
    def test_each_goes_with_its_types(self, members: dict[str, Any], reason: str | None) -> None:
        with pytest.raises(ValidationError, match=reason):
            Column.model_validate({"name": "a", **members})

    def test_those_of_the_type_are_kept(self) -> None:
        members = {"decimal_separator": ",", "thousands_separator": ".", "units": ("€",), "nulls": ("NA",)}
        column = Column.model_validate({"name": "a", "type": "number", **members})
        assert {name: getattr(column, name) for name in members} == members
