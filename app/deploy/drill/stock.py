"""The stock of a Tolva: its datasets with their numbers of records, and the difference between two. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.client.api import Client
from app.datasets.stores import STORES


@dataclass(frozen=True)
class Stock:
    """A dataset as the API shows it; `records` is None if its store counts none."""

    created_at: datetime
    columns: tuple[str, ...]
    records: int | None


def take_stock(client: Client) -> dict[str, Stock]:
    """The datasets that a key may read, by name, each with its records counted.

    Raises:
        CommandError: the API does not answer, or refuses.
    """
    return {dataset["name"]: _stock_of(client, dataset) for dataset in client.list_all("/datasets")}


def _stock_of(client: Client, dataset: dict[str, object]) -> Stock:
    columns = dataset["columns"]
    assert isinstance(columns, list)
    counted = None
    if columns and STORES[str(dataset["store"])].queries:
        path = f"/datasets/{dataset['name']}/records"
        counted = client.request("GET", path, _count="exact", _limit="1")["count"]
    created_at = datetime.fromisoformat(str(dataset["created_at"]))
    return Stock(created_at, tuple(column["name"] for column in columns), counted)


def differences(
    source: Mapping[str, Stock], restored: Mapping[str, Stock], moment: datetime, *, is_still: bool
) -> Iterator[str]:
    """A sentence for each dataset that was not restored as it was at a moment.

    If the source is still (nobody writes to it), the numbers of records are equal; else they may differ by what was
    written since, and only a dataset that lost all of its records is named.
    """
    for name, before in source.items():
        after = restored.get(name)
        if before.created_at > moment:
            continue
        if after is None:
            yield f"'{name}' is missing."
        elif is_still and after.columns != before.columns:
            yield f"'{name}' has the columns {', '.join(after.columns)}; it had {', '.join(before.columns)}."
        elif before.records and (after.records != before.records if is_still else not after.records):
            yield f"'{name}' has {after.records or 0:,} records; it had {before.records:,}."
