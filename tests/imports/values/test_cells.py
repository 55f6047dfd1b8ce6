"""Readers of whole columns: strict, and the same whether cells are read together or alone."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imports.values import cells, numbers
from app.imports.values.cells import Cells
from app.imports.values.number_style import NumberStyle

Read = Callable[[pa.Array], Cells]

NUMERIC = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-(10**9), 10**9, places=3).map(str),
    st.floats(allow_nan=True).map(lambda value: repr(value).replace("nan", "NaN").replace("inf", "Infinity")),
    st.text(alphabet="0123456789.-+eE ,", max_size=6),
    st.sampled_from(["", "-", ".", "-.5", ".5", "5.", "007", "-0", "-0.0", "1e400", "9223372036854775808", " 7 ", "١"]),
)
TEMPORAL = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda value: value.isoformat(" ")),
    st.datetimes(timezones=st.just(UTC)).map(lambda value: value.isoformat()),
    st.text(alphabet="0123456789-/:TZ ", max_size=12),
    st.sampled_from(
        ["2024-02-30", "2023-02-29", "2024-1-1", "0000-01-01", "2024-01-01T24:00:00Z", "2024-01-01T10:00+05:30"]
    ),
)
WORDS = st.one_of(st.sampled_from(["true", "F", "Yes", "no", "1", "0", "Y", "n ", "", "ja"]), st.text(max_size=4))
UUIDS = st.one_of(st.uuids().map(str), st.uuids().map(lambda value: str(value).upper()), st.text("0aF-{}", max_size=38))
DOCUMENTS = st.one_of(
    st.sampled_from(['{"a": 1}', "[1, 2", "NaN", "null", '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', "1e5", "tru"]),
    st.text('{}[]":,a1 \\', max_size=8),
)
READERS: dict[str, tuple[st.SearchStrategy[str], Read]] = {
    "integers": (NUMERIC, numbers.read_integers),
    "numbers": (NUMERIC, numbers.read_numbers),
    "decimals": (NUMERIC, lambda array: numbers.read_decimals(array, 12, 3)),
    "long decimals": (NUMERIC, lambda array: numbers.read_decimals(array, 40, 20)),
    "wide decimals": (NUMERIC, lambda array: numbers.read_decimals(array, 18, 4)),
    "dates": (TEMPORAL, lambda array: cells.read_dates(array, "YYYY-MM-DD")),
    "other dates": (TEMPORAL, lambda array: cells.read_dates(array, "DD/MM/YYYY")),
    "datetimes": (TEMPORAL, lambda array: cells.read_datetimes(array, "YYYY-MM-DD", "UTC")),
    "local datetimes": (TEMPORAL, lambda array: cells.read_datetimes(array, "YYYY-MM-DD", "Europe/Madrid")),
    "booleans": (WORDS, lambda array: cells.read_booleans(array, None)),
    "uuids": (UUIDS, cells.read_uuids),
    "documents": (DOCUMENTS, cells.read_json),
}


def as_cells(texts: list[str | None]) -> pa.Array:
    return pa.array([None if text is None else text.encode() for text in texts], pa.binary())


def read(reader: Read, texts: list[str | None]) -> list[tuple[Any, bool]]:
    """Value and badness of each cell; the value of a bad cell means nothing."""
    values, bad = reader(as_cells(texts))
    mask = np.zeros(len(texts), np.bool_) if bad is None else bad
    shown = [repr(value) for value in values.to_pylist()]
    return [(None if wrong else value, bool(wrong)) for value, wrong in zip(shown, mask.tolist(), strict=True)]


class TestTogetherAndAlone:
    @pytest.mark.parametrize("name", READERS)
    @settings(max_examples=50)
    @given(data=st.data())
    def test_a_cell_reads_the_same_in_any_company(self, name: str, data: st.DataObject) -> None:
        strategy, reader = READERS[name]
        texts = data.draw(st.lists(st.one_of(st.none(), strategy), max_size=8))
        assert read(reader, texts) == [read(reader, [text])[0] for text in texts]

    @pytest.mark.parametrize("name", ["integers", "numbers", "decimals", "long decimals", "wide decimals"])
    @settings(max_examples=50)
    @given(data=st.data())
    def test_a_few_odd_cells_among_many_plain_numbers(self, name: str, data: st.DataObject) -> None:
        _, reader = READERS[name]
        texts: list[str | None] = ["1", "20", "-300", None, "4000", "5"] * 4
        for place in data.draw(st.lists(st.integers(0, len(texts)), max_size=4)):
            texts.insert(place, data.draw(NUMERIC))
        assert read(reader, texts) == [read(reader, [text])[0] for text in texts]

    @pytest.mark.parametrize("name", READERS)
    def test_a_slice_reads_as_a_copy(self, name: str) -> None:
        _, reader = READERS[name]
        texts: list[str | None] = ["1", None, "2.5", "2024-01-31", "yes", "", "-7", "0.25"]
        sliced = as_cells(["x", *texts, "y"]).slice(1, len(texts))
        values, bad = reader(sliced)
        wanted, wrong = reader(as_cells(texts))
        assert values.to_pylist() == wanted.to_pylist()
        assert (bad is None) == (wrong is None)
        assert bad is None or bad.tolist() == wrong.tolist()  # type: ignore[union-attr]  # both are masks


class TestAgainstPostgresql:
    """A text accepted here is accepted there, with the same value."""

    async def accepted(
        self, connection: asyncpg.Connection, kind: str, texts: list[str], reader: Read
    ) -> list[tuple[str, Any, Any]]:
        values, bad = reader(as_cells(list(texts)))
        mask = np.zeros(len(texts), np.bool_) if bad is None else bad
        good = [(text, value) for text, value, wrong in zip(texts, values.to_pylist(), mask, strict=True) if not wrong]
        good = [(text, value) for text, value in good if value is not None]
        rows = await connection.fetch(
            "SELECT t, (pg_input_error_info(t, $2)).message AS error "
            "FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
            [text for text, _ in good],
            kind,
        )
        assert [(row["t"], row["error"]) for row in rows if row["error"]] == []
        cast = await connection.fetch(
            f"SELECT t::{kind} AS value FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
            [text for text, _ in good],
        )
        return [(text, value, row["value"]) for (text, value), row in zip(good, cast, strict=True)]

    async def test_integers(self, connections: asyncpg.Connection) -> None:
        edges = [str(sign * (2**power + step)) for power in (31, 53, 62, 63) for step in (-1, 0, 1) for sign in (1, -1)]
        found = await self.accepted(connections, "bigint", ["0", "-1", "10", *edges], numbers.read_integers)
        assert len(found) == 3 + 24 - 3
        assert all(value == theirs for _, value, theirs in found)

    async def test_decimals(self, connections: asyncpg.Connection) -> None:
        texts = ["0", "-0.10", "123456789.123", "999999999.999", ".5", "-.05", "0.001", "1e3", "1.2345", "1000000000"]
        for precision, scale in ((12, 3), (18, 3), (30, 3)):
            kind = f"numeric({precision},{scale})"
            reader: Read = lambda array, p=precision, s=scale: numbers.read_decimals(array, p, s)  # type: ignore[misc]  # bound now  # noqa: E731
            found = await self.accepted(connections, kind, texts, reader)
            for _, value, theirs in found:
                own = Decimal(value).scaleb(-scale) if isinstance(value, int) else Decimal(value)
                assert own == theirs
            assert "1e3" not in [text for text, _, _ in found]
            assert ("1000000000" in [text for text, _, _ in found]) == (precision > 12)

    async def test_numbers(self, connections: asyncpg.Connection) -> None:
        texts = [
            "0.1",
            "1e308",
            "-1.7976931348623157e308",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
            ".5",
            "1e400",
            "-0",
        ]
        found = await self.accepted(connections, "double precision", texts, numbers.read_numbers)
        assert [text for text, _, _ in found] == [text for text in texts if text != "1e400"]
        assert all(repr(value) == repr(theirs) for _, value, theirs in found)

    async def test_dates(self, connections: asyncpg.Connection) -> None:
        texts = [
            "0001-01-01",
            "1582-10-10",
            "1900-02-28",
            "1970-01-01",
            "2000-02-29",
            "9999-12-31",
            "2024-2-1",
            "24-01-01",
        ]
        found = await self.accepted(connections, "date", texts, lambda array: cells.read_dates(array, "YYYY-MM-DD"))
        assert [text for text, _, _ in found] == texts[:6]
        assert all(value == theirs for _, value, theirs in found)

    async def test_datetimes(self, connections: asyncpg.Connection) -> None:
        texts = [
            "2024-01-31T12:00:00Z",
            "2024-01-31 12:00:00.123456+05:30",
            "2024-01-31T12:00-0800",
            "1999-12-31 23:59:59.5Z",
            "2024-06-30T00:00:00",
        ]
        reader: Read = lambda array: cells.read_datetimes(array, "YYYY-MM-DD", "UTC")  # noqa: E731
        await connections.execute("SET timezone = 'UTC'")
        found = await self.accepted(connections, "timestamptz", texts, reader)
        assert len(found) == len(texts)
        assert all(value.replace(tzinfo=UTC) == theirs for _, value, theirs in found)

    async def test_uuids(self, connections: asyncpg.Connection) -> None:
        texts = ["01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef", "{0}"]
        found = await self.accepted(connections, "uuid", texts, cells.read_uuids)
        assert [(text, UUID(bytes=value)) for text, value, _ in found] == [(texts[0], UUID(texts[0]))]
        assert found[0][2] == UUID(texts[0])

    async def test_documents(self, connections: asyncpg.Connection) -> None:
        texts = [
            '{"a": [1, "ü", null]}',
            '"\\ud83d\\ude00"',
            '"\\u0000"',
            '"\\ud800"',
            "NaN",
            "{",
            "-0",
            "1e499",
            "1e500",
            "01",
        ]
        found = await self.accepted(connections, "jsonb", texts, cells.read_json)
        assert [text for text, _, _ in found] == [texts[0], texts[1], "-0", "1e499"]


class TestDatetimes:
    def test_a_time_without_a_zone_is_one_of_the_given(self) -> None:
        values, bad = cells.read_datetimes(as_cells(["2024-07-01 12:00:00"]), "YYYY-MM-DD", "Europe/Madrid")
        assert (values.to_pylist(), bad) == ([datetime(2024, 7, 1, 10, 0)], None)  # noqa: DTZ001

    def test_an_hour_that_the_clocks_skip_is_refused(self) -> None:
        reader: Read = lambda array: cells.read_datetimes(array, "YYYY-MM-DD", "Europe/Madrid")  # noqa: E731
        assert [bad for _, bad in read(reader, ["2024-03-31 02:30:00", "2024-03-31 03:30:00"])] == [True, False]

    def test_other_formats_have_times_too(self) -> None:
        values, bad = cells.read_datetimes(as_cells(["31/01/2024 1:05 PM", "1/2/2024 00:00"]), "DD/MM/YYYY", "UTC")
        assert bad is None
        assert values.to_pylist() == [datetime(2024, 1, 31, 13, 5), datetime(2024, 2, 1, 0, 0)]  # noqa: DTZ001


class TestDates:
    @given(st.dates(min_value=date(1, 1, 1)))
    def test_every_day_of_every_format(self, day: date) -> None:
        month = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")[day.month - 1]
        year = f"{day.year:04}"
        written = {
            "YYYY/MM/DD": f"{year}/{day.month:02}/{day.day:02}",
            "DD.MM.YYYY": f"{day.day}.{day.month}.{year}",
            "MM-DD-YYYY": f"{day.month:02}-{day.day:02}-{year}",
            "DD-MON-YYYY": f"{day.day:02}-{month.title()}-{year}",
            "MON DD, YYYY": f"{month.lower()} {day.day}, {year}",
        }
        for pattern, text in written.items():
            values, bad = cells.read_dates(as_cells([text]), pattern)
            assert (values.to_pylist(), bad) == ([day], None)


class TestConventions:
    @given(st.decimals(-(10**9), 10**9, places=2))
    def test_grouped_numbers_with_a_decimal_comma(self, number: Decimal) -> None:
        text = f"{number:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
        values, bad = numbers.normalise_numbers(as_cells([text]), NumberStyle(",", "."))
        assert values.to_pylist() == [f"{number:.2f}".encode()]
        assert bad is None or not bad.any()

    @pytest.mark.parametrize("text", ["1.23,4", "1.2345,6", "1,2,3", "1.234.56", "1,234.5", ",", ""])
    def test_groups_of_another_size_are_no_number(self, text: str) -> None:
        _, bad = numbers.normalise_numbers(as_cells([text]), NumberStyle(",", "."))
        number, wrong = numbers.read_numbers(numbers.normalise_numbers(as_cells([text]), NumberStyle(",", "."))[0])
        assert (bad is not None and bad[0]) or (wrong is not None and wrong[0]) or number[0].as_py() is None
