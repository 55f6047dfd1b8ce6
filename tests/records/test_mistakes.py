"""Each answer to a mistake names the way out, in words of our own."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response

from tests.records.conftest import Fill, Make
from tests.records.mistakes import ALL, FOREIGN, QueryError

COLUMNS: dict[str, Any] = {
    "sku": {"type": "text", "required": True, "label": "SKU"},
    "name": {"type": "text", "label": "Product name"},
    "category": {"type": "text", "one_of": ["Garden", "Toys"]},
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "stock": "integer",
    "weight_kg": {"type": "number", "label": "Weight (kg)"},
    "active": "boolean",
    "released": "date",
    "updated_at": "datetime",
    "tags": "json",
}
ROWS = [
    (
        "000364",
        "Lamp",
        "Toys",
        Decimal("3.00"),
        5,
        1.5,
        True,
        date(2024, 1, 31),
        datetime(2024, 1, 1, tzinfo=UTC),
        "{}",
    ),
    ("ab-1", "Sock", "Garden", Decimal("2.50"), 1, None, None, None, None, None),
]
EVENTS: list[dict[str, Any]] = [
    {"name": "device", "type": "text"},
    {"name": "day", "type": "date"},
    {"name": "value", "type": "number"},
]


@pytest_asyncio.fixture
async def datasets(client: AsyncClient, fill: Fill, make: Make) -> None:
    """A dataset in each store, with a record or two."""
    await fill("products", COLUMNS, ROWS, key=["sku"])
    await make("events", EVENTS, key=["device", "day"], store="keyvalue")
    response = await client.post("/datasets/events/records", json={"device": "a", "day": "2024-01-31", "value": 1})
    assert response.status_code == 201, response.text


async def _make(client: AsyncClient, mistake: QueryError) -> Response:
    body = {"content": mistake.content} if mistake.content is not None else {"json": mistake.body}
    given = body if mistake.body is not None or mistake.content is not None else {}
    return await client.request(mistake.method, mistake.address, headers=mistake.headers, **given)


def _faults(mistake: QueryError, response: Response) -> list[str]:
    """The faults of an answer."""
    document = response.json()
    listed = " ".join(error["message"] for error in document.get("errors", ()))
    said = f"{document['detail']} {document.get('hint', '')} {listed}"
    faults = [f"lacks {words!r}" for words in mistake.words if words not in said]
    faults += [f"has {words!r}" for words in (*mistake.never, *FOREIGN) if words in response.text]
    if response.status_code != mistake.status:
        faults.append(f"is a {response.status_code}")
    if response.headers.get("content-type") != "application/problem+json":
        faults.append("is no problem")
    return faults


@pytest.mark.usefixtures("datasets")
class TestMistakes:
    @pytest.mark.parametrize("group", list(ALL))
    async def test_each_answer_names_the_way_out(self, client: AsyncClient, group: str) -> None:
        wrong = []
        for mistake in ALL[group]:
            response = await _make(client, mistake)
            if faults := _faults(mistake, response):
                asked = mistake.body if mistake.body is not None else mistake.content
                wrong.append(f"{mistake.method} {mistake.address} {asked!r} {faults}: {response.text[:600]}")
        assert not wrong, "\n".join(wrong)

    def test_there_are_many(self) -> None:
        assert sum(len(group) for group in ALL.values()) >= 220
