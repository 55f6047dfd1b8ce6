"""Validation: constraints as operations on whole columns, each with a message of its own."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.columns.column import Column
from tests.imports.conftest import Importer, rejection
from tests.imports.engine import read_file


def check(kind: str, values: list[str], **constraints: Any) -> list[tuple[str | None, str, str]]:
    """The faults of a column's values: value, code and message."""
    columns = [
        Column.model_validate({"name": "row", "type": "integer"}),
        Column.model_validate({"name": "x", "type": kind, **constraints}),
    ]
    content = "row,x\n" + "".join(f"{place},{value}\n" for place, value in enumerate(values))
    made = read_file(content, columns, header=True, delimiter=",")
    assert len(made.rows) + len({item["record"] for item in made.rejections}) == len(values)
    return [(item["value"], item["code"], item["message"]) for item in made.rejections]


class TestRequired:
    @pytest.mark.parametrize("kind", ["integer", "number", "boolean", "date", "datetime", "uuid", "json"])
    def test_nothing_between_the_delimiters(self, kind: str) -> None:
        assert check(kind, ['""', ""], required=True) == [
            ("", "required", "a value is required"),
            (None, "required", "a value is required"),
        ]

    def test_an_empty_text_is_a_value(self) -> None:
        assert check("text", ['""', "", "x"], required=True) == [(None, "required", "a value is required")]

    def test_a_wrong_value_is_not_missing_too(self) -> None:
        assert [code for _, code, _ in check("integer", ["x"], required=True)] == ["not_integer"]


class TestRange:
    @pytest.mark.parametrize(
        ("kind", "members", "least", "most", "values", "wrong"),
        [
            ("integer", {}, 0, 10, ["-1", "0", "10", "11", ""], ["-1", "11"]),
            ("bigint", {}, "9007199254740993", "9007199254740995", ["9007199254740992", "9007199254740994"], 0),
            ("number", {}, 0.5, 1, ["0.4", "0.5", "1", "1.1"], ["0.4", "1.1"]),
            ("decimal", {"precision": 8, "scale": 2}, "0.10", 5, ["0.09", "0.1", "5.00", "5.01"], ["0.09", "5.01"]),
            ("decimal", {"precision": 30, "scale": 2}, 9, 10, ["8.99", "9", "10", "10.01", "100"], [0, 3, 4]),
            ("date", {}, "2024-01-01", "2024-12-31", ["2023-12-31", "2024-01-01", "2025-01-01"], [0, 2]),
            (
                "datetime",
                {},
                "2024-01-01T00:00:00Z",
                "2025-01-01T00:00:00Z",
                ["2023-12-31T23:59:59Z", "2024-01-01"],
                [0],
            ),
            ("text", {}, "b", "d", ["a", "b", "cc", "d", "e"], ["a", "e"]),
        ],
    )
    def test_of_ordered_types(
        self, kind: str, members: dict[str, int], least: object, most: object, values: list[str], wrong: list[Any] | int
    ) -> None:
        wanted = [
            values[item] if isinstance(item, int) else item for item in (wrong if isinstance(wrong, list) else [0])
        ]
        found = check(kind, values, min=least, max=most, **members)
        assert [value for value, _, _ in found] == wanted
        assert {code for _, code, _ in found} <= {"min", "max"}

    @settings(max_examples=60)
    @given(st.lists(st.decimals(-(10**6), 10**6, places=3), min_size=1, max_size=8), st.decimals(-99, 99, places=3))
    def test_of_decimals_beyond_64_bits(self, numbers: list[Decimal], bound: Decimal) -> None:
        texts = [f"{number:f}" for number in numbers]
        least = [value for value, _, _ in check("decimal", texts, precision=40, scale=10, min=f"{bound:f}")]
        assert least == [text for text, number in zip(texts, numbers, strict=True) if number < bound]
        most = [value for value, _, _ in check("decimal", texts, precision=40, scale=10, max=f"{bound:f}")]
        assert most == [text for text, number in zip(texts, numbers, strict=True) if number > bound]

    def test_bounds_of_dates_that_files_write_otherwise(self) -> None:
        found = check("date", ["31/12/2023", "01/01/2024"], date_format="DD/MM/YYYY", min="2024-01-01")
        assert [value for value, _, _ in found] == ["31/12/2023"]

    def test_says_the_bound(self) -> None:
        assert check("integer", ["-1", "11"], min=0, max=10) == [
            ("-1", "min", "less than 0"),
            ("11", "max", "more than 10"),
        ]

    def test_nan_is_in_no_range(self) -> None:
        assert [code for _, code, _ in check("number", ["NaN", "1"], min=0)] == ["min"]
        assert [code for _, code, _ in check("number", ["NaN", "1"], max=5)] == ["max"]

    def test_a_wrong_value_breaks_no_range_too(self) -> None:
        assert [code for _, code, _ in check("integer", ["x", "99"], max=10)] == ["not_integer", "max"]


class TestTexts:
    def test_length_is_counted_in_characters(self) -> None:
        assert check("text", ["ünï", "üñïc", ""], max_length=3) == [("üñïc", "max_length", "longer than 3")]

    def test_the_whole_text_fits_the_pattern(self) -> None:
        wrong = check("text", ["AB-12", "xAB-12", "AB-123", "ab-12", ""], pattern="[A-Z]{2}-[0-9]{2}")
        assert [value for value, _, _ in wrong] == ["xAB-12", "AB-123", "ab-12"]
        assert wrong[0][1:] == ("pattern", "does not fit the pattern [A-Z]{2}-[0-9]{2}")

    def test_choices_of_a_pattern_belong_together(self) -> None:
        assert [value for value, _, _ in check("text", ["a", "b", "ax", "xb"], pattern="a|b")] == ["ax", "xb"]

    def test_a_pattern_sees_line_ends(self) -> None:
        assert [value for value, _, _ in check("text", ['"a\n"', '"a\nb"', "a"], pattern="a")] == ["a\n", "a\nb"]


class TestChoices:
    @pytest.mark.parametrize(
        ("kind", "members", "choices", "values", "wrong"),
        [
            ("text", {}, ["S", "M"], ["S", "s", ""], ["s"]),
            ("integer", {}, [1, 2], ["1", "3"], ["3"]),
            ("decimal", {"precision": 6, "scale": 2}, ["0.10", 5], ["0.1", "5.00", "5.01"], ["5.01"]),
            ("decimal", {"precision": 30, "scale": 2}, ["0.10", 5], ["0.1", "5.00", "5.01"], ["5.01"]),
            ("date", {}, ["2024-01-01"], ["2024-01-01", "2024-01-02"], ["2024-01-02"]),
            ("boolean", {}, [True], ["yes", "no"], ["no"]),
        ],
    )
    def test_of_every_type(
        self, kind: str, members: dict[str, int], choices: list[Any], values: list[str], wrong: list[str]
    ) -> None:
        found = check(kind, values, one_of=choices, **members)
        assert [value for value, _, _ in found] == wrong
        assert {code for _, code, _ in found} == {"one_of"}

    def test_says_which_there_are(self) -> None:
        assert check("text", ["x"], one_of=["S", "M"]) == [("x", "one_of", "not one of S, M")]
        many = [str(number) for number in range(12)]
        assert check("text", ["x"], one_of=many)[0][2] == "not one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9…"


class TestThroughTheApi:
    async def test_each_is_a_rejection(self, importer: Importer) -> None:
        columns = [
            {"name": "code", "type": "text", "required": True, "pattern": "[a-z]+", "max_length": 3},
            {"name": "n", "type": "integer", "min": 1, "max": 9},
            {"name": "size", "type": "text", "one_of": ["S", "M"]},
        ]
        await importer.client.post("/datasets", json={"name": "d", "columns": columns})
        content = "code,n,size\nab,5,S\n,5,S\nABC,5,S\nabcd,5,S\nab,0,S\nab,10,L\nab,,\n"
        shown = await importer("d", content, on_reject="skip")
        assert shown["rejections"] == [
            rejection(3, 2, 19, "code", None, "required", "a value is required"),
            rejection(4, 3, 24, "code", "ABC", "pattern", "does not fit the pattern [a-z]+"),
            rejection(5, 4, 32, "code", "abcd", "max_length", "longer than 3"),
            rejection(6, 5, 41, "n", "0", "min", "less than 1"),
            rejection(7, 6, 48, "n", "10", "max", "more than 9"),
            rejection(7, 6, 48, "size", "L", "one_of", "not one of S, M"),
        ]
        assert [record["n"] for record in await importer.records("d")] == [5, None]
