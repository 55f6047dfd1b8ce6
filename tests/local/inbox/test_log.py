from pathlib import Path
from typing import Any

import pytest

from app.local.inbox.log import REJECTIONS_SHOWN, InboxLog, describe_details, describe_outcome
from app.local.inbox.scan import LOG_NAME

REJECTION = {"line": 3, "column": "price", "value": "ninety", "message": "not a number"}
IMPORT: dict[str, Any] = {
    "id": "1",
    "dataset": "things",
    "status": "succeeded",
    "result": {"added": 1200, "changed": 0, "unchanged": 1},
    "progress": {"rows_rejected": 0},
    "problem": None,
    "warnings": [],
    "rejections": [],
    "totals": [],
}


class TestReport:
    def test_it_is_written_where_the_file_is(self, tmp_path: Path) -> None:
        log = InboxLog(1000)
        log.report(tmp_path / "a.csv", "imported", [])
        log.report(tmp_path / "b.csv", "failed", ["line 3: x"])
        lines = (tmp_path / LOG_NAME).read_text().splitlines()
        assert [line.partition("  ")[2].strip() for line in lines] == ["a.csv: imported", "b.csv: failed", "line 3: x"]

    def test_it_does_not_grow_for_ever(self, tmp_path: Path) -> None:
        log = InboxLog(200)
        for _ in range(20):
            log.report(tmp_path / "a.csv", "imported", [])
        assert (tmp_path / LOG_NAME).stat().st_size <= 300

    def test_a_folder_that_cannot_be_written_is_no_obstacle(self, tmp_path: Path) -> None:
        InboxLog(1000).report(tmp_path / "absent" / "a.csv", "imported", [])
        assert not (tmp_path / "absent").exists()


class TestDescribeOutcome:
    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ({}, "imported into 'things': 1,200 added, 0 changed, 1 unchanged"),
            ({"status": "cancelled"}, "the import into 'things' was cancelled; nothing was loaded"),
            (
                {"status": "failed", "progress": {"rows_rejected": 1500}},
                "the import into 'things' failed; nothing was loaded, 1,500 rejected",
            ),
        ],
    )
    def test_in_a_line(self, change: dict[str, Any], line: str) -> None:
        assert describe_outcome(IMPORT | change) == line


class TestDescribeDetails:
    def test_the_first_rejections_are_shown_and_the_rest_is_told(self) -> None:
        change = {"rejections": [REJECTION] * 50, "progress": {"rows_rejected": 50}, "warnings": ["odd"]}
        details = describe_details(IMPORT | change, "append")
        assert details[:2] == ["Warning: odd", "line 3, price: not a number: 'ninety'"]
        assert len(details) == 1 + REJECTIONS_SHOWN + 1
        assert details[-1].startswith("Every rejection: tolva imports rejections 1")

    def test_keys_that_are_there_have_a_way_out(self) -> None:
        document = IMPORT | {"totals": [{"code": "existing_key", "count": 1, "column": "a"}]}
        assert "--inbox-mode upsert" in describe_details(document, "append")[0]
        assert describe_details(document, "upsert") == []
