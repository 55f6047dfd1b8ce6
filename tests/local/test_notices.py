import json
from pathlib import Path
from typing import Any

import pytest

from app.local.notices import LogTail, Notices, explain_ignored


def _write(log: Path, *events: dict[str, Any]) -> None:
    with log.open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


class TestLogTail:
    def test_what_was_written_before_is_not_read(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        _write(log, {"event": "before"})
        tail = LogTail(log)
        _write(log, {"event": "after"})
        with log.open("a") as file:
            file.write('no event\n[]\n{"event": 5}\n{"event": "cut')
        assert tail.read() == [{"event": "after"}]
        with log.open("a") as file:
            file.write('"}\n')
        assert tail.read() == [{"event": "cut"}]

    def test_one_that_does_not_exist_yet_has_nothing(self, tmp_path: Path) -> None:
        assert LogTail(tmp_path / "absent").read() == []


class TestNotices:
    def test_what_came_of_a_dropped_file_is_said(self, tmp_path: Path) -> None:
        notices = Notices(tmp_path)
        taken: list[dict[str, Any]] = [
            {"event": "inbox.taken", "key": f"inbox/a/{name}.csv", "import_id": name} for name in ("x", "y")
        ]
        counts: dict[str, Any] = {"dataset": "a", "added": 3, "changed": 0, "unchanged": 1}
        ended = [
            {"event": "import.finished", "import_id": "x", **counts},
            {"event": "import.failed", "import_id": "y"},
            {"event": "import.finished", "import_id": "z", **counts},
        ]
        _write(tmp_path / "worker.log", *taken, *ended)
        assert notices.read() == [
            "s3://tolva/inbox/a/x.csv: imported into 'a': 3 added, 0 changed, 1 unchanged",
            "s3://tolva/inbox/a/y.csv: the import failed; nothing was loaded. Why: tolva imports show y",
        ]

    def test_what_the_watched_folder_sends_it_says_itself(self, tmp_path: Path) -> None:
        notices = Notices(tmp_path)
        _write(tmp_path / "inbox.log", {"event": "inbox.sending", "key": "inbox/a/x.csv"})
        _write(tmp_path / "inbox.log", {"event": "inbox.reported", "says": "x.csv: imported"})
        _write(
            tmp_path / "worker.log",
            {"event": "inbox.taken", "key": "inbox/a/x.csv", "import_id": "x"},
            {"event": "import.failed", "import_id": "x"},
        )
        assert notices.read() == ["x.csv: imported"]


class TestExplainIgnored:
    @pytest.mark.parametrize(
        ("key", "place"),
        [("prices.csv", "inbox/prices/prices.csv"), ("Inbox/My Shop/a.csv", "inbox/my_shop/a.csv"), ("inbox/a/", None)],
    )
    def test_a_file_is_told_its_place(self, key: str, place: str | None) -> None:
        said = explain_ignored(key)
        assert said is None if place is None else str(said).endswith(f"Its place is s3://tolva/{place}")
