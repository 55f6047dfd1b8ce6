"""Encoding: what goes through PostgreSQL's binary COPY comes out as the same values."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.columns.column import Column
from app.imports.load.copy_format import SIGNATURE, TRAILER, encode_rows
from app.imports.values.cell_types import CELL_TYPES
from app.imports.values.cells import Conventions

DECIMALS = [(1, 0), (4, 4), (5, 1), (9, 3), (12, 2), (18, 0), (18, 9), (18, 18), (19, 4), (38, 10), (38, 38), (60, 20)]
ID = UUID("01234567-89ab-cdef-0123-456789abcdef")


def column(kind: str, **members: Any) -> Column:
    return Column.model_validate({"name": "v", "type": kind, **members})


def read(kind: Column, texts: list[str | None]) -> pa.Array:
    raw = pa.array([None if text is None else text.encode() for text in texts], pa.binary())
    values, bad = CELL_TYPES[kind.type].read(raw, kind, Conventions())
    assert bad is None or not bad.any(), texts
    return values


async def through(connection: asyncpg.Connection, kind: Column, texts: list[str | None], cast: str = "v") -> list[Any]:
    """The values as they come back from a table that they were copied into."""
    rows = encode_rows([kind], [read(kind, texts)], [pa.array(range(len(texts)), pa.int64())])

    async def stream() -> AsyncIterator[bytes]:
        yield SIGNATURE
        yield bytes(rows)
        yield TRAILER

    await connection.execute(f"CREATE TEMP TABLE trip (v {kind.sql_type}, n bigint)")
    try:
        await connection.copy_to_table("trip", columns=["v", "n"], source=stream(), format="binary")
        return [row["v"] for row in await connection.fetch(f"SELECT {cast} AS v FROM trip ORDER BY n")]
    finally:
        await connection.execute("DROP TABLE trip")


class TestRoundTrip:
    async def test_texts(self, connections: asyncpg.Connection) -> None:
        texts = ["", "a", None, "ünï€😀", "x" * 100_000, "\n\t\\N", '"']
        assert await through(connections, column("text"), texts) == texts

    async def test_integers(self, connections: asyncpg.Connection) -> None:
        values = [0, -1, 2**53 - 1, -(2**63), 2**63 - 1]
        texts = [str(value) for value in values]
        assert await through(connections, column("bigint"), [*texts, None]) == [*values, None]

    async def test_numbers(self, connections: asyncpg.Connection) -> None:
        texts = ["0.1", "-0.0", "1e308", "5e-324", "NaN", "-Infinity", None]
        found = await through(connections, column("number"), texts)
        assert [repr(value) for value in found] == ["0.1", "-0.0", "1e+308", "5e-324", "nan", "-inf", "None"]

    async def test_booleans(self, connections: asyncpg.Connection) -> None:
        assert await through(connections, column("boolean"), ["true", None, "false"]) == [True, None, False]

    async def test_dates(self, connections: asyncpg.Connection) -> None:
        days = [date(1, 1, 1), date(1969, 12, 31), date(1999, 12, 31), date(2000, 1, 1), date(9999, 12, 31)]
        found = await through(connections, column("date"), [*(str(day) for day in days), None])
        assert found == [*days, None]

    async def test_datetimes(self, connections: asyncpg.Connection) -> None:
        times = [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2000, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
        ]
        found = await through(connections, column("datetime"), [*(time.isoformat() for time in times), None])
        assert found == [*times, None]

    async def test_uuids(self, connections: asyncpg.Connection) -> None:
        assert await through(connections, column("uuid"), [str(ID), None, str(ID).upper()]) == [ID, None, ID]

    async def test_documents(self, connections: asyncpg.Connection) -> None:
        found = await through(connections, column("json"), ['{"b": [1, "ü"]}', None, '"x"', "0.10"])
        assert found == ['{"b": [1, "ü"]}', None, '"x"', "0.10"]

    async def test_image_ids(self, connections: asyncpg.Connection) -> None:
        assert await through(connections, column("image"), ["img_1", None]) == ["img_1", None]

    async def test_no_rows(self, connections: asyncpg.Connection) -> None:
        assert await through(connections, column("text"), []) == []


class TestDecimals:
    @pytest.mark.parametrize(("precision", "scale"), DECIMALS)
    async def test_every_size(self, connections: asyncpg.Connection, precision: int, scale: int) -> None:
        kind = column("decimal", precision=precision, scale=scale)
        digits = ["0", "1", "9" * precision, "1" + "0" * (precision - 1), "12345678901234567890123456789"[:precision]]
        places = [text.rjust(scale + 1, "0") for text in digits]
        texts = [f"{text[: len(text) - scale]}.{text[len(text) - scale :]}".rstrip(".") for text in places]
        found = await through(connections, kind, [*texts, *(f"-{text}" for text in texts), None], "v::text")
        assert found == [*texts, texts[0], *(f"-{text}" for text in texts[1:]), None]

    @settings(max_examples=30)
    @given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1, max_size=20), st.integers(0, 18))
    def test_short_and_long_ones_are_encoded_alike(self, numbers: list[int], scale: int) -> None:
        texts: list[str | None] = [format(Decimal(number).scaleb(-scale), f".{scale}f") for number in numbers]
        short = column("decimal", precision=18, scale=scale)
        long = column("decimal", precision=40, scale=scale)
        assert self.values(short, texts) == self.values(long, texts)

    def values(self, kind: Column, texts: list[str | None]) -> list[Decimal]:
        rows = bytes(encode_rows([kind], [read(kind, texts)]))
        return [numeric(field) for field in fields(rows)]


def fields(rows: bytes) -> list[bytes]:
    """The fields of rows of one column each."""
    found = []
    while rows:
        size = int.from_bytes(rows[2:6], "big")
        found.append(rows[6 : 6 + size])
        rows = rows[6 + size :]
    return found


def numeric(field: bytes) -> Decimal:
    """The number of PostgreSQL's binary numeric."""
    words = [int.from_bytes(field[place : place + 2], "big", signed=True) for place in range(0, len(field), 2)]
    count, weight, sign, scale, *digits = words
    assert count == len(digits)
    parts = (Decimal(digit) * Decimal(10_000) ** (weight - place) for place, digit in enumerate(digits))
    value = sum(parts, Decimal())
    return (-value if sign else value).quantize(Decimal(1).scaleb(-scale))
