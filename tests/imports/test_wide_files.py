"""Files of as many columns as a table has room for."""

import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from tests.imports.conftest import Importer

WIDTH = 1500


def wide(count: int, cell: str, rows: int = 2) -> str:
    """A file of so many columns, the first of them an id."""
    header = ",".join(["id", *(f"c{place}" for place in range(1, count))])
    return header + "\n" + "".join(",".join([str(row), *[cell] * (count - 1)]) + "\n" for row in range(1, rows + 1))


class TestWide:
    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_every_column_is_there(self, importer: Importer, client: AsyncClient, store: str) -> None:
        await client.post("/datasets", json={"name": "wide", "store": store})
        importer._made.add("wide")
        shown = await importer("wide", wide(WIDTH, "x"))
        assert shown["status"] == "succeeded", shown["problem"]
        record = (await client.get("/datasets/wide/records/2")).json()
        assert record == {"id": 2} | {f"c{place}": "x" for place in range(1, WIDTH)}
        for path in ("", "/openapi.json", "/records" if store == "relational" else ""):
            assert (await client.get(f"/datasets/wide{path}")).status_code == 200
        written = [record | {"id": number} for number in range(10, 35)]
        assert (await client.post("/datasets/wide/records", json=written)).status_code == 201
        assert (await client.patch("/datasets/wide/records/12", json={"c7": "z"})).status_code == 200

    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_the_next_file(self, importer: Importer, client: AsyncClient, mode: str) -> None:
        assert (await importer("wide", wide(WIDTH, "x", 1)))["status"] == "succeeded"
        content = wide(WIDTH, "y", 2) if mode != "append" else wide(WIDTH, "y", 2).replace("\n1,", "\n3,")
        shown = await importer("wide", content, mode=mode)
        assert shown["status"] == "succeeded", shown["problem"]
        assert (await client.get("/datasets/wide/records/2")).json()["c1499"] == "y"

    async def test_the_widest(self, importer: Importer) -> None:
        limit = get_settings().max_columns
        shown = await importer("widest", wide(limit, ""), key=[])
        assert shown["status"] == "succeeded", shown["problem"]
        shown = await importer("widest", wide(limit, ""), mode="replace", on_reject="skip")
        assert shown["status"] == "succeeded", shown["problem"]

    async def test_wider(self, importer: Importer) -> None:
        limit = get_settings().max_columns
        shown = await importer("wider", wide(limit + 1, "").replace(",", ";"))
        assert shown["problem"]["type"] == "/problems/file-too-wide"
        assert f"{limit:,} is the most" in shown["problem"]["detail"]
        assert "delimiter ';'" in shown["problem"]["hint"]
        assert "TOLVA_MAX_COLUMNS" in shown["problem"]["hint"]

    @pytest.mark.parametrize("mode", ["append", "upsert"])
    async def test_values_that_a_row_has_no_room_for(self, importer: Importer, mode: str) -> None:
        await importer("full", wide(WIDTH, "", 1).replace("\n1,", "\n0,"))
        columns = wide(WIDTH, "1234567890")
        shown = await importer("full", columns, mode=mode)
        assert shown["problem"]["type"] == "/problems/record-too-wide"
        assert "8,160 bytes" in shown["problem"]["hint"]
        assert len(await importer.records("full")) == 1
