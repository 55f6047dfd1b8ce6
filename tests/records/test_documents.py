"""Values of written records."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.columns.column import Column
from app.columns.types.registry import TYPES
from app.core.strict_json import parse_json
from app.records.documents import Fault, RecordReader

ID = "01234567-89AB-cdef-0123-456789abcdef"
DECIMAL = {"type": "decimal", "precision": 6, "scale": 2}


def _column(**members: Any) -> Column:
    return Column.model_validate({"name": "a", **members})


def _judge(column: Column, text: str) -> Any:
    """The value that a JSON text is in a column, or the code and message of the rule that it breaks."""
    values, faults = RecordReader([column], ["k"]).read_new({"a": parse_json(text)})
    return (faults[0].code, faults[0].message) if faults else values["a"]


ACCEPTED: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "text"}, '""', ""),
    ({"type": "text"}, r'"\ud83d\ude00"', "😀"),
    ({"type": "integer"}, "-9007199254740991", -(2**53) + 1),
    ({"type": "integer"}, "1.0", 1),
    ({"type": "integer"}, "12e2", 1200),
    ({"type": "bigint"}, '"9223372036854775807"', 2**63 - 1),
    ({"type": "bigint"}, "9007199254740991", 2**53 - 1),
    ({"type": "number"}, "0.1", 0.1),
    ({"type": "number"}, "1e-400", 0.0),
    ({"type": "number"}, '"-Infinity"', -math.inf),
    (DECIMAL, '"0.10"', Decimal("0.10")),
    (DECIMAL, "0.10", Decimal("0.10")),
    (DECIMAL, "1.500", Decimal("1.5")),
    (DECIMAL, "1e3", Decimal(1000)),
    ({"type": "decimal", "precision": 400, "scale": 0}, "1e399", Decimal("1e399")),
    ({"type": "decimal", "precision": 40, "scale": 0}, "9007199254740993", Decimal(2**53 + 1)),
    ({"type": "boolean"}, "false", False),
    ({"type": "date"}, '"2024-02-29"', date(2024, 2, 29)),
    ({"type": "datetime"}, '"2024-02-29T12:00:00+02:00"', datetime(2024, 2, 29, 10, tzinfo=UTC)),
    ({"type": "datetime"}, '"2024-02-29t12:00:00.123456000z"', datetime(2024, 2, 29, 12, 0, 0, 123456, UTC)),
    ({"type": "uuid"}, f'"{ID}"', UUID(ID)),
    ({"type": "json"}, '{"a": [1.10, true]}', '{"a":[1.10,true]}'),
    ({"type": "json"}, "false", "false"),
    ({"type": "image"}, '"img_1"', "img_1"),
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"type": "text"}, "1"),
    ({"type": "text"}, r'"a\u0000"'),
    ({"type": "text"}, r'"\ud800"'),
    ({"type": "integer"}, "9007199254740992"),
    ({"type": "integer"}, "1.5"),
    ({"type": "integer"}, '"1"'),
    ({"type": "integer"}, "true"),
    ({"type": "integer"}, "1e499"),
    ({"type": "bigint"}, "9007199254740992"),
    ({"type": "bigint"}, '"9223372036854775808"'),
    ({"type": "bigint"}, '"007"'),
    ({"type": "number"}, "1e400"),
    ({"type": "number"}, "9" * 500),
    ({"type": "number"}, '"1.5"'),
    ({"type": "number"}, "false"),
    (DECIMAL, "0.105"),
    (DECIMAL, '"1.500"'),
    (DECIMAL, "1e400"),
    (DECIMAL, "1e4"),
    (DECIMAL, "1e-499"),
    (DECIMAL, '"NaN"'),
    (DECIMAL, "true"),
    ({"type": "boolean"}, "1"),
    ({"type": "boolean"}, '"true"'),
    ({"type": "date"}, '"2023-02-29"'),
    ({"type": "date"}, '"2024-02-29T00:00:00Z"'),
    ({"type": "date"}, "20240229"),
    ({"type": "datetime"}, '"2024-02-29T12:00:00"'),
    ({"type": "datetime"}, '"2024-02-29T12:00Z"'),
    ({"type": "datetime"}, '"2024-02-29T12:00:00.1234567Z"'),
    ({"type": "datetime"}, '"2024-02-29T23:59:60Z"'),
    ({"type": "datetime"}, '"2024-02-29T12:00:00+24:00"'),
    ({"type": "datetime"}, '"0001-01-01T00:00:00+01:00"'),
    ({"type": "datetime"}, '"9999-12-31T23:59:59-01:00"'),
    ({"type": "uuid"}, '"{01234567-89ab-cdef-0123-456789abcdef}"'),
    ({"type": "json"}, r'{"\u0000": 1}'),
    ({"type": "json"}, r'["\udc00"]'),
    ({"type": "json"}, "[" * 201 + "]" * 201),
    ({"type": "image"}, "{}"),
]


class TestTypes:
    def test_every_type_is_tried_here(self) -> None:
        assert {members["type"] for members, _, _ in ACCEPTED} == {members["type"] for members, _ in REFUSED}
        assert {members["type"] for members, _ in REFUSED} == set(TYPES)

    @pytest.mark.parametrize(("members", "text", "value"), ACCEPTED)
    def test_a_value_is_taken_exactly(self, members: dict[str, Any], text: str, value: Any) -> None:
        found = _judge(_column(**members), text)
        assert (found, type(found)) == (value, type(value))

    @pytest.mark.parametrize(("members", "text"), REFUSED)
    def test_what_is_none_is_refused(self, members: dict[str, Any], text: str) -> None:
        code, message = _judge(_column(**members), text)
        assert code == f"not_{members['type']}"
        assert message

    @pytest.mark.parametrize("name", TYPES)
    def test_null_is_a_value_of_what_is_not_required(self, name: str) -> None:
        members = DECIMAL if name == "decimal" else {"type": name}
        assert _judge(_column(**members), "null") is None
        assert _judge(_column(**members, required=True), "null") == ("required", "a value is required")

    def test_a_missing_zone_is_named(self) -> None:
        found = _judge(_column(type="datetime"), '"2024-02-29T12:00:00"')
        assert found == ("not_datetime", "a date and time needs its zone, as Z or +02:00")


class TestRecordReader:
    reader = RecordReader(
        [_column(name="sku", type="text", required=True), _column(name="n", type="integer", min=0)], ["sku"]
    )

    def test_what_is_left_out_is_null(self) -> None:
        assert self.reader.read_new({"sku": "a"}) == ({"sku": "a", "n": None}, [])

    def test_every_mistake_is_told_with_its_place(self) -> None:
        _, faults = self.reader.read_new({"n": -1, "skus": "a", "x" * 999: 1}, 7)
        assert [(fault.index, fault.column, fault.code) for fault in faults] == [
            (7, "sku", "required"),
            (7, "n", "min"),
            (7, "skus", "unknown_column"),
            (7, "x" * 100, "unknown_column"),
        ]
        assert faults[2].message == "there is no such column. Did you mean 'sku'?"

    @pytest.mark.parametrize("document", [None, 1, "a", [], [{}]])
    def test_what_is_no_object_is_no_record(self, document: Any) -> None:
        assert [fault.code for fault in self.reader.read_new(document)[1]] == ["not_an_object"]
        assert [fault.code for fault in self.reader.read_changes(document, ["a"])[1]] == ["not_an_object"]

    def test_a_whole_record_need_not_repeat_its_key(self) -> None:
        assert self.reader.read_whole({"n": 1}, ["a"]) == ({"sku": "a", "n": 1}, [])
        assert self.reader.read_whole({"sku": "a"}, ["a"]) == ({"sku": "a", "n": None}, [])

    def test_it_may_not_have_another_key(self) -> None:
        assert [fault.code for fault in self.reader.read_whole({"sku": "b"}, ["a"])[1]] == ["other_key"]
        assert [fault.code for fault in self.reader.read_changes({"sku": "b"}, ["a"])[1]] == ["other_key"]

    def test_changes_are_what_is_named(self) -> None:
        assert self.reader.read_changes({"n": 5, "sku": "a"}, ["a"]) == ({"n": 5}, [])
        assert self.reader.read_changes({"n": None}, ["a"]) == ({"n": None}, [])
        assert self.reader.read_changes({}, ["a"]) == ({}, [])

    def test_a_decimal_key_may_be_written_with_other_zeros(self) -> None:
        reader = RecordReader([_column(name="p", **DECIMAL, required=True)], ["p"])
        assert reader.read_whole({"p": "1.5"}, [Decimal("1.50")])[1] == []

    def test_the_number_of_a_record_without_a_key_cannot_be_written(self) -> None:
        reader = RecordReader([_column(name="n", type="integer")], ["_id"])
        assert [fault.code for fault in reader.read_new({"_id": 1})[1]] == ["read_only"]
        assert reader.read_whole({"_id": 1, "n": 2}, [1]) == ({"n": 2}, [])
        assert [fault.code for fault in reader.read_changes({"_id": 2}, [1])[1]] == ["other_key"]

    def test_the_key_in_an_address_fulfils_what_its_column_asks(self) -> None:
        reader = RecordReader([_column(type="text", max_length=3)], ["a"])
        assert reader.read_whole({}, ["abc"]) == ({"a": "abc"}, [])
        assert [fault.code for fault in reader.read_whole({}, ["abcd"])[1]] == ["max_length"]


class TestFault:
    def test_it_is_a_sentence(self) -> None:
        assert str(Fault("price", "min", "less than 0", 3, "-1")) == "Record 3: price '-1': less than 0."
        assert str(Fault(None, "not_an_object", "a record is an object")) == "a record is an object."
        message = "there is no such column. Did you mean 'price'?"
        assert str(Fault("prise", "unknown_column", message)) == f"prise: {message}"
