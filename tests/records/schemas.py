"""Schemas of datasets that are in no catalogue."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.columns.column import Column, row_id_column
from app.datasets.schema import DatasetSchema
from app.records.query.limits import Limits

MADE = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(page_size=1000, export_records=10_000, terms=10, depth=3, list_values=5, text_length=100)
PRODUCTS: dict[str, Any] = {
    "sku": {"type": "text", "required": True},
    "name": "text",
    "category": {"type": "text", "one_of": ["Garden", "Kitchen"]},
    "maker": {"type": "text", "references": "makers"},
    "price": {"type": "decimal", "precision": 8, "scale": 2},
    "stock": {"type": "integer", "required": True},
    "ean": {"type": "bigint", "unique": True},
    "weight": "number",
    "active": "boolean",
    "released": "date",
    "updated": "datetime",
    "batch": "uuid",
    "tags": "json",
    "photo": "image",
}


def make_columns(described: dict[str, Any]) -> list[Column]:
    """Columns by name: a type alone, or all of their members."""
    members = {name: {"type": said} if isinstance(said, str) else said for name, said in described.items()}
    return [Column(name=name, **said) for name, said in members.items()]


def make_schema(described: dict[str, Any], *key: str) -> DatasetSchema:
    """The schema of a dataset with these columns; without a key its records are numbered."""
    columns = make_columns(described)
    if not key:
        columns = [row_id_column(), *columns]
    by_name = {column.name: column for column in columns}
    return DatasetSchema(
        UUID(int=1), MADE, "products", None, None, columns, [by_name[name] for name in key or ("_id",)]
    )


def products() -> DatasetSchema:
    """A dataset with a column of every type."""
    return make_schema(PRODUCTS, "sku")
