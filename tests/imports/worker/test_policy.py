"""When an import may load the rows that it accepted."""

from typing import Any

import pytest

from app.imports.errors import FileWithoutRecords, RowsRejected, TooManyRejections
from app.imports.models import Import
from app.imports.report import Report, list_rejections
from app.imports.worker.policy import check_policy


@pytest.fixture
def report(database_url: str) -> Report:
    return Report("reports/policy.csv")


def row(**members: Any) -> Import:
    return Import(dataset_name="d", file_name="d.csv", object_key="d.csv", **members)


async def reject(report: Report, *lines: int, code: str = "not_a_number") -> None:
    found = {"offset": 0, "column": "a", "value": "x", "code": code, "message": "bad"}
    await report.add(list_rejections([{"line": line, "record": line - 1, **found} for line in lines]))


class TestRejections:
    async def test_none_is_accepted_by_every_policy(self, report: Report) -> None:
        check_policy(row(), report, read=3)
        check_policy(row(on_reject="skip", max_rejections=0), report, read=3)

    async def test_one_is_enough_to_load_nothing(self, report: Report) -> None:
        await reject(report, 3)
        with pytest.raises(RowsRejected) as caught:
            check_policy(row(), report, read=3)
        assert caught.value.detail == "1 of 3 rows were not accepted; nothing was loaded. The first is in line 3: bad."

    async def test_others_load_if_they_are_to_be_skipped(self, report: Report) -> None:
        await reject(report, 2, 3)
        check_policy(row(on_reject="skip", max_rejections=2), report, read=3)
        with pytest.raises(TooManyRejections):
            check_policy(row(on_reject="skip", max_rejections=1), report, read=3)

    async def test_nothing_is_left_to_load(self, report: Report) -> None:
        await reject(report, 2, 3)
        with pytest.raises(RowsRejected, match="None of the 2 rows"):
            check_policy(row(on_reject="skip"), report, read=2)

    @pytest.mark.parametrize(
        ("code", "hint"), [("too_few_fields", "pad_short_rows"), ("invalid_encoding", "Give its `encoding`.")]
    )
    async def test_the_hint_names_a_way_out(self, report: Report, code: str, hint: str) -> None:
        await reject(report, 2, code=code)
        with pytest.raises(RowsRejected) as caught:
            check_policy(row(), report, read=2, encoding_hint="Give its `encoding`.")
        assert caught.value.hint is not None
        assert hint in caught.value.hint


class TestEmptyFiles:
    async def test_they_replace_nothing_unless_they_may(self, report: Report) -> None:
        check_policy(row(), report, read=0)
        check_policy(row(mode="replace", allow_empty=True), report, read=0)
        with pytest.raises(FileWithoutRecords):
            check_policy(row(mode="replace"), report, read=0)
