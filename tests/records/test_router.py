import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient, Response

from app.core.settings import get_settings
from app.main import create_app
from tests.records.conftest import Fill

ID = "01234567-89ab-cdef-0123-456789abcdef"
TEXTS = [
    "",
    "a",
    "A",
    "b",
    "B",
    "é",
    "Ä",
    "z",
    "Z",
    "日本",
    "ß",
    "😀",
    "a b",
    "a,b",
    "a/b",
    "100%",
    "'; --",
    '"',
    "\\",
    "\t",
]


def _problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"]


async def _read_all(client: AsyncClient, dataset: str, limit: int) -> list[dict[str, Any]]:
    """Every record, page by page as the Link header leads."""
    records, url = [], f"/datasets/{dataset}/records?_limit={limit}"
    while url:
        response = await client.get(url)
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page["data"]) == limit or page["next"] is None
        assert ("next" in response.links) == (page["next"] is not None)
        records += page["data"]
        url = response.links["next"]["url"] if "next" in response.links else ""
    return records


class TestRecord:
    async def test_each_type_has_its_json(self, client: AsyncClient, fill: Fill) -> None:
        columns: dict[str, Any] = {
            "text": "text", "integer": "integer", "bigint": "bigint", "number": "number",
            "price": {"type": "decimal", "precision": 30, "scale": 10}, "boolean": "boolean", "date": "date",
            "datetime": "datetime", "uuid": "uuid", "json": "json",
        }  # fmt: skip
        row = (
            'Zoë "Z"\n', 2**53 - 1, 2**63 - 1, 0.1, Decimal("0.1000000000"), True, date(2024, 2, 29),
            datetime(2024, 2, 29, 12, 30, 0, 5, tzinfo=UTC), UUID(ID), '{"a": [1, null]}',
        )  # fmt: skip
        await fill("types", columns, [row, (None,) * 10, ("", 0, 0, float("nan"), *(None,) * 6)])
        data = (await client.get("/datasets/types/records")).json()["data"]
        assert list(data[0].items()) == [
            ("_id", 1),
            ("text", 'Zoë "Z"\n'),
            ("integer", 2**53 - 1),
            ("bigint", "9223372036854775807"),
            ("number", 0.1),
            ("price", "0.1000000000"),
            ("boolean", True),
            ("date", "2024-02-29"),
            ("datetime", "2024-02-29T12:30:00.000005Z"),
            ("uuid", ID),
            ("json", {"a": [1, None]}),
        ]
        assert data[1] == {"_id": 2, **dict.fromkeys(columns)}
        assert (data[2]["text"], data[2]["number"]) == ("", "NaN")

    async def test_more_columns_than_a_function_has_arguments(self, client: AsyncClient, fill: Fill) -> None:
        await fill("wide", {f"c{n}": "integer" for n in range(500)}, [tuple(range(500))])
        record = (await client.get("/datasets/wide/records/1")).json()
        assert record == {"_id": 1, **{f"c{n}": n for n in range(500)}}

    async def test_the_last_date_is_no_infinity(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("ends", {"day": "date"}, [], key=["day"])
        await connections.execute("INSERT INTO data.ends VALUES ('9999-12-30'), ('9999-12-31')")
        assert (await client.get("/datasets/ends/records/9999-12-31")).json() == {"day": "9999-12-31"}
        assert [record["day"] for record in await _read_all(client, "ends", 1)] == ["9999-12-30", "9999-12-31"]


class TestListRecords:
    @pytest.mark.parametrize("limit", [1, 7, 50, 1000])
    async def test_without_a_key_they_come_in_the_files_order(
        self, client: AsyncClient, fill: Fill, limit: int
    ) -> None:
        await fill("rows", {"n": "integer"}, [(n * 7 % 101,) for n in range(101)])
        records = await _read_all(client, "rows", limit)
        assert [record["n"] for record in records] == [n * 7 % 101 for n in range(101)]

    async def test_a_text_key_shows_each_once(self, client: AsyncClient, fill: Fill) -> None:
        await fill("texts", {"word": "text"}, [(text,) for text in TEXTS], key=["word"])
        words = [record["word"] for record in await _read_all(client, "texts", 3)]
        assert sorted(words) == sorted(TEXTS)

    async def test_several_key_columns_show_each_once(self, client: AsyncClient, fill: Fill) -> None:
        rows = [(text, n, Decimal(n) / 10) for text in TEXTS for n in range(-3, 4)]
        random.Random(7).shuffle(rows)
        columns = {"word": "text", "n": "integer", "part": {"type": "decimal", "precision": 3, "scale": 1}}
        await fill("several", columns, rows, key=["n", "word", "part"])
        records = await _read_all(client, "several", 11)
        assert sorted((r["word"], r["n"], Decimal(r["part"])) for r in records) == sorted(rows)
        assert [r["n"] for r in records] == sorted(n for _, n, _ in rows)

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("bigint", [-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1]),
            (
                "number",
                [float("-inf"), -1e300, -0.1, 0.1, 1e-300, 1e22, 123456789.12345679, float("inf"), float("nan")],
            ),
            ("date", [date(1, 1, 2), date(1969, 12, 31), date(9999, 12, 30)]),
            ("datetime", [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime(2024, 1, 1, tzinfo=UTC)]),
            ("uuid", [UUID(int=0), UUID(ID), UUID(int=2**128 - 1)]),
        ],
    )
    async def test_every_type_can_be_the_key(
        self, client: AsyncClient, fill: Fill, kind: str, values: list[Any]
    ) -> None:
        await fill(f"by_{kind}", {"k": kind}, [(value,) for value in values], key=["k"])
        keys = [record["k"] for record in await _read_all(client, f"by_{kind}", 1)]
        assert len(keys) == len(values) == len({str(key) for key in keys})
        for key in keys:
            response = await client.get(f"/datasets/by_{kind}/records/{quote(str(key), safe='')}")
            assert response.json() == {"k": key}

    async def test_a_dataset_without_columns_is_an_empty_page(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        assert (await client.get("/datasets/later/records")).json() == {"data": [], "next": None}

    async def test_fifty_come_by_default(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(n,) for n in range(60)])
        assert len((await client.get("/datasets/rows/records")).json()["data"]) == 50

    @pytest.mark.parametrize("limit", ["0", "-1", "1001", "1.5", "all", ""])
    async def test_an_unfit_limit_is_refused(self, client: AsyncClient, fill: Fill, limit: str) -> None:
        await fill("rows", {"n": "integer"}, [(1,)])
        response = await client.get(f"/datasets/rows/records?_limit={limit}")
        assert _problem(response) == (400, "/problems/parameter-invalid")

    async def test_an_unknown_column_gets_a_near_one_proposed(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"price": "integer"}, [(1,)])
        response = await client.get("/datasets/rows/records?prise=1")
        assert _problem(response) == (400, "/problems/unknown-parameter")
        assert response.json()["detail"] == "There is no column 'prise'. Did you mean 'price'?"


class TestCursor:
    async def test_a_place_of_more_values_than_a_function_takes(self, client: AsyncClient, fill: Fill) -> None:
        names = [f"c{n}" for n in range(100)]
        await fill("broad", dict.fromkeys(names, "integer"), [tuple(range(100)), tuple(range(1, 101))])
        address = f"/datasets/broad/records?_sort={','.join(names)}&_select=c0&_limit=1"
        first = (await client.get(address)).json()
        assert first["data"] == [{"c0": 0}]
        assert (await client.get(f"{address}&_cursor={first['next']}")).json()["data"] == [{"c0": 1}]

    async def test_another_datasets_cursor_is_refused(self, client: AsyncClient, fill: Fill) -> None:
        await fill("one", {"n": "integer"}, [(n,) for n in range(3)])
        await fill("two", {"n": "integer"}, [(n,) for n in range(3)])
        cursor = (await client.get("/datasets/one/records?_limit=1")).json()["next"]
        response = await client.get(f"/datasets/two/records?_cursor={cursor}")
        assert _problem(response) == (400, "/problems/cursor-invalid")

    @pytest.mark.parametrize("cursor", ["", "x", "%00", "bnVsbA", "x" * 5000])
    async def test_a_made_up_one_is_refused(self, client: AsyncClient, fill: Fill, cursor: str) -> None:
        await fill("one", {"n": "integer"}, [(n,) for n in range(3)])
        response = await client.get(f"/datasets/one/records?_cursor={cursor}")
        assert _problem(response) == (400, "/problems/cursor-invalid")

    async def test_records_that_come_or_go_move_no_other(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("rows", {"n": "integer"}, [(n * 10,) for n in range(6)], key=["n"])
        first = (await client.get("/datasets/rows/records?_limit=3")).json()
        await connections.execute("DELETE FROM data.rows WHERE n IN (0, 20); INSERT INTO data.rows VALUES (5), (25)")
        rest = (await client.get(f"/datasets/rows/records?_cursor={first['next']}")).json()
        assert [record["n"] for record in rest["data"]] == [25, 30, 40, 50]


@pytest.fixture
def behind_prod(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of an application for a gateway that strips /prod."""
    monkeypatch.setenv("TOLVA_ROOT_PATH", "/prod")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


class TestLink:
    async def test_it_keeps_lists_that_are_several_parameters(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer", "word": "text"}, [(n, "a b+c") for n in range(3)])
        first = await client.get(
            "/datasets/rows/records?_select=n&_select=word&n__in=1&n__in=2&word=a%20b%2Bc&_limit=1"
        )
        following = await client.get(first.links["next"]["url"])
        assert following.json() == {"data": [{"n": 2, "word": "a b+c"}], "next": None}

    async def test_a_page_of_one_spelling_leads_to_one_of_the_other(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(n,) for n in range(3)])
        first = await client.get("/datasets/rows/records?n__in=1&n__in=2&_limit=1")
        cursor = first.json()["next"]
        following = await client.get(f"/datasets/rows/records?n__in=1,2&_limit=1&_cursor={cursor}")
        assert [record["n"] for record in following.json()["data"]] == [2]

    async def test_an_aggregate_takes_lists_in_both_spellings(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer", "word": "text"}, [(n, "a") for n in range(3)])
        commas = "_group=word,n&_aggregate=count,n__sum&_sort=-n,word&n__in=1,2"
        repeated = "_group=word&_group=n&_aggregate=count&_aggregate=n__sum&_sort=-n&_sort=word&n__in=1&n__in=2"
        answers = [(await client.get(f"/datasets/rows/aggregate?{query}")).json() for query in (commas, repeated)]
        assert answers[0] == answers[1]
        assert [result["n"] for result in answers[0]["data"]] == [2, 1]

    @pytest.mark.usefixtures("behind_prod")
    async def test_it_keeps_the_limit_and_the_gateways_path(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(n,) for n in range(3)])
        transport = ASGITransport(app=create_app())
        async with AsyncClient(transport=transport, base_url="https://api.test", headers=client.headers) as caller:
            response = await caller.get("/datasets/rows/records?_limit=1")
        url = response.links["next"]["url"]
        assert url == f"https://api.test/prod/datasets/rows/records?_limit=1&_cursor={response.json()['next']}"


class TestGetRecord:
    @pytest.mark.parametrize("key", [text for text in TEXTS if text not in ("", ".", "..")])
    async def test_a_key_may_hold_anything(self, client: AsyncClient, fill: Fill, key: str) -> None:
        await fill("texts", {"word": "text", "n": "integer"}, [(text, n) for n, text in enumerate(TEXTS)], key=["word"])
        response = await client.get(f"/datasets/texts/records/{quote(key, safe='')}")
        assert response.json() == {"word": key, "n": TEXTS.index(key)}

    @pytest.mark.parametrize("pair", [("a,b", "c"), ("a", "b,c"), ("a/b", "100%"), ("%2C", ","), ("é", "")])
    async def test_so_may_each_of_several(self, client: AsyncClient, fill: Fill, pair: tuple[str, str]) -> None:
        rows = [("a,b", "c"), ("a", "b,c"), ("a/b", "100%"), ("%2C", ","), ("é", "")]
        await fill("pairs", {"a": "text", "b": "text"}, rows, key=["a", "b"])
        key = ",".join(quote(part, safe="") for part in pair)
        assert (await client.get(f"/datasets/pairs/records/{key}")).json() == {"a": pair[0], "b": pair[1]}

    async def test_without_a_key_the_number_addresses_it(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(5,), (6,)])
        assert (await client.get("/datasets/rows/records/2")).json() == {"_id": 2, "n": 6}

    async def test_the_etag_is_the_records_state(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        first = (await client.get("/datasets/rows/records/1")).headers["etag"]
        assert (await client.get("/datasets/rows/records/1")).headers["etag"] == first
        await connections.execute("UPDATE data.rows SET n = 6")
        assert (await client.get("/datasets/rows/records/1")).headers["etag"] != first

    @pytest.mark.parametrize("key", ["3", "9007199254740991"])
    async def test_an_absent_one_is_a_404(self, client: AsyncClient, fill: Fill, key: str) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        response = await client.get(f"/datasets/rows/records/{key}")
        assert _problem(response) == (404, "/problems/record-not-found")

    @pytest.mark.parametrize("key", ["", "x", "1,2", "99999999999999999999", "%00", "%ff", "1%20", "07"])
    async def test_what_names_none_is_a_400(self, client: AsyncClient, fill: Fill, key: str) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        response = await client.get(f"/datasets/rows/records/{key}")
        assert _problem(response) == (400, "/problems/record-key-invalid")

    async def test_too_few_values_of_several_are_a_400(self, client: AsyncClient, fill: Fill) -> None:
        await fill("pairs", {"a": "text", "b": "text"}, [("a", "b")], key=["a", "b"])
        response = await client.get("/datasets/pairs/records/a")
        assert _problem(response) == (400, "/problems/record-key-invalid")
        assert response.json()["detail"] == "The key has 2 values; the URL names 1."

    async def test_a_dataset_without_columns_has_none(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        assert _problem(await client.get("/datasets/later/records/1")) == (404, "/problems/record-not-found")

    async def test_a_parameter_is_refused(self, client: AsyncClient, fill: Fill) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        response = await client.get("/datasets/rows/records/1?_limit=1")
        assert _problem(response) == (400, "/problems/unknown-parameter")


class TestBrokenTable:
    async def test_nothing_of_the_statement_is_told(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        await connections.execute("ALTER TABLE data.rows DROP COLUMN n")
        response = await client.get("/datasets/rows/records")
        assert _problem(response) == (500, "/problems/internal-error")
        assert "SELECT" not in response.text
        assert "n does not exist" not in response.text

    async def test_a_table_that_was_made_fresh_is_read_fresh(
        self, client: AsyncClient, fill: Fill, connections: asyncpg.Connection
    ) -> None:
        await fill("rows", {"n": "integer"}, [(5,)])
        for _ in range(3):
            await client.get("/datasets/rows/records/1")
        await connections.execute("DROP TABLE data.rows; CREATE TABLE data.rows (n int, _id bigint PRIMARY KEY)")
        await connections.execute("INSERT INTO data.rows VALUES (7, 1)")
        assert (await client.get("/datasets/rows/records/1")).json() == {"_id": 1, "n": 7}
