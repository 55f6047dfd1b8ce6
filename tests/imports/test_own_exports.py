"""A dataset's own CSV export, imported: into it, into an empty one, into a new one; the records are the same."""

from typing import Any, ClassVar

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Document, Importer, types

COLUMNS: list[Document] = [
    {"name": "n", "type": "integer", "label": "Number of it"},
    {"name": "big", "type": "bigint"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2},
    {"name": "long", "type": "decimal", "precision": 40, "scale": 20},
    {"name": "x", "type": "number"},
    {"name": "ok", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "datetime"},
    {"name": "u", "type": "uuid"},
    {"name": "j", "type": "json"},
    {"name": "t", "type": "text"},
]
RECORDS: list[Document] = [
    {
        "n": 9007199254740991,
        "big": "-9223372036854775808",
        "price": "0.10",
        "long": "12345678901234567890.12345678901234567890",
        "x": 0.1,
        "ok": True,
        "day": "0001-01-01",
        "at": "2024-02-29T23:59:59.123456Z",
        "u": "123e4567-e89b-12d3-a456-426614174000",
        "j": {"a": [1, 'x,"y"', None], "é": "\n"},
        "t": 'a "quoted", text\r\nof two lines; = and \\N',
    },
    {
        "n": -1,
        "big": "0",
        "price": "-1234567.89",
        "long": "-0.00000000000000000001",
        "x": -1e300,
        "ok": False,
        "day": "9999-12-31",
        "at": "1969-07-20T20:17:40.000000Z",
        "u": "00000000-0000-0000-0000-000000000000",
        "j": "a text",
        "t": "",
    },
    dict.fromkeys([column["name"] for column in COLUMNS]) | {"t": " NULL "},
    dict.fromkeys([column["name"] for column in COLUMNS]) | {"j": [], "t": "'=1+1"},
]


async def export(client: AsyncClient, dataset: str) -> bytes:
    """All of a dataset's records as CSV."""
    response = await client.get(f"/datasets/{dataset}/records", headers={"Accept": "text/csv"})
    assert response.status_code == 200, response.text
    return response.content


async def make(client: AsyncClient, name: str, **members: Any) -> None:
    """Make a dataset with every type of column."""
    response = await client.post("/datasets", json={"name": name, "columns": COLUMNS, **members})
    assert response.status_code == 201, response.text


@pytest.fixture
async def notes(importer: Importer, client: AsyncClient) -> Importer:
    """A dataset without a key that holds odd values."""
    await make(client, "notes")
    importer._made.add("notes")
    assert (await client.post("/datasets/notes/records", json=RECORDS)).status_code == 201
    return importer


class TestKeyless:
    @pytest.mark.parametrize(("mode", "numbers"), [("append", [1, 2, 3, 4, 5, 6, 7, 8]), ("replace", [1, 2, 3, 4])])
    async def test_into_itself(self, notes: Importer, client: AsyncClient, mode: str, numbers: list[int]) -> None:
        before = await notes.records("notes")
        shown = await notes("notes", await export(client, "notes"), mode=mode)
        assert shown["status"] == "succeeded", shown
        assert any(warning.startswith("_id was passed over") for warning in shown["warnings"])
        after = await notes.records("notes")
        assert [record["_id"] for record in after] == numbers
        values = [{name: value for name, value in record.items() if name != "_id"} for record in after]
        assert values == RECORDS * (len(numbers) // len(RECORDS))
        assert before[0] | {"_id": None} == after[-4] | {"_id": None}

    async def test_into_an_empty_one_and_a_new_one(self, notes: Importer, client: AsyncClient) -> None:
        await make(client, "empty")
        content = await export(client, "notes")
        assert (await notes("empty", content))["status"] == "succeeded"
        assert await notes.records("empty") == await notes.records("notes")
        shown = await notes("fresh", content)
        assert shown["status"] == "succeeded", shown
        assert any("_id is what Tolva numbers records" in warning for warning in shown["warnings"])
        assert next(iter(types(shown))) == "id"
        assert (await notes.dataset("fresh"))["key"] == ["id"]

    async def test_by_key_it_cannot_be(self, notes: Importer, client: AsyncClient) -> None:
        response = await client.post("/datasets/notes/imports", json={"filename": "a.csv", "mode": "upsert"})
        assert (response.status_code, response.json()["type"]) == (422, "/problems/dataset-without-key")

    async def test_numbers_are_no_column_of_a_dataset_with_a_key(self, importer: Importer) -> None:
        await importer("d", "id,b\n1,2\n")
        shown = await importer("d", "_id,id,b\n1,3,4\n")
        assert shown["problem"]["type"] == "/problems/columns-mismatch"

    async def test_a_header_of_its_own_that_is_called_so_is_found(self, importer: Importer) -> None:
        await importer("d", "_id,b\n1,2\n", key=[])
        shown = await importer("d", "_id,b\n3,4\n")
        assert [(record["_id"], record["id"]) for record in await importer.records("d")] == [(1, 1), (2, 3)], shown


class TestConventions:
    """The formats of other files do not apply to Tolva's own exports."""

    COLUMNS: ClassVar[list[Document]] = [
        {
            "name": "kg",
            "type": "decimal",
            "precision": 12,
            "scale": 3,
            "decimal_separator": ",",
            "thousands_separator": ".",
        },
        {"name": "day", "type": "date", "date_format": "DD/MM/YYYY", "label": "Tag"},
        {"name": "at", "type": "datetime", "date_format": "DD/MM/YYYY"},
        {"name": "ok", "type": "boolean", "booleans": ["ja", "nein"]},
        {"name": "word", "type": "text", "nulls": ["NA"]},
    ]
    RECORDS: ClassVar[list[Document]] = [
        {"kg": "1.234", "day": "2024-02-01", "at": "2024-02-01T00:00:00.000000Z", "ok": True, "word": "NA"},
        {"kg": "12.500", "day": "2024-12-31", "at": "2024-12-31T10:00:00.000000Z", "ok": False, "word": "x"},
    ]

    async def test_without_a_key(self, importer: Importer, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "d", "columns": self.COLUMNS})
        importer._made.add("d")
        assert (await client.post("/datasets/d/records", json=self.RECORDS)).status_code == 201
        before = await importer.records("d")
        shown = await importer("d", await export(client, "d"), mode="replace")
        assert shown["status"] == "succeeded", shown
        assert any("as JSON writes them" in warning for warning in shown["warnings"])
        assert await importer.records("d") == before

    async def test_with_a_key(self, importer: Importer, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "d", "columns": self.COLUMNS, "key": ["kg"]})
        importer._made.add("d")
        assert (await client.post("/datasets/d/records", json=self.RECORDS)).status_code == 201
        shown = await importer("d", await export(client, "d"), mode="upsert")
        assert shown["result"] == {"added": 0, "changed": 0, "unchanged": 2}, shown

    @pytest.mark.parametrize("mode", ["upsert", "replace"])
    @pytest.mark.parametrize("kg", [("1.234,567", "12,500", "7,25"), ("1.234,5", "12,50", "7,2")])
    async def test_a_header_that_files_have_too_is_told_by_the_values(
        self, importer: Importer, client: AsyncClient, mode: str, kg: tuple[str, str, str]
    ) -> None:
        first = "id;kg\n" + "".join(f"{number};{value}\n" for number, value in enumerate(kg))
        made = await importer("d", first, options={"decimal_separator": ","}, key=["id"])
        assert made["status"] == "succeeded", made
        before = await importer.records("d")
        shown = await importer("d", await export(client, "d"), mode=mode)
        assert shown["status"] == "succeeded", shown
        assert any("as JSON writes them" in warning for warning in shown["warnings"])
        assert await importer.records("d") == before
        # The next file is read as the first one was.
        await importer("d", "id;kg\n9;1.234\n")
        assert [float(record["kg"]) for record in await importer.records("d") if record["id"] == 9] == [1234]

    async def test_points_that_may_be_groups_tell_no_export(self, importer: Importer, client: AsyncClient) -> None:
        await importer("d", "id;kg\n1;1,5\n2;2,500\n3;7,125\n", key=["id"])
        await client.delete("/datasets/d/records/1")
        shown = await importer("d", await export(client, "d"), mode="upsert")
        assert shown["problem"]["type"] == "/problems/options-mismatch"
        assert "decimal_separator=." in shown["problem"]["hint"]

    async def test_dates_are_read_as_json_writes_them_in_any_file(
        self, importer: Importer, client: AsyncClient
    ) -> None:
        columns = [{"name": "day", "type": "date", "date_format": "DD/MM/YYYY"}, *self.COLUMNS[2:3]]
        await client.post("/datasets", json={"name": "d", "columns": columns})
        importer._made.add("d")
        content = "day,at\n2024-02-01,2024-02-01T10:00:00Z\n01/02/2024,01/02/2024 10:00\n2024-13-01,\n,x\n"
        shown = await importer("d", content, on_reject="skip")
        assert [(row["line"], row["code"]) for row in shown["rejections"]] == [(4, "not_date"), (5, "not_datetime")]
        one, two = await importer.records("d")
        assert one == two | {"_id": 1}


class TestKeyed:
    @pytest.mark.parametrize("mode", ["upsert", "replace"])
    async def test_into_itself(self, importer: Importer, client: AsyncClient, mode: str) -> None:
        await make(client, "kept", key=["t"])
        assert (await client.post("/datasets/kept/records", json=RECORDS[:1] + RECORDS[2:])).status_code == 201
        before = await importer.records("kept")
        importer._made.add("kept")
        shown = await importer("kept", await export(client, "kept"), mode=mode)
        assert shown["status"] == "succeeded", shown
        assert mode == "replace" or shown["result"] == {"added": 0, "changed": 0, "unchanged": 3}
        assert await importer.records("kept") == before

    async def test_into_the_key_value_store(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, "kept", key=["t"])
        await make(client, "kv", key=["t"], store="keyvalue")
        records = RECORDS[:1] + RECORDS[2:]
        assert (await client.post("/datasets/kept/records", json=records)).status_code == 201
        importer._made.add("kv")
        shown = await importer("kv", await export(client, "kept"))
        assert shown["status"] == "succeeded", shown
        found = await client.post("/datasets/kv/records/get", json={"keys": [record["t"] for record in records]})
        assert found.json()["data"] == records
