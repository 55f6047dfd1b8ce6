"""The report: exact totals, the first rejections in file order, and all of them as a file."""

import csv
import io

import pytest

from app.core.aws.storage import find_object, read_object
from app.imports.models import DETAIL_LIMIT
from app.imports.report import Rejections, Report, list_rejections

pytestmark = pytest.mark.usefixtures("database_url")

KEY = "rejections/test.csv"


def rejected(
    records: list[int], column: str | None = "n", code: str = "not_integer", value: str | None = "x"
) -> Rejections:
    """One rejection for each of some records."""
    return list_rejections([item(record, column, code, value) for record in records])


def item(record: int, column: str | None, code: str, value: str | None) -> dict[str, object]:
    return {
        "line": record + 1,
        "record": record,
        "offset": record * 10,
        "column": column,
        "value": value,
        "code": code,
        "message": "wrong",
    }


async def written() -> list[dict[str, str]]:
    stored = await find_object(KEY)
    assert stored is not None
    content = b"".join([block async for block in read_object(stored)]).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


class TestTotals:
    async def test_are_exact_for_each_column_and_code(self) -> None:
        report = Report(KEY)
        await report.add(rejected(list(range(1, 501))))
        await report.add(rejected(list(range(501, 1001))))
        await report.add(rejected([1001, 1002], None, "too_few_fields"))
        await report.close()
        assert report.totals == [
            {"column": "n", "code": "not_integer", "count": 1000},
            {"column": None, "code": "too_few_fields", "count": 2},
        ]
        assert report.rows == 1002

    async def test_a_row_with_two_mistakes_is_one_row(self) -> None:
        report = Report(KEY)
        await report.add(list_rejections([item(1, "n", "not_integer", "x"), item(1, "m", "not_integer", "x")]))
        assert (report.rows, len(report.rejections)) == (1, 2)
        await report.discard()


class TestDetail:
    async def test_is_capped_and_in_file_order(self) -> None:
        report = Report(KEY)
        await report.add(rejected(list(range(2, 302, 2))))
        await report.add(rejected([1, 3, 999], "key", "repeated_key"))
        await report.close()
        records = [item["record"] for item in report.rejections]
        assert len(records) == DETAIL_LIMIT
        assert records[:4] == [1, 2, 3, 4]
        assert records == sorted(records)
        assert len(await written()) == 153


class TestFile:
    async def test_holds_every_value_as_it_was(self) -> None:
        values = ['say "hi", ok', "two\nlines", "", "ünï", None]
        report = Report(KEY)
        for record, value in enumerate(values, 1):
            await report.add(rejected([record], value=value))
        await report.close()
        found = await written()
        assert [row["value"] for row in found] == [*values[:-1], ""]
        assert found[0] == {
            "line": "2",
            "record": "1",
            "offset": "10",
            "column": "n",
            "value": 'say "hi", ok',
            "code": "not_integer",
            "message": "wrong",
        }

    async def test_there_is_none_without_rejections(self) -> None:
        report = Report(KEY)
        await report.add(rejected([]))
        await report.close()
        assert await find_object(KEY) is None
        assert (report.totals, report.rows, report.rejections) == ([], 0, [])

    async def test_given_up_it_leaves_nothing(self) -> None:
        report = Report(KEY)
        await report.add(rejected([1]))
        await report.discard()
        assert await find_object(KEY) is None
