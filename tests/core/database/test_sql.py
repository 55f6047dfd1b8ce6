"""Statements with the values of their parameters."""

from app.core.database.sql import Statement


def test_statements_with_the_same_text_and_values_are_the_same() -> None:
    assert Statement("SELECT $1", ("a",)) == Statement("SELECT $1", ("a",))
    assert len({Statement("SELECT 1"), Statement("SELECT 1"), Statement("SELECT 2")}) == 2
