"""Names and keys in addresses: nothing that a user types leads to another route."""

import csv
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from app.cli import exit_codes
from app.cli.display.output import fail

# Clients take these out of an address before they send it: what is left leads elsewhere.
NOT_SENT = ("", ".", "..")


def dataset_path(name: str, rest: str = "") -> str:
    """The path of a dataset, or of something that belongs to it."""
    check_dataset_name(name)
    return f"/datasets/{quote(name, safe='')}{rest}"


def check_dataset_name(name: str) -> None:
    """End the command if an address with this name would lead elsewhere."""
    if name in NOT_SENT:
        fail(f"'{name}' is not the name of a dataset. `tolva datasets` shows the names.", exit_codes.USAGE)


def import_path(import_id: str, rest: str = "") -> str:
    """The path of an import, or of something that belongs to it."""
    if import_id in NOT_SENT:
        fail(f"'{import_id}' is not the id of an import. `tolva imports list` shows the ids.", exit_codes.USAGE)
    return f"/imports/{quote(import_id, safe='')}{rest}"


def record_path(dataset: dict[str, Any], key: str) -> str:
    """The path of a record, by its key as it is typed: several values are joined by commas, as in a line of CSV."""
    columns: Sequence[str] = dataset["key"] or ["_id"]
    try:
        values = [key] if len(columns) == 1 else next(csv.reader([key]), [])
    except csv.Error:
        values = []
    if len(values) != len(columns):
        fail(
            f"The key of '{dataset['name']}' is {', '.join(columns)}; '{key}' has {len(values)} of {len(columns)} "
            f"values. Join them with commas, and quote a value with a comma in it: '\"a,b\",c'.",
            exit_codes.USAGE,
        )
    if len(values) == 1 and values[0] in NOT_SENT:
        fail(f"'{key}' cannot be the key of a record.", exit_codes.USAGE)
    encoded = ",".join(quote(value, safe="") for value in values)
    return dataset_path(dataset["name"], f"/records/{encoded}")
