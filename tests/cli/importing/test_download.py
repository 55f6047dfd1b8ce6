from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from app.cli.importing.download import find_named, name_of
from app.local.services.emulator import find_free_port
from tests.cli.calls import on, records
from tests.cli.conftest import GOOD
from tests.cli.servers import serving
from tests.local.running import ADMIN_KEY, RunningDev


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
