"""Archives of records and pictures, put together from an API's answers."""

import io
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.calls import tolva
from tests.cli.servers import serving

CURRENT, OLD, FREE = (f"img_{number:020x}" for number in (1, 2, 3))
TABLE = f'sku,photo,note\n1,a.jpg,"two\nlines, a.jpg"\n2,{OLD},\n3,a.jpg,\n4,,x\n5,{FREE},\n'
IMAGES = {
    CURRENT: {"id": CURRENT, "filename": "a.jpg", "size": 3},
    "img_unused": {"id": "img_unused", "filename": "b.jpg", "size": 3},
    OLD: {"id": OLD, "filename": "a.jpg", "size": 3},
}
DATASET = {"name": "shop", "columns": [{"name": "sku", "type": "integer"}, {"name": "photo", "type": "image"}]}


class Api(BaseHTTPRequestHandler):
    """An API of one dataset, whose images are of no dataset or of this one."""

    table: str

    def do_GET(self) -> None:  # the name that http.server calls
        url = urlsplit(self.path)
        path, query = url.path, parse_qs(url.query)
        if path.endswith("/original"):
            self.send_response(307)
            self.send_header("Location", f"/bucket/{path.split('/')[2]}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.startswith("/bucket/"):
            assert "Authorization" not in self.headers
            self._answer(path.removeprefix("/bucket/")[-3:].encode(), "image/jpeg")
        elif path == "/images":
            assert (query["dataset"], query["status"]) == (["shop"], ["ready"])
            found = list(IMAGES.values())
            place = int(query.get("_cursor", ["0"])[0])
            following = str(place + 2) if place + 2 < len(found) else None
            self._json({"data": found[place : place + 2], "next": following})
        elif path.startswith("/images/"):
            self._json({"id": path.removeprefix("/images/"), "filename": "logo.PNG", "size": 3})
        elif path == "/datasets/shop":
            self._json(DATASET)
        else:
            assert path == "/datasets/shop/records"
            self._answer(self.table.encode(), "text/csv")

    def _json(self, document: object) -> None:
        self._answer(json.dumps(document).encode(), "application/json")

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    with serving(Api, table=TABLE) as url:
        yield url


def files_of(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {info.filename: packed.read(info) for info in packed.infolist()}


class TestArchive:
    def test_it_has_the_table_and_the_pictures_that_it_names(self, api: str, tmp_path: Path) -> None:
        file = tmp_path / "shop.zip"
        done = tolva("export", "shop", "-o", str(file), TOLVA_URL=api, TOLVA_KEY="k")
        assert done.code == 0, done.err
        assert "3 pictures" in done.err
        assert files_of(file.read_bytes()) == {
            "shop.csv": TABLE.encode(),
            "images/a.jpg": b"001",
            f"images/{OLD}.jpg": b"002",
            f"images/{FREE}.PNG": b"003",
        }

    def test_the_same_records_make_the_same_archive(self, api: str, tmp_path: Path) -> None:
        for name in ("a.zip", "b.zip"):
            assert tolva("export", "shop", "-o", str(tmp_path / name), TOLVA_URL=api, TOLVA_KEY="k").code == 0
        assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def test_a_picture_that_is_gone_ends_it_and_nothing_is_left(self, tmp_path: Path) -> None:
        with serving(Api, table="sku,photo\n1,gone.jpg\n") as url:
            done = tolva("export", "shop", "-o", str(tmp_path / "shop.zip"), TOLVA_URL=url, TOLVA_KEY="k")
        assert done.code == 1
        assert "no image 'gone.jpg' any more" in done.err
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("flags", [["--format", "zip"], ["-o", "x.zip", "--spreadsheet"]])
    def test_it_is_a_file_for_an_import(self, api: str, flags: list[str]) -> None:
        assert tolva("export", "shop", *flags, TOLVA_URL=api, TOLVA_KEY="k").code == 2
