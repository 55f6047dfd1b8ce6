"""The file that `tolva dev` is given."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app.client.api import Client, upload_file
from app.columns.column import is_name
from app.local.data_folder import ADMIN_KEY_VARIABLE, DataFolder, ImportedFile
from app.local.file_names import announced_name, dataset_name
from app.local.first_import.file_choice import Choice
from app.local.first_import.first_import import FirstImport
from app.local.process import LocalError, Patience, Watch
from app.local.terminal import Terminal
from tests.local.running import ADMIN_KEY, RunningDev, announce_many, eventually

KEYED = "code,name\n001,one\n002,two\n"
KEYLESS = "name,text\none,a\none,b\n"
START = """
import sys, time
from pathlib import Path
from rich.console import Console
from app.local.data_folder import DataFolder
from app.local.first_import.first_import import FirstImport
from app.local.process import Patience

def watch(until):
    while not until():
        time.sleep(0.05)

url, folder, file, choice = [*sys.argv[1:], None][:4]
FirstImport(Path(file), DataFolder(Path(folder)), url, Patience(), choice=choice).run(Console(soft_wrap=True), watch)
"""


class TestAnnouncedName:
    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("a.csv", "a.csv"),
            ("a\\b\n.csv", "a_b_.csv"),
            ("caf\udce9.csv", "caf\ufffd.csv"),
            ("x" * 250 + ".csv", "x" * 196 + ".csv"),
            ("", "file"),
        ],
    )
    def test_is_one_that_an_import_takes(self, file: str, name: str) -> None:
        assert announced_name(file) == name


class TestDatasetName:
    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("products.csv", "products"),
            ("Products.CSV", "products"),
            ("Köln  2024.csv.gz", "koln_2024"),
            ("a__b--c.tsv", "a_b_c"),
            ("2024 sales.csv", "n_2024_sales"),
            ("売上.csv", "data"),
            ("x" * 80 + ".csv", "x" * 63),
            ("noextension", "noextension"),
        ],
    )
    def test_is_the_files_made_legal(self, file: str, name: str) -> None:
        assert dataset_name(file) == name
        assert is_name(name)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """One Tolva for the tests that start with a file over and over."""
    with RunningDev(tmp_path_factory.mktemp("first") / "data") as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADMIN_KEY_VARIABLE, ADMIN_KEY)


class TestStart:
    def test_with_a_file_again_at_a_terminal_it_asks_until_it_is_ended_or_has_an_answer(self, tmp_path: Path) -> None:
        file, keyless, folder = tmp_path / "Small Things.csv", tmp_path / "things.csv", tmp_path / "data"
        write(file, KEYED)
        with RunningDev(folder, str(file)) as first:
            assert f"{first.url}/datasets/small_things/records" in first.text()
            assert names(first, "small_things") == ["one", "two"]
            put(first, "small_things", {"code": "002", "name": "mine"})
            start(first, write(keyless, KEYLESS))
        write(keyless, "name,text\none,c\none,d\n")
        second = RunningDev(folder, str(keyless), port=first.port, answer="\x03")
        with pytest.raises(AssertionError, match="Replace all 2 records"), second:
            pass
        assert second.process.returncode == 0
        write(file, KEYED + "003,three\n")
        with RunningDev(folder, str(file), port=first.port, answer="y\n") as third:
            assert "1 would be added, 1 would change one that is there" in third.text()
            assert names(third, "small_things") == ["one", "two", "three"]


class TestAgain:
    """A file that was imported before, or nearly."""

    def test_there_is_nothing_to_do(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "same.csv", KEYED)
        start(dev, file)
        put(dev, "same", {"code": "mine", "name": "mine"})
        assert "nothing to do" in start(dev, file)

    def test_rows_are_added_without_a_question(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "added.csv", KEYED)
        start(dev, file)
        write(file, "code,name\n001,one\n003,three\n")
        text = start(dev, file)
        assert "1 record of the dataset is not in the file" in text
        assert "Added 1 record" in text
        assert names(dev, "added") == ["one", "two", "three"]

    def test_a_file_that_is_bad_is_said(self, dev: RunningDev, tmp_path: Path) -> None:
        assert "Correct the file" in start(dev, write(tmp_path / "empty.csv", ""))

    @pytest.mark.parametrize(("name", "text"), [("keyed", KEYED), ("numbered", KEYLESS)])
    def test_an_end_that_was_not_noted_is_found(self, dev: RunningDev, tmp_path: Path, name: str, text: str) -> None:
        """As if it was killed after the import's end."""
        file = write(tmp_path / f"{name}.csv", text)
        start(dev, file)
        folder = DataFolder(dev.folder)
        noted = folder.find_imported_file(name)
        assert noted
        folder.note_imported_file(name, replace(noted, finished=False, dataset=None))
        before = names(dev, name)
        assert "nothing to do" in start(dev, file)
        assert names(dev, name) == before
        assert folder.find_imported_file(name) == replace(noted, begun=noted.begun)

    def test_it_is_found_behind_many_later_imports(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "behind.csv", KEYLESS)
        start(dev, file)
        folder = DataFolder(dev.folder)
        noted = folder.find_imported_file("behind")
        assert noted
        folder.note_imported_file("behind", replace(noted, finished=False, dataset=None))
        announce_many(dev, "behind")
        assert "nothing to do" in start(dev, file)

    def test_an_import_that_goes_on_is_waited_for(self, dev: RunningDev, tmp_path: Path) -> None:
        rows = "".join(f"{number},{number % 7}\n" for number in range(300_000))
        file = write(tmp_path / "long.csv", f"code,name\n{rows}")
        assert dev.request("POST", "/datasets", json={"name": "long"}).status_code == 201
        begun = ImportedFile(sha256(file.read_bytes()).hexdigest(), finished=False, begun=datetime.now(UTC).isoformat())
        DataFolder(dev.folder).note_imported_file("long", begun)
        with Client(dev.url, ADMIN_KEY) as client, file.open("rb") as stream:
            size = file.stat().st_size
            announced = client.create_import("long", {"filename": "long.csv", "size": size})
            upload_file(announced["upload"], stream, size, lambda _: None)
            assert eventually(lambda: client.get_import(announced["id"])["status"] in ("running", "succeeded"))
        assert "nothing to do" in start(dev, file)
        assert dev.request("GET", "/datasets/long/records?_limit=1&_count=exact").json()["count"] == 300_000
        assert len(dev.request("GET", "/datasets/long/imports").json()["data"]) == 1


class TestKeyvalue:
    def test_no_record_is_lost(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "kept.csv", KEYED)
        assert dev.request("POST", "/datasets", json={"name": "kept", "store": "keyvalue"}).status_code == 201
        self._start(dev, file)
        put(dev, "kept", {"code": "mine", "name": "mine"})
        put(dev, "kept", {"code": "002", "name": "mine"})
        assert "nothing to do" in self._start(dev, file)
        write(file, KEYED + "003,three\n")
        text = self._start(dev, file)
        assert "holds 3 records" in text
        assert "1 would be added, 1 would change one that is there, and 1 are there" in text
        assert "1 record of the dataset is not in the file" in text
        assert self._names(dev) == ["one", "mine", None, "mine"]
        self._start(dev, file, "upsert")
        assert self._names(dev) == ["one", "two", "three", "mine"]

    @staticmethod
    def _start(dev: RunningDev, file: Path, *choice: str) -> str:
        """Start with the environment of `tolva dev`, which leads to the emulator."""
        inherited = dev.child("app.local.worker").environ()
        script = [sys.executable, "-c", START, dev.url, str(dev.folder), str(file), *choice]
        return subprocess.run(script, check=True, capture_output=True, text=True, env=inherited, timeout=120).stdout

    @staticmethod
    def _names(dev: RunningDev) -> list[str | None]:
        keys = {"keys": ["001", "002", "003", "mine"]}
        found = dev.request("POST", "/datasets/kept/records/get", json=keys).json()["data"]
        return [record and record["name"] for record in found]


class TestQuestion:
    """At a terminal somebody is asked before a record that is there changes or goes."""

    @pytest.mark.parametrize(
        ("name", "answer", "expected"),
        [
            ("no", "", ["one", "mine", "mine"]),
            ("unclear", "what?", ["one", "mine", "mine"]),
            ("yes", "y", ["one", "two", "three", "mine"]),
            ("replace", "r", ["one", "two", "three"]),
        ],
    )
    def test_about_records_with_a_key(
        self, dev: RunningDev, tmp_path: Path, name: str, answer: str, expected: list[str]
    ) -> None:
        file = write(tmp_path / f"asked_{name}.csv", KEYED)
        start(dev, file)
        put(dev, f"asked_{name}", {"code": "mine", "name": "mine"})
        put(dev, f"asked_{name}", {"code": "002", "name": "mine"})
        write(file, KEYED + "003,three\n")
        text = start(dev, file, terminal=Answering(answer))
        assert "r to replace all records" in text
        assert ("Nothing was imported" in text) == ("three" not in expected)
        assert names(dev, f"asked_{name}") == expected

    @pytest.mark.parametrize(("name", "answer", "expected"), [("kept", "n", ["one", "one"]), ("gone", "y", ["two"])])
    def test_about_records_without_one(
        self, dev: RunningDev, tmp_path: Path, name: str, answer: str, expected: list[str]
    ) -> None:
        file = write(tmp_path / f"numbered_{name}.csv", KEYLESS)
        start(dev, file)
        write(file, "name,text\ntwo,d\n")
        assert "Replace all 2 records? [y/N]" in start(dev, file, terminal=Answering(answer))
        assert names(dev, f"numbered_{name}") == expected


class TestWithoutTerminal:
    """`tolva dev FILE` without anyone to ask."""

    def test_a_record_that_the_api_changed_stays(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "changed.csv", KEYED)
        start(dev, file)
        put(dev, "changed", {"code": "002", "name": "mine"})
        write(file, KEYED + "003,three\n")
        text = start(dev, file)
        assert "1 would change one that is there" in text
        assert f"`tolva dev {file} --upsert`" in text
        assert names(dev, "changed") == ["one", "mine"]
        start(dev, file, "upsert")
        assert names(dev, "changed") == ["one", "two", "three"]

    def test_another_file_of_the_name_changes_nothing(self, dev: RunningDev, tmp_path: Path) -> None:
        start(dev, write(tmp_path / "other.csv", KEYED))
        (tmp_path / "elsewhere").mkdir()
        text = start(dev, write(tmp_path / "elsewhere" / "Other.CSV", "code,name\n004,four\n"))
        assert "did not come from" in text
        assert "2 records of the dataset are not in the file" in text
        assert names(dev, "other") == ["one", "two"]

    def test_another_file_whose_records_are_all_there_is_nothing_to_do(self, dev: RunningDev, tmp_path: Path) -> None:
        start(dev, write(tmp_path / "part.csv", KEYED))
        (tmp_path / "elsewhere").mkdir()
        text = start(dev, write(tmp_path / "elsewhere" / "part.csv", "code,name\n002,two\n"))
        assert "holds every record of" in text
        assert "and 1 record that is not in it: nothing to do" in text

    def test_a_dataset_that_the_api_made_stays(self, dev: RunningDev, tmp_path: Path) -> None:
        columns = [{"name": "code", "type": "text"}, {"name": "name", "type": "text"}]
        body = {"name": "made", "key": ["code"], "columns": columns}
        assert dev.request("POST", "/datasets", json=body).status_code == 201
        put(dev, "made", {"code": "mine", "name": "mine"})
        assert "did not come from" in start(dev, write(tmp_path / "made.csv", KEYED))
        assert names(dev, "made") == ["mine"]

    def test_one_without_records_is_filled(self, dev: RunningDev, tmp_path: Path) -> None:
        columns = [{"name": "code", "type": "text"}, {"name": "name", "type": "text"}]
        dev.request("POST", "/datasets", json={"name": "hollow", "key": ["code"], "columns": columns})
        start(dev, write(tmp_path / "hollow.csv", KEYED))
        assert names(dev, "hollow") == ["one", "two"]

    def test_one_that_was_deleted_is_made_again(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "deleted.csv", KEYED)
        start(dev, file)
        dev.request("DELETE", "/datasets/deleted?confirm=deleted")
        start(dev, file)
        assert names(dev, "deleted") == ["one", "two"]

    def test_one_that_was_made_again_by_others_is_not_the_files(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "again.csv", KEYED)
        start(dev, file)
        dev.request("DELETE", "/datasets/again?confirm=again")
        columns = [{"name": "code", "type": "text"}, {"name": "name", "type": "text"}]
        dev.request("POST", "/datasets", json={"name": "again", "key": ["code"], "columns": columns})
        put(dev, "again", {"code": "mine", "name": "mine"})
        assert "did not come from" in start(dev, file)
        assert names(dev, "again") == ["mine"]

    def test_records_without_a_key_stay(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "keyless.csv", KEYLESS)
        start(dev, file)
        dev.request("POST", "/datasets/keyless/records", json={"name": "mine", "text": "c"})
        write(file, KEYLESS + "two,d\n")
        text = start(dev, file)
        assert "no key to match the file's 3 records by" in text
        assert "all of its 3 records would go" in text
        assert names(dev, "keyless") == ["one", "one", "mine"]
        assert "With --replace" in start(dev, file, "upsert")
        assert names(dev, "keyless") == ["one", "one", "mine"]
        start(dev, file, "replace")
        assert names(dev, "keyless") == ["one", "one", "two"]

    def test_replace_says_how_many_go(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "replaced.csv", KEYED)
        start(dev, file)
        put(dev, "replaced", {"code": "mine", "name": "mine"})
        assert "3 records of 'replaced', 1 of them not in the file" in start(dev, file, "replace")
        assert names(dev, "replaced") == ["one", "two"]

    def test_a_file_with_mistakes_changes_nothing(self, dev: RunningDev, tmp_path: Path) -> None:
        file = write(tmp_path / "bad.csv", "code,price\n001,1\n002,2\n")
        start(dev, file)
        before = DataFolder(dev.folder).find_imported_file("bad")
        write(file, "code,price\n001,cheap\n002,2\n")
        text = start(dev, file)
        assert "line 2, price: " in text
        assert "--infer-again" in text
        for choice in ("upsert", "replace"):
            start(dev, file, choice)
            assert DataFolder(dev.folder).find_imported_file("bad") == before
        write(file, "code,price\n001,1\n002,2\n")
        assert "nothing to do" in start(dev, file)

    def test_a_key_of_two_columns(self, dev: RunningDev, tmp_path: Path) -> None:
        columns = [{"name": name, "type": "text"} for name in ("a", "b", "c")]
        dev.request("POST", "/datasets", json={"name": "pairs", "key": ["a", "b"], "columns": columns})
        file = write(tmp_path / "pairs.csv", "a,b,c\n1,1,x\n1,2,y\n")
        start(dev, file)
        write(file, "a,b,c\n1,1,x\n2,1,z\n")
        assert "1 record of the dataset is not in the file" in start(dev, file)
        rows = dev.request("GET", "/datasets/pairs/records").json()["data"]
        assert [row["c"] for row in rows] == ["x", "y", "z"]

    def test_what_is_no_file_is_said(self, dev: RunningDev, tmp_path: Path) -> None:
        for file, expected in ((tmp_path, "is a folder"), (Path("/dev/null"), "not a regular file")):
            with pytest.raises(LocalError, match=expected):
                FirstImport(file, DataFolder(dev.folder), dev.url, Patience())


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


class Answering(Terminal):
    """A terminal at which one answer is given to everything."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def can_ask(self) -> bool:
        return True

    def ask(self, console: Console, question: str, watch: Watch) -> str:
        console.print(question, markup=False)
        return self._answer


def start(dev: RunningDev, file: Path, choice: Choice | None = None, terminal: Terminal | None = None) -> str:
    """The output of `tolva dev FILE`, once Tolva runs."""
    console = Console(file=StringIO(), soft_wrap=True, color_system=None)

    def watch(until: Callable[[], bool]) -> None:
        assert eventually(until, 60)

    FirstImport(file, DataFolder(dev.folder), dev.url, Patience(), choice=choice, terminal=terminal).run(console, watch)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def put(dev: RunningDev, dataset: str, record: dict[str, str]) -> None:
    path = f"/datasets/{dataset}/records/{record['code']}"
    assert dev.request("PUT", path, json=record).status_code in (200, 201)


def names(dev: RunningDev, dataset: str) -> list[str]:
    return [record["name"] for record in dev.request("GET", f"/datasets/{dataset}/records").json()["data"]]
