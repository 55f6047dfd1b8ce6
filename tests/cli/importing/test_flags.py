import pytest
import typer

from app.cli.arguments import column_flags
from app.cli.importing import flags


class TestFlags:
    @pytest.mark.parametrize(("text", "value"), [(None, None), ("true", True), ("False", False), ("3", 3)])
    def test_header(self, text: str | None, value: object) -> None:
        assert flags.parse_header(text) is value or flags.parse_header(text) == value

    @pytest.mark.parametrize("text", ["0", "-1", "yes", ""])
    def test_header_that_is_none(self, text: str) -> None:
        with pytest.raises(typer.BadParameter):
            flags.parse_header(text)

    def test_booleans_come_in_pairs(self) -> None:
        assert flags.parse_booleans("yes", "no") == ["yes", "no"]
        assert flags.parse_booleans(None, None) is None
        with pytest.raises(typer.BadParameter):
            flags.parse_booleans("yes", None)

    def test_columns(self) -> None:
        said = column_flags.parse_columns(["a=b=integer", "p=decimal(12, 2)"], ["p=price"], ["q"])
        assert said == [
            {"label": "a=b", "type": "integer"},
            {"label": "p", "type": "decimal", "precision": 12, "scale": 2, "name": "price"},
            {"label": "q", "omit": True},
        ]
        assert (column_flags.split_names("a, b"), column_flags.split_names("")) == (["a", "b"], [])

    @pytest.mark.parametrize(
        ("types", "names"), [(["a"], []), (["a="], []), (["a=decimal(12)"], []), (["a=De Cimal"], []), ([], ["a"])]
    )
    def test_columns_that_are_none(self, types: list[str], names: list[str]) -> None:
        with pytest.raises(typer.BadParameter):
            column_flags.parse_columns(types, names, [])

    def test_date_formats(self) -> None:
        assert flags.parse_date_formats(["day=DD/MM/YYYY", "hour=HH=mm"]) == {
            "day": "DD/MM/YYYY",
            "hour": "HH=mm",
        }
        with pytest.raises(typer.BadParameter):
            flags.parse_date_formats(["day"])
