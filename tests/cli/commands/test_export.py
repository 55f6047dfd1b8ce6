"""`tolva export` against a running Tolva, and the files it leaves."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.cli.commands.export import formatted
from tests.cli.calls import make, on, tolva
from tests.cli.servers import half_answers, small_answers
from tests.local.running import ADMIN_KEY, RunningDev, command, environment, eventually

COLUMNS = [{"name": "code", "type": "text"}, {"name": "price", "type": "decimal", "precision": 9, "scale": 2}]


@pytest.fixture(scope="module")
def exported(dev: RunningDev) -> str:
    records = [{"code": f"ünï {n:04}", "price": f"{n}.10"} for n in range(900)]
    make(dev, "exported", COLUMNS, records, key=["code"])
    return "exported"


@pytest.fixture(scope="module")
def large(dev: RunningDev, tmp_path_factory: pytest.TempPathFactory) -> str:
    """More than pipes hold: some 5 MB."""
    file = tmp_path_factory.mktemp("large") / "large.csv"
    file.write_text("n,words\n" + "".join(f"{n},{'word ' * 50}\n" for n in range(20_000)))
    done = on(dev, "import", str(file), "--dataset", "large")
    assert done.code == 0, done.out
    return "large"


@contextmanager
def running(url: str, *arguments: str, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A command in a process of its own."""
    variables = environment(TOLVA_URL=url, TOLVA_KEY=ADMIN_KEY, XDG_CONFIG_HOME="/nonexistent")
    with subprocess.Popen(command(*arguments), env=variables, stderr=subprocess.PIPE, **options) as process:
        yield process


class TestFormats:
    def test_by_the_files_name(self, dev: RunningDev, exported: str, tmp_path: Path) -> None:
        for name in ("a.csv", "a.ndjson", "a.jsonl", "a.json"):
            done = on(dev, "export", exported, "-o", str(tmp_path / name))
            assert (done.code, done.out) == (0, "")
            assert "Wrote" in done.err
        assert (tmp_path / "a.csv").read_text().splitlines()[1] == "ünï 0000,0.10"
        lines = (tmp_path / "a.ndjson").read_text()
        assert lines == (tmp_path / "a.jsonl").read_text()
        array = json.loads((tmp_path / "a.json").read_text())
        assert array == [json.loads(line) for line in lines.splitlines()]
        assert len(array) == 900
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.json", "a.jsonl", "a.ndjson"]

    def test_a_name_that_tells_none(self, dev: RunningDev, exported: str, tmp_path: Path) -> None:
        done = on(dev, "export", exported, "-o", str(tmp_path / "a.xlsx"))
        assert done.code == 2
        assert "--format" in done.err
        assert on(dev, "export", exported, "-o", str(tmp_path / "a.txt"), "--format", "csv").code == 0

    def test_to_the_standard_output(self, dev: RunningDev, exported: str) -> None:
        done = on(dev, "export", exported, "price__lt=2", "--select", "code", "--sort", "-code", "--limit", "1")
        assert done.out == "code\nünï 0001\n"
        assert done.err == ""
        assert json.loads(on(dev, "export", exported, "--format", "json", "--limit", "2").out)[1]["price"] == "1.10"

    def test_pieces_that_end_anywhere(self) -> None:
        for pieces in ([b'{"a":1}\n{"a":2}\n'], [b'{"a"', b":1}\n", b'{"a":2}', b"\n"], []):
            text = b"".join(formatted(iter(pieces), "json"))
            assert json.loads(text) == [{"a": 1}, {"a": 2}][: 2 if pieces else 0]

    def test_an_empty_dataset(self, dev: RunningDev) -> None:
        make(dev, "export_of_nothing", COLUMNS)
        assert on(dev, "export", "export_of_nothing").out == "_id,code,price\n"
        assert json.loads(on(dev, "export", "export_of_nothing", "--format", "json").out) == []

    def test_of_a_key_value_dataset(self, dev: RunningDev, tmp_path: Path) -> None:
        columns = [*COLUMNS, {"name": "on", "type": "boolean"}, {"name": "note", "type": "text"}]
        records = [
            {"code": "a", "price": f"{n}.10", "on": True, "note": note} for n, note in enumerate(["", None, 'x"\n'])
        ]
        for store in ("keyvalue", "relational"):
            make(dev, f"export_{store}", columns, records, key=["code", "price"], store=store)
        done = on(dev, "export", "export_keyvalue", "code=a")
        assert done.code == 0, done.err
        assert done.out == on(dev, "export", "export_relational", "code=a").out
        for form in ("json", "ndjson"):
            done = on(dev, "export", "export_keyvalue", "code=a", "--format", form)
            assert done.out == on(dev, "export", "export_relational", "code=a", "--format", form).out
        refused = on(dev, "export", "export_keyvalue", "-o", str(tmp_path / "a.csv"))
        assert refused.code == 1
        assert list(tmp_path.iterdir()) == []

    def test_where_an_answer_may_not_be_large(self) -> None:
        with small_answers() as url:
            for form, count in (("csv", 251), ("ndjson", 250), ("json", 252)):
                done = tolva("export", "any", "--format", form, "--url", url, "--api-key", "any")
                assert (done.code, len(done.out.splitlines())) == (0, count), done.err
            limited = tolva("records", "list", "any", "--all", "--limit", "120", "--url", url, "--api-key", "any")
            assert len(limited.out.splitlines()) == 121

    def test_safe_for_a_spreadsheet(self, dev: RunningDev) -> None:
        make(dev, "formulas", COLUMNS, [{"code": "=1+1"}])
        assert "'=1+1" in on(dev, "export", "formulas", "--spreadsheet").out


class TestFiles:
    def test_one_that_is_there_is_replaced_whole(self, dev: RunningDev, exported: str, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("old")
        path.chmod(0o640)
        link = tmp_path / "link.csv"
        link.symlink_to(path)
        refused = on(dev, "export", exported, "prise=1", "-o", str(link))
        assert refused.code == 1
        assert path.read_text() == "old"
        assert on(dev, "export", exported, "-o", str(link)).code == 0
        assert link.is_symlink()
        assert len(path.read_text().splitlines()) == 901
        assert path.stat().st_mode & 0o777 == 0o640

    def test_one_that_cannot_be_written(self, dev: RunningDev, exported: str, tmp_path: Path) -> None:
        for path in (tmp_path / "absent" / "a.csv", tmp_path):
            done = on(dev, "export", exported, "-o", str(path), "--format", "csv")
            assert done.code == 1
            assert "cannot be written" in done.err

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
    def test_a_full_disk(self, dev: RunningDev, exported: str) -> None:
        done = on(dev, "export", exported, "-o", "/dev/full")
        assert done.code == 1
        assert "No space left" in done.err
        with Path("/dev/full").open("wb") as full, running(dev.url, "export", exported, stdout=full) as process:
            error = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 1
        assert "No space left" in error
        assert "Traceback" not in error
        assert "Exception ignored" not in error


class TestBreakingOff:
    def test_a_reader_that_leaves(self, dev: RunningDev, large: str) -> None:
        for arguments in (["export", large], ["records", "list", large, "--all"]):
            with running(dev.url, *arguments, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                process.stdout.close()
                assert process.stderr is not None
                assert process.stderr.read() == b""
            assert process.returncode == 0

    def test_ctrl_c_leaves_no_file(self, tmp_path: Path) -> None:
        with half_answers() as (url, _), running(url, "export", "any", "-o", str(tmp_path / "a.csv")) as process:
            assert eventually(lambda: list(tmp_path.iterdir()))
            os.kill(process.pid, signal.SIGINT)
            error = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 130
        assert "Traceback" not in error
        assert list(tmp_path.iterdir()) == []

    def test_an_answer_that_breaks_off(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("old")
        with half_answers() as (url, breaks_off):
            breaks_off.set()
            done = tolva("export", "any", "-o", str(tmp_path / "a.csv"), "--url", url, "--api-key", "any")
        assert done.code == 1
        assert "not whole" in done.err
        assert (tmp_path / "a.csv").read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 1
