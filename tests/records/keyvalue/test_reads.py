"""Reading records from the key-value store: by key, many, and those whose key begins with one value."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.records.conftest import Make, problem

THINGS: list[dict[str, Any]] = [
    {"name": "code", "type": "text"},
    {"name": "price", "type": "decimal", "precision": 6, "scale": 2},
    {"name": "big", "type": "bigint"},
    {"name": "weight", "type": "number"},
    {"name": "at", "type": "datetime"},
    {"name": "more", "type": "json"},
]
READINGS: list[dict[str, Any]] = [
    {"name": "station", "type": "text"},
    {"name": "taken", "type": "integer"},
    {"name": "value", "type": "decimal", "precision": 6, "scale": 2},
]
NAMES: list[dict[str, Any]] = [
    {"name": "letter", "type": "text"},
    {"name": "name", "type": "text"},
]
RECORDS = "/datasets/readings/records"


@pytest.fixture
async def things(client: AsyncClient, make: Make) -> None:
    """A dataset under one column, with two records."""
    await make("things", THINGS, key=["code"], store="keyvalue")
    body = [{"code": "a/1", "price": 1.5, "big": "9007199254740993", "more": {"b": [0.1], "a": ""}}, {"code": ""}]
    response = await client.post("/datasets/things/records", json=body)
    assert response.status_code == 201, response.text


@pytest.fixture
async def readings(client: AsyncClient, make: Make) -> None:
    """A dataset under two columns: ten records of one station, one of another."""
    await make("readings", READINGS, key=["station", "taken"], store="keyvalue")
    body = [{"station": "a", "taken": number, "value": number} for number in range(-5, 5)]
    response = await client.post(RECORDS, json=[*body, {"station": "a b,/", "taken": 0}])
    assert response.status_code == 201, response.text


async def taken(client: AsyncClient, query: str) -> list[int]:
    """The second value of the key of each record that a query lists."""
    response = await client.get(f"{RECORDS}?{query}")
    assert response.status_code == 200, response.text
    return [record["taken"] for record in response.json()["data"]]


@pytest.mark.usefixtures("things")
class TestGet:
    async def test_a_record_is_had_by_its_key(self, client: AsyncClient) -> None:
        response = await client.get("/datasets/things/records/a%2F1")
        assert response.text == (
            '{"code":"a/1","price":"1.50","big":"9007199254740993","weight":null,"at":null,'
            '"more":{"a": "", "b": [0.1]}}'
        )
        again = await client.get("/datasets/things/records/a%2F1", headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == 304

    async def test_an_empty_text_is_a_key(self, client: AsyncClient) -> None:
        assert (await client.get("/datasets/things/records/")).json()["code"] == ""

    async def test_some_columns_of_it(self, client: AsyncClient) -> None:
        response = await client.get("/datasets/things/records/a%2F1?_select=price,code")
        assert response.text == '{"price":"1.50","code":"a/1"}'
        whole = await client.get("/datasets/things/records/a%2F1")
        assert response.headers["etag"] == whole.headers["etag"]

    async def test_one_that_is_not_there(self, client: AsyncClient) -> None:
        for key in ("b", "x" * 2000):
            response = await client.get(f"/datasets/things/records/{key}")
            assert problem(response) == (404, "/problems/record-not-found")

    async def test_a_key_of_two_values(self, client: AsyncClient, readings: None) -> None:
        assert (await client.get(f"{RECORDS}/a,-5")).json() == {"station": "a", "taken": -5, "value": "-5.00"}
        assert (await client.get(f"{RECORDS}/a%20b%2C%2F,0")).json()["station"] == "a b,/"


@pytest.mark.usefixtures("readings")
class TestGetMany:
    async def test_they_come_in_the_order_asked_with_nulls_between(self, client: AsyncClient) -> None:
        keys = [["a", 3], ["b", 3], ["a", -5], ["a", 3]]
        response = await client.post(f"{RECORDS}/get", json={"keys": keys})
        found = [record and record["taken"] for record in response.json()["data"]]
        assert found == [3, None, -5, 3]

    async def test_a_hundred_is_the_most(self, client: AsyncClient) -> None:
        response = await client.post(f"{RECORDS}/get", json={"keys": [["a", 1]] * 101})
        assert problem(response) == (400, "/problems/query-too-large")
        assert len((await client.post(f"{RECORDS}/get", json={"keys": [["a", n] for n in range(100)]})).json()["data"])


@pytest.mark.usefixtures("readings")
class TestList:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("station=a", list(range(-5, 5))),
            ("station=a&_sort=-taken", list(range(4, -6, -1))),
            ("station=a&_sort=taken", list(range(-5, 5))),
            ("station=a&taken__gt=2", [3, 4]),
            ("station=a&taken__gte=2", [2, 3, 4]),
            ("station=a&taken__lt=-4", [-5]),
            ("station=a&taken__lte=-4", [-5, -4]),
            ("station=a&taken__between=-1,1", [-1, 0, 1]),
            ("station=a&taken=2", [2]),
            ("station=a&taken__gt=1&taken__lt=3", [2]),
            ("station=b", []),
            ("station=a b,/", [0]),
        ],
    )
    async def test_the_records_of_one_value(self, client: AsyncClient, query: str, expected: list[int]) -> None:
        assert await taken(client, query) == expected

    @pytest.mark.parametrize("sort", ["taken", "-taken"])
    async def test_pages_go_on_where_one_ended(self, client: AsyncClient, sort: str) -> None:
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            following = {"_cursor": cursor} if cursor else {}
            parameters = {"station": "a", "_sort": sort, "_limit": "3", **following}
            page = (await client.get(RECORDS, params=parameters)).json()
            found += [record["taken"] for record in page["data"]]
            cursor = page["next"]
        assert found == sorted(range(-5, 5), reverse=sort.startswith("-"))

    async def test_a_cursor_of_another_query_is_refused(self, client: AsyncClient) -> None:
        cursor = (await client.get(f"{RECORDS}?station=a&_limit=1")).json()["next"]
        response = await client.get(RECORDS, params={"station": "b", "_limit": "1", "_cursor": cursor})
        assert problem(response) == (400, "/problems/cursor-invalid")

    async def test_texts_by_their_beginning(self, client: AsyncClient, make: Make) -> None:
        await make("names", NAMES, key=["letter", "name"], store="keyvalue")
        names = ["", "a", "ab", "ab\x01", "aé", "b", "ab\U0010ffff", "é", "\U0010ffff", "\U0010ffffx"]
        body = [{"letter": "x", "name": name} for name in names]
        assert (await client.post("/datasets/names/records", json=body)).status_code == 201

        async def found(**parameters: str) -> list[str]:
            response = await client.get("/datasets/names/records", params={"letter": "x", **parameters})
            return [record["name"] for record in response.json()["data"]]

        assert await found() == sorted(names, key=str.encode)
        for start in ("", "a", "ab", "é", "\U0010ffff", "c"):
            expected = sorted((name for name in names if name.startswith(start)), key=str.encode)
            assert await found(name__startswith=start) == expected
        for bound in ("", "a", "ab", "ac", "\U0010ffff"):
            assert await found(name__gt=bound) == sorted((n for n in names if n > bound), key=str.encode)
            assert await found(name__lt=bound) == sorted((n for n in names if n < bound), key=str.encode)

    async def test_only_some_columns(self, client: AsyncClient) -> None:
        response = await client.get(f"{RECORDS}?station=a&_limit=1&_select=value")
        assert response.json()["data"] == [{"value": "-5.00"}]
        assert response.json()["next"] is not None


@pytest.mark.usefixtures("readings", "things")
class TestUnsuitable:
    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("readings/records", "one 'station' at a time"),
            ("readings/records?station__gt=a", "no 'gt' for 'station'"),
            ("readings/records?station=a&value=1", "filters by the key alone"),
            ("readings/records?station=a&taken__in=1,2", "no 'in' for 'taken'"),
            ("readings/records?station=a&_sort=value", "sorts by 'taken'"),
            ("readings/records?station=a&_q=x", "neither searches"),
            ("readings/records?station=a&_count=exact", "nor counts"),
            ("readings/aggregate", "computes no aggregates"),
            ("things/records", "under a key of one column"),
        ],
    )
    async def test_what_the_store_cannot_do_is_refused_with_a_hint(
        self, client: AsyncClient, path: str, said: str
    ) -> None:
        response = await client.get(f"/datasets/{path}")
        assert problem(response) == (422, "/problems/not-supported-by-store")
        assert said in response.json()["detail"]
        assert response.json()["hint"]

    async def test_exports_are(self, client: AsyncClient) -> None:
        response = await client.get(f"{RECORDS}?station=a", headers={"Accept": "text/csv"})
        assert problem(response) == (422, "/problems/not-supported-by-store")

    async def test_conditions_joined_by_or_are(self, client: AsyncClient) -> None:
        where = {"station": "a", "_or": [{"taken": 1}, {"taken": 2}]}
        response = await client.post(f"{RECORDS}/query", json={"where": where})
        assert problem(response) == (422, "/problems/not-supported-by-store")
        response = await client.post(f"{RECORDS}/query", json={"where": {"station": "a", "taken": {"gte": 4}}})
        assert [record["taken"] for record in response.json()["data"]] == [4]
