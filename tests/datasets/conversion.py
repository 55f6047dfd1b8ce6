"""One value, changed into another type as a change of a dataset does it."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from app.columns.column import Column
from app.datasets.alter.conversions import find_conversion

NULL = "null, where a file has no value"


def column(kind: str, **members: Any) -> Column:
    """A column of a type; `decimal(8,2)` has its digits in its name."""
    name, _, digits = kind.partition("(")
    if digits:
        precision, scale = digits.rstrip(")").split(",")
        members |= {"precision": int(precision), "scale": int(scale)}
    return Column.model_validate({"name": "a", "type": name, **members})


async def convert(connection: asyncpg.Connection, before: Column, after: Column, text: str) -> str | None:
    """Convert the value of a text, and return it as JSON shows it, or NULL; None if it does not convert."""
    conversion = find_conversion(before, after, '"x"')
    assert conversion is not None
    # As from a table: PostgreSQL shall not work it out while it plans.
    source = f"(SELECT CAST($1::text AS {before.sql_type}) AS x OFFSET 0) AS record"
    if callable(conversion.fits):
        fits = conversion.fits(text)
    else:
        fits = await connection.fetchval(f"SELECT ({conversion.fits}) IS TRUE FROM {source}", text)
    if not fits:
        return None
    result = after.kind.json_sql.format("y")
    made = f"SELECT ({conversion.result})::{after.sql_type} AS y FROM {source}"
    shown: str | None = await connection.fetchval(f"SELECT ({result})::text FROM ({made}) AS made", text)
    is_missing = await connection.fetchval(f"SELECT {conversion.missing} FROM {source}", text)
    assert is_missing is (shown is None)
    return NULL if shown is None else shown


TEXT = column("text")
Expected = Mapping[str, str | None]


async def read_all(connection: asyncpg.Connection, after: Column, texts: Iterable[str]) -> Expected:
    """Convert each text; None if it does not convert."""
    await connection.execute("SET timezone = 'UTC'")
    return {text: await convert(connection, TEXT, after, text) for text in texts}
