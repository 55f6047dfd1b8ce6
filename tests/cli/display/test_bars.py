from typing import Any

import pytest

from app.cli.display.bars import Bars, describe

NOTHING: dict[str, Any] = {"bytes": 0, "bytes_total": None, "rows_read": 0, "rows_loaded": 0, "rate": None}


class TestDescribe:
    @pytest.mark.parametrize(
        ("status", "phase", "done", "line"),
        [
            ("awaiting_upload", None, {}, "waiting for the upload to be picked up  0 rows"),
            ("queued", None, {}, "waiting for the worker  0 rows"),
            ("queued", None, {"pictures": 100, "pictures_total": 1250}, "checking pictures  100 of 1,250"),
            ("running", "reading", {"rows_read": 1}, "reading     1 row"),
            (
                "running",
                "loading",
                {"rows_read": 20000, "rows_loaded": 12000, "rate": 300000.4},
                "loading     12,000 rows  300,000 rows/s",
            ),
            ("succeeded", None, {"rows_loaded": 5}, "succeeded   5 rows"),
        ],
    )
    def test_what_an_import_is_doing(self, status: str, phase: str | None, done: dict[str, Any], line: str) -> None:
        assert describe({"status": status, "phase": phase, "progress": NOTHING | done}) == line


class TestBars:
    def test_nothing_is_shown_where_there_is_no_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        bars = Bars()
        bars.say("waiting")
        with bars.transfer("Uploading", 5) as bar:
            bar.advance(5)
        with bars.load() as bar:
            bar.show_import({"status": "succeeded", "phase": None, "progress": NOTHING})
        assert capsys.readouterr() == ("", "")
