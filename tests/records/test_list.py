"""Lists and queries over HTTP: what is found, what is shown of it, how many there are."""

import json
import unicodedata
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.records.conftest import Fill
from tests.records.garden import LIST


def _problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


async def _skus(client: AsyncClient, address: str) -> list[str]:
    response = await client.get(f"{LIST}?{address}")
    assert response.status_code == 200, response.text
    return [record["sku"] for record in response.json()["data"]]


async def _add(client: AsyncClient, sku: str, name: str) -> None:
    response = await client.post(LIST, json={"sku": sku, "name": name, "stock": 1})
    assert response.status_code == 201, response.text


@pytest.mark.usefixtures("products")
class TestSearch:
    @pytest.mark.parametrize(
        ("words", "skus"),
        [
            ("garden", "A1 A2"),
            ("GARDEN table", "A2"),
            ("garden -table", "A1"),
            ('"garden table"', "A2"),
            ("lamp or chair", "A1 B1"),
            ("jardín", "C2"),
            ("m2", "B1"),
            ("b1", "B1"),
            ("nothing", ""),
            ("---", ""),
            ("' & | ! ( ) : * <-> \\", ""),
        ],
    )
    async def test_it_looks_into_every_text(self, client: AsyncClient, words: str, skus: str) -> None:
        assert await _skus(client, f"_q={quote(words)}") == skus.split()

    @pytest.mark.parametrize("words", ["café", "cafe\u0301", "cafe", "CAFÉ", "Cafe\u0301 n\xe4he", "naehe or nahe"])
    async def test_accents_make_no_difference_however_they_are_encoded(self, client: AsyncClient, words: str) -> None:
        for sku, name in (("N1", "caf\xe9 in der N\xe4he"), ("N2", "cafe\u0301, Na\u0308he"), ("N3", "Cafe nahe")):
            await _add(client, sku, name)
        assert await _skus(client, f"_q={quote(words)}") == ["N1", "N2", "N3"]
        # Equal is what has the same characters.
        assert await _skus(client, f"name={quote('cafe' + chr(0x301) + ', Na' + chr(0x308) + 'he')}") == ["N2"]

    @pytest.mark.parametrize("word", ["한국어", "がぎ", "हिन्दी", "Йод", "Ἀθῆναι", "Nguyễn", "İzmir"])
    async def test_every_script_finds_itself(self, client: AsyncClient, word: str) -> None:
        for form in ("NFC", "NFD"):
            sku = f"Z{form}"
            await _add(client, sku, unicodedata.normalize(form, f"x {word} y"))
            assert sku in await _skus(client, f"_q={quote(word)}")

    async def test_it_goes_with_conditions(self, client: AsyncClient) -> None:
        assert await _skus(client, "_q=garden&stock=0") == ["A2"]

    async def test_long_texts_can_be_searched(self, client: AsyncClient, connections: asyncpg.Connection) -> None:
        words = " ".join(f"{chr(20_000 + n)}-{chr(20_000 + n)}" for n in range(20_000)) * 5
        await connections.execute("UPDATE data.products SET name = $1, sku = sku || $1 WHERE sku = 'B1'", words[:600])
        await connections.execute("UPDATE data.products SET name = $1 WHERE sku = 'A1'", words)
        assert await _skus(client, "_q=table") == ["A2"]


@pytest.mark.usefixtures("products")
class TestView:
    async def test_what_is_selected_is_shown_in_that_order(self, client: AsyncClient) -> None:
        response = await client.get(f"{LIST}?_select=price,sku&_limit=1")
        assert list(response.json()["data"][0].items()) == [("price", "24.00"), ("sku", "A1")]

    async def test_pages_go_on_without_the_columns_of_the_sort(self, client: AsyncClient) -> None:
        stocks, url = [], f"{LIST}?_select=stock&_sort=-price&_limit=1"
        while url:
            response = await client.get(url)
            stocks += [record["stock"] for record in response.json()["data"]]
            url = response.links["next"]["url"] if "next" in response.links else ""
        assert stocks == [0, 3, 7, 12, 1, 12]

    async def test_what_a_column_refers_to_comes_along(self, client: AsyncClient) -> None:
        data = (await client.get(f"{LIST}?_embed=maker&_select=sku")).json()["data"]
        assert data[0] == {"sku": "A1", "_embedded": {"maker": {"code": "m1", "city": "León"}}}
        assert data[2]["_embedded"] == {"maker": {"code": "m2", "city": None}}
        assert data[3]["_embedded"] == {"maker": None}

    async def test_one_record_can_be_shown_so_too(self, client: AsyncClient) -> None:
        whole = await client.get(f"{LIST}/A1")
        part = await client.get(f"{LIST}/A1?_embed=maker&_select=stock")
        assert part.json() == {"stock": 3, "_embedded": {"maker": {"code": "m1", "city": "León"}}}
        assert part.headers["etag"] == whole.headers["etag"]
        assert _problem(await client.get(f"{LIST}/X?_select=stock")) == (404, "/problems/record-not-found")

    async def test_who_may_not_read_the_other_dataset_does_not(
        self, client: AsyncClient, anonymous: AsyncClient
    ) -> None:
        key = await client.post("/keys", json={"name": "x", "scopes": ["read"], "datasets": ["products"]})
        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        for address in (f"{LIST}?_embed=maker", f"{LIST}/A1?_embed=maker"):
            response = await anonymous.get(address, headers=headers)
            assert _problem(response) == (403, "/problems/scope-missing")
            assert "León" not in response.text

    async def test_columns_may_be_called_as_the_statement_calls_things(self, client: AsyncClient, fill: Fill) -> None:
        names = ["record", "source", "others", "other", "whole", "found", "asked", "place", "key_0", "result", "count"]
        columns: dict[str, Any] = dict.fromkeys(names, "integer")
        await fill("odd", columns | {"k": {"type": "text", "required": True}}, [(*range(11), "x")], key=["k"])
        expected = {name: number for number, name in enumerate(names)} | {"k": "x"}
        assert (await client.get("/datasets/odd/records?record__gte=0&_sort=-source")).json()["data"] == [expected]
        assert (await client.get("/datasets/odd/records/x?_select=whole")).json() == {"whole": 4}
        assert (await client.post("/datasets/odd/records/get", json={"keys": ["x"]})).json()["data"] == [expected]
        groups = await client.get("/datasets/odd/aggregate?_group=count,result&_aggregate=k__count")
        assert groups.json()["data"] == [{"count": 10, "result": 9, "k__count": 1}]


@pytest.mark.usefixtures("products")
class TestGetRecords:
    async def test_they_come_in_the_order_of_their_keys(self, client: AsyncClient) -> None:
        response = await client.post(f"{LIST}/get", json={"keys": ["C2", "absent", "A1", "C2"]})
        assert [record and record["sku"] for record in response.json()["data"]] == ["C2", None, "A1", "C2"]

    async def test_none_are_asked_for(self, client: AsyncClient) -> None:
        assert (await client.post(f"{LIST}/get", json={"keys": []})).json() == {"data": []}

    async def test_several_columns_make_a_key(self, client: AsyncClient, fill: Fill) -> None:
        await fill("pairs", {"a": "text", "n": "integer"}, [("x", 1), ("x", 2), ("y", 1)], key=["a", "n"])
        response = await client.post("/datasets/pairs/records/get", json={"keys": [["y", 1], ["x", 2], ["y", 2]]})
        assert response.json()["data"] == [{"a": "y", "n": 1}, {"a": "x", "n": 2}, None]

    async def test_without_a_key_they_are_numbered(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(5,), (6,)])
        response = await client.post("/datasets/rows/records/get", json={"keys": [2, 3]})
        assert response.json()["data"] == [{"_id": 2, "n": 6}, None]

    async def test_a_dataset_without_columns_has_none(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        response = await client.post("/datasets/later/records/get", json={"keys": [1]})
        assert response.json() == {"data": [None]}

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ({}, "query-invalid"),
            ([], "query-invalid"),
            ({"keys": "A1"}, "query-invalid"),
            ({"keys": [1]}, "query-invalid"),
            ({"keys": [["A1"]]}, "query-invalid"),
            ({"keys": [None]}, "query-invalid"),
            ({"keys": ["\ud800"]}, "query-invalid"),
            ({"keys": ["\0"]}, "query-invalid"),
            ({"keys": [], "kees": []}, "query-invalid"),
            ({"keys": ["A1"] * 101}, "query-too-large"),
        ],
    )
    async def test_what_does_not_fit_is_refused(self, client: AsyncClient, body: Any, problem: str) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post(f"{LIST}/get", content=json.dumps(body), headers=headers)
        assert _problem(response) == (400, f"/problems/{problem}")


@pytest.mark.usefixtures("products")
class TestLongLinks:
    async def test_one_that_no_proxy_would_take_is_left_out(self, client: AsyncClient) -> None:
        numbers = ",".join(str(number) for number in range(1, 2000))
        response = await client.get(f"{LIST}?stock__in={numbers}&_limit=1")
        assert response.json()["next"] is not None
        assert "link" not in response.headers
