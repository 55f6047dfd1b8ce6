import json
from pathlib import Path

import pytest

from app.cli import exit_codes
from app.cli.command import make_output
from app.cli.importing.report import VALUE_WIDTH, ImportReport, shorten
from tests.cli.calls import on, on_terminal
from tests.local.running import ADMIN_KEY, RunningDev

IMAGES = {"matched": 118, "missing": 2, "ambiguous": 0, "rejected": 0, "unused": 12}
IMPORT = {
    "id": "1", "status": "failed", "dataset": "shop", "file": {"name": "shop.zip"}, "dry_run": False, "rejections": [],
    "totals": [], "renamed": {}, "warnings": [], "progress": {"rows_rejected": 2}, "result": None, "problem": None,
}  # fmt: skip


class TestImages:
    def test_what_was_found_and_what_is_unused(self, capsys: pytest.CaptureFixture[str]) -> None:
        names = [f"{number}.jpg" for number in range(12)]
        report = ImportReport(make_output(as_json=False, quiet=False, no_color=True), "http://x")
        report.show({**IMPORT, "images": {**IMAGES, "unused_first": names}}, None)
        shown = capsys.readouterr().out
        assert "Images: 118 matched, 2 missing, 12 unused\n" in shown
        assert f"Unused pictures: {', '.join(names[:10])} and 2 more\n" in shown

    def test_without_images_nothing_is_said_of_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        report = ImportReport(make_output(as_json=False, quiet=False, no_color=True), "http://x")
        report.show({**IMPORT, "images": None}, None)
        assert "mages" not in capsys.readouterr().out


class TestReport:
    def test_the_columns_that_were_found_and_where_they_are(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "shown")
        assert "3 columns: code text key, name text, price decimal(12,2)" in done.out
        assert f"Records: {dev.url}/datasets/shown/records" in done.out
        assert f"Docs: {dev.url}/datasets/shown/docs" in done.out

    def test_json_is_the_import_and_nothing_else(self, dev: RunningDev, good: Path, bad: Path) -> None:
        done = on(dev, "import", str(good), str(bad), "--dataset", "as_json", "--json")
        assert done.code == exit_codes.FAILED
        first, second = map(json.loads, done.out.splitlines())
        assert (first["status"], first["result"]["added"]) == ("succeeded", 3)
        assert (second["status"], second["rejections"][0]["value"]) == ("failed", "cheap")

    def test_quiet_leaves_one_line(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "quiet", "--quiet")
        assert done.out == "Imported good.csv into 'quiet': 3 added, 0 changed, 0 unchanged\n"
        assert done.err == ""

    def test_what_is_piped_has_no_bars_and_no_cut_cells(self, dev: RunningDev, tmp_path: Path) -> None:
        long = "x" * 90
        (tmp_path / "long.csv").write_text("a,b\n" + "1,2\n" * 50 + f"{long},3\n")
        assert on(dev, "import", str(tmp_path / "long.csv"), "--dataset", "piped", "--type", "a=integer").code == 1
        done = on(dev, "import", str(tmp_path / "long.csv"), "--dataset", "piped", "--type", "a=integer")
        assert f"\t{long}\t" in done.out
        assert not {"━", "┃", "…"} & set(done.out + done.err)

    def test_at_a_terminal_it_has_bars(self, dev: RunningDev, good: Path) -> None:
        arguments = ["import", str(good), "--dataset", "barred"]
        done = on_terminal(*arguments, TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY, TERM="xterm")
        assert "Uploading good.csv" in done.out

    def test_its_bars_have_no_colours_if_it_is_so_asked(self, dev: RunningDev, good: Path) -> None:
        arguments = ["import", str(good), "--dataset", "barred_plainly"]
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY, "TERM": "xterm-256color"}
        assert "\x1b[3" in on_terminal(*arguments, **variables).out
        assert "\x1b[3" not in on_terminal(*arguments, "--mode", "upsert", "--no-color", **variables).out

    def test_escape_sequences_of_a_file_stay_away_from_the_terminal(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "a\x1b[31m.csv").write_text("n,v\x1b[31m\n1,x\n")
        done = on(dev, "import", str(tmp_path / "a\x1b[31m.csv"), "--dataset", "escaped")
        assert done.code == 0, done.err
        assert "\x1b" not in done.out + done.err


class TestOutput:
    def test_value(self) -> None:
        assert shorten(None) == ""
        assert shorten("a\tb\n") == "a\\tb\\n"
        assert len(shorten("x" * 1000)) == VALUE_WIDTH
