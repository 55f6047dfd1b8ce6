"""Records are added, replaced, changed and deleted, as a caller sees it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from app.core.strict_json import parse_json
from tests.images.rows import add_image, shown
from tests.records.conftest import PRODUCTS, Make, problem, stored

ID = "01234567-89ab-cdef-0123-456789abcdef"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def few_at_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings that take three records in one request."""
    monkeypatch.setenv("TOLVA_MAX_WRITTEN_RECORDS", "3")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


class TestCreateRecord:
    async def test_the_answer_is_what_a_read_shows(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        body = b'{"sku": "A/1,\xc3\xa9", "price": 0.10, "details": {"b": [1.10, 1e400], "a": null}}'
        response = await client.post("/datasets/products/records", content=body, headers=JSON)
        assert response.status_code == 201, response.text
        assert response.headers["location"] == "http://tolva.test/datasets/products/records/A%2F1%2C%C3%A9"
        read = await client.get(response.headers["location"])
        assert response.content == read.content
        assert response.headers["etag"] == read.headers["etag"]
        assert response.json()["price"] == "0.10"
        assert parse_json(response.content)["details"] == {"a": None, "b": [Decimal("1.10"), 10**400]}

    async def test_each_type_is_written_and_shown(self, client: AsyncClient, make: Make) -> None:
        image = await add_image()
        record = {
            "text": 'Zoë "Z"\n', "integer": 2**53 - 1, "bigint": "9223372036854775807", "number": 0.1,
            "decimal": "0.1000000000", "boolean": False, "date": "9999-12-31",
            "datetime": "2024-02-29T12:30:00.000005Z", "uuid": ID, "json": [1, {"a": None}], "image": image.id,
        }  # fmt: skip
        columns = [{"name": name, "type": name} for name in record if name != "decimal"]
        await make("types", [*columns, {"name": "decimal", "type": "decimal", "precision": 30, "scale": 10}])
        written = (await client.post("/datasets/types/records", json=record)).json()
        assert written == {"_id": 1, **record, "image": shown(image)}
        nothing = (await client.post("/datasets/types/records", json={})).json()
        assert nothing == {"_id": 2, **dict.fromkeys(record)}
        again = await client.put("/datasets/types/records/2", json=written | {"_id": 2})
        assert again.json() == written | {"_id": 2}

    async def test_numbers_that_json_has_not_are_texts(self, client: AsyncClient, make: Make) -> None:
        await make("numbers", [{"name": "n", "type": "number"}])
        for text in ("NaN", "Infinity", "-Infinity"):
            response = await client.post("/datasets/numbers/records", json={"n": text})
            assert (response.status_code, response.json()["n"]) == (201, text)
        written = await client.post("/datasets/numbers/records", content=b'{"n": 1e-400}', headers=JSON)
        assert written.json()["n"] == 0

    async def test_columns_may_be_called_as_parts_of_sql_are(self, client: AsyncClient, make: Make) -> None:
        names = ["record", "source", "excluded", "given", "typed", "found", "first", "is_taken", "order", "user", "id"]
        columns = [{"name": name, "type": "text", "unique": True} for name in names]
        await make("select", [{"name": "key", "type": "text"}, *columns], key=["key"])
        bodies = [{"key": key, **{name: f"{key} {name}" for name in names}} for key in "abc"]
        made = await client.post("/datasets/select/records", json=bodies)
        assert made.json() == {"data": bodies}
        assert (await client.put("/datasets/select/records/a", json={"record": "x"})).json()["record"] == "x"
        changed = await client.patch("/datasets/select/records/b", json={"source": "y"})
        assert changed.json() == bodies[1] | {"source": "y"}
        clash = await client.post("/datasets/select/records", json=[bodies[2], bodies[2] | {"key": "d"}])
        assert len(clash.json()["errors"]) == 1 + 2 * len(names)
        assert (await client.delete("/datasets/select/records/c")).status_code == 204

    async def test_a_keyless_one_is_numbered(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        for number in (1, 2):
            response = await client.post("/datasets/rows/records", json={"n": 5})
            assert response.headers["location"].endswith(f"/datasets/rows/records/{number}")

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("bigint", "-9223372036854775808"), ("number", 1e22), ("number", "NaN"), ("date", "0001-01-01"),
            ("datetime", "2024-02-29T12:30:00+02:00"), ("uuid", ID.upper()), ("text", ""), ("text", "a%2C,b/c"),
        ],
    )  # fmt: skip
    async def test_its_location_leads_to_it(self, client: AsyncClient, make: Make, kind: str, value: Any) -> None:
        await make("keyed", [{"name": "k", "type": kind}], key=["k"])
        response = await client.post("/datasets/keyed/records", json={"k": value})
        assert response.status_code == 201, response.text
        assert (await client.get(response.headers["location"])).content == response.content

    async def test_its_location_leads_to_it_by_several_values(self, client: AsyncClient, make: Make) -> None:
        columns = [{"name": "a", "type": "text"}, {"name": "b", "type": "datetime"}]
        await make("pairs", columns, key=["a", "b"])
        response = await client.post("/datasets/pairs/records", json={"a": "x,y", "b": "2024-01-01T00:00:00Z"})
        assert response.headers["location"].endswith("/x%2Cy,2024-01-01T00%3A00%3A00.000000Z")
        assert (await client.get(response.headers["location"])).content == response.content

    async def test_what_breaks_a_rule_is_named(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        body = {"price": "-1.00", "stock": 1.5, "details": {}, "prise": 1}
        response = await client.post("/datasets/products/records", json=body)
        assert problem(response) == (422, "/problems/record-invalid")
        assert response.json()["detail"] == "sku: a value is required. And 3 more."
        assert response.json()["errors"] == [
            {"column": "sku", "code": "required", "message": "a value is required"},
            {"column": "price", "code": "min", "message": "less than 0"},
            {
                "column": "stock",
                "code": "not_integer",
                "message": "not an integer (as 42, from -9007199254740991 to 9007199254740991, without leading zeros)",
            },
            {
                "column": "prise",
                "code": "unknown_column",
                "message": "there is no such column. Did you mean 'price'?",
            },
        ]
        assert await stored(client, "products") == []

    async def test_a_taken_key_or_value_is_named(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json={"sku": "A1", "ean": "4006381333931"})
        response = await client.post("/datasets/products/records", json={"sku": "A1", "ean": "4006381333931"})
        assert problem(response) == (409, "/problems/value-taken")
        message = "a record of the dataset already has it"
        assert response.json()["errors"] == [
            {"column": "sku", "value": "A1", "code": "existing_key", "message": message},
            {"column": "ean", "value": "4006381333931", "code": "existing_value", "message": message},
        ]
        assert response.json()["detail"] == f"sku 'A1': {message}. And 1 more."

    async def test_nothing_is_never_taken(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        answers = [await client.post("/datasets/products/records", json={"sku": sku}) for sku in ("A1", "A2")]
        assert [answer.status_code for answer in answers] == [201, 201]


class TestCreateRecords:
    async def test_all_are_answered_in_their_order(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}, {"name": "t", "type": "text"}])
        bodies = [{"n": n * 7 % 100, "t": None if n % 3 else "é,{}"} for n in range(100)]
        response = await client.post("/datasets/rows/records", json=bodies)
        assert response.status_code == 201
        assert response.json() == {"data": [{"_id": place, **body} for place, body in enumerate(bodies, 1)]}
        assert await stored(client, "rows") == response.json()["data"][:50]

    async def test_one_bad_one_undoes_all(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        bodies = [{"sku": "A1"}, {"sku": "A2", "stock": "1"}, [], {"sku": "A3", "price": "0.001"}]
        response = await client.post("/datasets/products/records", json=bodies)
        assert problem(response) == (422, "/problems/record-invalid")
        assert [(error["index"], error.get("column"), error["code"]) for error in response.json()["errors"]] == [
            (1, "stock", "not_integer"),
            (2, None, "not_an_object"),
            (3, "price", "not_decimal"),
        ]
        assert await stored(client, "products") == []

    async def test_every_clash_is_named(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json={"sku": "A1", "ean": "1"})
        bodies = [{"sku": "A2", "ean": "2"}, {"sku": "A1"}, {"sku": "A2"}, {"sku": "A3", "ean": "2"}]
        response = await client.post("/datasets/products/records", json=bodies)
        assert problem(response) == (409, "/problems/value-taken")
        assert [(e["index"], e["column"], e["code"], e["message"]) for e in response.json()["errors"]] == [
            (1, "sku", "existing_key", "a record of the dataset already has it"),
            (2, "sku", "repeated_key", "the same as in record 0"),
            (3, "ean", "repeated_value", "the same as in record 0"),
        ]
        assert [record["sku"] for record in await stored(client, "products")] == ["A1"]

    async def test_an_empty_array_is_refused(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        response = await client.post("/datasets/rows/records", json=[])
        assert problem(response) == (422, "/problems/record-invalid")
        assert "The array is empty" in response.json()["detail"]

    @pytest.mark.usefixtures("few_at_once")
    async def test_too_many_are_refused(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        assert (await client.post("/datasets/rows/records", json=[{}] * 3)).status_code == 201
        response = await client.post("/datasets/rows/records", json=[{}] * 4)
        assert problem(response) == (413, "/problems/too-many-records")
        assert "TOLVA_MAX_WRITTEN_RECORDS" in response.json()["detail"]

    async def test_the_list_of_mistakes_has_an_end(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        response = await client.post("/datasets/rows/records", json=[{"n": "x"}] * 1000)
        assert len(response.json()["errors"]) == 100
        assert response.json()["detail"].endswith("And 999 more.")

    async def test_as_many_columns_as_there_may_be(self, client: AsyncClient, make: Make) -> None:
        await make("wide", [{"name": f"c{n}", "type": "integer"} for n in range(500)])
        bodies = [{f"c{n}": n * row for n in range(500)} for row in range(3)]
        response = await client.post("/datasets/wide/records", json=bodies)
        assert response.json() == {"data": [{"_id": row, **body} for row, body in enumerate(bodies, 1)]}


class TestReplaceRecord:
    async def test_it_is_made_and_then_replaced_whole(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = f"/datasets/products/records/{quote('A/1', safe='')}"
        made = await client.put(path, json={"stock": 1, "ean": "1", "sku": "A/1"})
        assert (made.status_code, made.headers["location"]) == (201, f"http://tolva.test{path}")
        replaced = await client.put(path, json={"stock": 2})
        assert (replaced.status_code, replaced.json()["ean"], replaced.json()["stock"]) == (200, None, 2)
        assert "location" not in replaced.headers
        assert replaced.content == (await client.get(path)).content
        assert replaced.headers["etag"] == (await client.get(path)).headers["etag"]

    async def test_what_was_read_can_be_sent_back(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        body = {"sku": "A1", "price": "1.50", "details": {"a": [1]}}
        made = await client.post("/datasets/products/records", json=body)
        again = await client.put(made.headers["location"], content=made.content, headers=JSON)
        assert (again.status_code, again.content) == (200, made.content)

    async def test_a_dataset_of_its_key_alone(self, client: AsyncClient, make: Make) -> None:
        await make("tags", [{"name": "tag", "type": "text"}], key=["tag"])
        answers = [await client.put("/datasets/tags/records/new", json={}) for _ in range(2)]
        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (201, {"tag": "new"}),
            (200, {"tag": "new"}),
        ]

    async def test_another_key_than_the_addresss_is_refused(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        response = await client.put("/datasets/products/records/A1", json={"sku": "A2"})
        assert problem(response) == (422, "/problems/record-invalid")
        assert response.json()["errors"][0]["code"] == "other_key"

    async def test_a_value_that_another_record_has_is_refused(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json=[{"sku": "A1", "ean": "1"}, {"sku": "A2", "ean": "2"}])
        for sku in ("A2", "A3"):
            response = await client.put(f"/datasets/products/records/{sku}", json={"ean": "1"})
            assert problem(response) == (409, "/problems/value-taken")
        assert (await client.put("/datasets/products/records/A1", json={"ean": "1"})).status_code == 200

    async def test_a_number_is_not_for_the_caller_to_choose(self, client: AsyncClient, make: Make) -> None:
        await make("rows", [{"name": "n", "type": "integer"}])
        await client.post("/datasets/rows/records", json={"n": 1})
        assert (await client.put("/datasets/rows/records/1", json={"n": 2})).json() == {"_id": 1, "n": 2}
        response = await client.put("/datasets/rows/records/2", json={"n": 2})
        assert problem(response) == (404, "/problems/record-not-found")
        assert "POST" in response.json()["hint"]
        response = await client.post("/datasets/rows/records", json={"_id": 7})
        assert response.json()["errors"][0]["code"] == "read_only"


class TestUpdateRecord:
    @pytest.mark.parametrize("said", ["application/json", "application/merge-patch+json"])
    async def test_what_is_left_out_stays(self, client: AsyncClient, make: Make, said: str) -> None:
        await make("products", PRODUCTS, key=["sku"])
        made = await client.post("/datasets/products/records", json={"sku": "A1", "price": "1.00", "ean": "1"})
        content = b'{"price": 2.5, "ean": null}'
        response = await client.patch(made.headers["location"], content=content, headers={"Content-Type": said})
        assert response.status_code == 200
        assert response.json() == {"sku": "A1", "price": "2.50", "stock": None, "ean": None, "details": None}
        assert response.content == (await client.get(made.headers["location"])).content

    async def test_documents_are_merged_exactly(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        path = "/datasets/products/records/A1"
        await client.put(path, content=b'{"details": {"a": {"x": 1.10, "y": 2}, "b": [1]}}', headers=JSON)
        content = b'{"stock": 3, "details": {"a": {"y": null, "z": {"q": null}}, "c": 0.10}}'
        response = await client.patch(path, content=content, headers=JSON)
        assert (response.status_code, response.json()["stock"]) == (200, 3)
        assert str(parse_json(response.content)["details"]) == str(
            {"a": {"x": Decimal("1.10"), "z": {}}, "b": [1], "c": Decimal("0.10")}
        )
        assert (await client.patch(path, json={"details": [2]})).json()["details"] == [2]
        assert (await client.patch(path, json={"details": {"a": 1}})).json()["details"] == {"a": 1}
        assert (await client.patch(path, json={"details": None})).json()["details"] is None
        assert (await client.patch(path, json={"details": {"a": {"b": None}}})).json()["details"] == {"a": {}}

    async def test_nothing_to_change_shows_the_record(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        made = await client.post("/datasets/products/records", json={"sku": "A1", "stock": 1})
        for body in ({}, {"sku": "A1"}):
            response = await client.patch(made.headers["location"], json=body)
            assert (response.status_code, response.content) == (200, made.content)

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"sku": "A2"}, "other_key"), ({"sku": None}, "required"), ({"price": -1}, "min"), ([], "not_an_object"),
            ({"stok": 1}, "unknown_column"), ({"details": {"a": "\0"}}, "not_json"),
        ],
    )  # fmt: skip
    async def test_what_breaks_a_rule_changes_nothing(
        self, client: AsyncClient, make: Make, body: Any, code: str
    ) -> None:
        await make("products", PRODUCTS, key=["sku"])
        made = await client.post("/datasets/products/records", json={"sku": "A1", "stock": 1})
        response = await client.patch(made.headers["location"], json=body)
        assert problem(response) == (422, "/problems/record-invalid")
        assert [error["code"] for error in response.json()["errors"]] == [code]
        assert (await client.get(made.headers["location"])).content == made.content

    async def test_a_taken_value_is_named(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json=[{"sku": "A1", "ean": "1"}, {"sku": "A2"}])
        response = await client.patch("/datasets/products/records/A2", json={"ean": "1", "details": {"a": 1}})
        assert problem(response) == (409, "/problems/value-taken")
        assert response.json()["errors"][0] | {"message": ""} == {
            "column": "ean", "value": "1", "code": "existing_value", "message": "",
        }  # fmt: skip
        assert (await client.get("/datasets/products/records/A2")).json()["details"] is None

    @pytest.mark.parametrize("body", [{"stock": 1}, {"details": {"a": 1}}, {}])
    async def test_one_that_is_not_there_is_a_404(self, client: AsyncClient, make: Make, body: Any) -> None:
        await make("products", PRODUCTS, key=["sku"])
        response = await client.patch("/datasets/products/records/A1", json=body)
        assert problem(response) == (404, "/problems/record-not-found")
        assert response.json()["detail"] == "'products' has no record with sku A1."


class TestDeleteRecord:
    async def test_it_is_gone(self, client: AsyncClient, make: Make) -> None:
        await make("products", PRODUCTS, key=["sku"])
        await client.post("/datasets/products/records", json=[{"sku": "A1"}, {"sku": "A2"}])
        response = await client.delete("/datasets/products/records/A1")
        assert (response.status_code, response.content) == (204, b"")
        assert [record["sku"] for record in await stored(client, "products")] == ["A2"]
        response = await client.delete("/datasets/products/records/A1")
        assert problem(response) == (404, "/problems/record-not-found")
