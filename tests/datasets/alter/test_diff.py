from typing import Any

import pytest
from pydantic import JsonValue

from app.columns.column import Column
from app.core.errors import RequestInvalid
from app.datasets.alter.diff import Change, plan_change
from app.datasets.bodies import DatasetUpdate
from app.datasets.definition import Definition, Index
from app.datasets.errors import ColumnNotFound, TypeConversionNotSupported
from tests.records.schemas import make_columns

BEFORE = Definition(
    tuple(
        make_columns(
            {
                "sku": {"type": "text", "required": True},
                "price": {"type": "decimal", "precision": 8, "scale": 2, "thousands_separator": ","},
                "stock": "integer",
                "sold": {"type": "date", "date_format": "DD/MM/YYYY"},
            }
        )
    ),
    ("sku",),
    (Index(columns=("stock", "-price")),),
)


def _plan(before: Definition = BEFORE, **body: Any) -> Change:
    return plan_change(before, DatasetUpdate.model_validate(body))


def _column(change: Change, name: str) -> Column:
    return change.after.by_name[name]


class TestColumns:
    def test_what_is_left_out_stays(self) -> None:
        change = _plan(columns={"price": {"min": 0}})
        assert (_column(change, "price").scale, _column(change, "price").min) == (2, 0)
        assert change.changes_anything
        assert not _plan().changes_anything

    def test_one_with_another_name_is_the_same(self) -> None:
        change = _plan(columns={"stock": {"name": "count"}, "price": None})
        assert change.kept == {"sku": "sku", "price": None, "stock": "count", "sold": "sold"}
        assert [after.name for _, after in change.stays] == ["sku", "count", "sold"]
        assert change.dropped == ["~1"]
        assert change.retyped == []

    def test_another_type_drops_what_does_not_go_with_it(self) -> None:
        change = _plan(columns={"price": {"type": "text"}, "sold": {"type": "text"}})
        assert _column(change, "price").model_dump(exclude_none=True, exclude_defaults=True) == {
            "name": "price",
            "type": "text",
        }
        assert _column(change, "sold").date_format is None
        assert [after.name for _, after in change.retyped] == ["price", "sold"]

    def test_a_new_one_is_put_behind_the_others(self) -> None:
        change = _plan(add_columns=[{"name": "note", "type": "text", "fill": "none"}])
        assert [column.name for column in change.after.columns][-1] == "note"
        assert ([column.name for column in change.added], change.fills) == (["note"], {"note": "none"})

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"columns": {"price": {"name": None}}}, "The name of 'price' cannot be removed."),
            ({"columns": {"price": {"type": None}}}, "The type of 'price' cannot be removed."),
            ({"columns": {"price": {"scale": 9}}}, "'price': scale 9 is more than precision 8."),
            ({"columns": {"stock": {"date_format": "DD/MM/YYYY"}}}, "`date_format` goes with date and datetime"),
            ({"columns": {"sku": {"required": False}}}, "'sku' is part of the key, which is never null."),
            ({"columns": {"sku": None}}, "'sku' cannot be dropped: the key is made of it."),
            ({"columns": dict.fromkeys(BEFORE.by_name), "key": []}, "A dataset keeps at least one column."),
            ({"columns": {"stock": {"name": "price"}}}, "Two columns are called 'price'."),
            ({"indexes": [{"columns": ["nope"]}]}, "An index names 'nope', which is no column."),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, body: dict[str, Any], message: str) -> None:
        with pytest.raises(RequestInvalid) as raised:
            _plan(**body)
        assert message in raised.value.detail

    def test_one_that_is_not_there_is_told_with_a_near_one(self) -> None:
        with pytest.raises(ColumnNotFound, match=r"There is no column 'prise'. Did you mean 'price'\?"):
            _plan(columns={"prise": {"min": 0}})

    def test_a_type_that_no_value_becomes_is_refused(self) -> None:
        with pytest.raises(TypeConversionNotSupported) as raised:
            _plan(columns={"sold": {"type": "boolean"}})
        assert raised.value.hint == "They can become datetime, text."


class TestKey:
    def test_it_follows_its_columns(self) -> None:
        change = _plan(columns={"sku": {"name": "code"}})
        assert (change.after.key, change.changes_key) == (("code",), False)

    def test_of_another_type_it_is_another_one(self) -> None:
        assert _plan(columns={"sku": {"type": "uuid"}}).changes_key

    def test_the_columns_of_a_new_one_are_required(self) -> None:
        change = _plan(key=["stock"])
        assert change.changes_key
        assert _column(change, "stock").required

    def test_null_numbers_the_records(self) -> None:
        assert _plan(key=None).after.key == ()


class TestIndexes:
    def test_they_follow_their_columns_and_go_with_them(self) -> None:
        assert _plan(columns={"price": {"name": "cost"}}).after.indexes == (Index(columns=("stock", "-cost")),)
        assert _plan(columns={"price": None}).after.indexes == ()
        assert _plan(indexes=None).after.indexes == ()


class TestFill:
    @pytest.mark.parametrize(
        ("kind", "fill", "text"),
        [
            ("text", "x", "x"),
            ("integer", 5, "5"),
            ("number", 0.5, "0.5"),
            ("number", "NaN", "NaN"),
            ("bigint", "9223372036854775807", "9223372036854775807"),
            ("boolean", False, "false"),
            ("date", "2024-01-31", "2024-01-31"),
            ("datetime", "2024-01-31T10:00+02:00", "2024-01-31T08:00:00+00:00"),
            ("json", {"a": [1]}, '{"a":[1]}'),
        ],
    )
    def test_it_is_a_value_as_json_shows_it(self, kind: str, fill: JsonValue, text: str) -> None:
        assert _plan(add_columns=[{"name": "n", "type": kind, "fill": fill}]).fills == {"n": text}

    @pytest.mark.parametrize(
        ("kind", "fill"),
        [("text", 5), ("integer", "5"), ("integer", True), ("integer", 0.5), ("boolean", "true"), ("date", "31/12/99")],
    )
    def test_another_kind_is_refused(self, kind: str, fill: JsonValue) -> None:
        with pytest.raises(RequestInvalid, match="`fill` of 'n':"):
            _plan(add_columns=[{"name": "n", "type": kind, "fill": fill}])
