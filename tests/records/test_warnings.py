"""Warnings of a page: valid conditions that may not mean what the caller intended."""

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient

from tests.records.conftest import Fill, Make

COLUMNS: dict[str, Any] = {
    "code": {"type": "text", "required": True},
    "brand": "text",
    "kind": {"type": "text", "one_of": ["none", "some"]},
    "at": "datetime",
}
ROWS = [
    ("a", "null", "none", datetime(2026, 1, 1, tzinfo=UTC)),
    ("b", None, None, datetime(2026, 1, 1, 12, tzinfo=UTC)),
    ("c", "Nike", "some", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("d", "", None, None),
]
RECORDS = "/datasets/shoes/records"


@pytest_asyncio.fixture
async def shoes(fill: Fill) -> None:
    """Four records, one of them with the text 'null'."""
    await fill("shoes", COLUMNS, ROWS, key=["code"])


async def _ask(client: AsyncClient, asked: str) -> tuple[list[str], list[str]]:
    """The codes that a list has, and its warnings."""
    response = await client.get(f"{RECORDS}?{asked}")
    assert response.status_code == 200, response.text
    page = response.json()
    return [record["code"] for record in page["data"]], page.get("warnings", [])


@pytest.mark.usefixtures("shoes")
class TestTexts:
    @pytest.mark.parametrize("word", ["null", "NULL", "None", "undefined", "nil"])
    async def test_a_word_for_nothing_is_a_text(self, client: AsyncClient, word: str) -> None:
        codes, warnings = await _ask(client, f"brand={word}")
        assert codes == (["a"] if word == "null" else [])
        assert warnings == [f"'{word}' is a string like any other. Missing values: brand__isnull=true."]

    @pytest.mark.parametrize(
        ("asked", "codes", "words"),
        [
            ("brand__ne=null", ["b", "c", "d"], "brand__isnull=false"),
            ("brand__in=Nike,null", ["a", "c"], "brand__isnull=true"),
            ("brand=", ["d"], "the empty text. Missing values: brand__isnull=true."),
            ("brand=eq.Nike", [], "brand=Nike"),
            ("brand=is.null", [], "brand__isnull=true"),
            ("brand=like.*ik*", [], "brand__like=%25ik%25"),
            ("brand=%25ik%25", [], "brand__like=%25ik%25"),
            ("brand__like=ik", [], "brand__like=%25ik%25"),
            ("brand__in=Adidas,%20Nike", [], "begins or ends with a space"),
            ("code=null", [], "'code' is never missing"),
        ],
    )
    async def test_what_may_be_meant_is_said(
        self, client: AsyncClient, asked: str, codes: list[str], words: str
    ) -> None:
        found, (warning,) = await _ask(client, asked)
        assert found == codes
        assert words in warning

    @pytest.mark.parametrize(
        "asked",
        ["brand=Nike", "kind=none", "brand__contains=ik", "brand__like=N%25", "brand__isnull=true", "code__gt=a"],
    )
    async def test_of_what_can_mean_one_thing_nothing_is_said(self, client: AsyncClient, asked: str) -> None:
        assert (await _ask(client, asked))[1] == []

    async def test_a_query_as_json_says_it_too(self, client: AsyncClient) -> None:
        where = {"_or": [{"brand": "null"}, {"brand": {"in": []}}, {"brand": ""}]}
        page = (await client.post(f"{RECORDS}/query", json={"where": where})).json()
        assert [record["code"] for record in page["data"]] == ["a", "d"]
        assert page["warnings"] == [
            '\'null\' is a string like any other. Missing values: {"brand": {"isnull": true}}.',
            "'brand' is compared with an empty list: no record matches.",
        ]

    async def test_an_aggregate_says_it_too(self, client: AsyncClient) -> None:
        answer = (await client.get("/datasets/shoes/aggregate?brand=null")).json()
        assert (answer["data"], len(answer["warnings"])) == ([{"count": 1}], 1)

    async def test_so_does_a_list_of_the_key_value_store(self, client: AsyncClient, make: Make) -> None:
        columns = [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}]
        await make("pairs", columns, key=["a", "b"], store="keyvalue")
        page = (await client.get("/datasets/pairs/records?a=null")).json()
        assert page["warnings"] == [
            "'null' is a string like any other. Missing values: a__isnull=true; 'a' is never missing."
        ]

    async def test_there_are_ten_at_most(self, client: AsyncClient) -> None:
        listed = ",".join(f"%20{number}" for number in range(30))
        assert len((await _ask(client, f"brand__in={listed}"))[1]) == 10


@pytest.mark.usefixtures("shoes")
class TestDays:
    @pytest.mark.parametrize(
        ("asked", "codes"),
        [
            ("at__gte=2026-01-01", ["a", "b", "c"]),
            ("at__lt=2026-01-31", ["a", "b"]),
            ("at__gte=2026-01-01&at__lt=2026-01-02", ["a", "b"]),
        ],
    )
    async def test_a_date_is_its_midnight_in_utc(self, client: AsyncClient, asked: str, codes: list[str]) -> None:
        assert await _ask(client, asked) == (codes, [])

    @pytest.mark.parametrize(
        ("asked", "codes", "words"),
        [
            ("at=2026-01-01", ["a"], "The whole day: at__gte=2026-01-01 and at__lt=2026-01-02."),
            ("at__gt=2026-01-01", ["b", "c"], "2026-01-01T00:00:00Z"),
            ("at__lte=2026-01-31", ["a", "b"], "2026-01-31T00:00:00Z"),
            ("at__ne=2026-01-01", ["b", "c", "d"], "2026-01-01T00:00:00Z"),
            ("at__in=2026-01-01,2026-01-31T12:00:00Z", ["a", "c"], "2026-01-01T00:00:00Z"),
            ("at__between=2026-01-01,2026-01-31", ["a", "b"], "2026-01-31T00:00:00Z"),
            ("at=2026-01-01T12:00:00", ["b"], "has no zone and is read in UTC"),
        ],
    )
    async def test_if_that_may_not_be_meant_it_is_said(
        self, client: AsyncClient, asked: str, codes: list[str], words: str
    ) -> None:
        found, (warning,) = await _ask(client, asked)
        assert found == codes
        assert words in warning

    async def test_a_query_as_json_takes_it_too(self, client: AsyncClient) -> None:
        body = {"where": {"at": {"between": ["2026-01-01", "2026-01-31"]}}}
        page = (await client.post(f"{RECORDS}/query", json=body)).json()
        assert [record["code"] for record in page["data"]] == ["a", "b"]
        assert '{"at": {"lt": "2026-02-01"}}' in page["warnings"][0]

    @pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "9999-12-31"])
    async def test_a_day_must_be_one(self, client: AsyncClient, day: str) -> None:
        status = 200 if day == "9999-12-31" else 400
        assert (await client.get(f"{RECORDS}?at={day}")).status_code == status

    async def test_the_document_says_it(self, client: AsyncClient) -> None:
        document = (await client.get("/datasets/shoes/openapi.json")).json()
        described = document["components"]["parameters"]["at__gte.datetime"]["description"]
        assert "A date alone is its midnight in UTC" in described
