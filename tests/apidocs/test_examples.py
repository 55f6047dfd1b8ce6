from typing import Any

import pytest
from httpx import AsyncClient

from tests.datasets.conftest import Things

COLUMNS: dict[str, Any] = {"code": "text", "price": {"type": "decimal", "precision": 6, "scale": 2}, "day": "date"}
Document = dict[str, Any]


async def _document(client: AsyncClient, dataset: str = "things") -> Document:
    document: Document = (await client.get(f"/datasets/{dataset}/openapi.json")).json()
    return document


def _examples(document: Document, part: str = "view") -> Document:
    properties = document["components"]["schemas"][f"things_{part}"]["properties"]
    return {name: schema["examples"][0] for name, schema in properties.items() if "examples" in schema}


@pytest.fixture
def looked_for_fresh(setting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document shows the examples that there are when it is asked for."""
    monkeypatch.setenv("TOLVA_EXAMPLE_SECONDS", "0")


class TestExamples:
    async def test_they_are_the_first_values_of_the_columns(self, things: Things) -> None:
        await things.make(COLUMNS, key=["code"])
        records = [{"code": "B", "price": "2.50"}, {"code": "A"}, {"code": "C", "price": 3, "day": "2024-02-29"}]
        await things.client.post("/datasets/things/records", json=records)
        document = await _document(things.client)
        assert _examples(document) == {"code": "A", "price": "2.50", "day": "2024-02-29"}
        assert _examples(document, "create") == _examples(document)
        assert document["components"]["parameters"]["things.price"]["schema"]["examples"] == ["2.50"]
        (key, *_) = document["paths"]["/datasets/things/records/{key}"]["get"]["parameters"]
        assert key["schema"]["examples"] == ["A"]
        whole = (await things.client.get("/openapi.json")).json()
        assert _examples(whole) == _examples(document)

    async def test_a_long_value_is_none(self, things: Things) -> None:
        await things.make({"a": "text", "b": "json"})
        records = [{"a": "x" * 81, "b": {"a": "y" * 80}}, {"a": "short", "b": {"c": [1]}}]
        await things.client.post("/datasets/things/records", json=records)
        assert _examples(await _document(things.client)) == {"_id": 1, "a": "short", "b": {"c": [1]}}

    async def test_a_dataset_without_records_has_values_that_would_do(self, things: Things) -> None:
        await things.make(COLUMNS)
        assert _examples(await _document(things.client)) == {"_id": 42, "price": "1.50", "day": "2026-01-31"}

    @pytest.mark.usefixtures("looked_for_fresh")
    async def test_what_is_gone_is_not_shown_for_ever(self, things: Things) -> None:
        await things.make({"a": "text"}, [("secret",)])
        assert _examples(await _document(things.client)) == {"_id": 1, "a": "secret"}
        await things.client.patch("/datasets/things/records/1", json={"a": "public"})
        assert _examples(await _document(things.client)) == {"_id": 1, "a": "public"}

    async def test_they_are_kept_for_a_while(self, things: Things) -> None:
        await things.make({"a": "text"}, [("first",)])
        assert _examples(await _document(things.client))["a"] == "first"
        await things.client.patch("/datasets/things/records/1", json={"a": "later"})
        assert _examples(await _document(things.client))["a"] == "first"

    async def test_a_changed_column_has_its_own(self, things: Things) -> None:
        await things.make({"a": "text"}, [("7",)])
        await _document(things.client)
        await things.change({"columns": {"a": {"type": "integer", "name": "b"}}})
        assert _examples(await _document(things.client)) == {"_id": 1, "b": 7}

    async def test_nobody_sees_those_of_another_dataset(self, things: Things, anonymous: AsyncClient) -> None:
        await things.make({"code": "text"}, [("hidden",)], key=["code"], name="makers")
        await things.make({"maker": {"type": "text", "references": "makers"}, "a": "text"}, [(None, "seen")])
        created = await things.client.post("/keys", json={"name": "x", "scopes": ["read"], "datasets": ["things"]})
        headers = {"Authorization": f"Bearer {created.json()['key']}"}
        for path in ("/openapi.json", "/datasets/things/openapi.json"):
            assert "hidden" in (await things.client.get(path)).text
            limited = (await anonymous.get(path, headers=headers)).text
            assert "seen" in limited
            assert "hidden" not in limited

    async def test_a_dataset_that_is_being_changed_has_none(self, things: Things) -> None:
        await things.make({"a": "text"}, [("first",)])
        async with things.connection.transaction():
            await things.connection.execute("LOCK TABLE data.things IN ACCESS EXCLUSIVE MODE")
            assert _examples(await _document(things.client)) == {"_id": 42}


@pytest.mark.usefixtures("looked_for_fresh")
class TestKeyValue:
    async def test_they_are_those_of_some_record(self, things: Things) -> None:
        columns = [{"name": "code", "type": "text"}, {"name": "price", "type": "decimal", "precision": 6, "scale": 2}]
        body = {
            "name": "things",
            "store": "keyvalue",
            "key": ["code"],
            "columns": [*columns, {"name": "a", "type": "text"}],
        }
        assert (await things.client.post("/datasets", json=body)).status_code == 201
        assert _examples(await _document(things.client)) == {"price": "1.50"}
        records = "/datasets/things/records"
        await things.client.post(records, json={"code": "A/1", "price": "0.10", "a": "x" * 81})
        for document in (await _document(things.client), (await things.client.get("/openapi.json")).json()):
            assert _examples(document) == {"code": "A/1", "price": "0.10"}
        await things.client.delete(f"{records}/A%2F1")
        assert _examples(await _document(things.client)) == {"price": "1.50"}
