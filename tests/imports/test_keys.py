"""Keys in files: `.` and `..` address no record, as clients remove them from addresses."""

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Importer

COLUMNS = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
DOTS = "code,n\n.,1\n..,2\n...,3\na,4\n"


@pytest.mark.parametrize("store", ["relational", "keyvalue"])
class TestDots:
    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_they_are_rejected_as_keys(
        self, client: AsyncClient, importer: Importer, store: str, mode: str
    ) -> None:
        body = {"name": store, "columns": COLUMNS, "key": ["code"], "store": store}
        assert (await client.post("/datasets", json=body)).status_code == 201
        shown = await importer(store, DOTS, mode=mode, on_reject="skip")
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 2)
        assert [(found["line"], found["value"], found["code"]) for found in shown["rejections"]] == [
            (2, ".", "key_not_addressable"),
            (3, "..", "key_not_addressable"),
        ]
        found = await client.post(f"/datasets/{store}/records/get", json={"keys": [".", "..", "...", "a"]})
        assert [record and record["n"] for record in found.json()["data"]] == [None, None, 3, 4]

    async def test_a_column_with_them_is_not_proposed_as_the_key(
        self, client: AsyncClient, importer: Importer, store: str
    ) -> None:
        await client.post("/datasets", json={"name": store, "store": store})
        importer._made.add(store)
        shown = await importer(store, "code,other_id\n..,x\na,y\n")
        assert shown["status"] == "succeeded", shown
        assert (await importer.dataset(store))["key"] == ["other_id"]


async def test_dots_may_come_after_many_records(importer: Importer) -> None:
    rows = "".join(f"k{n},{n}\n" for n in range(60_000))
    shown = await importer("things", f"code,other_id\n{rows}..,z\n")
    assert shown["status"] == "succeeded", shown
    assert (await importer.dataset("things"))["key"] == ["other_id"]
