import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response

from app.core.http.cursors import encode_cursor
from app.core.settings import get_settings
from tests.records.conftest import Fill

COLUMNS: dict[str, Any] = {
    "sku": {"type": "text", "required": True},
    "category": "text",
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "stock": "integer",
    "ean": "bigint",
    "weight": "number",
    "active": "boolean",
    "released": "date",
    "updated": "datetime",
    "tags": "json",
}
ROWS = [
    ("a", "x", Decimal("0.10"), 2**53 - 1, 2**63 - 1, 0.5, True, date(2024, 1, 31), None, "1"),
    ("b", "x", Decimal("0.20"), 2**53 - 1, 2**63 - 1, 1.5, False, date(2024, 2, 1), None, None),
    ("c", "y", Decimal("3.00"), 1, None, None, True, date(2024, 2, 29), None, None),
    ("d", None, None, None, None, None, None, None, datetime(2023, 12, 31, 23, 59, tzinfo=UTC), None),
]
AGGREGATE = "/datasets/sales/aggregate"


@pytest_asyncio.fixture
async def sales(fill: Fill) -> None:
    """Four records, one of them with hardly a value."""
    await fill("sales", COLUMNS, ROWS, key=["sku"])


async def _ask(client: AsyncClient, address: str) -> list[dict[str, Any]]:
    response = await client.get(f"{AGGREGATE}?{address}")
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def _problem(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


@pytest.mark.usefixtures("sales")
class TestFunctions:
    @pytest.mark.parametrize(
        ("name", "result"),
        [
            ("count", 4),
            ("category__count", 3),
            ("category__count_distinct", 2),
            ("category__min", "x"),
            ("category__max", "y"),
            ("price__sum", "3.30"),
            ("price__avg", "1.10000000000000000000"),
            ("price__min", "0.10"),
            ("price__max", "3.00"),
            ("stock__sum", "18014398509481983"),
            ("stock__avg", 6004799503160661.0),
            ("stock__max", 2**53 - 1),
            ("ean__sum", "18446744073709551614"),
            ("ean__avg", "9223372036854775807"),
            ("ean__min", "9223372036854775807"),
            ("weight__sum", 2),
            ("weight__avg", 1),
            ("active__count_distinct", 2),
            ("released__min", "2024-01-31"),
            ("updated__max", "2023-12-31T23:59:00.000000Z"),
            ("tags__count", 1),
        ],
    )
    async def test_each_has_its_json(self, client: AsyncClient, name: str, result: Any) -> None:
        (found,) = await _ask(client, f"_aggregate={name}")
        assert list(found) == [name]
        assert type(found[name]) is type(result)
        if name == "price__avg":
            assert Decimal(found[name]) == Decimal("1.1")
        elif name == "ean__avg":
            assert Decimal(found[name]) == 2**63 - 1
        else:
            assert found[name] == result

    async def test_without_being_asked_it_is_the_number_of_records(self, client: AsyncClient) -> None:
        assert await _ask(client, "category=x") == [{"count": 2}]

    async def test_of_no_records(self, client: AsyncClient) -> None:
        address = "_aggregate=count,price__sum,category__max&category=z"
        assert await _ask(client, address) == [{"count": 0, "price__sum": None, "category__max": None}]

    async def test_a_sum_beyond_all_numbers_is_told(self, client: AsyncClient, fill: Fill) -> None:
        await fill("big", {"n": "number"}, [(1.7e308,), (1.7e308,)])
        response = await client.get("/datasets/big/aggregate?_aggregate=n__sum")
        assert _problem(response) == (422, "/problems/result-out-of-range")

    async def test_infinity_is_a_text(self, client: AsyncClient, fill: Fill) -> None:
        await fill("big", {"n": "number"}, [(float("inf"),), (1.0,)])
        response = await client.get("/datasets/big/aggregate?_aggregate=n__sum,n__min")
        assert response.json()["data"] == [{"n__sum": "Infinity", "n__min": 1.0}]

    async def test_a_long_column_keeps_its_members_name(self, client: AsyncClient, fill: Fill) -> None:
        name = "c" * 63
        await fill("long", {name: "integer"}, [(1,), (1,)])
        response = await client.get(f"/datasets/long/aggregate?_aggregate={name}__count_distinct,{name}__sum")
        assert response.json()["data"] == [{f"{name}__count_distinct": 1, f"{name}__sum": "2"}]

    async def test_a_dataset_without_columns_has_none(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        assert (await client.get("/datasets/later/aggregate")).json() == {
            "data": [{"count": 0}],
            "next": None,
            "complete": True,
        }


@pytest.mark.usefixtures("sales")
class TestGroups:
    async def test_they_come_in_their_own_order(self, client: AsyncClient) -> None:
        assert await _ask(client, "_group=category&_aggregate=count,price__sum") == [
            {"category": "x", "count": 2, "price__sum": "0.30"},
            {"category": "y", "count": 1, "price__sum": "3.00"},
            {"category": None, "count": 1, "price__sum": None},
        ]

    @pytest.mark.parametrize(
        ("sort", "categories"),
        [("-price__sum", ["y", "x", None]), ("price__sum", ["x", "y", None]), ("-count,-category", ["x", "y", None])],
    )
    async def test_they_can_be_sorted(self, client: AsyncClient, sort: str, categories: list[str | None]) -> None:
        found = await _ask(client, f"_group=category&_aggregate=count,price__sum&_sort={sort}")
        assert [group["category"] for group in found] == categories

    async def test_dates_are_cut(self, client: AsyncClient) -> None:
        assert await _ask(client, "_group=released__month&released__isnull=false") == [
            {"released__month": "2024-01", "count": 1},
            {"released__month": "2024-02", "count": 2},
        ]
        assert await _ask(client, "_group=updated__year,updated__day&sku=d") == [
            {"updated__year": "2023", "updated__day": "2023-12-31", "count": 1}
        ]

    async def test_a_limit_says_that_there_are_more(self, client: AsyncClient) -> None:
        part = (await client.get(f"{AGGREGATE}?_group=sku&_limit=2")).json()
        assert ([group["sku"] for group in part["data"]], part["complete"]) == (["a", "b"], False)
        assert (await client.get(f"{AGGREGATE}?_group=sku&_limit=4")).json()["complete"] is True

    async def test_values_are_shown_as_records_show_them(self, client: AsyncClient) -> None:
        found = await _ask(client, "_group=price,ean,weight,active,released&sku=a")
        expected = {"price": "0.10", "ean": str(2**63 - 1), "weight": 0.5, "active": True, "released": "2024-01-31"}
        assert found == [expected | {"count": 1}]


@pytest.mark.usefixtures("sales")
class TestRefusals:
    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("_aggregate=price__sun", "there is no 'price__sun'. Did you mean 'sum'?"),
            ("_aggregate=price", "there is no 'price'."),
            ("_aggregate=category__sum", "there is no 'category__sum'."),
            ("_aggregate=prise__sum", "there is no column 'prise'. Did you mean 'price'?"),
            ("_aggregate=count,count", "it names 'count' twice"),
            ("_aggregate=", "there is no column ''."),
            ("_group=tags", "by which nothing can be grouped"),
            ("_group=released__week", "there is no 'released__week'."),
            ("_group=category__month", "there is no 'category__month'."),
            ("_group=categry", "Did you mean 'category'?"),
            ("_group=category&_sort=price__sum", "the results have no 'price__sum'."),
            ("_limit=0", "it takes 1 to 1000"),
            ("_limit=1001", "it takes 1 to 1000"),
        ],
    )
    async def test_what_does_not_fit(self, client: AsyncClient, address: str, message: str) -> None:
        response = await client.get(f"{AGGREGATE}?{address}")
        assert _problem(response) == (400, "/problems/parameter-invalid")
        assert message in response.json()["detail"]

    async def test_two_members_of_one_name(self, client: AsyncClient, fill: Fill) -> None:
        await fill("counts", {"k": {"type": "text", "required": True}, "count": "integer"}, [("a", 5)], key=["k"])
        response = await client.get("/datasets/counts/aggregate?_group=count")
        assert response.json()["hint"] == "Count a column that is always there, such as k__count."

    async def test_too_many(self, client: AsyncClient, fill: Fill) -> None:
        await fill("wide", {f"c{n}": "integer" for n in range(101)}, [tuple(range(101))])
        names = ",".join(f"c{n}__sum" for n in range(101))
        response = await client.get(f"/datasets/wide/aggregate?_aggregate={names}")
        assert _problem(response) == (400, "/problems/query-too-large")

    @pytest.mark.parametrize("address", ["_select=sku", "_count=exact", "_embed=x"])
    async def test_what_belongs_to_a_list(self, client: AsyncClient, address: str) -> None:
        assert _problem(await client.get(f"{AGGREGATE}?{address}")) == (400, "/problems/unknown-parameter")


async def _pages(client: AsyncClient, address: str, limit: int) -> list[dict[str, Any]]:
    """Every result, page by page as the Link header leads."""
    results, url = [], f"{address}&_limit={limit}"
    while url:
        response = await client.get(url)
        assert response.status_code == 200, response.text
        page = response.json()
        assert page["complete"] is (page["next"] is None)
        assert ("next" in response.links) == (page["next"] is not None)
        assert len(page["data"]) == limit or page["next"] is None
        results += page["data"]
        url = response.links["next"]["url"] if "next" in response.links else ""
    return results


def _many(seed: int) -> list[tuple[Any, ...]]:
    """Records with few different values of each type, and with missing ones."""
    chosen = random.Random(seed)
    values: list[list[Any]] = [
        ["x", "X", "é", "", "a,b", '"', None],
        [Decimal("0.10"), Decimal("-3.00"), Decimal("100.00"), None],
        [2**53 - 1, -1, 0, None],
        [2**63 - 1, -(2**63), None],
        [0.1, -1e300, float("nan"), float("inf"), 1e22, None],
        [True, False, None],
        [date(2024, 1, 31), date(1969, 12, 31), date(9999, 12, 31), None],
        [datetime(2024, 1, 31, 23, 59, 59, 999999, UTC), datetime(1969, 1, 1, tzinfo=UTC), None],
    ]
    return [(f"k{at}", *(chosen.choice(among) for among in values)) for at in range(300)]


SORTS = (
    "",
    "-count",
    "ean,-price",
    "-weight",
    "active,-category",
    "-stock__avg,released__year",
    "-updated",
    "price__sum",
)


class TestPages:
    @pytest.mark.parametrize("sort", SORTS)
    @pytest.mark.parametrize("groups", ["category,active", "price,ean,released__year", "stock,weight,updated"])
    async def test_together_they_are_the_whole_answer(
        self, client: AsyncClient, fill: Fill, groups: str, sort: str
    ) -> None:
        columns = {name: column for name, column in COLUMNS.items() if name != "tags"}
        await fill("many", columns, _many(7), key=["sku"])
        members = [*groups.split(","), "count", "stock__avg", "price__sum", "weight__max"]
        asked = [term for term in sort.split(",") if term.removeprefix("-") in members]
        address = f"/datasets/many/aggregate?_group={groups}&_aggregate=count,stock__avg,price__sum,weight__max"
        address += f"&_sort={','.join(asked)}" if asked else ""
        whole = (await client.get(f"{address}&_limit=1000")).json()
        assert whole["next"] is None
        assert await _pages(client, address, 7) == whole["data"]

    @pytest.mark.usefixtures("sales")
    async def test_a_cursor_of_another_query_is_refused(self, client: AsyncClient) -> None:
        cursor = (await client.get(f"{AGGREGATE}?_group=sku&_limit=1")).json()["next"]
        for other in ("_group=sku&_sort=-sku", "_group=category", "_group=sku&price__gt=1", ""):
            response = await client.get(f"{AGGREGATE}?{other}&_cursor={cursor}")
            assert _problem(response) == (400, "/problems/cursor-invalid"), other

    async def test_a_place_of_more_values_than_a_function_takes(
        self, client: AsyncClient, fill: Fill, setting: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_QUERY_TERMS", "120")
        get_settings.cache_clear()
        names = [f"c{n}" for n in range(110)]
        await fill("broad", dict.fromkeys(names, "integer"), [tuple(range(110)), tuple(range(1, 111))])
        address = f"/datasets/broad/aggregate?_group={','.join(names)}"
        whole = (await client.get(f"{address}&_limit=10")).json()["data"]
        assert await _pages(client, address, 1) == whole
        assert len(whole) == 2

    @pytest.mark.usefixtures("sales")
    async def test_what_is_computed_besides_may_change(self, client: AsyncClient) -> None:
        cursor = (await client.get(f"{AGGREGATE}?_group=sku&_limit=1")).json()["next"]
        found = await _ask(client, f"_group=sku&_aggregate=price__sum&_cursor={cursor}&_limit=1")
        assert found == [{"sku": "b", "price__sum": "0.20"}]

    @pytest.mark.usefixtures("sales")
    @pytest.mark.parametrize("position", [["x"], [None], [1], [["a"]], ["2024-13-01"], ["\0"], [], ["1", "2"]])
    async def test_a_forged_place_is_refused(self, client: AsyncClient, position: list[Any]) -> None:
        identity = await client.get("/datasets/sales")
        fingerprint = ["aggregate", identity.json()["id"], ["_and"], None, ["released"], [["released", False]]]
        cursor = encode_cursor(position, fingerprint)
        response = await client.get(f"{AGGREGATE}?_group=released&_cursor={cursor}")
        if position == [None]:
            assert response.json() == {"data": [], "next": None, "complete": True}
        else:
            assert _problem(response) == (400, "/problems/cursor-invalid")


@pytest.mark.usefixtures("sales")
class TestExports:
    ADDRESS = f"{AGGREGATE}?_group=category,active&_aggregate=count,price__sum,updated__max"

    async def test_as_csv(self, client: AsyncClient) -> None:
        response = await client.get(self.ADDRESS, headers={"Accept": "text/csv"})
        assert response.headers["content-disposition"] == 'attachment; filename="sales.csv"'
        assert response.text.splitlines() == [
            "category,active,count,price__sum,updated__max",
            "x,false,1,0.20,",
            "x,true,1,0.10,",
            "y,true,1,3.00,",
            ",,1,,2023-12-31T23:59:00.000000Z",
        ]

    async def test_as_lines_of_json(self, client: AsyncClient) -> None:
        pages = (await client.get(self.ADDRESS)).json()["data"]
        response = await client.get(self.ADDRESS, headers={"Accept": "application/x-ndjson"})
        assert [json.loads(line) for line in response.text.splitlines()] == pages

    async def test_with_a_limit_and_without_groups(self, client: AsyncClient) -> None:
        part = await client.get(f"{self.ADDRESS}&_limit=1", headers={"Accept": "text/csv"})
        assert len(part.text.splitlines()) == 2
        alone = await client.get(AGGREGATE, headers={"Accept": "text/csv"})
        assert alone.text == "count\n4\n"

    async def test_no_text_is_a_formula_to_a_spreadsheet(self, client: AsyncClient, fill: Fill) -> None:
        await fill("signs", {"a": "text"}, [("=1+1",)])
        address = "/datasets/signs/aggregate?_group=a&_spreadsheet=true"
        assert (await client.get(address, headers={"Accept": "text/csv"})).text == "\ufeffa,count\n'=1+1,1\n"
        assert _problem(await client.get(address)) == (400, "/problems/parameter-invalid")

    async def test_more_groups_than_an_export_may_have(
        self, client: AsyncClient, setting: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_EXPORT_RECORDS", "3")
        get_settings.cache_clear()
        response = await client.get(f"{AGGREGATE}?_group=sku", headers={"Accept": "text/csv"})
        assert _problem(response) == (422, "/problems/export-too-large")
        assert "TOLVA_MAX_EXPORT_RECORDS" in response.json()["hint"]

    async def test_a_sum_beyond_all_numbers_is_a_problem(self, client: AsyncClient, fill: Fill) -> None:
        await fill("big", {"n": "number"}, [(1.7e308,), (1.7e308,)])
        response = await client.get("/datasets/big/aggregate?_aggregate=n__sum", headers={"Accept": "text/csv"})
        assert _problem(response) == (422, "/problems/result-out-of-range")

    async def test_a_dataset_without_columns(self, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "later"})
        response = await client.get("/datasets/later/aggregate", headers={"Accept": "text/csv"})
        assert response.text == "count\n0\n"

    async def test_the_key_value_store_has_none(self, client: AsyncClient) -> None:
        body = {"name": "kv", "store": "keyvalue", "key": ["a"], "columns": [{"name": "a", "type": "text"}]}
        await client.post("/datasets", json=body)
        response = await client.get("/datasets/kv/aggregate", headers={"Accept": "text/csv"})
        assert _problem(response) == (422, "/problems/not-supported-by-store")
