import asyncio
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.core.settings import get_settings

PRODUCTS = {
    "name": "products",
    "title": "Products",
    "key": ["sku"],
    "columns": [
        {"name": "sku", "type": "text", "label": "SKU"},
        {"name": "price", "type": "decimal", "precision": 12, "scale": 2},
        {"name": "ean", "type": "bigint", "unique": True},
    ],
}


async def _create(client: AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post("/datasets", json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def _limited(client: AsyncClient, *datasets: str, scope: str = "read") -> dict[str, str]:
    body = {"name": "limited", "scopes": [scope], "datasets": list(datasets) or None}
    response = await client.post("/keys", json=body)
    return {"Authorization": f"Bearer {response.json()['key']}"}


def _problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


class TestCreateDataset:
    async def test_the_table_is_there_with_the_answer(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        response = await client.post("/datasets", json=PRODUCTS)
        assert response.headers["location"] == "http://tolva.test/datasets/products"
        assert response.json()["indexes"] == [
            {"name": "products__ean__key", "columns": ["ean"], "origin": "unique"},
            {"name": "products__pkey", "columns": ["sku"], "origin": "key"},
        ]
        assert response.json()["unindexed"] == ["price"]
        columns = await connections.fetch(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = 'data' AND table_name = 'products' ORDER BY ordinal_position"
        )
        assert [tuple(column) for column in columns] == [
            ("sku", "text", "NO"),
            ("price", "numeric", "YES"),
            ("ean", "bigint", "YES"),
        ]

    async def test_key_columns_are_required(self, client: AsyncClient) -> None:
        created = await _create(client, **PRODUCTS)
        assert [column["required"] for column in created["columns"]] == [True, False, False]

    async def test_without_columns_the_first_import_makes_the_table(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        created = await _create(client, name="later")
        assert (created["columns"], created["key"], created["record_count"]) == ([], [], None)
        assert await connections.fetchval("SELECT to_regclass('data.later')") is None

    async def test_a_taken_name(self, client: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        response = await client.post("/datasets", json=PRODUCTS)
        assert _problem(response) == (409, "/problems/dataset-name-taken")
        assert response.json()["hint"] == "Import into it, or choose another name."

    async def test_of_many_at_once_one_gets_the_name(self, client: AsyncClient) -> None:
        responses = await asyncio.gather(*(client.post("/datasets", json=PRODUCTS) for _ in range(5)))
        assert sorted(response.status_code for response in responses) == [201, 409, 409, 409, 409]

    @pytest.mark.parametrize(("name", "legal"), [("Mis datos", "mis_datos"), ("a__b", "a_b"), ("2024", "n_2024")])
    async def test_an_illegal_name_gets_a_legal_one_proposed(self, client: AsyncClient, name: str, legal: str) -> None:
        response = await client.post("/datasets", json={"name": name})
        assert _problem(response) == (422, "/problems/request-invalid")
        assert f"'{legal}' would do" in response.json()["hint"]

    @pytest.mark.parametrize(
        "body",
        [
            {"key": ["sku"]},
            {"key": ["x"], "columns": PRODUCTS["columns"]},
            {"key": ["sku", "sku"], "columns": PRODUCTS["columns"]},
            {"columns": [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]},
            {"key": ["a"], "columns": [{"name": "a", "type": "json"}]},
            {"title": "a\0b" * 100},
        ],
    )
    async def test_what_does_not_fit_together_is_refused(self, client: AsyncClient, body: dict[str, Any]) -> None:
        response = await client.post("/datasets", json={"name": "x", **body})
        assert _problem(response) == (422, "/problems/request-invalid")

    async def test_a_nul_is_refused(self, client: AsyncClient) -> None:
        for body in ({"title": "a\0b"}, {"columns": [{"name": "a", "type": "text", "label": "a\0b"}]}):
            response = await client.post("/datasets", json={"name": "x", **body})
            assert _problem(response) == (422, "/problems/request-invalid")
            assert "NUL" in response.json()["detail"]

    async def test_too_many_columns(self, client: AsyncClient) -> None:
        columns = [{"name": f"c{number}", "type": "text"} for number in range(get_settings().max_columns + 1)]
        response = await client.post("/datasets", json={"name": "wide", "columns": columns})
        assert _problem(response) == (422, "/problems/too-many-columns")
        assert (await client.post("/datasets", json={"name": "wide", "columns": columns[:-1]})).status_code == 201

    async def test_names_that_sql_reserves(self, client: AsyncClient) -> None:
        await _create(client, name="order", key=["user"], columns=[{"name": "user", "type": "text"}])
        assert (await client.get("/datasets/order/records")).json() == {"data": [], "next": None}


class TestReferences:
    async def test_a_column_may_refer_to_another_datasets_key(
        self, client: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await _create(client, **PRODUCTS)
        await _create(client, name="sales", columns=[{"name": "sku", "type": "text", "references": "products"}])
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connections.execute("INSERT INTO data.sales (sku) VALUES ('absent')")

    @pytest.mark.parametrize(
        ("column", "reason"),
        [
            ({"type": "text", "references": "absent"}, "which is no other dataset"),
            ({"type": "text", "references": "sales"}, "which is no other dataset"),
            ({"type": "integer", "references": "products"}, "but the key of 'products' is text"),
            ({"type": "text", "references": "keyless"}, "whose key is not one column"),
        ],
    )
    async def test_what_cannot_be_referred_to(self, client: AsyncClient, column: dict[str, Any], reason: str) -> None:
        await _create(client, **PRODUCTS)
        await _create(client, name="keyless", columns=[{"name": "a", "type": "text"}])
        response = await client.post("/datasets", json={"name": "sales", "columns": [{"name": "sku", **column}]})
        assert _problem(response) == (422, "/problems/reference-invalid")
        assert reason in response.json()["detail"]

    async def test_what_is_referred_to_cannot_be_deleted(self, client: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        await _create(client, name="sales", columns=[{"name": "sku", "type": "text", "references": "products"}])
        response = await client.delete("/datasets/products")
        assert _problem(response) == (409, "/problems/dataset-referenced")
        assert "referenced by sales" in response.json()["detail"]
        assert (await client.delete("/datasets/sales")).status_code == 204
        assert (await client.delete("/datasets/products")).status_code == 204

    @pytest.mark.parametrize("target", ["products", "absent"])
    async def test_they_need_the_right_to_read_what_they_refer_to(
        self, client: AsyncClient, anonymous: AsyncClient, target: str
    ) -> None:
        await _create(client, **PRODUCTS)
        headers = await _limited(client, "sales", scope="admin")
        column = {"name": "sku", "type": "integer", "references": target}
        refused = {"name": "sales", "columns": [column]}
        created = await anonymous.post("/datasets", json=refused, headers=headers)
        plain = {"name": "sales", "columns": [{"name": "sku", "type": "text"}]}
        assert (await anonymous.post("/datasets", json=plain, headers=headers)).status_code == 201
        changes: list[dict[str, Any]] = [
            {"columns": {"sku": {"references": target}}},
            {"columns": {"sku": {"name": "code", "references": target}}},
            {"add_columns": [{**column, "name": "other"}]},
        ]
        changed = [await anonymous.patch("/datasets/sales", json=change, headers=headers) for change in changes]
        for response in (created, *changed):
            assert _problem(response) == (403, "/problems/scope-missing")
            assert f"'{target}'" in response.json()["detail"]
            assert "integer" not in response.text

    async def test_one_that_is_there_keeps_nobody_from_changing_something_else(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        await _create(client, **PRODUCTS)
        await _create(client, name="sales", columns=[{"name": "sku", "type": "text", "references": "products"}])
        headers = await _limited(client, "sales", scope="admin")
        for change in (
            {"title": "Sales"},
            {"columns": {"sku": {"label": "SKU"}}},
            {"columns": {"sku": {"name": "product", "required": True}}},
            {"columns": {"product": {"references": None}}},
        ):
            assert (await anonymous.patch("/datasets/sales", json=change, headers=headers)).status_code == 200
        again = {"columns": {"product": {"references": "products"}}}
        assert _problem(await anonymous.patch("/datasets/sales", json=again, headers=headers))[0] == 403

    async def test_those_who_may_not_read_what_refers_are_not_told_its_name(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        await _create(client, **PRODUCTS)
        for name in ("sales", "returns", "orders"):
            await _create(client, name=name, columns=[{"name": "sku", "type": "text", "references": "products"}])
        headers = await _limited(client, "products", "sales", scope="admin")
        deleted = await anonymous.delete("/datasets/products", headers=headers)
        changed = await anonymous.patch("/datasets/products", json={"key": ["ean"]}, headers=headers)
        for response in (deleted, changed):
            assert _problem(response) == (409, "/problems/dataset-referenced")
            assert "referenced by sales, 2 other datasets" in response.json()["detail"]


class TestListDatasets:
    async def test_pages_show_each_once_by_name(self, client: AsyncClient) -> None:
        for name in ("d", "b", "a", "e", "c"):
            await _create(client, name=name)
        seen, url = [], "/datasets?_limit=2"
        while url:
            page = (await client.get(url)).json()
            seen += [dataset["name"] for dataset in page["data"]]
            url = f"/datasets?_limit=2&_cursor={page['next']}" if page["next"] else ""
        assert seen == ["a", "b", "c", "d", "e"]

    async def test_a_limited_key_sees_its_own(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        for name in ("a", "b", "c"):
            await _create(client, name=name)
        response = await anonymous.get("/datasets", headers=await _limited(client, "b", "absent"))
        assert [dataset["name"] for dataset in response.json()["data"]] == ["b"]

    async def test_the_count_is_the_planners(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        await _create(client, **PRODUCTS)
        await connections.execute("INSERT INTO data.products (sku) SELECT 's' || n FROM generate_series(1, 500) AS n")
        await connections.execute("ANALYZE data.products")
        assert (await client.get("/datasets")).json()["data"][0]["record_count"] == 500


class TestGetDataset:
    async def test_it_is_shown_as_it_was_made(self, client: AsyncClient) -> None:
        assert (await client.get("/datasets/products")).status_code == 404
        created = await _create(client, **PRODUCTS)
        assert (await client.get("/datasets/products")).json() == created

    @pytest.mark.parametrize("name", ["product", "Products", "%00", "%F0%9F%98%80", "x" * 5000])
    async def test_an_unknown_one_is_a_404(self, client: AsyncClient, name: str) -> None:
        await _create(client, **PRODUCTS)
        response = await client.get(f"/datasets/{name}")
        assert _problem(response) == (404, "/problems/dataset-not-found")
        if name == "product":
            assert "Did you mean 'products'?" in response.json()["detail"]

    async def test_a_limited_key_learns_nothing_of_the_others(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        await _create(client, **PRODUCTS)
        headers = await _limited(client, "produkts")
        hidden = await anonymous.get("/datasets/products", headers=headers)
        absent = await anonymous.get("/datasets/absent", headers=headers)
        assert _problem(hidden) == _problem(absent) == (403, "/problems/scope-missing")
        own = await anonymous.get("/datasets/produkts", headers=headers)
        assert "'products'" not in own.json()["detail"]


class TestUpdateDataset:
    async def test_what_is_given_changes_and_the_rest_stays(self, client: AsyncClient) -> None:
        created = await _create(client, **PRODUCTS)
        response = await client.patch("/datasets/products", json={"description": "All we sell."})
        assert (response.json()["title"], response.json()["description"]) == ("Products", "All we sell.")
        assert response.json()["updated_at"] > created["updated_at"]

    async def test_null_removes(self, client: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        assert (await client.patch("/datasets/products", json={"title": None})).json()["title"] is None

    async def test_columns_are_changed_by_name(self, client: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        response = await client.patch("/datasets/products", json={"columns": [{"name": "price", "min": 0}]})
        assert _problem(response) == (422, "/problems/request-invalid")
        assert "new ones go into `add_columns`" in response.json()["detail"]

    async def test_it_needs_the_scope_admin(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        response = await anonymous.patch("/datasets/products", json={}, headers=await _limited(client, scope="write"))
        assert _problem(response) == (403, "/problems/scope-missing")
        assert "'admin'" in response.json()["detail"]
        headers = await _limited(client, "products", scope="admin")
        assert (await anonymous.patch("/datasets/products", json={}, headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b'{"columns": {"price": {"min": 1e999}}}',
            b'{"columns": {"price": {"min": NaN}}}',
            b'{"columns": {"price": {"description": "\\ud800"}}}',
            b'{"columns": {"\\ud800": null}}',
            b'{"columns": {"price": {"description": "a\\u0000b"}}}',
            b'{"columns": {"' + b"x" * 500_000 + b'": null}}',
            b'{"add_columns": [{"name": "a", "type": "json", "fill": ["\\ud800"]}]}',
            b'{"add_columns": [{"name": "a", "type": "json", "fill": {"\\u0000": 1}}]}',
            b'{"add_columns": [{"name": "a", "type": "json", "fill": ' + b"[" * 900 + b"]" * 900 + b"}]}",
            b'{"add_columns": [{"name": "a", "type": "number", "fill": 1e999}]}',
            b'{"add_columns": [{"name": "a", "type": "integer", "fill": ' + b"9" * 4000 + b"}]}",
            b'{"add_columns": [{"name": "a", "type": "integer", "one_of": [' + b"1," * 9999 + b"1]}]}",
            b'{"key": ["\\u0000"]}',
            b'{"key": [' + b'"a",' * 9999 + b'"a"]}',
            b'{"indexes": [{"columns": ["\\ud800"]}]}',
            b'{"indexes": [' + b'{"search": true},' * 9999 + b"{}]}",
            b'{"title": ' + b"[" * 50_000,
            b'{"columns": {"price": []}}',
            b'{"drop": true}',
            b"[]",
            b"null",
            b"",
        ],
        ids=range(22),
    )
    async def test_whatever_is_sent_it_is_told_what_is_wrong(self, client: AsyncClient, body: bytes) -> None:
        await _create(client, **PRODUCTS)
        headers = {"Content-Type": "application/json"}
        response = await client.patch("/datasets/products", content=body, headers=headers)
        assert response.status_code in (400, 422), response.text
        assert response.json()["detail"]
        assert len((await client.get("/datasets/products")).json()["columns"]) == 3


class TestDeleteDataset:
    async def test_its_table_goes_with_it(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        await _create(client, **PRODUCTS)
        assert (await client.delete("/datasets/products")).status_code == 204
        assert await connections.fetchval("SELECT to_regclass('data.products')") is None
        await _create(client, **PRODUCTS)

    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_one_that_holds_records_needs_its_name(self, client: AsyncClient, store: str) -> None:
        columns = [{"name": "k", "type": "text"}]
        await _create(client, name=store, store=store, columns=columns, key=["k"])
        assert (await client.post(f"/datasets/{store}/records", json={"k": "a"})).status_code == 201
        for query in (
            "",
            "?confirm",
            "?confirm=",
            "?confirm=true",
            f"?confirm={store.upper()}",
            f"?confirm={store}%20",
        ):
            response = await client.delete(f"/datasets/{store}{query}")
            assert _problem(response) == (409, "/problems/dataset-not-empty")
            assert f"DELETE /datasets/{store}?confirm={store}" in response.json()["hint"]
        response = await client.delete(f"/datasets/{store}?confrim={store}")
        assert _problem(response) == (400, "/problems/unknown-parameter")
        assert (await client.get(f"/datasets/{store}/records/a")).status_code == 200
        assert (await client.delete(f"/datasets/{store}?confirm={store}")).status_code == 204
        assert (await client.get(f"/datasets/{store}")).status_code == 404

    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_one_whose_records_are_gone_needs_nothing(self, client: AsyncClient, store: str) -> None:
        columns = [{"name": "k", "type": "text"}]
        await _create(client, name=store, store=store, columns=columns, key=["k"])
        await client.post(f"/datasets/{store}/records", json={"k": "a"})
        assert (await client.delete(f"/datasets/{store}/records/a")).status_code == 204
        assert (await client.delete(f"/datasets/{store}")).status_code == 204

    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_one_without_columns_needs_nothing(self, client: AsyncClient, store: str) -> None:
        await _create(client, name=store, store=store)
        assert (await client.delete(f"/datasets/{store}")).status_code == 204

    async def test_it_needs_the_scope_admin(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await _create(client, **PRODUCTS)
        headers = await _limited(client, "products", scope="write")
        response = await anonymous.delete("/datasets/products", headers=headers)
        assert _problem(response) == (403, "/problems/scope-missing")

    async def test_while_it_is_written_to_it_stays(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        await _create(client, **PRODUCTS)
        async with connections.transaction():
            await connections.execute("INSERT INTO data.products (sku) VALUES ('a')")
            response = await client.delete("/datasets/products")
        assert _problem(response) == (409, "/problems/dataset-busy")
        assert (await client.get("/datasets/products/records/a")).status_code == 200
