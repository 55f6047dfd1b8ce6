"""JSON documents in cells: nothing is imported that could not be read again."""

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Importer

COLUMNS = [{"name": "code", "type": "text"}, {"name": "more", "type": "json"}]


async def make(client: AsyncClient, store: str) -> None:
    """Make a dataset that is called as its store: what is known of one says nothing of the other."""
    body = {"name": store, "columns": COLUMNS, "key": ["code"], "store": store}
    assert (await client.post("/datasets", json=body)).status_code == 201


@pytest.mark.parametrize("store", ["relational", "keyvalue"])
class TestDocuments:
    async def test_they_are_read_as_they_were_written(
        self, client: AsyncClient, importer: Importer, store: str
    ) -> None:
        await make(client, store)
        document = '{"b": [1.10, 1e3, {"a": null}], "a": "é"}'
        quoted = document.replace('"', '""')
        for mode in ("replace", "upsert", "upsert"):
            shown = await importer(store, f'code,more\na,"{quoted}"\nb,\n', mode=mode)
            assert shown["status"] == "succeeded", shown
        assert shown["result"] == {"added": 0, "changed": 0, "unchanged": 2}
        found = await client.get(f"/datasets/{store}/records/a")
        assert found.text == '{"code":"a","more":{"a": "é", "b": [1.10, 1000, {"a": null}]}}'


@pytest.mark.parametrize("store", ["relational", "keyvalue"])
class TestNumbersThatNoOneReads:
    @pytest.mark.parametrize("number", ["1e9999", "-1e500", "1e-501", "0e9999", "9" * 501, "0." + "1" * 501])
    async def test_they_are_rejected(self, client: AsyncClient, importer: Importer, store: str, number: str) -> None:
        await make(client, store)
        content = f'code,more\na,"[{number}]"\nb,[1e499]\n'
        shown = await importer(store, content, on_reject="skip", mode="replace")
        assert shown["status"] == "succeeded", shown
        assert shown["totals"] == [{"column": "more", "code": "not_json", "count": 1}]
        found = await client.post(f"/datasets/{store}/records/get", json={"keys": ["a", "b"]})
        assert found.json()["data"] == [None, {"code": "b", "more": [10**499]}]

    async def test_so_is_what_becomes_too_large(self, client: AsyncClient, importer: Importer, store: str) -> None:
        await make(client, store)
        numbers = ",".join(["1e499"] * 9_000)
        shown = await importer(store, f'code,more\na,"[{numbers}]"\n')
        assert [(total["column"], total["code"]) for total in shown["totals"]] == [("more", "not_json")]
