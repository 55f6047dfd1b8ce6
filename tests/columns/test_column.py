from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import ValidationError

from app.columns.column import Column, is_name, legal_name
from app.columns.types.registry import TYPES

ID = "01234567-89ab-cdef-0123-456789abcdef"


def _column(**members: Any) -> Column:
    return Column.model_validate({"name": "a", **members})


class TestNames:
    @pytest.mark.parametrize("name", ["a", "price", "unit_price_2", "a_", "x" * 63])
    def test_legal(self, name: str) -> None:
        assert is_name(name)

    @pytest.mark.parametrize("name", ["", "A", "2a", "_a", "a__b", "a-b", "a b", "é", "x" * 64, "a\n"])
    def test_illegal(self, name: str) -> None:
        assert not is_name(name)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Unit price (€)", "unit_price"),
            ("Año  de   fabricación", "ano_de_fabricacion"),
            ("2024", "n_2024"),
            ("a__b", "a_b"),
            ("Straße", "strasse"),
            ("x" * 99, "x" * 63),
        ],
    )
    def test_a_text_has_a_legal_neighbour(self, text: str, name: str) -> None:
        assert legal_name(text) == name
        assert is_name(name)

    @pytest.mark.parametrize("text", ["", "___", "日本"])
    def test_a_text_without_a_letter_has_none(self, text: str) -> None:
        assert legal_name(text) == ""


class TestColumn:
    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"type": "decimal"}, "needs `precision` and `scale`"),
            ({"type": "decimal", "precision": 2, "scale": 3}, "scale 3 is more than precision 2"),
            ({"type": "text", "precision": 2}, "belong to decimal"),
            ({"type": "boolean", "min": 1}, "`min` does not go with boolean"),
            ({"type": "integer", "min": "low"}, "'low' is not an integer"),
            ({"type": "integer", "max_length": 3}, "goes with text"),
            ({"type": "text", "pattern": "["}, "not a regular expression"),
            ({"type": "integer", "one_of": ["a"]}, "'a' is not an integer"),
            ({"name": "ctid", "type": "text"}, "PostgreSQL keeps for itself"),
            ({"name": "a__b", "type": "text"}, "not a legal name"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            _column(**members)


VALUES: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "text"}, "Zoë", "Zoë"),
    ({"type": "integer"}, "-42", -42),
    ({"type": "bigint"}, "9223372036854775807", 2**63 - 1),
    ({"type": "number"}, "1e-3", 0.001),
    ({"type": "decimal", "precision": 6, "scale": 2}, "0.10", Decimal("0.10")),
    ({"type": "boolean"}, "true", True),
    ({"type": "date"}, "2024-02-29", date(2024, 2, 29)),
    ({"type": "datetime"}, "2024-02-29T12:00:00+02:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
    ({"type": "uuid"}, ID, UUID(ID)),
    ({"type": "json"}, '{"a": 1}', '{"a": 1}'),
    ({"type": "image"}, "img_1", "img_1"),
]


class TestParse:
    def test_every_type_is_tried_here(self) -> None:
        assert {members["type"] for members, _, _ in VALUES} == set(TYPES)

    @pytest.mark.parametrize(("members", "text", "value"), VALUES)
    def test_a_text_becomes_its_value(self, members: dict[str, Any], text: str, value: Any) -> None:
        assert _column(**members).parse(text) == value

    @pytest.mark.parametrize(
        ("members", "text"),
        [
            ({"type": "text"}, "a\0b"),
            ({"type": "integer"}, "9007199254740992"),
            ({"type": "integer"}, "1.5"),
            ({"type": "integer"}, "007"),
            ({"type": "integer"}, "٣"),
            ({"type": "bigint"}, "9223372036854775808"),
            ({"type": "number"}, "1e999"),
            ({"type": "number"}, "0x1f"),
            ({"type": "decimal", "precision": 6, "scale": 2}, "1.555"),
            ({"type": "decimal", "precision": 6, "scale": 2}, "10000.00"),
            ({"type": "boolean"}, "yes"),
            ({"type": "date"}, "2023-02-29"),
            ({"type": "date"}, "2024-02-29T00:00:00Z"),
            ({"type": "datetime"}, "2024-02-29"),
            ({"type": "uuid"}, ID[:-1]),
            ({"type": "json"}, "{a: 1}"),
        ],
    )
    def test_what_is_no_value_is_refused(self, members: dict[str, Any], text: str) -> None:
        with pytest.raises(ValueError, match=r"is not|does not fit"):
            _column(**members).parse(text)


class TestTypesInPostgres:
    @pytest.mark.parametrize(("members", "text", "value"), VALUES)
    async def test_a_value_is_stored_and_shown(
        self, connections: asyncpg.Connection, members: dict[str, Any], text: str, value: Any
    ) -> None:
        column = _column(**members)
        shown = column.kind.json_sql.format(f"CAST($1 AS {column.sql_type})")
        json = await connections.fetchval(f"SELECT to_json({shown})::text", value)
        expected = {
            "text": '"Zoë"', "integer": "-42", "bigint": '"9223372036854775807"', "number": "0.001",
            "decimal": '"0.10"', "boolean": "true", "date": '"2024-02-29"',
            "datetime": '"2024-02-29T10:00:00.000000Z"', "uuid": f'"{ID}"', "json": '{"a": 1}', "image": '"img_1"',
        }  # fmt: skip
        assert json == expected[column.type]
