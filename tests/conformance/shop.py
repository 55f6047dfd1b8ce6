"""The products that docs/clients.md works with, and what its programs print when they are right."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "clients.md"
COLUMNS: list[dict[str, Any]] = [
    {"name": "sku", "type": "text", "required": True, "label": "SKU"},
    {"name": "name", "type": "text", "label": "Name"},
    {"name": "brand", "type": "text", "label": "Brand"},
    {"name": "category", "type": "text", "label": "Category"},
    {"name": "price", "type": "decimal", "precision": 12, "scale": 2, "label": "Price"},
    {"name": "stock", "type": "integer", "label": "Stock"},
    {"name": "weight_kg", "type": "number", "label": "Weight (kg)"},
    {"name": "active", "type": "boolean", "label": "Active"},
    {"name": "released", "type": "date", "label": "Released"},
    {"name": "updated_at", "type": "datetime", "label": "Updated at"},
    {"name": "description", "type": "text", "label": "Description"},
]
_READ: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": lambda text: text == "true"}
_FILTER = (
    "active=true&category__in=Garden,Toys&price__gt=20.00&stock__between=1,400&released__gte=2020-01-01"
    "&_sort=-price,sku&_select=sku,price&_limit=3"
)
_NEW = {"sku": "900001", "name": "Field notebook", "price": "4.50", "stock": 120, "weight_kg": 0.25}
_RECORDS = "/datasets/products/records"


def add_products(client: httpx.Client) -> None:
    """Make the dataset that `tolva dev examples/products.csv` imports."""
    made = client.post("/datasets", json={"name": "products", "columns": COLUMNS, "key": ["sku"]})
    assert made.status_code == 201, made.text
    with (ROOT / "examples" / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    records = [
        {column["name"]: _value(column["type"], cell) for column, cell in zip(COLUMNS, row, strict=True)}
        for row in rows
    ]
    added = client.post(_RECORDS, json=records)
    assert added.status_code == 201, added.text


def _value(type_name: str, cell: str) -> Any:
    return None if cell == "" else _READ.get(type_name, str)(cell)


def answers(client: httpx.Client) -> list[str]:
    """The lines that the programs print, by plain requests."""
    page = client.get(f"{_RECORDS}?{_FILTER}").json()
    following = f"{_RECORDS}?{_FILTER}&_cursor={page['next']}"
    group = client.get("/datasets/products/aggregate?_group=category&_aggregate=count,price__sum&_sort=-count&_limit=1")
    once = {"Idempotency-Key": str(uuid4())}
    added = client.post(_RECORDS, json=_NEW, headers=once).json()
    again = client.post(_RECORDS, json=_NEW, headers=once)
    one = f"{_RECORDS}/900001"
    seen = {"If-Match": client.get(one).headers["etag"]}
    changed = client.patch(one, json={"price": "5.00"}, headers=seen)
    stale = client.patch(one, json={"price": "6.00"}, headers=seen)
    counted = client.get(f"{_RECORDS}?category=Toys&_count=exact&_limit=1").json()["count"]
    result = group.json()["data"][0]
    return [
        f"list {_skus(client.get(f'{_RECORDS}?_limit=2'))}",
        f"filter {json.dumps(page['data'])}",
        f"next {_skus(client.get(following))}",
        f"count {counted}",
        f"aggregate {result['category']} {result['count']} {result['price__sum']}",
        f"create {added['sku']} {added['price']} {added['weight_kg']}",
        f"again {again.status_code} {again.headers['idempotency-replayed']}",
        f"change {changed.status_code} {changed.json()['price']}",
        f"stale {stale.status_code} {stale.json()['title']}",
        f"delete {client.delete(one).status_code}",
    ]


def _skus(answer: httpx.Response) -> str:
    return " ".join(record["sku"] for record in answer.json()["data"])


def blocks_of(heading: str) -> dict[str, str]:
    """The blocks of code below a heading of the page, by their languages."""
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    (section,) = [section for section in sections if section.splitlines()[0] == heading]
    return dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


def shown_answers() -> list[str]:
    """The lines that the page says its programs print."""
    (shown,) = re.findall(r"^```\n(list .*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(shown).splitlines()
