"""The folder that `tolva dev --inbox` watches, and the bucket."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from app.client.api import CommandError
from app.local.dev import make_inbox
from app.local.inbox.folder_watch import Signature
from app.local.inbox.inbox import NOTES_FILE
from app.local.inbox.log import describe_details, describe_outcome
from app.local.inbox.notes import InboxNotes, Note
from app.local.inbox.scan import LOG_NAME, scan_inbox
from app.local.inbox.upload import Verified
from app.local.notices import LogTail, Notices, explain_ignored
from app.local.process import LocalError
from tests.local.running import RunningDev, announce_many, eventually

ROWS = "sku,price\nA1,1.50\nA2,2.50\n"
SECONDS = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def dev(folder: Path) -> Iterator[RunningDev]:
    with RunningDev(folder / "data", "--inbox", str(folder / "in")) as running:
        yield running


def put(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def said(file: Path) -> str:
    """The log in a file's folder, or nothing yet."""
    log = file.parent / LOG_NAME
    return log.read_text() if log.exists() else ""


def bucket(dev: RunningDev) -> Any:
    """A client as somebody makes one from the banner."""
    assert eventually(lambda: "Data  " in dev.text())
    url = re.search(r"Bucket +s3://tolva at (\S+)", dev.text())
    assert url
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    return session.create_client("s3", region_name="us-east-1", endpoint_url=url[1])


class TestFolder:
    def test_a_file_is_imported_and_reported(self, dev: RunningDev, folder: Path) -> None:
        file = put(folder / "in" / "stock" / "a.csv", ROWS)
        assert eventually(lambda: "a.csv: imported into 'stock': 2 added" in said(file), SECONDS)
        assert eventually(lambda: f"{file}: imported into 'stock': 2 added" in dev.text())
        assert len(dev.request("GET", "/datasets/stock/records").json()["data"]) == 2

    def test_what_is_wrong_is_reported_with_its_line(self, dev: RunningDev, folder: Path) -> None:
        put(folder / "in" / "wrong" / "1.csv", ROWS)
        file = put(folder / "in" / "wrong" / "2.csv", "sku,price\nA3,cheap\nA4,1.00\n")
        assert eventually(lambda: "2.csv: the import into 'wrong' failed" in said(file), SECONDS)
        assert "line 2, price: " in said(file)
        assert eventually(lambda: f"({file.parent / LOG_NAME} says more)" in dev.text())
        file.write_text("sku,price\nA3,3.00\n")
        assert eventually(lambda: "2.csv: imported into 'wrong': 1 added" in said(file), SECONDS)

    def test_files_of_a_dataset_follow_each_other_by_name(self, dev: RunningDev, folder: Path) -> None:
        for number in range(3):
            put(folder / "in" / "ordered" / f"{number}.csv", f"sku,price\nA{number},1.50\n")
        assert eventually(lambda: "2.csv: imported" in said(folder / "in" / "ordered" / "2.csv"), SECONDS)
        imports = dev.request("GET", "/datasets/ordered/imports").json()["data"]
        assert [item["file"]["name"] for item in imports] == ["2.csv", "1.csv", "0.csv"]

    def test_one_that_is_copied_slowly_is_imported_once_and_whole(self, dev: RunningDev, folder: Path) -> None:
        file = put(folder / "in" / "slow" / "slow.csv", "")
        script = """
import sys, time
with open(sys.argv[1], "w") as file:
    for row in range(4):
        file.write("n,t\\n" if not row else f"{row},x\\n")
        file.flush()
        time.sleep(2.5 if row == 2 else 0.5)
"""
        subprocess.run([sys.executable, "-c", script, str(file)], check=True)
        assert eventually(lambda: "imported into 'slow': 3 added" in said(file), SECONDS)
        assert len(dev.request("GET", "/datasets/slow/imports").json()["data"]) == 1

    def test_what_is_ignored_is_reported_where_it_lies(self, dev: RunningDev, folder: Path) -> None:
        root = put(folder / "in" / "root.csv", ROWS)
        other = put(folder / "in" / "My Folder" / "x.csv", ROWS)
        assert eventually(lambda: f"move it to {folder / 'in' / 'root' / 'root.csv'}" in said(root), SECONDS)
        assert eventually(lambda: f"call the folder {folder / 'in' / 'my_folder'}" in said(other), SECONDS)
        assert eventually(lambda: f"{other}: not imported" in dev.text())


class TestBucket:
    def test_what_is_dropped_is_imported_and_reported(self, dev: RunningDev) -> None:
        s3 = bucket(dev)
        s3.put_object(Bucket="tolva", Key="inbox/dropped/d.csv", Body=ROWS.encode())
        expected = "s3://tolva/inbox/dropped/d.csv: imported into 'dropped': 2 added"
        assert eventually(lambda: expected in dev.text(), SECONDS)
        s3.put_object(Bucket="tolva", Key="inbox/dropped/e.csv", Body=b"")
        assert eventually(lambda: "e.csv: the import failed; nothing was loaded" in dev.text(), SECONDS)

    def test_what_is_ignored_is_reported_with_its_place(self, dev: RunningDev) -> None:
        for key in ("inbox/My Folder/d.csv", "lost.csv", "Inbox/stock/upper.csv"):
            bucket(dev).put_object(Bucket="tolva", Key=key, Body=ROWS.encode())
        places = [
            f"Its place is s3://tolva/inbox/{place}"
            for place in ("my_folder/d.csv", "lost/lost.csv", "stock/upper.csv")
        ]
        assert eventually(lambda: all(place in dev.text() for place in places), SECONDS)

    @pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS command line is not installed")
    def test_the_line_works_as_it_is_printed(self, dev: RunningDev, tmp_path: Path) -> None:
        file = put(tmp_path / "printed.csv", ROWS)
        assert eventually(lambda: "Data  " in dev.text())
        line = re.search(r"Drop +(.*)", dev.text())
        assert line
        printed = line[1].replace("FILE", shlex.quote(str(file))).replace("/stock/", "/printed/")
        subprocess.run(["bash", "-c", printed], check=True, capture_output=True, timeout=60)
        assert eventually(lambda: "imported into 'printed': 2 added" in dev.text(), SECONDS)


class TestAgain:
    def test_a_restart_imports_nothing_twice(self, tmp_path: Path) -> None:
        data, root = tmp_path / "data", tmp_path / "in"
        kept = put(root / "numbered" / "kept.csv", "a,b\n1,x\n1,x\n")
        with RunningDev(data, "--inbox", str(root)) as first:
            assert eventually(lambda: "imported into 'numbered': 2 added" in said(kept), SECONDS)
            first.kill()
            put(root / "numbered" / "touched.csv", "a,b\n2,y\n2,y\n")
        os.utime(kept, (1, 1))
        arguments = ["--inbox", str(root), "--inbox-mode", "replace"]
        with RunningDev(data, *arguments, port=first.port) as second:
            assert eventually(lambda: "kept.csv: as it was when it was imported" in said(kept), SECONDS)
            assert eventually(lambda: "touched.csv: imported into 'numbered': 2 added" in said(kept), SECONDS)
            found = second.request("GET", "/datasets/numbered/records").json()["data"]
            assert [record["a"] for record in found] == [2, 2]
            assert len(second.request("GET", "/datasets/numbered/imports").json()["data"]) == 2

    def test_an_import_behind_many_later_ones_is_found(self, tmp_path: Path) -> None:
        """As if it had been killed before the import's end, and others had followed."""
        data, root = tmp_path / "data", tmp_path / "in"
        file = put(root / "stock" / "a.csv", ROWS)
        with RunningDev(data, "--inbox", str(root)) as first:
            assert eventually(lambda: "imported into 'stock': 2 added" in said(file), SECONDS)
            announce_many(first, "stock")
        notes = InboxNotes(data / NOTES_FILE)
        note = notes.find(file)
        assert note
        notes.keep(file, replace(note, state="sent"))
        notes.close()
        with RunningDev(data, "--inbox", str(root)):
            assert eventually(lambda: said(file).count("imported into 'stock': 2 added") == 2, SECONDS)

    def test_what_is_no_folder_cannot_be_watched(self, tmp_path: Path) -> None:
        with pytest.raises(LocalError, match="cannot be watched"):
            make_inbox(put(tmp_path / "file", ""))


class TestScan:
    @pytest.mark.parametrize("name", ["a.csv", "A b.TSV", "c.txt", "d.csv.gz", "é.csv.zst"])
    def test_files_are_found(self, tmp_path: Path, name: str) -> None:
        file = put(tmp_path / "stock" / name, ROWS)
        scan = scan_inbox(tmp_path)
        assert (list(scan.files), scan.ignored) == ([file], {})

    @pytest.mark.parametrize(
        ("place", "reason"),
        [
            ("x.csv", "move it to "),
            ("notes.md", "is not a CSV file"),
            ("My Folder/x.csv", "my_folder"),
            ("売上/x.csv", "call the folder"),
            ("stock/notes.md", "is not a CSV file"),
            ("stock/x", "is not a CSV file"),
            ("stock/x.xlsx", "is not a CSV file"),
            ("stock/.x.csv", "hidden"),
            ("stock/.~lock.x.csv#", "another program's"),
            ("stock/~$x.csv", "another program's"),
            ("stock/x.csv.part", "not complete yet"),
            ("stock/x.csv.crdownload", "not complete yet"),
            ("stock/x.csv~", "not complete yet"),
            ("stock/a\nb.csv", "call it a_b.csv"),
            ("stock/2024/x.csv", "move its files to "),
        ],
    )
    def test_others_have_a_reason(self, tmp_path: Path, place: str, reason: str) -> None:
        put(tmp_path / place, ROWS)
        scan = scan_inbox(tmp_path)
        assert scan.files == {}
        assert [reason in why for why in scan.ignored.values()] == [True], scan.ignored

    def test_what_is_no_file_or_has_nothing_in_it_has_a_reason(self, tmp_path: Path) -> None:
        stock = tmp_path / "stock"
        put(stock / "empty.csv", "")
        (stock / "link.csv").symlink_to("nowhere")
        (stock / "circle.csv").symlink_to("circle.csv")
        os.mkfifo(stock / "pipe.csv")
        reasons = scan_inbox(tmp_path).ignored
        assert "is empty" in reasons[stock / "empty.csv"]
        assert "not there" in reasons[stock / "link.csv"]
        assert stock / "circle.csv" in reasons
        assert "not a regular file" in reasons[stock / "pipe.csv"]

    def test_links_are_followed_and_the_log_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "stock").symlink_to(tmp_path / "real")
        put(tmp_path / "real" / "a.csv", ROWS)
        put(tmp_path / "real" / LOG_NAME, "")
        put(tmp_path / "real" / f"{LOG_NAME}.1", "")
        (tmp_path / "real" / "b.csv").symlink_to("a.csv")
        put(tmp_path / "in" / ".git" / "x.csv", ROWS)
        put(tmp_path / "in" / "not a dataset" / "readme.md", "")
        scan = scan_inbox(tmp_path / "in")
        assert [file.name for file in sorted(scan.files)] == ["a.csv", "b.csv"]
        assert scan.ignored == {}


class TestNotes:
    def test_outlive_their_process(self, tmp_path: Path) -> None:
        note = Note(Signature(1, 2, 3), "00", "done")
        file = Path(os.fsdecode(b"/caf\xe9.csv"))
        for _ in range(2):
            notes = InboxNotes(tmp_path / "notes")
            notes.keep(file, note)
            notes.close()
        notes = InboxNotes(tmp_path / "notes")
        assert (notes.find(file), notes.find(Path("other"))) == (note, None)
        notes.close()

    def test_of_a_file_that_was_taken_out_are_forgotten_but_not_with_its_folder(self, tmp_path: Path) -> None:
        notes = InboxNotes(tmp_path / "notes")
        note = Note(Signature(1, 2, 3), "00", "done")
        out, away = tmp_path / "stock" / "out.csv", tmp_path / "away" / "x.csv"
        (tmp_path / "stock").mkdir()
        for file in (out, away):
            notes.keep(file, note)
        notes.forget_removed(set())
        assert (notes.find(out), notes.find(away)) == (None, note)
        notes.close()


class TestVerified:
    def test_what_changed_since_it_was_hashed_never_ends(self, tmp_path: Path) -> None:
        file = put(tmp_path / "x", "abcd")
        with file.open("rb") as stream:
            verified = Verified(stream, 4, "00")
            assert verified.read(3) == b"abc"
            with pytest.raises(CommandError, match="changed"):
                verified.read(3)


class TestLogTail:
    def test_new_events_are_read_once_and_through_a_new_beginning(self, tmp_path: Path) -> None:
        log = put(tmp_path / "x.log", '{"event": "old"}\n')
        tail = LogTail(log)
        assert tail.read() == []
        with log.open("a") as written:
            written.write('{"event": "a"}\nno JSON\n[1]\n{"event": "b"')
            written.flush()
            assert [event["event"] for event in tail.read()] == ["a"]
            written.write("}\n")
        assert [event["event"] for event in tail.read()] == ["b"]
        log.write_text("")
        assert tail.read() == []
        log.write_text('{"event": "c"}\n')
        assert [event["event"] for event in tail.read()] == ["c"]
        log.unlink()
        assert tail.read() == []


class TestNotices:
    @pytest.mark.parametrize(
        ("key", "place"),
        [
            ("inbox/x.csv", "inbox/x/x.csv"),
            ("inbox/My Folder/x.csv", "inbox/my_folder/x.csv"),
            ("inbox/a/b/x.csv", "inbox/a/x.csv"),
            ("inbox//x.csv", "inbox/x/x.csv"),
            ("x.csv", "inbox/x/x.csv"),
            ("INBOX/a/x.csv", "inbox/a/x.csv"),
        ],
    )
    def test_ignored(self, key: str, place: str) -> None:
        assert str(explain_ignored(key)).endswith(f"Its place is s3://tolva/{place}")

    def test_what_stands_for_a_folder_is_nothing(self) -> None:
        assert explain_ignored("inbox/My Folder/") is None

    def test_imports_that_nobody_dropped_are_not_said(self, tmp_path: Path) -> None:
        notices = Notices(tmp_path)
        events = [
            {"event": "import.finished", "import_id": "1", "dataset": "a", "added": 1},
            {"event": "inbox.taken", "import_id": "2", "key": "inbox/b/b.csv"},
            {"event": "import.finished", "import_id": "2", "dataset": "b", "added": 1200},
        ]
        put(tmp_path / "worker.log", "".join(json.dumps(event) + "\n" for event in events))
        assert notices.read() == ["s3://tolva/inbox/b/b.csv: imported into 'b': 1,200 added, 0 changed, 0 unchanged"]


class TestDescriptions:
    def test_of_keys_that_are_there(self) -> None:
        document = {
            "id": "1",
            "dataset": "a",
            "status": "failed",
            "problem": {"detail": "No.", "hint": "Yes."},
            "warnings": ["w"],
            "rejections": [{"line": 2, "column": "sku", "message": "there", "value": "A"}],
            "totals": [{"column": "sku", "code": "existing_key", "count": 1}],
            "progress": {"rows_rejected": 1},
            "result": None,
        }
        assert describe_outcome(document) == "the import into 'a' failed; nothing was loaded, 1 rejected"
        details = describe_details(document, "append")
        assert details[:4] == ["No.", "Yes.", "Warning: w", "line 2, sku: there: 'A'"]
        assert "--inbox-mode upsert" in details[4]
