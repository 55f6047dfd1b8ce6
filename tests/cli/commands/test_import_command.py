"""`tolva import`, against a running Tolva."""

import gzip
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
import typer

from app.cli import exit_codes
from app.cli.arguments import column_flags
from app.cli.importing import flags
from app.cli.importing.report import VALUE_WIDTH, shorten
from tests.cli.calls import make_key, on, on_terminal, records, tolva
from tests.local.running import ADMIN_KEY, RunningDev, command, environment, eventually


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


class TestNoDatasetStaysBehind:
    """A first import that is refused or fails leaves things as they were."""

    def test_if_it_is_refused(self, dev: RunningDev, good: Path) -> None:
        done = on(dev, "import", str(good), "--dataset", "refused", "--encoding", "klingon")
        assert done.code == 1
        assert dev.request("GET", "/datasets/refused").status_code == 404

    def test_if_it_fails(self, dev: RunningDev, tmp_path: Path, store: str) -> None:
        (tmp_path / "empty.csv").touch()
        done = on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "failed", "--store", store)
        assert done.code == 1
        assert "nothing was loaded" in done.out
        assert dev.request("GET", "/datasets/failed").status_code == 404

    def test_one_that_was_there_stays(self, dev: RunningDev, tmp_path: Path) -> None:
        assert dev.request("POST", "/datasets", json={"name": "others"}).status_code == 201
        (tmp_path / "empty.csv").touch()
        assert on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "others").code == 1
        assert dev.request("GET", "/datasets/others").status_code == 200

    def test_one_that_may_not_be_deleted_is_named(self, dev: RunningDev, tmp_path: Path) -> None:
        key = make_key(dev, "read", "write")
        (tmp_path / "empty.csv").touch()
        done = on(dev, "import", str(tmp_path / "empty.csv"), "--dataset", "kept_empty", key=key)
        assert done.code == 1
        assert "'kept_empty', which was made for this file, is still there" in done.err

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_if_it_is_interrupted(self, dev: RunningDev, tmp_path: Path, number: signal.Signals) -> None:
        name = f"interrupted_{number.name.lower()}"
        rows = "".join(f"{row},{row % 7},some text of row {row}\n" for row in range(600_000))
        (tmp_path / "long.csv").write_text("a,b,c\n" + rows)
        variables = environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
        process = subprocess.Popen(
            command("import", str(tmp_path / "long.csv"), "--dataset", name),
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert eventually(lambda: dev.request("GET", f"/datasets/{name}/imports").json().get("data"))
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == exit_codes.INTERRUPTED
        assert b"Traceback" not in err
        assert dev.request("GET", f"/datasets/{name}").status_code == 404


class TestFlags:
    @pytest.mark.parametrize(("text", "value"), [(None, None), ("true", True), ("False", False), ("3", 3)])
    def test_header(self, text: str | None, value: object) -> None:
        assert flags.parse_header(text) is value or flags.parse_header(text) == value

    @pytest.mark.parametrize("text", ["0", "-1", "yes", ""])
    def test_header_that_is_none(self, text: str) -> None:
        with pytest.raises(typer.BadParameter):
            flags.parse_header(text)

    def test_booleans_come_in_pairs(self) -> None:
        assert flags.parse_booleans("yes", "no") == ["yes", "no"]
        assert flags.parse_booleans(None, None) is None
        with pytest.raises(typer.BadParameter):
            flags.parse_booleans("yes", None)

    def test_columns(self) -> None:
        said = column_flags.parse_columns(["a=b=integer", "p=decimal(12, 2)"], ["p=price"], ["q"])
        assert said == [
            {"label": "a=b", "type": "integer"},
            {"label": "p", "type": "decimal", "precision": 12, "scale": 2, "name": "price"},
            {"label": "q", "omit": True},
        ]
        assert (column_flags.split_names("a, b"), column_flags.split_names("")) == (["a", "b"], [])

    @pytest.mark.parametrize(
        ("types", "names"), [(["a"], []), (["a="], []), (["a=decimal(12)"], []), (["a=De Cimal"], []), ([], ["a"])]
    )
    def test_columns_that_are_none(self, types: list[str], names: list[str]) -> None:
        with pytest.raises(typer.BadParameter):
            column_flags.parse_columns(types, names, [])

    def test_date_formats(self) -> None:
        assert flags.parse_date_formats(["day=DD/MM/YYYY", "hour=HH=mm"]) == {
            "day": "DD/MM/YYYY",
            "hour": "HH=mm",
        }
        with pytest.raises(typer.BadParameter):
            flags.parse_date_formats(["day"])


class TestOutput:
    def test_value(self) -> None:
        assert shorten(None) == ""
        assert shorten("a\tb\n") == "a\\tb\\n"
        assert len(shorten("x" * 1000)) == VALUE_WIDTH
