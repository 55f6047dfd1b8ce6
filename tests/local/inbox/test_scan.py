from pathlib import Path

import pytest

from app.local.inbox.scan import LOG_NAME, scan_inbox


def _put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


class TestScanInbox:
    def test_files_of_a_datasets_folder_are_found(self, tmp_path: Path) -> None:
        files = {_put(tmp_path / "things" / name) for name in ("a.csv", "B.TSV", "c.txt.gz", "d.csv.ZST", "e.zip")}
        _put(tmp_path / "things" / LOG_NAME)
        scan = scan_inbox(tmp_path)
        assert ({*scan.files}, scan.ignored) == (files, {})

    @pytest.mark.parametrize(
        ("place", "reason"),
        [
            ("prices.csv", "move it to {root}/prices/prices.csv"),
            ("My Shop/a.csv", "call the folder {root}/my_shop"),
            ("things/a.csv.part", "not complete yet"),
            ("things/.a.csv", "it is hidden"),
            ("things/a.xlsx", "it is not a CSV file"),
            ("things/below/a.csv", "move its files to {root}/things"),
        ],
    )
    def test_others_are_told_the_way(self, tmp_path: Path, place: str, reason: str) -> None:
        _put(tmp_path / place)
        (said,) = scan_inbox(tmp_path).ignored.values()
        assert reason.format(root=tmp_path) in said

    def test_what_has_nothing_in_it_waits(self, tmp_path: Path) -> None:
        empty = _put(tmp_path / "things" / "a.csv", "")
        dangling = tmp_path / "things" / "b.csv"
        dangling.symlink_to(tmp_path / "absent")
        scan = scan_inbox(tmp_path)
        assert scan.files == {}
        assert scan.ignored[empty].startswith("it is empty so far")
        assert scan.ignored[dangling] == "it leads to a file that is not there"

    def test_what_is_not_for_tolva_is_passed_over(self, tmp_path: Path) -> None:
        _put(tmp_path / ".git" / "a.csv")
        _put(tmp_path / "My Photos" / "a.jpg")
        scan = scan_inbox(tmp_path)
        assert (scan.files, scan.ignored) == ({}, {})

    def test_a_folder_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="No such file"):
            scan_inbox(tmp_path / "absent")
