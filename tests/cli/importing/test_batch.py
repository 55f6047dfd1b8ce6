from pathlib import Path

import pytest

from app.cli import exit_codes
from app.local.services.emulator import find_free_port
from tests.cli.calls import on, records, tolva
from tests.cli.conftest import GOOD
from tests.local.running import RunningDev


class TestSeveral:
    def test_go_into_datasets_of_their_names(self, dev: RunningDev, tmp_path: Path) -> None:
        for name in ("One Two.csv", "three.csv"):
            (tmp_path / name).write_text(GOOD)
        done = on(dev, "import", str(tmp_path / "One Two.csv"), str(tmp_path / "three.csv"))
        assert done.code == 0, done.err
        assert len(records(dev, "one_two")) == len(records(dev, "three")) == 3

    def test_each_is_tried(self, dev: RunningDev, tmp_path: Path) -> None:
        for name, text in (("tried_a.csv", ""), ("tried_b.csv", GOOD)):
            (tmp_path / name).write_text(text)
        done = on(dev, "import", str(tmp_path / "tried_a.csv"), str(tmp_path / "tried_b.csv"))
        assert done.code == 1
        assert "1 of 2 files failed" in done.err
        assert len(records(dev, "tried_b")) == 3

    def test_into_one_dataset_they_end_with_the_first_that_fails(
        self, dev: RunningDev, good: Path, bad: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "last.csv").write_text("code,name,price\n009,nine,9.00\n")
        done = on(dev, "import", str(good), str(bad), str(tmp_path / "last.csv"), "--dataset", "ordered")
        assert done.code == 1
        assert f"not imported: {tmp_path / 'last.csv'}" in done.err
        assert len(records(dev, "ordered")) == 3

    def test_of_a_folder_its_own_csv_files(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "below").mkdir()
        for name in ("b.csv", "a.tsv", "notes.md", ".hidden.csv", "below/c.csv"):
            (tmp_path / name).write_text(f"x\ty\n{name}\t1\n" if name.endswith("tsv") else f"x,y\n{name},1\n")
        done = on(dev, "import", str(tmp_path), "--dataset", "folder")
        assert done.code == 0, done.err
        assert [record["x"] for record in records(dev, "folder")] == ["a.tsv", "b.csv"]
        for passed_over in (".hidden.csv", "below/", "notes.md"):
            assert str(tmp_path / passed_over) in done.err

    def test_of_a_pattern(self, dev: RunningDev, tmp_path: Path) -> None:
        for name in ("part-2.csv", "part-1.csv", "[1].csv"):
            (tmp_path / name).write_text(f"x,y\n{name},1\n")
        assert on(dev, "import", f"{tmp_path}/part-*.csv", f"{tmp_path}/[1].csv", "--dataset", "pattern").code == 0
        assert [record["x"] for record in records(dev, "pattern")] == ["[1].csv", "part-1.csv", "part-2.csv"]

    @pytest.mark.parametrize(
        ("places", "code", "expected"),
        [
            (["a.csv", "b.csv", "--dataset", "x", "--mode", "replace"], exit_codes.USAGE, "--mode append"),
            (["a.csv", "A.csv"], exit_codes.USAGE, "--dataset a"),
            (["-"], exit_codes.USAGE, "--dataset NAME"),
            (["/dev/null"], exit_codes.USAGE, "--dataset NAME"),
            (["none-*.csv"], exit_codes.FAILED, "No file matches"),
            (["hollow"], exit_codes.FAILED, "no CSV file in the folder"),
            (["s3://bucket/x.csv"], exit_codes.FAILED, "tolva import - --dataset NAME"),
            (["absent.csv"], exit_codes.FAILED, "cannot be read: No such file"),
        ],
    )
    def test_what_cannot_be_meant_is_said_before_anything_is_sent(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: list[str], code: int, expected: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "hollow").mkdir()
        for name in ("a.csv", "b.csv", "A.csv"):
            (tmp_path / name).write_text(GOOD)
        done = tolva("import", *places, TOLVA_URL=f"http://127.0.0.1:{find_free_port()}", TOLVA_KEY="any")
        assert (done.code, expected in done.err) == (code, True), done.err
