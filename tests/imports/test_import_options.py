"""Options that are kept with a dataset: for its later files, as far as these do not say otherwise."""

from httpx import AsyncClient

from app.core.aws.storage import ObjectWriter
from tests.imports.conftest import Document, Importer
from tests.imports.test_router import problem

OPTIONS: Document = {"delimiter": ";", "nulls": ["-"]}


async def make(client: AsyncClient, importer: Importer, **members: object) -> Document:
    """Make a dataset whose files are written so."""
    response = await client.post("/datasets", json={"name": "d", "import_options": OPTIONS, **members})
    assert response.status_code == 201, response.text
    importer._made.add("d")
    made: Document = response.json()
    return made


class TestUse:
    async def test_what_an_import_does_not_say(self, importer: Importer, client: AsyncClient) -> None:
        assert (await make(client, importer))["import_options"] == OPTIONS
        shown = await importer("d", "id;a,b\n1;-\n2;x\n")
        assert shown["status"] == "succeeded", shown
        assert (shown["options"], shown["dialect"]["from_dataset"]) == ({}, ["delimiter", "nulls"])
        assert await importer.records("d") == [{"id": 1, "a_b": None}, {"id": 2, "a_b": "x"}]

    async def test_member_by_member(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, importer)
        shown = await importer("d", "id;a\n1;?\n2;-\n", options={"nulls": ["?"]})
        assert shown["dialect"]["from_dataset"] == ["delimiter"]
        assert [record["a"] for record in await importer.records("d")] == [None, "-"]

    async def test_null_has_it_detected(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, importer)
        shown = await importer("d", "id,a\n1,-\n2,x\n", options={"delimiter": None})
        assert (shown["dialect"]["delimiter"], shown["dialect"]["from_dataset"]) == (",", ["nulls"])
        assert [record["a"] for record in await importer.records("d")] == [None, "x"]

    async def test_encoding_and_compression_too(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, importer, import_options={"encoding": "cp1251", "compression": "none"})
        await importer("d", "id,имя\n1,Анна\n".encode("cp1251"))
        assert await importer.records("d") == [{"id": 1, "imya": "Анна"}]

    async def test_files_in_the_inbox(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, importer)
        writer = ObjectWriter("inbox/d/a.csv", "text/csv")
        await writer.write(b"id;a,b\n1;-\n")
        await writer.finish()
        await importer.drain()
        assert await importer.records("d") == [{"id": 1, "a_b": None}]

    async def test_what_does_not_go_together(self, importer: Importer, client: AsyncClient) -> None:
        await make(client, importer)
        response = await client.post("/datasets/d/imports", json={"filename": "a.csv", "options": {"delimiter": ";;"}})
        assert problem(response) == (422, "request-invalid")


class TestChange:
    async def test_members_are_changed_and_removed(self, importer: Importer, client: AsyncClient) -> None:
        before = await make(client, importer)
        body = {"import_options": {"delimiter": None, "timezone": "Europe/Madrid"}}
        changed = (await client.patch("/datasets/d", json=body)).json()
        assert changed["import_options"] == {"nulls": ["-"], "timezone": "Europe/Madrid"}
        assert changed["updated_at"] > before["updated_at"]
        assert (await client.get("/datasets/d")).json() == changed
        assert (await client.patch("/datasets/d", json={"title": "D"})).json()["import_options"] == changed[
            "import_options"
        ]
        assert (await client.patch("/datasets/d", json={"import_options": None})).json()["import_options"] == {}

    async def test_of_a_key_value_dataset(self, importer: Importer, client: AsyncClient) -> None:
        columns = [{"name": "id", "type": "integer"}]
        await make(client, importer, store="keyvalue", columns=columns, key=["id"])
        assert (await client.patch("/datasets/d", json={"import_options": None})).json()["import_options"] == {}
        assert (await importer("d", "id\n1\n"))["status"] == "succeeded"
        assert (await client.get("/datasets/d/records/1")).json() == {"id": 1}

    async def test_what_is_no_option_is_refused(self, client: AsyncClient) -> None:
        response = await client.post("/datasets", json={"name": "d", "import_options": {"delimeter": ";"}})
        assert problem(response) == (422, "request-invalid")
        assert response.json()["errors"][0]["path"] == "import_options/delimeter"
