import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from app.client.api import Client
from app.core.aws.clients import close_clients
from app.local.first_import.record_count import count_records
from tests.cli.servers import answers


class TestCountRecords:
    def test_of_the_relational_store_the_api_counts_them(self) -> None:
        dataset = {"name": "things", "store": "relational"}
        with answers(b'{"data":[],"count":1234}', "application/json") as url, Client(url, "key") as tolva:
            assert count_records(tolva, dataset) == 1234

    @pytest.mark.parametrize("codes", [[], ["a", "b", "é"]])
    async def test_of_the_key_value_store_each_is_counted(self, client: AsyncClient, codes: list[str]) -> None:
        columns: list[dict[str, Any]] = [{"name": "code", "type": "text"}]
        body = {"name": "things", "store": "keyvalue", "key": ["code"], "columns": columns}
        dataset = (await client.post("/datasets", json=body)).json()
        for code in codes:
            assert (await client.put(f"/datasets/things/records/{code}", json={})).status_code == 201
        # They belong to this loop, and it has one of its own.
        await close_clients()
        with Client("http://127.0.0.1:9", "key") as tolva:
            assert await asyncio.to_thread(count_records, tolva, dataset) == len(codes)
