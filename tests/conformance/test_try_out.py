"""Every request of the pages works as it opens: Try it out, Execute, and nothing typed."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.conformance.browser import Visitor, try_all
from tests.conftest import ADMIN_KEY


class TestDatasets:
    @pytest.mark.parametrize(
        ("name", "operations"),
        [
            ("everything", 9),
            ("pairs", 9),
            ("numbered", 9),
            ("moments", 9),
            ("stored", 6),
            ("readings", 7),
        ],
    )
    async def test_each_works(self, site: AsyncClient, visitor: Visitor, name: str, operations: int) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/{name}/docs#key={quote(ADMIN_KEY)}")
        assert await try_all(page, [name]) == {"tried": str(operations)}

    async def test_no_record_that_was_there_is_changed_or_gone(self, site: AsyncClient, visitor: Visitor) -> None:
        records = "/datasets/constrained/records"
        before = (await site.get(f"{records}/1")).headers["etag"]
        page = await visitor.open(f"{site.base_url}/datasets/constrained/docs#key={quote(ADMIN_KEY)}")
        assert await try_all(page, ["constrained"]) == {"tried": "9"}
        assert (await site.get(f"{records}/1")).headers["etag"] == before

    async def test_those_of_one_without_records_work_too(self, site: AsyncClient, visitor: Visitor) -> None:
        columns = [
            {"name": "code", "type": "text", "max_length": 4},
            {"name": "size", "type": "text", "one_of": ["S", "M"], "required": True},
            {"name": "count", "type": "integer", "min": 5, "max": 9},
        ]
        for store in ("relational", "keyvalue"):
            name = f"blank_{store}"
            await site.post("/datasets", json={"name": name, "store": store, "key": ["code"], "columns": columns})
            page = await visitor.open(f"{site.base_url}/datasets/{name}/docs#key={quote(ADMIN_KEY)}")
            assert len(await try_all(page, [name])) == 1
