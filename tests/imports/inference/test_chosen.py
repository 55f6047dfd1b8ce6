from typing import Any

import pytest

from app.imports.inference.infer import Proposal
from tests.imports.engine import Engine


def _propose(content: str, *choices: dict[str, Any], **options: Any) -> Proposal:
    return Engine(content.encode(), 1 << 20, 1 << 20, {"header": True, **options}, choices).propose()


class TestOmitted:
    def test_it_is_left_out_whatever_it_holds(self) -> None:
        proposal = _propose("a,b\n1,x\n2,y\n", {"label": "a", "omit": True})
        assert ([column.name for column in proposal.columns], proposal.places) == (["b"], [1])


class TestUnnamed:
    @pytest.mark.parametrize(("cell", "names"), [("", ["a"]), ("  ", ["a"]), ("x", ["a", "column_2"])])
    def test_it_is_loaded_if_it_has_a_value(self, cell: str, names: list[str]) -> None:
        proposal = _propose(f"a,\n1,\n2,{cell}\n")
        assert [column.name for column in proposal.columns] == names


class TestChosen:
    def test_a_type_that_is_given_is_not_looked_for(self) -> None:
        proposal = _propose("a\n1\n2\n", {"label": "a", "type": "text", "name": "code", "required": True})
        (column,) = proposal.columns
        assert (column.name, column.type, column.label, column.required) == ("code", "text", "a", True)
        assert proposal.evidence == [["text was given", "2 values, 0 nulls"]]

    def test_how_its_numbers_are_written_is_still_found(self) -> None:
        (column,) = _propose("a\n1.234,50 €\n2,00 €\n", {"label": "a", "type": "number"}, delimiter=";").columns
        assert (column.type, column.decimal_separator, column.thousands_separator) == ("number", ",", ".")
        assert column.units == ("€",)

    @pytest.mark.parametrize(
        ("rows", "bounds", "size"),
        [
            ("1.5\n22.25", {}, (12, 2)),
            ("1.5\nmany\n22.25", {}, (12, 2)),
            ("1.5", {"max": "99999999999.125"}, (14, 3)),
            ("1.5\n1234567890123.5", {}, (14, 1)),
        ],
    )
    def test_a_decimal_is_as_large_as_its_values_and_bounds(
        self, rows: str, bounds: dict[str, Any], size: tuple[int, int]
    ) -> None:
        (column,) = _propose(f"a\n{rows}\n", {"label": "a", "type": "decimal", **bounds}).columns
        assert (column.precision, column.scale) == size

    def test_what_does_not_go_with_the_values_is_said(self) -> None:
        proposal = _propose("a\nx\ny\n", {"label": "a", "units": ["kg"]})
        assert proposal.columns[0].type == "text"
        (mistake,) = proposal.mistakes
        assert mistake.startswith("'a', which is text: `units` goes with numbers")
