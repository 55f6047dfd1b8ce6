"""`tolva import`, against a running Tolva."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.cli.calls import on, records, tolva
from tests.local.running import ADMIN_KEY, RunningDev


class TestImport:
    def test_into_the_key_value_store(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "kept", "--store", "keyvalue")
        assert done.code == 0, done.err
        assert "3 added" in done.out
        assert dev.request("GET", "/datasets/kept").json()["store"] == "keyvalue"
        assert dev.request("GET", "/datasets/kept/records/002").json()["name"] == "two, too"

    def test_good_file(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "good")
        assert done.code == 0, done.err
        assert "3 added" in done.out
        assert [record["name"] for record in records(dev, "good")] == ["one", "two, too", "three"]

    def test_bad_file_loads_nothing_and_says_where(self, dev: RunningDev, good: Path, bad: Path) -> None:
        assert on(dev, "import", str(good), "--dataset", "strict").code == 0
        done = on(dev, "import", str(bad), "--dataset", "strict")
        assert done.code == 1
        for expected in ("cheap", "price", "nothing was loaded"):
            assert expected in done.out
        assert len(records(dev, "strict")) == 3

    def test_skip_loads_the_good_rows(self, dev: RunningDev, good: Path, bad: Path) -> None:
        assert on(dev, "import", str(good), "--dataset", "lenient").code == 0
        done = on(dev, "import", str(bad), "--dataset", "lenient", "--on-reject", "skip")
        assert done.code == 0, done.out
        assert "1 rejected" in done.out
        assert len(records(dev, "lenient")) == 4

    def test_dry_run_leaves_nothing(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "dry", "--dry-run")
        assert done.code == 0, done.err
        assert "Would import" in done.out
        assert dev.request("GET", "/datasets/dry").status_code == 404

    def test_options_reach_the_import(self, dev: RunningDev, tmp_path: Path) -> None:
        file = tmp_path / "options.csv.gz"
        file.write_bytes(gzip.compress("a;b\n1;-\n2;x\n".encode("cp1252")))
        arguments = ["--delimiter", ";", "--null", "-", "--encoding", "cp1252", "--compression", "gzip"]
        done = on(dev, "import", str(file), "--dataset", "options", *arguments)
        assert done.code == 0, done.out + done.err
        assert [record["b"] for record in records(dev, "options")] == [None, "x"]

    def test_a_column_without_a_name_is_said(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "one.csv").write_text("id,\n1,x\n")
        done = on(dev, "import", str(tmp_path / "one.csv"), "--dataset", "one")
        assert "(no name) → column_2" in done.out

    def test_columns_are_chosen(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "chosen.csv").write_text("No,Unit price,notes,day\n1,1.50,x,a\n1,2.5,y,b\n")
        file = str(tmp_path / "chosen.csv")
        arguments = ["--type", "Unit price=decimal(9,3)", "--name", "Unit price=price", "--type", "No=text"]
        done = on(dev, "import", file, "--dataset", "chosen", *arguments, "--omit", "notes", "--key", "no,day")
        assert done.code == 0, done.out + done.err
        assert dev.request("GET", "/datasets/chosen").json()["key"] == ["no", "day"]
        assert records(dev, "chosen")[1] == {"no": "1", "price": "2.500", "day": "b"}
        again = ["--mode", "replace", "--infer-again", "--key", ""]
        done = on(dev, "import", file, "--dataset", "chosen", *again)
        assert done.code == 0, done.out + done.err
        assert "inferred again" in done.out
        assert records(dev, "chosen")[1] == {"_id": 2, "no": 1, "unit_price": "2.50", "notes": "y", "day": "b"}
        done = on(dev, "import", file, "--dataset", "chosen", "--omit", "note")
        assert done.code == 1
        assert "Did you mean 'notes'?" in done.out

    def test_more_new_names_than_are_shown_are_in_the_import(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "many.csv").write_text(",".join(f"a-{n}" for n in range(12)) + "\n" + "1," * 11 + "1\n")
        done = on(dev, "import", str(tmp_path / "many.csv"), "--dataset", "many_renamed")
        rest = re.search(r"^…and 2 more: tolva (imports show \S+ --json)$", done.out, re.MULTILINE)
        assert rest is not None, done.out
        assert len(json.loads(on(dev, *rest[1].split()).out)["renamed"]) == 12

    def test_several_columns_of_one_header(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "twice.csv").write_text("a,a,,b,\n1,2,3,4,5\n")
        done = on(dev, "import", str(tmp_path / "twice.csv"), "--dataset", "twice")
        assert "Renamed: a → a, a_2" in done.out
        assert "Renamed: (no name) → column_3, column_5" in done.out

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
            assert tolva(*arguments).code == 0

    def test_empty_file(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        assert on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "empty").code == 1

    def test_file_that_is_not_there(self, dev: RunningDev, tmp_path: Path) -> None:
        done = on(dev, "import", str(tmp_path / "absent.csv"), "--dataset", "absent")
        assert done.code == 1
        assert "cannot be read" in done.err

    @pytest.mark.parametrize("name", ["No Good", ".", "..", "", "a/b"])
    def test_illegal_name(self, dev: RunningDev, good: Path, name: str) -> None:
        done = on(dev, "import", str(good), "--dataset", name)
        assert done.code in (1, 2)
        assert "name" in done.err
