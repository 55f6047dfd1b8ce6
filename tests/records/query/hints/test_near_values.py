from typing import Any

import pytest

from app.columns.column import Column
from app.records.query.hints.near_values import guess_in_json, how_written, near_value
from tests.records.schemas import products

COLUMNS = products().by_name


class TestNearValue:
    @pytest.mark.parametrize(
        ("text", "near"),
        [
            ("1.234,50", "1234.50"),
            ("1,234.50", "1234.50"),
            ("1'234.5", "1234.5"),
            ("$ 12.50", "12.50"),
            ("12,5", "12.5"),
            ("(5.00)", "-5.00"),
            ("007", "7"),
            ("+3", "3"),
            (".5", "0.5"),
            ("1,234,567", "1234567"),
            ("1,234", None),
            ("12%", None),
            ("1.2.3", None),
            ("abc", None),
            ("", None),
            ("1" * 61 + ",0", None),
        ],
    )
    def test_a_number_in_another_writing(self, text: str, near: str | None) -> None:
        assert near_value(COLUMNS["price"], text) == near

    def test_a_whole_number_loses_a_fraction_of_nothing(self) -> None:
        assert near_value(COLUMNS["stock"], "5.00") == "5"
        assert near_value(COLUMNS["stock"], "5.50") is None

    @pytest.mark.parametrize(
        ("text", "near"), [("1", "true"), ("Yes", "true"), ("off", "false"), ("FALSE", "false"), ("2", None)]
    )
    def test_a_boolean_as_programs_write_it(self, text: str, near: str | None) -> None:
        assert near_value(COLUMNS["active"], text) == near

    def test_a_boolean_as_the_files_of_its_column_write_it(self) -> None:
        column = Column(name="a", type="boolean", booleans=("da", "net"))
        assert (near_value(column, "da"), near_value(column, "net")) == ("true", "false")

    @pytest.mark.parametrize(
        ("text", "near"),
        [
            ("31/12/2024", "2024-12-31"),
            ("12/31/2024", "2024-12-31"),
            ("5.5.2024", "2024-05-05"),
            ("2024/1/5", "2024-01-05"),
            ("20240105", "2024-01-05"),
            ("2024-01-05T10:00", "2024-01-05"),
            ("01/02/2024", None),
            ("31/31/2024", None),
            ("2024", None),
        ],
    )
    def test_a_date_if_it_can_mean_one_day(self, text: str, near: str | None) -> None:
        assert near_value(COLUMNS["released"], text) == near

    @pytest.mark.parametrize(
        ("text", "near"),
        [
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1700000000000", "2023-11-14T22:13:20Z"),
            ("31/12/2024 8:05", "2024-12-31T08:05:00Z"),
            ("2024-01-01T00:00:00 01:00", "2024-01-01T00:00:00+01:00"),
            ("2024-01-01", "2024-01-01T00:00:00Z"),
            ("noon", None),
        ],
    )
    def test_a_time(self, text: str, near: str | None) -> None:
        assert near_value(COLUMNS["updated"], text) == near

    @pytest.mark.parametrize("text", ["{0000000A-0000-0000-0000-00000000000B}", "urn:uuid:0000000a" + "0" * 23 + "b"])
    def test_a_uuid_with_what_surrounds_it(self, text: str) -> None:
        assert near_value(COLUMNS["batch"], text) == "0000000a-0000-0000-0000-00000000000b"

    @pytest.mark.parametrize(("name", "text"), [("name", "x"), ("price", "1.5"), ("tags", "{")])
    def test_nothing_is_said_of_what_fits_or_is_a_text(self, name: str, text: str) -> None:
        assert near_value(COLUMNS[name], text) is None


class TestGuessInJson:
    @pytest.mark.parametrize(
        ("name", "value", "guess"),
        [
            ("name", 5, '. Did you mean "5"?'),
            ("name", True, ""),
            ("stock", "5", ". Did you mean 5?"),
            ("stock", "5.0", ". Did you mean 5?"),
            ("price", "1,5", '. Did you mean "1.5"?'),
            ("active", 1, ". Did you mean true?"),
            ("stock", [5], ""),
            ("stock", None, ""),
            ("stock", "many", ""),
        ],
    )
    def test_it_is_written_as_json_has_it(self, name: str, value: Any, guess: str) -> None:
        assert guess_in_json(COLUMNS[name], value) == guess


class TestHowWritten:
    @pytest.mark.parametrize(
        ("name", "part"), [("price", "a point"), ("released", "2026-01-31"), ("active", "true or")]
    )
    def test_types_that_are_written_in_many_ways_have_an_example(self, name: str, part: str) -> None:
        assert part in str(how_written(COLUMNS[name]))

    def test_texts_have_none(self) -> None:
        assert how_written(COLUMNS["name"]) is None
