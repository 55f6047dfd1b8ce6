from typing import Any

import pytest
import typer

from app.cli.arguments.column_flags import parse_columns, parse_type, split_names


class TestParseColumns:
    def test_what_is_said_of_one_label_is_one_choice(self) -> None:
        choices = parse_columns(["Total=decimal(12,2)", "a=b=text"], ["Total=total"], ["Notes"])
        assert choices == [
            {"label": "Total", "type": "decimal", "precision": 12, "scale": 2, "name": "total"},
            {"label": "a=b", "type": "text"},
            {"label": "Notes", "omit": True},
        ]

    @pytest.mark.parametrize("pair", ["Total", "Total="])
    def test_a_pair_has_two_sides(self, pair: str) -> None:
        with pytest.raises(typer.BadParameter, match="write it like"):
            parse_columns([], [pair], [])


class TestParseType:
    @pytest.mark.parametrize(
        ("text", "members"),
        [("text", {"type": "text"}), ("decimal( 5 , 0 )", {"type": "decimal", "precision": 5, "scale": 0})],
    )
    def test_with_its_digits(self, text: str, members: dict[str, Any]) -> None:
        assert parse_type(text) == members

    @pytest.mark.parametrize("text", ["", "decimal(5)", "Decimal", "decimal(5,2", "decimal(a,b)"])
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(typer.BadParameter, match="is not a type"):
            parse_type(text)


class TestSplitNames:
    @pytest.mark.parametrize(("text", "names"), [("", []), (" ", []), ("a", ["a"]), ("a, b ,c", ["a", "b", "c"])])
    def test_commas_stand_between_them(self, text: str, names: list[str]) -> None:
        assert split_names(text) == names
