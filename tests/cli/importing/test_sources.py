"""What `tolva import` can be given: several files, folders, patterns, addresses, pipes."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from app.cli import exit_codes
from app.cli.importing.download import find_named, name_of
from app.local.services.emulator import find_free_port
from tests.cli.calls import on, records, tolva
from tests.cli.conftest import GOOD
from tests.cli.servers import serving
from tests.local.running import ADMIN_KEY, RunningDev, command, environment


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


class TestPipes:
    def test_standard_input(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "piped_in", stdin=GOOD)
        assert done.code == 0, done.err
        assert len(records(dev, "piped_in")) == 3

    @pytest.mark.parametrize(
        ("name", "line"),
        [("cat", "cat {file} | {tolva} /dev/stdin"), ("sort", "{tolva} <(cat {file})"), ("from", "{tolva} - < {file}")],
    )
    def test_of_a_shell(self, dev: RunningDev, good: Path, name: str, line: str) -> None:
        started = " ".join(command("import", "--dataset", f"shell_{name}"))
        variables = environment(TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
        line = line.format(file=good, tolva=started)
        shell = ["bash", "-c", line]
        done = subprocess.run(shell, check=False, env=variables, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert len(records(dev, f"shell_{name}")) == 3

    def test_a_named_one_has_a_dataset_of_its_name(self, dev: RunningDev, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fed.csv")
        writer = threading.Thread(target=(tmp_path / "fed.csv").write_text, args=(GOOD,))
        writer.start()
        done = on(dev, "import", str(tmp_path / "fed.csv"))
        writer.join()
        assert done.code == 0, done.err
        assert len(records(dev, "fed")) == 3

    def test_no_more_than_the_limit(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "flood", "--max-bytes", "10", stdin=GOOD)
        assert done.code == 1
        assert "more than 10 bytes" in done.err
        assert "--max-bytes" in done.err
        assert dev.request("GET", "/datasets/flood").status_code == 404

    def test_nothing_at_all(self, dev: RunningDev) -> None:
        done = on(dev, "import", "-", "--dataset", "nothing", stdin="")
        assert done.code == 1
        assert dev.request("GET", "/datasets/nothing").status_code == 404


class Files(BaseHTTPRequestHandler):
    """A server of files, some of which are not as they should be. It keeps the headers it was sent."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(str(self.headers).lower())
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/from%20web.csv?secret=1")
            self.end_headers()
            return
        if path == "/circle":
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
            return
        self.send_response(404 if path == "/absent.csv" else 200)
        body = GOOD.encode()
        self.send_header("Content-Length", str(len(body) * (2 if path == "/cut.csv" else 1)))
        if path == "/named":
            self.send_header("Content-Disposition", "attachment; filename*=UTF-8''..%2F%C3%A9tat.csv")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[str, list[str]]]:
    """The address of a server of files, and the headers that were sent to it."""
    seen: list[str] = []
    with serving(Files, seen=seen) as url:
        yield url, seen


class TestAddresses:
    @pytest.mark.parametrize(
        ("path", "dataset"), [("/moved", "from_web"), ("/named", "etat"), ("/plain.csv?x=a/b.csv", "plain")]
    )
    def test_is_downloaded_by_its_name_and_without_the_key(
        self, dev: RunningDev, web: tuple[str, list[str]], path: str, dataset: str
    ) -> None:
        done = on(dev, "import", web[0] + path)
        assert done.code == 0, done.err
        assert len(records(dev, dataset)) == 3
        assert not any("authorization" in headers or ADMIN_KEY in headers for headers in web[1])
        assert "secret" not in done.out + done.err

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/absent.csv?secret=1", "answered with status 404"),
            ("/circle", "redirected too often"),
            ("/cut.csv", "broke off"),
        ],
    )
    def test_what_goes_wrong_is_said(
        self, dev: RunningDev, web: tuple[str, list[str]], path: str, expected: str
    ) -> None:
        done = on(dev, "import", web[0] + path, "--dataset", "not_there")
        assert done.code == 1
        assert expected in done.err
        assert "secret" not in done.err
        assert dev.request("GET", "/datasets/not_there").status_code == 404

    def test_nobody_is_there(self, dev: RunningDev) -> None:
        done = on(dev, "import", f"http://user:hidden@127.0.0.1:{find_free_port()}/x.csv")
        assert done.code == 1
        assert "cannot be reached" in done.err
        assert "hidden" not in done.err

    def test_no_more_than_the_limit(self, dev: RunningDev, web: tuple[str, list[str]]) -> None:
        done = on(dev, "import", f"{web[0]}/large.csv", "--max-bytes", "20")
        assert done.code == 1
        assert "--max-bytes" in done.err

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://e.test/a%20b.csv?x=1#y", "a b.csv"),
            ("https://e.test/", "e.test"),
            ("https://e.test/a/b/", "b"),
            ("https://e.test/a%2Fb.csv", "b.csv"),
        ],
    )
    def test_name(self, url: str, name: str) -> None:
        assert name_of(url) == name

    @pytest.mark.parametrize(
        ("header", "name"),
        [
            ("", None),
            ("attachment", None),
            ('attachment; filename="a;b.csv"', "a;b.csv"),
            ("attachment; filename*=UTF-8''%e2%82%ac.csv", "€.csv"),
            ('attachment; filename="../../etc/x.csv"', "x.csv"),
        ],
    )
    def test_named_by_the_server(self, header: str, name: str | None) -> None:
        assert find_named(header) == name
