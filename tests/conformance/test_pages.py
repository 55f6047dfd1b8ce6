"""The pages of the documents in a real browser: under their policy they show everything, and take no key unasked."""

import asyncio
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.conftest import ADMIN_KEY

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Time as the page sees it, which passes as fast as the page has nothing to do.
PAGE_MILLISECONDS = 10_000
ELSEWHERE = "tolva.example"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-proxy-server",
    # It asks its makers' servers for nothing.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    f"--virtual-time-budget={PAGE_MILLISECONDS}",
    "--dump-dom",
)


class Browser:
    """Opens an address, each time as someone who has never been there."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder

    async def open(self, address: str) -> str:
        """The page as it is in the end; it must have broken no policy and no script."""
        process = await asyncio.create_subprocess_exec(
            *(self._program, *OPTIONS, f"--user-data-dir={self._folder}", address),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        page, log = await process.communicate()
        assert re.findall(r"CONSOLE.*(?:Content Security Policy|Uncaught).*", log.decode()) == []
        return page.decode()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A browser, if one is installed."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed: the pages are not opened")
    return Browser(program, tmp_path)


def _text(page: str, identifier: str) -> str:
    found = re.search(f'<(\\w+) id="{identifier}"[^>]*>(.*?)</\\1>', page, re.DOTALL)
    assert found is not None
    return found[2]


def _is_hidden(page: str, identifier: str) -> bool:
    found = re.search(f'<\\w+ id="{identifier}"[^>]*>', page)
    assert found is not None
    return "hidden" in found[0]


class TestPages:
    async def test_the_link_that_is_printed_shows_everything(self, api: AsyncClient, browser: Browser) -> None:
        page = await browser.open(f"{api.base_url}/docs#key={quote(ADMIN_KEY)}")
        assert "Signed in with" in _text(page, "status")
        assert _is_hidden(page, "question")
        assert _is_hidden(page, "datasets")
        for shown in ("operations-everything-list_everything_records", "operations-datasets-list_datasets"):
            assert f'id="{shown}"' in page

    async def test_one_dataset_has_its_own(self, api: AsyncClient, browser: Browser) -> None:
        page = await browser.open(f"{api.base_url}/datasets/everything/docs#key={quote(ADMIN_KEY)}")
        assert 'id="operations-everything-list_everything_records"' in page
        assert "list_makers_records" not in page

    @pytest.mark.parametrize("key", ["%E0%A4%A", "a%0Ab", ""])
    async def test_what_is_no_key_is_not_taken(self, api: AsyncClient, browser: Browser, key: str) -> None:
        page = await browser.open(f"{api.base_url}/docs#key={key}")
        assert "Not signed in" in _text(page, "status")
        assert 'id="operations-datasets-list_datasets"' in page

    async def test_elsewhere_no_link_signs_anyone_in_unasked(self, api: AsyncClient, browser: Browser) -> None:
        address = str(api.base_url).replace("127.0.0.1", ELSEWHERE)
        page = await browser.open(f"{address}/docs#key={quote(ADMIN_KEY)}")
        assert "Not signed in" in _text(page, "status")
        assert not _is_hidden(page, "question")
        assert f"{ADMIN_KEY[:14]}…. Use it only if you trust" in _text(page, "proposal")
        assert "list_everything_records" not in page


class TestIndex:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The API that is started describes no dataset at once."""
        monkeypatch.setenv("TOLVA_MAX_DOCUMENTED_DATASETS", "0")

    async def test_it_leads_to_the_page_of_each_dataset(self, few: None, api: AsyncClient, browser: Browser) -> None:
        page = await browser.open(f"{api.base_url}/docs#key={quote(ADMIN_KEY)}")
        assert not _is_hidden(page, "datasets")
        assert '<a href="/datasets/everything/docs">everything</a>' in _text(page, "names")
        assert 'id="operations-datasets-list_datasets"' in page
