"""The page of docs/images.md shows a dataset's pictures, in a browser and from another origin."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from httpx import AsyncClient

from tests.api_process import api_process
from tests.conformance.browser import Visitor
from tests.conftest import ADMIN_KEY, Drain

ROOT = Path(__file__).parents[2]
PAGE = re.findall(r"```html\n(.*?)```", (ROOT / "docs/images.md").read_text("utf-8"), re.DOTALL)
LOADED = """async () => {
  const images = [...document.querySelectorAll("main img")];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map((image) => image.decode()));
  return images.map((image) => [image.naturalWidth > 0, image.alt]);
}"""


@pytest_asyncio.fixture
async def api(database_url: str, worker: Drain, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of an API that has the catalog with its pictures."""
    monkeypatch.setenv("TOLVA_CORS_ORIGINS", "http://127.0.0.1:*")
    with api_process() as process:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        async with AsyncClient(base_url=process.url, headers=headers, trust_env=False, timeout=60) as client:
            await client.post("/datasets", json={"name": "catalog"})
            content = (ROOT / "examples/catalog.zip").read_bytes()
            body = {"filename": "catalog.zip", "size": len(content)}
            made = (await client.post("/datasets/catalog/imports", json=body)).json()
            upload = made["upload"]
            async with AsyncClient(trust_env=False) as storage:
                await storage.request(upload["method"], upload["url"], headers=upload["headers"], content=content)
            for _ in range(10):
                await worker()
                shown = (await client.get(f"/imports/{made['id']}")).json()
                if shown["status"] == "succeeded":
                    break
            assert shown["status"] == "succeeded", shown
            yield process.url


@pytest.fixture
def page(api: str, tmp_path: Path) -> Iterator[str]:
    """The address of the page, on a server of its own."""
    (content,) = PAGE
    (tmp_path / "gallery.html").write_text(content.replace("http://127.0.0.1:8000", api), "utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/gallery.html"
    server.shutdown()
    server.server_close()


class TestGallery:
    async def test_it_shows_every_picture(self, page: str, visitor: Visitor) -> None:
        opened = await visitor.open(f"{page}#{ADMIN_KEY}", settled="main figure")
        assert await opened.locator("main figure").count() == 8
        loaded = await asyncio.wait_for(opened.evaluate(LOADED), 30)
        assert len(loaded) == 7
        assert all(is_there and alt for is_there, alt in loaded)
