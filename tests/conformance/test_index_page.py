"""The page of all datasets, with too many of them for one document."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.conformance.browser import Visitor, try_all
from tests.conftest import ADMIN_KEY


class TestIndex:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The API that is started describes no dataset at once."""
        monkeypatch.setenv("TOLVA_MAX_DOCUMENTED_DATASETS", "0")

    async def test_it_leads_to_the_page_of_each_dataset(self, few: None, api: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{api.base_url}/docs#key={quote(ADMIN_KEY)}")
        link = page.locator("#names a", has_text="everything")
        assert await link.get_attribute("href") == "/datasets/everything/docs"
        assert "too many to be shown at once" in await page.locator("#total").inner_text()
        assert await page.locator("#operations-tag-datasets").count() == 1

    async def test_each_fixed_request_works_as_it_opens(self, few: None, api: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{api.base_url}/docs#key={quote(ADMIN_KEY)}")
        tried = await try_all(page, ["datasets", "records", "imports", "images", "keys", "health"])
        assert int(tried.pop("tried")) >= 24
        # Its parts go to the bucket, which a page may not ask.
        assert tried.pop("operations-imports-complete_upload").startswith("409")
        # The images of these datasets have no picture in the bucket, which a page may not ask for an original either.
        assert tried.pop("operations-images-get_content").startswith("503")
        assert "operations-images-get_original" in tried
        del tried["operations-images-get_original"]
        assert tried == {}
        assert [text for text in visitor.broken if "/original?" not in text] == []
        visitor.broken.clear()
