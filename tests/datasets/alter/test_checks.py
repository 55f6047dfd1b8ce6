"""The records that are there are judged as those that are written are."""

import json
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.columns.column import Column
from app.columns.rules import constraint_rules
from app.columns.types.registry import TYPES
from app.datasets.alter.checks import broken, rules_to_check
from tests.columns.test_constraints import JSON_VALUES, by_write, columns, without_rules

# The same examples in every run; each asks the one database that the fixture is for.
STABLE = settings(
    deadline=None, derandomize=True, max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _text(column: Column, value: Any) -> str:
    """A value that a write has read, as PostgreSQL reads it."""
    if isinstance(value, float):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    if isinstance(value, bool):
        return json.dumps(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@pytest.mark.usefixtures("database_url")
class TestBroken:
    @STABLE
    @given(st.data())
    async def test_it_is_the_rule_of_writes(self, connections: asyncpg.Connection, data: st.DataObject) -> None:
        column = data.draw(columns().filter(lambda column: column.type != "json"))
        code, value = by_write(without_rules(column), data.draw(JSON_VALUES[column.type]))
        if code != "value" or value is None:
            return
        for rule in constraint_rules(column):
            alone = without_rules(column).model_copy(update={rule.code: rule.bound})
            condition = broken(rule, alone, "x")
            if condition is None:
                assert rule.code == "pattern"
                continue
            number = len(condition.values) + 1
            source = f"(SELECT CAST(${number}::text AS {column.sql_type}) AS x) AS record"
            found = await connections.fetchval(
                f"SELECT {condition.sql} FROM {source}", *condition.values, _text(column, value)
            )
            breaks = by_write(alone, _as_json(column, value))[0] == rule.code
            assert found is breaks, (rule, value)


def _as_json(column: Column, value: Any) -> Any:
    if column.type == "number":
        text = _text(column, value)
        return text if text in ("NaN", "Infinity", "-Infinity") else Decimal(text)
    if column.type in ("integer", "boolean", "text", "image", "decimal"):
        return value
    return value.isoformat() if column.type in ("date", "datetime") else str(value)


class TestRulesToCheck:
    def test_only_the_new_ones_are(self) -> None:
        before = Column(name="a", type="integer", min=0, required=True)
        after = Column(name="a", type="integer", min=1, max=5, required=True)
        assert [rule.code for rule in rules_to_check(before, after, retyped=False)] == ["min", "max"]
        assert rules_to_check(after, before, retyped=False) == constraint_rules(before)[1:]

    def test_of_new_values_all_are(self) -> None:
        column = Column(name="a", type="integer", min=0)
        assert rules_to_check(None, column, retyped=False) == rules_to_check(column, column, retyped=True)


class TestTextOf:
    @pytest.mark.parametrize(
        ("kind", "given", "text"),
        [
            ("integer", 5, "5"),
            ("number", 0.1, "0.1"),
            ("boolean", True, "true"),
            ("date", "2024-02-29", "2024-02-29"),
            ("datetime", "2024-02-29T23:00-02:00", "2024-03-01T01:00:00+00:00"),
            ("bigint", "9007199254740993", "9007199254740993"),
        ],
    )
    def test_a_value_is_written_as_postgres_reads_it(self, kind: str, given: Any, text: str) -> None:
        assert TYPES[kind].write_sql(given) == text
