"""`tolva import`, against a running Tolva."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from app.cli import column_flags, import_flags
from app.cli.import_report import VALUE_WIDTH, shorten
from tests.local.running import ADMIN_KEY, RunningDev, command, environment

GOOD = 'code,name,price\n001,one,1.50\n002,"two, too",20.00\n003,three,0.10\n'
BAD = "code,name,price\n004,four,4.00\n005,five,cheap\n"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with RunningDev(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


def tolva(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), check=False, capture_output=True, text=True, env=environment(**variables), timeout=120
    )


def on(dev: RunningDev, *arguments: str) -> subprocess.CompletedProcess[str]:
    return tolva(*arguments, TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(BAD)
    return path


def records(dev: RunningDev, dataset: str) -> list[dict[str, object]]:
    return list(dev.request("GET", f"/datasets/{dataset}/records").json()["data"])


class TestImport:
    def test_into_the_key_value_store(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "kept", "--store", "keyvalue")
        assert done.returncode == 0, done.stderr
        assert "3 added" in done.stdout
        assert dev.request("GET", "/datasets/kept").json()["store"] == "keyvalue"
        assert dev.request("GET", "/datasets/kept/records/002").json()["name"] == "two, too"

    def test_good_file(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "good")
        assert done.returncode == 0, done.stderr
        assert "3 added" in done.stdout
        assert [record["name"] for record in records(dev, "good")] == ["one", "two, too", "three"]

    def test_bad_file_loads_nothing_and_says_where(self, dev: RunningDev, good: Path, bad: Path) -> None:
        assert on(dev, "import", str(good), "--dataset", "strict").returncode == 0
        done = on(dev, "import", str(bad), "--dataset", "strict")
        assert done.returncode == 1
        for expected in ("cheap", "price", "nothing was loaded"):
            assert expected in done.stdout
        assert len(records(dev, "strict")) == 3

    def test_skip_loads_the_good_rows(self, dev: RunningDev, good: Path, bad: Path) -> None:
        assert on(dev, "import", str(good), "--dataset", "lenient").returncode == 0
        done = on(dev, "import", str(bad), "--dataset", "lenient", "--on-reject", "skip")
        assert done.returncode == 0, done.stdout
        assert "1 rejected" in done.stdout
        assert len(records(dev, "lenient")) == 4

    def test_dry_run_leaves_nothing(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "dry", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "Would import" in done.stdout
        assert dev.request("GET", "/datasets/dry").status_code == 404

    def test_options_reach_the_import(self, dev: RunningDev, tmp_path: Path) -> None:
        file = tmp_path / "options.csv.gz"
        file.write_bytes(gzip.compress("a;b\n1;-\n2;x\n".encode("cp1252")))
        arguments = ["--delimiter", ";", "--null", "-", "--encoding", "cp1252", "--compression", "gzip"]
        done = on(dev, "import", str(file), "--dataset", "options", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [record["b"] for record in records(dev, "options")] == [None, "x"]

    def test_columns_and_rows_are_told_of(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "one.csv").write_text("id,\n1,x\n")
        done = on(dev, "import", str(tmp_path / "one.csv"), "--dataset", "one")
        assert "(no name) → column_2" in done.stdout
        assert "1 row " in done.stdout

    def test_columns_are_chosen(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "chosen.csv").write_text("No,Unit price,notes,day\n1,1.50,x,a\n1,2.5,y,b\n")
        file = str(tmp_path / "chosen.csv")
        arguments = ["--type", "Unit price=decimal(9,3)", "--name", "Unit price=price", "--type", "No=text"]
        done = on(dev, "import", file, "--dataset", "chosen", *arguments, "--omit", "notes", "--key", "no,day")
        assert done.returncode == 0, done.stdout + done.stderr
        assert dev.request("GET", "/datasets/chosen").json()["key"] == ["no", "day"]
        assert records(dev, "chosen")[1] == {"no": "1", "price": "2.500", "day": "b"}
        again = ["--mode", "replace", "--infer-again", "--key", ""]
        done = on(dev, "import", file, "--dataset", "chosen", *again)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "inferred again" in done.stdout
        assert records(dev, "chosen")[1] == {"_id": 2, "no": 1, "unit_price": "2.50", "notes": "y", "day": "b"}
        done = on(dev, "import", file, "--dataset", "chosen", "--omit", "note")
        assert done.returncode == 1
        assert "Did you mean 'notes'?" in done.stdout

    def test_several_columns_of_one_header(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "twice.csv").write_text("a,a,,b,\n1,2,3,4,5\n")
        done = on(dev, "import", str(tmp_path / "twice.csv"), "--dataset", "twice")
        assert "Renamed: a → a, a_2" in done.stdout
        assert "Renamed: (no name) → column_3, column_5" in done.stdout

    def test_an_api_key_is_taken_for_one_as_before(self, dev: RunningDev, good: Path) -> None:
        for flag in ("--key", "--api-key"):
            arguments = [
                "import",
                str(good),
                "--dataset",
                "keyed",
                "--mode",
                "replace",
                "--url",
                dev.url,
                flag,
                ADMIN_KEY,
            ]
            assert tolva(*arguments).returncode == 0

    def test_empty_file(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        assert on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "empty").returncode == 1

    def test_file_that_is_not_there(self, dev: RunningDev, tmp_path: Path) -> None:
        done = on(dev, "import", str(tmp_path / "absent.csv"), "--dataset", "absent")
        assert done.returncode == 1
        assert "cannot be read" in done.stderr

    def test_illegal_name(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "No Good")
        assert done.returncode == 1
        assert "name" in done.stderr


class TestFlags:
    @pytest.mark.parametrize(("text", "value"), [(None, None), ("true", True), ("False", False), ("3", 3)])
    def test_header(self, text: str | None, value: object) -> None:
        assert import_flags.parse_header(text) is value or import_flags.parse_header(text) == value

    @pytest.mark.parametrize("text", ["0", "-1", "yes", ""])
    def test_header_that_is_none(self, text: str) -> None:
        with pytest.raises(typer.BadParameter):
            import_flags.parse_header(text)

    def test_booleans_come_in_pairs(self) -> None:
        assert import_flags.parse_booleans("yes", "no") == ["yes", "no"]
        assert import_flags.parse_booleans(None, None) is None
        with pytest.raises(typer.BadParameter):
            import_flags.parse_booleans("yes", None)

    def test_columns(self) -> None:
        said = column_flags.parse_columns(["a=b=integer", "p=decimal(12, 2)"], ["p=price"], ["q"])
        assert said == [
            {"label": "a=b", "type": "integer"},
            {"label": "p", "type": "decimal", "precision": 12, "scale": 2, "name": "price"},
            {"label": "q", "omit": True},
        ]
        assert (column_flags.parse_key("a, b"), column_flags.parse_key("")) == (["a", "b"], [])

    @pytest.mark.parametrize(
        ("types", "names"), [(["a"], []), (["a="], []), (["a=decimal(12)"], []), (["a=De Cimal"], []), ([], ["a"])]
    )
    def test_columns_that_are_none(self, types: list[str], names: list[str]) -> None:
        with pytest.raises(typer.BadParameter):
            column_flags.parse_columns(types, names, [])

    def test_date_formats(self) -> None:
        assert import_flags.parse_date_formats(["day=DD/MM/YYYY", "hour=HH=mm"]) == {
            "day": "DD/MM/YYYY",
            "hour": "HH=mm",
        }
        with pytest.raises(typer.BadParameter):
            import_flags.parse_date_formats(["day"])


class TestOutput:
    def test_value(self) -> None:
        assert shorten(None) == ""
        assert shorten("a\tb\n") == "a\\tb\\n"
        assert len(shorten("x" * 1000)) == VALUE_WIDTH
